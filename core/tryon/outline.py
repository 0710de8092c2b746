"""Measures of a garment's outline: rows, corners, reach from the middle, limbs.

Sides are numbered 0 for the picture's left (the wearer's right) and 1 for its right, as in
`core.tryon.people`. All points are (x, y) in pixels of the cut-out.
"""

from dataclasses import dataclass

import cv2
import numpy as np

BODY = 1
"""Label of the trunk in `Shape.labels`; the limb on a side has label 2 + side."""

OUTWARD = (-1.0, 1.0)
"""The x direction that leads away from the middle, by side."""

SECTIONS = np.linspace(0, 1, 6)
"""Fractions of a limb's or trunk's length at which its width is measured."""

GAP = 0.25
"""Share of a limb's length between two sections, above which one is put in between."""


@dataclass(frozen=True)
class Limb:
    """A sleeve or a trouser leg.

    Attributes:
        side: 0 or 1.
        root: (2, 2) outer and inner point where it leaves the trunk.
        sections: (n, 2, 2) outer and inner edge points at `at`.
        at: (n,) fractions of the length, 0 at the root, 1 at the cuff.
        length: from the middle of the root to the middle of the cuff (pixels).
    """

    side: int
    root: np.ndarray
    sections: np.ndarray
    at: np.ndarray
    length: float


def measure_limb(piece: np.ndarray, outer: np.ndarray, inner: np.ndarray, side: int) -> Limb | None:
    """Measure a sleeve or leg between its root and its cuff.

    Its outer edge is the one a quarter turn from its axis: outside where it hangs, above where it
    is held out. The root does not tell, which runs along a sleeve that hangs beside the trunk.

    Args:
        piece: (height, width) bool, its pixels.
        outer: (x, y) of the root's outer end.
        inner: of its inner end.
        side: 0 or 1.

    Returns:
        The limb, or None where it is shorter than 4 pixels.
    """
    ys, xs = np.nonzero(piece)
    pixels = np.stack([xs, ys], axis=1).astype(np.float64)
    root = (outer + inner) / 2
    axis = pixels.mean(axis=0) - root
    start, end = root, root
    for _ in range(3):
        axis = axis / max(np.linalg.norm(axis), 1e-6)
        across = OUTWARD[side] * np.array([axis[1], -axis[0]])
        start = pixels[np.argmax(pixels @ (axis + 0.55 * across))]
        end = pixels[np.argmax(pixels @ (axis - 0.55 * across))]
        axis = (start + end) / 2 - root
    length = float(np.linalg.norm(axis))
    if length < 4:
        return None
    # A gathered cuff has no corners; a pinched one would tear the map open where it is pinned.
    least = 0.4 * len(pixels) / length
    across = OUTWARD[side] * np.array([axis[1], -axis[0]]) / length
    if (start - end) @ across < least:
        centre = (start + end) / 2
        start, end = centre + across * least / 2, centre - across * least / 2
    first = outer - inner
    last = start - end
    sections, at = [np.stack([outer, inner])], [0.0]
    for fraction in SECTIONS[1:-1]:
        centre = root + fraction * axis
        direction = (1 - fraction) * first / np.linalg.norm(first) + fraction * last / max(
            np.linalg.norm(last), 1e-6
        )
        found = across_piece(piece, centre, direction / max(np.linalg.norm(direction), 1e-6))
        # Sections follow one another on both edges and do not pinch; others are not of this limb.
        if (
            found is not None
            and ((found - sections[-1]) @ axis > 0).all()
            and ((np.stack([start, end]) - found) @ axis > 0).all()
            and np.linalg.norm(found[0] - found[1]) > 0.5 * np.linalg.norm(last)
        ):
            sections.append(found)
            at.append(float(fraction))
    sections.append(np.stack([start, end]))
    at.append(1.0)
    root_points = np.stack([outer, inner])
    return Limb(side, root_points, np.array(sections), np.array(at), length)


def close_sections(limb: Limb) -> tuple[np.ndarray, list[int]]:
    """The sections of a limb, one put into the middle of each gap wider than `GAP`.

    Returns:
        (n, 2, 2) all of them, and the places of those put in.
    """
    found, put_in = [limb.sections[0]], []
    for i in range(1, len(limb.sections)):
        if limb.at[i] - limb.at[i - 1] > GAP:
            put_in.append(len(found))
            found.append((limb.sections[i - 1] + limb.sections[i]) / 2)
        found.append(limb.sections[i])
    return np.array(found), put_in


def across_piece(piece: np.ndarray, centre: np.ndarray, direction: np.ndarray) -> np.ndarray | None:
    """Edge points of a piece on a line through `centre`, in and against `direction`."""
    reach = np.arange(-max(piece.shape), max(piece.shape))
    line = np.round(centre + reach[:, None] * direction).astype(int)
    height, width = piece.shape
    valid = (line[:, 0] >= 0) & (line[:, 0] < width) & (line[:, 1] >= 0) & (line[:, 1] < height)
    on = np.zeros(len(reach), bool)
    on[valid] = piece[line[valid, 1], line[valid, 0]]
    if not on.any():
        return None
    nearest = np.flatnonzero(on)[np.argmin(np.abs(reach[on]))]
    low = high = int(nearest)
    while low > 0 and on[low - 1]:
        low -= 1
    while high + 1 < len(on) and on[high + 1]:
        high += 1
    if abs(reach[nearest]) > 6 or high - low < 2:
        return None
    return np.stack([centre + reach[high] * direction, centre + reach[low] * direction])


def rows_of(mask: np.ndarray) -> tuple[int, int]:
    """First and last row of a mask that is not empty."""
    rows = np.flatnonzero(mask.any(axis=1))
    return int(rows[0]), int(rows[-1])


def frame(mask: np.ndarray, centre: str = "trunk") -> tuple[int, int, float]:
    """First and last row, and the x of the middle line."""
    top, bottom = rows_of(mask)
    height = bottom - top
    middle = float(np.nonzero(mask)[1].mean())
    span = (0.02, 0.3) if centre == "top" else (0.4, 0.9)
    centres = []
    for row in range(top + round(span[0] * height), top + round(span[1] * height)):
        run = run_at(mask[row], middle)
        if run is not None:
            centres.append((run[0] + run[1]) / 2)
    return top, bottom, float(np.median(centres)) if centres else middle


def run_at(row: np.ndarray, x: float) -> tuple[int, int] | None:
    """First and last column of the run of true pixels nearest to x, or None in an empty row."""
    on = np.flatnonzero(row)
    if len(on) == 0:
        return None
    breaks = np.flatnonzero(np.diff(on) > 1)
    starts = np.concatenate([[on[0]], on[breaks + 1]])
    ends = np.concatenate([on[breaks], [on[-1]]])
    gap = np.maximum(np.maximum(starts - x, x - ends), 0)
    i = int(np.argmin(gap))
    return int(starts[i]), int(ends[i])


def reach_of(mask: np.ndarray, middle: float) -> np.ndarray:
    """(2, height) how far the trunk reaches from the middle on either side, per row.

    An open front does not count as an edge: the run may begin up to a fifth of the width away.
    """
    height, width = mask.shape
    reach = np.zeros((2, height))
    centre = round(middle)
    for side in (0, 1):
        half = mask[:, :centre][:, ::-1] if side == 0 else mask[:, centre:]
        start = half.argmax(axis=1)
        for row in range(height):
            if not half[row].any() or start[row] > 0.2 * width:
                continue
            tail = half[row, start[row] :]
            gap = int(np.argmin(tail)) if not tail.all() else len(tail)
            reach[side, row] = start[row] + gap
    return reach


def top_of(mask: np.ndarray, x: float) -> float:
    """Row of the upper outline at x; of the whole mask where its column is empty."""
    column = mask[:, int(np.clip(round(x), 0, mask.shape[1] - 1))]
    return float(np.argmax(column)) if column.any() else float(np.flatnonzero(mask.any(1))[0])


def corner(mask: np.ndarray, side: int, middle: float, down: bool) -> np.ndarray:
    """The lower (or upper) outer corner on a side."""
    ys, xs = np.nonzero(mask)
    score = 0.6 * OUTWARD[side] * (xs - middle) + (ys if down else -ys)
    best = int(np.argmax(score))
    return np.array([xs[best], ys[best]], np.float64)


def nearest_labels(mask: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Give pixels outside the garment, and on the cut lines, the label of the nearest part."""
    from scipy.ndimage import distance_transform_edt

    known = cv2.erode(mask.astype(np.uint8), np.ones((2, 2), np.uint8)).astype(bool)
    if not known.any():
        return labels
    rows, columns = distance_transform_edt(~known, return_distances=False, return_indices=True)
    return labels[rows, columns]
