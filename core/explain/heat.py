"""How an item's prediction goes with two of its columns at once, all others as they are.

The two-way form of individual conditional expectations (Goldstein et al. 2015): what the model has
learned goes together, not what a change would cause. Where no past item was, it says nothing.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import LEVEL_ROLES, Role
from core.explain.past import Past
from core.explain.response import (
    date_steps,
    levels_of,
    past_cells,
    past_names,
    same_category,
    variants,
)
from core.popularity.model import PopularityModel

STEPS = 10
"""Values of a number that are predicted."""
MONTHS = 24
"""Most release dates that are predicted: the last ones."""


@dataclass(frozen=True)
class Axis:
    """The values of one column.

    Attributes:
        column: of the catalog.
        values: numbers or timestamps in order, or levels.
        own: which of them the item has or is nearest to; None where its cell is empty.
    """

    column: str
    values: list[float] | list[pd.Timestamp] | list[str]
    own: int | None

    def places(self, cells: pd.Series) -> np.ndarray:
        """Position of the value that each cell is, or is nearest to; -1 outside and if missing."""
        if isinstance(self.values[0], str):
            order = pd.Index([str(v) for v in self.values])
            return order.get_indexer(pd.Index(cells.astype(object).astype("str")))
        steps = _numbers(pd.Series(self.values))
        numbers = _numbers(cells)
        if len(steps) == 1:
            return np.where(numbers == steps[0], 0, -1)
        middles = (steps[1:] + steps[:-1]) / 2
        found = np.searchsorted(middles, numbers)
        reach = (steps[0] - (steps[1] - steps[0]) / 2, steps[-1] + (steps[-1] - steps[-2]) / 2)
        return np.where((numbers >= reach[0]) & (numbers <= reach[1]), found, -1)


@dataclass(frozen=True)
class Heat:
    """Predictions over two columns.

    Attributes:
        across, down: the columns.
        predicted, low, high: (down, across) median and 90 % interval in the target's unit.
        items: (down, across) how many past items have such values.
        seen: those past items, a line each: ``across`` and ``down``, as they have them, and
            ``sold``.
        category: of the past items; empty where they are of all.
    """

    across: Axis
    down: Axis
    predicted: np.ndarray
    low: np.ndarray
    high: np.ndarray
    items: np.ndarray
    seen: pd.DataFrame
    category: str


def heat(
    model: PopularityModel, catalog: Catalog, row: int, across: str, down: str, past: Past
) -> Heat | None:
    """Predictions over the values of two columns, and which of them past items had.

    Args:
        model: of any kind.
        catalog, row: the item.
        across, down: two columns of the catalog: prices, numbers, levels or the release date.
        past: items whose sales are known; those of the item's category count, all of them where
            one of the columns is the category.

    Returns:
        None where no past item has a value in one of the columns.

    Raises:
        ValueError: both are the same column.
    """
    if across == down:
        raise ValueError("a heat map needs two columns")
    axes = [_axis(past, catalog, row, column) for column in (across, down)]
    one, other = axes
    if one is None or other is None:
        return None
    changes = [{down: b, across: a} for b in other.values for a in one.values]
    found = model.predict(variants(catalog, row, changes))
    shape = (len(other.values), len(one.values))
    predicted, low, high = (
        found[c].to_numpy(dtype=np.float64).reshape(shape) for c in ("predicted", "low", "high")
    )
    names, frame = past_names(past, catalog), past.catalog.frame.iloc[past.rows]
    kinds = {catalog.roles.get(c) for c in (across, down)}
    inside, category = same_category(past, catalog, row)
    if not category or Role.CATEGORY in kinds:
        inside, category = np.ones(len(past.rows), dtype=bool), ""
    cells = [frame[names[c]] for c in (across, down)]
    x, y = (axis.places(c) for axis, c in zip((one, other), cells, strict=True))
    inside = inside & (x >= 0) & (y >= 0)
    items = np.zeros(shape, dtype=np.int64)
    np.add.at(items, (y[inside], x[inside]), 1)
    seen = pd.DataFrame(
        {
            "across": cells[0].to_numpy()[inside],
            "down": cells[1].to_numpy()[inside],
            "sold": past.sold[inside],
        }
    )
    return Heat(one, other, predicted, low, high, items, seen, category)


def _axis(past: Past, catalog: Catalog, row: int, column: str) -> Axis | None:
    role = catalog.roles[column]
    own = catalog.frame[column].iloc[row]
    if column not in past_names(past, catalog):
        return None
    if role in LEVEL_ROLES:
        levels = levels_of(past, catalog, row, column)
        place = None if pd.isna(own) else levels.index(str(own))
        return Axis(column, levels, place) if levels else None
    cells, _ = past_cells(past, catalog, row, column)
    if not len(cells):
        return None
    ends = [v for v in (cells.min(), cells.max(), own) if not pd.isna(v)]
    low, high = min(ends), max(ends)
    if role == Role.RELEASE_DATE:
        steps = list(date_steps(low, high)[-MONTHS:]) or [low]
        axis = Axis(column, steps, None)
    else:
        values = np.linspace(float(low), float(high), STEPS if high > low else 1)
        axis = Axis(column, values.tolist(), None)
    if pd.isna(own):
        return axis
    gaps = np.abs(_numbers(pd.Series(axis.values)) - _numbers(pd.Series([own]))[0])
    return Axis(column, axis.values, int(gaps.argmin()))


def _numbers(cells: pd.Series) -> np.ndarray:
    """Numbers as they are, dates as days; NaN where there is none."""
    if pd.api.types.is_datetime64_any_dtype(cells):
        days = (cells - pd.Timestamp(0)) / pd.Timedelta(days=1)
        return days.to_numpy(dtype=np.float64)
    return cells.to_numpy(dtype=np.float64, na_value=np.nan)
