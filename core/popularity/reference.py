"""The forecasts that a buyer has without a model, for the scoreboard only.

`CategoryMean` is the average of the category, `NearestItems` that of the items most alike.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.errors import ModelError
from core.popularity import model as base
from core.popularity.columns import feature_columns, match_columns
from core.popularity.intervals import Calibration
from core.popularity.model import log_target
from core.popularity.neighbours import UNKNOWN, Neighbours
from core.popularity.scoreboard import NEIGHBOURS, REFERENCE
from core.popularity.splits import group_codes, grouped_folds
from core.popularity.vectors import stored_vectors

KNOWN = 5000
"""Most training items that are looked through, drawn by lot."""
COUNTS = (5, 10, 20, 40, 80)
"""How many nearest items may be averaged."""
PHOTO_WEIGHTS = (0.0, 0.5)
"""What the photo may count in the distance, 0..1; the columns count the rest."""
MIN_PHOTO_SHARE = 0.5
"""Share of training items with a photo from which photos may count."""
SOFTEN = 0.1
"""A weight is the inverse of the distance and this, so that a twin is not everything."""
CHUNK = 512


class CategoryMean:
    """Mean ``log1p`` target of an item's category; of all items where the category is unknown."""

    name = REFERENCE

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


class NearestItems:
    """Mean ``log1p`` target of the most alike training items, weighted by inverse distance.

    The distance is Gower's (1971) over the columns known at launch, as in
    `core.popularity.neighbours`, averaged; where photos were read it may be the mean of that and of
    ``1 - cosine`` of the CLIP vectors. Both are scaled so that two random items differ by 1; a
    photo that is missing differs by 1 from any. How many items, and whether photos count, is
    chosen on held-out styles by squared error.
    """

    name = NEIGHBOURS

    def __init__(self) -> None:
        self.neighbours = Neighbours(())
        self.known = np.zeros(0)
        self.vectors: np.ndarray | None = None
        self.photo_scale = 1.0
        self.count = COUNTS[0]
        self.photo_weight = 0.0
        self.calibration: Calibration | None = None

    def fit(self, catalog: Catalog, rows: np.ndarray) -> Self:
        """Keep the items; residuals of held-out styles choose the number and calibrate."""
        y = log_target(catalog, rows)
        chosen = np.sort(np.random.default_rng(0).permutation(len(rows))[:KNOWN])
        self.neighbours = Neighbours.fit(catalog, rows, feature_columns(catalog), chosen)
        self.known = y[chosen]
        self._read_photos(catalog, rows, chosen)
        parts = np.empty(len(rows), dtype=np.int64)
        for i, held_out in enumerate(grouped_folds(group_codes(catalog)[rows], 4)):
            parts[held_out] = i
        found: dict[tuple[int, float], np.ndarray] = {}
        for weight in PHOTO_WEIGHTS if self.vectors is not None else PHOTO_WEIGHTS[:1]:
            means = self._means(catalog, rows, weight, (parts, parts[chosen]))
            found |= {(count, weight): y - means[i] for i, count in enumerate(COUNTS)}
        (self.count, self.photo_weight), residuals = min(
            found.items(), key=lambda entry: float(entry[1] @ entry[1])
        )
        self.calibration = Calibration.from_residuals(residuals, "held-out styles")
        return self

    def output(self, catalog: Catalog, rows: np.ndarray | None = None) -> np.ndarray:
        """Predicted ``log1p`` of the target."""
        rows = np.arange(len(catalog)) if rows is None else np.asarray(rows)
        return self._means(catalog, rows, self.photo_weight)[COUNTS.index(self.count)]

    def predict(self, catalog: Catalog, rows: np.ndarray | None = None) -> pd.DataFrame:
        """Median, mean and intervals in the target's unit."""
        return base.predict(self, catalog, rows)

    def missing_columns(self, catalog: Catalog) -> list[str]:
        """Columns that distances are by and this catalog lacks."""
        features = [column.feature for column in self.neighbours.columns]
        return [name for name, column in match_columns(features, catalog).items() if not column]

    def save(self, directory: Path) -> None:
        """Refused: the nearest items are a yardstick, not a model to rank with."""
        raise ModelError("The nearest items are a yardstick for the scoreboard and are not saved.")

    def _read_photos(self, catalog: Catalog, rows: np.ndarray, chosen: np.ndarray) -> None:
        self.vectors, vectors = None, stored_vectors(catalog)
        if vectors is None:
            return
        own = np.asarray(vectors[rows], dtype=np.float32)[chosen]
        there = np.isfinite(own).all(axis=1)
        if there.mean() < MIN_PHOTO_SHARE:
            return
        # The mean cosine of two random items is the squared length of their mean vector.
        self.photo_scale = max(1.0 - float((own[there].mean(axis=0) ** 2).sum()), 1e-6)
        self.vectors = own

    def _means(
        self,
        catalog: Catalog,
        rows: np.ndarray,
        photo_weight: float,
        parts: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> np.ndarray:
        """(counts, rows) weighted means; items of a row's own part do not count for it."""
        most = min(max(COUNTS), len(self.known))
        counts = np.minimum(COUNTS, most) - 1
        found = np.empty((len(COUNTS), len(rows)))
        for part, apart in self._apart(catalog, rows, photo_weight):
            if parts is not None:
                apart[parts[0][part][:, None] == parts[1]] = np.inf
            near = np.argpartition(apart, most - 1, axis=1)[:, :most]
            distance = np.take_along_axis(apart, near, axis=1)
            order = np.argsort(distance, axis=1, kind="stable")
            near = np.take_along_axis(near, order, axis=1)
            weight = 1 / (np.take_along_axis(distance, order, axis=1).astype(np.float64) + SOFTEN)
            total = np.cumsum(weight, axis=1)
            means = np.cumsum(weight * self.known[near], axis=1) / total
            found[:, part] = means[:, counts].T
        return found

    def _apart(
        self, catalog: Catalog, rows: np.ndarray, photo_weight: float
    ) -> Iterator[tuple[slice, np.ndarray]]:
        """(chunk of rows, known items) distances."""
        columns = self.neighbours.columns
        named = match_columns([column.feature for column in columns], catalog)
        tables = [column.apart() for column in columns]
        steps = [
            column.encode(catalog.frame[name].iloc[rows]) if name else np.full(len(rows), UNKNOWN)
            for column in columns
            for name in [named[column.feature.name]]
        ]
        photos = None
        if photo_weight and (vectors := stored_vectors(catalog)) is not None:
            photos = np.asarray(vectors[rows], dtype=np.float32)
        for start in range(0, len(rows), CHUNK):
            part = slice(start, min(start + CHUNK, len(rows)))
            apart = np.zeros((part.stop - start, len(self.known)), dtype=np.float32)
            for table, step in zip(tables, steps, strict=True):
                apart += table[step[part]]
            apart /= max(len(columns), 1)
            if photo_weight:
                looks = np.ones_like(apart)
                if photos is not None and self.vectors is not None:
                    looks = (1 - photos[part] @ self.vectors.T) / self.photo_scale
                    looks = np.where(np.isnan(looks), 1.0, np.maximum(looks, 0.0))
                apart = (1 - photo_weight) * apart + photo_weight * looks
            yield part, apart
