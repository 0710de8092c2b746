"""Runs in AutoGluon's own environment: FOLDER SECONDS THREADS SEED; see `gluon.py`.

Reads `train.parquet` (columns, ``target``, ``bag``) and `test.parquet` (columns) in the folder and
writes `forecast.parquet` (``output``).
"""

import sys
from pathlib import Path

import pandas as pd
from autogluon.tabular import TabularPredictor


def main(folder: Path, seconds: int, threads: int, seed: int) -> None:
    known = pd.read_parquet(folder / "train.parquet")
    predictor = TabularPredictor(
        label="target",
        problem_type="regression",
        groups="bag",
        path=str(folder / "models"),
        verbosity=0,
        learner_kwargs={"random_state": seed},
    ).fit(
        known,
        time_limit=seconds,
        presets="best_quality",
        dynamic_stacking=False,
        num_stack_levels=0,
        num_cpus=threads,
        num_gpus=0,
        ag_args_ensemble={"fold_fitting_strategy": "sequential_local"},
    )
    output = predictor.predict(pd.read_parquet(folder / "test.parquet"))
    pd.DataFrame({"output": output.to_numpy(dtype="float64")}).to_parquet(
        folder / "forecast.parquet"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:5]))
