"""Product photos in which a person wears the garment: what of the cut-out is the garment.

The human parser says what is skin, hair and other clothes. It is asked only where the cut-out holds
skin colours; most product photos show the garment alone.
"""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from core.checkpoints import best_parser, checkpoint_id
from core.errors import CheckpointMissing, TryOnError
from core.tryon.cutout import Cutout
from core.tryon.silhouette import main_parts
from core.vision.atr import ID
from core.vision.parsing import HumanParser, detect

WORN = {
    "upper_body": ("upper_clothes", "dress", "scarf", "belt"),
    "lower_body": ("pants", "skirt", "belt"),
    "dresses": ("dress", "upper_clothes", "skirt", "pants", "belt", "scarf"),
}
SKIN, ALL_SKIN = 0.012, 0.7
"""Share of the cut-out in skin colours from which a person may be in it, and above which it is a
garment of such a colour."""
HEAD = 0.004
"""Share of the cut-out that is face or hair, from which there is one."""
LEAST = 0.03
"""Share of the cut-out that the garment is at least."""


def worn_part(cutout: Cutout, category: str) -> Cutout:
    """The garment of a category alone, of the same size, where a person wears it.

    Raises:
        TryOnError: a person is in the photo and wears nothing of the category.
    """
    if not SKIN < _skin(cutout) < ALL_SKIN:
        return cutout
    try:
        directory = best_parser()
    except CheckpointMissing:
        return cutout
    ground = np.full(3, 235, np.float32)
    alpha = cutout.alpha[..., None]
    photo = np.round(cutout.pixels * alpha + ground * (1 - alpha)).astype(np.uint8)
    parse = _parser(directory, checkpoint_id(directory)).parse(Image.fromarray(photo))
    solid = cutout.alpha > 0.5
    head = np.isin(parse, [ID["face"], ID["hair"]]) & solid
    if not detect(parse).worn or head.sum() < HEAD * solid.sum():
        return cutout
    worn = np.isin(parse, [ID[name] for name in WORN[category]])
    size = max(5, round(max(worn.shape) / 60))
    opened = cv2.morphologyEx(
        worn.astype(np.uint8), cv2.MORPH_OPEN, np.ones((size, size), np.uint8)
    )
    keep = main_parts(opened > 0)
    if (keep & solid).sum() < LEAST * solid.sum():
        raise TryOnError(
            "The person in the product photo wears nothing of this category. Choose another"
            " category, or a photo of the garment alone."
        )
    soft = cv2.GaussianBlur(keep.astype(np.float32), (0, 0), 1.0)
    return replace(cutout, alpha=cutout.alpha * np.clip(2 * soft - 0.5, 0, 1))


def parser_version() -> str:
    """Which parser `worn_part` asks; part of the key of anything made from what it answers."""
    try:
        return checkpoint_id(best_parser())
    except CheckpointMissing:
        return "no parser"


def _skin(cutout: Cutout) -> float:
    """Share of a cut-out in the colours of skin (Chai and Ngan 1999: Cr 133-173, Cb 77-127)."""
    solid = cutout.alpha > 0.5
    _, red, blue = cv2.split(cv2.cvtColor(cutout.pixels, cv2.COLOR_RGB2YCrCb))
    skin = (red >= 133) & (red <= 173) & (blue >= 77) & (blue <= 127) & solid
    return float(skin.sum()) / max(float(solid.sum()), 1.0)


@lru_cache(maxsize=1)
def _parser(directory: Path, checkpoint: str) -> HumanParser:
    return HumanParser(directory)
