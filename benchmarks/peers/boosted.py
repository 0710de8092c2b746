"""LightGBM and CatBoost as their own guides advise: native categories, log target, several losses.

The settings are drawn once from a fixed space (the first one is the usual start), each is scored by
cross-validation inside the training rows with early stopping on the held-out part, and the final
model takes the mean number of trees and is the mean of three seeds. The settings that order best
and those with the least error in units are both refitted.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.peers.task import Forecast, Task, best_of
from core.popularity.metrics import spearman

MOST_TREES = 800
PATIENCE = 40
SEEDS = 3
COUNT_LOSSES = ("poisson", "tweedie", "Poisson", "Tweedie:variance_power=1.5")
"""Losses that learn units under a logarithmic link; all others learn ``log1p`` of the units."""

Setting = dict[str, Any]
Fit = Callable[..., tuple[Callable[[pd.DataFrame], np.ndarray], int]]

LIGHTGBM_SPACE: dict[str, tuple] = {
    "objective": ("regression", "regression_l1", "huber", "poisson", "tweedie"),
    "num_leaves": (15, 4, 8, 31),
    "min_data_in_leaf": (20, 5, 10, 40),
    "feature_fraction": (0.7, 0.4, 1.0),
    "bagging_fraction": (0.8, 0.6, 1.0),
    "lambda_l2": (1.0, 0.0, 10.0),
    "cat_smooth": (10.0, 3.0, 30.0),
    "cat_l2": (10.0, 1.0, 30.0),
    "min_data_per_group": (20, 5, 100),
    "max_cat_to_onehot": (4, 16),
    "learning_rate": (0.05, 0.03),
}

CATBOOST_SPACE: dict[str, tuple] = {
    "loss_function": ("RMSE", "MAE", "Huber:delta=1.0", "Poisson", "Tweedie:variance_power=1.5"),
    "depth": (6, 3, 4, 5),
    "l2_leaf_reg": (3.0, 1.0, 10.0),
    "random_strength": (1.0, 0.3, 3.0),
    "bagging_temperature": (1.0, 0.0),
    "rsm": (0.7, 0.4, 1.0),
    "one_hot_max_size": (2, 12),
    "max_ctr_complexity": (1, 2),
    "learning_rate": (0.06, 0.1),
}


def lightgbm(task: Task, settings: int) -> Forecast:
    """Tuned LightGBM."""
    return _tuned(task, draw_settings(LIGHTGBM_SPACE, task, settings), fit_lightgbm)


def catboost(task: Task, settings: int) -> Forecast:
    """Tuned CatBoost."""
    return _tuned(task, draw_settings(CATBOOST_SPACE, task, settings), fit_catboost)


def draw_settings(space: dict[str, tuple], task: Task, count: int) -> list[Setting]:
    """The first value of everything, then random draws; the same for every fold of a seed."""
    space = space | task.columns.choices
    rng = np.random.default_rng(task.seed)
    first = {name: values[0] for name, values in space.items()}
    rest = [
        {name: values[rng.integers(len(values))] for name, values in space.items()}
        for _ in range(count - 1)
    ]
    return [first, *rest]


def fit_lightgbm(
    setting: Setting,
    x: pd.DataFrame,
    y: np.ndarray,
    *,
    seed: int,
    threads: int,
    trees: int = MOST_TREES,
    held_out: tuple[pd.DataFrame, np.ndarray] | None = None,
) -> tuple[Callable[[pd.DataFrame], np.ndarray], int]:
    """A function from features to ``log1p`` units, and the number of trees.

    Args:
        setting: of `LIGHTGBM_SPACE`.
        x, y: features, and ``log1p`` units to learn.
        seed: of the draws.
        threads: to use.
        trees: how many; fewer where `held_out` (features and answers) stops early.
    """
    import lightgbm as lgb

    params = {k: v for k, v in setting.items() if k in LIGHTGBM_SPACE}
    params |= {"seed": seed, "num_threads": threads, "verbosity": -1, "bagging_freq": 1}
    params |= {"deterministic": True, "force_row_wise": True}
    link = _Link(setting["objective"], y)
    names = [f"f{i}" for i in range(x.shape[1])]
    data = lgb.Dataset(x.set_axis(names, axis=1), link.label(y), params={"verbosity": -1})
    callbacks, valid = [], []
    if held_out is not None:
        valid = [data.create_valid(held_out[0].set_axis(names, axis=1), link.label(held_out[1]))]
        callbacks = [lgb.early_stopping(PATIENCE, verbose=False)]
    booster = lgb.train(params, data, trees, valid_sets=valid, callbacks=callbacks)
    best = booster.best_iteration if held_out is not None else booster.current_iteration()
    return (
        lambda table: link.output(
            booster.predict(table.set_axis(names, axis=1), num_iteration=best, num_threads=threads)
        ),
        best,
    )


def fit_catboost(
    setting: Setting,
    x: pd.DataFrame,
    y: np.ndarray,
    *,
    seed: int,
    threads: int,
    trees: int = MOST_TREES,
    held_out: tuple[pd.DataFrame, np.ndarray] | None = None,
) -> tuple[Callable[[pd.DataFrame], np.ndarray], int]:
    """As `fit_lightgbm`, with settings of `CATBOOST_SPACE`."""
    from catboost import CatBoostRegressor, Pool

    params = {k: v for k, v in setting.items() if k in CATBOOST_SPACE}
    link = _Link(setting["loss_function"], y)
    levels = [c for c in x.columns if isinstance(x[c].dtype, pd.CategoricalDtype)]

    def pool(table: pd.DataFrame, label: np.ndarray | None = None) -> Pool:
        cells = {c: table[c].astype(object).where(table[c].notna(), "(missing)") for c in levels}
        return Pool(table.assign(**cells), label, cat_features=levels)

    model = CatBoostRegressor(
        **params,
        iterations=trees,
        random_seed=seed,
        thread_count=threads,
        bootstrap_type="Bayesian",
        allow_writing_files=False,
        verbose=False,
    )
    if held_out is None:
        model.fit(pool(x, link.label(y)))
    else:
        valid = pool(held_out[0], link.label(held_out[1]))
        model.fit(pool(x, link.label(y)), eval_set=valid, early_stopping_rounds=PATIENCE)
    return lambda table: link.output(model.predict(pool(table), thread_count=threads)), (
        model.tree_count_
    )


class _Link:
    """Between ``log1p`` units and what a loss learns."""

    def __init__(self, loss: str, y: np.ndarray) -> None:
        self.counts = loss in COUNT_LOSSES
        # CatBoost's Poisson and Tweedie answer in logarithms, LightGBM's in units.
        self.answers_in_logs = loss[0].isupper()
        self.scale = max(float(np.expm1(y).mean()), 1e-9)

    def label(self, y: np.ndarray) -> np.ndarray:
        # A week with more returns than sales is below zero, which these losses refuse.
        return np.maximum(np.expm1(y), 0.0) / self.scale if self.counts else y

    def output(self, answer: np.ndarray) -> np.ndarray:
        if not self.counts:
            return np.asarray(answer)
        units = np.exp(np.minimum(answer, 20.0)) if self.answers_in_logs else answer
        return np.log1p(units * self.scale)


def _tuned(task: Task, settings: list[Setting], fit: Fit) -> Forecast:
    orders, errors, trees = [], [], []
    for setting in settings:
        rank, wrong, sold, counts = [], 0.0, 0.0, []
        for fold, encoder in zip(task.inner, task.inner_encoders, strict=True):
            names = encoder.chosen(setting)
            actual = task.y[fold.test]
            held = encoder.transform(fold.test)[names]
            predict, count = fit(
                setting,
                encoder.train[names],
                task.y[fold.train],
                seed=task.seed,
                threads=task.threads,
                held_out=(held, actual),
            )
            output = predict(held)
            rank.append(spearman(actual, output))
            wrong += float(np.abs(np.expm1(actual) - np.expm1(output)).sum())
            sold += float(np.expm1(actual).sum())
            counts.append(count)
        orders.append(-float(np.nanmean(rank)) if np.isfinite(rank).any() else np.nan)
        errors.append(wrong / sold)
        trees.append(max(10, round(float(np.mean(counts)))))
    best = {"rank": best_of(orders), "units": best_of(errors)}
    outputs = {}
    for position in set(best.values()):
        names = task.encoder.chosen(settings[position])
        table = task.encoder.transform(task.fold.test)[names]
        members = [
            fit(
                settings[position],
                task.encoder.train[names],
                task.y[task.fold.train],
                seed=task.seed + member,
                threads=task.threads,
                trees=trees[position],
            )[0](table)
            for member in range(SEEDS)
        ]
        outputs[position] = np.mean(members, axis=0)
    chosen = {use: settings[i] | {"trees": trees[i]} for use, i in best.items()}
    return Forecast(outputs[best["rank"]], outputs[best["units"]], chosen)
