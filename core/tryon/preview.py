"""The preview engine: the product photo itself, warped onto the person. No weights, no GPU."""

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np

from core.errors import TryOnError
from core.tryon.bare import bare
from core.tryon.body import Body
from core.tryon.bounded import bounded, mask_of_size, restored
from core.tryon.composite import compose, union
from core.tryon.cutout import Cutout
from core.tryon.engine import CATEGORIES, Availability, GarmentCategory, Licence, OnStep, Prepared
from core.tryon.fit import Fit, fit
from core.tryon.gaps import closed
from core.tryon.landmarks import Shape, measure
from core.tryon.lining import lining
from core.tryon.masks import agnostic_mask, protected
from core.tryon.model_shot import parser_version, worn_part
from core.tryon.people import Person
from core.tryon.stance import require_front
from core.tryon.warp import Layer, warp
from core.vision.atr import ID


@dataclass(frozen=True)
class Placed:
    """A garment measured, fitted and warped: what the preview keeps between its two steps.

    All of it is of the size of `work`, the person at a bounded one.
    """

    work: Person
    shape: Shape
    fit: Fit
    layers: list[Layer]
    bared: Person
    lined: bool


class _ByContent:
    """A person who equals another of the same pixels, body map and points."""

    def __init__(self, person: Person) -> None:
        self.person = person
        digest = hashlib.blake2b(repr(person.parse.shape).encode())
        for part in (person.pixels, person.parse, person.keypoints):
            digest.update(np.ascontiguousarray(part).data)
        self.digest = digest.digest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByContent) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


@lru_cache(maxsize=12)
def _bared(content: _ByContent, category: str) -> Person:
    """The person without the clothes that any garment of a category replaces, kept for the next."""
    return bare(content.person, Body(content.person), category)


class PreviewEngine:
    """Warps the photo of a garment onto a person whose body map is known.

    It shows colour, print and cut in place. It does not simulate how a garment fits or falls.
    Sleeves and trouser legs of the base outfit that would show beside the garment are painted in
    the person's skin tone; the rest of the base outfit stays.
    """

    name = "preview"
    title = "Preview"
    licence = Licence("this project's", commercial=True, note="No weights.")
    categories = CATEGORIES
    uses_sampling = False

    @property
    def version(self) -> str:
        """The engine's own, and the parser that tells a garment from who wears it in its photo."""
        return f"10 {parser_version()}"

    def available(self) -> Availability:
        """Always available."""
        return Availability()

    def prepare(self, person: Person, garment: Cutout, category: GarmentCategory) -> Prepared:
        """Measure the garment, fit it to the person and mark what it will cover.

        Raises:
            NoPersonError: too little of the person is seen.
            TryOnError: the category is unknown, the garment cannot be measured, or the person is
                not seen from the front (see `core.tryon.stance`).
        """
        if category not in CATEGORIES:
            raise TryOnError(
                f"“{category}” is not a garment category. Choose one of: {', '.join(CATEGORIES)}."
            )
        require_front(person, category)
        garment = worn_part(garment, category)
        shape = measure(garment, category)
        whole, person = person, bounded(person)
        body = Body(person)
        fitted = fit(shape, body)
        inside = lining(garment, shape)
        visible = garment
        if inside is not None:
            soft = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 0.8)
            visible = replace(garment, alpha=garment.alpha * (1 - soft))
        bared = _bared(_ByContent(person), category)
        layers = closed(warp(visible, shape, fitted, person.parse.shape), fitted, body, bared.parse)
        covered = union(layers) > 0.02
        if covered.sum() < 500:
            raise TryOnError(
                "The garment could not be placed on this person. Choose another category, or a"
                " photo that shows the whole garment from the front."
            )
        # The garment's own reach and a rim for its shadow join the usual mask of the category.
        rim = 2 * round(person.parse.shape[0] / 100) + 1
        reach = cv2.dilate(covered.astype(np.uint8), np.ones((rim, rim), np.uint8)) > 0
        mask = (agnostic_mask(person, category) | reach) & ~protected(person)
        if category == "lower_body":
            # What is worn above lies over the waistband.
            mask &= person.parse != ID["upper_clothes"]
            seen = body.lower_top()
            if seen is not None:
                # Beside a top that hides the waistband nothing of it sticks out.
                above = np.arange(len(mask))[:, None] < body.axis.at(seen)[1]
                mask &= ~(above & (person.parse == ID["background"]))
        work = Placed(person, shape, fitted, layers, bared, inside is not None)
        return Prepared(
            whole,
            garment,
            category,
            mask_of_size(mask.astype(np.uint8) * 255, whole.parse.shape),
            whole.parse,
            whole.keypoints,
            work,
        )

    def run(
        self,
        prepared: Prepared,
        *,
        seed: int = 0,
        steps: int = 20,
        scale: float = 2.0,
        samples: int = 1,
        on_step: OnStep | None = None,
    ) -> list[np.ndarray]:
        """Compose the picture; seed, steps and scale change nothing, samples are copies."""
        placed: Placed = prepared.work
        person, work = prepared.person, placed.work
        picture = compose(
            work,
            placed.bared,
            placed.layers,
            placed.fit,
            placed.lined,
            mask_of_size(prepared.mask, work.parse.shape),
        )
        if work is not person:
            picture = restored(person, work, picture, prepared.mask)
        if on_step is not None:
            on_step(1, 1)
        return [picture] * samples
