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
from core.explain.density import observed_range
from core.explain.past import Past
from core.popularity.columns import feature_columns, match_columns
from core.popularity.model import PopularityModel

GRID = 33
"""Values of a number that are predicted."""
BEYOND = 0.2
"""How far a curve goes past the observed range, as a share of it."""
LEVELS = 20
"""Most levels that are predicted: those of the most past items."""


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
    try:
        frame = conform(frame, catalog.roles)
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


def level_response(
    model: PopularityModel, catalog: Catalog, row: int, column: str, past: Past
) -> pd.DataFrame:
    """Predictions over the levels of a category or attribute.

    Returns:
        The item's own level and those of the most past items, at most `LEVELS`, the highest
        prediction first: ``value``, the model's prediction columns in the target's unit, ``items``
        (past items with the level, of the item's category where `column` is another one), ``own``.
    """
    back = {c: p for p, c in match_columns(feature_columns(past.catalog), catalog).items() if c}
    frame = past.catalog.frame.iloc[past.rows]
    cells = frame[back[column]].astype(object) if column in back else pd.Series(dtype=object)
    counts = cells.dropna().value_counts()
    own = catalog.frame[column].iloc[row]
    levels = [str(v) for v in counts.index[:LEVELS]]
    if not pd.isna(own) and str(own) not in levels:
        levels = [str(own), *levels[: LEVELS - 1]]
    if not levels:
        return pd.DataFrame()
    category = past.catalog.column(Role.CATEGORY)
    known = column in back and category in back.values()
    if category and known and back[column] != category:
        kind = catalog.frame[next(c for c, p in back.items() if p == category)].iloc[row]
        same = (frame[category].astype(object) == kind).to_numpy(dtype=bool, na_value=False)
        counts = cells[same].dropna().value_counts()
    found = model.predict(variants(catalog, row, [{column: v} for v in levels]))
    found = found.drop(columns="item_id")
    found.insert(0, "value", levels)
    found["items"] = [int(counts.get(v, 0)) for v in levels]
    found["own"] = [v == own for v in levels]
    return found.sort_values("predicted", ascending=False, kind="stable", ignore_index=True)
