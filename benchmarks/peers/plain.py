"""The simple peers: the category's mean, nearest neighbours and ridge on one-hot columns."""

from collections.abc import Callable

import numpy as np

from benchmarks.peers.features import Columns
from benchmarks.peers.task import Forecast, Task, best_of
from core.popularity.metrics import spearman
from core.popularity.reference import CategoryMean

ALPHAS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
NEIGHBOURS = (5, 10, 20, 40, 80)


def category_mean(task: Task, settings: int) -> Forecast:
    """Mean ``log1p`` target of the category; nothing to tune."""
    output = CategoryMean().fit(task.catalog, task.fold.train).output(task.catalog, task.fold.test)
    return Forecast(output, output)


def ridge(task: Task, settings: int) -> Forecast:
    """Ridge on one-hot levels, numbers, months and TF-IDF; penalty and season by validation."""
    from sklearn.linear_model import Ridge

    def fit(train: np.ndarray, test: np.ndarray) -> dict[tuple, np.ndarray]:
        found = {}
        for time in (False, True):
            known, new = one_hot(task.columns, train, test, time)
            for alpha in ALPHAS:
                model = Ridge(alpha, solver="sparse_cg").fit(known, task.y[train])
                found[alpha, time] = model.predict(new)
        return found

    return _best(task, fit, ("alpha", "time"))


def neighbours(task: Task, settings: int) -> Forecast:
    """Mean of the most alike training items by their attributes; how many by validation."""
    from sklearn.neighbors import NearestNeighbors

    def fit(train: np.ndarray, test: np.ndarray) -> dict[tuple, np.ndarray]:
        known, new = one_hot(task.columns, train, test, False)
        most = min(max(NEIGHBOURS), len(train))
        distance, place = NearestNeighbors(n_neighbors=most).fit(known).kneighbors(new)
        weight = 1 / (distance + 0.1)
        near = task.y[train][place]
        return {
            (k,): (near[:, :k] * weight[:, :k]).sum(1) / weight[:, :k].sum(1) for k in NEIGHBOURS
        }

    return _best(task, fit, ("neighbours",))


def one_hot(
    columns: Columns, train: np.ndarray, test: np.ndarray, time: bool
) -> tuple[object, object]:
    """Sparse matrices of training and test rows; rare levels share a column.

    Args:
        columns: of the catalog.
        train, test: rows; only the first are learned from.
        time: also take the season's name and the days since the first release.
    """
    import pandas as pd
    from scipy.sparse import csr_matrix, hstack
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    levels = [columns.levels]
    numbers = [columns.numbers]
    if len(columns.year.columns):
        levels.append(columns.year[["month"]].astype(str))
        angle = 2 * np.pi * columns.year["day of year"] / 365.25
        waves = {f"{f.__name__} {k}": f(k * angle) for k in (1, 2) for f in (np.sin, np.cos)}
        numbers.append(pd.DataFrame(waves))
    if time:
        levels.append(columns.seasons)
        numbers.append(columns.time)
    text, table = pd.concat(levels, axis=1), pd.concat(numbers, axis=1)
    known, new = [], []
    if len(text.columns):
        encoder = OneHotEncoder(min_frequency=3, handle_unknown="infrequent_if_exist")
        known.append(encoder.fit_transform(text.iloc[train].to_numpy(dtype=object)))
        new.append(encoder.transform(text.iloc[test].to_numpy(dtype=object)))
    if len(table.columns):
        scaler = StandardScaler().fit(table.iloc[train])
        for rows, parts in ((train, known), (test, new)):
            values = np.nan_to_num(scaler.transform(table.iloc[rows]))
            parts.append(csr_matrix(np.column_stack([values, table.iloc[rows].isna()])))
    if columns.texts is not None:
        words = TfidfVectorizer(sublinear_tf=True, min_df=2, max_features=5000)
        known.append(words.fit_transform(columns.texts[train]))
        new.append(words.transform(columns.texts[test]))
    return hstack(known, format="csr"), hstack(new, format="csr")


def _best(
    task: Task,
    fit: Callable[[np.ndarray, np.ndarray], dict[tuple, np.ndarray]],
    names: tuple[str, ...],
) -> Forecast:
    parts = [(task.y[f.test], fit(f.train, f.test)) for f in task.inner]
    keys = list(parts[0][1])
    orders = [-float(np.mean([spearman(y, out[key]) for y, out in parts])) for key in keys]
    errors = [
        sum(float(np.abs(np.expm1(y) - np.expm1(out[key])).sum()) for y, out in parts)
        for key in keys
    ]
    best = {"rank": keys[best_of(orders)], "units": keys[best_of(errors)]}
    outputs = fit(task.fold.train, task.fold.test)
    chosen = {use: dict(zip(names, key, strict=True)) for use, key in best.items()}
    return Forecast(outputs[best["rank"]], outputs[best["units"]], chosen)
