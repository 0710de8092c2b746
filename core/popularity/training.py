"""Training a folder of models, scored honestly before they are refitted on everything."""

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.errors import CatalogError, CheckpointMissing, ModelError
from core.folders import replace_folder, restore_folder
from core.popularity.additive import IMAGE_PLAYER, AdditiveModel, BlockModel
from core.popularity.card import folder_text, write_card
from core.popularity.columns import feature_columns
from core.popularity.curves import Curves
from core.popularity.deep import DeepModel
from core.popularity.leakage import find_leaks, worst_first
from core.popularity.metrics import METRICS, Scores, score
from core.popularity.model import PopularityModel, labelled_rows
from core.popularity.out_of_fold import predict_out_of_fold
from core.popularity.reference import CategoryMean
from core.popularity.scoreboard import REFERENCE, ModelScores, Scoreboard
from core.popularity.scramble import scrambled_identifiers
from core.popularity.splits import MIN_STYLES, Fold, forward_folds, group_codes, grouped_folds
from core.popularity.vectors import MIN_PHOTOS, embed_photos, image_vectors, stored_vectors
from core.popularity.versions import keep
from core.popularity.weekly import FOLDER, with_weekly

MODELS = ("linear", "image", "deep")
MIN_PHOTO_SHARE = 0.5
"""From which share of items with a photo the deep model reads photos: where few have one, which
ones do can tell how they sold, and the model would learn that instead of the photo."""
BLIND = {
    "image": "gives each of them the average item's prediction.",
    "deep": "predicts them from their other fields.",
}
"""What a model does with items that have no photo, as the end of a sentence."""

FOLD_METRICS = ("spearman", "coverage_80", "coverage_90")
"""What the scoreboard tells of each fold."""

Progress = Callable[[float, str], None]
"""Called with the share done, 0..1, and what is going on."""


def train(
    catalog: Catalog,
    model_dir: str | Path,
    *,
    models: Sequence[str] | None = None,
    target: str | None = None,
    include_post_launch: bool = False,
    skip_unavailable: bool = False,
    on_progress: Progress | None = None,
) -> Scoreboard:
    """Score models on later seasons and held-out styles, refit them on everything, write them.

    The folder is replaced as a whole at the end; a killed run leaves the old one. What it held is
    kept as an earlier run (see `core.popularity.versions`).

    Args:
        catalog: with a target.
        model_dir: a new folder, or one that holds models.
        models: of `MODELS`; None for every one that this catalog allows, the others are reported in
            `Scoreboard.skipped`.
        target: column to learn, instead of the one with the role.
        include_post_launch: let models read ratings, reviews and post-launch columns.
        skip_unavailable: report models that this catalog does not allow, also where `models` names
            them, as long as another is left.
        on_progress: told of each step.

    Raises:
        ModelError: nothing to learn from, an unknown model, or a folder that holds something else.
        OSError: the disk is full or not writable; the old models are untouched.
    """
    report = on_progress or (lambda share, message: None)
    chosen = list(MODELS) if models is None else list(dict.fromkeys(models))
    _check_names(chosen)
    out = _checked_folder(model_dir)
    if target is not None:
        catalog = with_target(catalog, target)
    rows = labelled_rows(catalog)
    _check_styles(catalog, rows)
    makers: dict[str, Callable[[], PopularityModel]] = {REFERENCE: CategoryMean}
    skipped: dict[str, str] = {}
    for name in chosen:
        try:
            makers[name] = model_maker(name, catalog, rows, include_post_launch, report)
        except (ModelError, CheckpointMissing) as error:
            if not (models is None or skip_unavailable) or not _others(name, chosen, skipped):
                raise
            skipped[name] = str(error)
    forward = forward_folds(catalog, rows)
    grouped = [
        Fold(str(i + 1), np.delete(rows, held_out), rows[held_out])
        for i, held_out in enumerate(grouped_folds(group_codes(catalog)[rows]))
    ]
    report(0.3, "Looking for what could leak the target")
    findings = find_leaks(
        catalog,
        [*forward, *grouped],
        stored_vectors(catalog),
        include_post_launch=include_post_launch,
    )
    tables, scores, fitted = [], {}, {}
    fits = len(forward) + len(grouped) + 1
    for i, (name, make) in enumerate(makers.items()):
        step = _steps(report, name, 0.3 + 0.7 * i / len(makers), 0.7 / len(makers) / (fits + 1))
        unseen = predict_out_of_fold(name, make, catalog, forward, grouped, step)
        step("adding up its scores")
        scores[name] = _scores(unseen.table, catalog, forward, grouped)
        tables.append(unseen.table)
        if name != REFERENCE:
            step("learning from all items")
            model = make().fit(catalog, rows)
            assert model.calibration is not None
            model.calibration = unseen.final(model.calibration)
            fitted[name] = model
            if isinstance(model, BlockModel) and IMAGE_PLAYER in model.players:
                scores[name] = _with_photo_note(scores[name], model, catalog, rows)
    report(0.99, "Scoring the forecasts week by week")
    scores, curves = with_weekly(scores, catalog, rows, tables, forward, grouped)
    findings = worst_first([*findings, scrambled_identifiers(fitted, catalog, rows)])
    promoted = max(fitted, key=lambda m: scores[m].headline["spearman"]["value"] or -1.0)
    board = Scoreboard(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        catalog=catalog.name,
        data_hash=catalog.content_hash,
        target=str(catalog.column(Role.TARGET)),
        unit=catalog.unit,
        items=len(rows),
        items_without_target=len(catalog) - len(rows),
        include_post_launch=include_post_launch,
        split=_describe(forward, catalog),
        columns=[
            {"name": f.name, "role": str(f.role)}
            for f in feature_columns(catalog, include_post_launch=include_post_launch)
        ],
        promoted=promoted,
        models=scores,
        skipped=skipped,
        notice=catalog.notice,
        findings=findings,
    )
    _write(out, board, pd.concat(tables, ignore_index=True), fitted, curves)
    report(1.0, f"Done: the {promoted} model ranks")
    return board


def with_target(catalog: Catalog, column: str) -> Catalog:
    """The catalog with another column as its target; the old target loses its role.

    Raises:
        CatalogError: there is no such column, or it does not hold numbers.
    """
    if column not in catalog.frame.columns:
        raise CatalogError(
            f"The catalog “{catalog.name}” has no column “{column}”. Choose one of: "
            + ", ".join(map(str, catalog.frame.columns))
            + "."
        )
    try:
        values = pd.to_numeric(catalog.frame[column].astype(object)).astype("float64")
    except (TypeError, ValueError) as error:
        raise CatalogError(
            f"The column “{column}” cannot be the target: it holds something else than numbers"
            f" ({error})."
        ) from error
    roles = {c: r for c, r in catalog.roles.items() if r != Role.TARGET}
    same = catalog.roles.get(column) == Role.TARGET
    return replace(
        catalog,
        frame=catalog.frame.assign(**{column: values}),
        roles={**roles, column: Role.TARGET},
        unit=catalog.unit if same else column,
    )


def _check_names(chosen: Sequence[str]) -> None:
    for name in chosen:
        if name not in MODELS:
            raise ModelError(f"There is no model “{name}”. Choose from: {', '.join(MODELS)}.")
    if not chosen:
        raise ModelError(f"Name at least one model to train: {', '.join(MODELS)}.")


def _check_styles(catalog: Catalog, rows: np.ndarray) -> None:
    styles = len(np.unique(group_codes(catalog)[rows]))
    if styles < MIN_STYLES:
        raise ModelError(
            f"The {len(rows):,} items with a target belong to only {styles} styles (column"
            f" “{', '.join(catalog.columns(Role.GROUP))}”); training needs at least {MIN_STYLES}."
        )


def _checked_folder(model_dir: str | Path) -> Path:
    out = Path(os.path.abspath(model_dir))  # noqa: PTH100 - a link stays a link
    restore_folder(out)
    if out.exists() and not (
        out.is_dir() and ((out / "scoreboard.json").is_file() or not any(out.iterdir()))
    ):
        raise ModelError(
            f"{out} holds something other than trained models. Choose an empty or a new folder."
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.new-", dir=out.parent):
        pass  # better now than after an hour of training
    return out


def _others(name: str, chosen: Sequence[str], skipped: dict[str, str]) -> bool:
    return any(other not in skipped for other in chosen if other != name)


def model_maker(
    name: str, catalog: Catalog, rows: np.ndarray, include_post_launch: bool, report: Progress
) -> Callable[[], PopularityModel]:
    """What makes an unfitted model of that name for a catalog; its photos are embedded first.

    Args:
        name: of `MODELS`.
        catalog: what the models will learn from.
        rows: items with a target.
        include_post_launch: let models read ratings, reviews and post-launch columns.
        report: told how far the reading of the photos is.

    Raises:
        ModelError: the catalog has no columns, or too few photos, for this model.
        CheckpointMissing: no CLIP checkpoint is there to read the photos.
    """
    columns = feature_columns(catalog, include_post_launch=include_post_launch)
    if name in ("linear", "deep") and not columns:
        raise ModelError(
            f"The catalog “{catalog.name}” has no column that the {name} model can learn from."
            " Give the columns roles (category, attribute, price, ...) when importing."
        )
    if name == "linear":
        return lambda: AdditiveModel("linear", include_post_launch=include_post_launch)
    if name == "deep":
        checkpoint = ""
        shown = sum(bool(catalog.image_paths(row)) for row in rows)
        if shown >= max(MIN_PHOTOS, MIN_PHOTO_SHARE * len(rows)):
            checkpoint, photos = _read_photos(catalog, rows, report)
            checkpoint = checkpoint if photos >= MIN_PHOTOS else ""
        return lambda: DeepModel(include_post_launch=include_post_launch, checkpoint=checkpoint)
    checkpoint, photos = _read_photos(catalog, rows, report)
    if photos < MIN_PHOTOS:
        raise ModelError(
            f"Only {photos} items of the catalog “{catalog.name}” have both a target and a photo;"
            f" the image model needs at least {MIN_PHOTOS}."
        )
    return lambda: AdditiveModel("image", checkpoint=checkpoint)


def _read_photos(catalog: Catalog, rows: np.ndarray, report: Progress) -> tuple[str, int]:
    """The checkpoint that reads the photos, and how many of these rows have one."""
    report(0.0, "Reading the photos")
    checkpoint = embed_photos(
        catalog,
        on_progress=lambda done, total: report(
            0.3 * done / max(total, 1), f"Reading the photos: {done:,} of {total:,}"
        ),
    )
    return checkpoint, int(np.isfinite(image_vectors(catalog, checkpoint)[rows]).all(axis=1).sum())


def _steps(report: Progress, name: str, start: float, size: float) -> Callable[[str], None]:
    """A reporter that moves on by one step each time it is called."""
    done = count()
    words = "category average" if name == REFERENCE else f"{name} model"
    return lambda what: report(start + size * next(done), f"The {words}: {what}")


def _scores(
    table: pd.DataFrame, catalog: Catalog, forward: Sequence[Fold], grouped: Sequence[Fold]
) -> ModelScores:
    found: dict[str, Scores] = {"forward": {}, "grouped": {}}
    folds: list[dict[str, Any]] = []
    for split, parts in (("forward", forward), ("grouped", grouped)):
        if not parts:
            continue
        part = table[table["split"] == split]
        found[split] = score_table(part, catalog)
        for fold in parts:
            own = part[part["fold"] == fold.label]
            folds.append(
                {
                    "split": split,
                    "label": fold.label,
                    "learned_from": len(fold.train),
                    "scored_on": len(fold.test),
                    **score_table(own, catalog, metrics=FOLD_METRICS),
                }
            )
    return ModelScores(found["forward"], found["grouped"], folds)


def score_table(table: pd.DataFrame, catalog: Catalog, metrics: Sequence[str] = METRICS) -> Scores:
    """Scores of predictions for items of a catalog, with its categories and styles."""
    rows = catalog.ids.get_indexer(pd.Index(table["item_id"]))
    column = catalog.column(Role.CATEGORY)
    categories = None
    if column is not None:
        categories = catalog.frame[column].iloc[rows].astype(object).to_numpy()
    groups = group_codes(catalog)[rows]
    return score(table.reset_index(drop=True), categories, groups, metrics=metrics)


def _with_photo_note(
    scores: ModelScores, model: PopularityModel, catalog: Catalog, rows: np.ndarray
) -> ModelScores:
    assert isinstance(model, BlockModel)
    without = int(np.isnan(image_vectors(catalog, model.checkpoint)[rows]).any(axis=1).sum())
    if not without:
        return scores
    note = (
        f"{without:,} of {len(rows):,} items have no photo; this model "
        + BLIND["image" if len(model.players) == 1 else "deep"]
    )
    return replace(scores, items_without_photo=without, note=note)


def _describe(forward: Sequence[Fold], catalog: Catalog) -> str:
    styles = ", with all variants of a style on one side" if catalog.columns(Role.GROUP) else ""
    if forward:
        labels = ", ".join(fold.label for fold in forward)
        return (
            f"Forward in time{styles}: each of {labels} is predicted by a model that learned only"
            " from what was released before it."
        )
    return (
        f"By item{styles}: five parts, each predicted by a model that learned from the other four."
        " The catalog has no release dates to split by, so these scores say nothing about change"
        " over time."
    )


def _write(
    out: Path,
    board: Scoreboard,
    table: pd.DataFrame,
    fitted: dict[str, PopularityModel],
    curves: Curves | None,
) -> None:
    new = Path(tempfile.mkdtemp(prefix=f".{out.name}.new-", dir=out.parent))
    try:
        new.chmod(0o755)
        board.save(new)
        numbers = table.select_dtypes("float64").columns
        table.astype(dict.fromkeys(numbers, "float32")).to_parquet(
            new / "out_of_fold.parquet", index=False, compression="zstd"
        )
        for name, model in fitted.items():
            model.save(new / name)
            write_card(new / name, name, board, model.calibration)
        if curves is not None:
            curves.save(new / FOLDER)
        (new / "README.md").write_text(folder_text(board), encoding="utf-8")
        keep(out)
        replace_folder(new, out)
    finally:
        shutil.rmtree(new, ignore_errors=True)
