"""What edits to a range come to: items, first places, category mix and totals together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.query import Listing
from core.catalog.roles import Role
from core.explain.assortment import Edited, Step, apply_steps, category_mix, compare
from core.explain.assortment_totals import ErrorShape, Lines, Simulated, seasons, simulate
from core.popularity.model import PopularityModel
from core.popularity.splits import group_codes

RANGE, EDITED, VALUE = "range", "edited", "value"
"""Names of the sums: units of all items, of those edited or dropped, and units times list price."""
COLUMNS = ["predicted", "low_80", "high_80"]
PREDICTED = 0.5
"""The share of the work, as progress tells it, that predicting is; simulating is the rest."""


@dataclass(frozen=True)
class Outcome:
    """What edits come to.

    Attributes:
        edited: the catalog with them.
        items: of `core.explain.assortment.compare`, with ``top_before`` and ``top_after``, the
            share of simulated cases in which an item takes one of the first places.
        mix: categories of the first places (`core.explain.assortment.category_mix`).
        simulated: totals by `RANGE`, `EDITED` and, for a catalog with prices, `VALUE`.
        top: how many first places.
        new_seasons: items, before the edits, of seasons that the model has not learned from.
    """

    edited: Edited
    items: pd.DataFrame
    mix: pd.DataFrame
    simulated: Simulated
    top: int
    new_seasons: int

    @property
    def enter(self) -> np.ndarray:
        """Rows of items that take a first place only with the edits, best first."""
        return self._moving("after", "before")

    @property
    def leave(self) -> np.ndarray:
        """Rows of items that lose a first place by the edits, best first."""
        return self._moving("before", "after")

    def first(self, side: str) -> np.ndarray:
        """Rows of the items in the first places ``before`` or ``after`` the edits, best first."""
        place = self.items[f"rank_{side}"]
        return place[place <= self.top].sort_values().index.to_numpy()

    def _moving(self, side: str, other: str) -> np.ndarray:
        there = set(self.first(other).tolist())
        return np.array([row for row in self.first(side) if row not in there], dtype=np.int64)


def outcome(
    model: PopularityModel,
    shelf: Listing,
    order: pd.DataFrame,
    steps: Sequence[Step],
    errors: ErrorShape,
    top: int,
    on_progress: Callable[[float, str], None] | None = None,
) -> Outcome:
    """What a model says of a range with edits.

    Args:
        model: the final model, which made `order`.
        shelf: the catalog.
        order: its ranking (`core.popularity.ranking.rank`).
        steps: the edits, in order.
        errors: of the model (`core.explain.assortment_totals.error_shape`).
        top: how many first places to look at.
        on_progress: called with the share that is done, 0..1, and what is going on.

    Raises:
        CatalogError: an edit does not fit its column.
    """

    def tell(start: float, size: float, words: str) -> Callable[[int, int], None]:
        def step(done: int, total: int) -> None:
            if on_progress:
                on_progress(start + size * done / max(total, 1), f"{words}: {done:,} of {total:,}")

        return step

    before = shelf.catalog
    edited = apply_steps(shelf, steps)
    predicting = tell(0.0, PREDICTED, "Predicting the edited items")
    items = compare(model, order, before, edited, predicting)
    held_out = (items["basis"] == "out_of_fold").to_numpy()
    labels = seasons(before)
    seen = frozenset(labels[held_out].tolist())
    lines = Lines(
        _side(items, "before"),
        _side(items, "after"),
        edited.changed,
        held_out,
        group_codes(before),
        labels,
        seasons(edited.catalog),
        seen,
    )
    simulated = simulate(
        lines,
        errors,
        _sums(before, edited),
        top,
        on_progress=tell(PREDICTED, 1 - PREDICTED, "Simulating totals and places"),
    )
    items["top_before"], items["top_after"] = simulated.top_before, simulated.top_after
    mix = category_mix(items, before, edited.catalog, top)
    unseen = int((~np.isin(labels.astype(str), list(seen))).sum())
    return Outcome(edited, items, mix, simulated, top, unseen)


def export(found: Outcome, before: Catalog, unit: str) -> pd.DataFrame:
    """Before and after of every item, best first as it is, for a file.

    Columns: ``item_id``, the name where there is one, ``unit, changed, dropped, basis``, ranks,
    predictions and shares of the first places before and after, ``predicted_difference``, and each
    edited column before and after, with ``_catalog`` in its name where it is called like these.
    """
    table = found.items.copy()
    title = before.column(Role.TITLE)
    if title is not None:
        table.insert(1, "name", before.frame[title].to_numpy())
    table.insert(1 + (title is not None), "unit", unit)
    table["predicted_difference"] = table["predicted_after"] - table["predicted_before"]
    after = found.edited.catalog.frame
    for column in before.frame.columns:
        if not _equal(before.frame[column], after[column]):
            name = f"{column}_catalog" if f"{column}_before" in table else column
            table[f"{name}_before"] = before.frame[column].to_numpy()
            table[f"{name}_after"] = after[column].to_numpy()
    return table.sort_values("rank_before", ignore_index=True)


def totals_table(found: Outcome, unit: str, currency: str) -> pd.DataFrame:
    """The simulated totals, a line a sum and side, for a file.

    ``total`` is one of `RANGE`, `EDITED`, `VALUE`; ``side`` ``before``, ``after``, ``difference``
    or ``difference_if_errors_do_not_stay``; then ``unit`` and the ends of the 90 and 80 % ranges.
    """
    sides = {"difference_if_errors_do_not_stay": "apart"}
    lines = [
        {
            "total": name,
            "side": side,
            "unit": f"{unit} x {currency or 'price'}" if name == VALUE else unit,
            **vars(getattr(total, sides.get(side, side))),
        }
        for name, total in found.simulated.totals.items()
        for side in ("before", "after", "difference", *sides)
    ]
    return pd.DataFrame(lines)


def _side(items: pd.DataFrame, side: str) -> pd.DataFrame:
    return items[[f"{column}_{side}" for column in COLUMNS]].set_axis(COLUMNS, axis=1)


def _sums(before: Catalog, edited: Edited) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    one = np.ones(len(before))
    touched = (edited.changed | edited.dropped).astype(np.float64)
    found = {RANGE: (one, one), EDITED: (touched, touched)}
    price = before.column(Role.PRICE)
    if price is not None:
        found[VALUE] = (
            before.frame[price].to_numpy(dtype=np.float64),
            edited.catalog.frame[price].to_numpy(dtype=np.float64),
        )
    return found


def _equal(one: pd.Series, other: pd.Series) -> bool:
    return one.astype(object).equals(other.astype(object))
