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
    SECTIONS,
    Limb,
    corner,
    frame,
    measure_limb,
    nearest_labels,
    reach_of,
    rows_of,
    top_of,
)

Seam = tuple[np.ndarray, np.ndarray, np.ndarray | None]
"""Shoulder point, armpit, and where the gap under the sleeve begins (None without a sleeve)."""


ARMPIT, DEEPEST_ARMPIT = 0.45, 1.0
"""How far below the shoulder an armpit usually is, and can be, in widths of the trunk."""


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
    chest = 2 * float(np.nanmedian(reach[:, top + int(0.45 * height) : top + int(0.6 * height)]))
    dress = category == "dresses"
    seams = [_armhole(mask, reach, middle, side, top, height, chest, dress) for side in (0, 1)]
    parts = [_sleeve(mask, seam, side, middle) for side, seam in enumerate(seams)]
    for side in (0, 1):
        if parts[side] is None and parts[1 - side] is not None:
            # Only the other sleeve was found: look for this one where its mirror image would be.
            seam = _mirror(seams[1 - side], middle)
            parts[side] = _sleeve(mask, seam, side, middle)
            if parts[side] is not None:
                seams[side] = seam
    for side, (seam, part) in enumerate(zip(seams, parts, strict=True)):
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


def _armhole(
    mask: np.ndarray,
    reach: np.ndarray,
    middle: float,
    side: int,
    top: int,
    height: int,
    chest: float,
    dress: bool,
) -> Seam:
    """Shoulder point, armpit, and where the sleeve's gap begins (None without a sleeve)."""
    out = OUTWARD[side]
    until = 0.6 if dress else 0.98
    # A sharp step first; then the slanted ones of loose sleeves and cuffs.
    for sharpness in (0.012, 0.02, 0.035):
        step = max(2, round(sharpness * height))
        row = _jump(reach[side], top, height, step, chest, until)
        if row is not None:
            break
    if row is not None:
        joint = np.array([middle + out * reach[side, row + step], row + step], np.float64)
    else:
        row = _slope(reach[side], top, height, chest, 0.09 if dress else 0.14)
        notch = None if dress or row is not None else _notch(mask, middle, side, height)
        if row is not None:
            joint = np.array([middle + out * reach[side, row], row], np.float64)
        elif notch is not None:
            joint = notch
            chest = 2 * abs(notch[0] - middle)
        else:
            return (*_sleeveless(mask, reach, middle, side, top, height), None)
    x = joint[0] - out * 0.03 * chest
    shoulder = np.array([x, top_of(mask, x)])
    armpit = joint.copy()
    wide = 2 * abs(joint[0] - middle)
    if joint[1] - shoulder[1] > DEEPEST_ARMPIT * wide:
        # The sleeve lies on the trunk further down than an armpit can be.
        armpit[1] = shoulder[1] + ARMPIT * wide
    return shoulder, armpit, joint


def _jump(
    reach: np.ndarray, top: int, height: int, step: int, chest: float, until: float
) -> int | None:
    """Row at which the trunk, followed upwards, suddenly widens into a sleeve."""
    best, found = 0.07 * chest, None
    persist = max(3, round(0.05 * height))
    for row in range(top + round(0.1 * height), top + round(until * height)):
        if row + step >= len(reach) or reach[row + step] < 0.25 * chest:
            continue
        below = reach[row + step : row + step + persist]
        if len(below) < persist or below.min() < 0.75 * below[0]:
            continue  # a rounded hem corner, not a trunk that goes on
        jump = reach[row - step] - reach[row + step]
        above = reach[row - persist - step : row - step]
        if jump > best and np.nanmin(above) > reach[row + step] + 0.4 * jump:
            best, found = jump, row
    return found


def _slope(reach: np.ndarray, top: int, height: int, chest: float, within: float) -> int | None:
    """Row of the armpit under a short sleeve whose lower edge slopes into the trunk."""
    upper = reach[top : top + round(0.45 * height)]
    peak = top + int(np.argmax(upper))
    for row in range(peak, peak + round(within * height)):
        following = reach[row : row + max(3, round(0.1 * height))]
        if reach[row] <= following.min() + 0.008 * chest:
            return row if reach[peak] - reach[row] > 0.12 * chest else None
    return None


def _notch(mask: np.ndarray, middle: float, side: int, height: int) -> np.ndarray | None:
    """Where the hem meets a sleeve that lies against the trunk: a step in the lower outline."""
    columns = np.flatnonzero(mask.any(axis=0))
    half = abs((columns[0] if side == 0 else columns[-1]) - middle)
    xs = np.round(middle + OUTWARD[side] * np.linspace(0.5, 0.9, 80) * half).astype(int)
    lows = np.array([np.flatnonzero(mask[:, x])[-1] if mask[:, x].any() else 0 for x in xs])
    steps = np.abs(lows[4:] - lows[:-4])
    best = int(np.argmax(steps))
    if steps[best] < 0.03 * height or np.ptp(lows[: best + 1]) > 0.05 * height:
        return None
    return np.array([xs[best + 2], min(lows[best], lows[best + 4])], np.float64)


def _sleeveless(
    mask: np.ndarray, reach: np.ndarray, middle: float, side: int, top: int, height: int
) -> tuple[np.ndarray, np.ndarray]:
    upper = mask.copy()
    upper[top + round(0.25 * height) :] = False
    shoulder = corner(upper, side, middle, down=False)
    out = OUTWARD[side]
    low = top + round(0.5 * height)
    rows = np.arange(min(int(shoulder[1] + 0.13 * height), low - 2), low)
    edge = np.stack([middle + out * reach[side, rows], rows], axis=1)
    end = edge[-1]
    along = (end - shoulder) / max(np.linalg.norm(end - shoulder), 1e-6)
    normal = np.array([along[1], -along[0]]) * out
    bulge = (edge - shoulder) @ normal
    best = int(np.nanargmax(bulge))
    if bulge[best] > 0.02 * height:
        return shoulder, edge[best]
    width = 2 * float(np.nanmedian(reach[side, rows]))
    row = min(int(shoulder[1] + 0.42 * width), low)
    return shoulder, np.array([middle + out * reach[side, row], row], np.float64)


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


def _mirror(seam: Seam, middle: float) -> Seam:
    flip = np.array([-1.0, 1.0]), np.array([2 * middle, 0.0])
    shoulder, armpit, joint = seam
    mirrored = None if joint is None else joint * flip[0] + flip[1]
    return shoulder * flip[0] + flip[1], armpit * flip[0] + flip[1], mirrored


def _sleeve(
    mask: np.ndarray, seam: Seam, side: int, middle: float
) -> tuple[Limb, np.ndarray] | None:
    """A sleeve and its pixels, or None where there is none beyond the seam."""
    shoulder, armpit, joint = seam
    if joint is None or np.linalg.norm(shoulder - armpit) < 4:
        return None
    piece = _beyond(mask, [shoulder, armpit, joint], side, middle)
    limb = None if piece is None else measure_limb(piece, shoulder, armpit, side)
    return None if limb is None or piece is None else (limb, piece)


def _beyond(
    mask: np.ndarray, seam: list[np.ndarray], side: int, middle: float
) -> np.ndarray | None:
    """The part of the garment beyond a seam, or None where the seam does not part it."""
    cut = mask.astype(np.uint8)
    out = OUTWARD[side]
    first = seam[0] + (seam[0] - seam[1]) * 0.15
    last = seam[-1] + np.array([1.5 * out, 3.0])
    line = np.round([first, *seam, last]).astype(np.int32)
    cv2.polylines(cut, [line.reshape(-1, 1, 2)], False, 0, 2)
    count, labels, stats, centres = cv2.connectedComponentsWithStats(cut, connectivity=4)
    seam_x = np.mean([p[0] for p in seam])
    pieces = [
        i
        for i in range(1, count)
        if (centres[i, 0] - seam_x) * out > 0
        and stats[i, cv2.CC_STAT_AREA] > 0.004 * mask.sum()
        and not _holds(labels == i, middle)
    ]
    if not pieces:
        return None
    return np.isin(labels, pieces)


def _holds(piece: np.ndarray, middle: float) -> bool:
    return bool(piece[:, int(middle)].any())


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
    sides = np.zeros((len(SECTIONS), 2, 2))
    for side, first in ((0, first_0), (1, first_1)):
        last = points[f"hem_{side}"]
        for i, fraction in enumerate(SECTIONS):
            row = round(first[1] + fraction * (last[1] - first[1]))
            window = reach[side, max(row - 2, 0) : row + 3]
            sides[i, side] = (middle + OUTWARD[side] * float(np.median(window)), row)
        sides[0, side], sides[-1, side] = first, last
    return sides


def _armpit_row(points: dict[str, np.ndarray]) -> int:
    return int((points["armpit_0"][1] + points["armpit_1"][1]) / 2)
