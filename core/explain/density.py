"""Which edits leave what past items are like: by values, by pairs of them, by near items."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import LEVEL_ROLES, Role
from core.explain.past import Past
from core.popularity.columns import feature_columns, match_columns
from core.popularity.neighbours import UNKNOWN

Kind = Literal["level", "together", "season", "range", "far"]


@dataclass(frozen=True)
class Flag:
    """One way in which an edited item is outside the past.

    Attributes:
        kind: ``level``: no past item has the value. ``together``: none has it with `other_value`.
            ``season``: none with it was released at that time of the year. ``range``: a number
            outside `low` to `high`, which past items of the category (`other_value`; empty: all)
            have. ``far``: `near` past items are near the edited item, `near_before` were before.
        column, value: what was edited; none where `kind` is ``far``.
        other_column, other_value: what it stands beside.
    """

    kind: Kind
    column: str = ""
    value: Any = None
    other_column: str = ""
    other_value: str = ""
    low: float = np.nan
    high: float = np.nan
    near: int = 0
    near_before: int = 0


MIN_EXPECTED = 3.0
"""How many items with both values chance alone would have brought before their absence says
something: none of 3 expected has a probability of 5 % (Poisson)."""
MIN_CATEGORY = 5
"""Past items with a number from which a category has a range of its own."""
DAYS = 45
FEW_NEAR = 3


def flags(past: Past, catalog: Catalog, row: int, after: Catalog) -> list[Flag]:
    """How an edit leaves what past items are like.

    Args:
        past: items whose sales are known.
        catalog, row: the item as it is.
        after: the item as edited, its only row (`core.explain.what_if.edited`).
    """
    roles = {c.feature.name: c.feature.role for c in past.neighbours.columns}
    named = match_columns([c.feature for c in past.neighbours.columns], catalog)
    category = past.catalog.column(Role.CATEGORY)
    frame = past.catalog.frame.iloc[past.rows]
    item = {p: after.frame[c].iloc[0] for p, c in named.items() if c}
    changed = [p for p, c in named.items() if c and not _alike(catalog.frame[c].iloc[row], item[p])]
    steps = zip(roles, past.cells, past.steps(after, 0), strict=True)
    kinds = {
        p: (cells == step) & (step != UNKNOWN)
        for p, cells, step in steps
        if roles[p] in LEVEL_ROLES and p in item and not pd.isna(item[p])
    }
    found: list[Flag] = []
    for column in changed:
        if column in kinds:
            if not kinds[column].any():
                found.append(Flag("level", str(named[column]), str(item[column])))
                continue
            for other in kinds:
                if other in changed and list(kinds).index(other) < list(kinds).index(column):
                    continue  # said already, the other way round
                if other != column and _never(kinds[column], kinds[other]):
                    about = (str(named[other]), str(item[other]))
                    found.append(Flag("together", str(named[column]), str(item[column]), *about))
        elif roles[column] in (Role.PRICE, Role.NUMBER) and not pd.isna(item[column]):
            own = kinds.get(category) if category else None
            low, high, inside = _range(frame[column], own)
            if not low <= float(item[column]) <= high:
                name = str(item[category]) if inside and category else ""
                flag = Flag("range", str(named[column]), float(item[column]), str(category or ""))
                found.append(Flag(**{**vars(flag), "other_value": name, "low": low, "high": high}))
    found += _seasons(frame, item, kinds, changed, roles, named)
    near, nearest = past.density(after, 0)
    before, before_nearest = past.density(catalog, row)
    if changed and near < FEW_NEAR and nearest > before_nearest and near < before:
        found.append(Flag("far", near=near, near_before=before))
    return found


def observed_range(past: Past, catalog: Catalog, row: int, column: str) -> tuple[float, float, str]:
    """The least and greatest number that past items of an item's category have in a column.

    Args:
        past, catalog, row: the item and its past.
        column: of `catalog`, a price or number.

    Returns:
        Both ends, and the category; empty where all past items count, as it has too few of them.
        NaN ends where nothing is known.
    """
    back = {c: p for p, c in match_columns(feature_columns(past.catalog), catalog).items() if c}
    category, frame = past.catalog.column(Role.CATEGORY), past.catalog.frame.iloc[past.rows]
    if column not in back:
        return np.nan, np.nan, ""
    own, name = None, ""
    if category in back.values():
        cell = catalog.frame[next(c for c, p in back.items() if p == category)].iloc[row]
        if not pd.isna(cell):
            own, name = _keys(frame[category]) == _key(cell), str(cell)
    low, high, inside = _range(frame[back[column]], own)
    return low, high, name if inside else ""


def _range(cells: pd.Series, own: np.ndarray | None) -> tuple[float, float, bool]:
    values = cells.to_numpy(dtype=np.float64)
    known = np.isfinite(values)
    inside = own is not None and int((own & known).sum()) >= MIN_CATEGORY
    values = values[known & own] if inside else values[known]
    if not len(values):
        return np.nan, np.nan, False
    return float(values.min()), float(values.max()), inside


def _never(one: np.ndarray, other: np.ndarray) -> bool:
    expected = one.sum() * other.sum() / max(len(one), 1)
    return bool(expected >= MIN_EXPECTED and not (one & other).any())


def _seasons(
    frame: pd.DataFrame,
    item: Mapping[str, Any],
    kinds: Mapping[str, np.ndarray],
    changed: list[str],
    roles: Mapping[str, Role],
    named: Mapping[str, str | None],
) -> list[Flag]:
    date = next((c for c, r in roles.items() if r == Role.RELEASE_DATE and c in item), None)
    if date is None or pd.isna(item[date]):
        return []
    days = frame[date].dt.day_of_year.to_numpy(dtype=np.float64, na_value=np.nan)
    apart = np.abs(days - pd.Timestamp(item[date]).day_of_year)
    then = np.minimum(apart, 365 - apart) <= DAYS
    return [
        Flag("season", str(named[c]), str(item[c]), str(named[date]), f"{item[date]:%B}")
        for c in kinds
        if (c in changed or date in changed) and _never(kinds[c], then)
    ]


def _keys(cells: pd.Series) -> np.ndarray:
    return cells.astype(object).map(_key).to_numpy(dtype=object)


def _key(cell: object) -> str:
    return "" if pd.isna(cell) else str(cell).strip().casefold()  # type: ignore[call-overload]


def _alike(one: Any, other: Any) -> bool:
    if pd.isna(one) or pd.isna(other):
        return bool(pd.isna(one) and pd.isna(other))
    return bool(one == other)
