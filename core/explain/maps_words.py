"""The map of a photo's likeness to words: which parts make it near to what was searched for.

The likeness is the cosine of the photo's embedding and the words', by the CLIP checkpoint that the
search uses; it is linear in the former, so its parts by patch (`core.explain.maps_parts`) add up to
it. Such a map tells what the likeness is made of, which need not be where a person would point:
``benchmarks/prompt_maps.py`` compares it with labels.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from core.explain.maps import SHOWN_SIDE
from core.explain.maps_parts import LinearHead, parts
from core.explain.maps_tower import Box, VisionTower
from core.vision.embeddings import DECODED_SIDE
from core.vision.images import open_image


@dataclass(frozen=True)
class WordMap:
    """What each patch of a photo adds to its likeness to words.

    Attributes:
        words: searched for.
        checkpoint: of the CLIP that compared them.
        values: (grid, grid) parts of the cosine, signed, top left first.
        likeness: the cosine, -1 to 1: the sum of `values` and `rest`.
        rest: what belongs to no patch.
        photo: the photo, RGB, its longer side at most `SHOWN_SIDE`.
        box: the part of `photo` that the network sees and the patches divide.
    """

    words: str
    checkpoint: str
    values: np.ndarray
    likeness: float
    rest: float
    photo: Image.Image
    box: Box


def word_map(path: Path, words: str, vector: np.ndarray, tower: VisionTower) -> WordMap:
    """The map of a photo's likeness to words.

    Args:
        path: of the photo.
        words: what the vector stands for.
        vector: (dimensions,) the words' unit embedding by the tower's checkpoint.
        tower: looks at the photo.

    Raises:
        ImageError: the photo cannot be read.
    """
    head = LinearHead(np.asarray(vector, dtype=np.float64), 0.0)
    pixels = tower.pixels([open_image(path, max_side=DECODED_SIDE * tower.side)])
    found = parts(tower, pixels, head)
    photo = open_image(path, max_side=SHOWN_SIDE)
    return WordMap(
        words=words,
        checkpoint=tower.checkpoint_id,
        values=found.patches[0],
        likeness=float(head(tower.embed(pixels))[0]),
        rest=float(found.rest[0]),
        photo=photo,
        box=tower.seen(*photo.size),
    )
