"""Cutting a garment out of its product photo: from a plain background to soft transparency."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from core.errors import TryOnError
from core.vision.images import Source, open_cutout

WORK_SIDE = 640
"""Longer side at which a photo is cut out (pixels)."""

MIN_NOISE = 0.7
"""Smallest background noise that is believed (Lab distance)."""

ROUGH = 0.55
"""Fine detail (see `_roughness`) that a noiseless ground with a soft shadow does not have."""

SHADOW_DEPTH = 42
"""How much darker (Lab lightness) than the ground a shadow may be."""


@dataclass(frozen=True)
class Cutout:
    """A garment without its background, cropped to itself with a small margin.

    Attributes:
        pixels: (height, width, 3) uint8 RGB; colours run on under the transparent edge, so that no
            background shines through.
        alpha: (height, width) float32, 1 on the garment, 0 outside, soft at the edge.
    """

    pixels: np.ndarray
    alpha: np.ndarray


def read_garment(source: Source, name: str | None = None) -> Cutout:
    """Open a product photo and cut the garment out.

    Raises:
        ImageError: the photo cannot be read.
        TryOnError: the garment cannot be told from the background.
    """
    image, alpha = open_cutout(source, name)
    if name is None and not isinstance(source, bytes):
        name = Path(source).name
    return cut_out(image, alpha, "the photo" if name is None else f"the photo “{name}”")


def cut_out(
    image: Image.Image, alpha: Image.Image | None = None, name: str = "the photo"
) -> Cutout:
    """Separate a garment from a near-uniform background, or use the photo's own transparency.

    The background is a smooth surface fitted to the border; what differs from it and is not a
    shadow is the garment, and the edge is refined by how far each pixel lies between the two.

    Raises:
        TryOnError: the background is not plain, or nothing stands out from it.
    """
    scale = WORK_SIDE / max(image.size)
    if scale < 1 or scale > 1.5:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.LANCZOS)
        alpha = alpha.resize(size, Image.Resampling.LANCZOS) if alpha is not None else None
    pixels = np.asarray(image.convert("RGB"))
    if alpha is not None:
        soft = np.asarray(alpha, np.float32) / 255
        soft = soft * _main_parts(soft > 0.5)
    else:
        soft = _separate(pixels, max(scale, 1.0), name)
    share = float((soft > 0.5).mean())
    if share < 0.02:
        raise TryOnError(
            f"Nothing in {name} stands out from the background. Use a photo of the garment alone on"
            " a plain ground of another colour, or a PNG with a transparent background."
        )
    pixels = _spread_colours(pixels, soft)
    return _crop(pixels, soft.astype(np.float32))


def _separate(pixels: np.ndarray, enlarged: float, name: str) -> np.ndarray:
    lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    ground, noise = _ground(lab, name)
    difference = lab - ground
    distance = np.linalg.norm(difference, axis=2)
    rough = _roughness(lab)
    rim = np.concatenate([rough[:4].ravel(), rough[-4:].ravel()])
    # The ground and its shadows are smooth; even a white garment on white has texture and an edge.
    limit = max(ROUGH, 2.5 * float(np.median(rim)))
    like_ground = _like_ground(difference, max(3.0, 4 * noise))
    outside = _flood(like_ground & (rough < limit))
    inside = _main_parts(~outside)
    deep = cv2.erode(inside.astype(np.uint8), _disk(round(8 * enlarged))) > 0
    apart = _flood_by_colour(difference, deep) if deep.any() else None
    if apart is not None:
        like_ground, outside = apart
        deep = np.zeros_like(inside)
    elif deep.any():
        # A light or grey garment: its texture tells it from the rough rim of its own shadow.
        limit = float(np.clip(0.6 * np.percentile(rough[deep], 10), limit, 1.5))
        rim_only = cv2.dilate(outside.astype(np.uint8), _disk(round(14 * enlarged))) > 0
        outside = _flood(like_ground & (rough < limit)) & rim_only
    inside = _main_parts(~outside)
    garment = (inside & ~like_ground) | deep
    garment = cv2.morphologyEx(garment.astype(np.uint8), cv2.MORPH_OPEN, _disk(1)) > 0
    inside = _to_the_edge(pixels, outside, garment)
    inside &= ~_holes(inside, distance, rough > limit, max(1.5, 1.5 * noise))
    return _soft_edge(lab, ground, inside)


def _like_ground(difference: np.ndarray, threshold: float) -> np.ndarray:
    """Pixels of the ground's colour, or of a soft shadow on it: darker, and of the same hue."""
    hue = np.hypot(difference[..., 1], difference[..., 2])
    light = difference[..., 0]
    shadow = (light < 0) & (light > -SHADOW_DEPTH) & (hue < max(2.0, 0.7 * threshold))
    return (np.linalg.norm(difference, axis=2) < threshold) | shadow


def _flood_by_colour(
    difference: np.ndarray, deep: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """Ground-like pixels and the ground, told by colour alone; None where that tears the garment.

    Compression noise along the garment's edge then counts as ground, and the ground reaches into
    narrow gaps, as between a sleeve and the trunk.
    """
    apart = float(np.median(np.linalg.norm(difference[deep], axis=1)))
    square = np.ones((5, 5), np.uint8)
    step = np.linalg.norm(cv2.dilate(difference, square) - cv2.erode(difference, square), axis=2)
    for share in (0.22, 0.12):
        like_ground = _like_ground(difference, float(np.clip(share * apart, 3.0, 14.0)))
        outside = _flood(like_ground, narrowest=1)
        lost, left = deep & outside, deep & ~outside
        if (left & like_ground).sum() > 0.1 * left.sum():
            continue  # much of the garment looks like the ground itself
        if lost.sum() < 0.01 * deep.sum():
            return like_ground, outside
        if _stripes(lost, 0.002 * deep.sum()):
            continue
        # What was let in is a gap if it ends at the garment's edge, and a tear if it does not.
        rim = left & (cv2.dilate(lost.astype(np.uint8), _disk(1)) > 0)
        if lost.sum() < 0.3 * deep.sum() and np.median(step[rim]) > 0.5 * apart:
            return like_ground, outside
    return None


def _stripes(lost: np.ndarray, least: float) -> bool:
    """Whether the ground ran into light stripes: gaps are tall, and there are at most four."""
    stats = cv2.connectedComponentsWithStats(lost.astype(np.uint8))[2]
    large = stats[1:][stats[1:, cv2.CC_STAT_AREA] > least]
    flat = large[:, cv2.CC_STAT_WIDTH] > 1.3 * large[:, cv2.CC_STAT_HEIGHT]
    return bool(flat.any()) or len(large) > 4


def _flood(passable: np.ndarray, narrowest: int = 3) -> np.ndarray:
    """What is connected to the frame through passages of at least `narrowest` pixels (odd)."""
    kernel = np.ones((narrowest, narrowest), np.uint8)
    canvas = np.pad(
        cv2.erode(passable.astype(np.uint8), kernel, borderValue=1), 1, constant_values=1
    )
    cv2.floodFill(canvas, None, (0, 0), 2)
    return canvas[1:-1, 1:-1] == 2


def _roughness(lab: np.ndarray) -> np.ndarray:
    """Local fine detail: texture, noise and edges, as a mean Lab distance."""
    detail = np.linalg.norm(lab - cv2.GaussianBlur(lab, (0, 0), 2.0), axis=2)
    return cv2.blur(detail, (5, 5))


def _to_the_edge(pixels: np.ndarray, outside: np.ndarray, garment: np.ndarray) -> np.ndarray:
    """Share what is neither sure ground nor sure garment along its strongest edge (watershed)."""
    markers = np.zeros(garment.shape, np.int32)
    markers[garment] = 2
    markers[outside] = 1
    cv2.watershed(np.ascontiguousarray(pixels), markers)
    smooth = cv2.medianBlur((markers == 2).astype(np.uint8), 5)
    return _main_parts(smooth > 0)


def _ground(lab: np.ndarray, name: str) -> tuple[np.ndarray, float]:
    """The background's colour at every pixel, and its noise (Lab distance)."""
    height, width = lab.shape[:2]
    rim = max(2, round(0.02 * max(height, width)))
    frame = np.zeros((height, width), bool)
    frame[:rim] = frame[-rim:] = True
    frame[:, :rim] = frame[:, -rim:] = True
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = x / width - 0.5, y / height - 0.5
    basis = np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], axis=-1)
    inputs, colours = basis[frame], lab[frame]
    keep = np.linalg.norm(colours - np.median(colours, axis=0), axis=1) < 12
    weights = None
    for _ in range(4):
        if keep.mean() < 0.5:
            raise TryOnError(
                f"The background of {name} is not plain enough to cut the garment out. Use a photo"
                " of the garment alone on a plain ground, or a PNG with a transparent background."
            )
        weights = np.linalg.lstsq(inputs[keep], colours[keep], rcond=None)[0]
        residual = np.linalg.norm(colours - inputs @ weights, axis=1)
        noise = max(MIN_NOISE, 1.4826 * float(np.median(residual[keep])))
        keep = residual < max(3.0, 4 * noise)
    assert weights is not None
    return (basis @ weights).astype(np.float32), noise


def _main_parts(inside: np.ndarray) -> np.ndarray:
    """The largest connected region, and others of at least a fiftieth of it."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inside.astype(np.uint8))
    if count < 2:
        return np.zeros_like(inside)
    areas = stats[1:, cv2.CC_STAT_AREA]
    large = 1 + np.flatnonzero(areas >= 0.02 * areas.max())
    return np.isin(labels, large)


def _holes(
    inside: np.ndarray, distance: np.ndarray, rough: np.ndarray, threshold: float
) -> np.ndarray:
    """Enclosed regions in which the ground shows, as between a sleeve and the waist."""
    candidates = cv2.morphologyEx(
        (inside & (distance < threshold) & ~rough).astype(np.uint8), cv2.MORPH_OPEN, _disk(3)
    )
    count, labels, stats, _ = cv2.connectedComponentsWithStats(candidates)
    limit = 0.01 * inside.sum()
    found = np.isin(labels, [i for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] > limit])
    grown = cv2.dilate(found.astype(np.uint8), _disk(2)).astype(bool)
    return grown & inside & (distance < 2 * threshold)


def _soft_edge(lab: np.ndarray, ground: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Transparency in the band around the edge: where a pixel lies between ground and garment."""
    core = cv2.erode(inside.astype(np.uint8), _disk(2)).astype(bool)
    if not core.any():
        return inside.astype(np.float32)
    outside = ~cv2.dilate(inside.astype(np.uint8), _disk(2)).astype(bool)
    near = _nearest(core)
    garment = (
        cv2.blur(lab * core[..., None], (7, 7))
        / np.maximum(cv2.blur(core.astype(np.float32), (7, 7)), 1e-6)[..., None]
    )
    garment = garment[near]
    axis = garment - ground
    length = np.maximum((axis**2).sum(axis=2), 1e-6)
    along = np.clip(((lab - ground) * axis).sum(axis=2) / length, 0, 1)
    # Where garment and ground are too alike the colour says nothing: use the outline instead.
    outline = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 0.9)
    trust = np.clip((np.sqrt(length) - 8) / 20, 0, 1)
    soft = trust * along + (1 - trust) * outline
    soft[core] = 1
    soft[outside] = 0
    return cv2.GaussianBlur(soft, (0, 0), 0.5)


def _nearest(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of the nearest true pixel of `mask`, for every pixel."""
    from scipy.ndimage import distance_transform_edt

    rows, columns = distance_transform_edt(~mask, return_distances=False, return_indices=True)
    return rows, columns


def _spread_colours(pixels: np.ndarray, soft: np.ndarray) -> np.ndarray:
    solid = cv2.erode((soft > 0.97).astype(np.uint8), _disk(1)).astype(bool)
    if not solid.any():
        return pixels
    spread = pixels[_nearest(solid)]
    smooth = cv2.GaussianBlur(spread, (0, 0), 1.0)
    return np.where(solid[..., None], pixels, smooth)


def _crop(pixels: np.ndarray, soft: np.ndarray, margin: int = 6) -> Cutout:
    rows, columns = np.nonzero(soft > 0.5)
    pad = ((margin, margin), (margin, margin))
    soft = np.pad(soft, pad)
    pixels = np.pad(pixels, (*pad, (0, 0)), mode="edge")
    window = (
        slice(rows.min(), rows.max() + 2 * margin + 1),
        slice(columns.min(), columns.max() + 2 * margin + 1),
    )
    return Cutout(np.ascontiguousarray(pixels[window]), np.ascontiguousarray(soft[window]))


def _disk(radius: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
