"""How far items lie from those that a model learned from, by the columns that it reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import LEVEL_ROLES, Role
from core.popularity.columns import Feature, match_columns

REFERENCES = 128
"""Training items that distances are taken to: enough for a small signal, few enough for speed."""
NEAREST = 3
CHUNK = 4096
RANGE = 100
"""Steps of a number, each with as many training items, and of the year."""
UNKNOWN = -1


@dataclass(frozen=True)
class _Column:
    """One column of `Neighbours`, its cells as steps: levels, or hundredths of a range.

    Attributes:
        levels: of a category or attribute, compared without case.
        quantiles: of a number, from the least to the largest, one a step.
        cells: the steps of the reference items; `UNKNOWN` where the cell says nothing.
        weight: what two different levels, or the ends of a range, are apart.
    """

    feature: Feature
    levels: tuple[str, ...]
    quantiles: tuple[float, ...]
    cells: tuple[int, ...]
    weight: float

    @classmethod
    def fit(cls, feature: Feature, cells: pd.Series, chosen: np.ndarray) -> "_Column | None":
        """Learn a column from training cells; None where all are alike or it has no distance."""
        levels: tuple[str, ...] = ()
        quantiles: tuple[float, ...] = ()
        if feature.role in LEVEL_ROLES:
            keys, codes = level_codes(cells)
            seen, counts = np.unique(codes, return_counts=True)
            levels = tuple(keys[i] for i in seen)
            apart = 1.0 - float(((counts / len(codes)) ** 2).sum())
        elif feature.role == Role.RELEASE_DATE:
            apart = 1 / 4
        elif feature.role in (Role.PRICE, Role.NUMBER, Role.RATING):
            numbers = _numbers(cells)
            known = numbers[np.isfinite(numbers)]
            if not len(known) or np.ptp(known) == 0:
                return None
            quantiles = tuple(map(float, np.quantile(known, np.linspace(0, 1, RANGE + 1))))
            apart = 1 / 3
        else:
            return None
        if apart < 0.01:
            return None
        column = cls(feature, levels, quantiles, (), 1 / apart)
        steps = column.encode(cells.iloc[chosen])
        return replace(column, cells=tuple(map(int, steps)))

    def encode(self, cells: pd.Series) -> np.ndarray:
        """The step of each cell."""
        if self.levels:
            keys, codes = level_codes(cells)
            known = {level: i for i, level in enumerate(self.levels)}
            return np.array([known.get(key, UNKNOWN) for key in keys])[codes]
        if self.quantiles:
            numbers = _numbers(cells)
            left = np.searchsorted(self.quantiles, numbers, "left")
            right = np.searchsorted(self.quantiles, numbers, "right")
            steps = np.minimum((left + right) // 2, RANGE)
            return np.where(np.isnan(numbers), UNKNOWN, steps)
        days = pd.to_datetime(cells).dt.day_of_year.to_numpy(dtype=np.float64, na_value=np.nan)
        steps = np.nan_to_num(np.round((days - 1) / 366 * RANGE), nan=UNKNOWN)
        return steps.astype(np.int64)

    def apart(self) -> np.ndarray:
        """(steps + 1, references) distances, the last row those of `UNKNOWN`."""
        there = np.array(self.cells)
        here = np.arange(len(self.levels) if self.levels else RANGE + 1)[:, None]
        if self.levels:
            found = (here != there).astype(np.float32)
        else:
            found = np.abs(here - there).astype(np.float32) / RANGE
            if not self.quantiles:
                found = np.minimum(found, 1 - found)
        found *= self.weight
        found[:, there == UNKNOWN] = 1.0
        return np.vstack([found, np.ones((1, len(there)), dtype=np.float32)])


@dataclass(frozen=True)
class Neighbours:
    """Training items to measure distances to, by the columns that the model reads.

    The distance is Gower's (1971): a column adds its difference, scaled so that two random training
    items differ by 1; a level that training never saw, a missing cell or column counts as 1.
    """

    columns: tuple[_Column, ...]

    @classmethod
    def fit(
        cls, catalog: Catalog, rows: np.ndarray, features: Sequence[Feature], chosen: np.ndarray
    ) -> "Neighbours":
        """Keep the items at the positions `chosen` of `rows` as references."""
        found = [_Column.fit(f, catalog.frame[f.name].iloc[rows], chosen) for f in features]
        return cls(tuple(column for column in found if column is not None))

    def distances(
        self,
        catalog: Catalog,
        rows: np.ndarray,
        parts: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> np.ndarray:
        """(items,) mean distance to the nearest references.

        Args:
            catalog, rows: the items.
            parts: the part of each item and of each reference; those of an item's own part do not
                count for it, as when the model had not seen them.
        """
        named = match_columns([c.feature for c in self.columns], catalog)
        tables, steps = [], []
        for column in self.columns:
            name = named[column.feature.name]
            tables.append(column.apart())
            steps.append(
                column.encode(catalog.frame[name].iloc[rows])
                if name
                else np.full(len(rows), UNKNOWN)
            )
        found = np.empty(len(rows))
        for start in range(0, len(rows), CHUNK):
            part = slice(start, min(start + CHUNK, len(rows)))
            total = tables[0][steps[0][part]]
            for table, step in zip(tables[1:], steps[1:], strict=True):
                total += table[step[part]]
            if parts is not None:
                total[parts[0][part][:, None] == parts[1]] = np.inf
            nearest = np.partition(total, NEAREST - 1, axis=1)[:, :NEAREST]
            found[part] = nearest.mean(axis=1)
        return found

    def to_json(self) -> list[dict[str, Any]]:
        """Plain values."""
        return [
            {
                "name": c.feature.name,
                "role": str(c.feature.role),
                "levels": c.levels,
                "quantiles": c.quantiles,
                "cells": c.cells,
                "weight": c.weight,
            }
            for c in self.columns
        ]

    @classmethod
    def from_json(cls, columns: Sequence[Mapping[str, Any]]) -> "Neighbours":
        """What `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """
        return cls(
            tuple(
                _Column(
                    Feature(c["name"], Role(c["role"])),
                    tuple(map(str, c["levels"])),
                    tuple(map(float, c["quantiles"])),
                    tuple(map(int, c["cells"])),
                    float(c["weight"]),
                )
                for c in columns
            )
        )


def level_codes(cells: pd.Series) -> tuple[list[str], np.ndarray]:
    """Levels in lower case without outer blanks (an empty cell is a level), and who has which."""
    if isinstance(cells.dtype, pd.CategoricalDtype):
        raw, codes = cells.cat.categories, cells.cat.codes.to_numpy()
    else:
        codes, raw = pd.factorize(cells)
    texts = [*(str(level).strip().casefold() for level in raw), ""]
    keys = list(dict.fromkeys(texts))
    position = {key: i for i, key in enumerate(keys)}
    return keys, np.array([position[text] for text in texts])[codes]


def _numbers(cells: pd.Series) -> np.ndarray:
    values = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)
