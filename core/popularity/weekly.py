"""Forecasts period by period of items that were not seen: their scores, and ranges from errors.

The protocol is VISUELLE's (Skenderi et al. 2022): WAPE is the absolute error summed over all items
and periods, over all units sold; MAE is its mean.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.popularity.curves import Curves, weekly_units
from core.popularity.metrics import Scores, score
from core.popularity.scoreboard import ModelScores
from core.popularity.splits import Fold, group_codes

FOLDER = "curves"
"""Where in a folder of models the curves are."""
MIN_ITEMS = 100
"""From how many forecast items ranges are taken from their errors."""
COLUMNS = ("low", "high", "low_80", "high_80")
LEVELS = (0.05, 0.95, 0.1, 0.9)


@dataclass(frozen=True)
class WeeklyForecasts:
    """Curves of held-out items, by the model whose totals they share out.

    Attributes:
        rows: of the catalog, in the order of the folds.
        folds: label of each row's fold.
        actual: units (rows, periods).
        forecasts: units (rows, periods) by model.
    """

    rows: np.ndarray
    folds: np.ndarray
    actual: np.ndarray
    forecasts: Mapping[str, np.ndarray]

    def scores(self, catalog: Catalog, fold: str | None = None) -> dict[str, Scores]:
        """``weekly_wape`` and ``weekly_mae`` of each model with their 95 % range over styles.

        Args:
            catalog: that `rows` are of.
            fold: label of the only one to score; all of them together if None.
        """
        kept = np.full(len(self.rows), True) if fold is None else self.folds == fold
        periods = self.actual.shape[1]
        groups = np.repeat(group_codes(catalog)[self.rows[kept]], periods)
        folds, actual = np.repeat(self.folds[kept], periods), self.actual[kept].ravel()
        table = pd.DataFrame({"fold": folds, "actual": actual})
        found = {}
        for model, forecast in self.forecasts.items():
            predicted = forecast[kept].ravel()
            own = score(table.assign(predicted=predicted), None, groups, metrics=("wape", "mae"))
            found[model] = {f"weekly_{metric}": value for metric, value in own.items()}
        return found

    def ranges(self) -> dict[str, np.ndarray]:
        """By model, what to add to ``log1p`` of a forecast for each of `COLUMNS`: (4, periods).

        They are the quantiles of the errors of each period, with the finite-sample correction of
        split-conformal intervals (Romano et al. 2019), lower and upper apart, as weeks without a
        sale make errors lopsided.
        """
        count = len(self.rows)
        if count < MIN_ITEMS:
            return {}
        outer = [min(1.0, level * (count + 1) / count) for level in LEVELS if level > 0.5]
        levels = [1 - outer[0], outer[0], 1 - outer[1], outer[1]]
        known = np.log1p(np.maximum(self.actual, 0.0))
        return {
            model: np.quantile(known - np.log1p(forecast), levels, axis=0)
            for model, forecast in self.forecasts.items()
        }


def forecast_folds(
    catalog: Catalog, table: pd.DataFrame, folds: Sequence[Fold]
) -> WeeklyForecasts | None:
    """Curves of the items that folds hold out, learned from the items that they learn from.

    Args:
        catalog: that was learned from.
        table: ``item_id, model, fold, predicted`` of one split; see
            `core.popularity.scoreboard.load_out_of_fold`.
        folds: of that split.

    Returns:
        None where the catalog has no series that adds up to the target, or there are no folds.
    """
    units = weekly_units(catalog)
    if units is None:
        return None
    whole = np.isfinite(units).all(axis=1)
    totals = {
        str(model): part.set_index(["fold", "item_id"])["predicted"]
        for model, part in table.groupby("model", sort=False)
    }
    rows, labels = [], []
    forecasts: dict[str, list[np.ndarray]] = {model: [] for model in totals}
    for fold in folds:
        test = fold.test[whole[fold.test]]
        if not len(test) or not whole[fold.train].any():
            continue
        curves = Curves().fit(catalog, fold.train, units)
        ids = np.asarray(catalog.ids[test], dtype=object)
        for model, predicted in totals.items():
            own = predicted.loc[fold.label].reindex(ids).to_numpy(dtype=np.float64)
            forecasts[model].append(curves.predict(catalog, test, own))
        rows.append(test)
        labels.append(np.full(len(test), fold.label, dtype=object))
    if not rows:
        return None
    every = np.concatenate(rows)
    return WeeklyForecasts(
        every,
        np.concatenate(labels),
        units[every],
        {model: np.concatenate(parts) for model, parts in forecasts.items()},
    )


def with_weekly(
    scores: Mapping[str, ModelScores],
    catalog: Catalog,
    rows: np.ndarray,
    tables: Sequence[pd.DataFrame],
    forward: Sequence[Fold],
    grouped: Sequence[Fold],
) -> tuple[dict[str, ModelScores], Curves | None]:
    """Scores with those of every period, and the curves that learned from all items.

    Later seasons are scored, or held-out styles where there are no dates.

    Args:
        scores: by model.
        catalog: that was learned from.
        rows: that the final models learn from.
        tables: out-of-fold predictions of the models.
        forward, grouped: folds of both splits.

    Returns:
        The scores as they were, and None, where the catalog has no series to learn from.
    """
    table = pd.concat(tables, ignore_index=True)
    split, folds = ("forward", forward) if len(forward) else ("grouped", grouped)
    found = forecast_folds(catalog, table[table["split"] == split], folds)
    if found is None:
        return dict(scores), None
    weekly = found.scores(catalog)
    by_fold = {str(label): found.scores(catalog, label) for label in np.unique(found.folds)}
    units = weekly_units(catalog)
    assert units is not None
    curves = Curves().fit(catalog, rows, units)
    for model, ranges in found.ranges().items():
        curves.tensors[f"range {model}"] = ranges
    scored = {}
    for name, own in scores.items():
        parts = [
            entry | (by_fold[entry["label"]][name] if entry["label"] in by_fold else {})
            if entry["split"] == split
            else entry
            for entry in own.folds
        ]
        scored[name] = replace(own, weekly=weekly[name], folds=parts)
    return scored, curves


def score_unseen(
    catalog: Catalog, rows: np.ndarray, predicted: Mapping[str, np.ndarray], curves: Curves | None
) -> dict[str, Scores]:
    """Weekly scores on a catalog that was not learned from; empty where it has no series.

    Args:
        catalog: whose items.
        rows: that nothing was learned from.
        predicted: median total of each row, in units, by model.
        curves: of the models' folder.
    """
    units = weekly_units(catalog)
    if curves is None or units is None or units.shape[1] != len(curves.tensors["level"]):
        return {}
    whole = np.isfinite(units[rows]).all(axis=1)
    own = rows[whole]
    if not len(own):
        return {}
    forecasts = {m: curves.predict(catalog, own, total[whole]) for m, total in predicted.items()}
    labels = np.full(len(own), "unseen", dtype=object)
    return WeeklyForecasts(own, labels, units[own], forecasts).scores(catalog)


def load_curves(model_dir: str | Path) -> Curves | None:
    """The curves of a folder of models; None where its catalog had no series.

    Raises:
        ModelError: the files are damaged.
    """
    folder = Path(model_dir) / FOLDER
    return Curves.load(folder) if folder.is_dir() else None


def item_curves(
    curves: Curves, catalog: Catalog, rows: np.ndarray, totals: np.ndarray, model: str
) -> pd.DataFrame:
    """The forecast of every period for some items, with its 80 % and 90 % range where known.

    Args:
        curves: of the folder that ranks, see `load_curves`.
        catalog: whose items; it may be one that was not learned from.
        rows: of the catalog.
        totals: ``predicted`` of each row in the ranking, units.
        model: that ranks.

    Returns:
        One line an item and period: ``item_id, period`` (from 1), ``predicted`` (median), ``low,
        high`` (90 %), ``low_80, high_80``, in units, never below 0; ranges are NaN where too few
        items were forecast to know them.
    """
    forecast = curves.predict(catalog, rows, totals)
    items, periods = forecast.shape
    ranges = curves.tensors.get(f"range {model}", np.full((len(COLUMNS), periods), np.nan))
    log = np.log1p(forecast)[None] + ranges[:, None, :]
    edges = np.maximum(np.expm1(log), 0.0)
    return pd.DataFrame(
        {
            "item_id": np.repeat(np.asarray(catalog.ids[rows], dtype=object), periods),
            "period": np.tile(np.arange(1, periods + 1), items),
            "predicted": forecast.ravel(),
            **{name: edge.ravel() for name, edge in zip(COLUMNS, edges, strict=True)},
        }
    )
