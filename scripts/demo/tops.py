"""Garments that hang from the shoulders: bodies, sleeves, necks, collars, hoods."""

from dataclasses import dataclass, field, replace

import numpy as np

from scripts.demo.canvas import Canvas, Fabric, Fold, Layer
from scripts.demo.curves import Points, along, band, both, mirror, smooth
from scripts.demo.pieces import MIDDLE, cross_folds, drag_folds, flat, hem_folds, line


@dataclass
class Cut:
    """Measures of a top in design pixels; half widths from the middle, y downwards."""

    neck: float = 36
    neck_y: float = 92
    front: float = 30
    """Depth of the front neckline below the neck points."""
    v: bool = False
    shoulder: float = 97
    slope: float = 25
    chest: float = 99
    under: float = 212
    waist: float = 94
    waist_y: float = 300
    hem: float = 98
    hem_y: float = 390
    hem_bow: float = 7
    strap: bool = False
    """Held by thin straps: the armhole cuts in deep."""
    rib: float = 0
    """Height of a ribbed band at the hem, part of the length; 0 is a plain hem."""
    sleeve: float = 0
    """Length of the sleeve along its outer edge; 0 is sleeveless."""
    bicep: float = 68
    cuff: float = 46
    angle: float = 0.42
    drape: float = 1.5
    fold: float = 1.6
    shadow: float = 0.2
    seed: int = 0
    extra: list[Fold] = field(default_factory=list)

    @property
    def shoulder_point(self) -> np.ndarray:
        """Where shoulder seam and armhole meet, on the right."""
        return np.array([MIDDLE + self.shoulder, self.neck_y + self.slope])

    @property
    def underarm(self) -> np.ndarray:
        """Lowest point of the armhole, on the right."""
        return np.array([MIDDLE + self.chest, self.under])


def neckline(cut: Cut) -> Points:
    """The front neckline from the middle to the right neck point."""
    x, y, d = cut.neck, cut.neck_y, cut.front
    if cut.strap:
        return np.vstack([line((MIDDLE, y + d), (MIDDLE + 0.55 * x, y + 0.8 * d),
                               (MIDDLE + 0.94 * x, y + 0.58 * d)),
                          line((MIDDLE + x, y + 0.55 * d), (MIDDLE + x, y))])  # fmt: skip
    if cut.v:
        return line((MIDDLE, y + d), (MIDDLE + 0.52 * x, y + 0.46 * d), (MIDDLE + x, y))
    return line(
        (MIDDLE, y + d), (MIDDLE + 0.45 * x, y + 0.9 * d), (MIDDLE + 0.86 * x, y + 0.48 * d),
        (MIDDLE + x, y),
    )  # fmt: skip


def back_neckline(cut: Cut) -> Points:
    """The back neckline from the left to the right neck point, seen through the front one."""
    x, y = cut.neck, cut.neck_y
    return line((MIDDLE - x, y), (MIDDLE - 0.5 * x, y + 5), (MIDDLE, y + 7),
                (MIDDLE + 0.5 * x, y + 5), (MIDDLE + x, y))  # fmt: skip


def armhole(cut: Cut) -> Points:
    """From the right shoulder point to the underarm."""
    s, u = cut.shoulder_point, cut.underarm
    if cut.strap:
        return np.vstack([line(tuple(s), (s[0] + 1, 0.35 * s[1] + 0.65 * u[1])),
                          line((s[0] + 1, 0.35 * s[1] + 0.65 * u[1] + 1),
                               (s[0] + 8, 0.12 * s[1] + 0.88 * u[1]), tuple(u))])  # fmt: skip
    inward = 9 if cut.sleeve else 15
    return smooth([s, (s[0] - inward * 0.75, s[1] + 0.35 * (u[1] - s[1])),
                   (min(s[0], u[0]) - inward * 0.7, s[1] + 0.72 * (u[1] - s[1])), u])  # fmt: skip


def side(cut: Cut) -> Points:
    """From the underarm to the hem, on the right."""
    low = cut.hem_y - cut.rib
    if cut.rib:
        # A ribbed hem gathers the body, which falls over it a little.
        return line(tuple(cut.underarm), (MIDDLE + cut.waist, cut.waist_y),
                    (MIDDLE + 0.3 * cut.waist + 0.7 * cut.hem + 4, low - 26),
                    (MIDDLE + cut.hem + 4, low - 7), (MIDDLE + cut.hem + 1, low + 2))  # fmt: skip
    return line(tuple(cut.underarm), (MIDDLE + cut.waist, cut.waist_y),
                (MIDDLE + 0.5 * (cut.waist + cut.hem), 0.5 * (cut.waist_y + cut.hem_y)),
                (MIDDLE + cut.hem, cut.hem_y))  # fmt: skip


def hem(cut: Cut) -> Points:
    """From the right end of the hem to its middle."""
    y = cut.hem_y - cut.rib + 2 if cut.rib else cut.hem_y
    return line((MIDDLE + cut.hem, y), (MIDDLE + 0.6 * cut.hem, y + 0.75 * cut.hem_bow),
                (MIDDLE, y + cut.hem_bow))  # fmt: skip


def body_outline(cut: Cut) -> Points:
    """The whole body."""
    shoulder = line((MIDDLE + cut.neck, cut.neck_y),
                    (MIDDLE + 0.55 * (cut.neck + cut.shoulder), cut.neck_y + 0.44 * cut.slope),
                    tuple(cut.shoulder_point))  # fmt: skip
    return both(np.vstack([neckline(cut), shoulder, armhole(cut), side(cut), hem(cut)]), MIDDLE)


def sleeve_outline(cut: Cut) -> tuple[Points, Points, Points]:
    """The right sleeve: outline, its axis from shoulder to cuff, and the cuff edge."""
    s, u = cut.shoulder_point, cut.underarm
    d = np.array([np.sin(cut.angle), np.cos(cut.angle)])
    n = np.array([np.cos(cut.angle), -np.sin(cut.angle)])
    long = cut.sleeve
    taper = (cut.bicep - cut.cuff) * 0.4
    out = s + d * long - n * taper
    inner = out - n * cut.cuff
    bulge = 3.5 if long > 120 else 2.0
    outer = line(tuple(s - (6, 2)), tuple(s), tuple(s + d * 0.2 * long + n * bulge),
                 tuple(s + d * 0.6 * long + n * (bulge - 0.6 * taper)), tuple(out))  # fmt: skip
    # The forearm bends a little forward: the inner edge is straighter than the outer.
    share = 0.45 if long > 120 else 0.5
    inside = line(tuple(inner), tuple(inner + (u - inner) * share + n * (-2.0)), tuple(u))
    cuff = line(tuple(out), tuple((out + inner) / 2 + d * 2.5), tuple(inner))
    shape = np.vstack([outer, cuff, inside, armhole(cut)[::-1]])
    axis = line(tuple((s + u) / 2 * 0.5 + s * 0.5), tuple((out + inner) / 2))
    return shape, axis, cuff


def flip(points: Points) -> Points:
    """The same points on the other side."""
    return mirror(points, MIDDLE)


def body_layer(cut: Cut, fabric: Fabric) -> Layer:
    """The front of the body with its folds."""
    rng = np.random.default_rng([cut.seed, 31])
    u = cut.underarm
    folds = list(cut.extra)
    for way in (1, -1):
        start = (MIDDLE + way * (u[0] - MIDDLE - 3), u[1] - 14)
        end = (MIDDLE + way * float(rng.uniform(24, 40)), u[1] + float(rng.uniform(20, 60)))
        folds += drag_folds(rng, start, end, 3, cut.fold)
        pull = (MIDDLE + way * (cut.shoulder - 10), cut.neck_y + cut.slope + 6)
        folds += drag_folds(rng, pull, (MIDDLE + way * 46, u[1] - 20), 1, 0.7 * cut.fold)
    folds += hem_folds(rng, MIDDLE - cut.hem, MIDDLE + cut.hem,
                       cut.hem_y - 0.5 * (cut.hem_y - u[1]), cut.hem_y, 7, cut.fold)  # fmt: skip
    return Layer(body_outline(cut), fabric, folds, cut.drape, (44, 100), shadow=cut.shadow,
                 seed=cut.seed, round=58, puff=13)  # fmt: skip


def paint_back(canvas: Canvas, cut: Cut, fabric: Fabric, label: bool = True) -> None:
    """The inside of the back, seen through the neckline, with the label."""
    y = cut.neck_y
    back = back_neckline(cut)
    depth = cut.front + 16
    shape = np.vstack([back, [[MIDDLE + cut.neck + 4, y + 4], [MIDDLE + 0.8 * cut.neck, y + depth],
                              [MIDDLE - 0.8 * cut.neck, y + depth], [MIDDLE - cut.neck - 4,
                              y + 4]]])  # fmt: skip
    canvas.paint(Layer(shape, fabric, shade=0.66, round=14, puff=2, shadow=0, seed=cut.seed + 3))
    canvas.darken(back + (0, 5), 1.2, 0.2)
    if label and cut.front > 16:
        tag = np.array([[-9, 0], [9, 0], [9, 7.5], [-9, 7.5]]) + (MIDDLE, y + 10.5)
        canvas.paint(Layer(tag, flat((0.9, 0.89, 0.86)), round=1, puff=0.3, shadow=0.3, shade=0.85))
        canvas.darken(tag[:2] * 0.5 + tag[2:][::-1] * 0.5 + ((3.5, 0), (-3.5, 0)), 1.1, 0.5)


def paint_sleeves(canvas: Canvas, cut: Cut, fabric: Fabric, cuff: Fabric | None = None,
                  cuff_width: float = 0.0) -> None:  # fmt: skip
    """Both sleeves, to go under the body; `cuff` is a band at their ends."""
    if cut.sleeve <= 0:
        return
    if cuff is not None:
        cut = replace(cut, sleeve=cut.sleeve - cuff_width + 4, cuff=cut.cuff + 6)
    shape, axis, edge = sleeve_outline(cut)
    for way in (1, -1):
        rng = np.random.default_rng([cut.seed, 41, way + 1])
        turned = (lambda p: p) if way == 1 else flip
        folds = []
        long = cut.sleeve > 120
        half = 0.5 * cut.bicep * 0.8
        spine = axis if way == 1 else flip(axis)[::-1]
        folds += cross_folds(rng, spine, half, (0.35, 0.75) if long else (0.3, 0.9),
                             7 if long else 3, 0.9 * cut.fold)  # fmt: skip
        if long:
            folds += cross_folds(rng, spine, 0.7 * half, (0.78, 0.97), 3, 0.8 * cut.fold)
        arm = (MIDDLE + way * (cut.underarm[0] - MIDDLE + 1), cut.under - 4)
        top = (MIDDLE + way * (cut.shoulder + 9), cut.neck_y + cut.slope + 52)
        folds += drag_folds(rng, arm, top, 2, cut.fold, 16)
        canvas.paint(
            Layer(turned(shape), fabric, folds, 0.8 * cut.drape, (26, 60), angle=-way * cut.angle,
                  origin=(MIDDLE + way * cut.shoulder, cut.neck_y), round=22, puff=8,
                  shadow=0.25, seed=cut.seed + 5 + way)
        )  # fmt: skip
        rim = edge if way == 1 else flip(edge)[::-1]
        if cuff is not None:
            paint_cuff(canvas, rim, way, cut, cuff, cuff_width)
        else:
            up = np.array([-way * np.sin(cut.angle), -np.cos(cut.angle)])
            canvas.darken(rim + 5.5 * up, 1.0, 0.2)


def paint_cuff(
    canvas: Canvas, rim: Points, way: int, cut: Cut, fabric: Fabric, width: float
) -> None:
    """A band at a sleeve's end."""
    up = np.array([-way * np.sin(cut.angle), -np.cos(cut.angle)])
    grow = along(rim, 12)
    centre = grow.mean(0)
    high = centre + (grow - centre) * 0.9 + 3 * up
    low = centre + (grow - centre) * 0.78 - (width - 4) * up
    corner = smooth(np.vstack([high[-1:], (high[-1:] + low[-1:]) / 2, low[-1:]]), 4)
    other = smooth(np.vstack([low[:1], (high[:1] + low[:1]) / 2, high[:1]]), 4)
    canvas.paint(
        Layer(np.vstack([high, corner, low[::-1], other]), fabric, angle=-way * cut.angle,
              origin=tuple(centre), round=10, puff=3.2, shadow=0.22)
    )  # fmt: skip


def paint_armholes(canvas: Canvas, cut: Cut, tone: float = 0.22) -> None:
    """The seams where sleeves are set in."""
    curve = armhole(cut)
    for c in (curve, flip(curve)):
        canvas.darken(c, 1.1, 0.8 * tone)
        canvas.darken(c, 6, 0.25 * tone)


def paint_neckband(canvas: Canvas, cut: Cut, fabric: Fabric, width: float = 8.0) -> None:
    """A rib or facing along the front neckline, and the inside of the one at the back."""
    back = back_neckline(cut)
    canvas.paint(Layer(band(back, -width * 0.8), fabric, shade=0.72, round=3, puff=1, shadow=0.1))
    right = neckline(cut)
    front = np.vstack([mirror(right[1:], MIDDLE), right])
    canvas.paint(Layer(band(front, -width), fabric, round=4, puff=1.8, shadow=0.3))


def paint_shirt_collar(canvas: Canvas, cut: Cut, fabric: Fabric, size: float = 1.0,
                       spread: float = 0.0) -> None:  # fmt: skip
    """A collar with a stand and two points."""
    x, y, d = cut.neck, cut.neck_y, cut.front
    stand = line((MIDDLE - x - 2, y - 1), (MIDDLE - 0.5 * x, y - 13), (MIDDLE, y - 15),
                 (MIDDLE + 0.5 * x, y - 13), (MIDDLE + x + 2, y - 1))  # fmt: skip
    low = line((MIDDLE + x, y + 6), (MIDDLE, y + 13), (MIDDLE - x, y + 6))
    canvas.paint(Layer(np.vstack([stand, low]), fabric, shade=0.74, round=6, puff=2, shadow=0.1,
                       origin=(MIDDLE + 31, 3)))  # fmt: skip
    tag = np.array([[-8, 0], [8, 0], [8, 6], [-8, 6]]) + (MIDDLE, y + 2)
    canvas.paint(Layer(tag, flat((0.9, 0.89, 0.86)), round=1, puff=0.3, shadow=0.3, shade=0.85))
    tip = (MIDDLE + (25 + spread) * size, y + d + 25 * size)
    leaf = np.vstack([
        line((MIDDLE + x + 1, y - 3), (MIDDLE + 0.72 * x, y + 0.55 * d), (MIDDLE + 1.5, y + d)),
        line((MIDDLE + 1.5, y + d), (MIDDLE + 0.5 * (1.5 + 25 * size), y + d + 14 * size), tip),
        line(tip, (MIDDLE + 0.86 * x + 8, y + 0.62 * d + 8), (MIDDLE + x + 11, y + 4)),
    ])  # fmt: skip
    for shape, turn in ((flip(leaf), 0.5), (leaf, -0.5)):
        canvas.paint(Layer(shape, fabric, angle=turn, origin=(MIDDLE + 17, 11), round=6, puff=2.4,
                           shadow=0.42))  # fmt: skip


def paint_stand_collar(canvas: Canvas, cut: Cut, fabric: Fabric, height: float = 13) -> None:
    """A band collar that stands around the neck."""
    x, y = cut.neck, cut.neck_y
    back = line((MIDDLE - x + 1, y - height + 5), (MIDDLE - 0.5 * x, y - height + 1),
                (MIDDLE, y - height), (MIDDLE + 0.5 * x, y - height + 1),
                (MIDDLE + x - 1, y - height + 5))  # fmt: skip
    low = line((MIDDLE + x - 1, y + 6), (MIDDLE, y + 12), (MIDDLE - x + 1, y + 6))
    canvas.paint(Layer(np.vstack([back, low]), fabric, shade=0.72, round=5, puff=2, shadow=0.1))
    right = neckline(cut)
    share = np.linspace(0, 1, len(right))[:, None]
    up = right + np.hstack([-1.0 * share, -0.85 * height + (0.85 * height - height + 5) * share])
    half = np.vstack([right, [right[-1] + (1.2, -0.4 * height)], up[::-1]])
    for shape in (flip(half), half):
        canvas.paint(Layer(shape, fabric, round=6, puff=2.2, shadow=0.3, origin=(MIDDLE + 9, 4)))


def paint_roll_neck(canvas: Canvas, cut: Cut, fabric: Fabric) -> None:
    """A folded tube of rib around the neck."""
    x, y = cut.neck, cut.neck_y
    top, low = y - 28, y + cut.front
    mouth = np.vstack([
        line((MIDDLE - x + 5, top + 2), (MIDDLE, top - 4), (MIDDLE + x - 5, top + 2)),
        line((MIDDLE + x - 5, top + 2), (MIDDLE, top + 9), (MIDDLE - x + 5, top + 2)),
    ])  # fmt: skip
    canvas.paint(Layer(mouth, fabric, shade=0.55, round=5, puff=1, shadow=0))
    tube = np.vstack([
        line((MIDDLE - x + 4, top), (MIDDLE, top + 9), (MIDDLE + x - 4, top)),
        line((MIDDLE + x - 4, top), (MIDDLE + x - 1, y - 10), (MIDDLE + x + 5, y + 6)),
        line((MIDDLE + x + 5, y + 6), (MIDDLE + 0.6 * x, low - 3), (MIDDLE, low),
             (MIDDLE - 0.6 * x, low - 3), (MIDDLE - x - 5, y + 6)),
        line((MIDDLE - x - 5, y + 6), (MIDDLE - x + 1, y - 10), (MIDDLE - x + 4, top)),
    ])  # fmt: skip
    canvas.paint(Layer(tube, fabric, round=14, puff=6, shadow=0.42))


def paint_lapels(canvas: Canvas, cut: Cut, fabric: Fabric, width: float = 1.0,
                 peak: bool = False) -> None:  # fmt: skip
    """A notched collar over a deep V; the cut's front is where the fronts close."""
    x, y, d = cut.neck, cut.neck_y, cut.front
    collar_back = np.vstack([
        line((MIDDLE - x - 4, y + 2), (MIDDLE - 0.6 * x, y - 12), (MIDDLE, y - 15),
             (MIDDLE + 0.6 * x, y - 12), (MIDDLE + x + 4, y + 2)),
        line((MIDDLE + x, y + 8), (MIDDLE, y + 9), (MIDDLE - x, y + 8)),
    ])  # fmt: skip
    canvas.paint(Layer(collar_back, fabric, shade=0.9, round=6, puff=2.5, shadow=0.25))
    notch = y + 0.36 * d
    wide = 40 * width
    tip = (MIDDLE + x * 0.62 + wide, notch - (10 if peak else -2))
    roll = line((MIDDLE + x - 2, y + 2), (MIDDLE + 0.64 * x, y + 0.42 * d), (MIDDLE, y + d))
    lapel = np.vstack([
        roll[4:],
        line((MIDDLE, y + d), (MIDDLE + 0.62 * wide, y + 0.72 * d), tip),
        line(tip, (MIDDLE + 0.62 * x + 0.45 * wide, notch - 1), (MIDDLE + x - 1, notch - 9)),
    ])  # fmt: skip
    collar = np.vstack([
        line((MIDDLE + x - 8, y - 6), (MIDDLE + 0.9 * x, y + 0.16 * d), (MIDDLE + 0.80 * x,
        notch - 2)),
        line((MIDDLE + 0.80 * x, notch - 2), (MIDDLE + 0.62 * x + 0.5 * wide, notch - 4)),
        line((MIDDLE + 0.62 * x + 0.55 * wide, notch - 5), (MIDDLE + x + 0.42 * wide, notch - 20)),
        line((MIDDLE + x + 0.42 * wide, notch - 20), (MIDDLE + x + 12, y + 8), (MIDDLE + x + 2,
        y - 5)),
    ])  # fmt: skip
    for turned, turn in ((flip, 0.3), (lambda p: p, -0.3)):
        canvas.paint(Layer(turned(lapel), fabric, angle=turn, round=6, puff=2.2, shadow=0.36,
                           origin=(MIDDLE + 21, 9)))  # fmt: skip
        canvas.paint(Layer(turned(collar), fabric, angle=turn * 2, round=6, puff=2.2, shadow=0.36,
                           origin=(MIDDLE + 40, 15)))  # fmt: skip


def paint_hood(canvas: Canvas, cut: Cut, fabric: Fabric, inside: Fabric) -> None:
    """A hood lying open behind the neck; call before the body is painted."""
    x, y = cut.neck, cut.neck_y
    outer = np.vstack([
        line((MIDDLE - x - 22, y + 14), (MIDDLE - x - 26, y - 12), (MIDDLE - x - 4, y - 44),
             (MIDDLE, y - 55), (MIDDLE + x + 4, y - 44), (MIDDLE + x + 26, y - 12),
             (MIDDLE + x + 22, y + 14)),
        line((MIDDLE + x + 22, y + 14), (MIDDLE, y + 30), (MIDDLE - x - 22, y + 14)),
    ])  # fmt: skip
    rng = np.random.default_rng([cut.seed, 51])
    folds = drag_folds(rng, (MIDDLE - x - 18, y), (MIDDLE, y - 30), 2, 1.4, 12)
    canvas.paint(Layer(outer, fabric, folds, 1.5, (30, 30), round=22, puff=9, shadow=0.2,
                       seed=cut.seed + 8))  # fmt: skip
    inner = np.vstack([
        line((MIDDLE - x - 2, y + 10), (MIDDLE - x - 6, y - 8), (MIDDLE - 0.7 * x, y - 32),
             (MIDDLE, y - 39), (MIDDLE + 0.7 * x, y - 32), (MIDDLE + x + 6, y - 8),
             (MIDDLE + x + 2, y + 10)),
        line((MIDDLE + x + 2, y + 10), (MIDDLE, y + cut.front + 16), (MIDDLE - x - 2, y + 10)),
    ])  # fmt: skip
    canvas.paint(Layer(inner, inside, shade=0.62, round=20, puff=-6, shadow=0, drape=1.2,
                       grain=(24, 24), seed=cut.seed + 2))  # fmt: skip
    canvas.darken(np.vstack([inner, inner[:1]]), 2.4, 0.25)


def paint_hood_front(canvas: Canvas, cut: Cut, fabric: Fabric, cord: tuple[float, ...]) -> None:
    """The hood's edges that cross at the throat, with a drawcord; after the body."""
    x, y, d = cut.neck, cut.neck_y, cut.front
    right = np.vstack([
        line((MIDDLE + x + 3, y - 22), (MIDDLE + x - 1, y + 2), (MIDDLE + 0.55 * x, y + 0.7 * d),
             (MIDDLE - 3, y + d + 3)),
        line((MIDDLE - 3, y + d + 3), (MIDDLE + 0.6 * x, y + d + 1), (MIDDLE + x + 12, y + 0.5 * d),
             (MIDDLE + x + 23, y - 6), (MIDDLE + x + 18, y - 22)),
    ])  # fmt: skip
    for shape in (flip(right), right):
        canvas.paint(Layer(shape, fabric, round=10, puff=4.5, shadow=0.38, origin=(MIDDLE + 12, 5)))
    for way in (-1, 1):
        start = (MIDDLE + way * 15, y + d - 6)
        end = (MIDDLE + way * 19, y + d + 78)
        cordline = line(start, (MIDDLE + way * 21, y + d + 30), end)
        thick = band(cordline, 2.8)
        canvas.paint(Layer(thick, flat(cord), round=1.4, puff=1.2, shadow=0.4))
