"""Where the body itself lies under the clothes: limbs as tapering tubes around the joints.

Thicknesses are shares of the shoulder width, as seen from the front in the demo models, whose
bodies are known.
"""

from itertools import pairwise

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


def flesh(body: Body) -> np.ndarray:
    """(height, width) uint8: ATR ids of arms, legs and neck where the body lies, else 0.

    The trunk has the id of the neck as far down as the hips. Arms lie over it.
    """
    found = np.zeros(body.parse.shape, np.uint8)
    width = body.shoulder_width
    for name, joints, side, thickness in LIMBS[:2]:
        _tube(found, body.points[[pair[side] for pair in joints]], thickness, width, ID[name])
    edges: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for share in DEPTHS:
        depth = share * body.hip_depth
        centre, across = body.axis.at(depth), body.across(depth)
        for side, way in ((0, -1), (1, 1)):
            edges[side].append(centre + way * body.half_width(depth, side) * across)
    tops = [body.neck_side(side, 0.35) for side in (0, 1)]
    shoulders = [body.shoulder(side) for side in (0, 1)]
    outline = [tops[0], shoulders[0], *edges[0], *edges[1][::-1], shoulders[1], tops[1]]
    cv2.fillPoly(found, [np.round(outline).astype(np.int32)], ID["neck"])
    nose = body.points[NOSE]
    if not np.isnan(nose).any():
        across = body.across(0) * THROAT * width
        throat = [nose - across, nose + across, body.neck + across, body.neck - across]
        cv2.fillPoly(found, [np.round(throat).astype(np.int32)], ID["neck"])
    for name, joints, side, thickness in LIMBS[2:]:
        _tube(found, body.points[[pair[side] for pair in joints]], thickness, width, ID[name])
    return found


def _tube(
    found: np.ndarray,
    joints: np.ndarray,
    thickness: Girths,
    width: float,
    part: int,
) -> None:
    """Draw a limb as far as its joints are seen."""
    places = []
    for at, half in zip(*thickness, strict=True):
        bone = min(int(at), len(joints) - 2)
        # At a joint only that joint need be seen.
        way = at - bone
        ends = [(joints[bone], 1 - way), (joints[bone + 1], way)]
        places.append((sum(point * share for point, share in ends if share > 0), half))
    for (start, first), (end, last) in pairwise(places):
        if np.isnan(start).any() or np.isnan(end).any():
            return
        along = (end - start) / max(float(np.linalg.norm(end - start)), 1e-6)
        across = np.array([-along[1], along[0]]) * width
        sides = [start + first * across, end + last * across, end - last * across,
                 start - first * across]  # fmt: skip
        cv2.fillPoly(found, [np.round(sides).astype(np.int32)], part)
        for place, half in ((start, first), (end, last)):
            centre = (round(float(place[0])), round(float(place[1])))
            cv2.circle(found, centre, max(1, round(half * width)), part, -1)
