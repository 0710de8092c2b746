"""How the inputs of the models change from season to season, before anything is predicted.

The population stability index of a column in one season (or catalog) against what came before is

    PSI = sum over bins of (now - past) * ln(now / past)

with the share of items in each bin; it is the symmetric Kullback-Leibler divergence of the two
(Lin 1991). Bins are those of the past: its levels with at least `MIN_SHARE` of the items and one
for all others, or its deciles where the column holds numbers (for texts: how many words), and one
for missing cells. Half an item is added to every bin, so that an empty one does not make it
infinite.

Conventions call .1 a change and .25 a large one; they know nothing of how many items there are.
Without any change PSI is about ``(1/n + 1/m)`` times a chi-square with bins - 1 degrees of freedom
(Yurdakul 2018), for n and m items: large where they are few. So each index stands beside what
chance alone reaches in 1 of 20 cases.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import LEVEL_ROLES, NUMBER_ROLES, TEXT_ROLES, Role
from core.popularity.columns import feature_columns, match_columns
from core.popularity.splits import Fold, forward_folds, group_codes

CHANGED = 0.1
LARGE = 0.25
MIN_SHARE = 0.01
BINS = 10
PHOTO = "photo"
"""What stands for the photo in the ``column`` of the table: whether an item has one."""

DRIFT_COLUMNS = (
    "season",
    "column",
    "role",
    "items",
    "items_before",
    "psi",
    "chance",
    "new_share",
    "missing_share",
    "missing_before",
    "verdict",
)
"""Columns of `season_drift` and `catalog_drift`."""


def season_drift(catalog: Catalog, *, include_post_launch: bool = False) -> pd.DataFrame:
    """How each column that models read differs in each season from all that came before.

    Seasons are those of `core.popularity.splits.forward_folds`, over all items of the catalog: also
    those whose target is not known yet. The release date, and columns that name the season, are
    left out: they differ by what they are.

    Returns:
        One line a season and column, the columns of `DRIFT_COLUMNS`; empty where the catalog has no
        dates to tell seasons by. ``psi`` is as above; ``chance`` what it reaches in 1 of 20 cases
        without any change, with styles as the number of draws (variants share their cells);
        ``new_share``, ``missing_share`` and ``missing_before`` are shares of items, 0..1, with a
        level never seen before, with no value, and with none in the past. ``verdict`` is ``large``
        (`LARGE` and more), ``changed`` (`CHANGED`), or ``steady``, also where chance explains it.
    """
    folds = forward_folds(catalog, np.arange(len(catalog)))
    groups = group_codes(catalog)
    found = []
    for name, role in _columns(catalog, folds, include_post_launch=include_post_launch):
        cells = _cells(catalog, name, role)
        for fold in folds:
            sides = [(cells.iloc[rows], groups[rows]) for rows in (fold.train, fold.test)]
            found.append({"season": fold.label, "column": name, **_line(role, *sides)})
    return pd.DataFrame(found, columns=list(DRIFT_COLUMNS))


def catalog_drift(
    trained: Catalog, catalog: Catalog, *, include_post_launch: bool = False
) -> pd.DataFrame:
    """How each column that models read differs in a catalog from the one that they learned from.

    Args:
        trained: its items with a known target are the past.
        catalog: another one; its columns are found by role and name, as models find them.
        include_post_launch: as the models were trained.

    Returns:
        As `season_drift`, one line a column of `trained`; ``season`` is the name of the catalog. A
        column that the catalog does not have is missing for all items.
    """
    target = trained.target()
    rows = np.arange(len(trained)) if target is None else np.flatnonzero(target.notna())
    columns = _columns(
        trained, forward_folds(trained, rows), include_post_launch=include_post_launch
    )
    features = feature_columns(trained, include_post_launch=include_post_launch)
    matched: dict[str, str | None] = {PHOTO: PHOTO, **match_columns(features, catalog)}
    found = []
    for name, role in columns:
        past = _cells(trained, name, role).iloc[rows], group_codes(trained)[rows]
        now = _cells(catalog, matched[name], role), group_codes(catalog)
        found.append({"season": catalog.name, "column": name, **_line(role, past, now)})
    return pd.DataFrame(found, columns=list(DRIFT_COLUMNS))


Side = tuple[pd.Series, np.ndarray]
"""Cells of some items, and their styles."""


def _line(role: Role, before: Side, after: Side) -> dict[str, object]:
    (past, past_groups), (now, now_groups) = before, after
    new = 0.0
    if role in LEVEL_ROLES:
        new = float((now.notna() & ~now.isin(past.dropna().unique())).mean())
    psi, bins = population_stability(*_binned(past, now, levels=role in LEVEL_ROLES))
    chance = chance_level(bins, len(np.unique(past_groups)), len(np.unique(now_groups)))
    return {
        "role": str(role),
        "items": len(now),
        "items_before": len(past),
        "psi": psi,
        "chance": chance,
        "new_share": new,
        "missing_share": float(now.isna().mean()),
        "missing_before": float(past.isna().mean()),
        "verdict": _verdict(psi, chance),
    }


def population_stability(past: np.ndarray, now: np.ndarray) -> tuple[float, int]:
    """The index of two samples of bin numbers, and how many bins either of them has items in.

    Half an item is added to each of these bins.
    """
    used, codes = np.unique(np.concatenate([past, now]), return_inverse=True)
    before = np.bincount(codes[: len(past)], minlength=len(used)) + 0.5
    after = np.bincount(codes[len(past) :], minlength=len(used)) + 0.5
    before, after = before / before.sum(), after / after.sum()
    return float(((after - before) * np.log(after / before)).sum()), len(used)


def chance_level(bins: int, n: int, m: int) -> float:
    """What the index reaches in 1 of 20 cases between two samples of one distribution."""
    from scipy.stats import chi2

    return float(chi2.ppf(0.95, bins - 1) * (1 / n + 1 / m)) if bins > 1 else 0.0


def _verdict(psi: float, chance: float) -> str:
    if psi < max(CHANGED, chance):
        return "steady"
    return "large" if psi >= LARGE else "changed"


def _columns(
    catalog: Catalog, folds: Sequence[Fold], *, include_post_launch: bool
) -> list[tuple[str, Role]]:
    """Name and role of what is compared."""
    found: list[tuple[str, Role]] = []
    for feature in feature_columns(catalog, include_post_launch=include_post_launch):
        if feature.role == Role.RELEASE_DATE:
            continue
        cells = catalog.frame[feature.name]
        named = feature.role in LEVEL_ROLES and all(
            (cells.iloc[fold.test] == fold.label).all() for fold in folds
        )
        if not (folds and named):
            found.append((feature.name, feature.role))
    return [*found, (PHOTO, Role.IMAGE)] if catalog.columns(Role.IMAGE) else found


def _cells(catalog: Catalog, column: str | None, role: Role) -> pd.Series:
    """What is compared of a column: levels, numbers, counts of words; NaN where a cell is empty."""
    if role == Role.IMAGE:
        there = np.array([path is not None for path in catalog.main_photos()])
        return pd.Series(np.where(there, 1.0, np.nan), index=catalog.frame.index)
    if column is None:
        return pd.Series(np.nan, index=catalog.frame.index, dtype=np.float64)
    cells = catalog.frame[column]
    if role in TEXT_ROLES:
        words = [float(len(text.split())) for text in cells.fillna("").astype(str)]
        return pd.Series(words, index=cells.index).replace(0.0, np.nan)
    if role in NUMBER_ROLES:
        return cells
    return cells.astype(object).where(lambda c: c.notna() & (c != ""))


def _binned(past: pd.Series, now: pd.Series, *, levels: bool) -> tuple[np.ndarray, np.ndarray]:
    """Bin numbers of both; 0 is for missing cells."""
    if levels:
        counts = past.value_counts()
        common = counts.index[counts >= MIN_SHARE * len(past)]
        number = {level: i + 2 for i, level in enumerate(common)}  # 1 is for all other levels

        def codes(cells: pd.Series) -> np.ndarray:
            return np.where(cells.isna(), 0, cells.map(number).fillna(1).to_numpy(dtype=np.int64))
    else:
        values = past.dropna().to_numpy(dtype=np.float64)
        quantiles = np.linspace(0, 1, BINS + 1)[1:-1]
        edges = np.unique(np.quantile(values, quantiles)) if len(values) else np.zeros(0)

        def codes(cells: pd.Series) -> np.ndarray:
            place = 1 + np.searchsorted(edges, cells.to_numpy(dtype=np.float64), side="left")
            return np.where(cells.isna(), 0, place)

    return codes(past), codes(now)
