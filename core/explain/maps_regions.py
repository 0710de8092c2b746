"""A map of a photo summed up by what is in the photo: garments, body, background.

The regions come from the body map of the human parser (`core.vision.parsing`) where a person wears
the garment, else from the garment's cut-out, which is divided into thirds of its height. A patch
that lies on several regions is divided among them by area, so the regions add up as the map does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from core.explain.maps import PhotoMap
from core.vision.atr import ATR

BODY = {
    "Background": ("background",),
    "Upper clothes": ("upper_clothes",),
    "Dress": ("dress",),
    "Skirt": ("skirt",),
    "Pants": ("pants",),
    "Belt or accessory": ("belt",),
    "Bag": ("bag",),
    "Scarf": ("scarf",),
    "Hat": ("hat",),
    "Sunglasses": ("sunglasses",),
    "Shoes": ("left_shoe", "right_shoe"),
    "Hair": ("hair",),
    "Face and neck": ("face", "neck"),
    "Arms": ("left_arm", "right_arm"),
    "Legs": ("left_leg", "right_leg"),
}
"""Regions of a worn garment's photo, and the classes of the body map that they join."""
GARMENT = ("Background", "Garment, upper third", "Garment, middle third", "Garment, lower third")
"""Regions of a photo of the garment alone."""
LEAST = 0.002
"""Least share of what the model sees for a region to be told: smaller ones are specks."""


@dataclass(frozen=True)
class Region:
    """What one region of a photo contributes.

    Attributes:
        name: what is there.
        value: sum of the map over it, log units.
        share: its part of what the model sees, 0..1.
        patches: (grid, grid) share of each patch that it covers, 0..1.
    """

    name: str
    value: float
    share: float
    patches: np.ndarray


def regions(found: PhotoMap, labels: np.ndarray, names: Sequence[str]) -> list[Region]:
    """A map by region, strongest first; values add up to the map's sum.

    What is smaller than `LEAST` goes to the background, the first region.

    Args:
        found: the map.
        labels: (height, width) positions in `names`, of the whole photo at any size.
        names: of the regions; the first is what is around the others.
    """
    tall, wide = labels.shape
    across, down = wide / found.photo.width, tall / found.photo.height
    left, top, right, bottom = found.box
    box = (left * across, top * down, right * across, bottom * down)
    size = (len(found.values), len(found.values))
    covers = []
    for position in range(len(names)):
        mask = Image.fromarray((labels == position).astype(np.float32))
        covers.append(np.asarray(mask.resize(size, Image.Resampling.BOX, box), dtype=np.float64))
    patches = np.stack(covers)
    small = np.flatnonzero(patches.mean((1, 2)) < LEAST)
    small = small[small > 0]
    patches[0] += patches[small].sum(axis=0)
    patches[small] = 0
    patches /= patches.sum(axis=0)  # rounding of the resize
    told = [
        Region(name, float((found.values * own).sum()), float(own.mean()), own)
        for name, own in zip(names, patches, strict=True)
        if own.any()
    ]
    return sorted(told, key=lambda region: -abs(region.value))


def body_labels(parse: np.ndarray) -> np.ndarray:
    """Positions in `BODY` of a body map (height, width) of ids 0..18."""
    position = {part: i for i, parts in enumerate(BODY.values()) for part in parts}
    return np.array([position[name] for name in ATR], dtype=np.uint8)[parse]


def garment_labels(alpha: np.ndarray) -> np.ndarray:
    """Positions in `GARMENT` of a cut-out (height, width), 1 on the garment and 0 outside.

    Thirds are of the height between the garment's first and last row.
    """
    inside = alpha > 0.5
    rows = np.flatnonzero(inside.any(axis=1))
    if not len(rows):
        return np.zeros(alpha.shape, dtype=np.uint8)
    first, tall = rows[0], rows[-1] + 1 - rows[0]
    third = np.clip((np.arange(len(alpha)) - first) * 3 // tall, 0, 2) + 1
    return np.where(inside, third[:, None], 0).astype(np.uint8)
