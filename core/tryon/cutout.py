"""Cutting a garment out of its product photo: from a plain background to soft transparency."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from core.errors import TryOnError
from core.tryon.silhouette import disk, main_parts, silhouette
from core.vision.images import Source, open_cutout

WORK_SIDE = 640
"""Longer side at which a photo is cut out (pixels)."""

MIN_NOISE = 0.7
"""Smallest background noise that is believed (Lab distance)."""

UNSURE = 0.4
"""A garment of whose outline a larger share lies on no edge is not shown."""

TORN = 0.5
"""Nor one that leaves out a larger share of the largest outline that could be drawn."""


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

    The background is a smooth surface fitted to the border; the garment is found in front of it
    (`core.tryon.silhouette`), and the edge is refined by how far each pixel lies between the two.

    Raises:
        TryOnError: the background is not plain, nothing stands out from it, or the garment is too
            like it to be cut out whole.
    """
    scale = WORK_SIDE / max(image.size)
    if scale < 1 or scale > 1.5:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.LANCZOS)
        alpha = alpha.resize(size, Image.Resampling.LANCZOS) if alpha is not None else None
    pixels = np.asarray(image.convert("RGB"))
    if alpha is not None:
        soft = np.asarray(alpha, np.float32) / 255
        soft = soft * main_parts(soft > 0.5)
    else:
        soft = _separate(pixels, name)
    share = float((soft > 0.5).mean())
    if share < 0.02:
        raise TryOnError(
            f"Nothing in {name} stands out from the background. Use a photo of the garment alone on"
            " a plain ground of another colour, or a PNG with a transparent background."
        )
    pixels = _spread_colours(pixels, soft)
    return _crop(pixels, soft.astype(np.float32))


def _separate(pixels: np.ndarray, name: str) -> np.ndarray:
    lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    ground, noise = _ground(lab, name)
    found = silhouette(pixels, lab, ground, noise)
    if found.doubt > UNSURE or found.lost > TORN:
        raise TryOnError(
            f"The garment in {name} is too like its background to be cut out whole. Use a photo on"
            " a ground of another colour, or a PNG with a transparent background."
        )
    return _soft_edge(lab, ground, found.inside)


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


def _soft_edge(lab: np.ndarray, ground: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Transparency in the band around the edge: where a pixel lies between ground and garment."""
    core = cv2.erode(inside.astype(np.uint8), disk(2)).astype(bool)
    if not core.any():
        return inside.astype(np.float32)
    outside = ~cv2.dilate(inside.astype(np.uint8), disk(2)).astype(bool)
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
    solid = cv2.erode((soft > 0.97).astype(np.uint8), disk(1)).astype(bool)
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
