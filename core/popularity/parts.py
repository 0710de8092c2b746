"""Parts of the training items that are held out in turn, to choose what a model cannot learn."""

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.popularity.splits import MIN_DATED_SHARE, follow_in_time, group_codes, grouped_folds

MIN_PASSING_ITEMS = 5
PASSING_SHARE = 0.8
"""Share of the items in levels of that many items, from which on levels may count as passing."""
PARTS = 4
"""How many: periods, or groups of styles."""


def held_out_parts(catalog: Catalog, rows: np.ndarray) -> list[np.ndarray]:
    """Positions in `rows` to hold out in turn: periods where there are dates, else styles.

    Styles are whole in either; a style that was released several times stands in its first period.
    """
    groups = group_codes(catalog)[rows]
    first = first_dates(catalog, rows, groups)
    if first is None:
        return grouped_folds(groups, PARTS)
    period = pd.qcut(first.rank(method="min"), PARTS, labels=False, duplicates="drop")
    codes = period.fillna(0).to_numpy(dtype=int)
    parts = [np.flatnonzero(codes == c) for c in np.unique(codes)]
    return parts if len(parts) > 1 else grouped_folds(groups, PARTS)


def first_dates(catalog: Catalog, rows: np.ndarray, groups: np.ndarray) -> pd.Series | None:
    """First release of each item's style, or None where dates tell too little to part by."""
    column = catalog.column(Role.RELEASE_DATE)
    if column is None:
        return None
    dates = catalog.frame[column].iloc[rows].reset_index(drop=True)
    first = dates.groupby(groups).transform("min")
    return first if first.notna().mean() >= MIN_DATED_SHARE and first.nunique() >= PARTS else None


def passes(cells: pd.Series, dates: pd.Series) -> bool:
    """Whether a column's levels come one after another, as seasons do, so that none comes again."""
    cells = cells.astype(object).reset_index(drop=True)
    dates = dates.reset_index(drop=True)
    counts = cells.value_counts()
    common = counts[counts >= MIN_PASSING_ITEMS]
    if common.sum() < PASSING_SHARE * len(cells) or dates.nunique() < PARTS:
        return False
    return follow_in_time(cells.where(cells.isin(common.index)), dates, least=2, apart=True)
