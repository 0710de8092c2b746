"""What a popularity model is: the protocol, the prediction frame, and the files of a model.

Models work on ``log1p`` of the target. A prediction is shown in the target's own unit:

- ``predicted``, the median: ``expm1`` of the model's output;
- ``expected``, the mean, by smearing (Duan 1983): the average of ``expm1(output + residual)`` over
  out-of-fold residuals;
- ``low_80 .. high_80`` and ``low .. high`` (90 %), conformal: see `core.popularity.intervals`.
  Coverage holds for items exchangeable with the calibration items; scoreboards show how far it
  holds on later seasons.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.errors import ModelError
from core.popularity.intervals import Calibration

PREDICTION_COLUMNS = ("predicted", "expected", "low", "high", "low_80", "high_80")
MIN_ITEMS = 40
"""Fewest items with a known target that a model is trained on."""


class PopularityModel(Protocol):
    """A model that learns from a catalog's target and predicts any catalog's items."""

    name: str
    calibration: Calibration | None

    def fit(self, catalog: Catalog, rows: np.ndarray) -> Self:
        """Learn from these rows, which must have a target; returns itself, calibrated."""

    def output(self, catalog: Catalog, rows: np.ndarray | None = None) -> np.ndarray:
        """Predicted ``log1p`` of the target, one value a row. The target is never read."""

    def predict(self, catalog: Catalog, rows: np.ndarray | None = None) -> pd.DataFrame:
        """``item_id`` and `PREDICTION_COLUMNS`, one line a row, in row order."""

    def missing_columns(self, catalog: Catalog) -> list[str]:
        """Columns that the model learned from and this catalog does not have."""

    def save(self, directory: Path) -> None:
        """Write `model.safetensors` and `model.json` into the directory."""


def predict(
    model: PopularityModel,
    catalog: Catalog,
    rows: np.ndarray | None = None,
    output: np.ndarray | None = None,
) -> pd.DataFrame:
    """The body of every model's `predict`.

    Args:
        model: a trained model.
        catalog, rows: the items; all of them by default.
        output: the model's own for these rows, where it is known already.

    Raises:
        ModelError: the model has not been fitted.
    """
    if model.calibration is None:
        raise ModelError("The model has not been trained yet. Train it first.")
    rows = np.arange(len(catalog)) if rows is None else np.asarray(rows)
    output = model.output(catalog, rows) if output is None else output
    frame = model.calibration.predictions(output, catalog, rows)
    frame.insert(0, "item_id", np.asarray(catalog.ids[rows], dtype=object))
    return frame


def log_target(catalog: Catalog, rows: np.ndarray | None = None) -> np.ndarray:
    """``log1p`` of the target, NaN where it is unknown.

    Raises:
        ModelError: the catalog has no target, or a negative one.
    """
    target = catalog.target()
    if target is None:
        raise ModelError(
            f"The catalog “{catalog.name}” has no target column (units sold, likes, ...), so there"
            " is nothing to learn from. Import it with --role target=COLUMN, or name one with"
            " --target."
        )
    values = target.to_numpy(dtype=np.float64)
    if np.nanmin(values, initial=0.0) < 0:
        row = int(np.nanargmin(values))
        raise ModelError(
            f"Row {row + 1} of the target column “{target.name}” is negative ({values[row]:g})."
            " A popularity signal starts at 0: correct the cell or leave it empty."
        )
    return np.log1p(values if rows is None else values[rows])


def labelled_rows(catalog: Catalog) -> np.ndarray:
    """Positions of the items to learn from.

    Raises:
        ModelError: no target, too few items that have one, or one that never varies.
    """
    values = log_target(catalog)
    rows = np.flatnonzero(np.isfinite(values))
    column = catalog.column(Role.TARGET)
    if len(rows) < MIN_ITEMS:
        raise ModelError(
            f"Only {len(rows)} items of the catalog “{catalog.name}” have a value in the target"
            f" column “{column}”; training needs at least {MIN_ITEMS}."
        )
    if np.ptp(values[rows]) == 0:
        raise ModelError(
            f"Every value in the target column “{column}” is {np.expm1(values[rows][0]):g}, so"
            " there is nothing to tell popular items apart by. Choose another column."
        )
    return rows


def write_model(
    directory: Path, tensors: Mapping[str, np.ndarray], values: Mapping[str, Any]
) -> None:
    """Write the two files of a model; `values` must be plain JSON."""
    from safetensors.numpy import save_file

    directory.mkdir(parents=True, exist_ok=True)
    save_file(
        {k: np.ascontiguousarray(v) for k, v in tensors.items()}, directory / "model.safetensors"
    )
    (directory / "model.safetensors").chmod(0o644)
    (directory / "model.json").write_text(
        json.dumps(values, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )


def read_model(directory: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The tensors and values that `write_model` wrote.

    Raises:
        ModelError: the files are missing or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        values = json.loads((directory / "model.json").read_text(encoding="utf-8"))
        return load_file(directory / "model.safetensors"), values
    except (OSError, ValueError, SafetensorError) as error:
        raise ModelError(
            f"The model in {directory} cannot be read ({error}). Train it again with"
            " scripts/train_models.py."
        ) from error


def damaged(directory: Path, error: Exception) -> ModelError:
    """What to say of a model whose files can be read but do not fit together."""
    return ModelError(
        f"The model in {directory} is damaged ({error}). Train it again with"
        " scripts/train_models.py."
    )
