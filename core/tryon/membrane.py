"""Carrying values smoothly on from where they are known to where they are not."""

import cv2
import numpy as np

PRIOR = 0.02
"""Weight of the value 0 against one known pixel: far from all that is known, values fade out."""

SMOOTHINGS = 3
"""Passes of smoothing at each scale."""


def spread(values: np.ndarray, weight: np.ndarray, prior: float = PRIOR) -> np.ndarray:
    """Known values carried on into the unknown, smoothly, at a cost that grows with the area alone.

    Push-pull interpolation (Gortler et al. 1996): averages at ever coarser scales, each filling
    what the finer one leaves open, then smoothed there as in multigrid solvers. Close to the
    solution of Laplace's equation at a fraction of its cost.

    Args:
        values: (height, width, channels) float32.
        weight: (height, width) float32, 0 where unknown, 1 where known.
        prior: how strongly everything is drawn to 0.

    Returns:
        (height, width, channels) float32, equal to the values where the weight is 1.
    """
    height, width = weight.shape
    coarse: np.ndarray
    if min(height, width) <= 2:
        total = float(weight.sum())
        mean = (values * weight[..., None]).sum(axis=(0, 1)) / (total + prior)
        coarse = np.broadcast_to(mean, values.shape).astype(np.float32)
    else:
        size = ((width + 1) // 2, (height + 1) // 2)
        small = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
        summed = cv2.resize(values * weight[..., None], size, interpolation=cv2.INTER_AREA)
        summed = summed.reshape(size[1], size[0], -1) / np.maximum(small, 1e-6)[..., None]
        filled = spread(summed, np.minimum(4 * small, 1), prior)
        coarse = cv2.resize(filled, (width, height), interpolation=cv2.INTER_LINEAR)
        coarse = coarse.reshape(height, width, -1)
    share = weight[..., None]
    found: np.ndarray = values * share + coarse * (1 - share)
    for _ in range(SMOOTHINGS):
        around = cv2.blur(found, (3, 3), borderType=cv2.BORDER_REPLICATE)
        found = values * share + around.reshape(found.shape) * (1 - share)
    return found
