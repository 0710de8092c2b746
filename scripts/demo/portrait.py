"""Heads: face, ears and hair, drawn discreetly."""

import numpy as np

from scripts.demo.canvas import Canvas, Fabric, Layer
from scripts.demo.curves import Points, along, smooth
from scripts.demo.fabrics import TILE, noise
from scripts.demo.figure import Person
from scripts.demo.palette import rgb
from scripts.demo.pieces import flat

HAIR, HEAD = 2, 11

_FRONT: dict[str, list[tuple[float, float]]] = {
    # Outlines of the hair around the face: down one side, over the top, back along the hairline.
    "short": [(-43.5, 62), (-47, 40), (-44, 12), (-26, -9), (4, -14), (32, -6), (46, 18), (47, 42),
              (43.5, 62), (41, 46), (36, 30), (24, 19), (4, 21), (-16, 18), (-32, 27), (-40, 44)],
    "crop": [(-42, 60), (-45, 36), (-41, 10), (-24, -7), (2, -11), (28, -6), (42, 12), (45, 36),
             (42, 60), (40, 42), (34, 24), (18, 17), (-6, 16), (-24, 19), (-36, 30), (-40, 44)],
    "buzz": [(-41.5, 54), (-43, 30), (-37, 8), (-20, -4), (0, -7), (20, -4), (37, 8), (43, 30),
             (41.5, 54), (38.5, 36), (30, 22), (14, 17), (0, 16), (-14, 17), (-30, 22), (-38.5,
             36)],
    "bob": [(-46, 118), (-54, 96), (-55, 52), (-42, 8), (-18, -11), (8, -12), (36, 0), (53, 38),
            (56, 92), (47, 118), (42, 96), (42, 58), (33, 33), (12, 15), (-8, 22), (-30, 40),
            (-41, 62), (-42, 96)],
    "long": [(-60, 200), (-60, 120), (-56, 56), (-42, 8), (-18, -11), (8, -12), (38, 2), (55, 44),
             (61, 120), (62, 202), (50, 208), (43, 150), (43, 70), (34, 34), (4, 14), (-30, 36),
             (-42, 66),
             (-43, 140), (-50, 206)],
    "swept": [(-42, 60), (-45, 34), (-39, 8), (-20, -8), (2, -11), (24, -8), (40, 8), (45, 34),
              (42, 60), (39, 40), (30, 22), (12, 13), (0, 12), (-12, 13), (-30, 22), (-39, 40)],
    "afro": [(-47, 62), (-58, 36), (-54, 0), (-32, -26), (0, -34), (32, -26), (54, 0), (58, 36),
             (47, 62), (41, 44), (32, 26), (14, 19), (0, 18), (-14, 19), (-32, 26), (-41, 44)],
    "grey crop": [(-43, 66), (-49, 44), (-46, 12), (-26, -11), (6, -15), (34, -6), (48, 20),
                  (49, 46), (43, 66), (41, 48), (30, 36), (8, 30), (-14, 22), (-28, 26), (-39, 42),
                  (-41, 52)],
}  # fmt: skip
_FRONT["bun"] = _FRONT["ponytail"] = _FRONT["swept"]
_PARTING = {"bob": (6, -8), "long": (4, -8), "short": (-24, -2), "grey crop": (-22, -4),
            "bun": (0, -9), "ponytail": (0, -9)}  # fmt: skip


class Portrait:
    """Draws one person's head on a canvas, in two steps: behind the body, and in front."""

    def __init__(self, p: Person, canvas: Canvas, skin: Fabric, tone: np.ndarray):
        self.p, self.canvas, self.skin, self.tone = p, canvas, skin, tone
        self.rng = np.random.default_rng([p.seed, 19])
        colour = np.array(rgb(p.hair_colour))
        s = canvas.scale
        side = TILE * s
        strands = 0.05 * noise(self.rng, side, 0.6 * s, 16 * s)
        curly = 0.10 * noise(self.rng, side, 0.8 * s, 0.8 * s)
        light = 1 + (curly if p.hair == "afro" else strands)
        tile = np.clip(colour * light[..., None] + 0.012, 0, 1).astype(np.float32)
        relief = None
        if p.hair == "afro":
            relief = (0.5 * noise(self.rng, side, 0.9 * s, 0.9 * s)).astype(np.float32)
        self.hair = Fabric(tile, relief, gloss=0.03 if p.hair == "afro" else 0.10, sheen=1.1)

    def put(self, shape: Points, fabric: Fabric, label: int, **how: object) -> None:
        """Paint a piece of the head."""
        settings = {"round": 14.0, "puff": 6.0, "shadow": 0.15, "seed": self.p.seed, **how}
        self.canvas.paint(Layer(shape, fabric, label=label, **settings))  # type: ignore[arg-type]

    def curve(self, *points: tuple[float, float]) -> Points:
        """A smooth curve in head units, in pixels."""
        return smooth(self.p.head(list(points)))

    def behind(self) -> None:
        """Hair that falls behind the neck; call first."""
        h, style = self.curve, self.p.hair
        if style == "long":
            shape = h((-46, 30), (-60, 90), (-66, 160), (-62, 214), (-30, 232), (0, 226), (30, 232),
                      (62, 214), (66, 160), (60, 90), (46, 30), (0, 0), (-46, 30))  # fmt: skip
            self.put(shape, self.hair, HAIR, round=30.0, puff=8.0, shadow=0.0)
            self._strands(shape, (0, 20), 26, 150, 236)
        elif style == "bob":
            shape = h((-46, 30), (-55, 80), (-54, 124), (-28, 136), (0, 134), (28, 136), (54, 124),
                      (57, 80), (46, 30), (0, 0), (-46, 30))  # fmt: skip
            self.put(shape, self.hair, HAIR, round=24.0, puff=8.0, shadow=0.0)
        elif style == "ponytail":
            shape = h((20, 10), (48, 50), (56, 110), (52, 168), (40, 196), (36, 160), (34, 100),
                      (20, 10))  # fmt: skip
            self.put(shape, self.hair, HAIR, round=12.0, puff=6.0, shadow=0.0)
        elif style == "bun":
            self.put(h((-22, -4), (-25, -20), (-12, -36), (6, -38), (22, -26), (23, -8), (0, 2),
                       (-22, -4)), self.hair, HAIR, puff=8.0, shadow=0.0)  # fmt: skip
            for k in range(4):
                swirl = h((-18 + 5 * k, -6), (-14 + 6 * k, -26), (4 + 4 * k, -30 + 5 * k))
                self.canvas.darken(swirl, 1.4, 0.22)
        elif style == "afro":
            self.put(h((-48, 66), (-60, 36), (-55, -2), (-32, -28), (0, -36), (32, -28), (55, -2),
                       (60, 36), (48, 66), (0, 84), (-48, 66)), self.hair, HAIR, round=30.0,
                       puff=12.0,
                     shadow=0.0)  # fmt: skip

    def face_outline(self) -> Points:
        """The face from crown to chin, in pixels."""
        jaw = 1.0 + 0.35 * max(0.0, self.p.limb - 1.0)
        half = smooth([(0, 0), (24, 5), (39, 26), (41.5, 56), (38.5, 82), (31 * jaw, 101),
                       (18 * jaw, 116), (7.5, 122.5), (0, 123.5)])  # fmt: skip
        left = half[::-1] * (-1, 1)
        return self.p.head(np.vstack([half, left[1:-1]]))

    def front(self) -> None:
        """Ears, face and the hair around it; call last."""
        for way in (-1, 1):
            ear = smooth(np.array([(36, 54), (43.5, 51), (48, 57), (46.5, 70), (42, 79), (37, 78)]))
            self.put(self.p.head(ear * (way, 1)), self.skin, HEAD, round=5.0, puff=2.4, shadow=0.05)
            inside = self.p.head(smooth(np.array([(41, 57), (45, 60), (43, 70)])) * (way, 1))
            self.canvas.darken(inside, 1.6, 0.2)
        face = self.face_outline()
        self.put(face, self.skin, HEAD, round=40.0, puff=17.0, shadow=0.32)
        self._shade(face)
        self._features(face)
        self._hair_front()

    def _shade(self, face: Points) -> None:
        c, head = self.canvas, self.p.head
        warm = tuple(np.clip(self.tone * 0.35 + np.array((0.62, 0.42, 0.38)), 0, 1))
        for way in (-1, 1):
            x, y = head([(way * 17.5, 58)])[0]
            c.tint((x, y), (10.5, 6.5), warm, 0.34, face)
            x, y = head([(way * 25, 86)])[0]
            c.tint((x, y), (9, 8), (1.0, 0.72, 0.68), 0.2, face)
            x, y = head([(way * 33, 100)])[0]
            c.tint((x, y), (9, 14), warm, 0.2, face)
        x, y = head([(6.5, 74)])[0]
        c.tint((x, y), (3.2, 10), warm, 0.22, face)
        x, y = head([(-1.5, 72)])[0]
        c.tint((x, y), (2.6, 9), (1.1, 1.1, 1.1), 0.45, face)
        x, y = head([(-1, 82)])[0]
        c.tint((x, y), (3.2, 2.6), (1.12, 1.12, 1.12), 0.5, face)
        x, y = head([(-8, 34)])[0]
        c.tint((x, y), (17, 10), (1.06, 1.06, 1.06), 0.5, face)
        x, y = head([(0, 91)])[0]
        c.tint((x, y), (8, 3.2), warm, 0.36, face)
        x, y = head([(0, 109.5)])[0]
        c.tint((x, y), (9, 2.6), warm, 0.34, face)

    def _features(self, face: Points) -> None:
        c, h = self.canvas, self.curve
        brow_tone = 0.30 + 0.18 * float(self.tone.mean())
        pale = np.array(rgb(self.p.hair_colour)).mean() > 0.5
        for way in (-1, 1):

            def m(*points: tuple[float, float], way: int = way) -> Points:
                return h(*((way * x, y) for x, y in points))

            brow = np.vstack(
                [m((7.5, 49.8), (16, 46.2), (27.5, 49.6)), m((27.5, 49.6), (16, 48.4), (7.5, 52.2))]
            )
            c.darken(brow[: len(brow) // 2] + (0, 1), 2.6, brow_tone * (0.6 if pale else 1.0))
            eye = np.vstack([m((9.5, 63.2), (14, 59.6), (19, 59.0), (25.5, 62.0)),
                             m((25.5, 62.0), (19, 65.2), (13.5, 65.2), (9.5, 63.2))])  # fmt: skip
            white = 0.5 * self.tone + 0.44
            c.paint(
                Layer(eye, flat(np.clip(white, 0, 0.9)), round=4, puff=0.6, shadow=0.0, label=HEAD)
            )
            iris = self.p.head([(way * 17.6 + 3.7 * np.cos(t), 62.0 + 3.9 * np.sin(t))
                                for t in np.linspace(0, 2 * np.pi, 20)])  # fmt: skip
            c.paint(Layer(iris, flat((0.20, 0.135, 0.10)), round=2, puff=0.3, shadow=0.0, clip=eye,
                          label=HEAD))  # fmt: skip
            c.darken(m((9.0, 63.4), (14, 59.4), (19, 58.7), (26.5, 61.8)), 1.9, 0.62)
            c.darken(m((11.5, 57.6), (18, 55.4), (25.5, 58.2)), 1.2, 0.16)
            c.darken(m((12, 66.2), (18, 66.6), (24, 64.4)), 1.0, 0.12)
            spark = self.p.head([(way * 17.6 - 1.6, 60.6), (way * 17.6 - 1.2, 60.6)])
            c.thread(spark, 0.9, (0.95, 0.95, 0.95), 0.55)
            c.darken(m((2.6, 85.8), (5.6, 86.6), (7.4, 84.2)), 1.5, 0.3)
        c.darken(h((-4.5, 87.8), (0, 88.8), (4.5, 87.8)), 1.5, 0.2)
        upper = np.vstack([h((-13, 99.2), (-5, 96.0), (0, 97.1), (5, 96.0), (13, 99.2)),
                           h((13, 99.2), (5, 99.6), (0, 100.2), (-5, 99.6), (-13,
                           99.2))])  # fmt: skip
        lower = np.vstack([h((-13, 99.2), (-5, 99.6), (0, 100.2), (5, 99.6), (13, 99.2)),
                           h((13, 99.2), (6, 104.6), (0, 105.6), (-6, 104.6), (-13,
                           99.2))])  # fmt: skip
        rose = np.clip(self.tone * 0.78 + np.array((0.16, 0.03, 0.045)), 0, 1)
        self.canvas.paint(
            Layer(upper, flat(rose * 0.86), round=3, puff=0.8, shadow=0.0, label=HEAD)
        )
        glossy = Fabric(flat(rose).colour, gloss=0.10)
        self.canvas.paint(Layer(lower, glossy, round=4, puff=1.6, shadow=0.0, label=HEAD))
        c.darken(h((-13.5, 99.0), (-5, 99.7), (0, 100.3), (5, 99.7), (13.5, 99.0)), 1.1, 0.4)
        del face

    def _hair_front(self) -> None:
        style = self.p.hair
        outline = _FRONT[style]
        shape = smooth(self.p.head([*outline, outline[0]]))
        clip = None
        how: dict[str, object] = {"round": 16.0, "puff": 6.0, "shadow": 0.22}
        if style in ("bob", "long"):
            how.update(round=15.0, puff=5.0)
        if style == "buzz":
            how.update(puff=2.0, shadow=0.05)
        self.put(shape, self.hair, HAIR, **how)
        if style in _PARTING:
            low = 180.0 if style == "long" else 120.0 if style == "bob" else 60.0
            self._strands(shape, _PARTING[style], 34, 10, low)
        del clip

    def _strands(self, shape: Points, parting: tuple[float, float], count: int, near: float,
                 far: float) -> None:  # fmt: skip
        """Fine light and dark lines from the parting to the ends."""
        rim = along(np.vstack([shape, shape[:1]]), 160)
        start = self.p.head([parting])[0]
        for _ in range(count):
            end = rim[int(self.rng.integers(len(rim)))]
            if end[1] < self.p.y(near) or end[1] > self.p.y(far):
                continue
            out = 1.12 if end[1] < self.p.y(70) else 1.0
            mid = (0.5 * (start + end) - (MID_X, 0)) * (out * 1.12, 1) + (MID_X, -5)
            first = start + self.rng.normal(0, 3, 2) * (1, 0.4)
            tone = float(self.rng.choice((0.18, 0.12, -0.07, -0.05)))
            self.canvas.darken(smooth(np.stack([first, mid, end])), 1.2, tone, shape)


MID_X = 384.0
