"""Scores of trained models, only ever on items that the scored model had not learned from."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.errors import ModelError
from core.popularity.metrics import Scores
from core.popularity.model import log_target
from core.popularity.ranking import load_model
from core.popularity.scoreboard import load_out_of_fold, load_scoreboard
from core.popularity.scoring import score_table
from core.popularity.training import with_target
from core.popularity.vectors import embed_photos
from core.popularity.weekly import load_curves, score_unseen


@dataclass(frozen=True)
class Evaluation:
    """Scores of every model of a folder on one catalog.

    Attributes:
        basis: ``out_of_fold`` (the training catalog: predictions that were stored in training) or
            ``unseen`` (another catalog: items that no model learned from).
        split: what was scored on what, as a sentence.
        items: number of items scored.
        excluded: items left out because they, or their style, were in the training data.
        models: scores by model.
        folds: Spearman by fold, by model, as on the scoreboard; empty for another catalog.
        weekly: ``weekly_wape`` and ``weekly_mae`` by model; empty where there is no sales series.
    """

    catalog: str
    data_hash: str
    trained_on: str
    date: str
    unit: str
    basis: str
    split: str
    items: int
    excluded: int
    promoted: str
    models: dict[str, Scores]
    folds: dict[str, list[dict]]
    weekly: dict[str, Scores]


def evaluate(
    catalog: Catalog,
    model_dir: str | Path,
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Score the models of a folder on a catalog with a target.

    On the catalog that they were trained on, the stored out-of-fold predictions are scored; on any
    other, the final models, on items whose id and style were not in the training data.

    Raises:
        ModelError: no models, no target, or no item that was not learned from.
    """
    board = load_scoreboard(model_dir)
    table = load_out_of_fold(model_dir)
    if board.data_hash == catalog.content_hash:
        split = "forward" if (table["split"] == "forward").any() else "grouped"
        table = table[table["split"] == split]
        scores = {str(m): score_table(part, catalog) for m, part in table.groupby("model")}
        names = [board.promoted, *(m for m in scores if m != board.promoted)]
        return Evaluation(
            catalog.name,
            catalog.content_hash,
            board.catalog,
            board.date,
            board.unit,
            "out_of_fold",
            board.split,
            int(table["item_id"].nunique()),
            0,
            board.promoted,
            {m: scores[m] for m in names},
            {m: board.models[m].folds for m in names},
            {m: board.models[m].weekly for m in names if board.models[m].weekly},
        )
    if board.target in catalog.frame.columns and catalog.column(Role.TARGET) != board.target:
        catalog = with_target(catalog, board.target)
    if catalog.target() is None:
        raise ModelError(
            f"The catalog “{catalog.name}” has no target column (units sold, likes, ...), so there"
            " is nothing to compare predictions with. Import it with --role target=COLUMN."
        )
    y = log_target(catalog)
    labelled = np.flatnonzero(np.isfinite(y))
    if not len(labelled):
        raise ModelError(
            f"No item of the catalog “{catalog.name}” has a target value to compare with."
        )
    rows = labelled[~_learned_from(catalog, table)[labelled]]
    if not len(rows):
        raise ModelError(
            f"The models learned from every item of “{catalog.name}” that has a target, so there is"
            " nothing unseen to score them on. Evaluate on the training catalog itself to see its"
            " out-of-fold scores, or on another one."
        )
    scores, totals = {}, {}
    for name in board.trained:
        model = load_model(model_dir, name)
        if model.checkpoint:
            embed_photos(catalog, checkpoint=model.checkpoint, on_progress=on_progress)
        predicted = model.predict(catalog, rows).assign(fold="unseen", actual=np.expm1(y[rows]))
        scores[name] = score_table(predicted, catalog)
        totals[name] = predicted["predicted"].to_numpy()
    return Evaluation(
        catalog.name,
        catalog.content_hash,
        board.catalog,
        board.date,
        board.unit,
        "unseen",
        f"Items of “{catalog.name}” that the models trained on “{board.catalog}” had not seen.",
        len(rows),
        len(labelled) - len(rows),
        board.promoted,
        scores,
        {},
        score_unseen(catalog, rows, totals, load_curves(model_dir)),
    )


def _learned_from(catalog: Catalog, table: pd.DataFrame) -> np.ndarray:
    """Rows whose id was in the training data, and other rows of their style."""
    from core.popularity.splits import group_codes

    seen = np.asarray(catalog.ids.isin(table["item_id"].unique()))
    groups = group_codes(catalog)
    return seen | np.isin(groups, groups[seen])
