"""How much better the models get with more items to learn from, and whether more would help."""

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.errors import ModelError
from core.popularity.metrics import spearman
from core.popularity.model import MIN_ITEMS, PopularityModel, labelled_rows
from core.popularity.scoreboard import Scoreboard, load_scoreboard
from core.popularity.splits import MIN_STYLES, Fold, forward_folds, group_codes, grouped_folds

SHARES = (0.1, 0.2, 0.4, 0.7, 1.0)
DRAWS = 3
FILE = "learning_curve.json"

Progress = Callable[[float, str], None]
"""Called with the share done, 0..1, and what is going on; an error that it raises stops the run."""


@dataclass(frozen=True)
class Point:
    """One model, fitted once.

    Attributes:
        share: of the items that could be learned from, 0..1, before styles were kept whole.
        draw: which draw of styles; the draws of a model and share differ in nothing else.
        items: learned from.
        spearman: on the test items, -1..1; None where the model predicts the same for all.
    """

    model: str
    share: float
    draw: int
    items: int
    spearman: float | None


@dataclass(frozen=True)
class LearningCurve:
    """Scores on the same test items after learning from fewer or more others.

    Attributes:
        trained: date of the training run that it belongs to, as on its scoreboard.
        date: when the curve was computed, ISO 8601 in UTC.
        split: ``forward`` (the last season) or ``grouped`` (held-out styles).
        label: which fold of that split was predicted.
        scored_on: items in it.
        points: one a fit.
    """

    trained: str
    date: str
    split: str
    label: str
    scored_on: int
    points: list[Point]


def compute_learning_curve(
    catalog: Catalog,
    model_dir: str | Path,
    *,
    models: Sequence[str] | None = None,
    draws: int = DRAWS,
    on_progress: Progress | None = None,
) -> LearningCurve:
    """Fit models on shares of the past, predict the last season, write the scores to the folder.

    Shares are of whole styles, drawn by lot, the smaller ones inside the larger ones; all items are
    learned from once. A share of fewer items or styles than training needs is left out. Without
    release dates the first part of held-out styles is predicted.

    Args:
        catalog: that the models were trained on.
        model_dir: the trained models; the curve is written to `FILE` in it.
        models: which of them; all by default.
        draws: of styles, for every share under 1.
        on_progress: told of each fit.

    Raises:
        ModelError: another catalog, an unknown model, or the folder was trained again meanwhile.
        CheckpointMissing: no CLIP checkpoint is there to read the photos.
        OSError: the folder is not writable; an earlier curve stays.
    """
    from core.popularity.training import MODELS, with_target

    report = on_progress or (lambda share, message: None)
    board = load_scoreboard(model_dir)
    if board.data_hash != catalog.content_hash:
        raise ModelError(
            f"The models were trained on “{board.catalog}” as it was then, not on the catalog"
            f" “{catalog.name}” as it is now. Train them on this one first."
        )
    names = [m for m in board.trained if m in MODELS] if models is None else list(models)
    for name in names:
        if name not in board.trained or name not in MODELS:
            raise ModelError(
                f"{model_dir} holds no model “{name}” that can be trained again. Choose from: "
                + ", ".join(m for m in board.trained if m in MODELS)
                + "."
            )
    if catalog.column(Role.TARGET) != board.target:
        catalog = with_target(catalog, board.target)
    rows = labelled_rows(catalog)
    split, fold = _last_fold(catalog, rows)
    samples = _samples(fold.train, group_codes(catalog)[fold.train], draws)
    points = []
    for i, name in enumerate(names):
        start, size = i / len(names), 1 / len(names)
        points += _points(name, catalog, rows, fold, samples, board, _part(report, start, size))
    now = datetime.now(UTC).isoformat(timespec="seconds")
    curve = LearningCurve(board.date, now, split, fold.label, len(fold.test), points)
    if load_scoreboard(model_dir).date != board.date:
        raise ModelError(
            "The models were trained again meanwhile, so this learning curve is not theirs. Compute"
            " it again."
        )
    _write(Path(model_dir), curve)
    report(1.0, "Done")
    return curve


def load_learning_curve(model_dir: str | Path) -> LearningCurve | None:
    """The curve beside the models of a folder; None where there is none of this training run.

    Raises:
        ModelError: the file, or the folder's scoreboard, is damaged.
    """
    path = Path(model_dir) / FILE
    trained = load_scoreboard(model_dir).date
    if not path.is_file():
        return None
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        curve = LearningCurve(**{**values, "points": [Point(**p) for p in values["points"]]})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} cannot be read ({error}). Compute it again.") from error
    return curve if curve.trained == trained else None


def _last_fold(catalog: Catalog, rows: np.ndarray) -> tuple[str, Fold]:
    forward = forward_folds(catalog, rows)
    if forward:
        return "forward", forward[-1]
    held_out = grouped_folds(group_codes(catalog)[rows])[0]
    return "grouped", Fold("1", np.delete(rows, held_out), rows[held_out])


def _samples(
    train: np.ndarray, groups: np.ndarray, draws: int
) -> list[tuple[float, int, np.ndarray]]:
    """Share, draw and rows to learn from, least first."""
    _, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    found = []
    for draw in range(draws):
        order = np.random.default_rng(draw).permutation(len(sizes))
        place = np.empty(len(sizes), dtype=np.int64)
        place[order] = np.arange(len(sizes))
        total = np.cumsum(sizes[order])
        for share in SHARES:
            styles = int(np.searchsorted(total, share * len(train) - 1e-9)) + 1
            chosen = train[place[codes] < styles]
            enough = len(chosen) >= MIN_ITEMS and styles >= MIN_STYLES
            if share == 1 and draw == 0:
                found.append((share, draw, train))
            elif share < 1 and enough:
                found.append((share, draw, chosen))
    return sorted(found, key=lambda sample: sample[:2])


def _points(
    name: str,
    catalog: Catalog,
    rows: np.ndarray,
    fold: Fold,
    samples: Sequence[tuple[float, int, np.ndarray]],
    board: Scoreboard,
    report: Progress,
) -> list[Point]:
    from core.popularity.training import model_maker

    actual = catalog.target()
    assert actual is not None
    sold = actual.to_numpy(dtype=np.float64)[fold.test]
    make: Callable[[], PopularityModel] = model_maker(
        name, catalog, rows, board.include_post_launch, report
    )
    work = np.cumsum([0, *(len(chosen) for _, _, chosen in samples)])
    points = []
    for (share, draw, chosen), done in zip(samples, work[:-1], strict=True):
        report(
            0.3 + 0.7 * done / work[-1],
            f"The {name} model learns from {len(chosen):,} of {len(fold.train):,} items",
        )
        output = make().fit(catalog, chosen).output(catalog, fold.test)
        value = spearman(sold, output)
        scored = round(value, 6) if np.isfinite(value) else None
        points.append(Point(name, share, draw, len(chosen), scored))
    return points


def _part(report: Progress, start: float, size: float) -> Progress:
    return lambda share, message: report(start + size * share, message)


def _write(model_dir: Path, curve: LearningCurve) -> None:
    text = json.dumps(asdict(curve), ensure_ascii=False, indent=1)
    handle, name = tempfile.mkstemp(prefix=f".{FILE}.", dir=model_dir)
    new = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        new.chmod(0o644)
        new.replace(model_dir / FILE)
    finally:
        new.unlink(missing_ok=True)
