"""How an item's prediction goes with one of its columns, all others as they are.

These are individual conditional expectations (Goldstein et al. 2015) with the model's own intervals
at each value: what the model has learned goes together, not what a change would cause.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog, conform
from core.catalog.roles import Role
from core.errors import CatalogError
from core.explain.density import MIN_CATEGORY, observed_range
from core.explain.past import Past
from core.popularity.columns import feature_columns, match_columns
from core.popularity.model import PopularityModel

GRID = 33
"""Values of a number that are predicted."""
BEYOND = 0.2
"""How far a curve goes past the observed range, as a share of it."""
LEVELS = 20
"""Most levels that are predicted: those of the most past items."""
WEEKLY = 60
"""Weeks up to which release dates are a week apart; over longer times a month."""
AHEAD = pd.Timedelta(weeks=8)
"""How far a curve goes past the last release date."""


def variants(catalog: Catalog, row: int, changes: Sequence[Mapping[str, Any]]) -> Catalog:
    """A catalog of one item several times, each time with other cells changed, in their order.

    Its photos are still found in the catalog's folder. It has no content hash, because it is no
    catalog that a model can have learned from.

    Raises:
        CatalogError: a column is not there, or a value does not fit its column.
    """
    frame = catalog.frame.iloc[np.full(len(changes), row)].reset_index(drop=True)
    names = dict.fromkeys(column for change in changes for column in change)
    for column in names:
        if column not in frame.columns:
            raise CatalogError(f"The catalog “{catalog.name}” has no column “{column}” to edit.")
        old = catalog.frame[column].iloc[row]
        cells = [change.get(column, old) for change in changes]
        frame[column] = pd.Series(cells, dtype=object)
    key = catalog.columns(Role.ID)[0]
    frame[key] = [f"{catalog.ids[row]}~{i}" for i in range(len(frame))]
    roles = {c: r for c, r in catalog.roles.items() if c in names or c == key}
    try:
        # The other cells have the types of their roles already.
        frame[list(roles)] = conform(frame[list(roles)], roles)
    except (TypeError, ValueError) as error:
        raise CatalogError(f"An edited value does not fit its column: {error}.") from error
    return replace(catalog, frame=frame, content_hash="")


def number_response(
    model: PopularityModel, catalog: Catalog, row: int, column: str, past: Past
) -> pd.DataFrame:
    """Predictions over the values of a price or number.

    Args:
        model: of any kind.
        catalog, row: the item.
        column: of the catalog.
        past: items whose sales are known; those of the item's category give the observed range.

    Returns:
        `GRID` values from below to above the observed range and the item's own, ascending:
        ``value``, the model's prediction columns in the target's unit, ``observed`` (inside the
        range), ``own`` (the item's value). Empty where no past item has a value. ``attrs`` holds
        ``low``, ``high`` and ``category`` of the range (empty: of all past items).
    """
    low, high, category = observed_range(past, catalog, row, column)
    if not np.isfinite(low):
        return pd.DataFrame()
    reach = BEYOND * ((high - low) or abs(high) or 1.0)
    start = low - reach
    if low >= 0:
        start = max(start, low / 2)
    own = float(catalog.frame[column].iloc[row])
    grid = np.linspace(start, high + reach, GRID)
    ends = [v for v in (own, low, high) if np.isfinite(v)]
    grid = np.unique(np.concatenate([grid, ends]))
    made = variants(catalog, row, [{column: float(value)} for value in grid])
    found = model.predict(made).drop(columns="item_id")
    found.insert(0, "value", grid)
    found["observed"] = (grid >= low) & (grid <= high)
    found["own"] = grid == own
    found.attrs = {"low": low, "high": high, "category": category}
    return found


def date_response(
    model: PopularityModel, catalog: Catalog, row: int, column: str, past: Past
) -> pd.DataFrame:
    """Predictions over the release date, by week or by month.

    Returns:
        As `number_response`, with timestamps: Mondays where the time spans at most `WEEKLY` weeks,
        else the 15th of each month; from the first release of past items of the item's category to
        `AHEAD` past the last one or the item's own, which is among them.
    """
    cells, category = past_cells(past, catalog, row, column)
    if not len(cells):
        return pd.DataFrame()
    low, high = cells.min(), cells.max()
    own = catalog.frame[column].iloc[row]
    ends = [v for v in (own, low, high) if not pd.isna(v)]
    grid = pd.DatetimeIndex(date_steps(min(ends), max(ends) + AHEAD))
    grid = grid.union(pd.DatetimeIndex(ends)).unique()
    found = model.predict(variants(catalog, row, [{column: v} for v in grid]))
    found = found.drop(columns="item_id")
    found.insert(0, "value", grid)
    found["observed"] = (grid >= low) & (grid <= high)
    found["own"] = grid == own
    found.attrs = {"low": low, "high": high, "category": category}
    return found


def date_steps(first: pd.Timestamp, last: pd.Timestamp) -> pd.DatetimeIndex:
    """Mondays from one day to another, or the 15ths of their months where there are too many."""
    weeks = pd.date_range(first, last, freq="W-MON")
    if len(weeks) <= WEEKLY:
        return weeks
    return pd.date_range(first.replace(day=1), last, freq="MS") + pd.Timedelta(days=14)


def level_response(
    model: PopularityModel, catalog: Catalog, row: int, column: str, past: Past
) -> pd.DataFrame:
    """Predictions over the levels of a category or attribute.

    Returns:
        The item's own level and those of the most past items, at most `LEVELS`, the highest
        prediction first: ``value``, the model's prediction columns in the target's unit, ``items``
        (past items with the level, of the item's category where `column` is another one), ``own``.
    """
    levels = levels_of(past, catalog, row, column)
    if not levels:
        return pd.DataFrame()
    own = catalog.frame[column].iloc[row]
    cells, _ = past_cells(past, catalog, row, column, least=0)
    counts = cells.value_counts()
    found = model.predict(variants(catalog, row, [{column: v} for v in levels]))
    found = found.drop(columns="item_id")
    found.insert(0, "value", levels)
    found["items"] = [int(counts.get(v, 0)) for v in levels]
    found["own"] = [v == own for v in levels]
    return found.sort_values("predicted", ascending=False, kind="stable", ignore_index=True)


def levels_of(past: Past, catalog: Catalog, row: int, column: str) -> list[str]:
    """The levels of a column that the most past items have, and the item's own among them."""
    name = past_names(past, catalog).get(column)
    cells = past.catalog.frame[name].iloc[past.rows] if name else pd.Series(dtype=object)
    levels = [str(v) for v in cells.astype(object).dropna().value_counts().index[:LEVELS]]
    own = catalog.frame[column].iloc[row]
    if not pd.isna(own) and str(own) not in levels:
        levels = [str(own), *levels[: LEVELS - 1]]
    return levels


def past_names(past: Past, catalog: Catalog) -> dict[str, str]:
    """What the past calls each column of a catalog that it has too."""
    matched = match_columns(feature_columns(past.catalog), catalog)
    return {c: p for p, c in matched.items() if c}


def past_cells(
    past: Past, catalog: Catalog, row: int, column: str, *, least: int = MIN_CATEGORY
) -> tuple[pd.Series, str]:
    """What past items of an item's category have in a column, and the category.

    Args:
        past, catalog, row: the item and its past.
        column: of `catalog`.
        least: with fewer of them, all past items count and the category is empty, as it is where
            `column` is the category.
    """
    names = past_names(past, catalog)
    if column not in names:
        return pd.Series(dtype=object), ""
    cells = past.catalog.frame[names[column]].iloc[past.rows]
    inside, kind = same_category(past, catalog, row)
    known = cells.notna().to_numpy()
    if not kind or catalog.roles[column] == Role.CATEGORY or (inside & known).sum() < least:
        return cells[known], ""
    return cells[inside & known], kind


def same_category(past: Past, catalog: Catalog, row: int) -> tuple[np.ndarray, str]:
    """(items,) which past items are of an item's category, and the category; empty if unknown."""
    category, names = past.catalog.column(Role.CATEGORY), past_names(past, catalog)
    own = next((c for c, p in names.items() if p == category), None)
    kind = pd.NA if own is None else catalog.frame[own].iloc[row]
    if category is None or pd.isna(kind):
        return np.zeros(len(past.rows), dtype=bool), ""
    cells = past.catalog.frame[category].iloc[past.rows].astype(object)
    return (cells == kind).to_numpy(dtype=bool, na_value=False), str(kind)
