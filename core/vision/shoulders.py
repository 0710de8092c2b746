"""Shoulder joints from a body map: the upper outer corners of what is worn on the trunk."""

import cv2
import numpy as np

from core.vision.figure import ARMS, DRESS, HAIR, NECK, SCARF, UPPER, Figure, Found, largest

CORNER = 0.052
"""Height of the corner of a shoulder below the chin, as a share of the stature."""

STEEP = 1.2
"""A shoulder falls less than 1 in this, a raised arm more."""


def shoulders_of(figure: Figure) -> tuple[Found, Found]:
    """Shoulder joints at the picture's left and right in the figure's own frame, with scores."""
    s, middle = figure.stature, figure.middle
    clad = figure.mask(UPPER, DRESS, *ARMS, NECK, SCARF).astype(np.uint8)
    clad = largest(cv2.morphologyEx(clad, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)))
    cover = cv2.morphologyEx(clad.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    first, last = int(max(figure.chin - 0.03 * s, 0)), int(figure.chin + 0.16 * s)
    ys, xs = np.nonzero(cover[first : last + 1])
    ys = ys + first
    out: list[Found] = []
    for way in (-1, 1):
        out_by = way * (xs - middle)
        near = (out_by > 0.05 * s) & (out_by < 0.135 * s)
        if near.sum() < 8:
            out.append(None)
            continue
        reach = out_by[near] - STEEP * (ys[near] - figure.chin)
        corner = reach >= reach.max() - 0.006 * s
        x, y = _beside_hair(figure, way, float(xs[near][corner].mean()),
                            float(ys[near][corner].mean()))  # fmt: skip
        joint = np.array([x - way * 0.013 * s, y + 0.021 * s])
        half = way * (joint[0] - middle)
        score = 0.9 if 0.055 * s < half < 0.14 * s else 0.5
        out.append((joint, score if figure.face is not None else 0.8 * score))
    a, b = out
    if a is not None and b is not None and abs(a[0][1] - b[0][1]) > 0.07 * s:
        # One is a raised arm or a slipped strap: the other, mirrored, is nearer to the truth.
        out = [(p[0], 0.5 * p[1]) for p in (a, b)]
    return out[0], out[1]


def _beside_hair(figure: Figure, way: int, x: float, y: float) -> tuple[float, float]:
    """A shoulder's corner, raised to its usual height below the chin as far as hair hides it."""
    s = figure.stature
    inner, rows = sorted((round(x), round(x - way * 0.035 * s))), (round(y - 0.05 * s), round(y))
    window = figure.mask(HAIR)[max(rows[0], 0) : rows[1] + 1, max(inner[0], 0) : inner[1] + 1]
    usual = figure.chin + CORNER * s
    if not window.size or y <= usual:
        return x, y
    hidden = float(np.clip((window.mean() - 0.15) / 0.25, 0, 1))
    raised = hidden * (y - usual)
    return x - way * 0.4 * raised, y - raised
