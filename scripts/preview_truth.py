"""Rendered people who wear a known garment, and product photos of the same garment.

The garment is painted on a person, on a form with its arms held out and no body in it (as a
ghost-mannequin photo), and laid flat. It is the same piece each time: its print begins at the
neckline (the shoulder of a sleeve, the hip of a leg), runs along the trunk or the limb, and grows
with the cloth where a body is larger than the form.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from scripts.demo.canvas import Canvas, Fabric, finish
from scripts.demo.curves import Points, smooth
from scripts.demo.fabrics import cloth
from scripts.demo.figure import MIDDLE, Person, mirrored
from scripts.demo.palette import rgb
from scripts.demo.people import HEIGHT, WIDTH, Artist
from scripts.demo.pieces import drag_folds
from scripts.demo.prints import check, dots, stripes

DRESS = 7
HEM, FLARE = 650.0, 0.2
"""Where the dress ends (figure units) and how much it widens below the hips."""

FORM = Person("form", "light", "form", "arms out", "buzz", "#1f1b1d", "#ffffff", "#ffffff",
              shoulder=92, chest=76, waist=64, hip=80, arms=(0.5, 0.5), fore=(0.42, 0.42),
              stance=(0.12, 0.12), seed=99)  # fmt: skip
FLAT = replace(FORM, shoulder=94, chest=92, waist=84, hip=98, limb=1.3, arms=(0.8, 0.8),
               fore=(0.75, 0.75))  # fmt: skip
"""The same clothes laid flat. A body with a depth of three quarters of its width has a girth of
2.76 times that width, so that half of it lies 1.38 times as wide (limbs, being round, 1.57 times);
jersey that a body has drawn out comes back to about 1.22 (1.3) times."""
PHOTOS = {"form": FORM, "flat": FLAT}


@dataclass(frozen=True)
class Garment:
    """What is worn: a cut, where, and the print of its cloth.

    Attributes:
        name: short and unique.
        category: ``upper_body``, ``lower_body`` or ``dresses``.
        outfit: fields of `scripts.demo.figure.Person` that give the cut.
        colours: ground and print, sRGB in hexadecimal.
        print: stripes, check, dots or plain.
    """

    name: str
    category: str
    outfit: dict[str, str]
    colours: tuple[str, str]
    print: str


GARMENTS = (
    Garment("striped long-sleeved top", "upper_body", {"sleeve": "long"}, ("#f0ece2", "#28406e"),
            "stripes"),
    Garment("red tee", "upper_body", {"sleeve": "short"}, ("#b3262e", "#b3262e"), "plain"),
    Garment("dotted sleeveless top", "upper_body", {"sleeve": "sleeveless"}, ("#1f4d44", "#f2e9d0"),
            "dots"),
    Garment("checked trousers", "lower_body", {"legs": "straight"}, ("#8a8d94", "#3a2f4a"),
            "check"),
    Garment("green shorts", "lower_body", {"legs": "knee"}, ("#4f7a3a", "#4f7a3a"), "plain"),
    Garment("striped dress", "dresses", {"sleeve": "sleeveless", "legs": "short"},
            ("#22355c", "#e8d9b0"), "stripes"),
    Garment("plum dress", "dresses", {"sleeve": "sleeveless", "legs": "short"},
            ("#6d2c54", "#6d2c54"), "plain"),
)  # fmt: skip


def worn(person: Person, garment: Garment, scale: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """A person wearing a garment: photo (1024, 768, 3) uint8 and where the garment is (bool)."""
    artist = _Wearer(replace(person, **garment.outfit), garment, scale)
    artist.paint()
    parse = cv2.resize(artist.canvas.labels, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST_EXACT)
    label = {"upper_body": 4, "lower_body": 6, "dresses": DRESS}[garment.category]
    return finish(artist.canvas, (0.925, 0.922, 0.916)), parse == label


def product_photo(garment: Garment, kind: str) -> np.ndarray:
    """The garment alone, filling the frame, on a light ground: (height, width, 3) uint8.

    `kind` is one of `PHOTOS`. The photo is twice as fine as one of a person and, as product photos
    do, leaves a tenth of the garment's longer side around it.
    """
    artist = _Empty(replace(PHOTOS[kind], **garment.outfit), garment, 2, kind == "flat")
    if garment.category == "lower_body":
        for way in (-1, 1):
            artist._leg(way)
    else:
        artist._top()
    photo = finish(artist.canvas, shrink=False)
    rows, columns = (np.flatnonzero(artist.canvas.alpha.any(axis=axis)) for axis in (1, 0))
    rim = round(0.1 * max(np.ptp(rows), np.ptp(columns)))
    return photo[
        max(0, rows[0] - rim) : rows[-1] + rim + 1, max(0, columns[0] - rim) : columns[-1] + rim + 1
    ]


class _Wearer(Artist):
    def __init__(self, p: Person, garment: Garment, scale: int):
        super().__init__(p, Canvas(WIDTH, HEIGHT, scale))
        self.garment = garment
        self.cloth = _cloth(garment, scale)
        if garment.category == "lower_body":
            self.leg_cloth = self.cloth
        else:
            self.knit = self.cloth

    def put(self, shape: Points, fabric: Fabric, label: int, folds=None, **how) -> None:  # type: ignore[no-untyped-def]
        if fabric is self.cloth:
            how |= self._laid(shape)
        super().put(shape, fabric, label, folds, **how)

    def _laid(self, shape: Points) -> dict[str, object]:
        """Where the print of a piece begins, which way it runs and how far it is drawn out."""
        p, sk = self.p, self.sk
        along = p.unit / FORM.unit
        aside = float((shape[:, 0].min() + shape[:, 0].max()) / 2) - MIDDLE
        way = 1 if aside > 0 else -1
        if self.garment.category == "lower_body":
            start, end, across = sk.hip[way], sk.ankle[way], p.hip / FORM.hip
        elif abs(aside) > 0.5 * p.shoulder:
            start, end, across = sk.shoulder[way], sk.wrist[way], p.limb / FORM.limb
        else:
            start, end = np.array([MIDDLE, p.y(165)]), np.array([MIDDLE, p.y(400)])
            across = (p.chest + p.hip) / (FORM.chest + FORM.hip)
        turn = float(np.arctan2(start[0] - end[0], end[1] - start[1]))
        return {"origin": tuple(start), "angle": turn, "stretch": (across, along)}

    def _top(self) -> None:
        if self.garment.category != "dresses":
            super()._top()
            return
        p = self.p
        out, chest = p.shoulder - 20, float(p.half(p.y(240))) + 3
        front = smooth([(MIDDLE, p.y(224)), (MIDDLE + 22, p.y(217)), (MIDDLE + 36.8, p.y(198)),
                        (MIDDLE + 40, p.y(153))])  # fmt: skip
        shoulder = smooth([(MIDDLE + 40, p.y(152)), (MIDDLE + 0.5 * (40 + out), p.y(158)),
                           (MIDDLE + out, p.y(165))])  # fmt: skip
        arm = smooth([(MIDDLE + out, p.y(166)), (MIDDLE + out - 5, p.y(196)),
                      (MIDDLE + chest - 5, p.y(228)), (MIDDLE + chest, p.y(242))])  # fmt: skip
        at = np.linspace(244, HEM, 24)
        ys = p.y(0) + at * p.unit
        half = p.half(np.minimum(ys, p.y(436))) + 3 + FLARE * np.maximum(at - 436, 0) * p.unit
        flank = smooth(np.stack([p.centre(ys) + half, ys], 1), 4)
        shape = mirrored(p, np.vstack([front, shoulder, arm, flank]))
        x, y = float(p.centre(p.y(344))), p.y(344)
        folds = []
        for way in (-1, 1):
            folds += drag_folds(self.rng, (x + way * p.waist, y), (MIDDLE + way * 18, y + 6), 2,
                                1.3, 22, 1.9)  # fmt: skip
            end = (x + way * 0.9 * p.hip, p.y(HEM - 20))
            folds += drag_folds(self.rng, (x + way * 0.4 * p.hip, p.y(450)), end, 2, 2.2, 30, 3.0)
        self.put(shape, self.cloth, DRESS, folds, round=44.0, puff=17.0, drape=1.0,
                 grain=(44.0, 80.0), shadow=0.2)  # fmt: skip


class _Empty(_Wearer):
    """Paints the garment and nothing of the body in it; laid flat it is hardly rounded."""

    def __init__(self, p: Person, garment: Garment, scale: int, flat: bool):
        super().__init__(p, garment, scale)
        self.flat = flat

    def put(self, shape: Points, fabric: Fabric, label: int, folds=None, **how) -> None:  # type: ignore[no-untyped-def]
        if fabric is self.cloth:
            relief = {"round": 8.0, "puff": 3.0} if self.flat else {}
            super().put(shape, fabric, label, folds, **{**how, **relief})


def _cloth(garment: Garment, scale: int) -> Fabric:
    a, b = (rgb(code) for code in garment.colours)
    rng = np.random.default_rng(5)
    tile = {
        "plain": lambda: np.array(a),
        "stripes": lambda: stripes(a, b, "medium", scale, rng, True),
        "check": lambda: check(a, b, "large", scale, rng),
        "dots": lambda: dots(a, b, "medium", scale, rng),
    }[garment.print]()
    return cloth(tile, "jersey", scale, 21)
