"""What moves the predictions of many items: importance, shares of photo, words and details, change.

All functions take Shapley values in log units, one line an item and one column a player, as
`core.explain.kept` and `BlockModel.contributions` give them. Ranges are percentile intervals (95 %)
of a bootstrap that draws whole styles again: how a number would differ in another range of the same
kind. They say nothing of how the model would differ had it learned from other items.
"""

import numpy as np
import pandas as pd

from core.explain.modality import MODALITIES

DRAWS = 400
"""Draws of the bootstrap."""


def importance(values: pd.DataFrame, groups: np.ndarray, *, seed: int = 0) -> pd.DataFrame:
    """How much each player moves a prediction, up or down, on average.

    Args:
        values: (items, players), log units.
        groups: style of each item; items of one style are drawn together.
        seed: of the bootstrap.

    Returns:
        ``player``, ``value`` (mean absolute value, log units), ``low`` and ``high`` (its 95 %
        range), largest first.

    Raises:
        ValueError: no item.
    """
    size = values.abs().to_numpy()
    drawn = _means(size, np.ones(len(size), dtype=bool), _weights(groups, seed))
    low, high = _range(drawn)
    found = pd.DataFrame(
        {"player": list(values.columns), "value": size.mean(axis=0), "low": low, "high": high}
    )
    return found.sort_values("value", ascending=False, kind="stable", ignore_index=True)


def shares_by_category(shares: pd.DataFrame, categories: pd.Series) -> pd.DataFrame:
    """Mean of the items' shares in each category, the largest category first.

    Args:
        shares: of `core.explain.modality.modality_shares`.
        categories: of each item; missing ones are left out.

    Returns:
        ``category``, ``items`` and a column for each of `MODALITIES`.
    """
    known = shares.assign(category=categories.to_numpy()).dropna()
    grouped = known.groupby("category", observed=True)
    found = grouped[list(MODALITIES)].mean()
    found.insert(0, "items", grouped.size())
    found = found.sort_values("items", ascending=False, kind="stable")
    return found.reset_index().astype({"category": object})


def compare(
    values: pd.DataFrame,
    before: np.ndarray,
    now: np.ndarray,
    groups: np.ndarray,
    *,
    seed: int = 0,
) -> pd.DataFrame:
    """What each player does to the items of two seasons, on average, and how sure the change is.

    Args:
        values: (items, players), log units.
        before, now: positions of the items of each season.
        groups: style of each item of `values`; a style that stands in both is drawn for both.
        seed: of the bootstrap.

    Returns:
        ``player``, ``before`` and ``now`` (mean values), ``change``, ``low`` and ``high`` (its 95 %
        range), all in log units, and ``clear`` (the range leaves out 0), the largest change first.

    Raises:
        ValueError: a season has no item.
    """
    if not len(before) or not len(now):
        raise ValueError("a season without items cannot be compared")
    rows = np.concatenate([before, now])
    later = np.repeat([False, True], [len(before), len(now)])
    table, weights = values.to_numpy()[rows], _weights(groups[rows], seed)
    drawn = _means(table, later, weights) - _means(table, ~later, weights)
    low, high = _range(drawn)
    means = [table[~later].mean(axis=0), table[later].mean(axis=0)]
    found = pd.DataFrame(
        {
            "player": list(values.columns),
            "before": means[0],
            "now": means[1],
            "change": means[1] - means[0],
            "low": low,
            "high": high,
        }
    )
    found["clear"] = (found["low"] > 0) | (found["high"] < 0)
    order = found["change"].abs().sort_values(ascending=False, kind="stable").index
    return found.loc[order].reset_index(drop=True)


def _weights(groups: np.ndarray, seed: int) -> np.ndarray:
    """(draws, items): how often each item is there when as many styles are drawn again."""
    _, codes = np.unique(groups, return_inverse=True)
    count = int(codes.max()) + 1 if len(codes) else 0
    if not count:
        raise ValueError("nothing to draw from")
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=DRAWS)
    return drawn[:, codes].astype(np.float32)


def _means(table: np.ndarray, chosen: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(draws, players): means over the chosen items; NaN where a draw has none of them."""
    own = weights[:, chosen]
    count = own.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        return own @ table[chosen].astype(np.float64) / np.where(count > 0, count, np.nan)


def _range(drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    low, high = np.nanquantile(drawn, [0.025, 0.975], axis=0)
    return low, high
