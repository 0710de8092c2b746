"""Editing what a try-on repaints: a style, growth to each side, and strokes of a brush.

An edit is a few numbers and not a picture: it fits any resolution, can be undone, and is part of
what a result is kept by.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import cv2
import numpy as np

from core.errors import TryOnError

Style = Literal["engine", "tight", "relaxed", "square"]
STYLES: tuple[Style, ...] = get_args(Style)

TIGHTER, LOOSER = 0.008, 0.03
"""How far the tight style shrinks a mask and the relaxed one grows it, shares of the height."""

OFFSETS = (-10.0, 20.0)
"""Least and greatest growth to a side, per cent of the picture's height."""

MOST_STROKES, MOST_POINTS = 300, 4000
LARGEST_BRUSH = 0.25


@dataclass(frozen=True)
class Stroke:
    """One line of a round brush.

    Attributes:
        points: (x, y) of the brush's middle as shares (0..1) of the picture's width and height.
        radius: of the brush, as a share of the picture's height.
        adds: whether it marks pixels to repaint, or protects them.
    """

    points: tuple[tuple[float, float], ...]
    radius: float
    adds: bool


@dataclass(frozen=True)
class MaskEdit:
    """How a mask differs from the engine's own; the default changes nothing.

    Attributes:
        style: the engine's own outline; tight or relaxed around it; or the square around all of it.
        top, bottom, left, right: growth to that side of the picture, per cent of its height;
            negative shrinks.
        strokes: of the brush and the eraser, in their order.
    """

    style: Style = "engine"
    top: float = 0.0
    bottom: float = 0.0
    left: float = 0.0
    right: float = 0.0
    strokes: tuple[Stroke, ...] = ()

    def __bool__(self) -> bool:
        """Whether it changes anything."""
        return self != NO_EDIT


NO_EDIT = MaskEdit()


def edited(mask: np.ndarray, edit: MaskEdit, kept: np.ndarray) -> np.ndarray:
    """A mask after an edit.

    Args:
        mask: (height, width) uint8, 255 where the engine may repaint.
        edit: style first, then the sides, then strokes in their order.
        kept: (height, width) bool, where style and sides never reach (face, hair, hands, shoes,
            bags). A brush does: a person means what it marks.

    Returns:
        (height, width) uint8, 0 or 255, a new array.
    """
    own = mask > 127
    height = mask.shape[0]
    grown = own
    if edit.style == "square" and own.any():
        rows, columns = (np.flatnonzero(own.any(axis=axis)) for axis in (1, 0))
        grown = np.zeros_like(own)
        grown[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
    elif edit.style in ("tight", "relaxed"):
        share = TIGHTER if edit.style == "tight" else LOOSER
        size = 2 * max(1, round(share * height)) + 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
        change = cv2.erode if edit.style == "tight" else cv2.dilate
        grown = change(own.astype(np.uint8), kernel, borderValue=0) > 0
    for turns, side in ((0, edit.top), (1, edit.right), (2, edit.bottom), (3, edit.left)):
        # Each side in turn is brought to the top.
        grown = np.rot90(_raised(np.rot90(grown, turns), round(side / 100 * height)), -turns)
    result = ((grown & ~kept) | (grown & own)).astype(np.uint8) * 255
    for stroke in edit.strokes:
        _draw(result, stroke)
    return result


def _raised(mask: np.ndarray, by: int) -> np.ndarray:
    """The mask with each upper edge `by` pixels higher, or lower where negative.

    A pixel is marked when any of the `by` pixels below it was, and stays when all above it are.
    """
    if by == 0:
        return mask
    grown = mask if by > 0 else ~mask
    # Running sums count the marked pixels in a window without looking at each.
    sums = np.cumsum(np.pad(grown.astype(np.int32), ((1, 0), (0, 0))), axis=0)
    rows = np.arange(len(mask))
    if by > 0:
        last = np.minimum(rows + by + 1, len(mask))
        return (sums[last] - sums[rows]) > 0
    first = np.maximum(rows + by, 0)
    return (sums[rows + 1] - sums[first]) == 0


def _draw(mask: np.ndarray, stroke: Stroke) -> None:
    height, width = mask.shape
    value = 255 if stroke.adds else 0
    radius = max(1, round(stroke.radius * height))
    points = np.array(
        [(round(x * (width - 1)), round(y * (height - 1))) for x, y in stroke.points], np.int32
    )
    if len(points) > 1:
        cv2.polylines(mask, [points.reshape(-1, 1, 2)], False, value, 2 * radius)
    for x, y in (points[0], points[-1]):
        cv2.circle(mask, (int(x), int(y)), radius, value, -1)


def read_strokes(data: Any) -> tuple[Stroke, ...]:
    """Strokes as the browser sends them: a list of ``{points: [[x, y], ...], radius, adds}``.

    Raises:
        TryOnError: it is anything else, too much, or outside its ranges.
    """
    try:
        if len(data) > MOST_STROKES:
            raise TryOnError(
                f"The mask has {len(data)} strokes; at most {MOST_STROKES} are kept. Undo some, or"
                " clear them and use a larger brush."
            )
        return tuple(_stroke(entry) for entry in data)
    except (TypeError, ValueError, KeyError, IndexError, OverflowError) as error:
        raise TryOnError("The strokes on the mask cannot be read. Draw them again.") from error


def _stroke(entry: Any) -> Stroke:
    points = tuple((float(x), float(y)) for x, y in entry["points"][:MOST_POINTS])
    radius = float(entry["radius"])
    numbers = [radius, *(value for point in points for value in point)]
    if not points or not all(map(math.isfinite, numbers)) or not 0 < radius <= LARGEST_BRUSH:
        raise ValueError("not a stroke")
    if max(numbers) > 2 or min(numbers) < -1:
        raise ValueError("far outside the picture")
    return Stroke(points, radius, bool(entry["adds"]))
