"""Where the body itself lies under the clothes: limbs as tapering tubes around the joints.

Thicknesses are shares of the shoulder width, as seen from the front in the demo models, whose
bodies are known. Where a leg is seen bare, its own thickness is taken; where a limb is clad, the
clothes on it bound it.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from core.tryon.body import Body
from core.tryon.people import ANKLES, ELBOWS, HIPS, KNEES, NOSE, SHOULDERS, WRISTS
from core.vision.atr import ID

ARM = (0.135, 0.115, 0.075)
"""Half the thickness of an arm at shoulder, elbow and wrist."""
ARM_AT = (0.0, 1.0, 2.0)
LEG = (0.25, 0.235, 0.165, 0.17, 0.135, 0.105)
"""Half the thickness of a leg at hip, middle of the thigh, knee, calf, shin and ankle."""
LEG_AT = (0.0, 0.5, 1.0, 1.33, 1.72, 2.0)
"""Where these are, in bones from the hip."""
THROAT = 0.2
"""Half the thickness of the neck."""

Girths = tuple[tuple[float, ...], tuple[float, ...]]
"""Places along a limb in bones, and half its thickness there in shoulder widths."""

LIMBS: tuple[tuple[str, tuple[tuple[int, int], ...], int, Girths], ...] = (
    ("right_leg", (HIPS, KNEES, ANKLES), 0, (LEG_AT, LEG)),
    ("left_leg", (HIPS, KNEES, ANKLES), 1, (LEG_AT, LEG)),
    ("right_arm", (SHOULDERS, ELBOWS, WRISTS), 0, (ARM_AT, ARM)),
    ("left_arm", (SHOULDERS, ELBOWS, WRISTS), 1, (ARM_AT, ARM)),
)  # fmt: skip
DEPTHS = np.linspace(0.12, 1.1, 12)
"""Heights at which the trunk's width is measured, in distances from neck to hips."""


PLACES = np.arange(33) / 16
"""Where limbs are measured, in bones from hip or shoulder: 16 places to a bone."""
THIN, THICK = 0.65, 1.25
"""How much thinner or thicker than usual a limb is taken to be."""
CLOTH = 0.94
"""Thickness of a limb as a share of the clothes' that hang on it, at most."""
CLAD = {
    "leg": [ID["pants"]],
    "arm": [ID["upper_clothes"], ID["dress"]],
}
"""Clothes that each limb has to itself."""


@dataclass(frozen=True)
class Limb:
    """A limb under the clothes, within a box of the picture.

    Attributes:
        name: of the ATR class.
        box: rows and columns of the picture that the arrays cover.
        across: float32, place across the limb: -1 and 1 at its edges, 1 towards the picture's
            right where the limb hangs.
        along: float32, place along it in bones from hip or shoulder.
        cover: float32, 1 on the limb, 0 beside it, with an edge one pixel wide.
    """

    name: str
    box: tuple[slice, slice]
    across: np.ndarray
    along: np.ndarray
    cover: np.ndarray


def limbs(body: Body) -> list[Limb]:
    """Arms and legs as far as their joints are seen: legs first, the right one before the left."""
    found = []
    for name, joints, side, girths in LIMBS:
        points = body.points[[pair[side] for pair in joints]]
        limb = _limb(body, name, points[: 2 if np.isnan(points[2]).any() else 3], girths)
        if limb is not None:
            found.append(limb)
    return found


def flesh(body: Body, found: list[Limb] | None = None) -> np.ndarray:
    """(height, width) uint8: ATR ids of arms, legs and neck where the body lies, else 0.

    The trunk has the id of the neck as far down as the hips. Arms lie over it.

    Args:
        body: the person's measures.
        found: the limbs, if they are known already.
    """
    found = limbs(body) if found is None else found
    under = np.zeros(body.parse.shape, np.uint8)
    for limb in found:
        if limb.name.endswith("leg"):
            under[limb.box][limb.cover > 0.5] = ID[limb.name]
    width = body.shoulder_width
    edges: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for share in DEPTHS:
        depth = share * body.hip_depth
        centre, across = body.axis.at(depth), body.across(depth)
        for side, way in ((0, -1), (1, 1)):
            edges[side].append(centre + way * body.half_width(depth, side) * across)
    tops = [body.neck_side(side, 0.35) for side in (0, 1)]
    shoulders = [_shoulder(body, side) for side in (0, 1)]
    outline = [tops[0], shoulders[0], *edges[0], *edges[1][::-1], shoulders[1], tops[1]]
    cv2.fillPoly(under, [np.round(outline).astype(np.int32)], ID["neck"])
    nose = body.points[NOSE]
    if not np.isnan(nose).any():
        across = body.across(0) * THROAT * width
        throat = [nose - across, nose + across, body.neck + across, body.neck - across]
        cv2.fillPoly(under, [np.round(throat).astype(np.int32)], ID["neck"])
    for limb in found:
        if limb.name.endswith("arm"):
            under[limb.box][limb.cover > 0.5] = ID[limb.name]
    return under


def _shoulder(body: Body, side: int) -> np.ndarray:
    """The shoulder's edge, no further from its joint than an arm is thick: cloth stands off."""
    joint, edge = body.points[SHOULDERS[side]], body.shoulder(side)
    reach = max(float(np.linalg.norm(edge - joint)), 1e-6)
    return joint + min(1.0, ARM[0] * body.shoulder_width / reach) * (edge - joint)


def _limb(body: Body, name: str, joints: np.ndarray, girths: Girths) -> Limb | None:
    if np.isnan(joints).any():
        return None
    height, width = body.parse.shape
    places = PLACES[: 16 * (len(joints) - 1) + 1]
    usual = np.interp(places, *girths) * body.shoulder_width
    shift, half = _measured(body.parse, name, joints, places, usual)
    reach = float((half + np.abs(shift)).max()) + 3
    low = np.floor(joints.min(axis=0) - reach).astype(int)
    high = np.ceil(joints.max(axis=0) + reach).astype(int)
    left, top = max(0, low[0]), max(0, low[1])
    right, bottom = min(width, high[0]), min(height, high[1])
    if right - left < 2 or bottom - top < 2:
        return None
    y, x = np.mgrid[top:bottom, left:right].astype(np.float32)
    nearest = np.full(x.shape, np.inf, np.float32)
    away, along = np.zeros_like(nearest), np.zeros_like(nearest)
    beyond = np.zeros_like(nearest)
    for bone in range(len(joints) - 1):
        start, direction, length = _bone(joints, bone)
        share = ((x - start[0]) * direction[0] + (y - start[1]) * direction[1]) / length
        side = (x - start[0]) * direction[1] - (y - start[1]) * direction[0]
        place = np.clip(share, 0, 1)
        past = (share - place) * length
        distance = np.hypot(side, past)
        closer = distance < nearest
        nearest[closer], away[closer] = distance[closer], side[closer]
        along[closer], beyond[closer] = bone + place[closer], past[closer]
    here = np.interp(along, places, half).astype(np.float32)
    offset = away - np.interp(along, places, shift).astype(np.float32)
    # Round beyond the first and the last joint.
    radius = np.hypot(offset, beyond)
    cover = np.clip(here - radius + 0.5, 0, 1)
    across = np.clip(offset / np.maximum(here, 1), -1, 1)
    return Limb(name, (slice(top, bottom), slice(left, right)), across, along, cover)


def _bone(joints: np.ndarray, bone: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Where a bone starts, its direction and its length."""
    way = joints[bone + 1] - joints[bone]
    length = max(float(np.linalg.norm(way)), 1e-6)
    return joints[bone], way / length, length


def _measured(
    parse: np.ndarray, name: str, joints: np.ndarray, places: np.ndarray, usual: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How far a limb lies beside its bones, and half its thickness, at every place (pixels).

    Looked at along lines across the limb: a run of its own skin, or of clothes that it has to
    itself, between two stretches of ground.
    """
    clad = CLAD[name.split("_")[1]]
    shift, ratio = (np.full(len(places), np.nan) for _ in range(2))
    bounds = np.full((len(places), 2), np.nan)
    for i, place in enumerate(places):
        start, direction, length = _bone(joints, min(int(place), len(joints) - 2))
        centre = start + direction * length * (place - min(int(place), len(joints) - 2))
        normal = np.array([direction[1], -direction[0]])
        steps = np.arange(-2.0 * usual[i], 2.0 * usual[i] + 1)
        line = np.round(centre + steps[:, None] * normal).astype(int)
        size = np.array(parse.shape[::-1])
        inside = ((line >= 0) & (line < size)).all(axis=1)
        x, y = np.clip(line, 0, size - 1).T
        seen = np.where(inside, parse[y, x], 255)
        for ids in ([ID[name]], clad):
            own = np.logical_or.reduce([seen == known for known in ids])
            run = _run(own, seen == 0, steps)
            if run is None:
                continue
            middle, reach = (run[0] + run[1]) / 2, (run[1] - run[0]) / 2
            if ids is clad:
                bounds[i] = run
            elif reach > 0.4 * usual[i]:
                shift[i], ratio[i] = middle, reach / usual[i]
            break
    near_root = places < 0.4
    if not np.isnan(shift).all() and np.isnan(shift[near_root]).all():
        # What is seen of the calf says little of where the hip is.
        shift[0] = 0.0
    if name.endswith("arm"):
        # What is seen of an arm is hand and wrist for the most part.
        ratio[:] = 1.0
    ratio = np.clip(_filled(places, ratio, 1.0), THIN, THICK)
    shift, half = _filled(places, shift, 0.0), usual * ratio
    cloth = ~np.isnan(bounds).any(axis=1)
    room = (bounds[cloth, 1] - bounds[cloth, 0]) / 2
    half[cloth] = np.minimum(half[cloth], CLOTH * room)
    shift[cloth] = np.clip(shift[cloth], bounds[cloth, 0] + half[cloth],
                           bounds[cloth, 1] - half[cloth])  # fmt: skip
    return _smooth(shift), _smooth(half)


def _run(own: np.ndarray, ground: np.ndarray, steps: np.ndarray) -> tuple[float, float] | None:
    """Ends of the run of a limb's own nearest to the middle, if there is ground at both."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], own.astype(np.int8), [0]])))
    runs = [(first, last - 1) for first, last in edges.reshape(-1, 2) if last - first >= 3]
    if not runs:
        return None
    first, last = min(runs, key=lambda run: abs(steps[run[0]] + steps[run[1]]))
    if steps[first] > 0.5 * steps[-1] or steps[last] < 0.5 * steps[0]:
        return None
    if first == 0 or last == len(steps) - 1 or not (ground[first - 1] and ground[last + 1]):
        return None
    return float(steps[first]), float(steps[last])


def _filled(places: np.ndarray, values: np.ndarray, usual: float) -> np.ndarray:
    known = ~np.isnan(values)
    if not known.any():
        return np.full(len(places), usual)
    return np.interp(places, places[known], values[known])


def _smooth(values: np.ndarray) -> np.ndarray:
    for _ in range(4):
        around = np.pad(values, 1, mode="edge")
        values = (around[:-2] + 2 * around[1:-1] + around[2:]) / 4
    return values
