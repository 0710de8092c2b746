"""Where a garment's neck, shoulders, armpits, sleeves, waist, crotch and hem are, from its outline.

Sides are numbered 0 for the picture's left (the wearer's right) and 1 for its right, as in
`core.tryon.people`. All points are (x, y) in pixels of the cut-out.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from core.errors import TryOnError
from core.tryon.cutout import Cutout
from core.tryon.outline import (
    BODY,
    OUTWARD,
    Limb,
    corner,
    frame,
    measure_limb,
    nearest_labels,
    reach_of,
    rows_of,
    top_of,
)
from core.tryon.sleeves import sleeves

LEVELS = np.linspace(0, 1, 9)
"""Heights of the trunk at which its edges are measured, from armpits or waistband to hem."""


@dataclass(frozen=True)
class Shape:
    """A measured garment.

    Attributes:
        points: landmarks by name; names of paired ones end in ``_0`` and ``_1``.
        sides: (n, 2, 2) left and right edge points of the trunk, top to bottom, first at the
            armpits (or the waistband), last at the hem (or where the legs begin).
        limbs: sleeves or legs.
        labels: (height, width) uint8, `BODY` or 2 + side, for every pixel (the nearest part).
        middle: x of the vertical middle line.
        worn: ``upper_body``, ``lower_body`` or ``dresses``.
        legs: whether the limbs are trouser legs.
    """

    points: dict[str, np.ndarray]
    sides: np.ndarray
    limbs: tuple[Limb, ...]
    labels: np.ndarray
    middle: float
    worn: str
    legs: bool


def measure(cutout: Cutout, category: str) -> Shape:
    """Find a garment's landmarks.

    Raises:
        TryOnError: the outline is too small or too odd to be measured.
    """
    mask = cutout.alpha > 0.5
    rows = np.flatnonzero(mask.any(axis=1))
    if len(rows) < 24 or mask.any(axis=0).sum() < 24:
        raise TryOnError("The garment in the photo is too small to be measured. Use a larger one.")
    if category == "lower_body":
        return _lower(mask)
    return _upper(mask, category)


# --- tops and dresses -------------------------------------------------------------------------


def _upper(mask: np.ndarray, category: str) -> Shape:
    top, bottom, middle = frame(mask)
    height = bottom - top
    reach = reach_of(mask, middle)
    points: dict[str, np.ndarray] = {}
    limbs: list[Limb] = []
    labels = np.full(mask.shape, BODY, np.uint8)
    found = sleeves(mask, reach, middle, dress=category == "dresses")
    for side, (seam, part) in enumerate(found):
        points[f"shoulder_{side}"], points[f"armpit_{side}"] = seam[:2]
        if part is not None:
            limb, piece = part
            limbs.append(limb)
            labels[piece] = 2 + side
            points[f"cuff_outer_{side}"], points[f"cuff_inner_{side}"] = limb.sections[-1]
    for side in (0, 1):
        points[f"neck_{side}"] = _neck(mask, middle, side, points[f"shoulder_{side}"])
    crotch = _crotch(mask, middle) if category == "dresses" else None
    trunk = mask & (labels == BODY)
    if crotch is not None and not limbs and crotch[1] < top + 0.75 * height:
        legs, sides, labels = _legs(mask, reach, middle, crotch, _armpit_row(points), points)
        return Shape(points, sides, legs, nearest_labels(mask, labels), middle, category, True)
    for side in (0, 1):
        points[f"hem_{side}"] = corner(trunk, side, middle, down=True)
    sides = _sides(trunk, middle, points["armpit_0"], points["armpit_1"], points)
    waist = _waist(sides)
    if category == "dresses" and waist is not None:
        points["waist_0"], points["waist_1"] = sides[waist]
    labels = nearest_labels(mask, labels)
    return Shape(points, sides, tuple(limbs), labels, middle, category, False)


def _neck(mask: np.ndarray, middle: float, side: int, shoulder: np.ndarray) -> np.ndarray:
    """Where the shoulder line meets the neck: a peak beside a neckline, or below a collar."""
    out = OUTWARD[side]
    span = abs(shoulder[0] - middle)
    offsets = np.linspace(0.0, 0.92 * span, 60)
    xs = middle + out * offsets
    tops = np.array([top_of(mask, x) for x in xs])
    peak = int(np.argmin(tops))
    if peak < 59:
        beyond = np.arange(peak, 60)
        chord = np.interp(offsets[beyond], [offsets[peak], span], [tops[peak], shoulder[1]])
        below = tops[beyond] - chord
        if below.max() > 0.08 * span:
            knee = int(beyond[np.argmax(below)])
            return np.array([xs[knee], tops[knee]])
    if peak < 8:
        peak = int(np.argmin(np.abs(offsets - 0.4 * span)))
    return np.array([xs[peak], tops[peak]])


def _waist(sides: np.ndarray) -> int | None:
    widths = np.linalg.norm(sides[:, 1] - sides[:, 0], axis=1)
    inner = widths[1:-1]
    if len(inner) == 0:
        return None
    narrow = 1 + int(np.argmin(inner))
    return narrow if widths[narrow] < 0.93 * min(widths[0], widths[-1]) else None


# --- trousers and skirts ----------------------------------------------------------------------


def _lower(mask: np.ndarray) -> Shape:
    top, bottom, middle = frame(mask, centre="top")
    height = bottom - top
    reach = reach_of(mask, middle)
    points: dict[str, np.ndarray] = {}
    head = mask.copy()
    head[top + round(0.15 * height) :] = False
    for side in (0, 1):
        points[f"waist_{side}"] = corner(head, side, middle, down=False)
    crotch = _crotch(mask, middle)
    if crotch is None:
        for side in (0, 1):
            points[f"hem_{side}"] = corner(mask, side, middle, down=True)
        sides = _sides(mask, middle, points["waist_0"], points["waist_1"], points)
        labels = np.full(mask.shape, BODY, np.uint8)
        return Shape(points, sides, (), labels, middle, "lower_body", False)
    row = int((points["waist_0"][1] + points["waist_1"][1]) / 2)
    legs, sides, labels = _legs(mask, reach, middle, crotch, row, points)
    labels = nearest_labels(mask, labels)
    return Shape(points, sides, legs, labels, middle, "lower_body", True)


def _legs(
    mask: np.ndarray,
    reach: np.ndarray,
    middle: float,
    crotch: np.ndarray,
    top_row: int,
    points: dict[str, np.ndarray],
) -> tuple[tuple[Limb, ...], np.ndarray, np.ndarray]:
    labels = np.full(mask.shape, BODY, np.uint8)
    legs = []
    row = int(crotch[1])
    points["crotch"] = crotch
    for side in (0, 1):
        xs = np.flatnonzero(mask[row])
        outer = np.array([xs.min() if side == 0 else xs.max(), row], np.float64)
        below = mask.copy()
        below[: row + 1] = False
        column = np.arange(mask.shape[1])
        far = column < crotch[0] if side == 0 else column >= crotch[0]
        piece = below & far[None, :]
        count, parts, stats, _ = cv2.connectedComponentsWithStats(piece.astype(np.uint8))
        if count < 2:
            continue
        piece = parts == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
        limb = measure_limb(piece, outer, crotch, side)
        if limb is None:
            continue
        legs.append(limb)
        labels[piece] = 2 + side
        points[f"hip_{side}"] = outer
        points[f"hem_outer_{side}"], points[f"hem_inner_{side}"] = limb.sections[-1]
    fractions = np.linspace(0, 1, 4)
    rows = np.round(top_row + fractions * (row - top_row)).astype(int)
    sides = np.zeros((len(rows), 2, 2))
    for i, y in enumerate(rows):
        for side in (0, 1):
            sides[i, side] = (middle + OUTWARD[side] * reach[side, y], y)
    for side in (0, 1):
        name = f"waist_{side}" if f"waist_{side}" in points else f"armpit_{side}"
        sides[0, side] = points[name]
        sides[-1, side] = points.get(f"hip_{side}", sides[-1, side])
    return tuple(legs), sides, labels


def _crotch(mask: np.ndarray, middle: float) -> np.ndarray | None:
    """The top of the gap between two legs, or None where there is no such gap."""
    top, bottom = rows_of(mask)
    height = bottom - top
    split = int(middle)
    ends = [np.flatnonzero(m.any(axis=1)).max() for m in (mask[:, :split], mask[:, split:])]
    cut = min(ends) - max(2, round(0.03 * height))
    ground = (~mask[:cut]).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ground, connectivity=4)
    width = mask.shape[1]
    best = None
    for i in range(1, count):
        left, up, across, high = stats[i, :4]
        if up + high < cut or left == 0 or left + across == width:
            continue
        if high > 0.12 * height and (best is None or high > stats[best, cv2.CC_STAT_HEIGHT]):
            best = i
    if best is None:
        return None
    row = int(stats[best, cv2.CC_STAT_TOP])
    x = float(np.flatnonzero(labels[row] == best).mean())
    return np.array([x, max(row - 1, top)], np.float64)


def _sides(
    trunk: np.ndarray,
    middle: float,
    first_0: np.ndarray,
    first_1: np.ndarray,
    points: dict[str, np.ndarray],
) -> np.ndarray:
    """Edges of the trunk at equal steps from the given first points down to the hem corners."""
    reach = reach_of(trunk, middle)
    sides = np.zeros((len(LEVELS), 2, 2))
    for side, first in ((0, first_0), (1, first_1)):
        last = points[f"hem_{side}"]
        for i, fraction in enumerate(LEVELS):
            row = round(first[1] + fraction * (last[1] - first[1]))
            window = reach[side, max(row - 2, 0) : row + 3]
            sides[i, side] = (middle + OUTWARD[side] * float(np.median(window)), row)
        sides[0, side], sides[-1, side] = first, last
    return sides


def _armpit_row(points: dict[str, np.ndarray]) -> int:
    return int((points["armpit_0"][1] + points["armpit_1"][1]) / 2)
