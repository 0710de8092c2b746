"""Parts of the training items that are held out in turn, to choose what a model cannot learn."""

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.popularity.splits import MIN_DATED_SHARE, group_codes, grouped_folds

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
