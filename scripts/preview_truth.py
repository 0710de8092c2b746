"""Rendered people who wear a known garment, and the product photo of the same garment.

The garment is painted once on a form with its arms held out and no body in it (as a ghost-mannequin
photo), and once on a person: same cloth, same cut, another body and pose.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from scripts.demo.canvas import Canvas, Fabric, finish
from scripts.demo.curves import smooth
from scripts.demo.fabrics import cloth
from scripts.demo.figure import MIDDLE, Person, mirrored
from scripts.demo.palette import rgb
from scripts.demo.people import HEIGHT, WIDTH, _Artist
from scripts.demo.pieces import drag_folds
from scripts.demo.prints import check, dots, stripes

DRESS = 7
HEM, FLARE = 650.0, 0.2
"""Where the dress ends (figure units) and how much it widens below the hips."""

FORM = Person("form", "light", "form", "arms out", "buzz", "#1f1b1d", "#ffffff", "#ffffff",
              shoulder=92, chest=76, waist=64, hip=80, arms=(0.5, 0.5), fore=(0.42, 0.42),
              stance=(0.12, 0.12), seed=99)  # fmt: skip


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


def product_photo(garment: Garment, scale: int = 2) -> np.ndarray:
    """The garment alone on a light ground, (1024, 768, 3) uint8."""
    artist = _Form(replace(FORM, **garment.outfit), garment, scale)
    if garment.category == "lower_body":
        for way in (-1, 1):
            artist._leg(way)
    else:
        artist._top()
    return finish(artist.canvas)


class _Wearer(_Artist):
    def __init__(self, p: Person, garment: Garment, scale: int):
        super().__init__(p, Canvas(WIDTH, HEIGHT, scale))
        self.garment = garment
        self.cloth = _cloth(garment, scale)
        if garment.category == "lower_body":
            self.leg_cloth = self.cloth
        else:
            self.knit = self.cloth

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


class _Form(_Wearer):
    """Paints the garment and nothing of the body in it."""

    def put(self, shape, fabric, label, folds=None, **how):  # type: ignore[no-untyped-def]
        if fabric is self.cloth:
            super().put(shape, fabric, label, folds, **how)


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
