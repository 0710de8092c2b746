"""The grain of a photo, band by band, and grain like it."""

from itertools import pairwise

import cv2
import numpy as np

BANDS = (0.7, 1.6)
"""Widths of the bands of which grain is made (pixels of a Gaussian)."""
STRONGEST = 1.0
"""Strongest grain in a band (levels); what is stronger is cloth."""
QUIET, SPREAD = 0.25, 3.14
"""Share of the pixels that show grain and nothing else: quiet places. This quantile of the absolute
value times 3.14 is the standard deviation of a normal distribution."""


def bands(grey: np.ndarray) -> list[np.ndarray]:
    """A picture's differences between each Gaussian and the next wider, (height, width) float32."""
    blurred = [grey, *(cv2.GaussianBlur(grey, (0, 0), sigma) for sigma in BANDS)]
    return [fine - coarse for fine, coarse in pairwise(blurred)]


def strength(parts: list[np.ndarray], where: np.ndarray) -> np.ndarray:
    """Standard deviation of the grain in every band (levels), at most `STRONGEST`.

    Args:
        parts: bands of the picture, or of a cut-out of it.
        where: bool of the same shape, pixels to look at.
    """
    if not where.any():
        return np.zeros(len(parts))
    found = [SPREAD * float(np.quantile(np.abs(part[where]), QUIET)) for part in parts]
    return np.minimum(found, STRONGEST)


def grain(shape: tuple[int, ...], strengths: np.ndarray) -> np.ndarray:
    """Grain of a strength in every band (levels), (height, width) float32; always the same."""
    white = np.random.default_rng(7).normal(0, 1, shape).astype(np.float32)
    total = np.zeros(shape, np.float32)
    for part, wanted in zip(bands(white), strengths, strict=True):
        total += part * np.float32(wanted / max(float(part.std()), 1e-6))
    return total
