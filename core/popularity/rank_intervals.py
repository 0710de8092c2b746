"""Which ranks an item may end up with: simulated from the predictions and their intervals.

A draw gives every item an outcome of its own from its predictive distribution and ranks them; the
ranges hold the middle 80 and 90 % of an item's ranks over the draws. What happens to a whole season
alike changes no rank in it, so that part of past errors is left out (`Calibration.shape`) and the
rest is drawn independently. In a catalog of several seasons such a shift would move them against
each other, which the ranges do not hold.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

RANK_COLUMNS = ("rank_low", "rank_high", "rank_low_80", "rank_high_80")
DRAWS = 1000
PART = 10_000
"""Items ranked against each other at once; more are parted by lot, which bounds the memory."""


def rank_intervals(
    predictions: pd.DataFrame, shape: Sequence[float], *, draws: int = DRAWS, seed: int = 0
) -> pd.DataFrame:
    """The 90 and 80 % ranges of each item's rank among all of `predictions`.

    Args:
        predictions: ``predicted, low_80, high_80`` in units, one line an item.
        shape: quantiles of an item's error, multiples of its 80 % interval's half below and above
            the prediction (`Calibration.shape`).
        draws: simulated outcomes an item.
        seed: of the draws.

    Returns:
        The columns of `RANK_COLUMNS`, whole numbers from 1 (best), index as in `predictions`. A
        range always holds the item's place in the order of ``predicted`` (ties by line).
    """
    middle, low, high = (
        np.log1p(predictions[c].to_numpy(dtype=np.float64))
        for c in ("predicted", "low_80", "high_80")
    )
    n = len(middle)
    place = np.empty(n, dtype=np.int64)
    place[np.argsort(-middle, kind="stable")] = np.arange(1, n + 1)
    rng = np.random.default_rng(seed)
    order = rng.permutation(n)
    ends = np.empty((4, n))
    for part in np.array_split(order, max(1, -(-n // PART))):
        ranks = _simulated(middle[part], low[part], high[part], np.array(shape), draws, rng)
        stretch = (n - 1) / max(len(part) - 1, 1)
        ends[:, part] = 1 + (ranks - 1) * stretch
    lows = np.minimum(np.floor(ends[[0, 1]]).astype(np.int64), place)
    highs = np.maximum(np.ceil(ends[[3, 2]]).astype(np.int64), place)
    columns = (lows[0], highs[0], lows[1], highs[1])
    return pd.DataFrame(dict(zip(RANK_COLUMNS, columns, strict=True)), index=predictions.index)


def _simulated(
    middle: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    shape: np.ndarray,
    draws: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """(4, items) ranks at 5, 10, 90 and 95 % of the draws."""
    middle, below, above = (v.astype(np.float32) for v in (middle, middle - low, high - middle))
    down, up = np.minimum(shape, 0).astype(np.float32), np.maximum(shape, 0).astype(np.float32)
    ranks = np.empty((draws, len(middle)), dtype=np.int32)
    places = np.arange(1, len(middle) + 1, dtype=np.int32)
    # Every item meets every quantile of its error equally often, which takes most of the noise out.
    strata = np.resize(np.arange(len(shape), dtype=np.uint8), draws)
    drawn = rng.permuted(np.broadcast_to(strata[:, None], ranks.shape), axis=0)
    for draw, chosen in enumerate(drawn):
        outcome = middle + below * down[chosen] + above * up[chosen]
        ranks[draw, np.argsort(-outcome)] = places
    wanted = [round(q * (draws - 1)) for q in (0.05, 0.10, 0.90, 0.95)]
    return np.partition(ranks, wanted, axis=0)[wanted]
