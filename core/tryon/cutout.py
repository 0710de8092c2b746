"""Cutting a garment out of its product photo, to soft transparency.

On a plain ground the garment's outline is drawn along edges (`core.tryon.silhouette`), which is
exact. Where the ground is not plain, or that outline unsure, a small network finds the garment
(`core.vision.matting`). `Cutout.method` says which of the two it was.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
from PIL import Image

from core.checkpoints import best_cutout, checkpoint_id
from core.errors import CheckpointMissing, TryOnError
from core.tryon.silhouette import disk, main_parts, silhouette
from core.vision.images import Source, open_cutout

if TYPE_CHECKING:
    from core.vision.matting import GarmentNetwork

Method = Literal["transparency", "outline", "network"]
"""How a cut-out came about: the file's own, the outline on plain ground, the network."""

WORK_SIDE = 640
"""Longer side at which a photo is cut out (pixels)."""

MIN_NOISE = 0.7
"""Smallest background noise that is believed (Lab distance)."""

SMALLEST = 0.02
"""Share of the photo that a garment covers at least."""

PLAIN, SURELY_PLAIN = 0.5, 0.9
"""Share of the border that a smooth ground must explain: without the network, and with it."""

QUIET = 3.0
"""Noise of the ground (Lab distance) above which it is not plain, if the network is there."""

UNSURE, SURE = 0.4, 0.1
"""Share of the outline that may lie on no edge: without the network, and with it."""

UNCLEAR = 2.0
"""Pixels that the network leaves open (0.1 to 0.9), for one that it takes, above which it fails."""

TORN, WHOLE = 0.5, 0.2
"""Share of the largest outline drawn that may be left out: without the network, and with it."""


@dataclass(frozen=True)
class Cutout:
    """A garment without its background, cropped to itself with a small margin.

    Attributes:
        pixels: (height, width, 3) uint8 RGB; colours run on under the transparent edge, so that no
            background shines through.
        alpha: (height, width) float32, 1 on the garment, 0 outside, soft at the edge.
        method: how it was found.
    """

    pixels: np.ndarray
    alpha: np.ndarray
    method: Method = "transparency"


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
    """Separate a garment from its background, or use the photo's own transparency.

    Raises:
        TryOnError: nothing stands out from the background, or the garment is too like it to be cut
            out whole.
    """
    image = _at_work_size(image)
    pixels = np.asarray(image.convert("RGB"))
    method: Method = "transparency"
    if alpha is not None:
        alpha = alpha.resize(image.size, Image.Resampling.LANCZOS)
        soft = np.asarray(alpha, np.float32) / 255
        soft = soft * main_parts(soft > 0.5)
    else:
        soft, method = _separate(pixels, name)
    if float((soft > 0.5).mean()) < SMALLEST:
        raise TryOnError(
            f"Nothing in {name} stands out from the background. Use a photo of the garment alone on"
            " a plain ground of another colour, or a PNG with a transparent background."
        )
    pixels = _spread_colours(pixels, soft)
    return _crop(pixels, soft.astype(np.float32), method)


def matte(image: Image.Image, name: str = "the photo") -> tuple[np.ndarray, Method]:
    """Where the garment is in an opaque photo, and how that was found.

    Returns:
        ``(alpha, method)``; alpha (height, width) float32 0..1 for the whole photo, whose longer
        side is `WORK_SIDE` where the photo's own differs much from that.

    Raises:
        TryOnError: as `cut_out`.
    """
    return _separate(np.asarray(_at_work_size(image).convert("RGB")), name)


def cutout_version() -> str:
    """What cuts garments out on this machine; part of the key of anything made from a cut-out."""
    directory = _network_directory()
    return "outline" if directory is None else f"outline, {checkpoint_id(directory)}"


def _at_work_size(image: Image.Image) -> Image.Image:
    scale = WORK_SIDE / max(image.size)
    if not 1 <= scale <= 1.5:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        return image.resize(size, Image.Resampling.LANCZOS)
    return image


def _separate(pixels: np.ndarray, name: str) -> tuple[np.ndarray, Method]:
    """By the outline where the ground is plain and the outline sure; else by the network."""
    network = _network_directory()
    lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    ground, noise, plain = _ground(lab)
    if network is not None and (plain < SURELY_PLAIN or noise > QUIET):
        return _by_network(network, pixels, name), "network"
    if plain < PLAIN:
        raise TryOnError(
            f"The background of {name} is not plain enough to cut the garment out. Use a photo"
            " of the garment alone on a plain ground, or a PNG with a transparent background."
        )
    found = silhouette(pixels, lab, ground, noise)
    sure = found.doubt <= SURE and found.lost <= WHOLE
    if network is not None and not sure:
        return _by_network(network, pixels, name), "network"
    if found.doubt > UNSURE or found.lost > TORN:
        raise TryOnError(
            f"The garment in {name} is too like its background to be cut out whole. Use a photo on"
            " a ground of another colour, or a PNG with a transparent background."
        )
    return _soft_edge(lab, ground, found.inside), "outline"


def _ground(lab: np.ndarray) -> tuple[np.ndarray, float, float]:
    """A smooth background fitted to the border.

    Returns:
        Its colour at every pixel (Lab), its noise (Lab distance), and the share of the border that
        it explains; below `PLAIN` the first two mean nothing.
    """
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
    noise = MIN_NOISE
    weights = np.zeros((basis.shape[-1], 3), np.float32)
    for _ in range(4):
        if keep.mean() < PLAIN:
            break
        weights = np.linalg.lstsq(inputs[keep], colours[keep], rcond=None)[0]
        residual = np.linalg.norm(colours - inputs @ weights, axis=1)
        noise = max(MIN_NOISE, 1.4826 * float(np.median(residual[keep])))
        keep = residual < max(3.0, 4 * noise)
    return (basis @ weights).astype(np.float32), noise, float(keep.mean())


def _network_directory() -> Path | None:
    try:
        return best_cutout()
    except CheckpointMissing:
        return None


@lru_cache(maxsize=1)
def _loaded(directory: Path, checkpoint: str) -> "GarmentNetwork":
    # Only here does a cut-out need torch.
    from core.vision.matting import GarmentNetwork

    return GarmentNetwork(directory)


def _by_network(directory: Path, pixels: np.ndarray, name: str) -> np.ndarray:
    from core.vision.matting import refined

    network = _loaded(directory, checkpoint_id(directory))
    probability = network.probability(pixels)
    open_to_doubt = int(((probability > 0.1) & (probability < 0.9)).sum())
    if open_to_doubt > UNCLEAR * max(1, int((probability > 0.5).sum())):
        raise TryOnError(
            f"The garment in {name} cannot be told from its background. Use a photo of the garment"
            " alone on a plain ground of another colour, or a PNG with a transparent background."
        )
    alpha = refined(pixels, probability)
    return alpha * main_parts(alpha > 0.5)


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


def _crop(pixels: np.ndarray, soft: np.ndarray, method: Method, margin: int = 6) -> Cutout:
    rows, columns = np.nonzero(soft > 0.5)
    pad = ((margin, margin), (margin, margin))
    soft = np.pad(soft, pad)
    pixels = np.pad(pixels, (*pad, (0, 0)), mode="edge")
    window = (
        slice(rows.min(), rows.max() + 2 * margin + 1),
        slice(columns.min(), columns.max() + 2 * margin + 1),
    )
    return Cutout(np.ascontiguousarray(pixels[window]), np.ascontiguousarray(soft[window]), method)
