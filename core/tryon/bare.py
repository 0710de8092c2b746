"""Taking off what a garment replaces: the body under the old clothes, and the ground behind them.

What appears is painted from the person's own skin (`core.tryon.skin`) and the ground beside
(`core.tryon.ground`): an estimate for a preview, not a picture of the person.
"""

from dataclasses import replace

import cv2
import numpy as np

from core.tryon.body import Body
from core.tryon.flesh import Limb, flesh, limbs
from core.tryon.ground import ground
from core.tryon.people import Person
from core.tryon.silhouette import disk
from core.tryon.skin import light_on, painted
from core.vision.atr import ID

TOP = ("upper_clothes", "scarf")
BOTTOM = ("pants", "skirt", "belt")
WAIST = 0.76
"""Where a dress is parted if only half of it is replaced, in distances from neck to hips: below
the waistband of trousers."""
BELOW = 0.8
"""The same for where a long top is taken to lie over trousers and not over the belly."""
HIGHEST = 0.4
"""The same for where trousers and skirts begin at the highest."""
LEAST = 300
"""Pixels of trousers, of 1024 rows, from which their colour is believed."""
SPECK = 1 / 50
"""Side, in heights of the picture, of the largest speck within clothes that belongs to them."""
SPECKS = ("background", "left_leg", "right_leg", "dress", "skirt", "pants", "belt", "bag",
          "left_shoe", "right_shoe")  # fmt: skip
ENCLOSED = 0.6
"""Share of a speck's edge that lies on the clothes."""
BARE_EDGE = ("neck", "left_arm", "right_arm", "left_leg", "right_leg")
"""Parts whose border with the old clothes goes with these: it has their colour and shadow."""


def bare(person: Person, body: Body, category: str) -> Person:
    """The person without what a garment of the category replaces; map and picture agree.

    A long top over a skirt or trousers gives way to more of these; where none is seen, the part of
    it below the waist stays, since nobody knows what is under it.
    """
    parse = person.parse.copy()
    found = limbs(body)
    under = flesh(body, found)
    depth = _depths(body)
    removed = _whole(_removed(person, depth, category), person.parse)
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
    if not removed.any():
        return person
    # The soft edge of the old clothes goes with them, and most of the shadow below them.
    near = cv2.dilate(removed.astype(np.uint8), disk(max(3, round(tall / 110)))) > 0
    rim = near & (person.parse == 0)
    bordering = near & np.isin(person.parse, [ID[name] for name in BARE_EDGE])
    skin = ((removed & ~over_legs) | bordering | rim) & (under > 0)
    clad = over_legs & (under > 0)
    away = (removed | rim) & (under == 0)
    # Ground shows through the soft edge of a limb as well.
    behind = away | (skin & (cv2.erode((under > 0).astype(np.uint8), disk(2)) == 0))
    picture = ground(person.pixels, person.parse > 0, behind & ~bordering)
    light = light_on(person, found)
    for name, region, limb in _by_limb(skin, under, found):
        picture = painted(picture, person, region, name, limb, light)
    if clad.any():
        soft = cv2.GaussianBlur(clad.astype(np.float32), (0, 0), 0.8)[..., None]
        colour = np.median(person.pixels[lower], axis=0)
        picture = picture * (1 - soft) + colour * soft
    parse[away] = ID["background"]
    parse[skin] = under[skin]
    parse[clad] = ID["pants"]
    pixels = np.clip(np.round(picture), 0, 255).astype(np.uint8)
    return replace(person, pixels=pixels, parse=parse)


def _whole(removed: np.ndarray, parse: np.ndarray) -> np.ndarray:
    """Clothes with the specks that the body map left in them."""
    whole = removed.copy()
    if not removed.any():
        return whole
    rows, columns = (np.flatnonzero(removed.any(axis=axis)) for axis in (1, 0))
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    clothes, labels = removed[box], parse[box]
    most = (SPECK * len(parse)) ** 2
    for name in SPECKS:
        part = ((labels == ID[name]) & ~clothes).astype(np.uint8)
        _, parts, stats, _ = cv2.connectedComponentsWithStats(part, connectivity=4)
        for i in np.flatnonzero(stats[:, cv2.CC_STAT_AREA] < most):
            left, top, width, height = stats[i, :4]
            around = (slice(max(0, top - 2), top + height + 2),
                      slice(max(0, left - 2), left + width + 2))  # fmt: skip
            speck = parts[around] == i
            ring = (cv2.dilate(speck.astype(np.uint8), disk(1)) > 0) & ~speck
            if i and clothes[around][ring].mean() > ENCLOSED:
                whole[box][around] |= speck
    return whole


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
        removed &= depth > HIGHEST * waist / WAIST  # a tie is no trousers, whatever the map says
    return removed


def _hip(person: Person) -> np.ndarray:
    return person.keypoints[[8, 11]].mean(axis=0)


def _by_limb(
    region: np.ndarray, under: np.ndarray, found: list[Limb]
) -> list[tuple[str, np.ndarray, Limb | None]]:
    tubes = {limb.name: limb for limb in found}
    parts = []
    for name in ("right_leg", "left_leg", "neck", "right_arm", "left_arm"):
        part = region & (under == ID[name])
        if part.any():
            parts.append((name, part, tubes.get(name)))
    return parts
