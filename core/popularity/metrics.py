"""How good a ranking and its intervals are, each number with its spread.

Every metric is taken within a fold (one later season is one ranking task) and averaged over folds
by their size, except the median over categories, which pools all (fold, category) cells, and WAPE,
which is total error over total sales. Spreads are percentile intervals (95 %) of a bootstrap that
draws whole styles within each fold.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

METRICS = (
    "spearman",
    "spearman_in_category",
    "pairwise_accuracy",
    "ndcg_50",
    "precision_top_10",
    "mae",
    "wape",
    "coverage_80",
    "coverage_90",
    "width_80",
    "width_90",
    "rank_coverage_80",
    "rank_coverage_90",
)
DRAWS = 200
MIN_CATEGORY_ITEMS = 10
FEW_ITEMS = 250

Scores = dict[str, dict[str, float | None]]
"""Metric to ``{"value", "low", "high"}``; None where it is undefined (one category, a tie)."""


def spearman(actual: np.ndarray, predicted: np.ndarray) -> float:
    """Rank correlation, -1..1; NaN where one side is constant."""
    a, p = _ranks(actual), _ranks(predicted)
    a, p = a - a.mean(), p - p.mean()
    scale = np.sqrt((a @ a) * (p @ p))
    return float(a @ p / scale) if scale > 0 else float("nan")


def pairwise_accuracy(actual: np.ndarray, predicted: np.ndarray) -> float:
    """Of pairs with different actual values, the share that the prediction orders correctly, 0..1.

    A pair with equal predictions counts half. Counted pair by pair where there are few items, from
    Kendall's tau-b in O(n log n) where there are many.
    """
    n = len(actual)
    if n <= FEW_ITEMS:
        order = np.sign(actual[:, None] - actual)
        agree = (order * np.sign(predicted[:, None] - predicted)).sum()
        untied_twice = np.count_nonzero(order)
        return float(0.5 + agree / (2 * untied_twice)) if untied_twice else float("nan")
    from scipy.stats import kendalltau

    pairs = n * (n - 1) / 2
    untied = pairs - _tied_pairs(actual)
    told = pairs - _tied_pairs(predicted)
    if untied == 0:
        return float("nan")
    if told == 0:
        return 0.5
    tau = kendalltau(actual, predicted, method="asymptotic").statistic
    return float(0.5 + tau * np.sqrt(untied * told) / (2 * untied))


def ndcg(actual: np.ndarray, predicted: np.ndarray, k: int = 50) -> float:
    """Normalised discounted cumulative gain of the first `k`, the target itself as gain, 0..1.

    Items with equal predictions count with their average gain, so that the order of the table does
    not matter (McSherry & Najork 2008).
    """
    k = min(k, len(actual))
    discount = 1 / np.log2(np.arange(2, k + 2))
    _, tie, size = np.unique(-predicted, return_inverse=True, return_counts=True)
    gains = np.repeat(np.bincount(tie, weights=actual) / size, size)[:k]
    ideal = np.sort(actual)[::-1][:k] @ discount
    return float(gains @ discount / ideal) if ideal > 0 else float("nan")


def precision_at_top(actual: np.ndarray, predicted: np.ndarray, share: float = 0.1) -> float:
    """Of the items that the prediction puts in the top `share`, the part that truly is there.

    Where equal values stand across the border, it is the average over all ways to choose from them.
    """
    k = max(1, round(len(actual) * share))
    return float(_in_top(predicted, k) @ _in_top(actual, k) / k)


def _in_top(values: np.ndarray, k: int) -> np.ndarray:
    """Chance of each item to be among the first `k` when ties are broken by lot."""
    border = np.partition(values, -k)[-k]
    above, tied = values > border, values == border
    return above + tied * (k - above.sum()) / tied.sum()


def score(
    predictions: pd.DataFrame,
    categories: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    *,
    metrics: Sequence[str] = METRICS,
    draws: int | None = None,
    seed: int = 0,
) -> Scores:
    """Metrics with their spread.

    Args:
        predictions: ``fold, actual`` and the prediction columns, one line an item; for the coverage
            of rank ranges also ``actual_rank`` within the fold and the columns of
            `core.popularity.rank_intervals.RANK_COLUMNS` (undefined without them).
        categories: category of each line, for the score within categories.
        groups: style of each line; lines of one style are drawn together.
        metrics: which of `METRICS`.
        draws: bootstrap draws, `DRAWS` if None; 0 leaves the spread out.
        seed: of the bootstrap.
    """
    groups = np.arange(len(predictions)) if groups is None else groups
    draws = DRAWS if draws is None else draws
    folds = [np.flatnonzero(predictions["fold"] == f) for f in predictions["fold"].unique()]
    columns = {c: predictions[c].to_numpy(dtype=np.float64) for c in predictions if c in _COLUMNS}
    codes = None if categories is None else pd.factorize(pd.Series(categories))[0]
    values = _all(columns, codes, folds, metrics)
    rng = np.random.default_rng(seed)
    samplers = [_GroupSampler(fold, groups[fold]) for fold in folds]
    drawn = np.array(
        [_all(columns, codes, [s.draw(rng) for s in samplers], metrics) for _ in range(draws)]
    ).reshape(draws, len(metrics))
    scores: Scores = {}
    for i, metric in enumerate(metrics):
        spread = drawn[np.isfinite(drawn[:, i]), i]
        low, high = np.quantile(spread, [0.025, 0.975]) if len(spread) else (np.nan, np.nan)
        scores[metric] = {"value": _plain(values[i]), "low": _plain(low), "high": _plain(high)}
    return scores


_COLUMNS = (
    *("actual", "predicted", "low", "high", "low_80", "high_80"),
    *("actual_rank", "rank_low", "rank_high", "rank_low_80", "rank_high_80"),
)


def _plain(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None


class _GroupSampler:
    """Draws whole groups with replacement from some positions."""

    def __init__(self, positions: np.ndarray, groups: np.ndarray) -> None:
        order = np.argsort(groups, kind="stable")
        self.positions = positions[order]
        _, self.starts, self.sizes = np.unique(groups[order], return_index=True, return_counts=True)

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        chosen = rng.integers(0, len(self.starts), len(self.starts))
        sizes = self.sizes[chosen]
        before = np.cumsum(sizes) - sizes
        return self.positions[
            np.repeat(self.starts[chosen] - before, sizes) + np.arange(sizes.sum())
        ]


def _all(
    columns: dict[str, np.ndarray],
    codes: np.ndarray | None,
    folds: Sequence[np.ndarray],
    metrics: Sequence[str],
) -> list[float]:
    found = []
    for metric in metrics:
        if metric == "wape":
            rows = np.concatenate(folds)
            actual = columns["actual"][rows]
            error = np.abs(actual - columns["predicted"][rows]).sum()
            found.append(float(error / actual.sum()) if actual.sum() > 0 else float("nan"))
        elif metric == "spearman_in_category":
            found.append(_within(columns, codes, folds))
        else:
            values = np.array([_FOLD_METRICS[metric](columns, rows) for rows in folds])
            sizes = np.array([len(rows) for rows in folds], dtype=float)[np.isfinite(values)]
            values = values[np.isfinite(values)]
            found.append(float(values @ sizes / sizes.sum()) if len(sizes) else float("nan"))
    return found


def _ranked(function: Callable[..., float]) -> Callable[[dict[str, np.ndarray], np.ndarray], float]:
    return lambda columns, rows: function(columns["actual"][rows], columns["predicted"][rows])


def _mae(columns: dict[str, np.ndarray], rows: np.ndarray) -> float:
    return float(np.abs(columns["actual"][rows] - columns["predicted"][rows]).mean())


def _coverage(
    low: str, high: str, actual: str = "actual"
) -> Callable[[dict[str, np.ndarray], np.ndarray], float]:
    def inside(columns: dict[str, np.ndarray], rows: np.ndarray) -> float:
        if low not in columns or actual not in columns:
            return float("nan")
        values = columns[actual][rows]
        return float(((values >= columns[low][rows]) & (values <= columns[high][rows])).mean())

    return inside


def _width(low: str, high: str) -> Callable[[dict[str, np.ndarray], np.ndarray], float]:
    return lambda columns, rows: float((columns[high][rows] - columns[low][rows]).mean())


_FOLD_METRICS = {
    "spearman": _ranked(spearman),
    "pairwise_accuracy": _ranked(pairwise_accuracy),
    "ndcg_50": _ranked(ndcg),
    "precision_top_10": _ranked(precision_at_top),
    "mae": _mae,
    "coverage_80": _coverage("low_80", "high_80"),
    "coverage_90": _coverage("low", "high"),
    "width_80": _width("low_80", "high_80"),
    "width_90": _width("low", "high"),
    "rank_coverage_80": _coverage("rank_low_80", "rank_high_80", "actual_rank"),
    "rank_coverage_90": _coverage("rank_low", "rank_high", "actual_rank"),
}


def _within(
    columns: dict[str, np.ndarray], codes: np.ndarray | None, folds: Sequence[np.ndarray]
) -> float:
    if codes is None:
        return float("nan")
    found = []
    for rows in folds:
        order = rows[np.argsort(codes[rows], kind="stable")]
        for cell in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1):
            if len(cell) >= MIN_CATEGORY_ITEMS and codes[cell[0]] >= 0:
                found.append(spearman(columns["actual"][cell], columns["predicted"][cell]))
    found = [f for f in found if np.isfinite(f)]
    return float(np.median(found)) if found else float("nan")


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, ties sharing their average (scipy's ``rankdata``, without its overhead)."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]


def _tied_pairs(values: np.ndarray) -> float:
    _, counts = np.unique(values, return_counts=True)
    return float((counts * (counts - 1) / 2).sum())
