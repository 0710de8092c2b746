"""Where sleeves are sewn to a top or a dress, and which pixels of its outline are theirs.

Sides and points are those of `core.tryon.landmarks`.
"""

import cv2
import numpy as np

from core.tryon.outline import OUTWARD, Limb, corner, measure_limb, rows_of, top_of

Seam = tuple[np.ndarray, np.ndarray, np.ndarray | None]
"""Shoulder point, armpit, and where the gap under the sleeve begins (None without a sleeve)."""

ARMPIT, DEEPEST_ARMPIT = 0.45, 1.0
"""How far below the shoulder an armpit usually is, and can be, in widths of the trunk."""

THINNEST, LOWEST = 0.075, 0.25
"""Thickness of a sleeve in widths of the trunk, below which it is a frill, and how far down the
garment, a hood included, its shoulder may lie, below which it is a bulge of the side."""


def sleeves(
    mask: np.ndarray, reach: np.ndarray, middle: float, dress: bool
) -> list[tuple[Seam, tuple[Limb, np.ndarray] | None]]:
    """For each side the seam, and the sleeve with its pixels (height, width) if there is one.

    Args:
        mask: (height, width) which pixels are the garment.
        reach: (2, height) as `core.tryon.outline.reach_of` gives it.
        middle: x of the vertical middle line.
        dress: whether it is a dress, whose armpits are higher up than a top's.
    """
    top, bottom = rows_of(mask)
    height = bottom - top
    chest = 2 * float(np.nanmedian(reach[:, top + int(0.45 * height) : top + int(0.6 * height)]))
    seams = [_armhole(mask, reach, middle, side, top, height, chest, dress) for side in (0, 1)]
    parts = [_sleeve(mask, seam, side, middle) for side, seam in enumerate(seams)]
    low = top + LOWEST * height
    for side in (0, 1):
        if seams[side][2] is not None and not _plausible(seams[side], parts[side], middle, low):
            parts[side] = None
            seams[side] = (*_sleeveless(mask, reach, middle, side, top, height), None)
    for side in (0, 1):
        if parts[side] is None and parts[1 - side] is not None:
            # Only the other sleeve was found: look for this one where its mirror image would be.
            seam = _mirror(seams[1 - side], middle)
            found = _sleeve(mask, seam, side, middle)
            if found is not None and _plausible(seam, found, middle, low):
                parts[side], seams[side] = found, seam
    return list(zip(seams, parts, strict=True))


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
    # In the rows of a deep neckline nothing reaches out from the middle.
    seen = reach[side, rows] > 0.3 * reach[side, rows].max()
    rows = rows[seen] if seen.any() else rows
    edge = np.stack([middle + out * reach[side, rows], rows], axis=1)
    end = edge[-1]
    along = (end - shoulder) / max(np.linalg.norm(end - shoulder), 1e-6)
    normal = np.array([along[1], -along[0]]) * out
    bulge = (edge - shoulder) @ normal
    best = int(np.nanargmax(bulge))
    if bulge[best] > 0.02 * height:
        return shoulder, edge[best]
    width = 2 * float(np.nanmedian(reach[side, rows]))
    row = rows[int(np.argmin(np.abs(rows - min(shoulder[1] + 0.42 * width, low))))]
    return shoulder, np.array([middle + out * reach[side, row], row], np.float64)


def _plausible(
    seam: Seam, sleeve: tuple[Limb, np.ndarray] | None, middle: float, low: float
) -> bool:
    """Whether what lies beyond a seam can hold an arm: thick enough, and begun above row `low`."""
    if sleeve is None or seam[0][1] > low:
        return False
    limb, piece = sleeve
    trunk = 2 * abs(float(seam[1][0]) - middle)
    return float(piece.sum()) / max(limb.length, 1.0) > THINNEST * trunk


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
    last = _ground_below(mask, seam[-1], out) + np.array([1.5 * out, 3.0])
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


def _ground_below(mask: np.ndarray, joint: np.ndarray, out: float) -> np.ndarray:
    """The ground nearest to an armpit, below and beyond it; the armpit where there is none near."""
    reach = round(0.12 * mask.shape[0])
    y, x = np.nonzero(~mask)
    down, beyond = y - joint[1], (x - joint[0]) * out
    near = (down >= 0) & (down < reach) & (beyond > -2) & (beyond < 0.5 * reach)
    if not near.any():
        return joint
    best = int(np.argmin(np.hypot(down, beyond)[near]))
    return np.array([x[near][best], y[near][best]], np.float64)


def _holds(piece: np.ndarray, middle: float) -> bool:
    return bool(piece[:, int(middle)].any())
