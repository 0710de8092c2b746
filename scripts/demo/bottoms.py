"""Garments that hang from the waist: skirts, trousers, jeans, shorts."""

from dataclasses import dataclass

import numpy as np

from scripts.demo.canvas import Canvas, Fabric, Fold, Layer
from scripts.demo.curves import Points, along, mirror, smooth
from scripts.demo.pieces import (
    MIDDLE,
    Thread,
    button,
    cross_folds,
    drag_folds,
    flat,
    gathers,
    hem_folds,
    line,
    patch,
    topstitch,
)


@dataclass
class SkirtCut:
    """Measures of a skirt in design pixels."""

    shape: str = "a-line"
    top: float = 92
    waist: float = 62
    hip: float = 84
    hip_y: float = 165
    hem: float = 112
    hem_y: float = 420
    band: float = 15
    fold: float = 2.4
    drape: float = 1.5
    shadow: float = 0.3
    seed: int = 0


def skirt_outline(cut: SkirtCut) -> Points:
    """The skirt below its band, with a hem that waves where folds meet it."""
    wave = {"a-line": 3.0, "tiered": 3.5, "pleated": 0.0, "pencil": 0.0}.get(cut.shape, 1.5)
    rng = np.random.default_rng([cut.seed, 61])
    flank = line((MIDDLE + cut.waist, cut.top), (MIDDLE + cut.hip, cut.hip_y),
                 (MIDDLE + 0.45 * cut.hip + 0.55 * cut.hem, 0.45 * cut.hip_y + 0.55 * cut.hem_y),
                 (MIDDLE + cut.hem, cut.hem_y - 3))  # fmt: skip
    x = np.linspace(cut.hem, -cut.hem, 60)
    bow = 9 * (1 - (x / cut.hem) ** 2)
    lift = wave * np.sin(x / cut.hem * float(rng.uniform(9, 13)) + float(rng.uniform(0, 6)))
    lift *= np.clip(1.2 - np.abs(x / cut.hem), 0, 1)
    floor = np.stack([MIDDLE + x, cut.hem_y - 3 + bow + lift], 1)
    return np.vstack([[[MIDDLE, cut.top]], flank, floor[1:-1], mirror(flank, MIDDLE)])


def paint_skirt(canvas: Canvas, cut: SkirtCut, fabric: Fabric, band: Fabric | None) -> None:
    """A skirt; `band` is its waistband's cloth, or None where a bodice meets it."""
    rng = np.random.default_rng([cut.seed, 62])
    folds: list[Fold] = []
    if cut.shape == "pleated":
        for k in range(15):
            share = (k + 0.5) / 15 * 2 - 1
            x0, x1 = MIDDLE + share * cut.waist, MIDDLE + share * cut.hem
            xm = MIDDLE + share * cut.hip
            curve = line((x0, cut.top), (xm, cut.hip_y), (x1, cut.hem_y + 12))
            folds.append(Fold(curve, 4.2, 2.6, (0.1, 0)))
    elif cut.shape == "pencil":
        for way in (-1, 1):
            for k in range(int(rng.integers(1, 3))):
                y = cut.hip_y - 30 + 34 * k + float(rng.normal(0, 8))
                end = (MIDDLE + way * float(rng.uniform(8, 40)), y + float(rng.uniform(4, 22)))
                folds += drag_folds(rng, (MIDDLE + way * cut.hip, y), end, 1, 1.0)
        folds += hem_folds(
            rng, MIDDLE - cut.hem, MIDDLE + cut.hem, cut.hip_y + 60, cut.hem_y, 4, 1.2
        )
    else:
        count = 9 if cut.shape in ("a-line", "tiered") else 6
        folds += hem_folds(rng, MIDDLE - cut.hem, MIDDLE + cut.hem, cut.hip_y - 30, cut.hem_y,
                           count, cut.fold, 0.42)  # fmt: skip
    canvas.paint(Layer(skirt_outline(cut), fabric, folds, cut.drape, (36, 120), round=50, puff=13,
                       origin=(MIDDLE, cut.top), shadow=cut.shadow, seed=cut.seed))  # fmt: skip
    if cut.shape == "pleated":
        for fold in folds:
            canvas.darken(fold.curve[3:] + (4.3, 0), 1.6, 0.22, skirt_outline(cut))
    if cut.shape == "tiered":
        for share in (0.36, 0.68):
            y = cut.top + share * (cut.hem_y - cut.top)
            half = np.interp(y, (cut.top, cut.hip_y, cut.hem_y), (cut.waist, cut.hip, cut.hem))
            seam = line((MIDDLE - half, y - 3), (MIDDLE, y + 5), (MIDDLE + half, y - 3))
            canvas.darken(seam, 1.8, 0.26, skirt_outline(cut))
            canvas.darken(seam + (0, 4), 7, 0.1, skirt_outline(cut))
            gathers(canvas, seam + (0, 1), rng, 34, skirt_outline(cut))
    hem_line = skirt_outline(cut)
    floor = hem_line[np.abs(hem_line[:, 1] - cut.hem_y) < 14]
    if cut.shape != "pleated" and len(floor) > 4:
        canvas.darken(floor - (0, 6), 0.9, 0.16)
    if band is not None:
        paint_waistband(canvas, cut.waist, cut.top, cut.band, band)


def paint_waistband(canvas: Canvas, half: float, y: float, height: float, fabric: Fabric) -> None:
    """A waistband whose back rim shows above its front."""
    rim = np.vstack([
        line((MIDDLE - half + 2, y - height), (MIDDLE, y - height - 3), (MIDDLE + half - 2,
        y - height)),
        line((MIDDLE + half - 2, y - height), (MIDDLE, y - height + 6), (MIDDLE - half + 2,
        y - height)),
    ])  # fmt: skip
    canvas.paint(Layer(rim, fabric, shade=0.62, round=3, puff=0.5, shadow=0))
    strip = np.vstack([
        line((MIDDLE - half + 2, y - height), (MIDDLE, y - height + 6), (MIDDLE + half - 2,
        y - height)),
        line((MIDDLE + half, y + 1), (MIDDLE, y + 7), (MIDDLE - half, y + 1)),
    ])  # fmt: skip
    canvas.paint(Layer(strip, fabric, round=5, puff=1.8, shadow=0.3, origin=(MIDDLE, y)))


@dataclass
class LegCut:
    """Measures of trousers in design pixels."""

    top: float = 60
    waist: float = 65
    hip: float = 83
    hip_y: float = 140
    crotch: float = 186
    knee: float = 46
    ankle: float = 38
    """Widths of one leg at knee and hem."""
    hem_y: float = 470
    spread: float = 6
    band: float = 15
    fold: float = 1.7
    drape: float = 1.2
    seed: int = 0


def leg_outline(cut: LegCut) -> tuple[Points, Points]:
    """The right leg with its half of the hips, and its axis."""
    knee_y = cut.crotch + 0.45 * (cut.hem_y - cut.crotch)
    inner_knee = MIDDLE + 5 + 0.5 * cut.spread
    inner_hem = MIDDLE + 6 + cut.spread
    short = cut.hem_y - cut.crotch < 130
    outer_hem = inner_hem + cut.ankle
    outer = [(MIDDLE + cut.waist, cut.top), (MIDDLE + 0.35 * cut.waist + 0.65 * cut.hip,
    cut.hip_y - 46),
             (MIDDLE + cut.hip, cut.hip_y + 10)]  # fmt: skip
    if not short:
        outer.append((inner_knee + cut.knee, knee_y))
    outer.append((outer_hem, cut.hem_y))
    floor = [(outer_hem, cut.hem_y), ((outer_hem + inner_hem) / 2, cut.hem_y + 4),
             (inner_hem, cut.hem_y + 1)]  # fmt: skip
    inner = [(inner_hem, cut.hem_y + 1)]
    if not short:
        inner.append((inner_knee, knee_y))
    inner += [(MIDDLE + 5, cut.crotch + 22), (MIDDLE, cut.crotch)]
    shape = np.vstack([[[MIDDLE - 1, cut.top]], smooth(outer), smooth(floor), smooth(inner)])
    middle_hem = (outer_hem + inner_hem) / 2
    axis = line((MIDDLE + 0.5 * cut.hip, cut.crotch - 10),
                (inner_knee + 0.5 * cut.knee if not short
                 else (middle_hem + MIDDLE + 0.5 * cut.hip) / 2,
                 knee_y), (middle_hem, cut.hem_y))  # fmt: skip
    return shape, axis


def paint_legs(canvas: Canvas, cut: LegCut, fabric: Fabric, *, crease: bool = False,
               fade: float = 0.0) -> None:  # fmt: skip
    """Both legs; `crease` presses a front line, `fade` washes out the thighs as on denim."""
    shape, axis = leg_outline(cut)
    knee_y = cut.crotch + 0.45 * (cut.hem_y - cut.crotch)
    for way in (-1, 1):
        rng = np.random.default_rng([cut.seed, 71, way + 1])
        outline = shape if way == 1 else mirror(shape, MIDDLE)
        spine = axis if way == 1 else mirror(axis, MIDDLE)[::-1]
        folds: list[Fold] = []
        # Whiskers fan out from the crotch over the hips.
        for k in range(3):
            start = (MIDDLE + way * 6, cut.crotch - 8 + 7 * k)
            end = (MIDDLE + way * (cut.hip - 12), cut.hip_y - 2 + 24 * k + float(rng.normal(0, 4)))
            folds += drag_folds(rng, start, end, 1, 0.9 * cut.fold)
        if cut.hem_y - knee_y > 120:
            at = (0.42, 0.66)
            folds += cross_folds(rng, spine, 0.5 * cut.knee, at, 3, 0.65 * cut.fold, 1.3)
            folds += cross_folds(rng, spine, 0.5 * cut.ankle, (0.84, 0.99), 3, 0.8 * cut.fold)
        folds.append(Fold(spine, 0.34 * cut.knee, 0.9 * cut.fold, (0.6, 0.4)))
        if crease:
            folds.append(Fold(line((MIDDLE + way * 36, cut.top + 40), *map(tuple, along(spine, 4,
                0.2))),
                              2.2, 0.6, (0.4, 0.0)))  # fmt: skip
        lean = -way * 0.03
        layer = Layer(outline, fabric, folds, cut.drape, (30, 80), angle=lean,
                      origin=(MIDDLE + way * 30, cut.top), round=40, puff=13, shadow=0.3,
                      seed=cut.seed + way)  # fmt: skip
        canvas.paint(layer)
        if fade:
            thigh = along(spine, 9, 0.08, 0.5)
            canvas.darken(thigh, 22, -fade, outline)
            canvas.darken(along(spine, 5, 0.62, 0.8), 14, -0.5 * fade, outline)
    canvas.darken(line((MIDDLE, cut.top), (MIDDLE, cut.crotch)), 1.2, 0.3)
    canvas.darken(line((MIDDLE, cut.crotch - 26), (MIDDLE, cut.crotch + 4)), 6, 0.2)


def paint_fly(canvas: Canvas, cut: LegCut, tone: Thread, metal: tuple[float, float, float]) -> None:
    """The fly's seam, the button and the front pockets' openings."""
    y = cut.top
    topstitch(canvas, line((MIDDLE + 13, y + 2), (MIDDLE + 13, y + 46), (MIDDLE + 7, y + 66),
                           (MIDDLE, y + 74)), tone)  # fmt: skip
    button(canvas, MIDDLE + 5, y - 5, 3.6, metal)


def paint_scoop_pockets(canvas: Canvas, cut: LegCut, tone: Thread) -> None:
    """Curved front pockets, as on jeans."""
    y = cut.top
    for way in (-1, 1):
        curve = line((MIDDLE + way * 28, y + 2), (MIDDLE + way * 34, y + 20),
                     (MIDDLE + way * 52, y + 32), (MIDDLE + way * (cut.waist + 12),
                     y + 31))  # fmt: skip
        canvas.darken(curve, 1.6, 0.4)
        topstitch(canvas, curve + (-way * 1.5, 2.6), tone)
        topstitch(canvas, curve + (-way * 2.5, 5.2), tone)


def paint_slant_pockets(canvas: Canvas, cut: LegCut) -> None:
    """Straight slanted front pockets."""
    y = cut.top
    for way in (-1, 1):
        curve = line((MIDDLE + way * 42, y + 3), (MIDDLE + way * (cut.hip - 11), y + 62))
        canvas.darken(curve, 1.4, 0.42)
        canvas.darken(curve + (way * 2.4, 0), 1.2, 0.12)


def paint_loops(canvas: Canvas, cut: LegCut, fabric: Fabric) -> None:
    """Belt loops."""
    for x in (-38, 34):
        shape = np.array([[0, -2], [5, -2], [5, cut.band + 5], [0, cut.band + 5]], float)
        shape += (MIDDLE + x, cut.top - cut.band + 3)
        canvas.paint(Layer(shape, fabric, round=2, puff=1, shadow=0.4, origin=(MIDDLE + x, 3)))


__all__ = ["LegCut", "SkirtCut", "flat", "paint_fly", "paint_legs", "paint_skirt", "patch"]
