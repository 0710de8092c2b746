"""Botanical prints: ditsy flowers, painted blooms, leafy sprigs."""

import cv2
import numpy as np

from scripts.demo.curves import smooth
from scripts.demo.fabrics import TILE

Colour = tuple[float, float, float]


def mix(a: Colour, b: Colour, t: float) -> Colour:
    """A colour between two."""
    return tuple(float(x * (1 - t) + y * t) for x, y in zip(a, b, strict=True))  # type: ignore


def lightness(c: Colour) -> float:
    """Perceived lightness 0..1, roughly."""
    return 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2]


class Stamp:
    """Draws filled shapes on a tile that wraps around; lengths are design pixels."""

    def __init__(self, tile: np.ndarray, s: int):
        self.tile, self.s = tile, s

    def fill(self, points: np.ndarray, colour: Colour, strength: float = 1.0) -> None:
        """Fill an outline."""
        for ox in (-TILE, 0, TILE):
            for oy in (-TILE, 0, TILE):
                p = points + (ox, oy)
                if (p.max(0) < 0).any() or (p.min(0) > TILE).any():
                    continue
                low = np.maximum(np.floor(p.min(0) * self.s).astype(int) - 2, 0)
                high = np.minimum(np.ceil(p.max(0) * self.s).astype(int) + 2, TILE * self.s)
                if (high <= low).any():
                    continue
                mask = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
                q = np.round((p * self.s - low - 0.5) * 16).astype(np.int32)
                cv2.fillPoly(mask, [q], 255, cv2.LINE_AA, 4)
                w = strength * mask.astype(np.float32)[..., None] / 255
                view = np.s_[low[1] : high[1], low[0] : high[0]]
                self.tile[view] = self.tile[view] * (1 - w) + np.asarray(colour, np.float32) * w

    def stem(self, curve: np.ndarray, width: float, colour: Colour) -> None:
        """A thin line that thins out to its end."""
        d = np.gradient(curve, axis=0)
        d /= np.maximum(np.linalg.norm(d, axis=1, keepdims=True), 1e-6)
        n = np.stack([d[:, 1], -d[:, 0]], 1) * np.linspace(width, 0.35 * width, len(curve))[:, None]
        self.fill(np.vstack([curve + n / 2, (curve - n / 2)[::-1]]), colour)


def petal(
    centre: np.ndarray, angle: float, length: float, width: float, tip: float = 0.0
) -> np.ndarray:
    """A petal (blunt, `tip` 0) or a leaf (pointed, `tip` 1) that starts at a centre."""
    t = np.linspace(0, 1, 16)
    round_half = np.sin(np.pi * t**0.62) ** 0.75
    leaf_half = np.sin(np.pi * t**0.85) ** 1.15
    half = width * ((1 - tip) * round_half + tip * leaf_half)
    shape = np.vstack(
        [np.stack([length * t, half], 1), np.stack([length * t, -half], 1)[::-1][1:-1]]
    )
    cos, sin = np.cos(angle), np.sin(angle)
    return centre + shape @ np.array([[cos, sin], [-sin, cos]])


def _blob(rng: np.random.Generator, centre: np.ndarray, radius: float, rough: float) -> np.ndarray:
    t = np.linspace(0, 2 * np.pi, 9)[:-1] + float(rng.uniform(0, 1))
    r = radius * (1 + rough * rng.normal(size=8))
    ring = centre + np.stack([r * np.cos(t), r * np.sin(t)], 1)
    return smooth(np.vstack([ring, ring[:1]]), 5)


def scatter(rng: np.random.Generator, gap: float) -> list[np.ndarray]:
    """Points on the tile that keep a distance from each other, around its edges too."""
    spots: list[np.ndarray] = []
    for _ in range(1500):
        p = rng.uniform(0, TILE, 2)
        if all(np.linalg.norm((np.abs(p - q) + TILE / 2) % TILE - TILE / 2) > gap for q in spots):
            spots.append(p)
    return spots


def tones(a: Colour, b: Colour) -> dict[str, Colour]:
    """Print colours on ground `a` around `b`: two petals, two greens, a heart."""
    dark = lightness(a) < 0.45
    warm = (0.97, 0.90, 0.82)
    other = mix(b, warm, 0.55) if lightness(b) < 0.7 else mix(b, (0.80, 0.52, 0.45), 0.45)
    green = mix((0.33, 0.42, 0.30), a, 0.18)
    if dark:
        green = mix(green, (0.72, 0.76, 0.64), 0.38)
    return {
        "petal": b, "other": other, "leaf": green, "pale leaf": mix(green, a, 0.42),
        "heart": (0.85, 0.64, 0.28) if lightness(b) > 0.4 else (0.93, 0.82, 0.58),
    }  # fmt: skip


def ditsy(a: Colour, b: Colour, size: float, s: int, rng: np.random.Generator) -> np.ndarray:
    """Small open flowers with leaves and buds between them."""
    tile = np.full((TILE * s, TILE * s, 3), a, np.float32)
    stamp, c = Stamp(tile, s), tones(a, b)
    petals = int(rng.choice((5, 6, 8)))
    thin = 0.42 if petals == 5 else 0.34 if petals == 6 else 0.22
    for number, p in enumerate(scatter(rng, 2.5 * size)):
        turn = float(rng.uniform(0, 2 * np.pi))
        r = size * float(rng.uniform(0.7, 1.15))
        bud = number % 4 == 3
        bend = float(rng.normal(0, 0.3))
        way = turn + np.pi / petals
        reach = r * float(rng.uniform(1.5, 2.0))
        tip = p + reach * np.array([np.cos(way + bend), np.sin(way + bend)])
        mid = p + 0.5 * reach * np.array([np.cos(way), np.sin(way)])
        stem = smooth(np.stack([p, mid, tip]), 6)
        stamp.stem(stem, 0.16 * r + 0.3, c["leaf"])
        for side in (-1, 1):
            stamp.fill(petal(mid, way + side * 0.9, 0.85 * r, 0.2 * r, 1.0), c["leaf"])
        colour = c["petal"] if number % 3 else c["other"]
        edge = mix(colour, (1, 1, 1), 0.16)
        base = mix(colour, (0.25, 0.05, 0.1), 0.22)
        count, size_ = (3, 0.62) if bud else (petals, 1.0)
        for k in range(count):
            angle = turn + k * (0.55 if bud else 2 * np.pi / petals) + float(rng.normal(0, 0.06))
            long = size_ * r * float(rng.uniform(0.92, 1.06))
            stamp.fill(petal(p, angle, long, thin * long), colour if k % 2 else edge)
            stamp.fill(petal(p, angle, 0.55 * long, 0.5 * thin * long), base, 0.45)
        if not bud:
            stamp.fill(_blob(rng, p, 0.2 * r, 0.06), c["heart"])
    return tile


def blooms(a: Colour, b: Colour, size: float, s: int, rng: np.random.Generator) -> np.ndarray:
    """Full roses and peonies, painted in overlapping washes, with leaves."""
    tile = np.full((TILE * s, TILE * s, 3), a, np.float32)
    stamp, c = Stamp(tile, s), tones(a, b)
    spots = scatter(rng, 2.2 * size)
    for number, p in enumerate(spots):
        r = size * float(rng.uniform(0.7, 1.1))
        turn = float(rng.uniform(0, 2 * np.pi))
        for k in range(5):
            way = turn + 1.3 * k + float(rng.normal(0, 0.2))
            start = p + 0.7 * r * np.array([np.cos(way), np.sin(way)])
            long = r * float(rng.uniform(0.75, 1.1))
            tone = c["leaf"] if k % 2 else c["pale leaf"]
            leaf = petal(start, way + 0.25, long, 0.24 * long, 1.0)
            stamp.fill(leaf, tone)
            ridge = start + np.linspace(0, 0.9, 6)[:, None] * long * np.array(
                [np.cos(way + 0.25), np.sin(way + 0.25)]
            )
            stamp.stem(ridge, 0.06 * r + 0.15, mix(tone, a, 0.35))
        colour = c["petal"] if number % 5 not in (1, 3) else c["other"]
        deep = mix(colour, (0.28, 0.04, 0.10), 0.34)
        pale = mix(colour, (1.0, 0.96, 0.92), 0.34)
        for ring, (reach, count) in enumerate(((1.0, 6), (0.72, 5), (0.46, 4), (0.24, 3))):
            for k in range(count):
                angle = turn + (k + 0.37 * ring) * 2 * np.pi / count + float(rng.normal(0, 0.12))
                at = p + 0.5 * reach * r * np.array([np.cos(angle), np.sin(angle)])
                tone = mix(
                    pale, deep, float(np.clip(0.14 + 0.22 * ring + rng.normal(0, 0.08), 0, 1))
                )
                stamp.fill(_blob(rng, at, 0.52 * reach * r, 0.07), tone, 0.9)
                inner = p + 0.36 * reach * r * np.array([np.cos(angle), np.sin(angle)])
                stamp.fill(_blob(rng, inner, 0.34 * reach * r, 0.08), deep, 0.22)
    for p in scatter(rng, 2.4 * size)[: len(spots)]:
        if all(np.linalg.norm((np.abs(p - q) + TILE / 2) % TILE - TILE / 2) > 1.45 * size
               for q in spots):  # fmt: skip
            stamp.fill(_blob(rng, p, 0.16 * size, 0.1), c["other"])
    return tile


def sprigs(a: Colour, b: Colour, size: float, s: int, rng: np.random.Generator) -> np.ndarray:
    """Leafy twigs in one or two tones."""
    tile = np.full((TILE * s, TILE * s, 3), a, np.float32)
    stamp = Stamp(tile, s)
    second = mix(b, a, 0.45)
    for number, p in enumerate(scatter(rng, 2.9 * size)):
        way = float(rng.uniform(0, 2 * np.pi))
        long = 3.1 * size * float(rng.uniform(0.85, 1.1))
        bend = float(rng.normal(0, 0.35))
        t = np.linspace(0, 1, 14)
        angle = way + bend * (t - 0.5) * 2
        steps = np.stack([np.cos(angle), np.sin(angle)], 1) * long / 14
        curve = p + np.cumsum(steps, 0) - 0.5 * steps.sum(0)
        colour = b if number % 3 else second
        stamp.stem(curve, 0.11 * size + 0.3, colour)
        for k in range(2, 13, 2):
            for side in (-1, 1):
                leaf_long = 0.78 * size * (1 - 0.35 * abs(k - 6) / 6)
                stamp.fill(
                    petal(curve[k], angle[k] + side * 0.75, leaf_long, 0.23 * leaf_long, 0.8),
                    colour,
                )
        stamp.fill(petal(curve[-1], angle[-1], 0.7 * size, 0.17 * size, 0.8), colour)
    return tile


def floral(a: Colour, b: Colour, scale: str, s: int, rng: np.random.Generator) -> np.ndarray:
    """One of the botanical prints at a scale: a tile (h, w, 3)."""
    size = {"small": 5.0, "medium": 10.0, "large": 21.0}[scale]
    kind = int(rng.choice(3, p=(0.4, 0.35, 0.25)))
    if kind == 1 and scale == "small":
        kind = 0
    return (ditsy, blooms, sprigs)[kind](a, b, size, s, rng)
