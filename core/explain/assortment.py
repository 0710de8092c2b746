"""Edits to many items at once, and what a model predicts before and after them, item by item.

The items of a catalog that a model learned from are ranked by a model that had not seen them (out
of fold), while only the final model can be asked about an edited item, and it has seen what the
item sold. So that both sides stand on one basis, the final model gives the difference alone: its
prediction of the edited item less that of the item as it is, in log units, which is added to what
the ranking shows. Ends of ranges keep their distance from the prediction, stretched as the final
model's own are by the edit. An item that no model learned from is predicted by the final model on
both sides, and an unedited one stays exactly as it is ranked.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog, conform
from core.catalog.query import Listing
from core.catalog.roles import LEVEL_ROLES, Role
from core.catalog.selection import Selection
from core.errors import CatalogError
from core.popularity.model import PREDICTION_COLUMNS, PopularityModel

Kind = Literal["scale", "set", "shift", "drop"]
ENDINGS = (0.95, 0.99, 0.90, 0.0)
"""What prices are made to end in."""
MOST_WEEKS = 520
"""Most weeks that a release date is moved by."""
PIECE = 2048
"""Items that are predicted at once, between two reports of progress."""
ENDS = {"low": -1, "high": 1, "low_80": -1, "high_80": 1}


@dataclass(frozen=True)
class Edit:
    """One change to each of some items.

    Attributes:
        kind: ``scale``: a price or number by a percentage. ``set``: a cell to a value. ``shift``:
            the release date by weeks. ``drop``: the item leaves the range.
        column: of the catalog; none where items are dropped.
        value: percent (-10 is 10 % less), the new cell (None: not given), or weeks.
        ending: what a changed price is rounded to end in, 0 up to 1; None leaves it at cents.
    """

    kind: Kind
    column: str = ""
    value: str | float | None = None
    ending: float | None = None


@dataclass(frozen=True)
class Step:
    """An edit and the items that it is made to, which are chosen by what they are unedited."""

    edit: Edit
    items: Selection


@dataclass(frozen=True)
class Edited:
    """A catalog with edits.

    Attributes:
        catalog: all its items, the dropped ones too; without a content hash where any was edited.
        changed: (items,) whether a cell became another one; not of dropped items.
        dropped: (items,) whether the item left.
        matched: for each step, how many items it was made to.
    """

    catalog: Catalog
    changed: np.ndarray
    dropped: np.ndarray
    matched: tuple[int, ...]


def with_ending(prices: np.ndarray, ending: float | None) -> np.ndarray:
    """The nearest prices that end so, never below the ending; at whole cents for None.

    A price just between two goes up. An ending of 0 makes whole prices, of at least 1.
    """
    if ending is None:
        return np.round(prices, 2)
    whole = np.maximum(np.floor(prices - ending + 0.5), 0.0 if ending else 1.0)
    return np.where(np.isnan(prices), np.nan, np.round(whole + ending, 2))


def apply_steps(shelf: Listing, steps: Sequence[Step]) -> Edited:
    """Make edits to a catalog, one after the other; the original is untouched.

    Raises:
        CatalogError: a column is not there or is none that can be edited so, or a value does not
            fit it.
    """
    catalog, frame = shelf.catalog, shelf.catalog.frame
    cells: dict[str, pd.Series] = {}
    dropped = np.zeros(len(catalog), dtype=bool)
    matched = []
    for step in steps:
        mask, edit = step.items.mask(shelf), step.edit
        matched.append(int(mask.sum()))
        if edit.kind == "drop":
            dropped |= mask
            continue
        _check(catalog, edit)
        old = cells.get(edit.column, frame[edit.column])
        cells[edit.column] = _changed(old, mask, edit, catalog.roles[edit.column])
    if not cells:
        none = np.zeros(len(catalog), dtype=bool)
        return Edited(catalog, none, dropped, tuple(matched))
    key = catalog.columns(Role.ID)[0]
    roles = {c: catalog.roles[c] for c in (key, *cells)}
    try:
        new = conform(frame.assign(**cells), roles)
    except (TypeError, ValueError) as error:
        raise CatalogError(f"An edited value does not fit its column: {error}.") from error
    changed = np.zeros(len(catalog), dtype=bool)
    for column in cells:
        changed |= _differ(frame[column], new[column])
    return Edited(
        replace(catalog, frame=new, content_hash=""), changed & ~dropped, dropped, tuple(matched)
    )


def compare(
    model: PopularityModel,
    order: pd.DataFrame,
    before: Catalog,
    edited: Edited,
    on_progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """What is predicted for each item before and after edits, on one basis (see the module's head).

    Args:
        model: the final model, which made `order`.
        order: the catalog's ranking (`core.popularity.ranking.rank`).
        before: the catalog as it is.
        edited: with its edits.
        on_progress: called with items done and items to do.

    Returns:
        A line an item in the catalog's order: ``item_id, changed, dropped, basis``, then ``rank``
        and `PREDICTION_COLUMNS` with ``_before`` and ``_after`` at their end, in the target's unit.
        A dropped item has no ``_after``; ranks count 1, 2, 3 through ties, which go by id.
    """
    shown = order.set_index("item_id").reindex(before.ids).reset_index()
    rows = np.flatnonzero(edited.changed)
    after = shown[list(PREDICTION_COLUMNS)].astype(np.float64)
    parts = []
    for start in range(0, len(rows), PIECE):
        some = rows[start : start + PIECE]
        own = model.predict(before, some)
        one = replace(edited.catalog, frame=edited.catalog.frame.iloc[some].reset_index(drop=True))
        parts.append(_carried(after.iloc[some].reset_index(drop=True), own, model.predict(one)))
        if on_progress:
            on_progress(start + len(some), len(rows))
    if parts:
        after.iloc[rows] = pd.concat(parts, ignore_index=True).to_numpy()
    after[edited.dropped] = np.nan
    found = pd.DataFrame(
        {
            "item_id": before.ids.to_numpy(),
            "changed": edited.changed,
            "dropped": edited.dropped,
            "basis": shown["basis"].to_numpy(),
            "rank_before": shown["rank"].to_numpy(dtype=np.int64),
        }
    )
    for column in PREDICTION_COLUMNS:
        found[f"{column}_before"] = shown[column].to_numpy(dtype=np.float64)
    found["rank_after"] = ranks(after["predicted"].to_numpy(), found["item_id"])
    for column in PREDICTION_COLUMNS:
        found[f"{column}_after"] = after[column].to_numpy()
    return found


def ranks(predicted: np.ndarray, ids: pd.Series) -> pd.arrays.IntegerArray:
    """Places from 1 by prediction, ties by id; none where there is no prediction."""
    place = np.zeros(len(predicted), dtype=np.int64)
    order = np.lexsort((ids.to_numpy().astype(str), -predicted))  # NaN comes last
    place[order] = np.arange(1, len(predicted) + 1)
    return pd.arrays.IntegerArray(place, np.isnan(predicted))


def category_mix(found: pd.DataFrame, before: Catalog, after: Catalog, top: int) -> pd.DataFrame:
    """How many of the first places each category takes.

    Args:
        found: of `compare`.
        before, after: the catalog without and with the edits.
        top: how many places.

    Returns:
        ``category, before, after``, those with the most places first; ``not given`` where an item
        has none. Empty for a catalog without categories.
    """
    column = before.column(Role.CATEGORY)
    if column is None:
        return pd.DataFrame(columns=["category", "before", "after"])
    counts = {}
    for side, catalog in (("before", before), ("after", after)):
        inside = (found[f"rank_{side}"] <= top).fillna(False).to_numpy(dtype=bool)
        cells = catalog.frame[column].astype(object).fillna("not given")
        counts[side] = cells[inside].value_counts()
    table = pd.DataFrame(counts).fillna(0).astype(int).rename_axis("category").reset_index()
    return table.sort_values(["after", "before"], ascending=False, ignore_index=True)


def _check(catalog: Catalog, edit: Edit) -> None:
    role = catalog.roles.get(edit.column)
    if edit.column not in catalog.frame.columns or role is None:
        raise CatalogError(f"The catalog “{catalog.name}” has no column “{edit.column}” to edit.")
    able: Mapping[Kind, frozenset[Role] | set[Role]] = {
        "scale": {Role.PRICE, Role.NUMBER},
        "set": LEVEL_ROLES | {Role.PRICE, Role.NUMBER},
        "shift": {Role.RELEASE_DATE},
    }
    if role not in able[edit.kind]:
        raise CatalogError(
            f"The column “{edit.column}” is a {role.replace('_', ' ')}, which cannot be edited"
            " like that. Prices and numbers change by per cent, a release date by weeks; prices,"
            " numbers, categories and attributes are set to a value."
        )
    numeric = edit.kind != "set" or role not in LEVEL_ROLES
    if numeric and not (edit.kind == "set" and edit.value is None):
        try:
            number = float(edit.value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            number = np.nan
        if not np.isfinite(number):
            raise CatalogError(f"“{edit.value}” is no number, which “{edit.column}” needs.")
        if edit.kind == "scale" and number <= -100:
            raise CatalogError("A price or number can only be lowered by less than 100 per cent.")
        if edit.kind == "set" and role == Role.PRICE and number < 0:
            raise CatalogError(f"A price cannot be {number:g}; it is 0 or more.")
        if edit.kind == "shift" and abs(number) > MOST_WEEKS:
            raise CatalogError(f"A release date can be moved by at most {MOST_WEEKS:,} weeks.")


def _changed(old: pd.Series, mask: np.ndarray, edit: Edit, role: Role) -> pd.Series:
    if edit.kind == "shift":
        new = old.copy()
        new[mask] = old[mask] + pd.Timedelta(weeks=float(edit.value or 0))
        return new
    if role in LEVEL_ROLES:
        cells = old.astype(object).copy()
        cells[mask] = edit.value
        return cells
    values = old.to_numpy(dtype=np.float64, copy=True)
    with np.errstate(over="ignore"):
        if edit.kind == "scale":
            values[mask] *= 1 + float(edit.value or 0) / 100
        else:
            values[mask] = np.nan if edit.value is None else float(edit.value)
        if role == Role.PRICE:
            values[mask] = with_ending(values[mask], edit.ending)
    if np.isinf(values[mask]).any():
        raise CatalogError(f"“{edit.value}” makes “{edit.column}” too large for a number.")
    return pd.Series(values, index=old.index)


def _differ(old: pd.Series, new: pd.Series) -> np.ndarray:
    one, other = old.astype(object).to_numpy(), new.astype(object).to_numpy()
    gone = pd.isna(one), pd.isna(other)
    return np.asarray((one != other) & ~(gone[0] & gone[1]), dtype=bool)


def _carried(shown: pd.DataFrame, own: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """`shown` moved as the final model's prediction moves from `own` to `new`, in log units."""
    base, start, end = (_logs(frame) for frame in (shown, own, new))
    moved = {
        "predicted": base["predicted"] + end["predicted"] - start["predicted"],
        "expected": base["expected"] + end["expected"] - start["expected"],
    }
    for column, sign in ENDS.items():
        half, was, now = (sign * (f[column] - f["predicted"]) for f in (base, start, end))
        stretch = np.divide(now, was, out=np.ones_like(now), where=was > 1e-9)
        moved[column] = moved["predicted"] + sign * half * stretch
    return pd.DataFrame({c: np.maximum(np.expm1(moved[c]), 0.0) for c in PREDICTION_COLUMNS})


def _logs(frame: pd.DataFrame) -> dict[str, Any]:
    return {c: np.log1p(frame[c].to_numpy(dtype=np.float64)) for c in PREDICTION_COLUMNS}
