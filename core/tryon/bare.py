"""Taking the base outfit's sleeves and trouser legs away, so that no garment lies over them.

What appears is the person's own skin tone with the light of the outfit on it: an estimate for a
preview, not a picture of the person.
"""

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np

from core.tryon.body import Body
from core.tryon.people import ELBOWS, SHOULDERS, WRISTS, Person
from core.vision.atr import ID

SKIN = ("left_arm", "right_arm", "left_leg", "right_leg", "neck", "face")


def bare(person: Person, body: Body, category: str) -> Person:
    """The person without what a garment of the category replaces; map and picture agree."""
    picture = person.pixels.astype(np.float32)
    parse = person.parse.copy()
    skin = _skin(person)
    if category in ("upper_body", "dresses"):
        on_arm, beside = sleeves(person, body)
        picture = _paint(picture, person, on_arm, skin)
        soft = cv2.GaussianBlur(beside.astype(np.float32), (0, 0), 0.8)[..., None]
        picture = (picture * (1 - soft) + _ground(person) * soft).astype(np.float32)
        columns = np.arange(parse.shape[1])[None, :]
        parse[on_arm & (columns < body.neck[0])] = ID["right_arm"]
        parse[on_arm & (columns >= body.neck[0])] = ID["left_arm"]
        parse[beside] = ID["background"]
    if category in ("lower_body", "dresses"):
        outfit = np.isin(person.parse, [ID["pants"], ID["skirt"], ID["belt"]])
        picture = _paint(picture, person, outfit, skin)
    pixels = np.clip(np.round(picture), 0, 255).astype(np.uint8)
    return replace(person, pixels=pixels, parse=parse)


def sleeves(person: Person, body: Body) -> tuple[np.ndarray, np.ndarray]:
    """The base outfit's sleeves: ``(on the arm, standing off beside it)``, (height, width) bool."""
    outfit = person.parse == ID["upper_clothes"]
    y, x = np.mgrid[0 : outfit.shape[0], 0 : outfit.shape[1]].astype(np.float32)
    on_arm, beside = np.zeros_like(outfit), np.zeros_like(outfit)
    for side in (0, 1):
        joints = [body.points[pair[side]] for pair in (SHOULDERS, ELBOWS, WRISTS)]
        if np.isnan(joints[1]).any():
            continue
        # The arm leaves the trunk on a line through the shoulder, along the upper arm's inside;
        # further down, what is far enough from the axis is sleeve on both sides of the arm.
        shoulder, elbow = joints[0], joints[1]
        along = (elbow - shoulder) / max(float(np.linalg.norm(elbow - shoulder)), 1e-6)
        out = np.array([along[1], -along[0]]) * (1 if side == 1 else -1)
        width = body.shoulder_width
        offset = (x - shoulder[0]) * out[0] + (y - shoulder[1]) * out[1]
        half = 0.135 * width
        reach = np.full(outfit.shape, np.inf, np.float32)
        for start, end in pairwise(joints):
            if not np.isnan(end).any():
                reach = np.minimum(reach, _distance(x, y, start, end))
        far = np.abs(x - body.neck[0]) > 0.5 * width
        part = outfit & ((offset > -half) | far) & (reach < 2.4 * half)
        on_arm |= part & (reach <= half)
        beside |= part & (reach > half) & ((offset > 0) | far)
    # The outline's own soft edge goes with it.
    rim = cv2.dilate(beside.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    beside |= rim & (person.parse == ID["background"])
    return on_arm, beside


def _skin(person: Person) -> np.ndarray:
    """The person's usual skin colour, RGB."""
    for names in (SKIN[:4], SKIN[4:]):
        found = np.isin(person.parse, [ID[name] for name in names])
        if found.sum() > 400:
            return np.median(person.pixels[found], axis=0)
    return np.array([190.0, 150.0, 125.0])


def _paint(
    picture: np.ndarray, person: Person, region: np.ndarray, colour: np.ndarray
) -> np.ndarray:
    """Give a region a colour under the light that falls on it."""
    if region.sum() < 50:
        return picture
    light = cv2.cvtColor(person.pixels, cv2.COLOR_RGB2GRAY).astype(np.float32) + 12
    relative = np.where(region, light / np.median(light[region]), 1.0).astype(np.float32)
    smooth = cv2.GaussianBlur(relative, (0, 0), person.parse.shape[0] / 340)
    shade = np.clip(1 + 0.55 * (smooth - 1), 0.7, 1.12)
    soft = cv2.GaussianBlur(region.astype(np.float32), (0, 0), 0.8)[..., None]
    return picture * (1 - soft) + colour * shade[..., None] * soft


def _ground(person: Person) -> np.ndarray:
    """The background carried on behind the figure's rim, (height, width, 3) float32.

    Near ground counts most, since it holds the figure's own soft shadow.
    """
    height, width = person.parse.shape
    figure = (person.parse > 0).astype(np.uint8)
    free = (cv2.dilate(figure, np.ones((5, 5), np.uint8)) == 0).astype(np.float32)
    # A quarter of the size is enough for what is smooth.
    size = (width // 4, height // 4)
    small = cv2.resize(free, size, interpolation=cv2.INTER_AREA)
    ground = cv2.resize(person.pixels * free[..., None], size, interpolation=cv2.INTER_AREA)
    total, weight = np.zeros_like(ground), np.full_like(small, 1e-6)
    for sigma, trust in ((height / 800, 1.0), (height / 256, 0.02), (height / 64, 1e-4)):
        total += trust * cv2.GaussianBlur(ground, (0, 0), sigma)
        weight += trust * cv2.GaussianBlur(small, (0, 0), sigma)
    return cv2.resize(total / weight[..., None], (width, height))


def _distance(x: np.ndarray, y: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Distance of every pixel to a segment."""
    along = end - start
    t = ((x - start[0]) * along[0] + (y - start[1]) * along[1]) / max(float(along @ along), 1e-6)
    t = np.clip(t, 0, 1)
    return np.hypot(x - start[0] - t * along[0], y - start[1] - t * along[1])
