"""Error and coverage by slice: where the scores of a model come from, and where its ranges fail."""

from collections.abc import Iterator
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import LEVEL_ROLES, Role
from core.errors import ModelError
from core.popularity.columns import feature_columns
from core.popularity.metrics import MIN_CATEGORY_ITEMS, score
from core.popularity.scoreboard import headline_rows
from core.popularity.splits import Fold, forward_folds, group_codes

FEW_STYLES = 30
"""Below so many styles a range that holds .9 says nothing: it is wider than .2."""
PRICE_BANDS = 4
PROMISED = 0.9

SLICE_COLUMNS = (
    "kind",
    "column",
    "slice",
    "items",
    "styles",
    "spearman",
    "wape",
    "coverage_80",
    "coverage_90",
    "coverage_low",
    "coverage_high",
    "width_90",
    "verdict",
)
"""Columns of `slice_scores`."""


def slice_scores(catalog: Catalog, out_of_fold: pd.DataFrame, model: str) -> pd.DataFrame:
    """Scores of a model on parts of its training catalog, from predictions of unseen items.

    Later seasons are looked at where there are any, else held-out styles, as on the scoreboard.

    Args:
        catalog: that the models were trained on.
        out_of_fold: as of `core.popularity.scoreboard.load_out_of_fold`.
        model: whose predictions.

    Returns:
        One line a slice, the columns of `SLICE_COLUMNS`. ``kind`` is ``all``, ``season``,
        ``category``, ``price`` (quarters of the scored items by price) or ``new`` (items with a
        level of ``column`` that the training items of their fold did not have). ``spearman`` is the
        mean over the folds that have at least `MIN_CATEGORY_ITEMS` items of the slice, by their
        number; NaN where none has. ``wape`` is total error over total actual. The coverages are
        shares, 0..1; ``coverage_low .. coverage_high`` is the 95 % Wilson interval (Wilson 1927) of
        ``coverage_90`` with styles as the number of trials: variants of a style succeed or fail
        together at worst. ``width_90`` is the mean width in the target's unit. ``verdict`` is
        ``short`` where the interval lies below .9, ``wide`` where above, else ``few`` (under
        `FEW_STYLES` styles: nothing can be said) or ``kept``.

    Raises:
        ModelError: the catalog lacks items of the table, or the table has nothing of the model.
    """
    table = headline_rows(out_of_fold, model)
    rows = catalog.ids.get_indexer(pd.Index(table["item_id"]))
    if (rows < 0).any():
        raise ModelError(
            f"The models were trained on other items than those of “{catalog.name}”. Open the"
            " catalog that they were trained on, or train them on this one."
        )
    groups = group_codes(catalog)[rows]
    found = []
    for kind, column, label, mask in _slices(catalog, out_of_fold, table, rows):
        if mask.any():
            line = _scores(table[mask], groups[mask])
            found.append({"kind": kind, "column": column, "slice": label, **line})
    return pd.DataFrame(found, columns=list(SLICE_COLUMNS))


def wilson(share: float, trials: float, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of a share of independent trials (Wilson 1927), within 0..1."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials)
    half *= float(np.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)))
    return max(0.0, centre - half), min(1.0, centre + half)


def _scores(table: pd.DataFrame, groups: np.ndarray) -> dict[str, object]:
    actual, low, high = (table[c].to_numpy(dtype=np.float64) for c in ("actual", "low", "high"))
    coverage = float(((actual >= low) & (actual <= high)).mean())
    inside_80 = table["actual"].between(table["low_80"], table["high_80"])
    styles = len(np.unique(groups))
    bottom, top = wilson(coverage, styles)
    error = np.abs(actual - table["predicted"].to_numpy(dtype=np.float64)).sum()
    if top < PROMISED:
        verdict = "short"
    elif bottom > PROMISED:
        verdict = "wide"
    else:
        verdict = "few" if styles < FEW_STYLES else "kept"
    return {
        "items": len(table),
        "styles": styles,
        "spearman": _spearman(table),
        "wape": float(error / actual.sum()) if actual.sum() > 0 else float("nan"),
        "coverage_80": float(inside_80.mean()),
        "coverage_90": coverage,
        "coverage_low": bottom,
        "coverage_high": top,
        "width_90": float((high - low).mean()),
        "verdict": verdict,
    }


def _spearman(table: pd.DataFrame) -> float:
    sizes = table.groupby("fold", observed=True)["fold"].transform("size")
    enough = table[sizes >= MIN_CATEGORY_ITEMS]
    if enough.empty:
        return float("nan")
    value = score(enough.reset_index(drop=True), metrics=("spearman",), draws=0)["spearman"]
    return float("nan") if value["value"] is None else value["value"]


Slice = tuple[str, str, str, np.ndarray]
"""Kind, column, label, and which lines of the table belong to it."""


def _slices(
    catalog: Catalog, out_of_fold: pd.DataFrame, table: pd.DataFrame, rows: np.ndarray
) -> Iterator[Slice]:
    yield "all", "", "", np.ones(len(table), dtype=bool)
    forward = table["split"].iloc[0] == "forward"
    folds = table["fold"].to_numpy()
    if forward:
        for label in dict.fromkeys(folds):
            yield "season", "", str(label), folds == label
    category = catalog.column(Role.CATEGORY)
    if category is not None:
        cells = catalog.frame[category].iloc[rows].astype(object).to_numpy()
        for level in pd.Series(cells).value_counts().index:
            yield "category", category, str(level), cells == level
    price = catalog.column(Role.PRICE)
    if price is not None:
        yield from _bands(price, catalog.frame[price].to_numpy()[rows])
    yield from _new_levels(catalog, out_of_fold, table, rows, forward=forward)


def _bands(column: str, price: np.ndarray) -> Iterator[Slice]:
    known = np.isfinite(price)
    if not known.any():
        return
    edges = np.unique(np.quantile(price[known], np.linspace(0, 1, PRICE_BANDS + 1)[1:-1]))
    place = np.searchsorted(edges, price, side="left")  # a price on an edge is below it
    shown = [f"{edge:,.0f}" if edge == round(edge) else f"{edge:,.2f}" for edge in edges]
    labels = [f"up to {shown[0]}"]
    labels += [f"{a} to {b}" for a, b in pairwise(shown)]
    labels.append(f"above {shown[-1]}")
    for i, label in enumerate(labels):
        yield "price", column, label, known & (place == i)
    yield "price", column, "no price", ~known


def _new_levels(
    catalog: Catalog,
    out_of_fold: pd.DataFrame,
    table: pd.DataFrame,
    rows: np.ndarray,
    *,
    forward: bool,
) -> Iterator[Slice]:
    """Items with a level that was not there to learn from; not those of columns that name seasons.

    A season is new by what it is, so every item's level of such a column would be.
    """
    folds = table["fold"].to_numpy()
    seen = _training_rows(catalog, out_of_fold, table, rows, forward=forward)
    for feature in feature_columns(catalog):
        if feature.role not in LEVEL_ROLES:
            continue
        cells = catalog.frame[feature.name].astype(object)
        levels = cells.iloc[rows]
        known = (levels.notna() & (levels != "")).to_numpy()
        new = np.zeros(len(rows), dtype=bool)
        for fold, train in seen.items():
            own = folds == fold
            new[own] = known[own] & ~levels[own].isin(cells.iloc[train].unique()).to_numpy()
        if new.any() and not (forward and new[known].all()):
            yield "new", feature.name, feature.name, new


def _training_rows(
    catalog: Catalog,
    out_of_fold: pd.DataFrame,
    table: pd.DataFrame,
    rows: np.ndarray,
    *,
    forward: bool,
) -> dict[str, np.ndarray]:
    """Catalog rows that each fold's model learned from, found again from what the table holds."""
    grouped = out_of_fold[out_of_fold["split"] == "grouped"]
    labelled = np.unique(catalog.ids.get_indexer(pd.Index(grouped["item_id"].unique())))
    if forward:
        folds = {fold.label: fold for fold in forward_folds(catalog, labelled)}
    else:
        parts = {str(f): rows[(table["fold"] == f).to_numpy()] for f in table["fold"].unique()}
        folds = {f: Fold(f, np.setdiff1d(labelled, test), test) for f, test in parts.items()}
    return {label: fold.train for label, fold in folds.items()}
