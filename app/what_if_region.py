"""Where the garment is in a photo: what a person wears of it, or what stands out from the ground.

A photo on a person is told by the human parser, and the garment is the parts that are worn where
the item's kind is worn; any other photo is cut out as for a try-on.
"""

import hashlib

import cv2
import numpy as np
import streamlit as st
from PIL import Image

from core.checkpoints import best_parser
from core.tryon.category import guess_category
from core.tryon.cutout import matte
from core.tryon.engine import GarmentCategory
from core.vision.atr import ID
from core.vision.images import open_cutout
from core.vision.parsing import HumanParser, detect

PARTS: dict[GarmentCategory | None, tuple[str, ...]] = {
    "upper_body": ("upper_clothes",),
    "lower_body": ("pants", "skirt"),
    "dresses": ("dress", "upper_clothes", "skirt", "pants"),
    None: ("hat", "scarf", "bag", "left_shoe", "right_shoe"),
}
"""Parts of the body map that an item is, by where it is worn."""
EDGE = 1.5
"""Softness of the edge of what a person wears (pixels)."""


def garment_photo(source: bytes, *names: str | None) -> tuple[Image.Image, np.ndarray]:
    """A photo on white, and where the garment is.

    Args:
        source: the image file's bytes.
        names: of the item, the most telling first (its category, then its title).

    Returns:
        ``(rgb, garment)``; garment (height, width) float32, 1 where it is, soft at its edge.

    Raises:
        ImageError, TryOnError, CheckpointMissing: it cannot be read or cut out.
    """
    image, _ = open_cutout(source)
    worn = guess_category(*names)
    stored = _region(hashlib.sha256(source).hexdigest(), worn, source)
    return image, stored.astype(np.float32) / 255


@st.cache_data(max_entries=16, show_spinner=False)
def _region(digest: str, worn: GarmentCategory | None, _source: bytes) -> np.ndarray:
    """(height, width) uint8, 255 on the garment."""
    image, alpha = open_cutout(_source)
    if alpha is not None:
        return np.asarray(alpha)
    parse = _parser().parse(image)
    if detect(parse).worn:
        mask = np.isin(parse, [ID[part] for part in PARTS[worn]]).astype(np.float32)
        soft = cv2.GaussianBlur(mask, (0, 0), EDGE)
        return np.rint(255 * soft).astype(np.uint8)
    found, _ = matte(image)
    whole = Image.fromarray(np.rint(255 * found).astype(np.uint8))
    return np.asarray(whole.resize(image.size, Image.Resampling.BILINEAR))


@st.cache_resource(max_entries=1, show_spinner="Loading the human parser")
def _parser() -> HumanParser:
    return HumanParser(best_parser())
