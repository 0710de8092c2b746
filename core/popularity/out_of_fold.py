"""Predictions of training items by models that had not seen them, with calibrated intervals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.popularity.intervals import Calibration, Errors
from core.popularity.model import PopularityModel, log_target
from core.popularity.rank_intervals import rank_intervals
from core.popularity.splits import Fold

Fit = Callable[[np.ndarray], PopularityModel]
"""Gives a model that has learned from these rows of a catalog, calibrated."""

LATER_SEASONS = "later seasons and held-out items"
"""What intervals are calibrated on where seasons were forecast."""


@dataclass(frozen=True)
class OutOfFold:
    """What a model did on items that it had not seen.

    Attributes:
        table: one line an item and split; see `core.popularity.scoreboard.load_out_of_fold`.
        forward: errors on each later season, oldest first.
        grouped: errors on each part of held-out styles.
    """

    table: pd.DataFrame
    forward: list[Errors]
    grouped: list[Errors]

    def final(self, calibration: Calibration) -> Calibration:
        """The calibration of the model that learned from everything.

        Where seasons were forecast, their errors join those on items held out in its training; else
        the errors on held-out styles stand alone.
        """
        if self.forward:
            return calibration.with_seasons(self.forward, LATER_SEASONS)
        errors = Errors.together(self.grouped)
        return Calibration.from_errors(calibration.difficulty, errors, "held-out styles")


def predict_out_of_fold(
    name: str,
    fit: Fit,
    catalog: Catalog,
    forward: Sequence[Fold],
    grouped: Sequence[Fold],
    step: Callable[[str], None],
) -> OutOfFold:
    """Predictions of both splits, with intervals from the errors on other items.

    A later season's intervals come from what was known before it: errors on items held out inside
    its past, and on the items of seasons forecast before whose target was known by then (those that
    the fold may learn from). A held-out style's come from the other folds.
    """
    y = log_target(catalog)
    tables: list[pd.DataFrame] = []
    seasons: list[Errors] = []
    for fold in forward:
        step(f"predicting {fold.label} from what came before")
        own, output = _fitted(fit, catalog, fold)
        known = [
            errors.some(np.isin(earlier.test, fold.train))
            for earlier, errors in zip(forward, seasons, strict=False)
        ]
        calibration = own.with_seasons([errors for errors in known if len(errors)], LATER_SEASONS)
        tables.append(_table(name, "forward", fold, catalog, output, calibration))
        seasons.append(own.errors_of(y[fold.test] - output, output, catalog, fold.test))
    found: list[tuple[Calibration, np.ndarray]] = []
    for fold in grouped:
        step(f"predicting held-out styles, part {fold.label} of {len(grouped)}")
        found.append(_fitted(fit, catalog, fold))
    errors = [
        own.errors_of(y[fold.test] - output, output, catalog, fold.test)
        for fold, (own, output) in zip(grouped, found, strict=True)
    ]
    for i, (fold, (own, output)) in enumerate(zip(grouped, found, strict=True)):
        others = Errors.together(errors[:i] + errors[i + 1 :])
        calibration = Calibration.from_errors(own.difficulty, others, "held-out styles")
        tables.append(_table(name, "grouped", fold, catalog, output, calibration))
    return OutOfFold(pd.concat(tables, ignore_index=True), seasons, errors)


def _fitted(fit: Fit, catalog: Catalog, fold: Fold) -> tuple[Calibration, np.ndarray]:
    """A model's own calibration and its predictions of the fold, log units."""
    model = fit(fold.train)
    assert model.calibration is not None
    return model.calibration, model.output(catalog, fold.test)


def _table(
    name: str,
    split: str,
    fold: Fold,
    catalog: Catalog,
    output: np.ndarray,
    calibration: Calibration,
) -> pd.DataFrame:
    table = calibration.predictions(output, catalog, fold.test)
    table = table.join(rank_intervals(table, calibration.shape))
    table.insert(0, "item_id", np.asarray(catalog.ids[fold.test], dtype=object))
    table.insert(1, "model", name)
    table.insert(2, "split", split)
    table.insert(3, "fold", fold.label)
    target = catalog.target()
    assert target is not None
    table["actual"] = target.to_numpy()[fold.test]
    table["actual_rank"] = table["actual"].rank(ascending=False)
    return table
