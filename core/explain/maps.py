"""The map of an item's photo: which parts of it lift or lower a model's prediction.

The map is the one that won the test of `core.explain.map_faithfulness`: each patch's part of what
the photo contributes (`core.explain.maps_parts`). It adds up to the photo's contribution, with what
belongs to no patch spread evenly. In the deep model the contribution bends with the embedding; its
mean slope on the way from the background's photos stands for it (`core.explain.maps_kernel`). A
blend's contribution is the weighted sum of its members', and so is its slope.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.catalog.catalog import Catalog
from core.errors import ImageError, ModelError
from core.explain.maps_kernel import PhotoGame
from core.explain.maps_parts import LinearHead, parts
from core.explain.maps_tower import Box, Scalar, VisionTower
from core.popularity.additive import IMAGE_PLAYER, AdditiveModel, BlockModel
from core.popularity.blend import BlendModel
from core.popularity.blocks import ImageBlock
from core.popularity.deep import DeepModel
from core.popularity.vectors import image_vectors
from core.vision.embeddings import DECODED_SIDE
from core.vision.images import open_image

METHOD = "parts"
"""The default of ``map_scores.json``, which a test compares."""
SCORED = {"ridge": "image", "deep": "deep", "blend": "deep"}
"""The model in ``map_scores.json`` whose maps stand for those of a kind of model."""
SCORES = Path(__file__).with_name("map_scores.json")
"""Written by ``benchmarks/map_faithfulness.py --json``."""
SHOWN_SIDE = 768
"""Longer side of the photo under a map, in pixels."""
RAISES, LOWERS = (15, 118, 110), (194, 65, 12)
"""Colours on a photo, RGB: the same teal and orange as in charts on white."""
PALE = 120
"""Grey of what is black in a photo, under a map."""
PLACES = (("upper left", "top", "upper right"), ("left side", "middle", "right side"),
          ("lower left", "bottom", "lower right"))  # fmt: skip


@dataclass(frozen=True)
class PhotoMap:
    """What each patch of a photo contributes to a prediction.

    Attributes:
        item_id: whose photo.
        model: name of the model.
        kind: of the model, ``ridge``, ``deep`` or ``blend``.
        checkpoint: of the CLIP that it reads photos by.
        values: (grid, grid) log units, signed, top left first; they add up to `total`.
        total: the photo's contribution as computed from the photo itself, log units.
        rest: how much of `total` belongs to no patch and was spread evenly, log units.
        gap: ``|sum of values - the contribution that the explanation shows|``, log units; the
            latter comes from vectors stored in half precision.
        photo: the photo, RGB, its longer side at most `SHOWN_SIDE`.
        box: the part of `photo` that the model sees and the patches divide.
    """

    item_id: str
    model: str
    kind: str
    checkpoint: str
    values: np.ndarray
    total: float
    rest: float
    gap: float
    photo: Image.Image
    box: Box

    def strongest(self, sign: int) -> tuple[str, float] | None:
        """Where the strongest patch of a sign lies, in words, and its value; None without one."""
        return strongest(self.values, sign)

    def ground(self) -> Image.Image:
        """The photo in pale grey, on which both colours can be told apart, whatever its own are."""
        return pale(self.photo)

    def overlay(self, opacity: float = 0.75) -> Image.Image:
        """The pale photo with its patches coloured: teal lifts, orange lowers, strong is opaque.

        Args:
            opacity: of the strongest patch, 0..1.
        """
        strength = np.abs(self.values) / max(float(np.abs(self.values).max()), 1e-12)
        colours = np.where((self.values >= 0)[..., None], RAISES, LOWERS).astype(np.uint8)
        alpha = (255 * opacity * strength).round().astype(np.uint8)
        left, top, right, bottom = self.box
        size = (right - left, bottom - top)
        tint = Image.fromarray(colours).resize(size, Image.Resampling.NEAREST)
        mask = Image.fromarray(alpha).resize(size, Image.Resampling.NEAREST)
        drawn = self.ground()
        drawn.paste(tint, (left, top), mask)
        return drawn

    @property
    def score(self) -> "MapScore | None":
        """What maps of such a model scored (a blend's as the deep model's); None if untested."""
        try:
            return load_score(SCORED[self.kind])
        except KeyError:
            return None

    def to_json(self) -> dict[str, Any]:
        """Plain values, with the test's result."""
        score = self.score
        return {
            "method": METHOD,
            "values": self.values.round(6).tolist(),
            "total": self.total,
            "rest": self.rest,
            "gap": self.gap,
            "faithfulness": score.to_json() if score else None,
        }


def strongest(values: np.ndarray, sign: int) -> tuple[str, float] | None:
    """Where the strongest patch of a sign lies in a map (grid, grid), in words, and its value.

    None where no patch has this sign.
    """
    signed = values * sign
    row, column = np.unravel_index(int(signed.argmax()), signed.shape)
    if signed[row, column] <= 0:
        return None
    third = len(signed) / 3
    place = PLACES[int((row + 0.5) // third)][int((column + 0.5) // third)]
    return place, float(values[row, column])


def pale(photo: Image.Image) -> Image.Image:
    """A photo in pale grey, on which both colours of a map can be told apart."""
    grey = np.asarray(photo.convert("L"), dtype=np.float32)
    light = (PALE + grey * (255 - PALE) / 255).round().astype(np.uint8)
    return Image.fromarray(light).convert("RGB")


@dataclass(frozen=True)
class MapScore:
    """How far maps of this kind were right, measured by ``benchmarks/map_faithfulness.py``.

    Attributes:
        model: the model that was put to the test, ``image`` or ``deep``.
        value, low, high: insertion minus deletion AUC over a random map's, mean over two fills, in
            standard deviations of what photos make of the model's outputs; 90 % range.
        saco: salience-guided faithfulness, -1 to 1.
        shuffled: mean absolute rank correlation with the map of a model whose coefficients are in
            another order; low is good.
        flipped, cropped: mean rank correlation with the map of the mirrored photo, mirrored back,
            and of the photo with a twentieth cut from each side; high is good.
        photos: on how many photos that the model had not learned from.
        steady_photos: on how many of them `flipped` and `cropped` were measured.
        catalog: of which catalog.
        checkpoint: of which CLIP.
        date: when.
    """

    model: str
    value: float
    low: float
    high: float
    saco: float
    shuffled: float
    flipped: float
    cropped: float
    photos: int
    steady_photos: int
    catalog: str
    checkpoint: str
    date: str

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return dict(vars(self))


@lru_cache(maxsize=2)
def load_score(model: str = "image") -> MapScore:
    """The score of `METHOD` on a model, ``image`` or ``deep``, as the benchmark wrote it.

    Raises:
        KeyError: maps of this model have not been put to the test.
    """
    scores = json.loads(SCORES.read_text(encoding="utf-8"))
    own = scores["models"][model]
    found = own["methods"][METHOD]
    return MapScore(
        model,
        **found["over_random"]["both"],
        **{k: found[k] for k in ("saco", "shuffled", "flipped", "cropped")},
        **{k: own[k] for k in ("photos", "steady_photos")},
        **{k: scores[k] for k in ("catalog", "checkpoint", "date")},
    )


def has_map(model: BlockModel) -> bool:
    """Whether a model's photo has a contribution that can be followed back to its patches."""
    return IMAGE_PLAYER in model.players


def image_scalar(model: BlockModel, catalog: Catalog, row: int) -> Scalar:
    """An item's contribution of the photo, as a linear function of the photo's embedding.

    Exact at the stored embedding; elsewhere too where the model is linear in it.

    Raises:
        ModelError: the model has none, or the photo has not been read yet.
    """
    if not has_map(model):
        raise ModelError(
            f"The {model.name} model does not look at photos, so there is no map of them."
            " Choose one that does (--model image or --model deep)."
        )
    known = image_vectors(catalog, model.checkpoint)[row]
    weights = _slope(model, catalog, row, known)
    return LinearHead(weights, photo_part(model, catalog, row) - float(weights @ known))


def photo_part(model: BlockModel, catalog: Catalog, row: int) -> float:
    """What the explanation gives the photo of an item, log units."""
    return float(model.contributions(catalog, np.array([row]))[IMAGE_PLAYER].iloc[0])


def _slope(model: BlockModel, catalog: Catalog, row: int, known: np.ndarray) -> np.ndarray:
    """(dimensions,): how the photo's contribution changes with its embedding."""
    if isinstance(model, BlendModel):
        parts_of = [
            model.weights[name] * _slope(member, catalog, row, known)
            for name, member in model.members.items()
            if model.weights[name] and has_map(member)
        ]
        return np.sum(parts_of, axis=0)
    if isinstance(model, DeepModel):
        return PhotoGame(model, catalog, row).path_slope(known)
    assert isinstance(model, AdditiveModel)
    start = 0
    for block in model.blocks:
        if isinstance(block, ImageBlock):
            break
        start += block.width
    return model.coefficients[start : start + block.width]


def photo_map(model: BlockModel, catalog: Catalog, row: int, tower: VisionTower) -> PhotoMap:
    """The map of an item's main photo.

    Args:
        model: a trained model with an image player.
        catalog: its photos were read by the model's checkpoint.
        row: position of the item.
        tower: of the model's checkpoint.

    Raises:
        ModelError: the model has no contribution of the photo, or the tower is not its own.
        ImageError: the item has no photo, or it cannot be read.
    """
    if has_map(model) and tower.checkpoint_id != model.checkpoint:
        raise ModelError(
            f"The {model.name} model reads photos by the CLIP checkpoint “{model.checkpoint}”, not"
            f" “{tower.checkpoint_id}”."
        )
    paths = catalog.image_paths(row)
    if not paths:
        raise ImageError(f"The item “{catalog.ids[row]}” has no photo to make a map of.")
    scalar = image_scalar(model, catalog, row)
    # Opened as when the catalog was embedded, so that the embedding is the same.
    pixels = tower.pixels([open_image(paths[0], max_side=DECODED_SIDE * tower.side)])
    found = parts(tower, pixels, scalar)
    values = found.spread()[0]
    photo = open_image(paths[0], max_side=SHOWN_SIDE)
    return PhotoMap(
        item_id=str(catalog.ids[row]),
        model=model.name,
        kind=model.kind,
        checkpoint=model.checkpoint,
        values=values,
        total=float(scalar(tower.embed(pixels))[0]),
        rest=float(found.rest[0]),
        gap=abs(float(values.sum()) - photo_part(model, catalog, row)),
        photo=photo,
        box=tower.seen(*photo.size),
    )
