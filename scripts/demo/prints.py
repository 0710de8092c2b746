"""Prints as repeating tiles of colour: stripes, check, dots, florals; and chest graphics."""

import cv2
import numpy as np

from scripts.demo.fabrics import TILE
from scripts.demo.florals import floral, lightness, mix

__all__ = ["check", "dots", "floral", "graphic", "lightness", "mix", "stripes"]

Colour = tuple[float, float, float]
_SIZES = {"small": 0, "medium": 1, "large": 2}


def _base(colour: Colour, s: int) -> np.ndarray:
    tile = np.empty((TILE * s, TILE * s, 3), np.float32)
    tile[:] = colour
    return tile


def stripes(a: Colour, b: Colour, scale: str, s: int, rng: np.random.Generator,
            across: bool) -> np.ndarray:  # fmt: skip
    """Breton, banker's or awning stripes; `across` runs them horizontally."""
    period = (8, 16, 32)[_SIZES[scale]]
    share = float(rng.choice((0.25, 0.4, 0.5)))
    t = np.arange(TILE * s, dtype=np.float32) / s
    edge = np.mod(t, period) / period
    soft = 0.5 / (period * s)
    line = np.clip((share / 2 - np.abs(edge - 0.5)) / soft + 0.5, 0, 1)
    if scale != "small" and rng.random() < 0.3:
        thin = np.clip((0.03 - np.abs(np.mod(edge + 0.5, 1) - 0.5)) / soft + 0.5, 0, 1)
        line = np.maximum(line, thin)
    weight = line[:, None] if across else line[None, :]
    weight = np.broadcast_to(weight, (TILE * s, TILE * s))[..., None]
    return (np.asarray(a) * (1 - weight) + np.asarray(b) * weight).astype(np.float32)


def check(a: Colour, b: Colour, scale: str, s: int, rng: np.random.Generator) -> np.ndarray:
    """Gingham, windowpane or tartan."""
    period = (12, 24, 48)[_SIZES[scale]]
    style = int(rng.integers(3))
    t = np.mod(np.arange(TILE * s, dtype=np.float32) / s, period) / period

    def bar(centre: float, width: float) -> np.ndarray:
        gap = np.abs(np.mod(t - centre + 0.5, 1) - 0.5)
        return np.clip((width / 2 - gap) * period * s + 0.5, 0, 1)

    ground = np.asarray(a, np.float32)
    ink = np.asarray(b, np.float32)
    tile = _base(a, s)

    def weave(
        tile: np.ndarray, line: np.ndarray, colour: np.ndarray, strength: float
    ) -> np.ndarray:
        for weight in (line[None, :, None], line[:, None, None]):
            tile = tile * (1 - strength * weight) + colour * strength * weight
        return tile

    if style == 0:
        tile = weave(tile, bar(0.5, 0.5), ink, 0.5)
    elif style == 1:
        tile = weave(tile, bar(0.5, 0.08 if scale != "small" else 0.14), ink, 0.85)
    else:
        tile = weave(tile, bar(0.5, 0.42), ink, 0.45)
        tile = weave(tile, bar(0.5, 0.1), np.asarray(mix(a, (1, 1, 1), 0.55)), 0.6)
        tile = weave(tile, bar(0.0, 0.06), 0.45 * ink + 0.2 * ground, 0.6)
    return tile.astype(np.float32)


def dots(a: Colour, b: Colour, scale: str, s: int, rng: np.random.Generator) -> np.ndarray:
    """Dots on a diagonal lattice, or hand-drawn ones slightly out of line."""
    period = (12, 19.2, 32)[_SIZES[scale]]
    radius = period * float(rng.choice((0.16, 0.24)))
    loose = rng.random() < 0.45
    spots = []
    count = round(TILE / period)
    for i in range(count):
        for j in range(count):
            for half in (0.0, 0.5):
                shift = rng.normal(0, 0.09 * period, 2) if loose else np.zeros(2)
                size = radius * (float(rng.uniform(0.75, 1.2)) if loose else 1.0)
                spots.append(((i + half) * period + shift[0], (j + half) * period + shift[1], size))
    weight = np.zeros((TILE * s, TILE * s), np.uint8)
    for x, y, r in spots:
        for ox in (-TILE, 0, TILE):
            for oy in (-TILE, 0, TILE):
                centre = (round((x + ox) * s * 16), round((y + oy) * s * 16))
                if -3 * r < x + ox < TILE + 3 * r and -3 * r < y + oy < TILE + 3 * r:
                    cv2.circle(weight, centre, round(r * s * 16), 255, -1, cv2.LINE_AA, 4)
    w = weight.astype(np.float32)[..., None] / 255
    return (_base(a, s) * (1 - w) + np.asarray(b, np.float32) * w).astype(np.float32)


def graphic(
    b: Colour, s: int, rng: np.random.Generator, size: float
) -> tuple[np.ndarray, np.ndarray]:
    """A chest print: colour (h, w, 3) and coverage (h, w), about 90 design pixels at size 1."""
    side = round(96 * size) * s
    colour = np.empty((side, side, 3), np.float32)
    colour[:] = b
    cover = np.zeros((side, side), np.uint8)
    c, r = side / 2, side * 0.42
    style = int(rng.integers(4))
    at = lambda x, y: (round(x * 16), round(y * 16))  # noqa: E731
    if style == 0:  # a sun over water
        cv2.circle(cover, at(c, c * 0.86), round(r * 0.62 * 16), 255, -1, cv2.LINE_AA, 4)
        for k in range(5):
            y = c * 0.86 + r * (0.12 + 0.13 * k)
            cv2.line(cover, at(0, y), at(side, y), 0, max(1, round(side * 0.012 * (k + 1))),
                     cv2.LINE_AA, 4)  # fmt: skip
    elif style == 1:  # hills
        for k, (lift, tone) in enumerate(((0.0, 0.0), (0.16, 0.35), (0.32, 0.65))):
            x = np.linspace(c - r, c + r, 60)
            y = (
                c
                + r * (lift - 0.1)
                - r * 0.34 * np.cos((x - c) / r * (2.2 + k) + k * 1.7) * (1 - 0.4 * k / 2) * 0.6
            )
            poly = np.stack([np.r_[x, c + r, c - r], np.r_[y, c + r * 0.75, c + r * 0.75]], 1)
            piece = np.zeros_like(cover)
            cv2.fillPoly(piece, [np.round(poly * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
            colour[piece > 127] = mix(b, (1, 1, 1) if lightness(b) < 0.5 else (0.2, 0.2, 0.2), tone)
            cover = np.maximum(cover, piece)
    elif style == 2:  # a word set small
        word = str(rng.choice(("ATELIER", "NORTH", "STUDIO 9", "RIVIERA", "SLOWLY", "OFFLINE")))
        font, thick = cv2.FONT_HERSHEY_DUPLEX, max(1, round(side * 0.014))
        (w, h), _ = cv2.getTextSize(word, font, 1, thick)
        size_ = 1.8 * r / w
        cv2.putText(
            cover, word, (round(c - r * 0.9), round(c)), font, size_, 255, thick, cv2.LINE_AA
        )
        del h
    else:  # concentric arcs
        for k in range(5):
            cv2.ellipse(cover, at(c, c + r * 0.4), (round(r * (1 - 0.18 * k) * 16),) * 2, 0, 180,
            360,
                        255, max(1, round(side * 0.045)), cv2.LINE_AA, 4)  # fmt: skip
    return colour, cover.astype(np.float32) / 255
