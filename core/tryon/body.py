"""Measures of a person that a garment is fitted to: the body's axis, widths, shoulders, limbs."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.tryon.outline import OUTWARD
from core.tryon.people import ANKLES, ELBOWS, HIPS, KNEES, NECK, SHOULDERS, WRISTS, Person
from core.vision.atr import ID

ARMS = [ID["left_arm"], ID["right_arm"]]
TRUNK = [ID[n] for n in ("upper_clothes", "skirt", "pants", "dress", "belt", "left_leg",
                         "right_leg", "neck", "scarf")]  # fmt: skip


SHIN = 0.9
"""Length of a forearm or a shin, as a share of the bone above it, where its end is not seen."""
CLOTHED = 0.95
"""Half width of a trunk below the chest, as a share of the clothes' that are seen on it."""


@dataclass(frozen=True)
class Path:
    """A polyline by arc length, such as an arm from shoulder to wrist."""

    points: np.ndarray

    @cached_property
    def lengths(self) -> np.ndarray:
        """Arc length at every point (pixels)."""
        steps = np.linalg.norm(np.diff(self.points, axis=0), axis=1)
        return np.concatenate([[0.0], np.cumsum(steps)])

    def at(self, length: float) -> np.ndarray:
        """The point at an arc length; before and beyond the ends the outer pieces run on."""
        if length < 0:
            return self.points[0] + length * self.direction(0.0)
        if length > self.lengths[-1]:
            return self.points[-1] + (length - self.lengths[-1]) * self.direction(length)
        return np.array([np.interp(length, self.lengths, self.points[:, i]) for i in (0, 1)])

    def start(self, point: np.ndarray) -> float:
        """Arc length of the place nearest to a point, below 0 where that is before the path."""
        before = float((point - self.points[0]) @ self.direction(0.0))
        if before < 0:
            return before
        lengths = np.linspace(0, self.lengths[-1], 200)
        places = np.stack([np.interp(lengths, self.lengths, self.points[:, i]) for i in (0, 1)], 1)
        return float(lengths[np.argmin(np.linalg.norm(places - point, axis=1))])

    def direction(self, length: float) -> np.ndarray:
        """Unit vector along the path, turning gradually around its corners."""
        window = 0.09 * self.lengths[-1]
        ends = np.clip([length - window, length + window], 0, self.lengths[-1])
        if ends[1] - ends[0] < 1e-6:
            ends = np.array([self.lengths[-1] - window, self.lengths[-1]])
        delta = np.array(
            [
                np.interp(ends[1], self.lengths, self.points[:, i])
                - np.interp(ends[0], self.lengths, self.points[:, i])
                for i in (0, 1)
            ]
        )
        return delta / max(float(np.linalg.norm(delta)), 1e-6)


class Body:
    """A person's measures. Depths run along the body's axis, 0 at the neck, in pixels."""

    def __init__(self, person: Person) -> None:
        self.parse = person.parse
        self.points = person.keypoints.astype(np.float64)
        self.neck = self.points[NECK]
        self.hip = self.points[list(HIPS)].mean(axis=0)
        self.shoulder_width = float(np.linalg.norm(self.points[2] - self.points[5]))
        self.trunk = np.isin(self.parse, TRUNK)
        self.figure = self.parse > 0
        down = [self.neck, self.hip]
        for pair in (KNEES, ANKLES):
            joint = self.points[list(pair)]
            if not np.isnan(joint).any():
                down.append(joint.mean(axis=0))
        if np.isnan(self.points[list(ANKLES)]).any():
            trunk = float(np.linalg.norm(self.hip - self.neck))
            leg = 2 * trunk if len(down) < 3 else SHIN * float(np.linalg.norm(down[2] - down[1]))
            down.append(down[-1] + np.array([0.0, leg]))
        self.axis = Path(np.array(down))
        self.hip_depth = float(self.axis.lengths[1])
        self.ankle_depth = float(self.axis.lengths[-1])

    def across(self, depth: float) -> np.ndarray:
        """Unit vector from the picture's left to its right, at right angles to the axis.

        Near the neck it follows the shoulders, near the hips the hips.
        """
        shoulders = self.points[5] - self.points[2]
        hips = self.points[11] - self.points[8]
        part = float(np.clip(depth / self.hip_depth, 0, 1))
        vector = (1 - part) * shoulders / np.linalg.norm(shoulders) + part * hips / max(
            np.linalg.norm(hips), 1e-6
        )
        if depth > self.hip_depth:
            # A long hem hangs level, whatever the hips do.
            vector = vector + np.array([(depth - self.hip_depth) / self.hip_depth, 0.0])
        return vector / np.linalg.norm(vector)

    def half_width(self, depth: float, side: int) -> float:
        """From the axis to the body's edge, arms left out, a little within the clothes (pixels)."""
        # Sleeves have the trunk's label, and skirts stand off from it: the width is capped.
        share = [0.5, 0.5, 0.74]
        wide = float(np.interp(depth / self.hip_depth, [0.0, 0.5, 1.0], share))
        limit = min(wide * self.shoulder_width, 0.37 * self.hip_depth)
        if depth > self.hip_depth:
            limit = max(limit, self._leg_reach(depth, side))
        centre = self.axis.at(depth)
        direction = self.across(depth) * OUTWARD[side]
        steps = np.arange(0.0, limit)
        on = self._inside(self.trunk, centre + steps[:, None] * direction)
        least = (0.36 if depth < self.hip_depth else 0.0) * self.shoulder_width
        if not on.any():
            return least
        if depth < self.hip_depth:
            gaps = np.flatnonzero(~on & (steps > least))
            ease = float(
                np.interp(depth / self.hip_depth, [0.3, 0.5, 0.8, 1], [1, CLOTHED, CLOTHED, 1])
            )
            return float(max(ease * (steps[gaps[0]] if len(gaps) else limit), least))
        return float(max(steps[np.flatnonzero(on)[-1]], least))

    def _leg_reach(self, depth: float, side: int) -> float:
        """From the axis to the outside of the leg on a side at a depth below the hips (pixels)."""
        leg = self.limb(side, legs=True)
        if leg is None:
            return 0.0
        part = (depth - self.hip_depth) / max(self.ankle_depth - self.hip_depth, 1e-6)
        place = leg.at(float(np.clip(part, 0, 1)) * float(leg.lengths[-1]))
        across = self.across(depth) * OUTWARD[side]
        return float((place - self.axis.at(depth)) @ across) + 0.2 * self.shoulder_width

    def shoulder(self, side: int) -> np.ndarray:
        """The outer top of the shoulder, on the skin or the base outfit."""
        joint = self.points[SHOULDERS[side]]
        direction = self.across(0) * OUTWARD[side] * 0.55 + np.array([0.0, -0.83])
        return self._exit(joint, direction, 0.26 * self.shoulder_width)

    def neck_side(self, side: int, fraction: float) -> np.ndarray:
        """The body's upper edge between neck and shoulder.

        Args:
            side: 0 or 1.
            fraction: 0 at the neck's middle, 1 at the shoulder.
        """
        shoulder = self.shoulder(side)
        level = self.neck + fraction * (shoulder - self.neck)
        level[1] = self.neck[1] + 0.1 * self.shoulder_width
        up = np.array([0.0, -1.0])
        blocked = np.isin(self.parse, [ID["face"], ID["hair"], ID["hat"], ID["background"]])
        steps = np.arange(0.0, 0.5 * self.shoulder_width)
        hits = self._inside(blocked, level + steps[:, None] * up, outside=True)
        height = float(steps[np.argmax(hits)]) if hits.any() else 0.0
        height = float(np.clip(height, 0.14 * self.shoulder_width, 0.36 * self.shoulder_width))
        return level + height * up

    def limb(self, side: int, legs: bool) -> Path | None:
        """Joints of an arm (shoulder, elbow, wrist) or a leg (hip, knee, ankle), or None."""
        names = (HIPS, KNEES, ANKLES) if legs else (SHOULDERS, ELBOWS, WRISTS)
        joints = np.array([self.points[pair[side]] for pair in names])
        seen = ~np.isnan(joints).any(axis=1)
        if not seen[1]:
            return None
        if not seen[2]:
            joints[2] = joints[1] + SHIN * (joints[1] - joints[0])
        return Path(joints)

    def bare_arm(self, side: int) -> bool:
        """Whether skin is seen in the middle of an upper arm."""
        arm = self.limb(side, legs=False)
        if arm is None:
            return False
        middle = (arm.points[0] + arm.points[1]) / 2
        return bool(self._inside(np.isin(self.parse, ARMS), middle[None])[0])

    def limb_reach(self, centre: np.ndarray, normal: np.ndarray, legs: bool) -> tuple[float, float]:
        """From a point of an arm or leg to its edge along a normal, and against it (pixels).

        Where a limb touches the trunk or the other leg it is taken to be symmetrical.
        """
        limit = (0.36 if legs else 0.24) * self.shoulder_width
        steps = np.arange(0.0, limit)
        reach = []
        for sign in (1, -1):
            on = self._inside(self.figure, centre + sign * steps[:, None] * normal)
            gaps = np.flatnonzero(~on)
            reach.append(float(steps[gaps[0]]) if len(gaps) else np.inf)
        usual = (0.2 if legs else 0.13) * self.shoulder_width
        known = [value for value in reach if np.isfinite(value)]
        spare = max(min(known), 0.6 * usual) if known else usual
        outer, inner = (value if np.isfinite(value) else spare for value in reach)
        return outer, inner

    def lower_top(self) -> float | None:
        """Depth at which the trousers or skirt worn are seen to begin; None where none are."""
        worn = np.isin(self.parse, [ID["pants"], ID["skirt"], ID["belt"]])
        half = round(0.25 * self.shoulder_width)
        x = int(np.clip(round(self.hip[0]), 0, worn.shape[1] - 1))
        columns = worn[:, max(0, x - half) : x + half + 1]
        seen = columns.any(axis=0)
        if seen.mean() < 0.5:
            return None
        top = float(np.median(columns.argmax(axis=0)[seen]))
        return (top - self.neck[1]) * self.hip_depth / max(self.hip[1] - self.neck[1], 1.0)

    def crotch(self) -> np.ndarray:
        """Where the legs part: the top of the gap between them, or a usual place below the hips."""
        hips = self.points[list(HIPS)]
        knee = self.points[list(KNEES)]
        thigh = (
            float(np.linalg.norm(np.nanmean(knee, axis=0) - self.hip))
            if not np.isnan(knee).all()
            else float(np.linalg.norm(self.hip - self.neck)) * 0.8
        )
        usual = self.hip + np.array([0.0, 0.2 * thigh])
        x = int(np.clip(round(self.hip[0]), 0, self.parse.shape[1] - 1))
        low = int(self.hip[1] + 0.55 * thigh)
        columns = np.arange(x - 6, x + 7).clip(0, self.parse.shape[1] - 1)
        rows = np.arange(int(self.hip[1]), min(low, self.parse.shape[0]))
        gap = (~self.trunk[rows][:, columns]).any(axis=1)
        if gap.any():
            row = float(rows[np.argmax(gap)])
            usual[1] = np.clip(row, hips[:, 1].mean() + 0.1 * thigh, self.hip[1] + 0.32 * thigh)
        return usual

    def _exit(self, start: np.ndarray, direction: np.ndarray, limit: float) -> np.ndarray:
        direction = direction / np.linalg.norm(direction)
        steps = np.arange(0.0, limit)
        on = self._inside(self.figure, start + steps[:, None] * direction)
        gaps = np.flatnonzero(~on)
        return start + (steps[gaps[0]] if len(gaps) else 0.6 * limit) * direction

    @staticmethod
    def _inside(mask: np.ndarray, points: np.ndarray, outside: bool = False) -> np.ndarray:
        cells = np.round(points).astype(int)
        height, width = mask.shape
        valid = (
            (cells[:, 0] >= 0) & (cells[:, 0] < width) & (cells[:, 1] >= 0) & (cells[:, 1] < height)
        )
        result = np.full(len(points), outside)
        result[valid] = mask[cells[valid, 1], cells[valid, 0]]
        return result
