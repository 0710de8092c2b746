"""Dresses, skirts and trousers."""

import numpy as np

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
from scripts.demo.curves import mirror
from scripts.demo.pieces import MIDDLE, button, gathers, line, topstitch
from scripts.demo.tailor import (
    FOLDS,
    WIDER,
    Tailor,
)
from scripts.demo.tops import (
    body_layer,
    neckline,
    paint_armholes,
    paint_back,
    paint_shirt_collar,
    paint_sleeves,
)


def dress(t: Tailor) -> None:
    """A dress: a bodice and a skirt."""
    shape = t.item.shape
    longer = {"cropped": -44, "regular": 0, "long": 42}[t.item.length]
    wide = WIDER[t.item.fit]
    cut = t.cut(neck_y=50, neck=33, shoulder=72, slope=17, chest=68, under=132, waist=55,
    waist_y=182,
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
        cut.front, cut.neck, cut.shoulder, cut.strap, cut.slope = 66, 40, 45, True, 4
    if t.item.neckline == "collar":
        cut.front, cut.v, cut.neck = 24, False, 30
    hem = {"a-line": 112, "sheath": 74, "tiered": 118, "slip": 84}[shape] + wide * 0.8
    skirt = SkirtCut({"sheath": "pencil", "slip": "slip"}.get(shape, shape), 192, cut.hem,
                     {"a-line": 78, "sheath": 76, "tiered": 76, "slip": 74}[shape] + 0.6 * wide,
                     250,
                     hem, 420 + longer, fold=2.2 * FOLDS.get(t.item.material, 1.0), seed=cut.seed,
                     shadow=0.0)  # fmt: skip
    paint_back(t.canvas, cut, t.plain)
    paint_sleeves(t.canvas, cut, t.cloth)
    paint_skirt(t.canvas, skirt, t.cloth, None)
    layer = body_layer(cut, t.cloth)
    layer.origin = (MIDDLE, skirt.top)
    layer.shadow = 0.06
    t.canvas.paint(layer)
    if cut.sleeve:
        paint_armholes(t.canvas, cut, 0.16)
    seam = line((MIDDLE - cut.hem, 195), (MIDDLE, 201), (MIDDLE + cut.hem, 195))
    if shape in ("a-line", "tiered"):
        t.canvas.darken(seam, 1.2, 0.2)
        gathers(t.canvas, seam, t.rng, 26)
    elif t.item.shape == "sheath":
        for way in (-1, 1):
            t.canvas.darken(line((MIDDLE + way * 34, 128), (MIDDLE + way * 28, 190),
                (MIDDLE + way * 33, 250)),
                            1.2, 0.18)  # fmt: skip
    if t.item.neckline == "collar":
        paint_shirt_collar(t.canvas, cut, t.cloth, 0.85)
    else:
        edge = neckline(cut)
        t.canvas.darken(np.vstack([mirror(edge[1:], MIDDLE), edge]) + (0, 4), 0.9, 0.2)


def skirt(t: Tailor) -> None:
    """A skirt."""
    shape = t.item.shape
    longer = {"cropped": -96, "regular": 0, "long": 50}[t.item.length]
    wide = WIDER[t.item.fit]
    hem = {"a-line": 118, "pencil": 74, "pleated": 128, "tiered": 132}[shape]
    hem = 62 + (hem - 62) * (1 + longer / 420) + 0.7 * wide
    if shape == "pencil":
        hem = 86 + 0.5 * wide - (2 if longer < 0 else 10)
    cut = SkirtCut(shape, 92, 63, 86 + 0.5 * wide, 172, hem, 405 + longer,
                   fold=2.4 * FOLDS.get(t.item.material, 1.0),
                   seed=t.item.seed % 100000)  # fmt: skip
    paint_skirt(t.canvas, cut, t.cloth, t.plain if t.item.material != "denim" else t.cloth)
    if t.item.material == "denim":
        topstitch(t.canvas, line((MIDDLE, 96), (MIDDLE, cut.hem_y)), t.tone)
        button(t.canvas, MIDDLE, 85, 3.6, (0.7, 0.5, 0.34))


def _legs(t: Tailor) -> LegCut:
    wide = {"slim": -1, "straight": 0, "wide": 1}[t.item.shape]
    longer = {"cropped": -42, "regular": 0, "long": 8}[t.item.length]
    return LegCut(
        hip=84 + 3 * max(wide, 0), knee=66 + 9 * wide + 8 * max(wide, 0),
        ankle=62 + 15 * wide + 22 * max(wide, 0), hem_y=464 + longer,
        spread=8 - 3 * wide, fold=1.7 * FOLDS.get(t.item.material, 1.0),
        seed=t.item.seed % 100000,
    )  # fmt: skip


def trousers(t: Tailor) -> None:
    """Trousers with slant pockets."""
    cut = _legs(t)
    paint_legs(t.canvas, cut, t.cloth, crease=t.item.material in ("wool blend", "cotton"))
    paint_waistband(t.canvas, cut.waist, cut.top, cut.band, t.cloth)
    paint_slant_pockets(t.canvas, cut)
    paint_loops(t.canvas, cut, t.cloth)
    t.canvas.darken(line((MIDDLE + 12, cut.top + 4), (MIDDLE + 12, cut.top + 50), (MIDDLE,
        cut.top + 76)),
                    1.0, 0.2)  # fmt: skip


def jeans(t: Tailor) -> None:
    """Five-pocket jeans."""
    cut = _legs(t)
    copper = (0.72, 0.5, 0.33)
    fade = float(t.rng.uniform(0.06, 0.3)) if t.item.colour in ("blue", "navy", "black") else 0.05
    paint_legs(t.canvas, cut, t.cloth, fade=fade)
    paint_waistband(t.canvas, cut.waist, cut.top, cut.band, t.cloth)
    tone = t.tone
    paint_scoop_pockets(t.canvas, cut, tone)
    paint_loops(t.canvas, cut, t.cloth)
    paint_fly(t.canvas, cut, tone, copper)
    for way in (-1, 1):
        hem_in, hem_out = (
            MIDDLE + way * (7 + cut.spread),
            MIDDLE + way * (5 + cut.spread + cut.ankle),
        )
        y = cut.hem_y - 8
        topstitch(t.canvas, line((hem_in, y), ((hem_in + hem_out) / 2, y + 3), (hem_out, y)), tone)
        t.canvas.darken(
            line((hem_in, y + 1), ((hem_in + hem_out) / 2, y + 4), (hem_out, y + 1)), 3, 0.1
        )
        band = line(
            (MIDDLE - cut.waist + 2, cut.top - 1),
            (MIDDLE, cut.top + 5),
            (MIDDLE + cut.waist - 2, cut.top - 1),
        )
        topstitch(t.canvas, band, tone)


def shorts(t: Tailor) -> None:
    """Shorts."""
    longer = {"cropped": -34, "regular": 0, "long": 40}[t.item.length]
    wide = WIDER[t.item.fit]
    cut = LegCut(top=112, waist=82, hip=106 + 0.5 * wide, hip_y=206, crotch=256,
    ankle=102 + 0.9 * wide,
                 knee=100, hem_y=352 + longer, spread=5, band=19, seed=t.item.seed % 100000,
                 fold=1.7 * FOLDS.get(t.item.material, 1.0))  # fmt: skip
    paint_legs(t.canvas, cut, t.cloth)
    paint_waistband(t.canvas, cut.waist, cut.top, cut.band, t.cloth)
    if t.item.material == "denim":
        paint_scoop_pockets(t.canvas, cut, t.tone)
        paint_fly(t.canvas, cut, t.tone, (0.72, 0.5, 0.33))
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
