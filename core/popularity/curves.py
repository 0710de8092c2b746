"""How an item's sales spread over its first weeks: a forecast for each period of the sales series.

Two forecasts of every period are mixed. *Direct*: units of a period, from the item's levels, its
place in the year and pairs of these. *Shared*: the total that a popularity model forecasts, times
the part of it that falls on each period, learned from the same columns. Both are log-linear in
one-hot cells and minimise absolute error in units, so that they forecast medians, which is what
WAPE rewards::

    log forecast[item, period] = level[period] + sum over the item's cells of weight[cell, period]

with a ridge penalty on the weights; a cell's weights over the periods are a level (direct only) and
three cosines. The mix is geometric. Medians of periods add up to less than the median of the total.

`PENALTY`, `MIN_CELL` and `DIRECT` were chosen on VISUELLE's SS18, AW18 and SS19, each forecast from
the past. Mean WAPE per week with the deep model's totals was .645 for a direct part of 0, .632 for
.5, .630 for .7 and for 1: .7 is as good and stays closer to the model's own total. Search interest
(Google Trends of an item's words, up to the week before its release; level, and change over a
quarter and a year) was tried there: it did not help (.629 without it, .629 to .631 with it).
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import LEVEL_ROLES, Role
from core.errors import ModelError
from core.popularity.columns import Feature, feature_columns, match_columns
from core.popularity.model import read_model, write_model

if TYPE_CHECKING:
    from scipy.sparse import csr_array

DIRECT = 0.7
PENALTY = 30.0
"""Ridge penalty, in items: weights of a cell with as many items are about halved."""
MIN_CELL = 15
"""Fewest training items of a level, or of a pair of levels, that gets weights of its own."""
COSINES = 3
BINS = 8
SMOOTH = 0.05
"""Errors below this part of the mean period count quadratically, so that the loss has a slope."""
STEPS = 150
SAME = 0.05
"""Part by which a series may miss the target, and part of the items that may miss it by more."""
MONTH = "release month"
SEASONS = ("season", "collection")
"""Names of columns that only tell when an item is released: a new season has a new level."""


def weekly_units(catalog: Catalog) -> np.ndarray | None:
    """Units a period, float64 (items, periods); NaN rows without a whole series.

    None where the catalog has no series of at least two periods, or one that does not add up to the
    target. More returns than sales in a period are below 0.
    """
    series, target = catalog.series(), catalog.target()
    if series is None or series.empty or target is None:
        return None
    table = series.pivot_table(index="item", columns="period", values="value", aggfunc="sum")
    units = table.reindex([str(i) for i in catalog.ids]).to_numpy(dtype=np.float64, copy=True)
    units[~np.isfinite(units).all(axis=1)] = np.nan
    total, known = units.sum(axis=1), target.to_numpy(dtype=np.float64)
    both = np.isfinite(total) & np.isfinite(known)
    if units.shape[1] < 2 or not both.any():
        return None
    apart = np.abs(total - known)[both] > 1 + SAME * np.abs(known[both])
    return units if apart.mean() <= SAME else None


@dataclass
class Curves:
    """Forecasts the units of each period; `fit` first.

    Attributes:
        features: columns that are read.
        edges: borders of the bins of each number column.
        cells: position of the weights of each cell by its name.
        tensors: ``level`` and ``weights`` of both forecasts, and ``mean`` of the cells.
    """

    features: list[Feature] = field(default_factory=list)
    edges: dict[str, list[float]] = field(default_factory=dict)
    cells: dict[str, int] = field(default_factory=dict)
    tensors: dict[str, np.ndarray] = field(default_factory=dict)

    def fit(self, catalog: Catalog, rows: np.ndarray, units: np.ndarray) -> Self:
        """Learn from these rows of a catalog and of its `weekly_units`; rows of NaN are left out.

        Raises:
            ModelError: no row has a whole series.
        """
        rows = rows[np.isfinite(units[rows]).all(axis=1)]
        if not len(rows):
            raise ModelError("No item to learn from has sales of every period.")
        y = np.maximum(units[rows], 0.0)
        self.features = [
            f
            for f in feature_columns(catalog)
            if f.role in (*LEVEL_ROLES, Role.PRICE, Role.NUMBER, Role.RELEASE_DATE)
            and f.name.casefold().strip() not in SEASONS
        ]
        for feature in self.features:
            if feature.role in (Role.PRICE, Role.NUMBER):
                values = catalog.frame[feature.name].iloc[rows].dropna().to_numpy(np.float64)
                parts = np.linspace(0, 1, BINS + 1)[1:-1]
                self.edges[feature.name] = (
                    np.unique(np.quantile(values, parts)).tolist() if len(values) else []
                )
        names = self._names(catalog, rows)
        found = names.stack().value_counts()
        kept = sorted(found.index[found >= MIN_CELL])
        self.cells = {cell: i for i, cell in enumerate(kept)}
        x = self._encoded(names)
        mean = np.asarray(x.mean(axis=0)).ravel()
        direct = _fit(x, mean, y, None)
        shared = _fit(x, mean, y, np.maximum(y.sum(axis=1), 1.0))
        self.tensors = {
            "mean": mean,
            "level": direct[0],
            "weights": direct[1],
            "shared_level": shared[0],
            "shared_weights": shared[1],
        }
        return self

    def predict(self, catalog: Catalog, rows: np.ndarray, totals: np.ndarray) -> np.ndarray:
        """Forecast units a period, float64 (rows, periods), never below 0.

        Args:
            catalog: any; cells that training did not see, and columns that are not there, count
                as average.
            rows: of the catalog.
            totals: a model's forecast of the whole target for each row, in units.
        """
        x = self._encoded(self._names(catalog, rows))
        found = self.tensors
        periods = len(found["level"])
        parts = []
        for kind, constant in (("", True), ("shared_", False)):
            basis, weights = _basis(periods, constant), found[kind + "weights"]
            parts.append(found[kind + "level"] + (x @ weights - found["mean"] @ weights) @ basis.T)
        total = np.log(np.maximum(totals, 1e-9))[:, None]
        return np.asarray(np.exp(DIRECT * parts[0] + (1 - DIRECT) * (total + parts[1])))

    def save(self, directory: Path) -> None:
        """Write `model.safetensors` and `model.json` into a new directory."""
        values = {
            "features": [{"name": f.name, "role": str(f.role)} for f in self.features],
            "edges": self.edges,
            "cells": list(self.cells),
        }
        write_model(directory, self.tensors, values)

    @classmethod
    def load(cls, directory: Path) -> "Curves":
        """The curves that `save` wrote.

        Raises:
            ModelError: the files are missing or damaged.
        """
        tensors, values = read_model(directory)
        try:
            features = [Feature(f["name"], Role(f["role"])) for f in values["features"]]
            cells = {str(cell): i for i, cell in enumerate(values["cells"])}
            fits = all(len(tensors[k]) == len(cells) for k in ("mean", "weights", "shared_weights"))
            if not fits or tensors["level"].shape != tensors["shared_level"].shape:
                raise ValueError("its parts do not fit together")
            return cls(features, values["edges"], cells, tensors)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"The weekly curves in {directory} cannot be read ({error}). Train the models again"
                " with scripts/train_models.py."
            ) from error

    def _names(self, catalog: Catalog, rows: np.ndarray) -> pd.DataFrame:
        """Names of the cells that each row is in: levels, pairs with category or month, dates."""
        columns = match_columns(self.features, catalog)
        single: dict[str, np.ndarray] = {}
        fortnight: dict[str, np.ndarray] = {}
        category = ""
        for feature in self.features:
            column = columns[feature.name]
            if column is None:
                continue
            cells = catalog.frame[column].iloc[rows].reset_index(drop=True)
            if feature.role == Role.RELEASE_DATE:
                days = pd.to_datetime(cells).dt
                single[MONTH] = _text(days.month)
                fortnight["release fortnight"] = _text(days.day_of_year // 14)
            elif feature.role in LEVEL_ROLES:
                single[feature.name] = _text(cells)
                category = feature.name if feature.role == Role.CATEGORY else category
            else:
                bins = np.searchsorted(self.edges[feature.name], cells.to_numpy(np.float64))
                single[feature.name] = _text(pd.Series(bins).where(cells.notna()))
        pairs = [(n, a) for a in (category, MONTH) for n in single if n not in (category, MONTH)]
        pairs = [(n, a) for n, a in [*pairs, (category, MONTH)] if n in single and a in single]
        both = {f"{n} & {a}": single[n] + "|" + single[a] for n, a in pairs}
        every = single | both | fortnight
        return pd.DataFrame(
            {name: f"{name}=" + pd.Series(text, dtype=object) for name, text in every.items()},
            index=np.arange(len(rows)),
        )

    def _encoded(self, names: pd.DataFrame) -> "csr_array":
        from scipy.sparse import csr_array

        index = pd.Index(list(self.cells), dtype=object)
        places = np.column_stack(
            [index.get_indexer(pd.Index(names[c])) for c in names]
            or [np.full(len(names), -1, dtype=np.int64)]
        )
        row, column = np.nonzero(places >= 0)
        shape = (len(names), len(self.cells))
        return csr_array((np.ones(len(row)), (row, places[row, column])), shape=shape)


def _text(cells: pd.Series) -> np.ndarray:
    """Cells as text without case, empty where there is nothing."""
    text = cells.astype(object).where(cells.notna(), "")
    return text.astype(str).str.strip().str.casefold().to_numpy(dtype=object)


def _basis(periods: int, constant: bool) -> np.ndarray:
    """Shapes that a cell's weights add up, float64 (periods, shapes): cosines, and a constant."""
    place = (np.arange(periods) + 0.5) / periods
    first = 0 if constant else 1
    waves = range(first, min(COSINES, periods - 1) + 1)
    return np.column_stack([np.cos(np.pi * k * place) for k in waves])


def _fit(
    x: "csr_array", mean: np.ndarray, y: np.ndarray, totals: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Levels (periods,) and weights (cells, shapes) with the least smoothed absolute error.

    Args:
        x: cells of each item (items, cells).
        mean: of each cell.
        y: units (items, periods), none below 0.
        totals: of each item where its parts are learned, None where its units are.
    """
    from scipy.optimize import minimize

    items, periods = y.shape
    basis = _basis(periods, totals is None)
    offset = np.zeros((items, 1)) if totals is None else np.log(totals)[:, None]
    scale, smooth = max(y.sum(), 1e-9), SMOOTH * max(y.mean(), 1e-9)
    start = np.median(y / np.exp(offset), axis=0)
    floor = max(1e-3 * start.max(), 1e-9)
    shape = (x.shape[1], basis.shape[1])

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        level, weights = values[:periods], values[periods:].reshape(shape)
        log = offset + level + (x @ weights - mean @ weights) @ basis.T
        forecast = np.exp(np.minimum(log, 50.0))
        error = forecast - y
        size = np.sqrt(error**2 + smooth**2)
        slope = error / size * forecast / scale
        inner = slope @ basis
        weight_slope = x.T @ inner - np.outer(mean, inner.sum(axis=0))
        penalty = PENALTY / items
        total = (size - smooth).sum() / scale + penalty * float((weights**2).sum())
        gradient = [slope.sum(axis=0), (weight_slope + 2 * penalty * weights).ravel()]
        return float(total), np.concatenate(gradient)

    first = np.concatenate([np.log(np.maximum(start, floor)), np.zeros(shape).ravel()])
    found = minimize(loss, first, jac=True, method="L-BFGS-B", options={"maxiter": STEPS}).x
    return found[:periods], found[periods:].reshape(shape)
