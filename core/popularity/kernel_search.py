"""Choosing how far each player reaches, and how much a sum and a product of players hold.

The model is a Gaussian process mean: a linear kernel of each player's encoding with a weight of its
own, plus one product kernel (`core.popularity.kernel`), plus noise. Weights, lengths, the product's
weight and the noise are set by gradient descent on the squared error of held-out parts, which
follows in closed form from one inverse: ``error_f = (K^-1)_ff^-1 (K^-1 y)_f`` (Rasmussen & Williams
2006, section 5.4.2, for parts instead of single items). A weak normal prior on their logarithms
keeps those that the data says nothing of where they began.
"""

from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

STEPS = 30
JITTER = 1e-3
REACH = 5.0
"""How far the logarithms may go from where they begin: beyond, kernels are singular to doubles."""


@dataclass(frozen=True)
class Shares:
    """What was chosen, in variances of the target.

    Attributes:
        linear: weight of each player's linear kernel, at mean square 1 of its encodings.
        lengths: of the players, then of the ratios, as `Kernel.lengths`.
        product: weight of the product kernel.
        noise: variance that no item shares with another.
    """

    linear: np.ndarray
    lengths: np.ndarray
    product: float
    noise: float


def search(
    linear: Sequence[np.ndarray],
    distances: Sequence[np.ndarray],
    ratios: Sequence[np.ndarray],
    y: np.ndarray,
    parts: Sequence[np.ndarray],
    steps: int = STEPS,
) -> Shares:
    """The shares with the least held-out error.

    Args:
        linear: (items, items) products of each player's encodings, mean square 1.
        distances: (items, items) of each player, in mean distances.
        ratios: (items, items) differences of the logarithm of each ratio, in mean differences.
        y: (items,) target.
        parts: positions held out in turn; together every item once.
        steps: of L-BFGS.
    """
    import torch

    count, players = len(y), len(distances)
    with _one_thread():
        flat = torch.from_numpy(np.stack([d.ravel() for d in [*distances, *ratios]], axis=1))
        sums = torch.from_numpy(np.stack([k.ravel() for k in linear], axis=1))
        target = torch.from_numpy((y - y.mean()) / (y.std() or 1.0))
        blocks = _same_size(parts)
        start = {
            "linear": np.full(players, 0.5 / players),
            "lengths": np.concatenate([np.full(players, players / 2), np.full(len(ratios), 2.0)]),
            "product": np.array(0.5),
            "noise": np.array(0.5),
        }
        first = {k: torch.from_numpy(np.asarray(np.log(v))) for k, v in start.items()}
        free = {k: v.clone().requires_grad_() for k, v in first.items()}
        shared = torch.ones(count, count, dtype=torch.float64)
        alone = torch.eye(count, dtype=torch.float64)
        optimiser = torch.optim.LBFGS(
            list(free.values()), lr=0.5, max_iter=steps, line_search_fn="strong_wolfe"
        )

        def loss() -> "torch.Tensor":
            optimiser.zero_grad()
            logs = _within_reach(free, first)
            product = torch.exp(logs["product"] - flat @ torch.exp(-logs["lengths"]))
            both = (product + sums @ torch.exp(logs["linear"])).view(count, count)
            kernel = both + shared + alone * (torch.exp(logs["noise"]) + JITTER)
            errors = _held_out(kernel, target, blocks)
            prior = sum(((free[k] - first[k]) ** 2).sum() for k in free)
            total = (errors + prior / 2) / count
            total.backward()
            return total

        optimiser.step(loss)
    found = {k: np.exp(v.detach().numpy()) for k, v in _within_reach(free, first).items()}
    return Shares(
        found["linear"],
        found["lengths"],
        float(found["product"]),
        float(found["noise"] + JITTER),
    )


def _within_reach(
    free: dict[str, "torch.Tensor"], first: dict[str, "torch.Tensor"]
) -> dict[str, "torch.Tensor"]:
    return {k: v.clamp(first[k] - REACH, first[k] + REACH) for k, v in free.items()}


def _held_out(
    kernel: "torch.Tensor", target: "torch.Tensor", blocks: Sequence["torch.Tensor"]
) -> "torch.Tensor":
    """Sum of squared errors on each block by all others."""
    import torch

    lower, failed = torch.linalg.cholesky_ex(kernel)
    if failed:  # missing photos count as near everything, which no kernel need allow
        least = float(torch.linalg.eigvalsh(kernel.detach())[0])
        shift = JITTER - 1.5 * min(least, 0.0)
        lower = torch.linalg.cholesky(kernel + shift * torch.eye(len(kernel), dtype=kernel.dtype))
    inverse = torch.cholesky_inverse(lower)
    weights = inverse @ target
    total = torch.zeros((), dtype=torch.float64)
    for block in blocks:
        own = inverse[block[:, :, None], block[:, None, :]]
        total = total + (torch.linalg.solve(own, weights[block][:, :, None]) ** 2).sum()
    return total


def _same_size(parts: Sequence[np.ndarray]) -> list["torch.Tensor"]:
    """Parts of one size as one (parts, items) tensor."""
    import torch

    sizes: dict[int, list[np.ndarray]] = {}
    for part in parts:
        sizes.setdefault(len(part), []).append(part)
    return [torch.from_numpy(np.stack(same)) for same in sizes.values()]


@contextmanager
def _one_thread() -> "Iterator[None]":
    """One thread of torch: sums come in one order, so that the same items give the same model."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
