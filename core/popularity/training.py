"""Training a folder of models, scored honestly before they are refitted on everything."""

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.errors import CatalogError, CheckpointMissing, ModelError
from core.folders import replace_folder, restore_folder
from core.popularity.additive import IMAGE_PLAYER, AdditiveModel, BlockModel
from core.popularity.blend import BLEND, BlendModel, Member
from core.popularity.card import folder_text, write_card
from core.popularity.columns import feature_columns
from core.popularity.curves import Curves
from core.popularity.deep import DeepModel
from core.popularity.leakage import find_leaks, worst_first
from core.popularity.model import PopularityModel, labelled_rows
from core.popularity.out_of_fold import Fit, predict_out_of_fold
from core.popularity.reference import CategoryMean, NearestItems
from core.popularity.scoreboard import (
    AT_LAUNCH,
    NEIGHBOURS,
    REFERENCE,
    ModelScores,
    Scoreboard,
)
from core.popularity.scoring import describe_split, score_splits
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

WORDS = {REFERENCE: "category average", NEIGHBOURS: "mean of the most alike items", BLEND: BLEND}
"""What a line is called while it is made, other than by its model's name."""

Learned = TypeVar("Learned", bound=PopularityModel)
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
            `Scoreboard.skipped`. Two or more are also blended, whether ``blend`` is named or not;
            a blend that does not win on items held out in training is reported there as well.
        target: column to learn, instead of the one with the role.
        include_post_launch: let models read ratings, reviews and post-launch columns. They rank;
            the same models without these columns are scored on lines of their own (`AT_LAUNCH`).
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
    skipped: dict[str, str] = {}
    makers: dict[str, Callable[[], Member]] = {}
    for name in (n for n in chosen if n != BLEND):
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
    lines = _lines(makers, catalog, rows, include_post_launch, report)
    if BLEND in chosen and BLEND not in lines:
        skipped[BLEND] = "Only one other model could be trained, and a blend needs two."
    tables, scores, fitted = [], {}, {}
    fits = len(forward) + len(grouped) + 1
    for i, (name, fit) in enumerate(lines.items()):
        step = _steps(report, name, 0.3 + 0.7 * i / len(lines), 0.7 / len(lines) / (fits + 1))
        if name.startswith(BLEND):
            step("choosing its weights")
            blend = lines[BLEND](rows)
            assert isinstance(blend, BlendModel)
            if not blend.wins:
                skipped[BLEND] = blend.verdict
                continue
        unseen = predict_out_of_fold(name, fit, catalog, forward, grouped, step)
        step("adding up its scores")
        scores[name] = score_splits(unseen.table, catalog, forward, grouped)
        tables.append(unseen.table)
        if name in makers or name == BLEND:
            step("learning from all items")
            model = copy(fit(rows))
            assert model.calibration is not None
            model.calibration = unseen.final(model.calibration)
            fitted[name] = model
            assert isinstance(model, BlockModel)
            scores[name] = _with_note(scores[name], model, catalog, rows)
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
        split=describe_split(forward, catalog),
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
    known = (*MODELS, BLEND)
    for name in chosen:
        if name not in known:
            raise ModelError(f"There is no model “{name}”. Choose from: {', '.join(known)}.")
    if not chosen:
        raise ModelError(f"Name at least one model to train: {', '.join(known)}.")
    if BLEND in chosen and len(chosen) < 3:
        raise ModelError(f"A blend needs at least two models: name two of {', '.join(MODELS)} too.")


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
) -> Callable[[], Member]:
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


def _lines(
    makers: Mapping[str, Callable[[], Member]],
    catalog: Catalog,
    rows: np.ndarray,
    include_post_launch: bool,
    report: Progress,
) -> dict[str, Fit]:
    """What learns from rows, for every line of the scoreboard; blends after their members."""

    def learning(make: Callable[[], Member]) -> Callable[[np.ndarray], Member]:
        return _once(lambda rows: make().fit(catalog, rows))

    def blending(members: Mapping[str, Callable[[np.ndarray], Member]]) -> Fit:
        return _once(
            lambda rows: BlendModel({name: fit(rows) for name, fit in members.items()}).combine(
                catalog, rows
            )
        )

    late = {name: learning(make) for name, make in makers.items()}
    launch = {}
    for name in (n for n in makers if n != "image" and include_post_launch):
        with suppress(ModelError):  # no column is known at launch
            launch[name] = learning(model_maker(name, catalog, rows, False, report))
    lines: dict[str, Fit] = {
        REFERENCE: lambda rows: CategoryMean().fit(catalog, rows),
        NEIGHBOURS: lambda rows: NearestItems().fit(catalog, rows),
        **late,
        **{name + AT_LAUNCH: fit for name, fit in launch.items()},
    }
    if len(late) > 1:
        lines[BLEND] = blending(late)
        if launch:
            lines[BLEND + AT_LAUNCH] = blending(late | launch)
    return lines


def _once(learn: Callable[[np.ndarray], Learned]) -> Callable[[np.ndarray], Learned]:
    """Learning that remembers what was learned from the same rows."""
    found: dict[bytes, Learned] = {}

    def fit(rows: np.ndarray) -> Learned:
        key = rows.tobytes()
        if key not in found:
            found[key] = learn(rows)
        return found[key]

    return fit


def _steps(report: Progress, name: str, start: float, size: float) -> Callable[[str], None]:
    """A reporter that moves on by one step each time it is called."""
    done = count()
    words = WORDS.get(name) or f"{name.removesuffix(AT_LAUNCH)} model"
    if name.endswith(AT_LAUNCH):
        words += " without what is known only after launch"
    return lambda what: report(start + size * next(done), f"The {words}: {what}")


def _with_note(
    scores: ModelScores, model: BlockModel, catalog: Catalog, rows: np.ndarray
) -> ModelScores:
    notes, without = [], 0
    if isinstance(model, BlendModel):
        notes.append(model.mix)
    if IMAGE_PLAYER in model.players:
        without = int(np.isnan(image_vectors(catalog, model.checkpoint)[rows]).any(axis=1).sum())
    if without:
        notes.append(
            f"{without:,} of {len(rows):,} items have no photo; this model "
            + BLIND["image" if len(model.players) == 1 else "deep"]
        )
    return replace(scores, items_without_photo=without, note=" ".join(notes))


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
