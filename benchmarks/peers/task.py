"""One thing to forecast: rows to learn from, rows to be scored on, and the columns of both."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.peers.features import Columns, Encoder
from core.catalog.catalog import Catalog
from core.catalog.roles import LEVEL_ROLES
from core.popularity.model import log_target
from core.popularity.splits import Fold, forward_folds, group_codes, grouped_folds

SPLITS = ("forward", "season", "grouped")
INNER_FOLDS = 3
SEASONS = ("season", "collection")


@dataclass(frozen=True)
class Forecast:
    """What a model says about the held-out rows, both in ``log1p`` of the target.

    Attributes:
        rank: output with the settings that ordered best in cross-validation.
        units: output with the settings that had the least error in units there; the same array for
            a model that is not tuned twice.
        chosen: the settings of both, for the reader.
        weeks: units a week (rows, weeks), of a model that forecasts them itself.
    """

    rank: np.ndarray
    units: np.ndarray
    chosen: dict[str, Any] = field(default_factory=dict)
    weeks: np.ndarray | None = None


@dataclass(frozen=True)
class Task:
    """Learn from `fold.train`, forecast `fold.test`.

    Attributes:
        catalog, columns: the items, and what peers read of them; shared by all tasks of a catalog.
        split: one of `SPLITS`: how the fold was made, and how the peers' own folds are.
        seed: of every draw.
        threads: that a peer may use.
        curves: units a week (items, weeks), or None.
    """

    catalog: Catalog
    columns: Columns
    split: str
    fold: Fold
    seed: int
    threads: int
    curves: np.ndarray | None = None

    @cached_property
    def y(self) -> np.ndarray:
        """``log1p`` of the target of every item; only training rows may be looked at."""
        return log_target(self.catalog)

    @cached_property
    def inner(self) -> list[Fold]:
        """Folds inside the training rows, made the way the task's own fold was."""
        train = self.fold.train
        found = make_folds(self.split, self.catalog, train, self.seed + 1)[-INNER_FOLDS:]
        if len(found) >= 2:
            return found
        return make_folds("grouped", self.catalog, train, self.seed + 1, INNER_FOLDS)

    @cached_property
    def encoder(self) -> Encoder:
        """Features for trees, learned from all training rows."""
        return Encoder(self.columns, self.y, self.fold.train, self.seed)

    @cached_property
    def inner_encoders(self) -> list[Encoder]:
        """The same, learned inside each of the inner folds."""
        return [Encoder(self.columns, self.y, fold.train, self.seed) for fold in self.inner]


def make_folds(
    split: str, catalog: Catalog, rows: np.ndarray, seed: int, parts: int = 5
) -> list[Fold]:
    """The folds of a split; none where the catalog has no dates or no seasons to split by."""
    if split == "forward":
        return forward_folds(catalog, rows)
    if split == "season":
        return _seasons_left_out(catalog, rows)
    held = grouped_folds(group_codes(catalog)[rows], parts, seed=seed)
    return [Fold(f"{seed}.{i + 1}", np.delete(rows, h), rows[h]) for i, h in enumerate(held)]


def season_column(catalog: Catalog) -> str | None:
    """The column that names an item's season."""
    columns = [c for role in LEVEL_ROLES for c in catalog.columns(role)]
    return next((c for c in columns if c.casefold().strip() in SEASONS), None)


def _seasons_left_out(catalog: Catalog, rows: np.ndarray) -> list[Fold]:
    column = season_column(catalog)
    if column is None:
        return []
    seasons = catalog.frame[column].iloc[rows].astype(object).to_numpy()
    groups = group_codes(catalog)[rows]
    folds = []
    for season in pd.unique(seasons):
        test = seasons == season
        train = ~test & ~np.isin(groups, groups[test])
        if test.sum() >= 20 and train.sum() >= 40:
            folds.append(Fold(str(season), rows[train], rows[test]))
    return folds


def best_of(errors: Sequence[float]) -> int:
    """Position of the least error; one that could not be measured never wins."""
    return int(np.argmin(np.where(np.isfinite(errors), errors, np.inf)))
