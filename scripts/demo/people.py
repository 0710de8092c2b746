"""Rendered people in a plain base outfit, with their exact parse map and keypoints."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from scripts.demo.canvas import Canvas, Fabric, Fold, Layer, finish
from scripts.demo.curves import Points, along, smooth
from scripts.demo.fabrics import cloth
from scripts.demo.palette import rgb
from scripts.demo.pieces import circle, cross_folds, drag_folds, flat, line

WIDTH, HEIGHT = 768, 1024
BACKGROUND, HAIR, UPPER, PANTS = 0, 2, 4, 6
LEFT_SHOE, RIGHT_SHOE, HEAD, LEFT_LEG, RIGHT_LEG, LEFT_ARM, RIGHT_ARM, NECK = (
    9, 10, 11, 12, 13, 14, 15, 18,
)  # fmt: skip

SKIN = {
    "porcelain": "#f0d2c0", "fair": "#e9c0a4", "light": "#dcae8d", "tan": "#c4926c",
    "olive": "#b98d66", "brown": "#96643f", "deep": "#6f452c", "ebony": "#4d2f21",
}  # fmt: skip


@dataclass(frozen=True)
class Person:
    """Who stands there: measures are half widths and heights in pixels of the 768x1024 photo."""

    id: str
    title: str
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
    stance: tuple[float, float] = (0.055, 0.055)
    """Angle of the right and left leg."""
    shift: float = 0.0
    """How far the hips are moved to the left in the picture."""
    seed: int = 0


PEOPLE = (
    Person("amara", "Amara", "deep", "slender", "straight", "afro", "#1c1614", "#e9e6df", "#2b2e35",
           "sleeveless", "long", seed=1),
    Person("jonas", "Jonas", "fair", "athletic", "straight", "short", "#7a5636", "#c9ccd0", "#33404f",
           "short", "long", 101, 85, 72, 77, 1.16, 40, (0.2, 0.2), (0.08, 0.08), (0.07, 0.07), seed=2),
    Person("mei", "Mei", "light", "petite", "weight on one leg", "bob", "#1d1a1c", "#d8d3ca", "#3a3d42",
           "short", "long", 78, 65, 52, 72, 0.94, 74, (0.26, 0.3), (0.12, 0.16), (0.03, 0.1), 7, seed=3),
    Person("sofia", "Sofia", "olive", "curvy", "arms relaxed", "long", "#3a2519", "#e5ded2", "#2f3136",
           "short", "long", 86, 78, 66, 92, 1.14, 58, (0.3, 0.26), (0.16, 0.12), (0.05, 0.06), seed=4),
    Person("kwame", "Kwame", "ebony", "broad", "straight", "buzz", "#15110f", "#dfdcd5", "#4a4e55",
           "short", "long", 106, 92, 80, 82, 1.22, 36, (0.22, 0.22), (0.06, 0.08), (0.08, 0.08), seed=5),
    Person("ingrid", "Ingrid", "porcelain", "tall", "arms relaxed", "bun", "#c7a36c", "#cfd4d6", "#23262b",
           "long", "long", 83, 68, 54, 75, 0.98, 34, (0.24, 0.3), (0.1, 0.18), (0.05, 0.07), -5, seed=6),
    Person("priya", "Priya", "tan", "slender", "weight on one leg", "long", "#1b1514", "#e8e1d6", "#34363c",
           "short", "knee", 80, 67, 54, 76, 0.98, 62, (0.28, 0.24), (0.14, 0.1), (0.1, 0.03), -7, seed=7),
    Person("diego", "Diego", "tan", "slim", "arms relaxed", "short", "#241a15", "#d4d0c7", "#2a2f3a",
           "long", "long", 95, 78, 66, 72, 1.06, 44, (0.24, 0.2), (0.12, 0.1), (0.06, 0.08), seed=8),
    Person("nadia", "Nadia", "brown", "athletic", "straight", "ponytail", "#241a16", "#dedad2", "#30343b",
           "sleeveless", "short", 87, 72, 57, 78, 1.04, 54, (0.26, 0.26), (0.12, 0.12), (0.06, 0.06), seed=9),
    Person("claire", "Claire", "fair", "full-figured", "arms relaxed", "bob", "#8a4f2d", "#d9d6cf", "#2c2d33",
           "short", "long", 92, 88, 80, 103, 1.26, 60, (0.32, 0.32), (0.18, 0.16), (0.05, 0.05), seed=10),
    Person("hiro", "Hiro", "light", "lean", "weight on one leg", "short", "#17151a", "#d7d9da", "#3b3f46",
           "short", "knee", 95, 79, 68, 74, 1.06, 48, (0.22, 0.26), (0.08, 0.14), (0.04, 0.1), 6, seed=11),
    Person("ruth", "Ruth", "porcelain", "mature", "straight", "short", "#b9b7b4", "#e0dcd4", "#3a3b40",
           "long", "long", 84, 74, 64, 82, 1.04, 64, (0.26, 0.26), (0.12, 0.12), (0.05, 0.05), seed=12),
)  # fmt: skip


@dataclass
class Skeleton:
    """Joints in pixels; `side` -1 is the person's right (left in the picture), +1 the left."""

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
    floor = 958.0
    unit = (floor - p.head_y) / 906
    mid = 384.0
    at = lambda y: p.head_y + y * unit  # noqa: E731
    sk = Skeleton(np.array([mid, at(160)]), np.array([mid, at(74)]))
    for k, way in enumerate((-1, 1)):
        sk.shoulder[way] = np.array([mid + way * (p.shoulder - 8), at(166)])
        arm, fore = p.arms[k], p.fore[k]
        sk.elbow[way] = sk.shoulder[way] + 146 * unit * np.array([way * np.sin(arm), np.cos(arm)])
        sk.wrist[way] = sk.elbow[way] + 128 * unit * np.array([way * np.sin(fore), np.cos(fore)])
        sk.hip[way] = np.array([mid - p.shift + way * 0.52 * p.hip, at(436)])
        leg = p.stance[k]
        start = sk.hip[way] - (way * 0.06 * p.hip, 0)
        sk.knee[way] = start + 218 * unit * np.array([way * np.sin(leg) * 0.6, np.cos(leg)])
        ankle_y = at(868)
        reach = (ankle_y - sk.knee[way][1]) * np.tan(leg) * 0.7
        sk.ankle[way] = np.array([sk.knee[way][0] + way * reach, ankle_y])
        sk.eye[way] = np.array([mid + way * 17.5, at(60)])
        sk.ear[way] = np.array([mid + way * 41.5, at(68)])
    return sk


def limb(spine: Points, halves: list[float], steps: int = 40) -> Points:
    """An outline around a spine with half widths at even steps along it."""
    spots = along(smooth(spine), steps)
    tangent = np.gradient(spots, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    normal = np.stack([tangent[:, 1], -tangent[:, 0]], 1)
    wide = smooth(np.stack([np.linspace(0, 1, len(halves)), halves], 1), 30)
    w = np.interp(np.linspace(0, 1, steps), wide[:, 0], wide[:, 1])[:, None]
    return np.vstack([spots + normal * w, (spots - normal * w)[::-1]])


def render_person(p: Person, scale: int = 2) -> tuple[np.ndarray, np.ndarray, list[list[float]]]:
    """Photo (1024, 768, 3) uint8, parse map (1024, 768) uint8 of ATR ids, COCO-18 keypoints."""
    canvas = Canvas(WIDTH, HEIGHT, scale)
    sk = skeleton(p)
    artist = _Artist(p, sk, canvas)
    artist.paint()
    photo = finish(canvas, (0.935, 0.932, 0.926))
    parse = cv2.resize(canvas.labels, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST_EXACT)
    return photo, parse, sk.keypoints()


class _Artist:
    def __init__(self, p: Person, sk: Skeleton, canvas: Canvas):
        self.p, self.sk, self.canvas = p, sk, canvas
        self.unit = (958.0 - p.head_y) / 906
        tone = np.array(rgb(SKIN[p.skin]))
        self.tone = tone
        self.skin = Fabric(flat(tone).colour, gloss=0.07, sheen=0.85)
        s = canvas.scale
        self.knit = cloth(np.array(rgb(p.top)), "jersey", s, p.seed)
        self.leg_cloth = cloth(np.array(rgb(p.bottom)), "jersey", s, p.seed + 50)
        self.rng = np.random.default_rng([p.seed, 7])

    def y(self, at: float) -> float:
        return self.p.head_y + at * self.unit

    def put(self, shape: Points, fabric: Fabric, label: int, folds: list[Fold] | None = None,
            **how: float) -> None:  # fmt: skip
        settings = {"round": 30.0, "puff": 14.0, "shadow": 0.2, **how}
        self.canvas.paint(Layer(shape, fabric, folds or [], label=label, seed=self.p.seed,
                                **settings))  # type: ignore[arg-type]  # fmt: skip

    def paint(self) -> None:
        self._hair_behind()
        for way in (-1, 1):
            self._leg(way)
        self._pelvis()
        for way in (-1, 1):
            self._arm(way)
        self._neck()
        self._top()
        self._head()

    def _leg(self, way: int) -> None:
        p, sk = self.p, self.sk
        f = p.limb
        start = np.array([sk.hip[way][0], self.y(440)])
        spine = np.array([start, sk.knee[way], sk.ankle[way]])
        thigh = 0.5 * p.hip + 3
        halves = [thigh, thigh * 0.93, 33 * f, 26 * f, 27.5 * f, 24 * f, 16.5 * f, 13.5 * f]
        label = LEFT_LEG if way == 1 else RIGHT_LEG
        shape = limb(spine, halves)
        self._shoe(way, below=True)
        self.put(shape, self.skin, label, round=26, puff=16)
        knee = sk.knee[way]
        self.canvas.darken(line((knee[0] - 11, knee[1] + 5), (knee[0], knee[1] + 10),
                                (knee[0] + 11, knee[1] + 5)), 5, 0.1, shape)  # fmt: skip
        cover = {"long": 0.985, "knee": 0.56, "short": 0.24}[p.legs]
        wide = [
            h + 2.5 + (2.5 if p.legs == "long" else 4.0) * (k / 7) for k, h in enumerate(halves)
        ]
        whole = along(smooth(spine), 81)
        end = whole[: int(80 * cover) + 1]
        share = np.interp(np.linspace(0, cover, 8), np.linspace(0, 1, 8), wide)
        folds = cross_folds(self.rng, end, 26, (0.5, 0.7), 4 if p.legs == "long" else 0, 1.3)
        if p.legs == "long":
            folds += cross_folds(self.rng, end, 17, (0.86, 0.99), 4, 1.4)
        self._shoe(way, below=False)
        self.put(limb(end, list(share)), self.leg_cloth, PANTS, folds, round=26, puff=16, drape=1.0)

    def _shoe(self, way: int, below: bool) -> None:
        if below:
            return
        ankle = self.sk.ankle[way]
        f = self.p.limb
        x, y = ankle[0] + way * 3, ankle[1]
        shape = smooth(np.array([
            (x - 13 * f, y + 2), (x - 18 * f, y + 34), (x - 19 * f, y + 58), (x - 8, y + 69),
            (x + way * 3 + 6, y + 70), (x + way * 5 + 17 * f, y + 60), (x + 17 * f, y + 34),
            (x + 13 * f, y + 2), (x, y - 2), (x - 13 * f, y + 2),
        ]))  # fmt: skip
        label = LEFT_SHOE if way == 1 else RIGHT_SHOE
        leather = cloth(np.array((0.93, 0.925, 0.91)), "cotton", self.canvas.scale, 3)
        self.put(shape, leather, label, round=12, puff=8)
        self.canvas.darken(line((x - 18 * f, y + 56), (x + way * 3, y + 64), (x + 18 * f, y + 56)), 1.6,
                           0.22, shape)  # fmt: skip
        for k in range(3):
            lace = line((x - 8, y + 18 + 9 * k), (x, y + 16 + 9 * k), (x + 8, y + 18 + 9 * k))
            self.canvas.darken(lace, 1.6, 0.2, shape)

    def _pelvis(self) -> None:
        p, mid = self.p, 384.0 - self.p.shift
        w, h = p.waist + 3, p.hip + 3
        right = smooth([(mid + 0.5 * p.shift + w, self.y(330)), (mid + 0.9 * h, self.y(390)),
                        (mid + h, self.y(438)), (mid + h - 4, self.y(486))])  # fmt: skip
        left = right[::-1].copy()
        left[:, 0] = 2 * mid - left[:, 0]
        left[:, 0] += p.shift * 0.5 * np.clip((self.y(400) - left[:, 1]) / 60, 0, 1)
        fork = smooth([(mid + h - 4, self.y(486)), (mid + 0.45 * h, self.y(486)), (mid, self.y(470)),
                       (mid - 0.45 * h, self.y(486)), (mid - h + 4, self.y(486))])  # fmt: skip
        folds: list[Fold] = []
        for way in (-1, 1):
            folds += drag_folds(self.rng, (mid + way * 6, self.y(462)), (mid + way * 56, self.y(446)), 2,
                                1.4, 18)  # fmt: skip
        shape = np.vstack([right, fork, left])
        self.canvas.paint(Layer(shape, self.leg_cloth, folds, 0.8, round=30, puff=10, shadow=0.0,
                                label=PANTS, seed=p.seed))  # fmt: skip
        self.canvas.darken(line((mid, self.y(440)), (mid, self.y(474))), 2, 0.3)
        self.canvas.darken(line((mid, self.y(468)), (mid, self.y(520))), 9, 0.25)

    def _arm_halves(self) -> list[float]:
        f = self.p.limb
        return [22 * f, 23 * f, 20.5 * f, 18 * f, 17.5 * f, 16.5 * f, 13 * f, 10.5 * f]

    def _arm(self, way: int) -> None:
        sk, f = self.sk, self.p.limb
        s, e, w = sk.shoulder[way], sk.elbow[way], sk.wrist[way]
        label = LEFT_ARM if way == 1 else RIGHT_ARM
        d = (w - e) / np.linalg.norm(w - e)
        n = np.array([d[1], -d[0]]) * way  # away from the body
        g = 0.92 + 0.1 * f
        palm = smooth(np.array([
            w + n * 10.5 * f - d * 8, w + n * 14 * g + d * 18, w + n * 13 * g + d * 40,
            w + n * 6 * g + d * 66, w - n * 2 * g + d * 73, w - n * 9 * g + d * 62, w - n * 12 * g + d * 40,
            w - n * 12 * g + d * 16, w - n * 10.5 * f - d * 8,
        ]))  # fmt: skip
        thumb = limb(np.array([w - n * 9 + d * 12, w - n * 17 * g + d * 30, w - n * 15 * g + d * 48]),
                     [6.5 * g, 6.2 * g, 3.5 * g], 16)  # fmt: skip
        self.put(thumb, self.skin, label, round=6, puff=4, shadow=0.1)
        self.put(palm, self.skin, label, round=13, puff=7, shadow=0.14)
        for k in (-0.45, 0.0, 0.45):
            a, b = w + n * (1 + 18 * k) * g + d * 42, w + n * (-1 + 12 * k) * g + d * 66
            self.canvas.darken(line(tuple(a), tuple(b)), 1.5, 0.22, palm)
        spine = np.array([s + (0, 2), e, w])
        halves = self._arm_halves()
        self.put(limb(spine, halves), self.skin, label, round=19, puff=11, shadow=0.12)

    def _sleeves(self) -> None:
        p, sk = self.p, self.sk
        cover = {"sleeveless": 0.0, "short": 0.36, "long": 0.985}[p.sleeve]
        if not cover:
            return
        for way in (-1, 1):
            spine = along(smooth(np.array([sk.shoulder[way] + (-way * 4, -4), sk.elbow[way],
                                           sk.wrist[way]])), 81)[: int(80 * cover) + 1]  # fmt: skip
            base = self._arm_halves()
            halves = np.interp(np.linspace(0, cover, 6), np.linspace(0, 1, 8), base) + 3.2
            halves[0] += 1
            if p.sleeve == "short":
                halves[-1] += 3.5
            folds = cross_folds(
                self.rng, spine, 18, (0.25, 0.95), 9 if p.sleeve == "long" else 2, 1.5
            )
            self.put(
                limb(spine, list(halves)), self.knit, UPPER, folds, round=20, puff=11, drape=0.8
            )
            tip = spine[-1]
            d = (spine[-1] - spine[-6]) / np.linalg.norm(spine[-1] - spine[-6])
            n = np.array([d[1], -d[0]])
            edge = np.array([tip + n * halves[-1] - d * 7, tip - n * halves[-1] - d * 7])
            self.canvas.darken(edge, 1.2, 0.22)

    def _neck(self) -> None:
        p, mid = self.p, 384.0
        wide = 24 * (0.75 + 0.25 * p.limb) + 0.05 * p.shoulder
        half = smooth([(mid + wide - 4, self.y(92)), (mid + wide - 4, self.y(128)),
                       (mid + wide + 8, self.y(148)), (mid + 0.72 * p.shoulder, self.y(160)),
                       (mid + p.shoulder - 8, self.y(172))])  # fmt: skip
        base = smooth([(mid + p.shoulder - 14, self.y(178)), (mid + 0.5 * p.shoulder, self.y(226)),
                       (mid, self.y(240))])  # fmt: skip
        right = np.vstack([half, base])
        left = right[::-1].copy()
        left[:, 0] = 2 * mid - left[:, 0]
        shape = np.vstack([right, left])
        folds = [Fold(line((mid + way * 16, self.y(110)), (mid + way * 10, self.y(150)),
                           (mid + way * 5, self.y(166))), 5, 2.0, (0.4, 0.5)) for way in (-1, 1)]  # fmt: skip
        folds += [Fold(line((mid + way * 8, self.y(170)), (mid + way * 34, self.y(166)),
                            (mid + way * 62, self.y(160))), 5, 2.2, (0.4, 0.6)) for way in (-1, 1)]  # fmt: skip
        self.put(shape, self.skin, NECK, folds, round=22, puff=10, shadow=0)

    def _top(self) -> None:
        p, sk, mid = self.p, self.sk, 384.0
        sleeveless = p.sleeve == "sleeveless"
        out = p.shoulder - (22 if sleeveless else 3)
        neck = 44 if sleeveless else 38
        drop = 222 if sleeveless else 192
        front = smooth([(mid, self.y(drop)), (mid + 0.55 * neck, self.y(drop - 8)),
                        (mid + neck, self.y(156))])  # fmt: skip
        shoulder = smooth(
            [(mid + neck, self.y(154)), (mid + out, self.y(162 if sleeveless else 164))]
        )
        arm = smooth([(mid + out, self.y(163)), (mid + out - 5, self.y(196)),
                      (mid + p.chest - 2, self.y(232)), (mid + p.chest + 4, self.y(244))])  # fmt: skip
        flank = smooth([(mid + p.chest + 4, self.y(244)), (mid + p.waist + 5, self.y(336)),
                        (mid - 0.6 * p.shift + p.waist + 8, self.y(366)),
                        (mid - p.shift + 0.92 * p.hip + 7, self.y(408))])  # fmt: skip
        right = np.vstack([front, shoulder, arm, flank])
        mirrored = right[::-1].copy()
        mirrored[:, 0] = 2 * mid - mirrored[:, 0]
        lean = np.clip((mirrored[:, 1] - self.y(300)) / (self.y(408) - self.y(300)), 0, 1)
        mirrored[:, 0] -= 2 * p.shift * lean
        floor = smooth([right[-1], (mid - p.shift, self.y(416)), mirrored[0]])
        shape = np.vstack([right, floor[1:-1], mirrored])
        folds: list[Fold] = []
        for way in (-1, 1):
            under = (mid + way * (p.chest - 2), self.y(238))
            folds += drag_folds(self.rng, under, (mid + way * 26, self.y(262)), 3, 1.6, 22)
            hip = (mid - p.shift + way * (p.hip - 6), self.y(398))
            folds += drag_folds(self.rng, hip, (mid + way * 18, self.y(350)), 3, 1.4, 18)
        if (
            p.build in ("slender", "petite", "curvy", "tall", "full-figured", "mature")
            or p.id == "nadia"
        ):
            for way in (-1, 1):
                bust = line((mid + way * 14, self.y(262)), (mid + way * 36, self.y(270)),
                            (mid + way * 58, self.y(254)))  # fmt: skip
                folds.append(Fold(bust - (0, 16), 20, 5.5 * p.limb, (0.5, 0.5)))
        self._sleeves()
        self.put(shape, self.knit, UPPER, folds, round=34, puff=14, drape=1.3, shadow=0.24)
        edge = np.vstack([front[::-1], front * (-1, 1) + (2 * mid, 0)])
        self.canvas.darken(edge + (0, 7), 1.2, 0.2, shape)
        hem = np.vstack([[right[-1]], floor[1:-1], [mirrored[0]]]) - (0, 8)
        self.canvas.darken(hem, 1.2, 0.2)
        if not sleeveless:
            for way in (-1, 1):
                seam = arm if way == 1 else np.stack([2 * mid - arm[:, 0], arm[:, 1]], 1)
                self.canvas.darken(seam, 1.4, 0.18)
        del sk

    def _face_outline(self) -> Points:
        mid, p = 384.0, self.p
        jaw = 1.0 + 0.05 * (p.limb > 1.1)
        half = smooth([(mid, self.y(0)), (mid + 27, self.y(7)), (mid + 40, self.y(32)),
                       (mid + 41, self.y(62)), (mid + 36 * jaw, self.y(90)), (mid + 21 * jaw, self.y(112)),
                       (mid + 9 * jaw, self.y(121)), (mid, self.y(122))])  # fmt: skip
        left = half[::-1].copy()
        left[:, 0] = 2 * mid - left[:, 0]
        return np.vstack([half, left[1:-1]])

    def _head(self) -> None:
        mid, c = 384.0, self.canvas
        for way in (-1, 1):
            x = mid + way * 41.5
            ear = smooth(np.array([(x - way * 4, self.y(54)), (x + way * 4, self.y(53)),
                                   (x + way * 6.5, self.y(62)), (x + way * 3, self.y(76)),
                                   (x - way * 3, self.y(80)), (x - way * 4, self.y(54))]))  # fmt: skip
            self.put(ear, self.skin, HEAD, round=5, puff=2.5, shadow=0.1)
        face = self._face_outline()
        folds = [
            Fold(line((mid, self.y(52)), (mid, self.y(78))), 5, 3.0, (0.7, 0.2)),
            Fold(line((mid - 3, self.y(82)), (mid + 3, self.y(82))), 6, 2.2, (0, 0)),
            Fold(line((mid - 8, self.y(100)), (mid + 8, self.y(100))), 7, 1.6, (0.3, 0.3)),
            Fold(line((mid - 7, self.y(114)), (mid + 7, self.y(114))), 7, 1.6, (0.3, 0.3)),
        ]  # fmt: skip
        for way in (-1, 1):
            folds.append(Fold(line((mid + way * 9, self.y(60)), (mid + way * 26, self.y(60))), 7, -2.6,
                              (0.3, 0.3)))  # fmt: skip
            folds.append(Fold(line((mid + way * 24, self.y(76)), (mid + way * 33, self.y(70))), 9, 2.0,
                              (0.3, 0.3)))  # fmt: skip
        self.put(face, self.skin, HEAD, folds, round=34, puff=15, shadow=0.42)
        dark = 0.45
        for way in (-1, 1):
            x = mid + way * 17.5
            brow = line(
                (x - way * 9, self.y(50)), (x + way * 2, self.y(46.5)), (x + way * 11, self.y(49.5))
            )
            c.darken(brow, 3.2, 0.42)
            lid = line(
                (x - way * 8.5, self.y(61.5)),
                (x - way * 1, self.y(57.5)),
                (x + way * 9, self.y(60.5)),
            )
            c.darken(lid, 2.4, 0.75)
            iris = circle(x, self.y(61), 3.6, 3.4)
            c.paint(
                Layer(iris, flat((0.16, 0.11, 0.09)), round=2, puff=0.3, shadow=0.1, label=HEAD)
            )
            c.darken(line((x - 7, self.y(65)), (x, self.y(66.3)), (x + 7, self.y(65))), 1.4, 0.2)
        c.darken(
            line((mid - 6, self.y(85.5)), (mid, self.y(87)), (mid + 6, self.y(85.5))), 2.4, 0.3
        )
        mouth = line((mid - 11, self.y(99)), (mid - 4, self.y(98.2)), (mid, self.y(99.2)),
                     (mid + 4, self.y(98.2)), (mid + 11, self.y(99)))  # fmt: skip
        lips = np.vstack([
            line((mid - 11, self.y(99)), (mid - 3.5, self.y(95.4)), (mid, self.y(96.4)),
                 (mid + 3.5, self.y(95.4)), (mid + 11, self.y(99))),
            line((mid + 11, self.y(99)), (mid, self.y(105)), (mid - 11, self.y(99))),
        ])  # fmt: skip
        rose = self.tone * 0.72 + np.array((0.70, 0.30, 0.30)) * 0.22
        c.paint(Layer(lips, Fabric(flat(rose).colour, gloss=0.08), round=4, puff=1.4, shadow=0.0,
                      label=HEAD))  # fmt: skip
        c.darken(mouth, 1.5, dark)
        self._hair_front()

    def _hair_cloth(self) -> Fabric:
        s = self.canvas.scale
        tile = cloth(np.array(rgb(self.p.hair_colour)), "satin", s, self.p.seed)
        rng = np.random.default_rng([self.p.seed, 17])
        from scripts.demo.fabrics import TILE, noise

        strands = 1 + 0.10 * noise(rng, TILE * s, 0.8 * s, 14 * s)
        return Fabric(
            np.clip(tile.colour * strands[..., None], 0, 1).astype(np.float32), None, 0.12, 1.2
        )

    def _hair_behind(self) -> None:
        mid, style, y = 384.0, self.p.hair, self.y
        hair = self._hair_cloth()
        shapes = {
            "long": [(mid - 48, y(40)), (mid - 60, y(110)), (mid - 66, y(190)), (mid - 52, y(248)),
                     (mid, y(238)), (mid + 52, y(248)), (mid + 66, y(190)), (mid + 60, y(110)),
                     (mid + 48, y(40)), (mid, y(-6)), (mid - 48, y(40))],
            "bob": [(mid - 48, y(30)), (mid - 57, y(90)), (mid - 52, y(136)), (mid, y(140)),
                    (mid + 52, y(136)), (mid + 57, y(90)), (mid + 48, y(30)), (mid, y(-8)),
                    (mid - 48, y(30))],
            "ponytail": [(mid + 10, y(10)), (mid + 50, y(60)), (mid + 58, y(130)), (mid + 50, y(214)),
                         (mid + 36, y(190)), (mid + 30, y(100)), (mid + 10, y(10))],
        }  # fmt: skip
        if style in shapes:
            self.put(smooth(np.array(shapes[style])), hair, HAIR, round=26, puff=10, shadow=0)
        if style == "bun":
            self.put(circle(mid, y(-14), 25, 22), hair, HAIR, round=18, puff=10, shadow=0)
        if style == "afro":
            self.put(circle(mid, y(38), 66, 64), hair, HAIR, round=40, puff=14, shadow=0, drape=2.2,
                     grain=(5, 5))  # type: ignore[arg-type]  # fmt: skip

    def _hair_front(self) -> None:
        mid, style, y = 384.0, self.p.hair, self.y
        hair = self._hair_cloth()
        cap = {
            "short": [(mid - 44, y(62)), (mid - 47, y(28)), (mid - 30, y(-4)), (mid + 2, y(-13)),
                      (mid + 33, y(-3)), (mid + 47, y(28)), (mid + 44, y(62)), (mid + 40, y(44)),
                      (mid + 33, y(24)), (mid + 8, y(18)), (mid - 20, y(24)), (mid - 36, y(36)),
                      (mid - 40, y(46)), (mid - 44, y(62))],
            "buzz": [(mid - 42, y(54)), (mid - 43, y(26)), (mid - 28, y(1)), (mid, y(-5)),
                     (mid + 28, y(1)), (mid + 43, y(26)), (mid + 42, y(54)), (mid + 37, y(34)),
                     (mid + 26, y(22)), (mid, y(18)), (mid - 26, y(22)), (mid - 37, y(34)),
                     (mid - 42, y(54))],
            "bob": [(mid - 50, y(100)), (mid - 52, y(40)), (mid - 34, y(0)), (mid, y(-11)),
                    (mid + 34, y(0)), (mid + 52, y(40)), (mid + 50, y(100)), (mid + 41, y(86)),
                    (mid + 38, y(46)), (mid + 14, y(18)), (mid - 6, y(16)), (mid - 30, y(36)),
                    (mid - 40, y(60)), (mid - 42, y(88)), (mid - 50, y(100))],
        }  # fmt: skip
        cap["long"] = [(x, yy + (24 * self.unit if yy > y(80) else 0)) for x, yy in cap["bob"]]
        cap["bun"] = cap["ponytail"] = cap["buzz"]
        cap["afro"] = [(mid - 45, y(64)), (mid - 52, y(30)), (mid - 34, y(-6)), (mid, y(-16)),
                       (mid + 34, y(-6)), (mid + 52, y(30)), (mid + 45, y(64)), (mid + 38, y(38)),
                       (mid + 22, y(20)), (mid, y(16)), (mid - 22, y(20)), (mid - 38, y(38)),
                       (mid - 45, y(64))]  # fmt: skip
        how = {"drape": 2.0, "grain": (5, 5)} if style == "afro" else {}
        self.put(smooth(np.array(cap[style])), hair, HAIR, round=16, puff=6, shadow=0.25,
                 **how)  # type: ignore[arg-type]  # fmt: skip
