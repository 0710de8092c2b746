"""Heat maps and part affinity fields drawn for people whose points are known."""

import numpy as np

from core.vision.openpose_decode import FIELDS, LIMBS

STANDING = np.array(
    [
        [0, -120], [0, -80], [-35, -78], [-45, -20], [-48, 35], [35, -78], [45, -20], [48, 35],
        [-22, 30], [-24, 110], [-25, 185], [22, 30], [24, 110], [25, 185],
        [-8, -128], [8, -128], [-16, -122], [16, -122],
    ],
    dtype=float,
)  # fmt: skip
"""Points of a standing person around the middle of the body, in pixels."""


def standing(x, y, size=1.0):
    """(18, 2) points of a standing person around a place."""
    return STANDING * size + np.array([x, y], dtype=float)


def draw_maps(people, size=(512, 384), thick=7.0, spread=7.0):
    """(height, width, 19) heat maps and (height, width, 38) fields; NaN points are left out."""
    y, x = np.mgrid[: size[0], : size[1]].astype(float)
    heat, fields = np.zeros((*size, 19)), np.zeros((*size, 38))
    for points in people:
        for joint, (px, py) in enumerate(points):
            if np.isfinite(px):
                blob = np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * spread**2))
                heat[..., joint] = np.maximum(heat[..., joint], blob)
        for (a, b), channel in zip(LIMBS, FIELDS, strict=True):
            start, end = points[a], points[b]
            if not np.isfinite([*start, *end]).all():
                continue
            length = np.hypot(*(end - start))
            way = (end - start) / length
            along = (x - start[0]) * way[0] + (y - start[1]) * way[1]
            aside = np.abs((x - start[0]) * way[1] - (y - start[1]) * way[0])
            on = (along > -thick) & (along < length + thick) & (aside < thick)
            fields[on, channel : channel + 2] = way
    heat[..., 18] = 1 - heat[..., :18].max(axis=2)
    return heat, fields
