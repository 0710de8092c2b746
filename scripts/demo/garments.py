"""From an item to its product shot."""

import numpy as np

from scripts.demo import lowers, uppers
from scripts.demo.assortment import Item
from scripts.demo.canvas import Canvas, finish
from scripts.demo.tailor import HEIGHT, WIDTH, Tailor

__all__ = ["HEIGHT", "WIDTH", "render"]

_PAINTERS = {
    "T-shirt": uppers.tee,
    "Shirt": uppers.shirt,
    "Blouse": uppers.blouse,
    "Sweater": uppers.sweater,
    "Hoodie": uppers.hoodie,
    "Jacket": uppers.jacket,
    "Coat": uppers.coat,
    "Dress": lowers.dress,
    "Skirt": lowers.skirt,
    "Trousers": lowers.trousers,
    "Jeans": lowers.jeans,
    "Shorts": lowers.shorts,
}


def render(item: Item, scale: int = 2, shrink: bool = True) -> np.ndarray:
    """The product shot of an item: uint8 RGB (512, 384, 3), `scale` times that if not shrunk."""
    return finish(paint(item, scale), shrink=shrink)


def paint(item: Item, scale: int = 2) -> Canvas:
    """The garment alone: premultiplied colour and exact coverage, `scale` times the design size."""
    tailor = Tailor(item, scale)
    _PAINTERS[item.category](tailor)
    return tailor.canvas
