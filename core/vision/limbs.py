"""Limbs in a mask: distances along an arm, and the joint between two links."""

import cv2
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

STEPS = ((0, 1), (1, 0), (1, 1), (1, -1))
SAMPLES = np.linspace(0.08, 0.96, 10)
"""Where on a link it is looked whether it lies inside the limb."""


def distances(inside: np.ndarray, cost: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Length of the cheapest way from a place to every pixel of a mask.

    Args:
        inside: (h, w) bool, where a way may lead.
        cost: (h, w), how much longer than it is a step counts.
        start: x and y; the way begins at the pixel of the mask nearest to it.

    Returns:
        (h, w) float, infinite where no way leads.
    """
    out = np.full(inside.shape, np.inf)
    ys, xs = np.nonzero(inside)
    if not len(ys):
        return out
    number = np.full(inside.shape, -1)
    number[ys, xs] = np.arange(len(ys))
    rows, columns, weights = [], [], []
    height, width = inside.shape
    for dy, dx in STEPS:
        y, x = ys + dy, xs + dx
        ok = (y < height) & (x >= 0) & (x < width)
        near = np.full(len(ys), -1)
        near[ok] = number[y[ok], x[ok]]
        ok = near >= 0
        a, b = np.flatnonzero(ok), near[ok]
        rows.append(a)
        columns.append(b)
        weights.append(np.hypot(dy, dx) * (cost[ys[a], xs[a]] + cost[ys[b], xs[b]]) / 2)
    graph = coo_array(
        (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))),
        shape=(len(ys), len(ys)),
    ).tocsr()
    first = int(np.argmin(np.hypot(xs - start[0], ys - start[1])))
    out[ys, xs] = dijkstra(graph, directed=False, indices=first)
    return out


def middle_joint(
    *,
    start: np.ndarray,
    end: np.ndarray | None,
    lengths: tuple[float, float],
    inside: np.ndarray,
    sure: np.ndarray,
    radius: float,
    out: int,
) -> tuple[np.ndarray, float] | None:
    """The elbow or knee: where two links of known lengths stay inside the limb.

    Every pixel of the mask within reach is weighed: how much of both links lies inside, how well
    the lengths fit (a link may look shorter, never longer), and whether the pixel lies in the
    middle of something as thick as the limb.

    Args:
        start: x and y of shoulder or hip.
        end: x and y of wrist or ankle, or None where it is not seen.
        lengths: of both links, in pixels.
        inside: (h, w) bool, what may cover the limb, trunk included.
        sure: (h, w) bool, what can be nothing but the limb.
        radius: half the limb's thickness in pixels.
        out: -1 or 1 where a covered joint lies towards the outline on that side; 0 for legs.

    Returns:
        Place and score, or None where nothing is within reach.
    """
    one, two = lengths
    ys, xs = np.nonzero(inside)
    places = np.stack([xs, ys], 1).astype(float)
    from_start = np.linalg.norm(places - start, axis=1)
    keep = (from_start > 0.3 * one) & (from_start < 1.25 * one)
    if end is not None:
        keep &= np.linalg.norm(places - end, axis=1) < 1.3 * two
    places, from_start = places[keep], from_start[keep]
    if not len(places):
        if end is None:
            return None
        return start + (end - start) * one / (one + two), 0.3
    thick = cv2.distanceTransform(np.pad(inside, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    thin = cv2.distanceTransform(np.pad(sure, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    px, py = places.astype(int).T
    is_sure = sure[py, px]
    depth = np.where(is_sure, thin[py, px], thick[py, px])
    points = _length(from_start, one) + _inside(places, start, inside, sure)
    # Deep inside the trunk no arm can be told; on the limb itself the middle is best.
    points += np.minimum(depth / radius, 1.0) * 0.5
    if out:
        points -= np.clip(depth / radius - 1.5, 0, 3) * np.where(is_sure, 0.1, 0.5)
        points += 0.8 * out * (places[:, 0] - start[0]) / one
    points += 0.35 * is_sure
    if end is None:
        drop = (places[:, 1] - start[1]) / one
        points += 0.5 * drop
        points -= (0.0 if out else 1.5) * np.abs(places[:, 0] - start[0]) / one
        score = 0.3
    else:
        from_end = np.linalg.norm(places - end, axis=1)
        points += _length(from_end, two) + _inside(places, end, inside, sure)
        # Both links look shorter together: the share of the way stays.
        share = from_start / np.maximum(from_start + from_end, 1e-6)
        points -= 6.0 * np.abs(share - one / (one + two)) * 0.5
        if not out:
            # Under a skirt nothing speaks for a bend.
            along = (end - start) / max(float(np.linalg.norm(end - start)), 1e-6)
            beside = np.abs((places - start) @ np.array([-along[1], along[0]]))
            points -= np.where(is_sure, 0.3, 3.0) * beside / one
        score = 0.8
    best = points >= points.max() - 0.04
    near = np.linalg.norm(places - places[points.argmax()], axis=1) < 1.5 * radius
    place = places[best & near].mean(axis=0)
    x, y = np.round(place).astype(int)
    return place, score if sure[y, x] else 0.7 * score


def _length(seen: np.ndarray, length: float) -> np.ndarray:
    ratio = seen / length
    return -4.0 * np.clip(ratio - 1.05, 0, None) - 0.8 * np.clip(1 - ratio, 0, None)


def _inside(
    places: np.ndarray, other: np.ndarray, inside: np.ndarray, sure: np.ndarray
) -> np.ndarray:
    """How much of the straight line from each place to another lies inside; 0 to 1.5."""
    line = other + (places[:, None] - other) * SAMPLES[None, :, None]
    x, y = np.round(line).astype(int).transpose(2, 0, 1)
    height, width = inside.shape
    ok = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    return (inside[y, x] & ok).mean(axis=1) * 1.2 + (sure[y, x] & ok).mean(axis=1) * 0.3
