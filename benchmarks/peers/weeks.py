"""Weekly curves: shared out by a category's usual shape, or forecast week by week."""

import numpy as np
import pandas as pd

from benchmarks.peers.boosted import SEEDS, fit_lightgbm
from benchmarks.peers.task import Forecast, Task, best_of
from core.catalog.catalog import Catalog
from core.catalog.roles import Role

LOSSES = ("regression_l1", "regression", "huber", "poisson", "tweedie")
SHARED_ITEMS = 30
"""Weight of the whole catalog's shape, in items of a category."""


def weekly_curves(catalog: Catalog) -> np.ndarray | None:
    """Units a week (items, weeks), or None where not every item has a whole series."""
    series = catalog.series()
    if series is None or series.empty:
        return None
    table = series.pivot_table(index="item", columns="period", values="value", aggfunc="sum")
    curves = table.reindex([str(i) for i in catalog.ids]).to_numpy(dtype=float)
    return curves if np.isfinite(curves).all() else None


def shapes(catalog: Catalog, curves: np.ndarray, train: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Share of each week in the total (rows, weeks), as in the training items of the category."""
    column = catalog.column(Role.CATEGORY)
    past = curves[train]
    whole = past.sum(axis=0) / past.sum()
    if column is None:
        return np.tile(whole, (len(rows), 1))
    cells = catalog.frame[column].astype(object).to_numpy()
    typical = past.sum(axis=0) / len(train) * SHARED_ITEMS
    found = {}
    for level in pd.unique(cells[rows]):
        mixed = past[cells[train] == level].sum(axis=0) + typical
        found[level] = mixed / mixed.sum()
    return np.array([found[cells[row]] for row in rows])


def lightgbm_by_week(task: Task, settings: int) -> Forecast:
    """LightGBM on one line an item and week, the week a column; loss and time by validation."""
    assert task.curves is not None
    first = {
        "num_leaves": 31,
        "min_data_in_leaf": 40,
        "feature_fraction": 0.7,
        "bagging_fraction": 0.8,
        "lambda_l2": 1.0,
        "cat_smooth": 10.0,
        "learning_rate": 0.08,
    }
    times = task.columns.choices.get("time", (False,))
    tried = [first | {"objective": loss, "time": time} for loss in LOSSES for time in times]
    tried = tried[: max(2, settings)]
    errors, trees = [], []
    for setting in tried:
        wrong, counts = 0.0, []
        for fold, encoder in zip(task.inner, task.inner_encoders, strict=True):
            names = encoder.chosen(setting)
            held = encoder.transform(fold.test)[names]
            held, actual = _long(held, task.curves[fold.test])
            known, answers = _long(encoder.train[names], task.curves[fold.train])
            predict, count = fit_lightgbm(
                setting,
                known,
                answers,
                seed=task.seed,
                threads=task.threads,
                trees=300,
                held_out=(held, actual),
            )
            wrong += float(np.abs(np.expm1(actual) - np.expm1(predict(held))).sum())
            counts.append(count)
        errors.append(wrong)
        trees.append(max(10, round(float(np.mean(counts)))))
    best = best_of(errors)
    names = task.encoder.chosen(tried[best])
    known, answers = _long(task.encoder.train[names], task.curves[task.fold.train])
    new, _ = _long(task.encoder.transform(task.fold.test)[names], task.curves[task.fold.test])
    members = [
        fit_lightgbm(
            tried[best],
            known,
            answers,
            seed=task.seed + member,
            threads=task.threads,
            trees=trees[best],
        )[0](new)
        for member in range(SEEDS)
    ]
    weeks = np.maximum(np.expm1(np.mean(members, axis=0)), 0.0)
    weeks = weeks.reshape(len(task.fold.test), -1)
    total = np.log1p(weeks.sum(axis=1))
    return Forecast(total, total, {"units": tried[best] | {"trees": trees[best]}}, weeks)


def _long(table: pd.DataFrame, curves: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    """One line an item and week, and ``log1p`` of its units; more returns than sales count as 0."""
    items, weeks = curves.shape
    long = table.loc[np.repeat(table.index, weeks)].reset_index(drop=True)
    sold = np.maximum(curves, 0.0).ravel()
    return long.assign(week=np.tile(np.arange(weeks), items)), np.log1p(sold)
