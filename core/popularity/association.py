"""How much one column, or the order of a list, tells about the target; for `leakage`."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from core.popularity.metrics import spearman

BINS = 20
SHRINKAGE = 5.0
"""Items of the overall mean that every level's mean is mixed with, so that rare levels say less."""
MIN_CELL = 4
"""Fewest groups that must be alike for their order to be compared."""
DIGITS = re.compile(r"(\d+)")


def numbers(cells: pd.Series) -> np.ndarray:
    """Cells as float64: numbers, numbers written as text, days of dates; NaN elsewhere."""
    if pd.api.types.is_datetime64_any_dtype(cells):
        days = (cells - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)
        return days.to_numpy(dtype=np.float64)
    if not pd.api.types.is_numeric_dtype(cells):
        codes, uniques = pd.factorize(cells)
        text = pd.Series([str(u).replace(",", "") for u in uniques], dtype=object)
        parsed = pd.to_numeric(text, errors="coerce").to_numpy(dtype=np.float64)
        values = np.append(parsed, np.nan)[codes]
    else:
        values = cells.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def natural_order(cells: pd.Series) -> np.ndarray:
    """Place of each cell (0, 1, ...; equal cells share one) where ``A-9`` comes before ``A-10``."""
    codes, uniques = pd.factorize(cells.astype(object).where(cells.notna(), ""))
    keys = [
        [(int(part), "") if part.isdecimal() else (-1, part) for part in DIGITS.split(str(text))]
        for text in uniques
    ]
    place = np.empty(len(keys))
    place[sorted(range(len(keys)), key=keys.__getitem__)] = np.arange(len(keys))
    return place[codes]


def rank_correlation_within(
    order: np.ndarray, target: np.ndarray, cells: np.ndarray, groups: np.ndarray
) -> tuple[float, float, int]:
    """Rank correlation of an order with the target among alike items, and its spread by chance.

    Items of one group count once, with their means. Ranks are taken within cells (a category, or
    one in a season) of at least `MIN_CELL` groups and pooled. The spread is the exact standard
    deviation of the same number when the target is shuffled within cells: under shuffling, the sum
    of products in a cell has variance SSx SSy / (n - 1) (Pitman 1937).

    Args:
        order, target: float (items,); items where either is NaN take no part.
        cells: what an item must share with others to be compared with them (items,).
        groups: style of each item (items,).

    Returns:
        ``(correlation -1..1, spread, groups that took part)``; zeros where too few are alike, or
        one side never varies.
    """
    known = np.isfinite(order) & np.isfinite(target)
    frame = pd.DataFrame({"x": order[known], "y": target[known], "cell": cells[known]})
    mean = frame.groupby(groups[known], sort=False).agg({"x": "mean", "y": "mean", "cell": "first"})
    cell = mean.groupby("cell", sort=False)
    size = cell["x"].transform("size").to_numpy(dtype=np.float64)
    x, y = (((cell[c].rank() - 0.5) / size - 0.5).to_numpy(dtype=np.float64) for c in "xy")
    kept = size >= MIN_CELL
    x, y, size, codes = x[kept], y[kept], size[kept], pd.factorize(mean["cell"])[0][kept]
    scale = np.sqrt((x @ x) * (y @ y))
    if not scale > 0:
        return 0.0, 0.0, 0
    spread_x, spread_y = np.bincount(codes, x * x), np.bincount(codes, y * y)
    freedom = np.maximum(np.bincount(codes) - 1, 1)
    variance = float((spread_x * spread_y / freedom).sum())
    return float(x @ y / scale), float(np.sqrt(variance) / scale), len(x)


def held_out_means(cells: pd.Series, target: np.ndarray, folds: Sequence[np.ndarray]) -> np.ndarray:
    """Each item's target as its level's mean among the items of the other folds.

    Numbers and dates are cut into at most `BINS` equal parts; an empty cell is a level of its own.
    Means are shrunk to the overall mean, which also stands for levels that the other folds lack.
    """
    if pd.api.types.is_numeric_dtype(cells) or pd.api.types.is_datetime64_any_dtype(cells):
        codes = _bins(numbers(cells))
    else:
        codes = pd.factorize(cells)[0] + 1
    width = int(codes.max(initial=0)) + 1
    found = np.empty(len(target))
    for held_out in folds:
        own, y = np.delete(codes, held_out), np.delete(target, held_out)
        total = np.bincount(own, weights=y, minlength=width)
        count = np.bincount(own, minlength=width)
        means = (total + SHRINKAGE * y.mean()) / (count + SHRINKAGE)
        found[held_out] = means[codes[held_out]]
    return found


def _bins(values: np.ndarray) -> np.ndarray:
    known = np.isfinite(values)
    if not known.any():
        return np.zeros(len(values), dtype=np.int64)
    edges = np.unique(np.quantile(values[known], np.linspace(0, 1, BINS + 1)[1:-1]))
    return np.where(known, 1 + np.searchsorted(edges, np.where(known, values, 0.0), "right"), 0)


def held_out_sum(
    predictions: Mapping[str, np.ndarray], target: np.ndarray, folds: Sequence[np.ndarray]
) -> np.ndarray:
    """The held-out means of several columns, added up by least squares of the other folds."""
    table = np.column_stack([np.ones(len(target)), *predictions.values()])
    found = np.empty(len(target))
    for held_out in folds:
        known, y = np.delete(table, held_out, axis=0), np.delete(target, held_out)
        found[held_out] = table[held_out] @ np.linalg.lstsq(known, y, rcond=None)[0]
    return found


def strength(prediction: np.ndarray, target: np.ndarray) -> float:
    """Spearman correlation of held-out predictions with the target; 0 where they are constant.

    Held-out means of a column that says nothing differ only by fold, and against the target, as
    each fold's items are missing from its own mean: what is below 0 counts as 0.
    """
    return max(0.0, float(np.nan_to_num(spearman(target, prediction))))


def agreement(codes: np.ndarray, residuals: np.ndarray, groups: np.ndarray) -> tuple[float, float]:
    """How alike items with one code in different groups are in what their columns do not explain.

    Args:
        codes: int (items,), equal for items that are alike, -1 for none.
        residuals: what is left of each item's target (items,), mean about 0.
        groups: style of each item (items,); items of one style count once.

    Returns:
        The intraclass correlation (Fisher 1925), about -1..1, and how many standard deviations it
        is from 0 if likeness meant nothing; zeros without any such items.
    """
    known = codes >= 0
    frame = pd.DataFrame({"code": codes, "group": groups, "rest": residuals})[known]
    styles = frame.groupby(["code", "group"], sort=False)["rest"].mean()
    by_code = styles.groupby("code", sort=False)
    size, total = by_code.size().to_numpy(), by_code.sum().to_numpy()
    squares = (styles**2).groupby("code", sort=False).sum().to_numpy()
    shared = size > 1
    size, total, squares = size[shared], total[shared], squares[shared]
    if not squares.sum() > 0:
        return 0.0, 0.0
    likeness = ((total**2 - squares) / (size - 1)).sum()
    variance = float((residuals**2).mean())
    spread = variance * np.sqrt((2 * size / (size - 1)).sum())
    return float(likeness / squares.sum()), float(likeness / spread)
