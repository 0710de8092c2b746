"""Pictures that explain a try-on: the body map, the mask, the landmarks, small portraits."""

import io

import cv2
import numpy as np
from PIL import Image

from core.tryon.people import Person
from core.tryon.result import Result
from core.vision.atr import ATR
from core.vision.images import encode_webp

LIMBS = ((1, 2), (2, 3), (3, 4), (1, 5), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11),
         (11, 12), (12, 13), (0, 1))  # fmt: skip
"""Pairs of keypoints that are joined by a line."""

COLOURS = (
    "#000000", "#7C5C3B", "#5B4636", "#303A46", "#0F766E", "#7C3AED", "#2563EB", "#BE185D",
    "#A16207", "#374151", "#6B7280", "#F0B594", "#0EA5E9", "#38BDF8", "#EA580C", "#FB923C",
    "#65A30D", "#D946EF", "#FBBF24",
)  # fmt: skip
"""One colour for each id of the body map."""

MASK_COLOUR = (15, 118, 110)
POINT_COLOUR = (194, 65, 12)
DARK, LIGHT = (20, 24, 28), (255, 255, 255)


def body_map(
    person: Person, *, parts: bool = True, pose: bool = True, mask: np.ndarray | None = None
) -> bytes:
    """The person under the coloured body map, with the keypoints, as PNG.

    Args:
        person: whose picture.
        parts, pose: whether the map and the keypoints are drawn.
        mask: (height, width) uint8, 255 where stripes tell that it is repainted; None for none.
    """
    palette = np.array([_rgb(colour) for colour in COLOURS], np.float32)
    tint = palette[person.parse]
    share = np.where(person.parse > 0, 0.68 * parts, 0.0).astype(np.float32)
    soft = cv2.GaussianBlur(share, (0, 0), 0.8)[..., None]
    pixels = (person.pixels * (1 - soft) + tint * soft).astype(np.uint8)
    size = max(2, person.parse.shape[0] // 340)
    if mask is not None:
        _striped(pixels, mask > 127, size)
    if pose:
        _pose(pixels, person, size)
    return _png(pixels)


def _striped(pixels: np.ndarray, mask: np.ndarray, size: int) -> None:
    """Stripes of dark and light, which are seen on any colour, and an outline."""
    y, x = np.mgrid[0 : mask.shape[0], 0 : mask.shape[1]]
    band = (x + y) // (3 * size) % 4
    for which, colour in ((0, DARK), (1, LIGHT)):
        inside = mask & (band == which)
        pixels[inside] = (0.3 * pixels[inside] + 0.7 * np.array(colour)).astype(np.uint8)
    edges, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    for colour, width in ((LIGHT, 2 * size), (DARK, size)):
        cv2.drawContours(pixels, edges, -1, colour, width, cv2.LINE_AA)


def _pose(pixels: np.ndarray, person: Person, size: int) -> None:
    points = {
        i: (int(x), int(y)) for i, (x, y) in enumerate(person.keypoints) if not np.isnan(x + y)
    }
    for colour, width in ((DARK, 2 * size), (LIGHT, size)):
        for a, b in LIMBS:
            if a in points and b in points:
                cv2.line(pixels, points[a], points[b], colour, width, cv2.LINE_AA)
    for point in points.values():
        cv2.circle(pixels, point, 2 * size, LIGHT, -1, cv2.LINE_AA)
        cv2.circle(pixels, point, size, DARK, -1, cv2.LINE_AA)


def legend(person: Person) -> list[tuple[str, str]]:
    """Name and colour of every part that the body map holds, in the map's order."""
    present = [int(part) for part in np.unique(person.parse) if part > 0]
    return [(ATR[part].replace("_", " "), COLOURS[part]) for part in present]


def masked(person: Person, result: Result) -> bytes:
    """The person with the repainted region tinted and outlined, as PNG."""
    mask = np.asarray(Image.open(io.BytesIO(result.mask))) > 0
    share = 0.55 * cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.8)[..., None]
    pixels = (person.pixels * (1 - share) + np.array(MASK_COLOUR) * share).astype(np.uint8)
    edges, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(pixels, edges, -1, MASK_COLOUR, 2, cv2.LINE_AA)
    return _png(pixels)


def landmarks(result: Result) -> bytes:
    """The cut-out on a checkerboard with its landmarks, as PNG."""
    with Image.open(io.BytesIO(result.garment)) as opened:
        rgba = np.asarray(opened.convert("RGBA")).astype(np.float32)
    y, x = np.mgrid[0 : rgba.shape[0], 0 : rgba.shape[1]]
    board = np.where(((x // 12) + (y // 12)) % 2 == 0, 255, 236)[..., None].astype(np.float32)
    alpha = rgba[..., 3:] / 255
    pixels = (rgba[..., :3] * alpha + board * (1 - alpha)).astype(np.uint8)
    for point in result.points.values():
        centre = tuple(round(v) for v in point)
        cv2.circle(pixels, centre, 6, (255, 255, 255), -1, cv2.LINE_AA)
        cv2.circle(pixels, centre, 4, POINT_COLOUR, -1, cv2.LINE_AA)
    return _png(pixels)


def portrait(pixels: np.ndarray, width: int = 192) -> bytes:
    """A small WebP of a picture."""
    image = Image.fromarray(pixels)
    height = round(image.height * width / image.width)
    return encode_webp(image.resize((width, height), Image.Resampling.LANCZOS), 80)


def _rgb(code: str) -> tuple[int, int, int]:
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


def _png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=3)
    return out.getvalue()
