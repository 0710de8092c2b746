"""What one item's pieces share: measures, cloth, and details of the front."""

from functools import cached_property

import numpy as np

from scripts.demo import prints
from scripts.demo.assortment import Item
from scripts.demo.canvas import Canvas, Fabric, Layer
from scripts.demo.fabrics import cloth, ribbed
from scripts.demo.palette import FAMILIES, rgb
from scripts.demo.pieces import MIDDLE, Thread, button, line
from scripts.demo.tops import (
    Cut,
    body_layer,
    body_outline,
    flip,
)

WIDTH, HEIGHT = 384, 512
Colour = tuple[float, float, float]

WIDER = {"slim": -10, "regular": 0, "relaxed": 8, "oversized": 16}
LONGER = {"cropped": -52, "regular": 0, "long": 34}
FOLDS = {"viscose": 1.25, "satin": 1.5, "linen": 1.35, "linen blend": 1.25, "jersey": 1.1,
          "cotton": 1.0, "denim": 0.9, "wool blend": 0.75, "wool": 0.75, "cashmere blend": 0.75,
          "cotton fleece": 0.85, "faux leather": 1.1, "nylon": 1.15,
          "padded nylon": 0.5}  # fmt: skip


_THREAD = {"blue": (0.76, 0.56, 0.33), "navy": (0.72, 0.5, 0.28), "black": (0.4, 0.38, 0.36)}
"""Topstitching on denim."""


class Tailor:
    """Holds what one item's pieces share: colours, cloth, random draws, the canvas."""

    def __init__(self, item: Item, scale: int):
        self.item = item
        self.s = scale
        self.canvas = Canvas(WIDTH, HEIGHT, scale)
        self.colour: Colour = rgb(FAMILIES[item.colour][item.shade])
        self.second: Colour = rgb(item.second)
        self.rng = np.random.default_rng([item.seed, 91])
        self.knit = self._knit()
        self.cloth = self._cloth(across=item.category in ("T-shirt", "Sweater", "Hoodie", "Dress"))
        self.plain = cloth(np.array(self.colour), item.material, scale, item.seed, self.knit)
        self.rib = ribbed(np.array(self.colour), scale)
        self.fine_rib = ribbed(np.array(self.colour), scale, 2.0, 0.12)
        dark = prints.lightness(self.colour) < 0.35
        self.tone: Thread = -0.3 if dark else 0.2
        if item.material == "denim":
            self.tone = _THREAD.get(item.colour, self.tone)

    @cached_property
    def contrast(self) -> Fabric:
        """The cloth in the second colour."""
        return cloth(np.array(self.second), self.item.material, self.s, self.item.seed, self.knit)

    def _knit(self) -> str | None:
        if self.item.category != "Sweater":
            return None
        heavy = self.item.material in ("wool", "acrylic blend")
        choices = (
            ("chunky", "cable", "fine") if heavy and self.item.pattern == "solid" else ("fine",)
        )
        return str(self.rng.choice(choices))

    def _cloth(self, across: bool) -> Fabric:
        item, s = self.item, self.s
        rng = np.random.default_rng([item.seed, 92])
        colour: np.ndarray = np.array(self.colour)
        size = item.print_scale
        if item.pattern == "stripes":
            colour = prints.stripes(self.colour, self.second, size, s, rng, across)
        elif item.pattern == "check":
            colour = prints.check(self.colour, self.second, size, s, rng)
        elif item.pattern == "dots":
            colour = prints.dots(self.colour, self.second, size, s, rng)
        elif item.pattern == "floral":
            colour = prints.floral(self.colour, self.second, size, s, rng)
        return cloth(colour, item.material, s, item.seed, self.knit)

    def cut(self, **measures: float) -> Cut:
        """A top's measures after the item's fit, length, sleeve and neckline."""
        item = self.item
        wide, longer = WIDER[item.fit], LONGER[item.length]
        cut = Cut(seed=item.seed % 100000)
        for name, value in measures.items():
            setattr(cut, name, value)
        cut.chest += wide
        cut.waist += wide * 1.15
        cut.hem += wide
        cut.shoulder += max(wide, -6) * 0.55
        cut.hem_y += longer
        cut.fold *= FOLDS.get(item.material, 1.0) * (1.1 if wide > 5 else 1.0)
        if item.sleeve == "short":
            cut.sleeve, cut.cuff, cut.bicep, cut.angle = 84, 64 + 0.4 * wide, 70, 0.46
        elif item.sleeve == "three-quarter":
            cut.sleeve, cut.cuff, cut.angle = 190, 44 + 0.3 * wide, 0.3
        elif item.sleeve == "long":
            cut.sleeve, cut.cuff, cut.angle = 256 - 0.3 * wide, 37 + 0.25 * wide, 0.2
        else:
            cut.sleeve = 0
            cut.shoulder -= 14
        if item.neckline == "V-neck":
            cut.v, cut.front = True, 62
        elif item.neckline == "scoop":
            cut.front, cut.neck = 56, cut.neck + 7
        elif item.neckline == "crew":
            cut.front = 24
        return cut

    def graphic(self, cut: Cut) -> None:
        """The chest print of graphic items and the block of colour-blocked ones."""
        item = self.item
        if item.pattern != "graphic":
            return
        size = {"small": 0.55, "medium": 1.0, "large": 1.45}[item.print_scale]
        rng = np.random.default_rng([item.seed, 93])
        colour, cover = prints.graphic(self.second, self.s, rng, size)
        side_ = cover.shape[0]
        y0 = round((cut.under - 10 - 10 * size) * self.s)
        x0 = round(MIDDLE * self.s - side_ / 2)
        view = np.s_[y0 : y0 + side_, x0 : x0 + side_]
        base = np.maximum(np.array(self.plain.colour.mean((0, 1))), 0.03)
        light = np.clip(self.canvas.colour[view] / base, 0.5, 1.25).mean(2, keepdims=True)
        w = cover[..., None] * 0.94
        self.canvas.colour[view] = self.canvas.colour[view] * (1 - w) + colour * light * w

    def block(self, cut: Cut) -> None:
        """The lower part of a colour-blocked body in the second colour."""
        share = {"small": 0.78, "medium": 0.55, "large": 0.3}[self.item.print_scale]
        y = cut.under + share * (cut.hem_y - cut.under)
        layer = body_layer(cut, self.contrast)
        layer.clip = np.array([[0, y], [WIDTH, y], [WIDTH, HEIGHT], [0, HEIGHT]], float)
        layer.shadow = 0
        self.canvas.paint(layer)
        self.canvas.darken(line((0, y), (MIDDLE, y), (WIDTH, y)), 1.2, 0.25, body_outline(cut))


def hem_seam(t: Tailor, cut: Cut, up: float = 9) -> None:
    """The seam along a plain hem."""
    half = line((MIDDLE + cut.hem, cut.hem_y), (MIDDLE + 0.6 * cut.hem,
    cut.hem_y + 0.75 * cut.hem_bow),
                (MIDDLE, cut.hem_y + cut.hem_bow))  # fmt: skip
    curve = np.vstack([half, flip(half)[1:]]) - (0, up)
    t.canvas.darken(curve, 0.9, 0.2)
    t.canvas.darken(curve - (0, 1.6), 0.9, 0.1)


def placket(t: Tailor, cut: Cut, top: float, buttons: int = 7) -> None:
    """The button band down the front."""
    bottom = cut.hem_y + cut.hem_bow
    shape = np.array([[MIDDLE - 7.5, top], [MIDDLE + 7.5, top], [MIDDLE + 7.5, bottom],
                      [MIDDLE - 7.5, bottom]])  # fmt: skip
    t.canvas.paint(Layer(shape, t.cloth, round=3, puff=0.9, shadow=0.3, origin=(MIDDLE, cut.neck_y),
                         clip=body_outline(cut), drape=0.6, seed=cut.seed + 4))  # fmt: skip
    shell = (0.93, 0.92, 0.88) if prints.lightness(t.colour) > 0.3 else tuple(
        min(1, c * 1.5 + 0.05) for c in t.colour)  # fmt: skip
    for y in np.linspace(top + 12, bottom - 34, buttons):
        button(t.canvas, MIDDLE, float(y), 3.1, shell)  # type: ignore[arg-type]


def rib_hem(t: Tailor, cut: Cut, fabric: Fabric, height: float) -> None:
    """A knitted band at a body's hem."""
    edge = line((MIDDLE + cut.hem, cut.hem_y), (MIDDLE + 0.6 * cut.hem,
    cut.hem_y + 0.75 * cut.hem_bow),
                (MIDDLE, cut.hem_y + cut.hem_bow))  # fmt: skip
    low = np.vstack([edge, flip(edge)[1:]])
    high = (low[::-1] - (MIDDLE, height)) * (1.015, 1) + (MIDDLE, 0)
    low = (low - (MIDDLE, 0)) * (0.985, 1) + (MIDDLE, 0)
    shape = np.vstack([low, high])
    t.canvas.paint(Layer(shape, fabric, round=12, puff=3.6, shadow=0.22, origin=(MIDDLE, 0)))


def overlap(t: Tailor, cut: Cut, top: float, buttons: int, double: bool) -> None:
    """The edge where the fronts close, and its buttons."""
    x = MIDDLE + (16 if double else 5)
    edge = line((MIDDLE, top - 3), (x, top + 22), (x, cut.hem_y + cut.hem_bow))
    t.canvas.darken(edge, 1.8, 0.42)
    t.canvas.darken(edge + (2.5, 0), 6, 0.14)
    horn = tuple(c * 0.55 + 0.04 for c in t.colour)
    if prints.lightness(t.colour) < 0.25:
        horn = tuple(c * 1.2 + 0.1 for c in t.colour)
    spots = np.linspace(top + 12, min(top + 12 + 46 * (buttons - 1), cut.hem_y - 40), buttons)
    for y in spots:
        for way in (-1, 1) if double else (0,):
            button(t.canvas, MIDDLE + way * 22 - (0 if double else 2), float(y), 4.4, horn)  # type: ignore[arg-type]


def flap_pockets(t: Tailor, cut: Cut, y: float) -> None:
    """Two pockets under flaps."""
    for way in (-1, 1):
        x = MIDDLE + way * 54
        flap = np.array([[x - 21, y - 2 * way], [x + 21, y + 2 * way], [x + 20, y + 13 + 2 * way],
                         [x - 20, y + 13 - 2 * way]])  # fmt: skip
        t.canvas.paint(Layer(flap, t.cloth, round=3, puff=1.2, shadow=0.42, origin=(MIDDLE + 5, 3)))
