"""RealMLP and TabM (pytabkit), with the settings that their authors tuned over many data sets.

Holzmüller et al. 2024 (RealMLP-TD) and Gorishniy et al. 2024 (TabM-D). Both read the columns that
trees read, learn ``log1p`` units, and stop on styles held out inside the training rows. They are
not tuned further: the forecast is the mean over what they can read (the text as one forecast, or
with its parts; with the calendar or without) and over the held-out styles.
"""

import logging
import warnings
from itertools import product

import numpy as np
import pandas as pd

from benchmarks.peers.task import Forecast, Task
from core.popularity.splits import grouped_folds

PARTS = 5
"""A member stops on one of so many parts of the training styles, each setting on another."""
TEXTS = (("ridge",), ("ridge", "parts"))


def realmlp(task: Task, settings: int) -> Forecast:
    """RealMLP-TD; `settings` is not used."""
    from pytabkit import RealMLP_TD_Regressor

    return _mean_of_members(task, RealMLP_TD_Regressor)


def tabm(task: Task, settings: int) -> Forecast:
    """TabM-D; `settings` is not used. Minutes a member on one core."""
    from pytabkit import TabM_D_Regressor

    return _mean_of_members(task, TabM_D_Regressor)


NEURAL_PEERS = {"RealMLP": realmlp, "TabM": tabm}


def _mean_of_members(task: Task, kind: type) -> Forecast:
    train, encoder = task.fold.train, task.encoder
    choices = task.columns.choices
    texts = TEXTS if "text" in choices else TEXTS[:1]
    times = (False, True) if "time" in choices else (False,)
    photo = "photo" in choices
    read = [{"text": a, "time": b, "photo": photo} for a, b in product(texts, times)]
    parts = grouped_folds(task.columns.groups[train], PARTS, seed=task.seed)
    new = encoder.transform(task.fold.test)
    outputs = []
    for member, setting in enumerate(read):
        names = encoder.chosen(setting)
        held = parts[member % len(parts)]
        kept = np.delete(np.arange(len(train)), held)
        known = _filled(encoder.train[names], encoder.train[names])
        model = kind(
            device="cpu", random_state=task.seed + member, n_threads=task.threads, verbosity=0
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name in ("lightning", "pytorch_lightning", "lightning.pytorch"):
                logging.getLogger(name).setLevel(logging.ERROR)
            model.fit(
                known.iloc[kept],
                task.y[train][kept],
                X_val=known.iloc[held],
                y_val=task.y[train][held],
            )
            output = model.predict(_filled(new[names], encoder.train[names]))
        outputs.append(np.asarray(output, dtype=np.float64).ravel())
    mean = np.mean(outputs, axis=0)
    return Forecast(mean, mean, {"members": [str(setting) for setting in read]})


def _filled(table: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """The table without empty numbers: they take the median, and a column says where."""
    found = {}
    for name in table.columns:
        cells = table[name]
        if isinstance(cells.dtype, pd.CategoricalDtype):
            found[name] = cells
            continue
        found[name] = cells.fillna(known[name].median()).fillna(0.0)
        if known[name].isna().any():
            found[f"{name} is empty"] = cells.isna().astype(np.float64)
    return pd.DataFrame(found)
