"""Smooth outlines in design pixels (x to the right, y down)."""

from collections.abc import Sequence

import numpy as np

Points = np.ndarray
"""float array of shape (n, 2)."""


def smooth(points: Sequence[Sequence[float]] | Points, steps: int = 12) -> Points:
    """A centripetal Catmull-Rom curve through points, ends included."""
    p = np.asarray(points, float)
    if len(p) < 3:
        return p
    first, last = 2 * p[0] - p[1], 2 * p[-1] - p[-2]
    p = np.vstack([first, p, last])
    out = [p[1]]
    for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True):
        t0 = 0.0
        t1 = t0 + max(np.linalg.norm(b - a), 1e-6) ** 0.5
        t2 = t1 + max(np.linalg.norm(c - b), 1e-6) ** 0.5
        t3 = t2 + max(np.linalg.norm(d - c), 1e-6) ** 0.5
        t = np.linspace(t1, t2, steps + 1)[1:, None]
        a1 = (t1 - t) / (t1 - t0) * a + (t - t0) / (t1 - t0) * b
        a2 = (t2 - t) / (t2 - t1) * b + (t - t1) / (t2 - t1) * c
        a3 = (t3 - t) / (t3 - t2) * c + (t - t2) / (t3 - t2) * d
        b1 = (t2 - t) / (t2 - t0) * a1 + (t - t0) / (t2 - t0) * a2
        b2 = (t3 - t) / (t3 - t1) * a2 + (t - t1) / (t3 - t1) * a3
        out.extend((t2 - t) / (t2 - t1) * b1 + (t - t1) / (t2 - t1) * b2)
    return np.asarray(out)


def outline(*pieces: Sequence[Sequence[float]] | Points) -> Points:
    """A closed outline of smooth pieces that meet in corners."""
    return np.vstack([smooth(piece) for piece in pieces])


def mirror(points: Sequence[Sequence[float]] | Points, axis: float) -> Points:
    """Points mirrored at the vertical line x = axis, in reverse order."""
    p = np.asarray(points, float)[::-1].copy()
    p[:, 0] = 2 * axis - p[:, 0]
    return p


def both(right: Points, axis: float) -> Points:
    """A closed symmetric outline from its right half (top to bottom)."""
    return np.vstack([right, mirror(right, axis)])


def offset(curve: Points, distance: float) -> Points:
    """A curve moved sideways (to the left of its direction when positive)."""
    tangent = np.gradient(np.asarray(curve, float), axis=0)
    length = np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-6)
    normal = np.stack([tangent[:, 1], -tangent[:, 0]], axis=1) / length
    return curve + distance * normal


def band(curve: Points, width: float) -> Points:
    """A closed strip between a curve and the same curve moved sideways."""
    return np.vstack([curve, offset(curve, width)[::-1]])


def along(curve: Points, count: int, start: float = 0.0, end: float = 1.0) -> Points:
    """`count` points evenly spaced on a curve between two fractions of its length."""
    steps = np.linalg.norm(np.diff(curve, axis=0), axis=1)
    length = np.concatenate([[0], np.cumsum(steps)])
    at = np.linspace(start, end, count) * length[-1]
    return np.stack([np.interp(at, length, curve[:, k]) for k in (0, 1)], axis=1)
