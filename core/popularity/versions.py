"""Which model ranks, and the earlier training runs of a folder: choose, keep, go back.

Earlier runs lie beside the folder, in ``.NAME.versions/RUN``. A folder is only ever replaced as a
whole by a finished copy, and what it held is kept before: a process killed at any moment leaves the
old state or the new one, and at most a copy too many.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import ModelError
from core.folders import replace_folder, restore_folder
from core.popularity.card import folder_text, write_card
from core.popularity.metrics import spearman
from core.popularity.ranking import load_model
from core.popularity.scoreboard import Choice, Scoreboard, load_scoreboard

KEPT = 5
"""Most earlier training runs of a folder that are kept; the one longest out of use goes first."""
TOP = 50


@dataclass(frozen=True)
class Version:
    """An earlier training run: the folder that holds its models, and its scoreboard."""

    directory: Path
    board: Scoreboard

    @property
    def run(self) -> str:
        """What names the run; unique within a folder."""
        return self.directory.name


@dataclass(frozen=True)
class RankingChange:
    """How far two rankings of the same items differ.

    Attributes:
        items: that stand in both.
        spearman: rank correlation of the two orders, -1..1; NaN for fewer than two items.
        top: how many of the first places are looked at.
        entered: items among the first `top` afterwards that were not before.
    """

    items: int
    spearman: float
    top: int
    entered: int


def versions(model_dir: str | Path) -> list[Version]:
    """Earlier training runs that can be put back, latest in use first; not the current one.

    Runs whose scoreboard cannot be read are left out: there is nothing to go back to.
    """
    out = _absolute(model_dir)
    current = _run(load_scoreboard(out)) if (out / "scoreboard.json").is_file() else ""
    found = []
    for directory in _kept(out):
        try:
            if directory.name != current:
                found.append(Version(directory, load_scoreboard(directory)))
        except ModelError:
            continue
    return found


def keep(model_dir: str | Path, *, beside: str | Path | None = None) -> None:
    """Copy the models of a folder to its earlier runs; call it before the folder is replaced.

    At most `KEPT` runs stay. A folder without models, or with a damaged scoreboard, is not kept.

    Args:
        model_dir: trained models.
        beside: the folder whose earlier run they are to be, where that is another one.

    Raises:
        OSError: the disk is full or not writable.
    """
    source = _absolute(model_dir)
    out = source if beside is None else _absolute(beside)
    if not (source / "scoreboard.json").is_file():
        return
    try:
        run = _run(load_scoreboard(source))
    except ModelError:
        return
    store = _store(out)
    store.mkdir(parents=True, exist_ok=True)
    with _copy(source, store / run) as new:
        os.utime(new)  # when it was last in use
        replace_folder(new, store / run)
    for old in _kept(out)[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


def promote(
    model_dir: str | Path,
    name: str,
    *,
    who: str = "",
    why: str = "",
    into: str | Path | None = None,
) -> Scoreboard:
    """Let another model of a folder rank; cards and notes say so, and the decision is recorded.

    Args:
        model_dir: trained models.
        name: one of them.
        who, why: recorded as given.
        into: the folder to write, where the models themselves are not to be changed (those that
            come with the project).

    Raises:
        ModelError: no such model, or the folder was trained again meanwhile.
        OSError: the disk is full or not writable; what ranked still does.
    """
    source = _absolute(model_dir)
    board = load_scoreboard(source)
    if name not in board.trained:
        raise ModelError(
            f"{model_dir} holds no model “{name}”. Choose from: {', '.join(board.trained)}."
        )
    choice = Choice(_now(), "promoted", name, board.promoted, who.strip(), why.strip())
    changed = replace(board, promoted=name, choices=[*board.choices, choice])
    out = source if into is None else _absolute(into)
    out.parent.mkdir(parents=True, exist_ok=True)
    with _copy(source, out) as new:
        changed.save(new)
        for model in changed.trained:
            write_card(new / model, model, changed, load_model(source, model).calibration)
        (new / "README.md").write_text(folder_text(changed), encoding="utf-8")
        if load_scoreboard(source) != board:
            raise ModelError(
                "The models were trained or chosen again meanwhile, in another window or by a"
                " command. Look at the new scores and choose again."
            )
        replace_folder(new, out)
    return changed


def go_back(model_dir: str | Path, run: str, *, who: str = "", why: str = "") -> Scoreboard:
    """Put an earlier training run back; the one that it replaces is kept like any other.

    Raises:
        ModelError: there is no such run, or what ranked in it cannot be read any more.
        OSError: the disk is full or not writable; nothing has changed.
    """
    out = _absolute(model_dir)
    version = next((v for v in versions(out) if v.run == run), None)
    if version is None:
        raise ModelError(
            f"The earlier models “{run}” are not kept any more; the last {KEPT} training runs are."
        )
    load_model(version.directory)  # of no use if an older program wrote what this one cannot read
    before = load_scoreboard(out).date
    choice = Choice(_now(), "restored", version.board.promoted, before, who.strip(), why.strip())
    board = replace(version.board, choices=[*version.board.choices, choice])
    with _copy(version.directory, out) as new:
        board.save(new)
        keep(out)
        replace_folder(new, out)
    return board


def compare(before: pd.DataFrame, after: pd.DataFrame, top: int = TOP) -> RankingChange:
    """How far a ranking differs from another (both as of `core.popularity.ranking.rank`).

    Items that stand in only one of them are left out of the correlation, not of the top.
    """
    shared = before[["item_id", "rank"]].merge(after[["item_id", "rank"]], on="item_id")
    same = spearman(*shared[["rank_x", "rank_y"]].to_numpy(dtype=np.float64).T)
    top = min(top, len(after))
    first = set(before.nsmallest(top, "rank")["item_id"])
    entered = [item for item in after.nsmallest(top, "rank")["item_id"] if item not in first]
    return RankingChange(len(shared), same, top, len(entered))


@contextmanager
def _copy(source: Path, out: Path) -> Iterator[Path]:
    """A copy of a folder beside where it is to go; what is left of it at the end is removed."""
    new = Path(tempfile.mkdtemp(prefix=f".{out.name}.new-", dir=out.parent))
    try:
        shutil.copytree(source, new, dirs_exist_ok=True)
        yield new
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _absolute(model_dir: str | Path) -> Path:
    out = Path(os.path.abspath(model_dir))  # noqa: PTH100 - a link stays a link
    restore_folder(out)
    return out


def _store(out: Path) -> Path:
    return out.parent / f".{out.name}.versions"


def _kept(out: Path) -> list[Path]:
    """Folders of earlier runs, latest in use first."""
    store = _store(out)
    if not store.is_dir():
        return []
    for left in store.glob(".*.previous"):
        restore_folder(store / left.name[1 : -len(".previous")])
    found = [path for path in store.iterdir() if not path.name.startswith(".")]
    return sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)


def _run(board: Scoreboard) -> str:
    return "".join(c for c in board.date.partition("+")[0] if c.isalnum() or c == "-")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
