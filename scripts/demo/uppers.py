"""Garments for the upper body, coats included."""

import numpy as np

from scripts.demo.canvas import Fabric, Layer
from scripts.demo.curves import mirror
from scripts.demo.fabrics import cloth
from scripts.demo.pieces import MIDDLE, button, line, patch, stitch, topstitch, zip_line
from scripts.demo.tailor import (
    Tailor,
    flap_pockets,
    hem_seam,
    overlap,
    placket,
    rib_hem,
)
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


def tee(t: Tailor) -> None:
    """A T-shirt."""
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
    paint_neckband(t.canvas, cut, t.fine_rib, 7)
    hem_seam(t, cut)


def shirt(t: Tailor) -> None:
    """A shirt with a placket."""
    cut = t.cut(front=26, hem_bow=16, hem_y=408, neck=33)
    cut.front = 24
    cut.v = False
    paint_sleeves(t.canvas, cut, t.cloth, t.cloth if cut.sleeve > 200 else None, 17)
    paint_back(t.canvas, cut, t.plain, label=False)
    t.canvas.paint(body_layer(cut, t.cloth))
    paint_armholes(t.canvas, cut)
    placket(t, cut, cut.neck_y + cut.front)
    if t.rng.random() < 0.6:
        x, y = MIDDLE + 30, cut.under - 6
        pocket = np.array([[x, y], [x + 36, y], [x + 36, y + 34], [x + 18, y + 41], [x, y + 34]])
        patch(t.canvas, pocket, body_layer(cut, t.cloth), 0.12)
    if t.item.neckline == "band collar":
        paint_stand_collar(t.canvas, cut, t.cloth)
    else:
        paint_shirt_collar(t.canvas, cut, t.cloth)
    hem_seam(t, cut, 5)


def blouse(t: Tailor) -> None:
    """A blouse."""
    cut = t.cut(hem=106, hem_y=392, hem_bow=8, drape=2.4, fold=2.2)
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
        placket(t, cut, cut.neck_y + cut.front, 8)
        paint_stand_collar(t.canvas, cut, t.cloth, 11)
    else:
        edge = neckline(cut)
        t.canvas.darken(np.vstack([mirror(edge[1:], MIDDLE), edge]) + (0, 4), 0.9, 0.2)
    hem_seam(t, cut, 5)


def sweater(t: Tailor) -> None:
    """A knitted sweater with ribbed ends."""
    cut = t.cut(hem=86, waist=98, hem_y=392, hem_bow=4, drape=1.8, fold=1.3, rib=22)
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
    rib_hem(t, cut, rib, cut.rib)
    if t.item.neckline == "turtleneck":
        paint_roll_neck(t.canvas, cut, rib)
    else:
        paint_neckband(t.canvas, cut, rib, 10)


def hoodie(t: Tailor) -> None:
    """A hoodie with a kangaroo pocket."""
    cut = t.cut(
        hem=91,
        waist=101,
        chest=102,
        hem_y=412,
        hem_bow=4,
        neck_y=106,
        neck=37,
        under=228,
        fold=1.7,
        rib=22,
    )
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
                       line((MIDDLE + half - 18, y), (MIDDLE + half - 4, y + 22),
                       (MIDDLE + half + 4, y + 52)),
                       line((MIDDLE + half + 4, y + 52), (MIDDLE + half + 4, y + 70), (MIDDLE,
                       y + 72))])  # fmt: skip
    pocket = np.vstack([right, flip(right)])
    patch(t.canvas, pocket, body_layer(cut, t.contrast if t.item.pattern == "colour block"
                                       and t.item.print_scale != "small" else t.cloth),
                                       0.14)  # fmt: skip
    rib_hem(t, cut, t.rib, cut.rib)
    cord = tuple(min(1.0, c * 0.4 + 0.58) for c in t.colour)
    paint_hood_front(t.canvas, cut, t.plain, cord)


def jacket(t: Tailor) -> None:
    """A blazer, bomber, biker or denim jacket."""
    cut = t.cut(hem_y=398, hem_bow=5, chest=101, waist=95, shoulder=99, hem=97, fold=1.6)
    cut.hem_y = min(cut.hem_y, 416)
    cut.cuff += 4
    cut.bicep = 70
    if t.item.neckline == "lapel":
        _blazer(t, cut)
    elif t.item.material == "nylon":
        _bomber(t, cut)
    elif t.item.material == "faux leather":
        _biker(t, cut)
    else:
        _trucker(t, cut)


def _shell(t: Tailor, cut: Cut, lining: Fabric, cuff: Fabric | None, label: bool) -> None:
    """Back, sleeves and front of a jacket."""
    block = t.item.pattern == "colour block"
    paint_back(t.canvas, cut, lining, label)
    paint_sleeves(t.canvas, cut, t.contrast if block else t.cloth, cuff, 20)
    t.canvas.paint(body_layer(cut, t.cloth))
    if block:
        t.block(cut)
    paint_armholes(t.canvas, cut, 0.26)


def _blazer(t: Tailor, cut: Cut) -> None:
    cut.front, cut.v, cut.hem_bow = 150, True, 3
    _shell(t, cut, t.contrast, None, True)
    overlap(t, cut, cut.neck_y + cut.front, 2, double=False)
    flap_pockets(t, cut, 346 + min(0, cut.hem_y - 398))
    paint_lapels(t.canvas, cut, t.cloth)


def _bomber(t: Tailor, cut: Cut) -> None:
    cut.front, cut.rib, cut.hem = 26, 22, cut.hem - 6
    _shell(t, cut, t.plain, t.rib, False)
    rib_hem(t, cut, t.rib, cut.rib)
    top = cut.neck_y + cut.front
    zip_line(t.canvas, line((MIDDLE, top - 4), (MIDDLE, top + 90), (MIDDLE, cut.hem_y + 4)), METAL)
    _welt_pockets(t, cut)
    paint_stand_collar(t.canvas, cut, t.rib, 13)


def _biker(t: Tailor, cut: Cut) -> None:
    cut.front, cut.v = 92, True
    _shell(t, cut, t.contrast, None, True)
    top = cut.neck_y + cut.front
    front = line((MIDDLE - 2, top - 6), (MIDDLE + 17, top + 50), (MIDDLE + 19, cut.hem_y + 2))
    t.canvas.darken(front + (5, 0), 8, 0.16, body_outline(cut))
    zip_line(t.canvas, front, METAL)
    paint_lapels(t.canvas, cut, t.cloth, 1.05, True)
    for way in (-1, 1):
        x, y = MIDDLE + way * 54, cut.hem_y - 78
        slit = line((x - 20, y + 7 * way), (x + 20, y - 7 * way))
        zip_line(t.canvas, slit, METAL)
        chest = (MIDDLE + way * 58, cut.under - 8)
        seam = line((MIDDLE + way * (cut.shoulder - 6), cut.neck_y + 58), chest)
        stitch(t.canvas, seam)
    belt = line((MIDDLE - cut.hem + 2, cut.hem_y - 20), (MIDDLE, cut.hem_y - 15),
                (MIDDLE + cut.hem - 2, cut.hem_y - 20))  # fmt: skip
    stitch(t.canvas, belt, 0.3)


def _trucker(t: Tailor, cut: Cut) -> None:
    cut.front = 26
    _shell(t, cut, t.plain, t.plain if t.item.material == "denim" else None, False)
    placket(t, cut, cut.neck_y + cut.front, 6)
    for way in (-1, 1):
        x, y = MIDDLE + way * 48, cut.under - 12
        pocket = np.array([[x - 20, y], [x + 20, y], [x + 20, y + 38], [x, y + 46],
                           [x - 20, y + 38]])  # fmt: skip
        patch(t.canvas, pocket, body_layer(cut, t.cloth), t.tone)
        flap = np.array([[x - 21, y - 3], [x + 21, y - 3], [x + 21, y + 10], [x, y + 16],
                         [x - 21, y + 10]])  # fmt: skip
        patch(t.canvas, flap, body_layer(cut, t.plain), t.tone)
        button(t.canvas, x, y + 9, 2.6, METAL)
        seam = line((x - way * 4, y + 44), (x - way * 14, cut.hem_y - 20))
        topstitch(t.canvas, seam, t.tone)
    paint_shirt_collar(t.canvas, cut, t.plain, 1.1, 4)
    rib_hem(t, cut, t.plain, 16)
    hem_line = line((MIDDLE - cut.hem + 3, cut.hem_y - 14), (MIDDLE, cut.hem_y - 9),
                    (MIDDLE + cut.hem - 3, cut.hem_y - 14))  # fmt: skip
    topstitch(t.canvas, hem_line, t.tone)


def _welt_pockets(t: Tailor, cut: Cut) -> None:
    for way in (-1, 1):
        a, b = (MIDDLE + way * 40, cut.hem_y - 104), (MIDDLE + way * 62, cut.hem_y - 58)
        t.canvas.darken(line(a, b), 2.2, 0.45)


METAL = (0.72, 0.71, 0.68)


def coat(t: Tailor) -> None:
    """A wool coat, trench or puffer."""
    cut = t.cut(neck_y=56, under=176, waist=88, waist_y=255, hem=106, hem_y=452, chest=96,
                shoulder=94, hem_bow=6, fold=1.5)  # fmt: skip
    cut.hem_y = min(cut.hem_y, 474)
    cut.bicep, cut.cuff = 68, cut.cuff + 5
    cut.sleeve = 258
    puffer = t.item.material == "padded nylon"
    if puffer:
        cut.front, cut.neck_y, cut.neck = 24, 96, 36
        cut.under += 30
        cut.waist, cut.hem = cut.chest, cut.chest + 2
        paint_hood(t.canvas, cut, t.plain, t.plain)
        paint_sleeves(t.canvas, cut, t.cloth)
        t.canvas.paint(body_layer(cut, t.cloth))
        paint_armholes(t.canvas, cut, 0.3)
        zip_line(
            t.canvas,
            line((MIDDLE, cut.neck_y + cut.front), (MIDDLE, cut.hem_y + 5)),
            (0.5, 0.5, 0.5),
        )
        paint_hood_front(t.canvas, cut, t.plain, t.colour)
        return
    lapel = t.item.neckline == "lapel"
    cut.front, cut.v = (128, True) if lapel else (26, False)
    paint_back(t.canvas, cut, t.contrast if lapel else t.plain, label=lapel)
    paint_sleeves(t.canvas, cut, t.cloth)
    t.canvas.paint(body_layer(cut, t.cloth))
    paint_armholes(t.canvas, cut, 0.28)
    double = t.item.shape == "double"
    if lapel:
        overlap(t, cut, cut.neck_y + cut.front, 3, double)
        paint_lapels(t.canvas, cut, t.cloth, 1.15, double)
    else:
        overlap(t, cut, cut.neck_y + cut.front + 20, 5, double)
        paint_shirt_collar(t.canvas, cut, t.cloth, 1.35, 8)
    flap_pockets(t, cut, 318)
    if t.item.material == "cotton":
        belt = np.vstack([line((MIDDLE - cut.waist - 1, 247), (MIDDLE, 254),
        (MIDDLE + cut.waist + 1, 247)),
                          line((MIDDLE + cut.waist + 1, 263), (MIDDLE, 270),
                          (MIDDLE - cut.waist - 1, 263))])  # fmt: skip
        t.canvas.paint(Layer(belt, t.plain, round=4, puff=1.6, shadow=0.4))
        buckle = np.array([[-11, 0], [11, 0], [11, 22], [-11, 22]]) + (MIDDLE, 250.0)
        t.canvas.paint(Layer(buckle, cloth(np.array((0.3, 0.22, 0.16)), "faux leather", t.s, 1),
            round=3,
                             puff=1.5, shadow=0.4))  # fmt: skip
        slot = buckle * 0.55 + buckle.mean(0) * 0.45
        t.canvas.paint(Layer(slot, t.plain, round=2, puff=0.6, shadow=0, shade=0.8))
