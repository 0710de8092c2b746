"""The inside of a garment that shows in its neckline, behind the wearer's neck once it is worn."""

import cv2
import numpy as np

from core.tryon.cutout import Cutout
from core.tryon.landmarks import Shape

TOLERANCE = 3.2
"""Lab distance between neighbours that still belong to the same cloth."""


def lining(cutout: Cutout, shape: Shape) -> np.ndarray | None:
    """(height, width) bool of the inside that shows, or None where none can be told apart.

    The cloth just below the top edge between the neck points is followed to where its colour
    changes. If that stays within the neckline it is the inside of the back; if it runs on into the
    garment, the photo shows none (or none of another shade).
    """
    if shape.worn == "lower_body" or "neck_0" not in shape.points:
        return None
    left, right = shape.points["neck_0"], shape.points["neck_1"]
    span = float(right[0] - left[0])
    shoulders = float(shape.points["shoulder_1"][0] - shape.points["shoulder_0"][0])
    if span < 8:
        return None
    solid = cutout.alpha > 0.9
    column = np.flatnonzero(solid[:, int(np.clip(round(shape.middle), 0, solid.shape[1] - 1))])
    if len(column) == 0:
        return None
    smooth = cv2.bilateralFilter(cutout.pixels, 5, 18, 3)
    lab = cv2.cvtColor(smooth.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    height = int(column[-1] - column[0])
    depths = (5, 9, 14, *(round(share * height) for share in (0.06, 0.09, 0.12, 0.16, 0.2)))
    seeds = [int(column[0]) + depth for depth in depths]
    best = None
    for row in seeds:
        found = _same_cloth(lab, solid, (round(shape.middle), row))
        if found is None:
            continue
        # A gap in the neckline's edge lets the search out in a thin stream: cut streams off.
        radius = max(2, round(0.07 * span))
        body = _opened(found, radius)
        if not body.any():
            continue
        found[np.nonzero(body)[0].max() + 3 :] = False
        ys, xs = np.nonzero(found)
        share = len(ys) / solid.sum()
        inside = xs.min() > left[0] - 0.12 * shoulders and xs.max() < right[0] + 0.12 * shoulders
        shallow = ys.max() - column[0] < 0.62 * height and ys.min() - column[0] < 0.1 * height
        wide = xs.max() - xs.min() > 0.45 * span
        if (
            inside
            and shallow
            and wide
            and 0.002 < share < 0.12
            and (best is None or len(ys) > best.sum())
        ):
            best = found
    if best is None:
        return None
    # Everything above the neckline's front edge is inside, labels and stitching too.
    columns = np.flatnonzero(best.any(axis=0))
    edge = [np.flatnonzero(best[:, x])[-1] for x in columns]
    across = np.arange(columns[0], columns[-1] + 1)
    front = np.interp(across, columns, edge)
    inside = np.zeros_like(best)
    inside[:, across] = np.arange(best.shape[0])[:, None] <= front[None, :] + 1
    return inside


def _same_cloth(lab: np.ndarray, solid: np.ndarray, seed: tuple[int, int]) -> np.ndarray | None:
    x, y = seed
    if y >= lab.shape[0] or not solid[y, x]:
        return None
    blocked = np.pad((~solid).astype(np.uint8), 1, constant_values=1)
    step = (TOLERANCE, TOLERANCE * 0.7, TOLERANCE * 0.7)
    # Both near the neighbour and not far from the seed's own colour.
    near_seed = np.linalg.norm(lab - np.median(lab[y - 1 : y + 2, x - 1 : x + 2], axis=(0, 1)),
                               axis=2) < 13  # fmt: skip
    blocked[1:-1, 1:-1] |= (~near_seed).astype(np.uint8)
    if blocked[y + 1, x + 1]:
        return None
    how = 4 | (2 << 8) | cv2.FLOODFILL_MASK_ONLY
    cv2.floodFill(lab.copy(), blocked, seed, (0, 0, 0), step, step, how)
    return blocked[1:-1, 1:-1] == 2


def _opened(mask: np.ndarray, radius: int) -> np.ndarray:
    size = 2 * radius + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    core = cv2.erode(mask.astype(np.uint8), kernel)
    # What is thinner than the kernel but touches the core by less than its width stays cut off.
    return (
        cv2.dilate(core, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size + 4, size + 4))) > 0
    ) & mask
