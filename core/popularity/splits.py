"""Which items a model may learn from when it is scored on others.

Variants of one style (the group columns) never stand on both sides of any split.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import LEVEL_ROLES, Role

MAX_FORWARD_FOLDS = 4
MIN_BLOCK_ITEMS = 20
MIN_PAST_ITEMS = 40
MIN_STYLES = 20
"""Fewest styles to learn from: with fewer, holding some out leaves nothing to choose by."""
GROUPED_FOLDS = 5
MIN_DATED_SHARE = 0.8


@dataclass(frozen=True)
class Fold:
    """Row positions in the catalog to learn from and to be scored on, and what the fold is."""

    label: str
    train: np.ndarray
    test: np.ndarray


def group_codes(catalog: Catalog) -> np.ndarray:
    """One integer a row, equal for variants of one style; rows without a group stand alone."""
    columns = catalog.columns(Role.GROUP)
    if not columns:
        return np.arange(len(catalog))
    cells = catalog.frame[columns]
    empty = (cells.isna() | (cells == "")).all(axis=1).to_numpy()
    codes = cells.groupby(columns, dropna=False, sort=False).ngroup().to_numpy(copy=True)
    codes[empty] = codes.max(initial=0) + 1 + np.arange(int(empty.sum()))
    return codes


def grouped_folds(
    groups: np.ndarray, count: int = GROUPED_FOLDS, *, seed: int = 0
) -> list[np.ndarray]:
    """Positions held out in turn: every item once, every group whole, folds of similar size.

    Fewer groups than folds give as many folds as groups.
    """
    _, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    fold_of, load = np.empty(len(sizes), dtype=int), np.zeros(min(count, len(sizes)))
    for group in order:
        fold_of[group] = int(load.argmin())
        load[fold_of[group]] += sizes[group]
    return [np.flatnonzero(fold_of[codes] == f) for f in range(len(load))]


def forward_folds(catalog: Catalog, rows: np.ndarray) -> list[Fold]:
    """Expanding window over at most the last 4 season blocks, oldest first.

    Each block is scored by what was released before its first date; items of a style that stands in
    the block are left out of the past, and so are items whose sales series was still running on
    that date, as their target was not known then. Items without a release date take no part. An
    empty list means that time cannot be split: no dates, or too few of them, or one season.

    Blocks are the levels of a column named “season” where there is one and it is ordered in time;
    else half-years (December to May, June to November); else quarters of equal size by date.
    """
    column = catalog.column(Role.RELEASE_DATE)
    if column is None:
        return []
    dates = catalog.frame[column].iloc[rows].reset_index(drop=True)
    if dates.notna().mean() < MIN_DATED_SHARE:
        return []
    groups = group_codes(catalog)[rows]
    known = dates.notna().to_numpy()
    window = sales_window(catalog)
    for labels in _candidates(catalog, rows, dates):
        folds = _folds(labels, dates, known, groups, rows, window)
        if len(folds) >= 2:
            return folds[-MAX_FORWARD_FOLDS:]
    return []


def sales_window(catalog: Catalog) -> pd.Timedelta:
    """How long after its release an item's target is known: the weeks of its sales series.

    Nothing where the catalog has no series with numbered weeks.
    """
    series = catalog.series()
    if series is None or not pd.api.types.is_integer_dtype(series["period"]):
        return pd.Timedelta(0)
    return pd.Timedelta(weeks=int(series["period"].nunique()))


def _candidates(catalog: Catalog, rows: np.ndarray, dates: pd.Series) -> Sequence[pd.Series]:
    found = []
    for role in LEVEL_ROLES:
        for column in catalog.columns(role):
            if column.casefold().strip() in ("season", "collection"):
                found.append(catalog.frame[column].iloc[rows].astype(object).reset_index(drop=True))
    found = [labels for labels in found if follow_in_time(labels, dates)]
    shifted = dates + pd.DateOffset(months=1)  # December opens the spring half-year
    half = shifted.dt.month.map(lambda month: " spring" if month <= 6 else " autumn")
    found.append((shifted.dt.strftime("%Y") + half).astype(object))
    equal = pd.qcut(dates, 4, labels=False, duplicates="drop")
    first = dates.groupby(equal).transform("min")
    found.append(first.dt.strftime("from %Y-%m-%d").astype(object))
    return found


def follow_in_time(
    labels: pd.Series, dates: pd.Series, least: int = 3, *, apart: bool = False
) -> bool:
    """Whether so many levels or more follow each other: their middle halves of dates are apart.

    Halves may touch at a date, unless `apart`.
    """
    by_label = dates.groupby(labels)
    first, third = by_label.quantile(0.25).sort_values(), by_label.quantile(0.75)
    ends = third[first.index].to_numpy()[:-1]
    starts = first.to_numpy()[1:]
    return len(first) >= least and bool((ends < starts if apart else ends <= starts).all())


def _folds(
    labels: pd.Series,
    dates: pd.Series,
    known: np.ndarray,
    groups: np.ndarray,
    rows: np.ndarray,
    window: pd.Timedelta,
) -> list[Fold]:
    blocks = dates[known].groupby(labels[known]).agg(["median", "min", "size"])
    folds = []
    for label, block in blocks.sort_values("median").iterrows():
        test = known & (labels == label).to_numpy()
        past = known & (dates + window < block["min"]).to_numpy()
        past &= ~np.isin(groups, groups[test])
        enough = past.sum() >= MIN_PAST_ITEMS and len(np.unique(groups[past])) >= MIN_STYLES
        if enough and test.sum() >= MIN_BLOCK_ITEMS:
            folds.append(Fold(str(label), rows[past], rows[test]))
    return folds
