"""AutoGluon Tabular, which wants an older pandas and so runs in an environment of its own.

python3.11 -m venv AG
AG/bin/pip install "autogluon.tabular[lightgbm,catboost]==1.6.3"
python benchmarks/popularity.py --peers AutoGluon --autogluon AG/bin/python
"""

import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.peers.task import Forecast, Task
from core.errors import ModelError
from core.popularity.splits import grouped_folds

WORKER = Path(__file__).with_name("autogluon_worker.py")
SECONDS = 60
"""To learn from one fold."""
BAGS = 5
INTERPRETER = "AUTOGLUON_PYTHON"
"""The environment variable that names its interpreter."""


def autogluon(task: Task, settings: int) -> Forecast:
    """AutoGluon's bagged models on ``log1p`` units in `SECONDS`; `settings` is not used.

    Bags part the training styles. It reads the columns that trees read, text and calendar included.

    Raises:
        ModelError: its interpreter is not named, or it failed.
    """
    python = os.environ.get(INTERPRETER, "")
    if not python:
        raise ModelError(f"Name AutoGluon's own interpreter with --autogluon or {INTERPRETER}.")
    train = task.fold.train
    setting = {"text": ("ridge", "parts"), "time": True, "photo": True}
    names = task.encoder.chosen(setting)
    bag = np.empty(len(train), dtype=np.int64)
    for i, held in enumerate(grouped_folds(task.columns.groups[train], BAGS, seed=task.seed)):
        bag[held] = i
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        known = _plain(task.encoder.train[names])
        known.assign(target=task.y[train], bag=bag).to_parquet(folder / "train.parquet")
        _plain(task.encoder.transform(task.fold.test)[names]).to_parquet(folder / "test.parquet")
        command = [python, str(WORKER), name, str(SECONDS), str(task.threads), str(task.seed)]
        clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        done = subprocess.run(command, capture_output=True, text=True, env=clean)
        if done.returncode:
            raise ModelError(f"AutoGluon failed: {done.stderr.strip()[-500:]}")
        output = pd.read_parquet(folder / "forecast.parquet")["output"].to_numpy(np.float64)
    return Forecast(output, output, {"seconds": SECONDS, "bags": BAGS})


AUTOGLUON_PEERS = {"AutoGluon": autogluon}


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Levels as text, so that an older pandas reads the file."""
    levels = [c for c in table.columns if isinstance(table[c].dtype, pd.CategoricalDtype)]
    return table.assign(**{c: table[c].astype(object) for c in levels}).reset_index(drop=True)
