"""Prediction intervals: conformal, scaled by difficulty, apart by category, set anew each season.

The score of an error is its size against the item's difficulty (`core.popularity.difficulty`). An
interval's ends are finite-sample quantiles of the scores of items that the model had not seen,
times the item's difficulty: normalised split-conformal (Papadopoulos et al. 2011; Lei et al. 2018),
each tail by itself, as errors of sales are skewed (Romano et al. 2019). A category with at least
100 scores has quantiles of its own (Mondrian; Vovk et al. 2005), drawn towards those of all items
by its number of scores against 100.

Which errors: those on each later season that was forecast so far, and those on items held out
inside the training, which weigh as one season of average size. So every season recalibrates the
next one's intervals. Weighting recent seasons more, or moving the level after a miss (Gibbs and
Candes 2021), kept the promise no better on the forward folds of VISUELLE and the demo. A shift that
concerns a whole season is in the intervals as far as earlier seasons were shifted; with few
seasons, single ones can still miss by some points, which the scoreboard shows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.popularity.columns import Feature
from core.popularity.difficulty import Difficulty, fit_difficulty
from core.popularity.neighbours import level_codes

Band = tuple[float, float, float, float]
"""Scores at the ends of the intervals: low 90 %, low 80 %, high 80 %, high 90 %."""

TAILS = (0.95, 0.90)
MIN_CATEGORY_ERRORS = 100
MIN_SEASON_WEIGHT = 100
"""Held-out items count at least as a season of this many, so that a small season is no measure."""
SHAPE = np.linspace(0.005, 0.995, 100)
"""The quantiles of an item's own error that `Calibration.shape` holds."""


@dataclass(frozen=True)
class Errors:
    """Errors on items that a model had not seen, in log units.

    Attributes:
        residuals: actual minus predicted.
        scores: `residuals` against the items' difficulty.
        own: scores without what a part (a season, items held out together) has in common.
        categories: lower-case category of each item, empty where there is none.
        weights: 1 for an item that counts fully.
    """

    residuals: np.ndarray
    scores: np.ndarray
    own: np.ndarray
    categories: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(
        cls,
        residuals: np.ndarray,
        difficulty: np.ndarray,
        categories: np.ndarray,
        parts: Sequence[np.ndarray] | None = None,
    ) -> "Errors":
        """Errors of items, all of one part unless positions of `parts` are given."""
        shared = np.empty(len(residuals))
        for part in [np.arange(len(residuals))] if parts is None else parts:
            shared[part] = np.median(residuals[part]) if len(part) else 0.0
        return cls(
            residuals,
            residuals / difficulty,
            (residuals - shared) / difficulty,
            categories,
            np.ones(len(residuals)),
        )

    @classmethod
    def together(cls, errors: Sequence["Errors"]) -> "Errors":
        """Several sets as one."""
        return cls(
            *(
                np.concatenate([getattr(e, name) for e in errors])
                for name in ("residuals", "scores", "own", "categories", "weights")
            )
        )

    def weighing(self, total: float) -> "Errors":
        """The same errors with equal weights that add up to at most `total`, none above 1."""
        weights = np.full(len(self), min(1.0, total / max(len(self), 1)))
        return Errors(self.residuals, self.scores, self.own, self.categories, weights)

    def some(self, chosen: np.ndarray) -> "Errors":
        """Those that a boolean mask picks."""
        return Errors(
            self.residuals[chosen],
            self.scores[chosen],
            self.own[chosen],
            self.categories[chosen],
            self.weights[chosen],
        )

    def __len__(self) -> int:
        return len(self.residuals)


@dataclass(frozen=True)
class Calibration:
    """What turns a model's output into a prediction with intervals.

    Attributes:
        difficulty: of an item.
        band: for items of any category; 0 lies between its second and third value.
        categories: bands of categories with enough errors, by lower-case name.
        shape: quantiles (at `SHAPE`) of an item's own error without what its season has in common,
            below 0 as multiples of the lower 80 % end of `band`, above 0 of the upper.
        smear: mean of ``exp(residual)``.
        items: number of errors.
        source: where they are from, a phrase such as ``"later seasons"``.
        errors: what it was calibrated on; not saved.
    """

    difficulty: Difficulty
    band: Band
    categories: dict[str, Band]
    shape: tuple[float, ...]
    smear: float
    items: int
    source: str
    errors: Errors | None = field(default=None, repr=False, compare=False)

    @classmethod
    def from_errors(cls, difficulty: Difficulty, errors: Errors, source: str) -> "Calibration":
        """Calibrate on errors that were scored against some model's difficulty."""
        band = _band(errors.scores, errors.weights)
        bands = {}
        for category in np.unique(errors.categories):
            own = errors.categories == category
            count = float(errors.weights[own].sum())
            if category and count >= MIN_CATEGORY_ERRORS:
                share = count / (count + MIN_CATEGORY_ERRORS)
                apart = _band(errors.scores[own], errors.weights[own])
                bands[str(category)] = _mixed(apart, band, share)
        return cls(
            difficulty,
            band,
            bands,
            _shape(errors, band),
            float(np.average(np.exp(errors.residuals), weights=errors.weights)),
            len(errors),
            source,
            errors,
        )

    @classmethod
    def from_residuals(cls, residuals: np.ndarray, source: str) -> "Calibration":
        """Intervals of one width for all items, from residuals (actual - predicted, log units)."""
        difficulty = Difficulty.constant(residuals)
        size = np.full(len(residuals), np.exp(difficulty.base))
        none = np.full(len(residuals), "", dtype=object)
        return cls.from_errors(difficulty, Errors.of(residuals, size, none), source)

    def with_seasons(self, seasons: Sequence[Errors], source: str) -> "Calibration":
        """Recalibrated with the errors of seasons that were forecast meanwhile.

        Only where the errors that it was calibrated on are still known: not once read from a file.
        """
        if not seasons:
            return self
        assert self.errors is not None
        size = max(float(np.mean([len(season) for season in seasons])), MIN_SEASON_WEIGHT)
        errors = Errors.together([self.errors.weighing(size), *seasons])
        return Calibration.from_errors(self.difficulty, errors, source)

    def predictions(self, output: np.ndarray, catalog: Catalog, rows: np.ndarray) -> pd.DataFrame:
        """Median, mean and intervals of rows, in the target's unit, never below zero.

        Args:
            output: (rows,) the model's predictions, log units.
            catalog, rows: the items; the target is not read.
        """
        output = np.asarray(output, dtype=np.float64)
        keys, codes = _categories(catalog, rows)
        bands = np.array([self.categories.get(key, self.band) for key in keys])[codes]
        scale = self.difficulty.of(catalog, rows, output)[:, None]
        edges = np.maximum(np.expm1(output[:, None] + scale * bands), 0.0)
        return pd.DataFrame(
            {
                "predicted": np.maximum(np.expm1(output), 0.0),
                "expected": np.maximum(np.exp(output) * self.smear - 1.0, 0.0),
                "low": edges[:, 0],
                "high": edges[:, 3],
                "low_80": edges[:, 1],
                "high_80": edges[:, 2],
            }
        )

    def errors_of(
        self, residuals: np.ndarray, output: np.ndarray, catalog: Catalog, rows: np.ndarray
    ) -> Errors:
        """Errors on rows that the model had not seen, scored against its difficulty."""
        keys, codes = _categories(catalog, rows)
        difficulty = self.difficulty.of(catalog, rows, output)
        return Errors.of(residuals, difficulty, np.array(keys, dtype=object)[codes])

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "difficulty": self.difficulty.to_json(),
            "band": list(self.band),
            "categories": {k: list(v) for k, v in self.categories.items()},
            "shape": [round(v, 6) for v in self.shape],
            "smear": self.smear,
            "items": self.items,
            "source": self.source,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Calibration":
        """What `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """
        return cls(
            Difficulty.from_json(values["difficulty"]),
            _checked(values["band"]),
            {str(k): _checked(v) for k, v in values["categories"].items()},
            tuple(map(float, values["shape"])),
            float(values["smear"]),
            int(values["items"]),
            str(values["source"]),
        )


def calibrate(
    catalog: Catalog,
    rows: np.ndarray,
    features: Sequence[Feature],
    target: np.ndarray,
    residuals: np.ndarray,
    parts: Sequence[np.ndarray],
    source: str,
) -> Calibration:
    """Calibrate a model on items that were held out in its training.

    Args:
        catalog, rows: the items that it learned from.
        features: the columns that it reads.
        target: (rows,) log units.
        residuals: (rows,) target minus the prediction by a fit without the item's part, log units.
        parts: positions in `rows` that were held out together; every item once.
        source: what was held out, as a phrase.
    """
    difficulty, sizes = fit_difficulty(
        catalog, rows, features, target - residuals, residuals, parts
    )
    keys, codes = _categories(catalog, rows)
    errors = Errors.of(residuals, sizes, np.array(keys, dtype=object)[codes], parts)
    return Calibration.from_errors(difficulty, errors, source)


def conformal_quantile(
    scores: np.ndarray, coverage: float, weights: np.ndarray | None = None
) -> float:
    """The ``ceil((n + 1) * coverage)``-th smallest score, or the largest where n is too small.

    With weights, the smallest score up to which they add up to `coverage` of their sum, to which
    the item to come adds the largest of them (Tibshirani et al. 2019; Barber et al. 2023).
    """
    order = np.argsort(scores, kind="stable")
    weights = np.ones(len(scores)) if weights is None else weights
    reached = np.cumsum(weights[order])
    place = np.searchsorted(reached, coverage * (reached[-1] + weights.max()) * (1 - 1e-12))
    return float(scores[order[min(int(place), len(scores) - 1)]])


def _band(scores: np.ndarray, weights: np.ndarray) -> Band:
    lows = [min(-conformal_quantile(-scores, tail, weights), 0.0) for tail in TAILS]
    highs = [max(conformal_quantile(scores, tail, weights), 0.0) for tail in TAILS]
    return (lows[0], lows[1], highs[1], highs[0])


def _mixed(one: Band, other: Band, share: float) -> Band:
    a, b, c, d = (share * x + (1 - share) * y for x, y in zip(one, other, strict=True))
    return (a, b, c, d)


def _shape(errors: Errors, band: Band) -> tuple[float, ...]:
    order = np.argsort(errors.own, kind="stable")
    reached = np.cumsum(errors.weights[order]) - errors.weights[order] / 2
    quantiles = np.interp(SHAPE, reached / errors.weights.sum(), errors.own[order])
    ends = np.where(quantiles < 0, -band[1], band[2])
    # Where an end is 0, a category whose own end is not has no multiples to be drawn by.
    return tuple(
        float(q / end) if end > 1e-9 else 0.0 for q, end in zip(quantiles, ends, strict=True)
    )


def _categories(catalog: Catalog, rows: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Lower-case categories, and which one each row has; all empty where there is no column."""
    column = catalog.column(Role.CATEGORY)
    if column is None:
        return [""], np.zeros(len(rows), dtype=np.int64)
    return level_codes(catalog.frame[column].iloc[rows])


def _checked(band: Sequence[float]) -> Band:
    a, b, c, d = map(float, band)
    if not a <= b <= 0 <= c <= d:
        raise ValueError(f"{band} are no ends of intervals")
    return (a, b, c, d)
