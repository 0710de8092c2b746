"""A garment from a product photo in the light and through the lens of another photo.

Colours are what a merchandiser judges, so the light is matched within narrow bounds: at most
`DARKEST` of the lightness is lost, nothing is made lighter, and no channel moves by more than
`TINT` beside the others.
"""

import cv2
import numpy as np

from core.tryon.grain import bands, grain, strength
from core.tryon.people import Person

DARKEST = 0.1
"""Share of a garment's lightness (linear in levels) that a dark photo takes at most."""
BRIGHT = 225.0
"""Level that the lightest parts of a well lit photo have; product photos are."""
TINT = 0.025
"""Share by which one channel is moved at most, for the colour of the photo's light."""
TRUST = 0.4
"""How far a difference of the light's colour is believed: the ground has colours of its own."""
BLURS = (0.0, 0.5, 0.7, 0.9)
"""Blurs that are tried until a garment is as soft as the photo (pixels of a Gaussian): never so far
that a print cannot be read."""
SHARPER = 1.3
"""How much sharper than the photo a garment may stay."""
STEEP = 0.92
"""Share of the pixels that are no edges, for sharpness."""


def light(person: Person) -> np.ndarray:
    """Factor of each channel, (3,) float32, that brings a product photo into a person's light.

    The level of the lightest parts around the person tells how much light there is; the mean of
    the photo its colour (shades of grey, Finlayson and Trezzi 2004).
    """
    around = cv2.dilate((person.parse > 0).astype(np.uint8), np.ones((31, 31), np.uint8)) > 0
    seen = person.pixels[around].astype(np.float32)
    if len(seen) == 0:
        return np.ones(3, np.float32)
    level = float(np.quantile(seen.max(axis=1), 0.97))
    dark = np.clip((level / BRIGHT) ** 0.5, 1 - DARKEST, 1.0)
    norm = ((person.pixels.reshape(-1, 3)[::7].astype(np.float64) / 255) ** 6).mean(axis=0) ** (
        1 / 6
    )
    tint = np.clip((norm / max(float(norm.mean()), 1e-6)) ** TRUST, 1 - TINT, 1 + TINT)
    return (dark * tint).astype(np.float32)


def softness(person: Person, pixels: np.ndarray, alpha: np.ndarray) -> float:
    """Blur (pixels of a Gaussian) that makes a garment no sharper than the photo it is laid on.

    Args:
        person: the photo.
        pixels: (height, width, 3) float32, the garment on the same canvas.
        alpha: (height, width) float32, where it is.
    """
    where = alpha > 0.98
    if where.sum() < 500:
        return 0.0
    grey = cv2.cvtColor(person.pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    wanted = SHARPER * _sharpness(grey, person.parse > 0)
    rows, columns = (np.flatnonzero(where.any(axis=axis)) for axis in (1, 0))
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    cloth = cv2.cvtColor(pixels[box], cv2.COLOR_RGB2GRAY)
    for sigma in BLURS:
        blurred = cv2.GaussianBlur(cloth, (0, 0), sigma) if sigma else cloth
        if _sharpness(blurred, where[box]) <= wanted:
            return sigma
    return BLURS[-1]


def grainy(person: Person, pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The garment with as much grain as the person's photo has, where it has less.

    Args:
        person: the photo.
        pixels: (height, width, 3) float32, the garment on the same canvas.
        alpha: (height, width) float32, where it is.
    """
    grey = cv2.cvtColor(person.pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    photo = strength(bands(grey), person.parse > 0)
    own = strength(bands(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)), alpha > 0.98)
    missing = np.sqrt(np.maximum(photo**2 - own**2, 0))
    return pixels + grain(alpha.shape, missing)[..., None]


def _sharpness(grey: np.ndarray, where: np.ndarray) -> float:
    """Strength of the finest details beside that of less fine ones, at the steepest places."""
    fine, coarse = (np.abs(part[where]) for part in bands(grey))
    if len(coarse) == 0:
        return 0.0
    steep = coarse >= np.quantile(coarse, STEEP)
    return float(fine[steep].sum() / max(float(coarse[steep].sum()), 1e-6))
