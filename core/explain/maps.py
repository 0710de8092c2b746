"""The map of an item's photo: which parts of it lift or lower a model's prediction.

The map is the one that won the test of `core.explain.map_faithfulness`: each patch's part of what
the photo contributes (`core.explain.maps_parts`). It adds up to the photo's contribution, with what
belongs to no patch spread evenly.
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
from core.explain.maps_parts import LinearHead, parts
from core.explain.maps_tower import Box, Scalar, VisionTower
from core.popularity.additive import IMAGE_PLAYER, AdditiveModel, BlockModel
from core.popularity.blocks import ImageBlock
from core.popularity.vectors import image_vectors
from core.vision.embeddings import DECODED_SIDE
from core.vision.images import open_image

METHOD = "parts"
"""The default of ``map_scores.json``, which a test compares."""
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
    checkpoint: str
    values: np.ndarray
    total: float
    rest: float
    gap: float
    photo: Image.Image
    box: Box

    def strongest(self, sign: int) -> tuple[str, float] | None:
        """Where the strongest patch of a sign lies, in words, and its value; None without one."""
        values = self.values * sign
        row, column = np.unravel_index(int(values.argmax()), values.shape)
        if values[row, column] <= 0:
            return None
        third = len(values) / 3
        place = PLACES[int((row + 0.5) // third)][int((column + 0.5) // third)]
        return place, float(self.values[row, column])

    def ground(self) -> Image.Image:
        """The photo in pale grey, on which both colours can be told apart, whatever its own are."""
        grey = np.asarray(self.photo.convert("L"), dtype=np.float32)
        pale = (PALE + grey * (255 - PALE) / 255).round().astype(np.uint8)
        return Image.fromarray(pale).convert("RGB")

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

    def to_json(self) -> dict[str, Any]:
        """Plain values, with the test's result."""
        return {
            "method": METHOD,
            "values": self.values.round(6).tolist(),
            "total": self.total,
            "rest": self.rest,
            "gap": self.gap,
            "faithfulness": load_score().to_json(),
        }


@dataclass(frozen=True)
class MapScore:
    """How far maps of this kind were right, measured by ``benchmarks/map_faithfulness.py``.

    Attributes:
        value, low, high: insertion minus deletion AUC over a random map's, mean over two fills, in
            standard deviations of the model's outputs; 90 % range.
        photos: on how many photos that the model had not learned from.
        catalog: of which catalog.
        checkpoint: of which CLIP.
        date: when.
    """

    value: float
    low: float
    high: float
    photos: int
    catalog: str
    checkpoint: str
    date: str

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return dict(vars(self))


@lru_cache(maxsize=1)
def load_score() -> MapScore:
    """The measured score of `METHOD`."""
    scores = json.loads(SCORES.read_text(encoding="utf-8"))
    lead = scores["methods"][METHOD]["over_random"]["both"]
    return MapScore(**lead, **{k: scores[k] for k in ("photos", "catalog", "checkpoint", "date")})


def has_map(model: BlockModel) -> bool:
    """Whether a model's photo has a contribution that can be followed back to its patches."""
    return _weights(model) is not None


def image_scalar(model: BlockModel, catalog: Catalog, row: int) -> Scalar:
    """An item's contribution of the photo, as a function of the photo's embedding.

    Raises:
        ModelError: the model has none, or the photo has not been read yet.
    """
    weights = _weights(model)
    if weights is None:
        raise ModelError(
            f"The {model.name} model gives the photo no part of its own, so there is no map of it."
            " Choose the image model (--model image)."
        )
    known = image_vectors(catalog, model.checkpoint)[row]
    return LinearHead(weights, photo_part(model, catalog, row) - float(weights @ known))


def photo_part(model: BlockModel, catalog: Catalog, row: int) -> float:
    """What the explanation gives the photo of an item, log units."""
    return float(model.contributions(catalog, np.array([row]))[IMAGE_PLAYER].iloc[0])


def _weights(model: BlockModel) -> np.ndarray | None:
    """Coefficients (dimensions,) of the unit embedding in a model that adds up, or None."""
    if not isinstance(model, AdditiveModel):
        return None
    start = 0
    for block in model.blocks:
        if isinstance(block, ImageBlock):
            return model.coefficients[start : start + block.width]
        start += block.width
    return None


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
    scalar = image_scalar(model, catalog, row)
    if tower.checkpoint_id != model.checkpoint:
        raise ModelError(
            f"The {model.name} model reads photos by the CLIP checkpoint “{model.checkpoint}”, not"
            f" “{tower.checkpoint_id}”."
        )
    paths = catalog.image_paths(row)
    if not paths:
        raise ImageError(f"The item “{catalog.ids[row]}” has no photo to make a map of.")
    # Opened as when the catalog was embedded, so that the embedding is the same.
    pixels = tower.pixels([open_image(paths[0], max_side=DECODED_SIDE * tower.side)])
    found = parts(tower, pixels, scalar)
    values = found.spread()[0]
    photo = open_image(paths[0], max_side=SHOWN_SIDE)
    return PhotoMap(
        item_id=str(catalog.ids[row]),
        model=model.name,
        checkpoint=model.checkpoint,
        values=values,
        total=float(scalar(tower.embed(pixels))[0]),
        rest=float(found.rest[0]),
        gap=abs(float(values.sum()) - photo_part(model, catalog, row)),
        photo=photo,
        box=tower.seen(*photo.size),
    )
