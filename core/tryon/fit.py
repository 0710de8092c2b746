"""Where every landmark of a garment comes to lie on a person.

The garment keeps its own proportions: its chest (or waistband) width gives the unit for its length
and the length of its sleeves, so that a cropped top stays cropped. The trunk follows the body's
axis, sleeves and legs follow their joints, and nothing becomes narrower than what it has to cover.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.errors import TryOnError
from core.tryon.body import Body
from core.tryon.landmarks import Shape
from core.tryon.outline import OUTWARD
from core.tryon.pins import Pins, limb_pins

CHEST_EASE = 1.06
HIP_EASE = 1.03
CHEST_LENGTH = 0.61
WAIST_LENGTH = 0.58
"""How long the chest width (the waistband) of a garment is down the body, as a fraction of the
distance from neck to hips: between a garment on a form, which is as narrow as a body (.57), and one
laid flat, which is wider (.67). Lengths go with a body's height, not with its width."""
STRAPS = 0.52
"""The same for the distance between the outer edges of sleeveless shoulders, which laying flat
does not change; believed as far as the chest's allows."""
STRAPS_BELIEVED = (0.5, 0.72)
SLEEVE = 0.845
"""Length of a long sleeve from the middle of the armhole, as a share of an arm to the wrist."""
LONGEST_SLEEVE, SLEEVE_WEIGHT = 1.25, 0.85
"""A sleeve that would have to be drawn out by less than this is a long one, and how much its length
tells beside the chest's width."""
RISE_WEIGHT = 0.75
"""How much the rise tells of the length of shorts; the rest the waistband's width. A high waist
makes the rise too short, a form the waistband."""
HIP_ROW = 0.65
"""How far from waistband to crotch the hips are in a photo of trousers."""
FULL_LENGTH = 0.86
"""Trousers that reach this far of the way from waist to ankles are taken to end at the ankles."""
HEM_DROP = 0.04
"""How far below the ankles' joints they end, in distances from neck to hips."""
SHORTEST_TOP, LONGEST_TOP = 0.86, 2.1
"""Hem of a top or coat, as a multiple of the distance from neck to hips."""
SHORTEST_DRESS = 1.25
"""Hem of a dress, likewise: no skin of the hips below it."""
WAIST_DEPTH = 0.66
"""Natural waist, as a fraction of the distance from neck to hips."""
WAISTBAND_DEPTH = 0.74
"""Where trousers and skirts are worn, likewise, unless the person's own begin higher."""
HIGHEST_WAISTBAND = 0.5


@dataclass(frozen=True)
class Fit:
    """A garment laid onto a person.

    Attributes:
        trunk: pins of the trunk.
        limbs: pins of each limb, by side.
        seams: (2, 2) outer and inner point of each limb's root in the garment, by side.
        targets: landmarks by name as they come to lie on the person.
        scale: person pixels per garment pixel.
    """

    trunk: Pins
    limbs: dict[int, Pins]
    seams: dict[int, np.ndarray]
    targets: dict[str, np.ndarray]
    scale: float


def fit(shape: Shape, body: Body) -> Fit:
    """Find the place of every landmark.

    Raises:
        TryOnError: the garment has no width.
    """
    lower = shape.worn == "lower_body"
    width = _lower_width(shape) if lower else _width(shape.sides[0])
    if width < 4:
        raise TryOnError(
            "The garment's width cannot be measured. Choose another category or another photo."
        )
    trunk, targets, scale, along = (_lower_trunk if lower else _upper_trunk)(shape, body, width)
    limbs, seams = {}, {}
    for limb in shape.limbs:
        names = ("hip", "crotch") if shape.legs else ("shoulder", "armpit")
        outer = targets[f"{names[0]}_{limb.side}"]
        inner = targets["crotch"] if shape.legs else targets[f"armpit_{limb.side}"]
        pins = limb_pins(limb, outer, inner, body, (scale, along), shape.legs)
        if pins is not None:
            limbs[limb.side] = pins
            seams[limb.side] = limb.root
            name = ("hem_outer", "hem_inner") if shape.legs else ("cuff_outer", "cuff_inner")
            for part, point in zip(name, pins.target[-2:], strict=True):
                targets[f"{part}_{limb.side}"] = point
    return Fit(trunk, limbs, seams, targets, scale)


def _width(pair: np.ndarray) -> float:
    return float(np.linalg.norm(pair[1] - pair[0]))


def _upper_trunk(shape: Shape, body: Body, width: float) -> tuple[Pins, dict, float, float]:
    points = shape.points
    chest_depth = 0.3 * body.hip_depth
    chest = body.half_width(chest_depth, 0) + body.half_width(chest_depth, 1)
    along = _upper_along(shape, body, width)
    # A broad chest draws cloth out where it is broad; it does not widen the hem.
    scale = min(chest * CHEST_EASE / width, along)
    source, target, targets = [], [], {}

    def pin(name: str | None, at: np.ndarray, to: np.ndarray) -> None:
        source.append(at)
        target.append(to)
        if name:
            targets[name] = to

    shoulder_line = 0.0
    for side in (0, 1):
        shoulder, neck = points[f"shoulder_{side}"], points[f"neck_{side}"]
        span = max(abs(shoulder[0] - shape.middle), 1.0)
        sleeved = any(limb.side == side for limb in shape.limbs)
        edge = body.shoulder(side)
        full = abs(edge[0] - body.neck[0])
        # A strap sits where its own distance from the middle puts it; a sleeve at the shoulder.
        out = 1.0 if sleeved else float(np.clip(span * scale / max(full, 1.0), 0.4, 1.0))
        to = edge if out > 0.93 else body.neck_side(side, out)
        pin(f"shoulder_{side}", shoulder, to)
        inner = float(np.clip(abs(neck[0] - shape.middle) / span * out, 0.3 * out, 0.85 * out))
        pin(f"neck_{side}", neck, body.neck_side(side, max(inner, 0.3)))
        shoulder_line += float((points[f"shoulder_{side}"][1]) / 2)
    middle_neck = np.array([shape.middle, (points["neck_0"][1] + points["neck_1"][1]) / 2])
    pin(None, middle_neck, (targets["neck_0"] + targets["neck_1"]) / 2)

    start = _depth_of(body, (targets["shoulder_0"] + targets["shoulder_1"]) / 2)
    top = shape.sides[0, :, 1].mean()
    # A sleeve's armpit lies at the arm's; without sleeves the armhole may end higher up.
    highest = (0.3 if shape.limbs else 0.22) * body.hip_depth
    armpit = start + float(np.clip((top - shoulder_line) * along, highest, 0.48 * body.hip_depth))
    rows = shape.sides[:, :, 1].mean(axis=1)
    depths = armpit + (rows - top) * along
    if shape.worn == "dresses":
        depths = _dress_depths(shape, body, rows, depths, along)
    else:
        low, high = SHORTEST_TOP * body.hip_depth, LONGEST_TOP * body.hip_depth
        hem = float(np.clip(depths[-1], low, high))
        depths = armpit + (depths - armpit) * (hem - armpit) / max(depths[-1] - armpit, 1e-6)
    if shape.legs:
        crotch = _depth_of(body, body.crotch())
        depths = np.linspace(depths[0], crotch, len(depths))
        along = _leg_scale(shape, body, armpit + (_leg_end(shape) - top) * along, crotch)
    _pin_sides(shape, body, depths, (scale, along), pin)
    if shape.legs:
        targets["crotch"] = body.crotch()
        pin(None, points["crotch"], targets["crotch"])
    return Pins(np.array(source), np.array(target)), targets, scale, along


def _upper_along(shape: Shape, body: Body, width: float) -> float:
    """Person pixels per garment pixel along a top or a dress."""
    if not shape.limbs:
        span = float(shape.points["shoulder_1"][0] - shape.points["shoulder_0"][0])
        low, high = (share / width for share in STRAPS_BELIEVED)
        return body.hip_depth * float(np.clip(STRAPS / max(span, 1.0), low, high))
    along = CHEST_LENGTH * body.hip_depth / width
    arms = [] if shape.legs else [(limb, body.limb(limb.side, False)) for limb in shape.limbs]
    reached = [
        SLEEVE * float(arm.lengths[-1]) / limb.length for limb, arm in arms if arm is not None
    ]
    if reached and np.mean(reached) < LONGEST_SLEEVE * along:
        # A long sleeve ends at the wrist: it tells the length better than the chest does.
        return float(along ** (1 - SLEEVE_WEIGHT) * np.mean(reached) ** SLEEVE_WEIGHT)
    return along


def _dress_depths(
    shape: Shape, body: Body, rows: np.ndarray, depths: np.ndarray, along: float
) -> np.ndarray:
    """Depths that bring a dress's waist near the body's, its hem between hips and ankles."""
    depths = depths.copy()
    if "waist_0" in shape.points:
        waist_row = (shape.points["waist_0"][1] + shape.points["waist_1"][1]) / 2
        waist = (WAIST_DEPTH * body.hip_depth + float(np.interp(waist_row, rows, depths))) / 2
        above = rows <= waist_row
        part = (rows[above] - rows[0]) / max(waist_row - rows[0], 1e-6)
        depths[above] = depths[0] + part * (waist - depths[0])
        depths[~above] = waist + (rows[~above] - waist_row) * along
    least = SHORTEST_DRESS * body.hip_depth
    if depths[-1] < least:
        depths = depths[0] + (depths - depths[0]) * (least - depths[0]) / (depths[-1] - depths[0])
    if depths[-1] > body.ankle_depth:
        depths = depths[0] + (depths - depths[0]) * (body.ankle_depth - depths[0]) / (
            depths[-1] - depths[0]
        )
    return depths


def _lower_width(shape: Shape) -> float:
    """The hip width of trousers or a skirt in the photo."""
    if shape.legs:
        # Waistband and crotch have been measured at equal steps; hips are below the middle.
        widths = [_width(pair) for pair in shape.sides]
        return max(float(np.interp(HIP_ROW, np.linspace(0, 1, len(widths)), widths)), widths[0])
    # A flared skirt says nothing about hips below its waistband.
    return 1.12 * _width(shape.sides[0])


def _lower_trunk(shape: Shape, body: Body, width: float) -> tuple[Pins, dict, float, float]:
    points = shape.points
    hip_depth = body.hip_depth * 1.02
    hips = body.half_width(hip_depth, 0) + body.half_width(hip_depth, 1)
    scale = hips * HIP_EASE / width
    source, target, targets = [], [], {}

    def pin(name: str | None, at: np.ndarray, to: np.ndarray) -> None:
        source.append(at)
        target.append(to)
        if name:
            targets[name] = to

    waist = _waistband(body)
    rows = shape.sides[:, :, 1].mean(axis=1)
    along = WAIST_LENGTH * body.hip_depth / max(_width(shape.sides[0]), 1.0)
    if shape.legs:
        targets["crotch"] = body.crotch()
        crotch = _depth_of(body, targets["crotch"])
        reach = waist + (_leg_end(shape) - rows[0]) * along
        if reach < waist + FULL_LENGTH * (body.ankle_depth - waist):
            rise = (crotch - waist) / max(float(rows[-1] - rows[0]), 1.0)
            rise = max(rise, 0.7 * along)
            along = float(along ** (1 - RISE_WEIGHT) * rise**RISE_WEIGHT)
        depths = np.linspace(waist, crotch, len(rows))
        along = _leg_scale(shape, body, waist + (_leg_end(shape) - rows[0]) * along, crotch)
    else:
        depths = waist + (rows - rows[0]) * along
        longest = body.ankle_depth
        if depths[-1] > longest:
            depths = waist + (depths - waist) * (longest - waist) / (depths[-1] - waist)
    _pin_sides(shape, body, depths, (scale, along), pin)
    if shape.legs:
        pin("crotch", points["crotch"], targets["crotch"])
    return Pins(np.array(source), np.array(target)), targets, scale, along


def _waistband(body: Body) -> float:
    """Depth at which trousers and skirts begin on this person."""
    usual = WAISTBAND_DEPTH * body.hip_depth
    seen = body.lower_top()
    return (
        usual if seen is None else float(np.clip(seen, HIGHEST_WAISTBAND * body.hip_depth, usual))
    )


def _leg_end(shape: Shape) -> float:
    """Row of the trouser hems in the photo."""
    return float(np.mean([limb.sections[-1, :, 1].mean() for limb in shape.limbs]))


def _leg_scale(shape: Shape, body: Body, hem: float, crotch: float) -> float:
    """Person pixels per garment pixel down the legs, for hems at a depth."""
    waist = _waistband(body)
    if hem - waist > FULL_LENGTH * (body.ankle_depth - waist):
        hem = body.ankle_depth + HEM_DROP * body.hip_depth
    hem = max(hem, crotch + 0.1 * body.hip_depth)
    return (hem - crotch) / max(float(np.mean([limb.length for limb in shape.limbs])), 1.0)


def _pin_sides(
    shape: Shape,
    body: Body,
    depths: np.ndarray,
    scales: tuple[float, float],
    pin: Callable[[str | None, np.ndarray, np.ndarray], None],
) -> None:
    """Pin both edges and the middle of the trunk at each measured height.

    Below the hips nothing but the cloth gives the width: what is wider than at the hips is scaled
    half as the width and half as the length.
    """
    scale, along = scales
    flare = float(np.sqrt(scale * max(along, scale)))
    upper = shape.worn != "lower_body"
    last = len(depths) - 1
    rows = shape.sides[:, :, 1].mean(axis=1)
    for i, level in enumerate(depths):
        edges = []
        for side in (0, 1):
            # Each edge lies as deep as its own row: hems and armpits need not be level.
            depth = level + float(shape.sides[i, side, 1] - rows[i]) * _steepness(rows, depths, i)
            centre, across = body.axis.at(depth), body.across(depth)
            own = abs(shape.sides[i, side, 0] - shape.middle) * scale
            if not shape.legs and depth > body.hip_depth:
                hips = abs(
                    float(np.interp(body.hip_depth, depths, shape.sides[:, side, 0])) - shape.middle
                )
                own += max(own / scale - hips, 0.0) * (flare - scale)
            least = body.half_width(depth, side) + 2.0
            half = max(own, least)
            if i == 0 and upper:
                half = float(np.clip(own, least, 1.12 * least))
            if i == 0 and not upper:
                half = least
            edges.append(centre + OUTWARD[side] * half * across)
            name = None
            if i == 0:
                name = f"armpit_{side}" if upper else f"waist_{side}"
            elif i == last:
                name = f"hip_{side}" if shape.legs else f"hem_{side}"
            elif upper and np.allclose(
                shape.points.get(f"waist_{side}", (np.nan, np.nan)), shape.sides[i, side]
            ):
                name = f"waist_{side}"
            pin(name, shape.sides[i, side], edges[side])
        if not (shape.legs and i == last):
            pin(None, np.array([shape.middle, rows[i]]), body.axis.at(level))


def _steepness(rows: np.ndarray, depths: np.ndarray, i: int) -> float:
    """Depth a row of the garment around its level i."""
    low, high = max(i - 1, 0), min(i + 1, len(rows) - 1)
    return float((depths[high] - depths[low]) / max(rows[high] - rows[low], 1.0))


def _depth_of(body: Body, point: np.ndarray) -> float:
    """Depth on the body's axis of the level at which a point lies (may be negative)."""
    down = body.axis.direction(0.0)
    depth = float((point - body.neck) @ down)
    if depth < 0.8 * body.hip_depth:
        return depth
    lengths = np.linspace(0.5 * body.hip_depth, body.ankle_depth, 200)
    rows = np.array([body.axis.at(length)[1] for length in lengths])
    return float(lengths[np.argmin(np.abs(rows - point[1]))])
