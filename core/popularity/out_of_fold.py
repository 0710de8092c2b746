"""Predictions of training items by models that had not seen them, with calibrated intervals."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.popularity.model import Calibration, PopularityModel, log_target, to_units
from core.popularity.splits import Fold

MIN_FORWARD_RESIDUALS = 100
"""From how many residuals on later seasons the intervals are calibrated on them."""


def predict_out_of_fold(
    name: str,
    make: Callable[[], PopularityModel],
    catalog: Catalog,
    forward: Sequence[Fold],
    grouped: Sequence[Fold],
    step: Callable[[str], None],
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Predictions of both splits, with intervals from the residuals of other items; residuals.

    A later season's intervals come from the residuals of the seasons before it, the first one's
    from styles held out inside its past; a held-out style's from the other folds.
    """
    y = log_target(catalog)
    tables, residuals = [], {}
    past: list[np.ndarray] = []
    for fold in forward:
        step(f"predicting {fold.label} from what came before")
        model = make().fit(catalog, fold.train)
        output = model.output(catalog, fold.test)
        before = np.concatenate([*past, []])
        calibration = model.calibration
        if len(before) >= MIN_FORWARD_RESIDUALS:
            calibration = Calibration.from_residuals(before, "earlier seasons")
        assert calibration is not None
        tables.append(_table(name, "forward", fold, catalog, output, calibration))
        past.append(y[fold.test] - output)
    residuals["forward"] = np.concatenate([*past, []])
    outputs = []
    for fold in grouped:
        step(f"predicting held-out styles, part {fold.label} of {len(grouped)}")
        outputs.append(make().fit(catalog, fold.train).output(catalog, fold.test))
    errors = [y[fold.test] - output for fold, output in zip(grouped, outputs, strict=True)]
    for i, (fold, output) in enumerate(zip(grouped, outputs, strict=True)):
        others = np.concatenate([e for j, e in enumerate(errors) if j != i])
        calibration = Calibration.from_residuals(others, "held-out styles")
        tables.append(_table(name, "grouped", fold, catalog, output, calibration))
    residuals["grouped"] = np.concatenate(errors)
    return pd.concat(tables, ignore_index=True), residuals


def _table(
    name: str,
    split: str,
    fold: Fold,
    catalog: Catalog,
    output: np.ndarray,
    calibration: Calibration,
) -> pd.DataFrame:
    table = to_units(output, calibration)
    table.insert(0, "item_id", np.asarray(catalog.ids[fold.test], dtype=object))
    table.insert(1, "model", name)
    table.insert(2, "split", split)
    table.insert(3, "fold", fold.label)
    target = catalog.target()
    assert target is not None
    table["actual"] = target.to_numpy()[fold.test]
    return table


def final_calibration(residuals: dict[str, np.ndarray]) -> Calibration:
    """The intervals of the model that learned from everything: later seasons' where enough."""
    if len(residuals["forward"]) >= MIN_FORWARD_RESIDUALS:
        return Calibration.from_residuals(residuals["forward"], "later seasons")
    return Calibration.from_residuals(residuals["grouped"], "held-out styles")
