"""The human figure from the front: joints, and the outlines of torso, arms and legs.

Heights are in figure units: 0 is the top of the head, 906 the floor. `Person` holds the measures.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.interpolate import PchipInterpolator

from scripts.demo.curves import Points, along, smooth

MIDDLE = 384.0
FLOOR = 958.0


@dataclass(frozen=True)
class Person:
    """Who stands there: measures are half widths in pixels of the 768x1024 photo."""

    id: str
    skin: str
    build: str
    pose: str
    hair: str
    hair_colour: str
    top: str
    bottom: str
    sleeve: str = "short"
    legs: str = "long"
    shoulder: float = 84
    chest: float = 70
    waist: float = 55
    hip: float = 77
    limb: float = 1.0
    """Thickness of arms and legs."""
    head_y: float = 52
    """Top of the head; smaller is taller."""
    arms: tuple[float, float] = (0.24, 0.24)
    """Angle of the right and left upper arm from the body, radians."""
    fore: tuple[float, float] = (0.1, 0.1)
    """Angle of the forearms."""
    stance: tuple[float, float] = (0.05, 0.05)
    """Angle of the right and left leg."""
    shift: float = 0.0
    """How far the hips are moved to the left in the picture."""
    tilt: float = 0.0
    """Turn of the head, radians, to the right in the picture when positive."""
    bust: float = 0.0
    """Height of the bust's relief; 0 is a flat chest."""
    seed: int = 0

    @property
    def title(self) -> str:
        """What a list of people shows."""
        worn = {"long": "leggings", "straight": "trousers", "knee": "knee-length shorts"}
        return f"{self.build.capitalize()} build, {worn.get(self.legs, 'shorts')}"

    @property
    def unit(self) -> float:
        """Pixels in a figure unit."""
        return (FLOOR - self.head_y) / 906

    def y(self, at: float) -> float:
        """A height in pixels."""
        return self.head_y + at * self.unit

    def centre(self, y: float | np.ndarray) -> np.ndarray:
        """Middle of the trunk at heights in pixels: the spine bends where weight is on one leg."""
        share = np.clip((np.asarray(y) - self.y(270)) / (self.y(430) - self.y(270)), 0, 1)
        return MIDDLE - self.shift * share * share * (3 - 2 * share)

    def head(self, points: np.ndarray | list) -> np.ndarray:
        """Points of the head (x from its middle, y from its top, figure units) in pixels."""
        p = np.atleast_2d(np.asarray(points, float))
        x, y = p[:, 0], p[:, 1] - 128
        cos, sin = np.cos(self.tilt), np.sin(self.tilt)
        return np.stack([MIDDLE + (cos * x - sin * y) * self.unit,
                         self.y(128) + (sin * x + cos * y) * self.unit], 1)  # fmt: skip

    def half(self, y: float | np.ndarray) -> np.ndarray:
        """Half width of the trunk at heights in pixels, chest to hips."""
        knots = [self.y(v) for v in (200, 236, 264, 318, 344, 384, 436, 476, 520)]
        values = [0.98 * self.chest, self.chest, 0.975 * self.chest, 1.01 * self.waist,
                  1.0 * self.waist, 0.45 * self.waist + 0.55 * self.hip, self.hip,
                  0.985 * self.hip, 0.95 * self.hip]  # fmt: skip
        return PchipInterpolator(knots, values)(y)


@dataclass
class Skeleton:
    """Joints in pixels; side -1 is the person's right (left in the picture), +1 the left."""

    neck: np.ndarray
    nose: np.ndarray
    shoulder: dict[int, np.ndarray] = field(default_factory=dict)
    elbow: dict[int, np.ndarray] = field(default_factory=dict)
    wrist: dict[int, np.ndarray] = field(default_factory=dict)
    hip: dict[int, np.ndarray] = field(default_factory=dict)
    knee: dict[int, np.ndarray] = field(default_factory=dict)
    ankle: dict[int, np.ndarray] = field(default_factory=dict)
    eye: dict[int, np.ndarray] = field(default_factory=dict)
    ear: dict[int, np.ndarray] = field(default_factory=dict)

    def keypoints(self) -> list[list[float]]:
        """COCO-18 in OpenPose order."""
        r, lf = -1, 1
        order = [
            self.nose, self.neck, self.shoulder[r], self.elbow[r], self.wrist[r], self.shoulder[lf],
            self.elbow[lf], self.wrist[lf], self.hip[r], self.knee[r], self.ankle[r], self.hip[lf],
            self.knee[lf], self.ankle[lf], self.eye[r], self.eye[lf], self.ear[r], self.ear[lf],
        ]  # fmt: skip
        return [[round(float(x), 1), round(float(y), 1)] for x, y in order]


def skeleton(p: Person) -> Skeleton:
    """Where the joints are. The feet stand on the same floor for everyone."""
    u = p.unit
    sk = Skeleton(np.array([MIDDLE, p.y(166)]), p.head([(0, 79)])[0])
    for k, way in enumerate((-1, 1)):
        radius = 21 * p.limb
        sk.shoulder[way] = np.array(
            [MIDDLE + way * (p.shoulder - 0.86 * radius), p.y(166) + radius]
        )
        arm, fore = p.arms[k], p.fore[k]
        sk.elbow[way] = sk.shoulder[way] + 138 * u * np.array([way * np.sin(arm), np.cos(arm)])
        sk.wrist[way] = sk.elbow[way] + 122 * u * np.array([way * np.sin(fore), np.cos(fore)])
        hip_y = p.y(444)
        cx = float(p.centre(hip_y))
        sk.hip[way] = np.array([cx + way * 0.5 * p.hip, hip_y])
        leg = p.stance[k]
        knee_y, ankle_y = p.y(660), p.y(862)
        knee_x = cx + way * (0.46 * p.hip + np.tan(leg) * 90 * u)
        sk.knee[way] = np.array([knee_x, knee_y])
        sk.ankle[way] = np.array([knee_x + way * (np.tan(leg) * 150 * u - 4), ankle_y])
        sk.eye[way] = p.head([(way * 17.5, 62)])[0]
        sk.ear[way] = p.head([(way * 42, 66)])[0]
    return sk


def arm_outline(p: Person, sk: Skeleton, way: int, grow: float = 0.0, cover: float = 1.0,
                flare: float = 0.0) -> tuple[Points, Points]:  # fmt: skip
    """An arm with its hand, or a sleeve that covers a share of it; and the axis.

    `grow` widens it; `flare` widens the sleeve's end.
    """
    f = p.limb
    s, e, w = sk.shoulder[way], sk.elbow[way], sk.wrist[way]
    spine = along(smooth(np.array([s, s * 0.5 + e * 0.5 + (way * 2.0, 0), e, w])), 61)
    knots = np.array([0, 0.12, 0.3, 0.5, 0.62, 0.85, 1.0])
    halves = np.array([21, 21.5, 18.5, 15.2, 16.2, 11.6, 9.6]) * f
    count = max(8, round(60 * cover)) + 1
    axis = spine[:count]
    t = np.linspace(0, 1, 61)[:count]
    half = PchipInterpolator(knots, halves)(t) + grow + flare * (t / t[-1]) ** 2
    d = np.gradient(spine, axis=0)[:count]
    d /= np.linalg.norm(d, axis=1, keepdims=True)
    n = np.stack([d[:, 1], -d[:, 0]], 1) * way  # away from the body
    turn = np.linspace(0, np.pi, 14)[1:-1, None]
    cap = axis[0] + half[0] * (-np.cos(turn) * n[0] - np.sin(turn) * d[0])
    outer, inner = axis + n * half[:, None], axis - n * half[:, None]
    if cover < 1:
        end = np.array([axis[-1] + d[-1] * 2.5])
        return np.vstack([cap, outer, end, inner[::-1]]), axis
    g, u = 0.86 + 0.14 * f, p.unit
    dd, nn = d[-1], n[-1]
    at = lambda a, b: w + nn * a * g + dd * b * u  # noqa: E731
    hand = smooth(np.array([
        outer[-3], at(10.5, 8), at(13.5, 22), at(13.5, 38), at(11, 56), at(6, 72), at(0.5, 77),
        at(-4.5, 72), at(-8.0, 56), at(-10.5, 44), at(-12.0, 30), at(-11, 14), inner[-3],
    ]))  # fmt: skip
    return np.vstack([cap, outer[:-3], hand, inner[:-3][::-1]]), axis


def thumb_outline(p: Person, sk: Skeleton, way: int) -> Points:
    """The thumb, on the side of the body."""
    w, e = sk.wrist[way], sk.elbow[way]
    d = (w - e) / np.linalg.norm(w - e)
    n = np.array([d[1], -d[0]]) * way
    g, u = 0.86 + 0.14 * p.limb, p.unit
    at = lambda a, b: w + n * a * g + d * b * u  # noqa: E731
    return smooth(np.array([at(-6, 10), at(-14, 22), at(-18.5, 36), at(-18.5, 49), at(-15.5, 53),
                            at(-12.5, 46), at(-9, 36), at(-6, 10)]))  # fmt: skip


def leg_outline(p: Person, sk: Skeleton, way: int, grow: float = 0.0, straight: float = 0.0,
                top: float = 366.0) -> tuple[Points, Points]:  # fmt: skip
    """A leg with its half of the hips, and its axis; `straight` widens it below the knee."""
    f, u = p.limb, p.unit
    k, a = sk.knee[way], sk.ankle[way]
    ys = np.array([p.y(v) for v in np.linspace(top, 476, 7)])
    cx = float(p.centre(p.y(478)))
    flank = np.stack([p.centre(ys) + way * (p.half(ys) + grow), ys], 1)
    thigh_y, calf_y, shin_y = p.y(572), p.y(728), p.y(806)
    thigh_x = cx + way * 0.53 * p.hip + 0.4 * (k[0] - cx - way * 0.46 * p.hip)
    calf_x = k[0] + (a[0] - k[0]) * 0.33 + way * 1.5
    shin_x = k[0] + (a[0] - k[0]) * 0.72
    th = 0.40 * p.hip + 26.0 * (f - 1)
    full = max(0.0, p.hip - 80)
    kn, ca, sh, an = (v * f for v in (23.5 + 0.14 * full, 26.5 + 0.1 * full, 18.5, 14.5))
    g, st = grow, grow + straight
    low = p.y(876)
    outer = smooth(np.vstack([flank, [(thigh_x + way * (th + g), thigh_y),
                                      (k[0] + way * (kn + g + 0.85 * straight), k[1]),
                                      (calf_x + way * (ca + g + 0.5 * straight), calf_y),
                                      (shin_x + way * (sh + g + 0.8 * straight), shin_y),
                                      (a[0] + way * (an + st), a[1]), (a[0] + way * (an + st),
                                      low)]]))  # fmt: skip
    inner = smooth([(a[0] - way * (an - 1 + st), low), (a[0] - way * (an - 1 + st), a[1]),
                    (shin_x - way * (sh - 1 + g + 0.8 * straight), shin_y),
                    (calf_x - way * (ca - 4.5 + g + 0.5 * straight), calf_y),
                    (k[0] - way * (kn - 1 + g + 0.85 * straight), k[1]),
                    (thigh_x - way * (th - 1 + 0.5 * g), thigh_y),
                    (cx + way * 2.5, p.y(506)), (cx, p.y(484))])  # fmt: skip
    shape = np.vstack([[(float(p.centre(ys[0])), ys[0] - 2)], outer, inner])
    del u
    axis = smooth([(cx + way * 0.5 * p.hip, p.y(440)), (thigh_x, thigh_y), tuple(k),
                   (calf_x, calf_y), tuple(a)])  # fmt: skip
    return shape, axis


def mirrored(p: Person, right: Points) -> Points:
    """A closed outline from its right half; the left follows the bent spine."""
    left = right[::-1].copy()
    left[:, 0] = 2 * p.centre(left[:, 1]) - left[:, 0]
    return np.vstack([right, left])
