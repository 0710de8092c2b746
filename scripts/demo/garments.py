"""From an item to its product shot."""

from functools import cached_property

import numpy as np

from scripts.demo import prints
from scripts.demo.assortment import Item
from scripts.demo.bottoms import (
    LegCut,
    SkirtCut,
    paint_fly,
    paint_legs,
    paint_loops,
    paint_scoop_pockets,
    paint_skirt,
    paint_slant_pockets,
    paint_waistband,
)
from scripts.demo.canvas import Canvas, Fabric, Layer, finish
from scripts.demo.curves import along, mirror
from scripts.demo.fabrics import cloth, ribbed
from scripts.demo.palette import FAMILIES, rgb
from scripts.demo.pieces import MIDDLE, button, line, patch, topstitch, zip_line
from scripts.demo.tops import (
    Cut,
    body_layer,
    body_outline,
    flip,
    neckline,
    paint_armholes,
    paint_back,
    paint_hood,
    paint_hood_front,
    paint_lapels,
    paint_neckband,
    paint_roll_neck,
    paint_shirt_collar,
    paint_sleeves,
    paint_stand_collar,
)

WIDTH, HEIGHT = 384, 512
Colour = tuple[float, float, float]

_WIDER = {"slim": -10, "regular": 0, "relaxed": 8, "oversized": 16}
_LONGER = {"cropped": -64, "regular": 0, "long": 24}
_FOLDS = {"viscose": 1.25, "satin": 1.5, "linen": 1.35, "linen blend": 1.25, "jersey": 1.1,
          "cotton": 1.0, "denim": 0.9, "wool blend": 0.75, "wool": 0.75, "cashmere blend": 0.75,
          "cotton fleece": 0.95, "faux leather": 1.1, "nylon": 1.15, "padded nylon": 0.5}  # fmt: skip


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
        self.tone = -0.3 if prints.lightness(self.colour) < 0.35 else 0.2

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
        wide, longer = _WIDER[item.fit], _LONGER[item.length]
        cut = Cut(seed=item.seed % 100000)
        for name, value in measures.items():
            setattr(cut, name, value)
        cut.chest += wide
        cut.waist += wide * 1.15
        cut.hem += wide
        cut.shoulder += max(wide, -6) * 0.55
        cut.hem_y += longer
        cut.fold *= _FOLDS.get(item.material, 1.0) * (1.1 if wide > 5 else 1.0)
        if item.sleeve == "short":
            cut.sleeve, cut.cuff, cut.bicep, cut.angle = 92, 58 + 0.4 * wide, 66, 0.5
        elif item.sleeve == "three-quarter":
            cut.sleeve, cut.cuff, cut.angle = 190, 44 + 0.3 * wide, 0.3
        elif item.sleeve == "long":
            cut.sleeve, cut.cuff, cut.angle = 262 - 0.4 * wide, 33 + 0.25 * wide, 0.21
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


def render(item: Item, scale: int = 2, shrink: bool = True) -> np.ndarray:
    """The product shot of an item: uint8 RGB (512, 384, 3), `scale` times that if not shrunk."""
    tailor = Tailor(item, scale)
    _PAINTERS[item.category](tailor)
    return finish(tailor.canvas, shrink=shrink)


def _tee(t: Tailor) -> None:
    cut = t.cut()
    paint_back(t.canvas, cut, t.plain)
    cuff = t.contrast if t.item.pattern == "colour block" else None
    paint_sleeves(t.canvas, cut, cuff or t.cloth)
    t.canvas.paint(body_layer(cut, t.cloth))
    if t.item.pattern == "colour block":
        t.block(cut)
    t.graphic(cut)
    if cut.sleeve:
        paint_armholes(t.canvas, cut)
    paint_neckband(t.canvas, cut, t.rib, 7)
    _hem_seam(t, cut)


def _hem_seam(t: Tailor, cut: Cut, up: float = 9) -> None:
    half = line((MIDDLE + cut.hem, cut.hem_y), (MIDDLE + 0.6 * cut.hem, cut.hem_y + 0.75 * cut.hem_bow),
                (MIDDLE, cut.hem_y + cut.hem_bow))  # fmt: skip
    curve = np.vstack([half, flip(half)[1:]]) - (0, up)
    t.canvas.darken(curve, 0.9, 0.2)
    t.canvas.darken(curve - (0, 1.6), 0.9, 0.1)


def _placket(t: Tailor, cut: Cut, top: float, buttons: int = 7) -> None:
    bottom = cut.hem_y + cut.hem_bow
    shape = np.array([[MIDDLE - 7.5, top], [MIDDLE + 7.5, top], [MIDDLE + 7.5, bottom],
                      [MIDDLE - 7.5, bottom]])  # fmt: skip
    t.canvas.paint(Layer(shape, t.cloth, round=3, puff=0.9, shadow=0.3, origin=(MIDDLE, cut.neck_y),
                         clip=body_outline(cut), drape=0.6, seed=cut.seed + 4))  # fmt: skip
    shell = (0.93, 0.92, 0.88) if prints.lightness(t.colour) > 0.3 else tuple(
        min(1, c * 1.5 + 0.05) for c in t.colour)  # fmt: skip
    for y in np.linspace(top + 12, bottom - 34, buttons):
        button(t.canvas, MIDDLE, float(y), 3.1, shell)  # type: ignore[arg-type]


def _shirt(t: Tailor) -> None:
    cut = t.cut(front=26, hem_bow=14, hem_y=428, neck=33)
    cut.front = 24
    cut.v = False
    paint_sleeves(t.canvas, cut, t.cloth, t.cloth if cut.sleeve > 200 else None, 17)
    paint_back(t.canvas, cut, t.plain, label=False)
    t.canvas.paint(body_layer(cut, t.cloth))
    paint_armholes(t.canvas, cut)
    _placket(t, cut, cut.neck_y + cut.front)
    if t.rng.random() < 0.6:
        x, y = MIDDLE + 30, cut.under - 6
        pocket = np.array([[x, y], [x + 36, y], [x + 36, y + 34], [x + 18, y + 41], [x, y + 34]])
        patch(t.canvas, pocket, body_layer(cut, t.cloth), 0.12)
    if t.item.neckline == "band collar":
        paint_stand_collar(t.canvas, cut, t.cloth)
    else:
        paint_shirt_collar(t.canvas, cut, t.cloth)
    _hem_seam(t, cut, 5)


def _blouse(t: Tailor) -> None:
    cut = t.cut(hem=94, hem_y=415, hem_bow=8, drape=2.2, fold=2.0)
    if t.item.sleeve in ("long", "three-quarter"):
        cut.bicep, cut.cuff = 74, cut.cuff + 10
    if t.item.neckline == "band collar":
        cut.front, cut.neck = 24, 34
    paint_back(t.canvas, cut, t.plain)
    cuffed = t.item.sleeve in ("long", "three-quarter")
    paint_sleeves(t.canvas, cut, t.cloth, t.plain if cuffed else None, 11)
    t.canvas.paint(body_layer(cut, t.cloth))
    if cut.sleeve:
        paint_armholes(t.canvas, cut, 0.16)
    if t.item.neckline == "band collar":
        _placket(t, cut, cut.neck_y + cut.front, 8)
        paint_stand_collar(t.canvas, cut, t.cloth, 11)
    else:
        edge = neckline(cut)
        t.canvas.darken(np.vstack([mirror(edge[1:], MIDDLE), edge]) + (0, 4), 0.9, 0.2)
    _hem_seam(t, cut, 5)


def _sweater(t: Tailor) -> None:
    cut = t.cut(hem=80, waist=86, hem_y=410, hem_bow=4, drape=1.8, fold=1.5)
    if t.item.sleeve == "long":
        cut.bicep, cut.cuff = 70, cut.cuff + 2
    if t.item.neckline == "turtleneck":
        cut.front, cut.neck = 22, 33
    if t.item.neckline == "V-neck":
        cut.front = 70
    if t.item.neckline != "turtleneck":
        paint_back(t.canvas, cut, t.plain)
    rib = t.rib
    sleeves = t.contrast if t.item.pattern == "colour block" else t.cloth
    paint_sleeves(t.canvas, cut, sleeves, rib, 24 if cut.sleeve > 200 else 10)
    t.canvas.paint(body_layer(cut, t.cloth))
    if t.item.pattern == "colour block":
        t.block(cut)
    paint_armholes(t.canvas, cut, 0.26)
    _rib_hem(t, cut, rib, 24)
    if t.item.neckline == "turtleneck":
        paint_roll_neck(t.canvas, cut, rib)
    else:
        paint_neckband(t.canvas, cut, rib, 10)


def _rib_hem(t: Tailor, cut: Cut, fabric: Fabric, height: float) -> None:
    edge = line((MIDDLE + cut.hem, cut.hem_y), (MIDDLE + 0.6 * cut.hem, cut.hem_y + 0.75 * cut.hem_bow),
                (MIDDLE, cut.hem_y + cut.hem_bow))  # fmt: skip
    low = np.vstack([edge, flip(edge)[1:]])
    shape = np.vstack([low, low[::-1] - (0, height)])
    t.canvas.paint(Layer(shape, fabric, round=9, puff=4, shadow=0.3, origin=(MIDDLE, 0)))


def _hoodie(t: Tailor) -> None:
    cut = t.cut(hem=84, waist=90, hem_y=420, hem_bow=4, neck_y=104, neck=37, under=216, fold=1.7)
    cut.front = 26
    cut.bicep = 72
    paint_hood(t.canvas, cut, t.plain, t.contrast if t.item.pattern == "colour block" else t.plain)
    sleeves = t.contrast if t.item.pattern == "colour block" else t.cloth
    paint_sleeves(t.canvas, cut, sleeves, t.rib, 24)
    t.canvas.paint(body_layer(cut, t.cloth))
    if t.item.pattern == "colour block":
        t.block(cut)
    t.graphic(cut)
    paint_armholes(t.canvas, cut, 0.24)
    y = cut.hem_y - 92
    half = 54
    right = np.vstack([line((MIDDLE, y), (MIDDLE + half - 18, y)),
                       line((MIDDLE + half - 18, y), (MIDDLE + half - 4, y + 22), (MIDDLE + half + 4, y + 52)),
                       line((MIDDLE + half + 4, y + 52), (MIDDLE + half + 4, y + 70), (MIDDLE, y + 72))])  # fmt: skip
    pocket = np.vstack([right, flip(right)])
    patch(t.canvas, pocket, body_layer(cut, t.contrast if t.item.pattern == "colour block"
                                       and t.item.print_scale != "small" else t.cloth), 0.14)  # fmt: skip
    _rib_hem(t, cut, t.rib, 22)
    cord = tuple(min(1.0, c * 0.4 + 0.58) for c in t.colour)
    paint_hood_front(t.canvas, cut, t.plain, cord)


def _jacket(t: Tailor) -> None:
    lapel = t.item.neckline == "lapel"
    cut = t.cut(hem_y=410, hem_bow=5, chest=94, waist=88, shoulder=96, fold=1.4)
    cut.cuff += 4
    cut.bicep = 70
    cut.front = 150 if lapel else 26
    cut.v = lapel
    if lapel:
        cut.hem_bow = 3
    paint_back(t.canvas, cut, t.contrast if lapel else t.plain)
    rib_cuff = t.item.material == "nylon"
    paint_sleeves(t.canvas, cut, t.contrast if t.item.pattern == "colour block" else t.cloth,
                  t.rib if rib_cuff else t.plain if t.item.material == "denim" else None, 20)  # fmt: skip
    t.canvas.paint(body_layer(cut, t.cloth))
    if t.item.pattern == "colour block":
        t.block(cut)
    paint_armholes(t.canvas, cut, 0.28)
    top = cut.neck_y + cut.front
    metal = (0.72, 0.71, 0.68)
    if lapel:
        _overlap(t, cut, top, 2, double=False)
        _flap_pockets(t, cut, 350 + min(0, cut.hem_y - 410))
        paint_lapels(t.canvas, cut, t.cloth)
    elif t.item.shape == "zip":
        zip_line(
            t.canvas, line((MIDDLE, top - 4), (MIDDLE, top + 90), (MIDDLE, cut.hem_y + 4)), metal
        )
        for way in (-1, 1):
            a, b = (MIDDLE + way * 40, cut.hem_y - 104), (MIDDLE + way * 62, cut.hem_y - 58)
            t.canvas.darken(line(a, b), 2.2, 0.45)
        if rib_cuff:
            _rib_hem(t, cut, t.rib, 22)
        if t.item.neckline == "collar":
            paint_shirt_collar(t.canvas, cut, t.plain, 1.15, 6)
        else:
            paint_stand_collar(t.canvas, cut, t.rib, 13)
    else:
        _placket(t, cut, top, 6)
        for way in (-1, 1):
            x, y = MIDDLE + way * 48, cut.under - 12
            pocket = np.array(
                [[x - 20, y], [x + 20, y], [x + 20, y + 38], [x, y + 46], [x - 20, y + 38]]
            )
            patch(t.canvas, pocket, body_layer(cut, t.cloth), t.tone)
            flap = np.array([[x - 21, y - 3], [x + 21, y - 3], [x + 21, y + 10], [x, y + 16],
                             [x - 21, y + 10]])  # fmt: skip
            patch(t.canvas, flap, body_layer(cut, t.plain), t.tone)
            button(t.canvas, x, y + 9, 2.6, metal)
            seam = line((x - way * 4, y + 44), (x - way * 14, cut.hem_y - 20))
            topstitch(t.canvas, seam, t.tone)
        paint_shirt_collar(t.canvas, cut, t.plain, 1.1, 4)
        _rib_hem(t, cut, t.plain, 16)
        topstitch(t.canvas, line((MIDDLE - cut.hem + 3, cut.hem_y - 14), (MIDDLE, cut.hem_y - 9),
                                 (MIDDLE + cut.hem - 3, cut.hem_y - 14)), t.tone)  # fmt: skip


def _overlap(t: Tailor, cut: Cut, top: float, buttons: int, double: bool) -> None:
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


def _flap_pockets(t: Tailor, cut: Cut, y: float) -> None:
    for way in (-1, 1):
        x = MIDDLE + way * 54
        flap = np.array([[x - 21, y - 2 * way], [x + 21, y + 2 * way], [x + 20, y + 13 + 2 * way],
                         [x - 20, y + 13 - 2 * way]])  # fmt: skip
        t.canvas.paint(Layer(flap, t.cloth, round=3, puff=1.2, shadow=0.42, origin=(MIDDLE + 5, 3)))


def _coat(t: Tailor) -> None:
    cut = t.cut(neck_y=58, under=170, waist=82, waist_y=255, hem=100, hem_y=450, chest=90,
                shoulder=92, hem_bow=6, fold=1.3)  # fmt: skip
    cut.hem_y = min(cut.hem_y, 474)
    cut.bicep, cut.cuff = 68, cut.cuff + 5
    cut.sleeve = 258
    puffer = t.item.material == "padded nylon"
    if puffer:
        cut.front, cut.neck_y, cut.neck = 24, 96, 36
        cut.under += 30
        cut.waist, cut.hem = cut.chest, cut.chest + 2
        _quilt(cut)
        paint_hood(t.canvas, cut, t.plain, t.plain)
        paint_sleeves(t.canvas, cut, t.cloth)
        t.canvas.paint(body_layer(cut, t.cloth))
        paint_armholes(t.canvas, cut, 0.3)
        for y in np.arange(cut.neck_y + 46, cut.hem_y, 34):
            t.canvas.darken(
                line((0, y - 2), (MIDDLE, y + 3), (WIDTH, y - 2)), 1.6, 0.3, body_outline(cut)
            )
        zip_line(
            t.canvas,
            line((MIDDLE, cut.neck_y + cut.front), (MIDDLE, cut.hem_y + 5)),
            (0.5, 0.5, 0.5),
        )
        paint_hood_front(t.canvas, cut, t.plain, t.colour)
        return
    lapel = t.item.neckline == "lapel"
    cut.front, cut.v = (128, True) if lapel else (26, False)
    paint_back(t.canvas, cut, t.contrast if lapel else t.plain)
    paint_sleeves(t.canvas, cut, t.cloth)
    t.canvas.paint(body_layer(cut, t.cloth))
    paint_armholes(t.canvas, cut, 0.28)
    double = t.item.shape == "double"
    if lapel:
        _overlap(t, cut, cut.neck_y + cut.front, 3, double)
        paint_lapels(t.canvas, cut, t.cloth, 1.15, double)
    else:
        _overlap(t, cut, cut.neck_y + cut.front + 20, 5, double)
        paint_shirt_collar(t.canvas, cut, t.cloth, 1.35, 8)
    _flap_pockets(t, cut, 318)
    if t.item.material == "cotton":
        belt = np.vstack([line((MIDDLE - cut.waist - 1, 247), (MIDDLE, 254), (MIDDLE + cut.waist + 1, 247)),
                          line((MIDDLE + cut.waist + 1, 263), (MIDDLE, 270), (MIDDLE - cut.waist - 1, 263))])  # fmt: skip
        t.canvas.paint(Layer(belt, t.plain, round=4, puff=1.6, shadow=0.4))
        buckle = np.array([[-11, 0], [11, 0], [11, 22], [-11, 22]]) + (MIDDLE, 250.0)
        t.canvas.paint(Layer(buckle, cloth(np.array((0.3, 0.22, 0.16)), "faux leather", t.s, 1), round=3,
                             puff=1.5, shadow=0.4))  # fmt: skip
        slot = buckle * 0.55 + buckle.mean(0) * 0.45
        t.canvas.paint(Layer(slot, t.plain, round=2, puff=0.6, shadow=0, shade=0.8))


def _quilt(cut: Cut) -> None:
    from scripts.demo.canvas import Fold

    for y in np.arange(cut.neck_y + 29, cut.hem_y, 34):
        cut.extra.append(Fold(line((60, y - 2), (MIDDLE, y + 3), (324, y - 2)), 11, 5.0, (0, 0)))


def _dress(t: Tailor) -> None:
    shape = t.item.shape
    longer = {"cropped": -44, "regular": 0, "long": 42}[t.item.length]
    wide = _WIDER[t.item.fit]
    cut = t.cut(neck_y=50, neck=33, shoulder=72, slope=17, chest=68, under=132, waist=55, waist_y=182,
                hem=57, hem_y=196, hem_bow=5, fold=1.3)  # fmt: skip
    cut.hem_y, cut.waist, cut.hem = 196, 55 + 0.6 * wide, 57 + 0.6 * wide
    if cut.sleeve:
        cut.sleeve *= 0.86
        cut.bicep, cut.cuff = cut.bicep * 0.8, cut.cuff * 0.8
    else:
        cut.shoulder = 56 if shape != "slip" else 44
    if t.item.neckline == "V-neck":
        cut.front = 62
    if shape == "slip":
        cut.front, cut.neck = 58, 38
    if t.item.neckline == "collar":
        cut.front, cut.v, cut.neck = 24, False, 30
    hem = {"a-line": 112, "sheath": 74, "tiered": 118, "slip": 84}[shape] + wide * 0.8
    skirt = SkirtCut({"sheath": "pencil", "slip": "slip"}.get(shape, shape), 192, cut.hem,
                     {"a-line": 78, "sheath": 76, "tiered": 76, "slip": 74}[shape] + 0.6 * wide, 250,
                     hem, 420 + longer, fold=2.2 * _FOLDS.get(t.item.material, 1.0), seed=cut.seed,
                     shadow=0.0)  # fmt: skip
    paint_back(t.canvas, cut, t.plain)
    paint_sleeves(t.canvas, cut, t.cloth)
    paint_skirt(t.canvas, skirt, t.cloth, None)
    layer = body_layer(cut, t.cloth)
    layer.origin = (MIDDLE, skirt.top)
    layer.shadow = 0.16
    t.canvas.paint(layer)
    if cut.sleeve:
        paint_armholes(t.canvas, cut, 0.16)
    seam = line((MIDDLE - cut.hem, 195), (MIDDLE, 201), (MIDDLE + cut.hem, 195))
    if shape in ("a-line", "tiered"):
        t.canvas.darken(seam, 1.6, 0.3)
        for x, y in along(seam, 24, 0.04, 0.96):
            t.canvas.darken(
                line((x, y), (x + 0.12 * (x - MIDDLE), y + float(t.rng.uniform(8, 26)))), 2, 0.12
            )
    elif t.item.shape == "sheath":
        for way in (-1, 1):
            t.canvas.darken(line((MIDDLE + way * 34, 128), (MIDDLE + way * 28, 190), (MIDDLE + way * 33, 250)),
                            1.2, 0.18)  # fmt: skip
    if t.item.neckline == "collar":
        paint_shirt_collar(t.canvas, cut, t.cloth, 0.85)
    else:
        edge = neckline(cut)
        t.canvas.darken(np.vstack([mirror(edge[1:], MIDDLE), edge]) + (0, 4), 0.9, 0.2)


def _skirt(t: Tailor) -> None:
    shape = t.item.shape
    longer = {"cropped": -96, "regular": 0, "long": 50}[t.item.length]
    wide = _WIDER[t.item.fit]
    hem = {"a-line": 118, "pencil": 74, "pleated": 128, "tiered": 132}[shape]
    hem = 62 + (hem - 62) * (1 + longer / 420) + 0.7 * wide
    cut = SkirtCut(shape, 92, 63, 86 + 0.5 * wide, 172, hem, 405 + longer,
                   fold=2.4 * _FOLDS.get(t.item.material, 1.0), seed=t.item.seed % 100000)  # fmt: skip
    paint_skirt(t.canvas, cut, t.cloth, t.plain if t.item.material != "denim" else t.cloth)
    if t.item.material == "denim":
        topstitch(t.canvas, line((MIDDLE, 96), (MIDDLE, cut.hem_y)), -0.3)
        button(t.canvas, MIDDLE, 85, 3.6, (0.7, 0.5, 0.34))


def _legs(t: Tailor) -> LegCut:
    wide = {"slim": -1, "straight": 0, "wide": 1}[t.item.shape]
    longer = {"cropped": -42, "regular": 0, "long": 8}[t.item.length]
    return LegCut(
        hip=82 + 4 * max(wide, 0), knee=50 + 14 * wide + 6 * max(wide, 0),
        ankle=42 + 14 * wide + 12 * max(wide, 0), hem_y=464 + longer,
        spread=8 - 4 * max(wide, 0), fold=1.7 * _FOLDS.get(t.item.material, 1.0),
        seed=t.item.seed % 100000,
    )  # fmt: skip


def _trousers(t: Tailor) -> None:
    cut = _legs(t)
    paint_legs(t.canvas, cut, t.cloth, crease=t.item.material in ("wool blend", "cotton"))
    paint_waistband(t.canvas, cut.waist, cut.top, cut.band, t.cloth)
    paint_slant_pockets(t.canvas, cut)
    paint_loops(t.canvas, cut, t.cloth)
    t.canvas.darken(line((MIDDLE + 12, cut.top + 4), (MIDDLE + 12, cut.top + 50), (MIDDLE, cut.top + 76)),
                    1.0, 0.2)  # fmt: skip


def _jeans(t: Tailor) -> None:
    cut = _legs(t)
    copper = (0.72, 0.5, 0.33)
    fade = float(t.rng.uniform(0.06, 0.3)) if t.item.colour in ("blue", "navy", "black") else 0.05
    paint_legs(t.canvas, cut, t.cloth, fade=fade)
    paint_waistband(t.canvas, cut.waist, cut.top, cut.band, t.cloth)
    tone = -0.32 if t.item.colour in ("blue", "navy", "black") else 0.25
    paint_scoop_pockets(t.canvas, cut, tone)
    paint_loops(t.canvas, cut, t.cloth)
    paint_fly(t.canvas, cut, tone, copper)
    for way in (-1, 1):
        flank = line(
            (MIDDLE + way * (cut.hip - 4), cut.hip_y + 6),
            (MIDDLE + way * (cut.hip - 10), cut.hip_y + 60),
        )
        topstitch(t.canvas, flank, tone)


def _shorts(t: Tailor) -> None:
    longer = {"cropped": -34, "regular": 0, "long": 40}[t.item.length]
    wide = _WIDER[t.item.fit]
    cut = LegCut(top=130, waist=66, hip=90 + 0.5 * wide, hip_y=214, crotch=262, ankle=84 + 0.9 * wide,
                 knee=84, hem_y=336 + longer, spread=4, seed=t.item.seed % 100000,
                 fold=1.7 * _FOLDS.get(t.item.material, 1.0))  # fmt: skip
    paint_legs(t.canvas, cut, t.cloth)
    paint_waistband(t.canvas, cut.waist, cut.top, cut.band, t.cloth)
    if t.item.material == "denim":
        paint_scoop_pockets(t.canvas, cut, -0.32)
        paint_fly(t.canvas, cut, -0.32, (0.72, 0.5, 0.33))
    else:
        paint_slant_pockets(t.canvas, cut)
    paint_loops(t.canvas, cut, t.cloth)
    for way in (-1, 1):
        x0, x1 = MIDDLE + way * 10, MIDDLE + way * (10 + cut.ankle)
        t.canvas.darken(
            line((x0, cut.hem_y - 9), ((x0 + x1) / 2, cut.hem_y - 6), (x1, cut.hem_y - 10)),
            0.9,
            0.2,
        )


_PAINTERS = {
    "T-shirt": _tee, "Shirt": _shirt, "Blouse": _blouse, "Sweater": _sweater, "Hoodie": _hoodie,
    "Jacket": _jacket, "Coat": _coat, "Dress": _dress, "Skirt": _skirt, "Trousers": _trousers,
    "Jeans": _jeans, "Shorts": _shorts,
}  # fmt: skip
