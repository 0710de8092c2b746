"""Photos of any size, worked on at a bounded one, and what changed brought back to their own."""

from dataclasses import replace

import cv2
import numpy as np

from core.tryon.people import Person

WORK_SIDE = 1024
"""Longer side at which a garment is laid on (pixels)."""
TOUCHED = 2
"""Difference in any channel from which a pixel has been repainted."""


def bounded(person: Person) -> Person:
    """The person at a longer side of at most `WORK_SIDE`; the same object where it is no longer."""
    height, width = person.parse.shape
    scale = WORK_SIDE / max(height, width)
    if scale >= 1:
        return person
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    factor = np.array(size) / (width, height)
    return replace(
        person,
        pixels=cv2.resize(person.pixels, size, interpolation=cv2.INTER_AREA),
        parse=cv2.resize(person.parse, size, interpolation=cv2.INTER_NEAREST_EXACT),
        keypoints=((person.keypoints + 0.5) * factor - 0.5).astype(np.float32),
    )


def mask_of_size(mask: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A mask at another (height, width), of the nearest values."""
    if mask.shape == shape[:2]:
        return mask
    return cv2.resize(mask, (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST_EXACT)


def restored(person: Person, work: Person, made: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """What was repainted in a bounded picture, at the photo's own size over the photo.

    Args:
        person: the photo at its own size.
        work: the same, bounded.
        made: (height, width, 3) uint8, the picture made of `work`.
        mask: uint8 at the photo's size; where it is 0 the photo's own pixels stay, and so they do
            where `made` is as `work` was.
    """
    touched = np.abs(made.astype(np.int16) - work.pixels).max(axis=2) > TOUCHED
    # Single pixels that happen to have kept their colour belong to what is around them.
    closed = cv2.morphologyEx(touched.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    height, width = person.parse.shape
    alpha = cv2.resize(closed.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    rows, columns = (np.flatnonzero(((alpha > 0) & (mask > 0)).any(axis=axis)) for axis in (1, 0))
    picture = person.pixels.copy()
    if len(rows) == 0:
        return picture
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    new = cv2.resize(made, (width, height), interpolation=cv2.INTER_CUBIC)[box]
    share = np.where(mask[box] > 0, alpha[box], 0)[..., None]
    picture[box] = np.round(picture[box] * (1 - share) + new * share)
    return picture
