"""Telling a garment's silhouette from a plain ground and the soft shadow on it.

Several outlines are drawn: where fine edges (Canny 1986) close around the garment, gaps of growing
width being bridged, and where the colour leaves that of the ground. The outline is taken that best
lies on edges: a torn garment, a shadow taken for cloth and a gap between legs taken for cloth all
have stretches of outline where the picture has no edge.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

NOISE = 0.7
"""Noise of the ground (Lab distance) for which the limits of `EDGES` hold."""

EDGES = ((0.7, 1.1), (0.85, 1.35), (1.0, 1.6), (2.0, 3.0))
"""Limits of an edge, in Lab distance per pixel: where it may go on, and what it must reach."""

BRIDGED = ((1, 6, 12), (12, 28), (1, 3, 12, 20), (1, 3))
"""Half the gaps of the outline (pixels) that are bridged, for each of `EDGES`."""

COLOURS = (5.0, 8.0, 13.0)
"""Lab distances from the ground at which cloth is taken to begin."""

SHADOW_DEPTH = 42
"""How much darker (Lab lightness) than the ground a shadow may be."""

LENGTH_COST = 0.03
"""Cost of a pixel of outline on an edge; one without an edge costs 1 more."""

MOST_LOST, LOSS_COST = 0.25, 1000
"""Share of the largest outline that another may leave out at no cost, and the cost of all of it."""

ROUGH = 0.55
"""Fine detail (mean Lab distance from the picture blurred) that a smooth ground does not have."""

SKEW_COST = 300
"""Cost of an outline without any mirror symmetry: garments are laid out even, tears are not."""

PRINTED, WIDEST_STRIPE = (0.08, 0.6), 0.12
"""Share of a garment that is of the ground's colour for that to be a print, and how wide, in widths
of the garment, a stripe or dot of it may be."""

DOUBTFUL = 0.5
"""An outline of which this share lies on no edge is none."""


@dataclass(frozen=True)
class Silhouette:
    """Where the garment is.

    Attributes:
        inside: (height, width) bool.
        doubt: share of the outline that lies on no edge, 0 to 1.
        lost: share of the largest plausible outline that is left out, 0 to 1.
    """

    inside: np.ndarray
    doubt: float
    lost: float


def silhouette(pixels: np.ndarray, lab: np.ndarray, ground: np.ndarray, noise: float) -> Silhouette:
    """The best outline.

    Args:
        pixels: (height, width, 3) uint8 RGB.
        lab: the same in CIE Lab, float32.
        ground: the background's colour at every pixel, Lab.
        noise: of the background (Lab distance).
    """
    difference = lab - ground
    slopes = _slopes(lab)
    loud = noise / NOISE
    fine = _edges(slopes, 0.9 * loud, 1.4 * loud)
    on_edge = cv2.dilate(fine.astype(np.uint8), disk(2)) > 0
    found = []
    for inside in _outlines(pixels, difference, slopes, noise):
        area = int(inside.sum())
        if area >= 0.01 * inside.size:
            outline = _rim(inside)
            outline[:2] = outline[-2:] = outline[:, :2] = outline[:, -2:] = False
            found.append((inside, area, int((outline & ~on_edge).sum()), int(outline.sum())))
    if not found:
        # White on white without a shadow: only the weave is left to go by.
        return Silhouette(_by_texture(lab), 0.0, 0.0)
    plausible = [f for f in found if f[2] < DOUBTFUL * max(f[3], 1)] or found
    widest = max(plausible, key=lambda candidate: candidate[1])
    largest = widest[1]
    columns = np.flatnonzero(widest[0].any(axis=0))
    turn = int(columns[0] + columns[-1])

    def cost(candidate: tuple[np.ndarray, int, int, int]) -> float:
        shape, area, weak, length = candidate
        lost = max(0.0, 1 - MOST_LOST - area / largest)
        skew = _skew(shape, turn)
        return weak + LENGTH_COST * length + LOSS_COST * lost + SKEW_COST * skew

    inside, area, weak, length = min(plausible, key=cost)
    inside = _rejoined(inside, difference, max(9.0, 4 * noise))
    inside = inside & ~_holes(inside, lab, difference, fine, on_edge, noise)
    return Silhouette(inside, weak / max(length, 1), max(0.0, 1 - inside.sum() / largest))


def _rejoined(inside: np.ndarray, difference: np.ndarray, threshold: float) -> np.ndarray:
    """The garment with stripes and dots of the ground's colour that its outline had run along.

    Whether a gap is cloth or ground its colour does not tell here, but its width may: where such
    cloth lies enclosed elsewhere in the garment, gaps in the outline no wider than that are closed.
    """
    pale = inside & (np.linalg.norm(difference, axis=2) < threshold)
    share = float(pale.sum() / inside.sum())
    if not PRINTED[0] < share < PRINTED[1]:
        return inside
    thickness = cv2.distanceTransform(pale.astype(np.uint8), cv2.DIST_L2, 5)
    ridge = (thickness >= cv2.dilate(thickness, np.ones((3, 3), np.uint8))) & (thickness > 1)
    if not ridge.any():
        return inside
    radius = round(float(np.quantile(thickness[ridge], 0.9))) + 1
    if 2 * radius > WIDEST_STRIPE * np.ptp(np.flatnonzero(inside.any(axis=0))):
        return inside
    cloth = ~_like_ground(difference, threshold)
    solid = cv2.morphologyEx(cloth.astype(np.uint8), cv2.MORPH_OPEN, disk(1)) > 0
    pad = radius + 1
    whole = np.pad((solid | inside).astype(np.uint8), pad)
    closed = cv2.morphologyEx(whole, cv2.MORPH_CLOSE, disk(radius))[pad:-pad, pad:-pad]
    return main_parts(closed > 0)


def _skew(inside: np.ndarray, turn: int) -> float:
    """Share of the pixels whose mirror image about column `turn / 2` is not inside."""
    rows, columns = np.nonzero(inside)
    mirrored = turn - columns
    valid = (mirrored >= 0) & (mirrored < inside.shape[1])
    return 1 - float(inside[rows[valid], mirrored[valid]].sum()) / max(len(rows), 1)


def _outlines(
    pixels: np.ndarray,
    difference: np.ndarray,
    slopes: tuple[np.ndarray, np.ndarray],
    noise: float,
) -> Iterator[np.ndarray]:
    wide = _like_ground(difference, max(9.0, 4 * noise))
    for (low, high), radii in zip(EDGES, BRIDGED, strict=True):
        edge = _edges(slopes, low * noise / NOISE, high * noise / NOISE)
        away = _distance_to(edge)
        for radius in radii:
            outside = _flood(wide & (away > radius))
            outside = (_distance_to(outside) <= radius) & ~edge
            opened = cv2.morphologyEx((~outside).astype(np.uint8), cv2.MORPH_OPEN, disk(2))
            yield main_parts(cv2.medianBlur(opened, 5) > 0)
    for threshold in COLOURS:
        if threshold > 3 * noise:
            yield _by_colour(pixels, _like_ground(difference, threshold))


def _slopes(lab: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope across and down of whichever of the three planes is steepest, per pixel."""
    smooth = cv2.GaussianBlur(lab, (0, 0), 1.0)
    across = cv2.Scharr(smooth, cv2.CV_32F, 1, 0) / 32
    down = cv2.Scharr(smooth, cv2.CV_32F, 0, 1) / 32
    steepest = (across**2 + down**2).argmax(axis=2)[..., None]
    return (
        np.take_along_axis(across, steepest, 2)[..., 0],
        np.take_along_axis(down, steepest, 2)[..., 0],
    )


def _edges(slopes: tuple[np.ndarray, np.ndarray], low: float, high: float) -> np.ndarray:
    unit = 256  # Canny takes whole numbers
    across, down = (np.clip(s * unit, -32000, 32000).round().astype(np.int16) for s in slopes)
    return cv2.Canny(across, down, low * unit, high * unit, L2gradient=True) > 0


def _by_colour(pixels: np.ndarray, like_ground: np.ndarray) -> np.ndarray:
    """What differs from the ground; the strip in doubt parts along its strongest edge."""
    outside = _flood(like_ground)
    inside = main_parts(~outside)
    sure = (inside & ~like_ground) | (cv2.erode(inside.astype(np.uint8), disk(4)) > 0)
    sure = cv2.morphologyEx(sure.astype(np.uint8), cv2.MORPH_OPEN, disk(1)) > 0
    markers = np.zeros(sure.shape, np.int32)
    markers[sure] = 2
    markers[outside] = 1
    cv2.watershed(np.ascontiguousarray(pixels), markers)
    return main_parts(cv2.medianBlur((markers == 2).astype(np.uint8), 5) > 0)


def _by_texture(lab: np.ndarray) -> np.ndarray:
    """What is rougher than the ground, less the reach of the measure."""
    detail = np.linalg.norm(lab - cv2.GaussianBlur(lab, (0, 0), 2.0), axis=2)
    rough = cv2.blur(detail, (5, 5))
    rim = np.concatenate([rough[:4].ravel(), rough[-4:].ravel()])
    outside = _flood(rough < max(ROUGH, 2.5 * float(np.median(rim))))
    inside = cv2.erode((~outside).astype(np.uint8), disk(2))
    return main_parts(cv2.morphologyEx(inside, cv2.MORPH_OPEN, disk(3)) > 0)


def _like_ground(difference: np.ndarray, threshold: float) -> np.ndarray:
    """Pixels of the ground's colour, or of a soft shadow on it: darker, and of the same hue."""
    hue = np.hypot(difference[..., 1], difference[..., 2])
    light = difference[..., 0]
    shadow = (light < 0) & (light > -SHADOW_DEPTH) & (hue < max(2.0, 0.7 * threshold))
    return (np.linalg.norm(difference, axis=2) < threshold) | shadow


def _flood(passable: np.ndarray) -> np.ndarray:
    """What is connected to the frame."""
    canvas = np.pad(passable.astype(np.uint8), 1, constant_values=1)
    cv2.floodFill(canvas, None, (0, 0), 2)
    return canvas[1:-1, 1:-1] == 2


def _holes(
    inside: np.ndarray,
    lab: np.ndarray,
    difference: np.ndarray,
    fine: np.ndarray,
    on_edge: np.ndarray,
    noise: float,
) -> np.ndarray:
    """Enclosed regions in which the ground shows, as between a sleeve and the waist.

    On a garment of nearly the ground's colour they cannot be told from panels between seams.
    """
    none = np.zeros_like(inside)
    deep = cv2.erode(inside.astype(np.uint8), disk(8)) > 0
    if not deep.any():
        return none
    apart = float(np.median(np.linalg.norm(difference[deep], axis=1)))
    if apart < 20:
        return none
    cloth = np.median(lab[deep], axis=0)
    like_ground = _like_ground(difference, max(3.0, 4 * noise))
    opened = cv2.morphologyEx(
        (inside & like_ground & ~fine).astype(np.uint8), cv2.MORPH_OPEN, disk(2)
    )
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened)
    found = none
    for i in range(1, count):
        if not 0.003 < stats[i, cv2.CC_STAT_AREA] / inside.sum() < 0.06:
            continue
        region = labels == i
        whole = cv2.morphologyEx(region.astype(np.uint8), cv2.MORPH_CLOSE, disk(5))
        if fine[cv2.erode(whole, disk(2)) > 0].mean() > 0.005:
            continue  # ground is smooth; cloth of its colour has folds
        if np.linalg.norm(np.median(lab[region], axis=0) - cloth) < 0.6 * apart:
            continue
        grown = cv2.dilate(region.astype(np.uint8), disk(1)) > 0
        if on_edge[_rim(grown)].mean() > 0.9:
            found = found | grown
    return found & inside


def main_parts(inside: np.ndarray) -> np.ndarray:
    """The largest connected region, and others of at least a fiftieth of it."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inside.astype(np.uint8))
    if count < 2:
        return np.zeros_like(inside)
    areas = stats[1:, cv2.CC_STAT_AREA]
    large = np.concatenate([[False], areas >= 0.02 * areas.max()])
    return large[labels]


def disk(radius: int) -> np.ndarray:
    """A round structuring element."""
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))


def _rim(inside: np.ndarray) -> np.ndarray:
    return inside & (cv2.erode(inside.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0)


def _distance_to(mask: np.ndarray) -> np.ndarray:
    return cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
