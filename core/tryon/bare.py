"""Taking off what a garment replaces: the body under the old clothes, and the ground behind them.

What appears is the person's own skin tone in the light that lay on the clothes: an estimate for a
preview, not a picture of the person.
"""

from dataclasses import replace

import cv2
import numpy as np

from core.tryon.body import Body
from core.tryon.flesh import flesh
from core.tryon.people import Person
from core.vision.atr import ID

TOP = ("upper_clothes", "scarf")
BOTTOM = ("pants", "skirt", "belt")
WAIST = 0.76
"""Where a dress is parted if only half of it is replaced, in distances from neck to hips: below
the waistband of trousers."""
BELOW = 0.8
"""The same for where a long top is taken to lie over trousers and not over the belly."""
LEAST = 300
"""Pixels of skin or of trousers from which their colour is believed."""
GROUND_SIDE = 256
"""Longer side at which the ground behind removed clothes is painted (pixels)."""


def bare(person: Person, body: Body, category: str) -> Person:
    """The person without what a garment of the category replaces; map and picture agree.

    A long top over a skirt or trousers gives way to more of these; where none is seen, the part of
    it below the waist stays, since nobody knows what is under it.
    """
    parse = person.parse.copy()
    under = flesh(body)
    depth = _depths(body)
    removed = _removed(person, depth, category)
    tall = person.parse.shape[0]
    lower = np.isin(person.parse, [ID[name] for name in BOTTOM])
    arms = np.isin(under, [ID["left_arm"], ID["right_arm"]])
    over_legs = removed & (depth > BELOW * body.hip_depth) & ~arms
    if category == "upper_body" and over_legs.any():
        if lower.sum() < LEAST * (tall / 1024) ** 2:
            removed &= ~over_legs
        over_legs &= removed
    else:
        over_legs[:] = False
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * max(1, tall // 200) + 1,) * 2)
    # The soft edge of the old clothes goes with them.
    near = cv2.dilate(removed.astype(np.uint8), kernel) > 0
    rim = near & (person.parse == 0)
    bordering = near & np.isin(person.parse, [ID["neck"], ID["left_arm"], ID["right_arm"]])
    skin = ((removed & ~over_legs) | bordering) & (under > 0)
    away = (removed & (under == 0)) | rim
    picture = person.pixels.astype(np.float32)
    if away.any():
        soft = cv2.GaussianBlur(away.astype(np.float32), (0, 0), 0.8)[..., None]
        picture = picture * (1 - soft) + _ground(person, away) * soft
    for name, region in _by_limb(skin, under):
        picture = _paint(picture, person, region, skin_tone(person, name))
    clad = over_legs & (under > 0)
    if clad.any():
        picture = _paint(picture, person, clad, np.median(person.pixels[lower], axis=0))
    parse[away] = ID["background"]
    parse[skin] = under[skin]
    parse[clad] = ID["pants"]
    pixels = np.clip(np.round(picture), 0, 255).astype(np.uint8)
    return replace(person, pixels=pixels, parse=parse)


def skin_tone(person: Person, part: str) -> np.ndarray:
    """The usual colour of a person's skin, RGB, from the parts most like one.

    Legs are looked at for legs alone: they may wear tights.
    """
    arms, face = ("left_arm", "right_arm"), ("neck", "face")
    order = (("left_leg", "right_leg"), arms, face) if "leg" in part else (face, arms)
    least = LEAST * (person.parse.shape[0] / 1024) ** 2
    for names in order:
        found = np.isin(person.parse, [ID[name] for name in names])
        if found.sum() > least:
            lit = person.pixels[found].astype(np.float32)
            bright = lit.sum(axis=1)
            # Brows, lips and shadow are darker, a shine is brighter: the upper middle is skin.
            low, high = np.quantile(bright, (0.4, 0.9))
            return np.median(lit[(bright >= low) & (bright <= high)], axis=0)
    return np.array([190.0, 150.0, 125.0])


def _depths(body: Body) -> np.ndarray:
    """Depth of every pixel's level along the body's axis, (height, width) float32."""
    height, width = body.parse.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    down = body.axis.direction(0.5 * body.hip_depth)
    return (x - body.neck[0]) * down[0] + (y - body.neck[1]) * down[1]


def _removed(person: Person, depth: np.ndarray, category: str) -> np.ndarray:
    waist = WAIST * float(np.linalg.norm(_hip(person) - person.keypoints[1]))
    names = {"upper_body": TOP, "lower_body": BOTTOM, "dresses": (*TOP, *BOTTOM, "dress")}
    removed = np.isin(person.parse, [ID[name] for name in names[category]])
    dress = person.parse == ID["dress"]
    if category == "upper_body":
        removed |= dress & (depth < waist)
    if category == "lower_body":
        removed |= dress & (depth >= waist)
    return removed


def _hip(person: Person) -> np.ndarray:
    return person.keypoints[[8, 11]].mean(axis=0)


def _by_limb(region: np.ndarray, under: np.ndarray) -> list[tuple[str, np.ndarray]]:
    found = []
    for name in ("right_leg", "left_leg", "neck", "right_arm", "left_arm"):
        part = region & (under == ID[name])
        if part.any():
            found.append((name, part))
    return found


def _paint(
    picture: np.ndarray, person: Person, region: np.ndarray, colour: np.ndarray
) -> np.ndarray:
    """Give a region a colour, round as a limb is, under some of the light that falls on it."""
    if region.sum() < 20:
        return picture
    tall = person.parse.shape[0]
    whole, box = picture, _box(region, margin=round(tall / 40) + 4)
    picture, region = picture[box], region[box]
    light = cv2.cvtColor(person.pixels[box], cv2.COLOR_RGB2GRAY).astype(np.float32) + 20
    relative = np.where(region, light / np.median(light[region]), 0).astype(np.float32)
    weight = cv2.GaussianBlur(region.astype(np.float32), (0, 0), tall / 130) + 1e-6
    smooth = cv2.GaussianBlur(relative, (0, 0), tall / 130) / weight
    shade = np.clip(1 + 0.3 * (smooth - 1), 0.85, 1.1)
    thick = cv2.distanceTransform(region.astype(np.uint8), cv2.DIST_L2, 3)
    turn = np.clip(thick / (tall / 50), 0, 1)
    shade = shade * (0.8 + 0.2 * np.sqrt(turn * (2 - turn)))
    soft = cv2.GaussianBlur(region.astype(np.float32), (0, 0), 0.8)[..., None]
    whole[box] = picture * (1 - soft) + colour * shade[..., None] * soft
    return whole


def _box(region: np.ndarray, margin: int) -> tuple[slice, slice]:
    """Rows and columns around a region (pixels)."""
    rows, columns = (np.flatnonzero(region.any(axis=axis)) for axis in (1, 0))
    return (
        slice(max(0, rows[0] - margin), rows[-1] + 1 + margin),
        slice(max(0, columns[0] - margin), columns[-1] + 1 + margin),
    )


def _ground(person: Person, away: np.ndarray) -> np.ndarray:
    """The ground carried on behind the figure (Telea 2004), (height, width, 3) float32."""
    height, width = person.parse.shape
    factor = min(1.0, GROUND_SIDE / max(height, width))
    size = (max(2, round(width * factor)), max(2, round(height * factor)))
    figure = cv2.dilate((person.parse > 0).astype(np.uint8), np.ones((5, 5), np.uint8))
    small = cv2.resize(person.pixels, size, interpolation=cv2.INTER_AREA)
    unknown = (
        cv2.resize(figure.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    ).astype(np.uint8)
    wanted = cv2.resize(away.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    if not wanted.any() or unknown.all():
        return person.pixels.astype(np.float32)
    ys, xs = np.nonzero(wanted)
    margin = round(0.12 * max(size))
    rows = slice(max(0, ys.min() - margin), ys.max() + margin + 1)
    columns = slice(max(0, xs.min() - margin), xs.max() + margin + 1)
    if unknown[rows, columns].all():
        rows = columns = slice(None)
    small[rows, columns] = cv2.inpaint(
        np.ascontiguousarray(small[rows, columns]),
        np.ascontiguousarray(unknown[rows, columns]),
        3,
        cv2.INPAINT_TELEA,
    )
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
