"""Moving a garment's pixels to where its landmarks were pinned.

Each part (trunk, sleeves, legs) has its own thin plate spline (Bookstein 1989) through its pins;
across a seam the two blend. The map runs from the garment to the person, so that a sleeve may come
to lie over the trunk: every part becomes a layer of its own.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from core.tryon.cutout import Cutout
from core.tryon.fit import Fit
from core.tryon.landmarks import Shape
from core.tryon.outline import BODY
from core.tryon.pins import Pins

GRID = 9
"""Distance of the points at which a spline is evaluated (garment pixels)."""


@dataclass(frozen=True)
class Layer:
    """One part of the garment on the person's canvas.

    Attributes:
        part: `BODY` or 2 + side.
        pixels: (height, width, 3) float32 RGB, 0..255.
        alpha: (height, width) float32, 0..1.
    """

    part: int
    pixels: np.ndarray
    alpha: np.ndarray


def spline(pins: Pins, points: np.ndarray) -> np.ndarray:
    """Where the thin plate spline through the pins takes points; both (n, 2)."""
    from scipy.interpolate import RBFInterpolator

    source, index = np.unique(np.round(pins.source, 3), axis=0, return_index=True)
    return RBFInterpolator(source, pins.target[index], kernel="thin_plate_spline")(points)


def warp(cutout: Cutout, shape: Shape, fit: Fit, canvas: tuple[int, int]) -> list[Layer]:
    """The garment's parts on a canvas of (height, width), the trunk first."""
    height, width = cutout.alpha.shape
    rows = np.arange(0, height + GRID, GRID, dtype=np.float64)
    columns = np.arange(0, width + GRID, GRID, dtype=np.float64)
    nodes = np.stack(np.meshgrid(columns, rows), axis=-1)
    flat = nodes.reshape(-1, 2)
    trunk = spline(fit.trunk, flat).reshape(nodes.shape)
    fields = {BODY: trunk}
    for side, pins in fit.limbs.items():
        limb = spline(pins, flat).reshape(nodes.shape)
        of_limb, of_trunk = _shares(nodes, fit.seams[side], shape, side)
        fields[2 + side] = of_limb * limb + (1 - of_limb) * trunk
        fields[BODY] = of_trunk * limb + (1 - of_trunk) * fields[BODY]
    cutout = _filtered(cutout, fit.scale)
    layers = []
    for part, field in fields.items():
        own = shape.labels == part
        if part != BODY:
            # The layer above reaches over its seam, so that no crack opens along it.
            own |= _overlap(shape, part, fit.seams[part - 2])
        soft = cutout.alpha * own
        layers.append(_layer(part, cutout.pixels, soft, field, canvas))
    return layers


def _filtered(cutout: Cutout, scale: float) -> Cutout:
    """The cut-out without what is too fine to be shown at a scale: it would come out as moiré."""
    if scale >= 1:
        return cutout
    sigma = 0.5 * float(np.sqrt(scale**-2 - 1))
    return replace(
        cutout,
        pixels=cv2.GaussianBlur(cutout.pixels, (0, 0), sigma),
        alpha=cv2.GaussianBlur(cutout.alpha, (0, 0), sigma),
    )


def _shares(
    points: np.ndarray, seam: np.ndarray, shape: Shape, side: int
) -> tuple[np.ndarray, np.ndarray]:
    """How much of the limb's own spline counts, for the limb's map and for the trunk's.

    It rises smoothly from 0 to 1 across the seam, where both maps agree. Past the armpit (or the
    crotch) there is a gap and no seam: there each map goes on as if the other side were its own, so
    that a sleeve hanging close beside the trunk does not bend it.
    """
    start, end = seam
    along = end - start
    t = ((points - start) @ along) / max(float(along @ along), 1e-6)
    nearest = start + np.clip(t, 0, 1)[..., None] * along
    distance = np.linalg.norm(points - nearest, axis=-1)
    rows = np.clip(np.round(points[..., 1]).astype(int), 0, shape.labels.shape[0] - 1)
    columns = np.clip(np.round(points[..., 0]).astype(int), 0, shape.labels.shape[1] - 1)
    on_limb = shape.labels[rows, columns] == 2 + side
    past = t > 1
    # Towards the armpit trunk and limb part ways, so that the blend narrows.
    band = 0.22 * max(float(np.linalg.norm(along)), 1.0) * np.clip(1.15 - t, 0.12, 1)

    def rise(signed: np.ndarray) -> np.ndarray:
        part = np.clip(signed / (2 * band) + 0.5, 0, 1)
        return (part * part * (3 - 2 * part))[..., None]

    return (
        rise(np.where(on_limb | past, distance, -distance)),
        rise(np.where(on_limb & ~past, distance, -distance)),
    )


def _overlap(shape: Shape, part: int, seam: np.ndarray) -> np.ndarray:
    line = np.zeros(shape.labels.shape, np.uint8)
    thickness = max(3, round(0.12 * float(np.linalg.norm(seam[0] - seam[1]))))
    ends = np.round(seam).astype(int)
    cv2.line(line, tuple(map(int, ends[0])), tuple(map(int, ends[1])), 1, thickness)
    return (line > 0) & np.isin(shape.labels, [BODY, part])


def _layer(
    part: int,
    pixels: np.ndarray,
    soft: np.ndarray,
    field: np.ndarray,
    canvas: tuple[int, int],
) -> Layer:
    # The map reaches a little beyond the part, so that its soft edge is not cut off.
    region = cv2.dilate((soft > 0.02).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    map_x, map_y, covered = _inverse(region, field, canvas)
    colours = cv2.remap(pixels, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.remap(
        soft.astype(np.float32), map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
    )
    return Layer(part, colours.astype(np.float32), np.clip(alpha * covered, 0, 1))


def _inverse(
    region: np.ndarray, field: np.ndarray, canvas: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For every canvas pixel the garment pixel that comes to lie there.

    Samples of the region are carried along the field and averaged where they land; the small gaps
    between them are filled from around.

    Returns:
        ``(map_x, map_y, covered)``, each (height, width) float32; covered is 0 or 1.
    """
    height, width = canvas
    over = 2
    size = (region.shape[1] * over, region.shape[0] * over)
    x = (np.arange(size[0], dtype=np.float32) + 0.5) / over - 0.5
    y = (np.arange(size[1], dtype=np.float32) + 0.5) / over - 0.5
    sample_x, sample_y = np.meshgrid(x, y)
    carried = cv2.remap(
        field.astype(np.float32), sample_x / GRID, sample_y / GRID, cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    keep = cv2.resize(region.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    to = np.round(carried[keep]).astype(np.int64)
    inside = (to[:, 0] >= 0) & (to[:, 0] < width) & (to[:, 1] >= 0) & (to[:, 1] < height)
    cell = to[inside, 1] * width + to[inside, 0]
    count = np.bincount(cell, minlength=height * width).astype(np.float32)
    sum_x = np.bincount(cell, sample_x[keep][inside], height * width).astype(np.float32)
    sum_y = np.bincount(cell, sample_y[keep][inside], height * width).astype(np.float32)
    planes = [plane.reshape(height, width) for plane in (count, sum_x, sum_y)]
    covered = planes[0] > 0
    closed = cv2.morphologyEx(covered.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    smooth = [cv2.GaussianBlur(plane, (0, 0), 1.2) for plane in planes]
    weight = np.maximum(smooth[0], 1e-6)
    return smooth[1] / weight, smooth[2] / weight, closed.astype(np.float32)
