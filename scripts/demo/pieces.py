"""Cut pieces that garments share: buttons, pockets, zips, seams, bands, folds."""

import numpy as np

from scripts.demo.canvas import Canvas, Fabric, Fold, Layer
from scripts.demo.curves import Points, along, smooth

MIDDLE = 192.0


def flat(colour: tuple[float, float, float] | np.ndarray) -> Fabric:
    """A plain surface without relief."""
    tile = np.empty((8, 8, 3), np.float32)
    tile[:] = colour
    return Fabric(tile)


def circle(x: float, y: float, r: float, ry: float | None = None) -> Points:
    """An ellipse as an outline."""
    t = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    return np.stack([x + r * np.cos(t), y + (ry or r) * np.sin(t)], 1)


def button(
    canvas: Canvas, x: float, y: float, r: float, colour: tuple[float, float, float]
) -> None:
    """A four-hole button."""
    canvas.paint(
        Layer(circle(x, y, r), Fabric(flat(colour).colour, gloss=0.35), round=r * 0.6, puff=1.2,
              shadow=0.45)
    )  # fmt: skip
    for dx in (-0.28, 0.28):
        for dy in (-0.28, 0.28):
            dot = np.array([[x + dx * r, y + dy * r], [x + dx * r + 0.1, y + dy * r]])
            canvas.darken(dot, 0.9, 0.5)


def stitch(canvas: Canvas, curve: Points, amount: float = 0.16, clip: Points | None = None) -> None:
    """A seam: a fine dark line with a lighter edge beside it."""
    canvas.darken(curve, 1.0, amount, clip)
    canvas.darken(np.asarray(curve) + (1.1, 1.2), 1.0, -0.5 * amount, clip)


Thread = float | tuple[float, float, float]
"""How stitches differ from the cloth: darker (above 0), lighter (below), or of a colour."""


def topstitch(canvas: Canvas, curve: Points, tone: Thread = 0.22, dash: float = 2.4) -> None:
    """A row of visible stitches."""
    total = float(np.linalg.norm(np.diff(curve, axis=0), axis=1).sum())
    count = max(2, int(total / (1.7 * dash)))
    for k in range(count):
        start = k / count
        piece = along(curve, 3, start, start + 0.66 / count)
        if isinstance(tone, tuple):
            canvas.darken(piece + (0.5, 0.8), 0.9, 0.25)
            canvas.thread(piece, 0.6, tone, 0.75)
        else:
            canvas.darken(piece, 0.9, tone)


def gathers(canvas: Canvas, seam: Points, rng: np.random.Generator, count: int,
            clip: Points | None = None) -> None:  # fmt: skip
    """Small pleats that run down from a gathered seam and fade."""
    for x, y in along(seam, count, 0.02, 0.98):
        length = float(rng.uniform(8, 26))
        lean = 0.05 * (x - MIDDLE)
        for share, amount in ((1.0, 0.045), (0.66, 0.05), (0.35, 0.08)):
            end = (x + share * lean, y + share * length)
            canvas.darken(line((x, y), end), 1.8, amount, clip)
            canvas.darken(line((x + 2.4, y), (end[0] + 2.4, end[1])), 1.6, -0.6 * amount, clip)


def zip_line(canvas: Canvas, curve: Points, colour: tuple[float, float, float]) -> None:
    """A zip fastener along a curve with its puller at the top."""
    canvas.darken(curve, 4.2, 0.42)
    for x, y in along(curve, int(np.linalg.norm(curve[-1] - curve[0]) / 2.6)):
        canvas.darken(np.array([[x - 1.3, y], [x + 1.3, y]]), 1.0, -0.5)
    x, y = curve[0]
    tab = np.array([[x - 2.2, y], [x + 2.2, y], [x + 1.8, y + 13], [x - 1.8, y + 13]])
    canvas.paint(Layer(tab, Fabric(flat(colour).colour, gloss=0.5), round=2, puff=1, shadow=0.4))


def patch(canvas: Canvas, shape: Points, layer: Layer, tone: Thread = 0.2) -> None:
    """A patch pocket cut from the same cloth as a layer."""
    canvas.paint(
        Layer(shape, layer.fabric, origin=(layer.origin[0] + 7, layer.origin[1] + 5),
              angle=layer.angle, round=3, puff=0.9, shadow=0.28, drape=0.5, grain=(30, 30),
              seed=layer.seed + 9)
    )  # fmt: skip
    centre = shape.mean(0)
    topstitch(canvas, centre + (np.vstack([shape, shape[:1]]) - centre) * 0.92, tone)


def line(*points: tuple[float, float]) -> Points:
    """A smooth curve through a few points."""
    return smooth(np.array(points, float))


def hem_folds(rng: np.random.Generator, left: float, right: float, top: float, bottom: float,
              count: int, height: float, spread: float = 0.0) -> list[Fold]:  # fmt: skip
    """Folds that fall to a hem, fading upwards; `spread` fans them out from the middle."""
    folds = []
    for k in range(count):
        share = (k + 0.5 + float(rng.normal(0, 0.18))) / count
        x1 = left + (right - left) * share
        x0 = MIDDLE + (x1 - MIDDLE) * (1 - spread)
        start = top + (bottom - top) * float(rng.uniform(0.0, 0.35))
        sway = float(rng.normal(0, 3))
        curve = line((x0, start), ((x0 + x1) / 2 + sway, (start + bottom) / 2), (x1, bottom + 6))
        size = height * float(rng.uniform(0.55, 1.2)) * (1 if k % 2 else -0.8)
        folds.append(Fold(curve, float(rng.uniform(5, 10)), size, (1.9, 0.0)))
    return folds


def drag_folds(rng: np.random.Generator, start: tuple[float, float], end: tuple[float, float],
               count: int, height: float, fan: float = 26.0,
               wide: float = 1.0) -> list[Fold]:  # fmt: skip
    """Soft diagonal folds that start close together and fan out, as under an arm."""
    folds = []
    for k in range(count):
        way = (k - (count - 1) / 2) * fan
        e = (end[0] + float(rng.normal(0, 5)), end[1] + way + float(rng.normal(0, 5)))
        bend = ((start[0] + e[0]) / 2, (start[1] + e[1]) / 2 + float(rng.uniform(2, 9)))
        s0 = (start[0], start[1] + 6 * k)
        folds.append(
            Fold(line(s0, bend, e), wide * float(rng.uniform(4, 6.5)),
                 height * float(rng.uniform(0.6, 1.2)) * (1 if k % 2 == 0 else -0.8), (0.5, 2.2))
        )  # fmt: skip
    return folds


def cross_folds(rng: np.random.Generator, axis: Points, half: float, at: tuple[float, float],
                count: int, height: float, wide: float = 1.0) -> list[Fold]:  # fmt: skip
    """Short folds across a sleeve or a leg, slanting either way."""
    folds = []
    for k in range(count):
        share = at[0] + (at[1] - at[0]) * (k + float(rng.uniform(0.1, 0.9))) / count
        spots = along(axis, 201)
        i = int(np.clip(share, 0, 1) * 198)
        p, d = spots[i], spots[i + 2] - spots[i]
        d = d / max(float(np.linalg.norm(d)), 1e-6)
        n = np.array([-d[1], d[0]])
        slant = float(rng.choice((-1, 1))) * float(rng.uniform(0.25, 0.8)) * half
        side = float(rng.choice((-1, 1)))
        a = p + n * half * side * 1.35 - d * slant * 0.6
        b = p - n * half * side * float(rng.uniform(0.0, 0.6)) + d * slant
        mid = (a + b) / 2 + d * float(rng.uniform(1, 6))
        folds.append(
            Fold(line(tuple(a), tuple(mid), tuple(b)), wide * float(rng.uniform(3, 5.5)),
                 height * float(rng.uniform(0.6, 1.15)) * (1 if k % 3 else -0.9), (0.6, 1.8))
        )  # fmt: skip
    return folds
