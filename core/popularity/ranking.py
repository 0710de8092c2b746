"""Ranking a catalog with a trained model, without ever reading a target."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.errors import ModelError
from core.popularity.additive import BlockModel
from core.popularity.blend import BLEND, BlendModel, load_member
from core.popularity.model import PREDICTION_COLUMNS
from core.popularity.rank_intervals import RANK_COLUMNS, rank_intervals
from core.popularity.scoreboard import Scoreboard, load_out_of_fold, load_scoreboard
from core.popularity.vectors import embed_photos, image_vectors

RANKING_COLUMNS = ("item_id", "rank", *PREDICTION_COLUMNS, *RANK_COLUMNS, "model", "basis")


def load_model(model_dir: str | Path, name: str | None = None) -> BlockModel:
    """A trained model of a folder; the promoted one unless another is named.

    Raises:
        ModelError: there are no models, not this one, or its files are damaged.
    """
    board = load_scoreboard(model_dir)
    name = board.promoted if name is None else name
    if name not in board.trained:
        why = board.skipped.get(name)
        raise ModelError(
            f"{model_dir} holds no model “{name}”."
            + (f" When the models were trained it was left out: {why}" if why else "")
            + f" Choose from: {', '.join(board.trained)}."
        )
    folder = Path(model_dir) / name
    return BlendModel.load(folder) if name == BLEND else load_member(folder, name)


def rank(
    catalog: Catalog,
    model_dir: str | Path,
    model: str | None = None,
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Rank every item of a catalog by predicted popularity, best first.

    Items that the model learned from (same catalog content, same id) show their out-of-fold
    prediction, made by a model that had not seen them or their style: no number was fitted on its
    own answer. The catalog's target is never read.

    Args:
        catalog: with or without a target; it may lack columns that the model learned from.
        model_dir: trained models.
        model: name of one; the promoted one if None.
        on_progress: photos read and photos in all, where the image model has to read some first.

    Returns:
        The columns of `RANKING_COLUMNS`, sorted by ``predicted`` (ties by id, rank counts 1, 2, 3
        through them). ``rank_low_80`` to ``rank_high_80`` and ``rank_low`` to ``rank_high`` hold
        the middle 80 and 90 % of an item's simulated ranks (`core.popularity.rank_intervals`).
        ``basis`` is ``model`` or ``out_of_fold``. ``attrs`` holds ``model``, ``date``,
        ``data_hash`` (of the training data), ``trained_on``, ``target``, ``unit``,
        ``missing_columns`` and ``notes`` (sentences for the user).

    Raises:
        ModelError: no such model, or a damaged one.
        CheckpointMissing: the image model's CLIP checkpoint is not on this machine.
    """
    board = load_scoreboard(model_dir)
    fitted = load_model(model_dir, model)
    if fitted.checkpoint:
        embed_photos(catalog, checkpoint=fitted.checkpoint, on_progress=on_progress)
    frame = fitted.predict(catalog)
    frame["model"] = fitted.name
    frame["basis"] = "model"
    seen = load_out_of_fold(model_dir)
    seen = seen[(seen["split"] == "grouped") & (seen["model"] == fitted.name)]
    place = pd.Index(seen["item_id"]).get_indexer(frame["item_id"])
    known = place >= 0
    notes = _notes(board, fitted, catalog)
    if board.data_hash == catalog.content_hash:
        values = seen[list(PREDICTION_COLUMNS)].to_numpy(dtype=np.float64)[place[known]]
        frame.loc[known, list(PREDICTION_COLUMNS)] = values
        frame.loc[known, "basis"] = "out_of_fold"
    elif known.any():
        notes.append(
            f"{int(known.sum()):,} item{'s have ids' if known.sum() > 1 else ' has an id'} that the"
            " model learned from in another version of this catalog or in another"
            " catalog; if they are the same items, their predictions look better"
            " than they are. Train again to have them predicted without that."
        )
    frame = frame.sort_values(["predicted", "item_id"], ascending=[False, True], kind="stable")
    frame.insert(1, "rank", np.arange(1, len(frame) + 1))
    frame = frame.reset_index(drop=True)
    assert fitted.calibration is not None
    frame = frame.join(rank_intervals(frame, fitted.calibration.shape))[list(RANKING_COLUMNS)]
    frame.attrs = {
        "model": fitted.name,
        "date": board.date,
        "data_hash": board.data_hash,
        "trained_on": board.catalog,
        "target": board.target,
        "unit": board.unit,
        "missing_columns": fitted.missing_columns(catalog),
        "notes": notes,
    }
    return frame


def _notes(board: Scoreboard, fitted: BlockModel, catalog: Catalog) -> list[str]:
    notes = []
    missing = fitted.missing_columns(catalog)
    if missing:
        used = len(fitted.features) - len(missing)
        notes.append(
            f"The model learned from {len(fitted.features)} columns of “{board.catalog}”; this"
            f" catalog has {used} of them. Missing, so every item counts as average there: "
            + ", ".join(missing)
            + "."
        )
    if fitted.checkpoint:
        blind = int(np.isnan(image_vectors(catalog, fitted.checkpoint)).any(axis=1).sum())
        if blind:
            notes.append(
                f"{blind:,} of {len(catalog):,} items have no photo that can be read; this model"
                + (
                    " predicts them from their other fields."
                    if len(fitted.players) > 1
                    else " gives each of them the average item's prediction."
                )
            )
    learned, own = str(fitted.info.get("currency", "")), catalog.currency
    if learned and own and learned != own and "price" in [f.role for f in fitted.features]:
        notes.append(
            f"Prices are in {own} here and were in {learned} where the model learned; they are"
            " compared as plain numbers."
        )
    return notes
