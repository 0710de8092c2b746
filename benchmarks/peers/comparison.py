"""Scores of models side by side, and by how much this project's differ from the best peer.

Every score is taken within a fold and averaged over folds. The bootstrap draws whole styles of the
catalog, the same ones for all models, folds and seeds, so that the difference between two models is
paired.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.peers.task import Forecast, season_column
from benchmarks.peers.weeks import shapes
from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.popularity.metrics import MIN_CATEGORY_ITEMS, ndcg, precision_at_top, spearman
from core.popularity.model import log_target
from core.popularity.splits import group_codes

DRAWS = 300
BLEND = "LightGBM + ridge"


@dataclass(frozen=True)
class Result:
    """What every model said about one fold, and how long it took to learn."""

    split: str
    label: str
    train: np.ndarray
    test: np.ndarray
    forecasts: dict[str, Forecast]
    seconds: dict[str, float]


def with_blend(result: Result) -> Result:
    """Add the mean of LightGBM and ridge, where both are there."""
    parts = [result.forecasts.get(name) for name in ("LightGBM", "ridge")]
    if any(part is None for part in parts):
        return result
    blend = Forecast(
        np.mean([p.rank for p in parts], axis=0), np.mean([p.units for p in parts], axis=0)
    )
    seconds = result.seconds["LightGBM"] + result.seconds["ridge"]
    return Result(
        result.split,
        result.label,
        result.train,
        result.test,
        result.forecasts | {BLEND: blend},
        result.seconds | {BLEND: seconds},
    )


def compare(catalog: Catalog, results: Sequence[Result], ours: Sequence[str]) -> pd.DataFrame:
    """One line a model, peers first: scores as means over the folds, and differences.

    Columns: ``spearman``, ``in_cells`` (median within category x season), ``ndcg_50``,
    ``precision_top_10``, ``wape`` (of the target over the whole period), ``seconds`` (learning,
    tuning included, one fold); for `ours` also ``spearman_gain`` and ``wape_gain`` over the best
    peer of that column (positive is better) with ``.._low`` and ``.._high``, a 90 % interval.
    """
    actual = np.expm1(log_target(catalog))
    cells = _cells(catalog)
    names = [n for n in results[0].forecasts if n not in ours] + list(ours)
    lines = {}
    for name in names:
        lines[name] = {
            "spearman": _mean(spearman(actual[r.test], r.forecasts[name].rank) for r in results),
            "in_cells": _within(actual, cells, results, name),
            "ndcg_50": _mean(ndcg(actual[r.test], r.forecasts[name].rank) for r in results),
            "precision_top_10": _mean(
                precision_at_top(actual[r.test], r.forecasts[name].rank) for r in results
            ),
            "wape": _mean(wape(actual[r.test], units(r.forecasts[name])) for r in results),
            "seconds": _mean(r.seconds[name] for r in results),
        }
    table = pd.DataFrame(lines).T
    peers = [n for n in names if n not in ours]
    if not peers or not ours:
        return table
    best = {
        "spearman": table.loc[peers, "spearman"].idxmax(),
        "wape": table["wape"][peers].idxmin(),
    }
    drawn = _draws(catalog, actual, results, {*ours, *best.values()})
    for metric, sign in (("spearman", 1), ("wape", -1)):
        for name in ours:
            gains = sign * (drawn[metric][name] - drawn[metric][best[metric]])
            gain = sign * (table.loc[name, metric] - table.loc[best[metric], metric])
            low, high = np.nanquantile(gains, [0.05, 0.95])
            table.loc[name, [f"{metric}_gain", f"{metric}_gain_low", f"{metric}_gain_high"]] = (
                gain,
                low,
                high,
            )
    return table


def compare_weeks(catalog: Catalog, result: Result, curves: np.ndarray) -> pd.DataFrame:
    """One line a model for one fold: ``wape`` and ``mae`` over all items and weeks, in units.

    A model that forecasts only the total has it shared out as the training items of the category
    sold.
    """
    actual = curves[result.test]
    shared = shapes(catalog, curves, result.train, result.test)
    lines = {}
    for name, forecast in result.forecasts.items():
        weeks = forecast.weeks
        if weeks is None:
            weeks = units(forecast)[:, None] * shared
        error = np.abs(actual - weeks)
        lines[name] = {"wape": error.sum() / actual.sum(), "mae": error.mean()}
    return pd.DataFrame(lines).T


def units(forecast: Forecast) -> np.ndarray:
    """The forecast in the target's unit, never below zero."""
    return np.maximum(np.expm1(forecast.units), 0.0)


def wape(actual: np.ndarray, predicted: np.ndarray) -> float:
    """Total error over total actual."""
    total = actual.sum()
    return float(np.abs(actual - predicted).sum() / total) if total > 0 else float("nan")


def _mean(values: Iterable[float]) -> float:
    found = np.array(list(values), dtype=float)
    found = found[np.isfinite(found)]
    return float(found.mean()) if len(found) else float("nan")


def _cells(catalog: Catalog) -> np.ndarray:
    """One integer a row for its category and season."""
    columns = [c for c in (catalog.column(Role.CATEGORY), season_column(catalog)) if c]
    if not columns:
        return np.zeros(len(catalog), dtype=int)
    cells = catalog.frame[columns].astype(object)
    return cells.groupby(columns, dropna=False, sort=False).ngroup().to_numpy()


def _within(actual: np.ndarray, cells: np.ndarray, results: Sequence[Result], name: str) -> float:
    found = []
    for result in results:
        own = cells[result.test]
        for cell in np.unique(own):
            rows = np.flatnonzero(own == cell)
            if len(rows) >= MIN_CATEGORY_ITEMS:
                output = result.forecasts[name].rank[rows]
                # A constant forecast orders nothing: it counts as 0, not as unknown.
                value = spearman(actual[result.test[rows]], output)
                found.append(value if np.ptp(output) > 0 else 0.0)
    found = [f for f in found if np.isfinite(f)]
    return float(np.median(found)) if found else float("nan")


def _draws(
    catalog: Catalog, actual: np.ndarray, results: Sequence[Result], names: set[str]
) -> dict[str, dict[str, np.ndarray]]:
    groups = group_codes(catalog)
    scored = np.unique(np.concatenate([groups[r.test] for r in results]))
    place = [np.searchsorted(scored, groups[r.test]) for r in results]
    rng = np.random.default_rng(0)
    found = {m: {n: np.full(DRAWS, np.nan) for n in names} for m in ("spearman", "wape")}
    for draw in range(DRAWS):
        times = np.bincount(rng.integers(0, len(scored), len(scored)), minlength=len(scored))
        rows = [np.repeat(np.arange(len(p)), times[p]) for p in place]
        for name in names:
            ranks, errors = [], []
            for result, own in zip(results, rows, strict=True):
                truth, forecast = actual[result.test[own]], result.forecasts[name]
                ranks.append(spearman(truth, forecast.rank[own]))
                errors.append(wape(truth, units(forecast)[own]))
            found["spearman"][name][draw] = _mean(ranks)
            found["wape"][name][draw] = _mean(errors)
    return found
