"""Finding the garment in a photo on any ground: a small network, and its edge made fine.

The network says roughly where the garment is; the edge is then drawn where the picture's own
colours change (`refine`).
"""

import threading
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from core.checkpoints import checkpoint_id
from core.errors import CheckpointMissing
from core.vision.segmentation import load_segmentation

AREA = 176 * 176
"""Pixels of the picture that the network sees; the photo's shape is kept."""

STRIDE = 8
"""Its sides are multiples of this (pixels)."""


CUT_SIDE = 400
"""Longer side at which the colours divide what the network leaves open (pixels)."""

CERTAIN = 0.01
"""Probability below which (and 1 less this above which) the network is not questioned."""

AGREEMENT = 0.5
"""Overlap (IoU) with the network's own mask below which the colours' cut is not believed."""

_grabcut = threading.Lock()


class GarmentNetwork:
    """A segmentation checkpoint of transformers with the classes ground (0) and garment (1).

    Safe to share between threads; calls wait for each other.

    Attributes:
        checkpoint_id: name and hash of the weights.
    """

    def __init__(self, directory: Path) -> None:
        """Load the weights.

        Raises:
            CheckpointMissing: the directory does not hold such a checkpoint.
        """
        self.checkpoint_id = checkpoint_id(directory)
        self._model, processor, _device = load_segmentation(
            "UperNetForSemanticSegmentation",
            directory,
            what="garment cut-out",
            remedy="Restore that folder from the repository.",
        )
        if self._model.config.num_labels != 2:
            raise CheckpointMissing(
                f"{directory} tells {self._model.config.num_labels} classes apart; a garment"
                " cut-out has two, ground and garment."
            )
        self._mean = np.asarray(processor.image_mean, np.float32)
        self._std = np.asarray(processor.image_std, np.float32)
        self._lock = threading.Lock()

    def probability(self, pixels: np.ndarray) -> np.ndarray:
        """How likely each pixel is of the garment.

        Args:
            pixels: (height, width, 3) uint8 RGB.

        Returns:
            (height, width) float32, 0 to 1; smooth over about a fortieth of the photo.
        """
        height, width = pixels.shape[:2]
        first = self._look(pixels)
        rows, columns = np.nonzero(first > 0.5)
        if len(rows) < 0.002 * first.size:
            return first
        # A second look from as near as the garment allows: its edges are seen larger.
        margin = round(0.08 * max(np.ptp(rows), np.ptp(columns))) + 8
        top, left = max(0, rows.min() - margin), max(0, columns.min() - margin)
        bottom = min(height, rows.max() + 1 + margin)
        right = min(width, columns.max() + 1 + margin)
        if (bottom - top) * (right - left) > 0.85 * height * width:
            return first
        second = np.zeros_like(first)
        second[top:bottom, left:right] = self._look(pixels[top:bottom, left:right])
        return (first + second) / 2

    def _look(self, pixels: np.ndarray) -> np.ndarray:
        import torch

        height, width = pixels.shape[:2]
        factor = (AREA / (height * width)) ** 0.5
        size = tuple(
            min(640, max(64, STRIDE * round(side * factor / STRIDE))) for side in (width, height)
        )
        small = Image.fromarray(pixels).resize(size, Image.Resampling.BOX)
        normal = (np.asarray(small, np.float32) / 255 - self._mean) / self._std
        views = np.stack([normal, normal[:, ::-1]]).transpose(0, 3, 1, 2)
        with self._lock, torch.inference_mode():
            logits = self._model(torch.from_numpy(np.ascontiguousarray(views))).logits.numpy()
        garment = logits[:, 1] - logits[:, 0]
        both = (garment[0] + garment[1, :, ::-1]) / 2
        large = cv2.resize(both, (width, height), interpolation=cv2.INTER_CUBIC)
        return 1 / (1 + np.exp(-np.clip(large, -30, 30)))


def refined(pixels: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Transparency whose edge follows the picture, from a probability that is only roughly right.

    What the probability leaves open is divided by the colours of the two sides and the edges
    between them (GrabCut, Rother, Kolmogorov and Blake 2004); the guided filter makes the edge
    soft. Where the colours tell another story than the network, the network is believed.

    Args:
        pixels: (height, width, 3) uint8 RGB.
        probability: (height, width) float32, 0 to 1.

    Returns:
        (height, width) float32, 0 to 1.
    """
    divided = _by_colours(pixels, probability)
    rough = probability > 0.5
    either = int((rough | (divided > 0.5)).sum())
    if either == 0 or (rough & (divided > 0.5)).sum() < AGREEMENT * either:
        divided = probability
    guide = pixels.astype(np.float32) / 255
    soft = guided(guide, divided, max(2, round(max(probability.shape) / 140)), 1e-4)
    return np.clip((soft - 0.5) * 1.6 + 0.5, 0, 1)


def _by_colours(pixels: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Mask, float32, slightly soft, of the side of GrabCut's cut that is the garment."""
    scale = min(1.0, CUT_SIDE / max(probability.shape))
    size = tuple(max(8, round(side * scale)) for side in probability.shape[::-1])
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    likely = cv2.resize(probability, size, interpolation=cv2.INTER_AREA)
    mask = np.where(likely > 0.5, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    mask[likely < CERTAIN] = cv2.GC_BGD
    mask[likely > 1 - CERTAIN] = cv2.GC_FGD
    garment, ground = likely > 0.5, likely <= 0.5
    if min(garment.sum(), ground.sum()) < 50:  # too little to learn colours from
        return probability
    with _grabcut:
        cv2.setRNGSeed(0)  # GrabCut starts from random clusters: the same photo, the same cut
        cv2.grabCut(
            np.ascontiguousarray(small[..., ::-1]), mask, (0, 0, 1, 1), np.zeros((1, 65)),
            np.zeros((1, 65)), 3, cv2.GC_INIT_WITH_MASK,
        )  # fmt: skip
    found = ((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)).astype(np.float32)
    soft = cv2.GaussianBlur(found, (0, 0), 0.8)
    return cv2.resize(soft, probability.shape[::-1], interpolation=cv2.INTER_CUBIC)


def guided(guide: np.ndarray, values: np.ndarray, radius: int, softness: float) -> np.ndarray:
    """Values that follow the edges of a picture: the guided filter (He, Sun and Tang 2013).

    Args:
        guide: (height, width, 3) float32, 0 to 1.
        values: (height, width) float32.
        radius: of the square windows (pixels).
        softness: variance of the guide below which a window counts as flat.

    Returns:
        (height, width) float32; in each window a linear function of the guide's colour.
    """
    window = (2 * radius + 1, 2 * radius + 1)

    def mean(image: np.ndarray) -> np.ndarray:
        return cv2.blur(image, window, borderType=cv2.BORDER_REFLECT)

    middle, level = mean(guide), mean(values)
    spread = mean(guide * values[..., None]) - middle * level[..., None]
    pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
    variance = np.empty((*values.shape, 3, 3), np.float32)
    for i, j in pairs:
        covariance = mean(guide[..., i] * guide[..., j]) - middle[..., i] * middle[..., j]
        variance[..., i, j] = variance[..., j, i] = covariance
    variance += softness * np.eye(3, dtype=np.float32)
    slope = np.linalg.solve(variance, spread[..., None])[..., 0]
    offset = level - (slope * middle).sum(axis=2)
    result: np.ndarray = (mean(slope.astype(np.float32)) * guide).sum(axis=2) + mean(offset)
    return result.astype(np.float32)
