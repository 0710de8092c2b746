"""Whether a map of a photo tells what the model looks at: it is taken at its word.

Patches are put into an emptied photo from the highest to the lowest, and taken out of the whole
photo in the same order. A map that is right makes the model's own output rise fast in the first
case and fall fast in the second (Petsiuk et al., BMVC 2018). Everything here is about the model,
not about sales: a faithful map of a poor model is a true picture of a poor opinion.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from torch import Tensor

Score = Callable[["Tensor"], np.ndarray]
"""Pixels (n, 3, side, side) to the model's outputs (n,), in standard deviations over photos."""

STEPS = 4
"""Steps from no patch to all."""
GROUPS = 6
"""Groups of patches that SaCo compares."""
MARGIN = 0.05
"""Share of a photo that a small crop cuts from each side."""


def blurred(pixels: "Tensor") -> "Tensor":
    """Photos without detail: a Gaussian blur with a width of an eighth of the side.

    Args:
        pixels: (n, 3, side, side).
    """
    import torch
    from scipy.ndimage import gaussian_filter

    width = pixels.shape[-1] / 8
    values = gaussian_filter(pixels.numpy(), (0, 0, width, width), mode="nearest")
    return torch.from_numpy(values)


def ranked(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Patches (of a flattened map) from the highest to the lowest value, ties in random order."""
    shuffled = rng.permutation(values.size)
    return shuffled[np.argsort(-values.ravel()[shuffled], kind="stable")]


def insertion_deletion(
    score: Score,
    photo: "Tensor",
    fill: "Tensor",
    orders: Sequence[np.ndarray],
    steps: int = STEPS,
) -> np.ndarray:
    """Insertion AUC minus deletion AUC of several orders of a photo's patches.

    Args:
        score: the model's output.
        photo, fill: (3, side, side); what stands where a patch is out.
        orders: each all patches of a square grid, the most important first.
        steps: of equal size, from no patch to all.

    Returns:
        (orders,), in standard deviations of the output; 0 for an order that knows nothing. Areas
        are by the trapezoid rule over the share of patches.
    """
    import torch

    count = len(orders[0])
    cuts = np.linspace(0, count, steps + 1).round().astype(int)
    inside = [[order[:cut] for cut in cuts[1:-1]] for order in orders]
    shown = np.zeros((2, len(orders), steps - 1, count), dtype=bool)
    for i, sets in enumerate(inside):
        for j, chosen in enumerate(sets):
            shown[0, i, j, chosen] = True
    shown[1] = ~shown[0]
    both = np.concatenate([np.zeros((1, count), bool), np.ones((1, count), bool)])
    masks = np.concatenate([both, shown.reshape(-1, count)])
    outputs = score(torch.where(_enlarged(masks, photo), photo, fill))
    empty, full = outputs[:2]
    inner = outputs[2:].reshape(2, len(orders), steps - 1)
    widths = np.diff(cuts) / count

    def area(first: float, last: float, middle: np.ndarray) -> np.ndarray:
        ends = np.full((len(orders), 1), first), np.full((len(orders), 1), last)
        curve = np.concatenate([ends[0], middle, ends[1]], axis=1)
        return ((curve[:, 1:] + curve[:, :-1]) / 2) @ widths

    return area(empty, full, inner[0]) - area(full, empty, inner[1])


def saco(
    score: Score,
    photo: "Tensor",
    fill: "Tensor",
    maps: Sequence[np.ndarray],
    groups: int = GROUPS,
) -> np.ndarray:
    """Salience-guided faithfulness coefficient (Wu et al., CVPR 2024), -1 to 1, a map each.

    Patches are sorted by their value and cut into groups; for each pair of groups, the one that the
    map says counts more should lower the output more when it is taken out. Pairs weigh by how far
    apart the map puts them. NaN for a map that puts all groups at one value.
    """
    import torch

    count = maps[0].size
    masks = np.ones((len(maps), groups, count), dtype=bool)
    sums = np.zeros((len(maps), groups))
    for i, values in enumerate(maps):
        flat = values.ravel()
        order = np.argsort(-flat, kind="stable")
        for g, members in enumerate(np.array_split(order, groups)):
            masks[i, g, members] = False
            sums[i, g] = flat[members].sum()
    whole = np.ones((1, count), dtype=bool)
    both = np.concatenate([whole, masks.reshape(-1, count)])
    outputs = score(torch.where(_enlarged(both, photo), photo, fill))
    drops = outputs[0] - outputs[1:].reshape(len(maps), groups)
    first, second = np.triu_indices(groups, 1)
    apart = sums[:, first] - sums[:, second]
    right = np.where(drops[:, first] >= drops[:, second], 1.0, -1.0)
    weight = np.abs(apart).sum(axis=1)
    agreed = (apart * right).sum(axis=1)
    return np.divide(agreed, weight, out=np.full(len(maps), np.nan), where=weight > 0)


def flipped_likeness(values: np.ndarray, of_flipped: np.ndarray) -> float:
    """Rank correlation, -1 to 1, of a map with that of the mirrored photo, mirrored back.

    Args:
        values, of_flipped: (grid, grid) maps of the photo and of the mirrored photo.
    """
    return _alike(values, of_flipped[:, ::-1])


def cropped_likeness(values: np.ndarray, of_cropped: np.ndarray, margin: float = MARGIN) -> float:
    """Rank correlation, -1 to 1, of a map with that of the photo without its margins.

    The first is read, bilinearly, where the squares of the second lie.

    Args:
        values, of_cropped: (grid, grid) maps of the photo and of the cropped photo.
        margin: what was cut from each of the four sides, as a share of it.
    """
    from scipy.ndimage import map_coordinates

    grid = len(values)
    places = (margin + (1 - 2 * margin) * (np.arange(grid) + 0.5) / grid) * grid - 0.5
    at = np.meshgrid(places, places, indexing="ij")
    return _alike(map_coordinates(values, at, order=1, mode="nearest"), of_cropped)


def without_margins(photo: Image.Image, margin: float = MARGIN) -> Image.Image:
    """A photo with a share of it cut from each of the four sides."""
    wide, tall = photo.size
    across, down = round(margin * wide), round(margin * tall)
    return photo.crop((across, down, wide - across, tall - down))


def _alike(first: np.ndarray, second: np.ndarray) -> float:
    from scipy.stats import spearmanr

    return float(spearmanr(first.ravel(), second.ravel()).statistic)


def paired_range(
    values: np.ndarray, groups: np.ndarray, *, draws: int = 2000, seed: int = 0
) -> tuple[float, float, float]:
    """Mean of differences and its 90 % bootstrap range, whole groups drawn again.

    Args:
        values: (n,) differences of two maps of the same photo.
        groups: (n,) integers; photos of one style are drawn together.
        draws: bootstrap samples.
        seed: of the draws.
    """
    _, codes = np.unique(groups, return_inverse=True)
    sums, sizes = np.bincount(codes, values), np.bincount(codes)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(sums), (draws, len(sums)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.05, 0.95])
    return float(values.mean()), float(low), float(high)


def _enlarged(masks: np.ndarray, photo: "Tensor") -> "Tensor":
    """Masks of patches (n, patches) as masks of pixels (n, 1, side, side)."""
    import torch

    grid = round(masks.shape[1] ** 0.5)
    size = photo.shape[-1] // grid
    square = torch.from_numpy(masks.reshape(-1, 1, grid, grid))
    return square.repeat_interleave(size, 2).repeat_interleave(size, 3)
