"""Rendered people in a plain base outfit, with their exact parse map and keypoints."""

import cv2
import numpy as np

from scripts.demo.canvas import Canvas, Fabric, Fold, Layer, finish
from scripts.demo.curves import Points, along, smooth
from scripts.demo.fabrics import cloth
from scripts.demo.figure import (
    MIDDLE,
    Person,
    arm_outline,
    leg_outline,
    mirrored,
    skeleton,
    thumb_outline,
)
from scripts.demo.palette import rgb
from scripts.demo.pieces import cross_folds, drag_folds, flat, line
from scripts.demo.portrait import Portrait

WIDTH, HEIGHT = 768, 1024
UPPER, PANTS, NECK = 4, 6, 18
SHOE, LEG, ARM = {1: 9, -1: 10}, {1: 12, -1: 13}, {1: 14, -1: 15}
"""ATR ids by side: +1 is the person's left."""

SKIN = {
    "porcelain": "#ebcbb8", "fair": "#e6bfa4", "light": "#e2b797", "tan": "#c99a74",
    "olive": "#c0966f", "brown": "#9c6a47", "deep": "#774c33", "ebony": "#573727",
}  # fmt: skip

PEOPLE = (
    Person("amara", "deep", "slender", "straight", "afro", "#231a17", "#e6e2da", "#31343b",
           "sleeveless", "long", 82, 67, 54, 75, 0.95, 60, bust=3.4, tilt=0.02, seed=1),
    Person("jonas", "fair", "athletic", "straight", "short", "#6e4c31", "#c6cacf",
    "#38455a",
           "short", "straight", 104, 86, 72, 76, 1.16, 42, (0.2, 0.2), (0.07, 0.09), (0.06, 0.06),
           seed=2),
    Person("mei", "light", "petite", "weight on one leg", "bob", "#1f1b1d", "#d9d2c6",
    "#3b3e44",
           "short", "long", 77, 63, 51, 71, 0.9, 84, (0.24, 0.3), (0.08, 0.2), (0.02, 0.11), 8,
           tilt=-0.05, bust=3.0, seed=3),
    Person("sofia", "olive", "curvy", "arms relaxed", "long", "#3a2519", "#e4dcd0",
    "#33353b",
           "short", "long", 86, 76, 62, 91, 1.08, 60, (0.3, 0.25), (0.16, 0.12), (0.05, 0.06),
           tilt=0.05, bust=4.6, seed=4),
    Person("kwame", "ebony", "broad", "straight", "buzz", "#1c1614", "#dcd8d0", "#50545c",
           "short", "straight", 109, 93, 80, 82, 1.22, 36, (0.22, 0.2), (0.06, 0.08), (0.07, 0.07),
           seed=5),
    Person("ingrid", "porcelain", "tall", "arms relaxed", "bun", "#b9935d", "#c7ced3",
    "#26292f",
           "long", "long", 82, 67, 53, 74, 0.93, 58, (0.22, 0.3), (0.08, 0.2), (0.04, 0.08), -6,
           tilt=-0.03, bust=3.0, seed=6),
    Person("priya", "tan", "slender", "weight on one leg", "long", "#211917", "#e6dfd3",
    "#383a41",
           "short", "knee", 79, 66, 53, 75, 0.93, 72, (0.3, 0.24), (0.18, 0.08), (0.11, 0.02), -8,
           tilt=0.05, bust=3.4, seed=7),
    Person("diego", "tan", "slim", "arms relaxed", "crop", "#2a1f19", "#cfcbc2", "#2d3340",
           "long", "straight", 97, 79, 67, 72, 1.06, 46, (0.24, 0.2), (0.14, 0.08), (0.05, 0.08), 4,
           tilt=-0.04, seed=8),
    Person("nadia", "brown", "athletic", "straight", "ponytail", "#2b1f1a", "#dcd7ce",
    "#33373f",
           "sleeveless", "short", 87, 71, 57, 77, 1.0, 62, (0.26, 0.26), (0.12, 0.12), (0.05, 0.05),
           bust=3.2, seed=9),
    Person("claire", "fair", "full-figured", "arms relaxed", "bob", "#7d4528", "#d6d2ca",
    "#303138",
           "short", "long", 93, 89, 81, 104, 1.2, 64, (0.32, 0.3), (0.2, 0.16), (0.05, 0.05),
           tilt=0.04, bust=5.4, seed=10),
    Person("hiro", "light", "lean", "weight on one leg", "short", "#1b191d", "#d2d5d7",
    "#42464e",
           "short", "knee", 96, 79, 67, 73, 1.02, 52, (0.2, 0.28), (0.06, 0.18), (0.03, 0.1), 7,
           tilt=-0.04, seed=11),
    Person("ruth", "porcelain", "mature", "straight", "grey crop", "#b3b0ac", "#ddd8cf",
    "#3f4046",
           "long", "straight", 85, 75, 66, 83, 1.02, 76, (0.25, 0.25), (0.1, 0.12), (0.04, 0.05),
           tilt=0.03, bust=3.6, seed=12),
)  # fmt: skip
_HEM = {"long": 858.0, "straight": 868.0, "knee": 642.0, "short": 548.0}


def render_person(p: Person, scale: int = 2) -> tuple[np.ndarray, np.ndarray, list[list[float]]]:
    """Photo (1024, 768, 3) uint8, parse map (1024, 768) uint8 of ATR ids, COCO-18 keypoints."""
    canvas = Canvas(WIDTH, HEIGHT, scale)
    artist = Artist(p, canvas)
    artist.paint()
    photo = finish(canvas, (0.925, 0.922, 0.916))
    parse = cv2.resize(canvas.labels, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST_EXACT)
    return photo, parse, artist.sk.keypoints()


class Artist:
    """Paints one person, from the hair behind to the hair in front."""

    def __init__(self, p: Person, canvas: Canvas):
        self.p, self.canvas, self.sk = p, canvas, skeleton(p)
        self.tone = np.array(rgb(SKIN[p.skin]))
        self.skin = Fabric(flat(self.tone).colour, gloss=0.05, sheen=0.9)
        s = canvas.scale
        self.knit = cloth(np.array(rgb(p.top)), "jersey", s, p.seed)
        self.leg_cloth = cloth(np.array(rgb(p.bottom)), "jersey", s, p.seed + 50)
        self.rng = np.random.default_rng([p.seed, 7])
        self.portrait = Portrait(p, canvas, self.skin, self.tone)

    def put(self, shape: Points, fabric: Fabric, label: int, folds: list[Fold] | None = None,
            **how: object) -> None:  # fmt: skip
        """Paint a piece, by default as round and soft as jersey on a body."""
        settings = {"round": 34.0, "puff": 15.0, "shadow": 0.16, "seed": self.p.seed, **how}
        self.canvas.paint(Layer(shape, fabric, folds or [], label=label, **settings))  # type: ignore[arg-type]

    def paint(self) -> None:
        """Paint everything, what lies behind first."""
        self.portrait.behind()
        for way in (-1, 1):
            self._leg(way)
        self._waist()
        for way in (-1, 1):
            self._arm(way)
        self._neck()
        self._top()
        self.portrait.front()

    def _leg(self, way: int) -> None:
        p, sk, c = self.p, self.sk, self.canvas
        shape, _ = leg_outline(p, sk, way)
        self.put(shape, self.skin, LEG[way])
        k = sk.knee[way]
        warm = tuple(np.clip(self.tone * 0.3 + np.array((0.64, 0.44, 0.38)), 0, 1))
        c.tint((k[0] - 8, k[1] + 12), (6, 5), warm, 0.3, shape)
        c.tint((k[0] + 8, k[1] + 12), (6, 5), warm, 0.3, shape)
        self._shoe(way)
        straight = 5.5 if p.legs == "straight" else 0.0
        loose = 3.0 if p.legs in ("knee", "short") else 1.5
        cloth_shape, axis = leg_outline(p, sk, way, loose, straight)
        hem = p.y(_HEM[p.legs])
        folds: list[Fold] = []
        x0 = float(p.centre(p.y(470)))
        for n in range(2):
            start = (x0 + way * 4, p.y(462 + 9 * n))
            end = (x0 + way * 0.72 * p.hip, p.y(448 + 22 * n + float(self.rng.normal(0, 4))))
            folds += drag_folds(self.rng, start, end, 1, 1.6, wide=1.9)
        if p.legs in ("long", "straight"):
            folds += cross_folds(self.rng, axis, 24, (0.46, 0.62), 3, 1.3, 1.8)
            folds += cross_folds(self.rng, axis, 17, (0.86, 1.0), 4, 1.4, 1.5)
        below = np.array(
            [[0, 0], [WIDTH, 0], [WIDTH, hem - 1], [axis[-1][0], hem + 2.5], [0, hem - 1]]
        )
        self.put(
            cloth_shape, self.leg_cloth, PANTS, folds, clip=below, drape=0.8, grain=(30.0, 60.0)
        )
        near = float(np.interp(hem, axis[:, 1], axis[:, 0]))
        edge = line((near - 60, hem - 7), (near, hem - 4), (near + 60, hem - 7))
        c.darken(edge, 1.1, 0.2, cloth_shape)

    def _shoe(self, way: int) -> None:
        a, f, u = self.sk.ankle[way], 0.8 + 0.2 * self.p.limb, self.p.unit
        x, y = a[0] + way * 2, self.p.y(872)
        at = lambda dx, dy: (x + way * dx * f, y + dy * u)  # noqa: E731
        shape = smooth(np.array([at(-13, 0), at(-16, 16), at(-19, 36), at(-17, 50), at(-6, 54),
        at(8, 54),
                                 at(21, 50), at(24, 38), at(19, 17), at(14, 0), at(0, -4), at(-13,
                                 0)]))  # fmt: skip
        white = cloth(np.array((0.94, 0.935, 0.925)), "cotton", self.canvas.scale, 3)
        self.put(shape, white, SHOE[way], round=14.0, puff=8.0)
        c = self.canvas
        c.darken(line(at(-20, 42), at(2, 48), at(25, 42)), 1.4, 0.2, shape)
        c.darken(line(at(-11, 6), at(0, 10), at(12, 6)), 1.6, 0.22, shape)
        c.darken(line(at(-12, 34), at(2, 28), at(16, 34)), 1.3, 0.16, shape)
        for n in range(3):
            c.darken(
                line(at(-6, 15 + 5 * n), at(1, 13.5 + 5 * n), at(8, 15 + 5 * n)), 1.2, 0.2, shape
            )

    def _waist(self) -> None:
        p, c = self.p, self.canvas
        x = float(p.centre(p.y(460)))
        c.darken(line((x, p.y(410)), (x, p.y(482))), 1.3, 0.22)
        c.tint((x, p.y(486)), (7, 12), (0.6, 0.6, 0.62), 0.5)

    def _arm(self, way: int) -> None:
        p, sk, c = self.p, self.sk, self.canvas
        self.put(thumb_outline(p, sk, way), self.skin, ARM[way], round=7.0, puff=3.0, shadow=0.05)
        shape, axis = arm_outline(p, sk, way)
        self.put(shape, self.skin, ARM[way], round=22.0, puff=11.0, shadow=0.12)
        w, e = sk.wrist[way], sk.elbow[way]
        d = (w - e) / np.linalg.norm(w - e)
        n = np.array([d[1], -d[0]]) * way
        u = p.unit
        for a in (-4.5, 1.5, 7.0):
            start = w + n * a + d * 48 * u
            end = w + n * (0.62 * a) + d * 71 * u
            c.darken(
                line(tuple(start), tuple((start + end) / 2 + n * 0.4), tuple(end)), 1.2, 0.2, shape
            )
        warm = tuple(np.clip(self.tone * 0.3 + np.array((0.64, 0.44, 0.38)), 0, 1))
        c.tint(tuple(w + d * 40 * u), (8, 9), warm, 0.16, shape)
        c.tint(tuple(e), (8, 6), warm, 0.16, shape)
        del axis

    def _neck(self) -> None:
        p = self.p
        wide = 19.5 + 8.5 * (p.limb - 0.9) / 0.3 * 0.8
        half = smooth([(MIDDLE + wide, p.y(96)), (MIDDLE + wide, p.y(132)), (MIDDLE + wide + 8,
        p.y(148)),
                       (MIDDLE + 0.66 * p.shoulder, p.y(160)), (MIDDLE + 0.9 * p.shoulder,
                       p.y(170))])  # fmt: skip
        base = smooth([(MIDDLE + 0.8 * p.shoulder, p.y(190)), (MIDDLE + 0.5 * p.shoulder, p.y(232)),
                       (MIDDLE, p.y(246))])  # fmt: skip
        shape = mirrored(p, np.vstack([half, base]))
        folds: list[Fold] = []
        for way in (-1, 1):
            folds.append(Fold(line((MIDDLE + way * 15, p.y(118)), (MIDDLE + way * 9, p.y(150)),
                                   (MIDDLE + way * 5, p.y(166))), 5, 0.7, (0.8, 0.8)))  # fmt: skip
            folds.append(Fold(line((MIDDLE + way * 7, p.y(171)), (MIDDLE + way * 34, p.y(166)),
                                   (MIDDLE + way * 0.8 * p.shoulder, p.y(164))), 5, 0.9, (0.6,
                                   1.2)))  # fmt: skip
        self.put(shape, self.skin, NECK, folds, round=26.0, puff=10.0, shadow=0.0)
        warm = tuple(np.clip(self.tone * 0.3 + np.array((0.58, 0.38, 0.34)), 0, 1))
        self.canvas.tint((MIDDLE, p.y(128)), (22, 13), warm, 0.5, shape)

    def _top(self) -> None:
        p, c = self.p, self.canvas
        bare = p.sleeve == "sleeveless"
        neck, drop = (40.0, 224.0) if bare else (36.0, 190.0)
        out = p.shoulder - (20 if bare else 6)
        front = smooth([(MIDDLE, p.y(drop)), (MIDDLE + 0.55 * neck, p.y(drop - 7)),
                        (MIDDLE + 0.92 * neck, p.y(drop - 26)), (MIDDLE + neck,
                        p.y(153))])  # fmt: skip
        shoulder = smooth([(MIDDLE + neck, p.y(152)), (MIDDLE + 0.5 * (neck + out), p.y(158)),
                           (MIDDLE + out, p.y(165))])  # fmt: skip
        chest = float(p.half(p.y(240))) + 3
        arm = smooth([(MIDDLE + out, p.y(166)), (MIDDLE + out - (5 if bare else 3), p.y(196)),
                      (MIDDLE + chest - (5 if bare else 2), p.y(228)), (MIDDLE + chest,
                      p.y(242))])  # fmt: skip
        ys = np.array([p.y(v) for v in np.linspace(244, 412, 14)])
        loose = np.linspace(3.0, 6.0, 14) + 2.5 * np.exp(
            -(((np.linspace(244, 412, 14) - 330) / 40) ** 2)
        )
        flank = np.stack([p.centre(ys) + p.half(ys) + loose, ys], 1)
        right = np.vstack([front, shoulder, arm, smooth(flank, 4)])
        shape = mirrored(p, right)
        x_hem, y_hem = float(p.centre(ys[-1])), ys[-1]
        bow = smooth([right[-1], (x_hem, y_hem + 7), (2 * x_hem - right[-1][0], y_hem)])
        shape = np.vstack([right, bow[1:-1], shape[len(right) :]])
        self._sleeves()
        folds: list[Fold] = []
        for way in (-1, 1):
            under = (MIDDLE + way * (chest - 3), p.y(246))
            folds += drag_folds(self.rng, under, (MIDDLE + way * 26, p.y(292)), 2, 1.7, 24, 2.2)
            hip = (x_hem + way * (p.half(y_hem) - 2), p.y(400))
            folds += drag_folds(self.rng, hip, (x_hem + way * 14, p.y(352)), 3, 1.6, 18, 2.0)
            waist = (float(p.centre(p.y(336))) + way * (p.waist - 1), p.y(338))
            folds += drag_folds(self.rng, waist, (MIDDLE + way * 18, p.y(344)), 2, 1.3, 22, 1.9)
        self.put(shape, self.knit, UPPER, folds, round=44.0, puff=17.0, drape=1.0, grain=(44.0,
            80.0),
                 shadow=0.2)  # fmt: skip
        if p.bust:
            self._bust(shape)
        edge = np.vstack([front[::-1], front * (-1, 1) + (2 * MIDDLE, 0)])
        c.darken(edge + (0, 6), 1.2, 0.16, shape)
        c.darken(bow - (0, 8), 1.1, 0.18, shape)
        if not bare:
            for way in (-1, 1):
                seam = arm if way == 1 else np.stack([2 * MIDDLE - arm[:, 0], arm[:, 1]], 1)
                c.darken(seam, 1.2, 0.12)

    def _bust(self, clip: Points) -> None:
        """Soft shade under and between, instead of relief, so that it stays quiet."""
        p, c = self.p, self.canvas
        k = p.bust / 4
        grey = (0.45, 0.45, 0.47)
        for way in (-1, 1):
            x = MIDDLE + way * 0.47 * p.chest
            c.tint((x, p.y(276)), (0.27 * p.chest, 9), grey, 0.13 * k, clip)
            c.tint((x + way * 0.3 * p.chest, p.y(258)), (7, 14), grey, 0.10 * k, clip)
            c.tint((x - 4, p.y(246)), (0.2 * p.chest, 12), (1.18, 1.18, 1.18), 0.22 * k, clip)

    def _sleeves(self) -> None:
        p, sk, c = self.p, self.sk, self.canvas
        cover = {"sleeveless": 0.0, "short": 0.4, "long": 0.985}[p.sleeve]
        if not cover:
            return
        for way in (-1, 1):
            shape, axis = arm_outline(p, sk, way, 2.4, cover, 3.0 if p.sleeve == "short" else 1.0)
            folds = cross_folds(
                self.rng, axis, 16, (0.3, 0.95), 8 if p.sleeve == "long" else 2, 1.6, 1.9
            )
            self.put(shape, self.knit, UPPER, folds, round=24.0, puff=11.0, drape=0.6)
            tip, d = axis[-1], axis[-1] - axis[-5]
            d = d / np.linalg.norm(d)
            n = np.array([d[1], -d[0]])
            edge = along(
                line(tuple(tip + n * 26 - d * 6), tuple(tip - d * 4), tuple(tip - n * 26 - d * 6)),
                9,
            )
            c.darken(edge, 1.1, 0.18, shape)
