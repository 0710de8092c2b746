"""The simplest forecast that a buyer has: the average of the category. For the scoreboard only."""

from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.errors import ModelError
from core.popularity import model as base
from core.popularity.intervals import Calibration
from core.popularity.model import log_target
from core.popularity.splits import group_codes, grouped_folds


class CategoryMean:
    """Mean ``log1p`` target of an item's category; of all items where the category is unknown."""

    name = "reference"

    def __init__(self) -> None:
        self.column: str | None = None
        self.means = pd.Series(dtype=float)
        self.overall = 0.0
        self.calibration: Calibration | None = None

    def fit(self, catalog: Catalog, rows: np.ndarray) -> Self:
        """Learn the means; residuals of held-out styles calibrate the intervals."""
        y = log_target(catalog, rows)
        residuals = np.empty(len(rows))
        for held_out in grouped_folds(group_codes(catalog)[rows], 4):
            self._average(catalog, np.delete(rows, held_out), np.delete(y, held_out))
            residuals[held_out] = y[held_out] - self.output(catalog, rows[held_out])
        self._average(catalog, rows, y)
        self.calibration = Calibration.from_residuals(residuals, "held-out styles")
        return self

    def _average(self, catalog: Catalog, rows: np.ndarray, y: np.ndarray) -> None:
        self.column = catalog.column(Role.CATEGORY)
        self.overall = float(y.mean())
        if self.column:
            cells = catalog.frame[self.column].iloc[rows].astype(object).to_numpy()
            self.means = pd.Series(y).groupby(cells).mean()

    def output(self, catalog: Catalog, rows: np.ndarray | None = None) -> np.ndarray:
        """Predicted ``log1p`` of the target."""
        rows = np.arange(len(catalog)) if rows is None else rows
        if self.column is None:
            return np.full(len(rows), self.overall)
        cells = catalog.frame[self.column].iloc[rows].astype(object)
        return cells.map(self.means).astype(float).fillna(self.overall).to_numpy()

    def predict(self, catalog: Catalog, rows: np.ndarray | None = None) -> pd.DataFrame:
        """Median, mean and intervals in the target's unit."""
        return base.predict(self, catalog, rows)

    def missing_columns(self, catalog: Catalog) -> list[str]:
        """The category column, where the catalog lacks it."""
        return [self.column] if self.column and self.column not in catalog.frame else []

    def save(self, directory: Path) -> None:
        """Refused: the category mean is a yardstick, not a model to rank with."""
        raise ModelError("The category mean is a yardstick for the scoreboard and is not saved.")
