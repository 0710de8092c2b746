"""Choosing what ranks, keeping earlier training runs, going back."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.errors import ModelError
from core.popularity import training, versions
from core.popularity.additive import AdditiveModel
from core.popularity.ranking import load_model, rank
from core.popularity.scoreboard import load_scoreboard
from core.popularity.training import train
from core.popularity.versions import compare, go_back, keep, promote
from core.popularity.versions import versions as earlier
from tests.core.popularity.synthetic import make_catalog


@pytest.fixture(scope="module")
def catalog():
    return make_catalog(160)


@pytest.fixture(scope="module")
def two_models(catalog, tmp_path_factory):
    """A folder with a linear model and another one beside it, which does not rank."""
    folder = tmp_path_factory.mktemp("models") / "made"
    board = train(catalog, folder, models=["linear"])
    other = AdditiveModel.load(folder / "linear")
    other.name, other.coefficients = "image", -other.coefficients
    other.save(folder / "image")
    replace(board, models={**board.models, "image": board.models["linear"]}).save(folder)
    table = pd.read_parquet(folder / "out_of_fold.parquet")
    own = table[table["model"] == "linear"].assign(model="image")
    own["predicted"] = 1 / (1 + own["predicted"])
    pd.concat([table, own]).to_parquet(folder / "out_of_fold.parquet", index=False)
    return folder


@pytest.fixture
def folder(two_models, tmp_path):
    shutil.copytree(two_models, tmp_path / "made")
    return tmp_path / "made"


def with_date(folder, day):
    """The folder as if it had been trained on another day."""
    replace(load_scoreboard(folder), date=f"2026-01-{day:02d}T10:00:00+00:00").save(folder)


def files(folder):
    return {p.relative_to(folder): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_chosen_model_ranks_and_the_choice_is_told(folder, catalog):
    before = rank(catalog, folder)
    board = promote(folder, "image", who=" Ada ", why="photos only")
    assert load_scoreboard(folder) == board and board.trained == ["image", "linear"]
    choice = board.choices[-1]
    assert (choice.model, choice.before, choice.who, choice.why) == (
        "image",
        "linear",
        "Ada",
        "photos only",
    )
    after = rank(catalog, folder)
    assert after.attrs["model"] == "image"
    assert compare(before, after).spearman == pytest.approx(-1, abs=0.01)
    ranks = "This is the model that ranks."
    assert ranks in (folder / "image" / "card.md").read_text()
    assert ranks not in (folder / "linear" / "card.md").read_text()
    assert "[image](image/card.md), ranks" in (folder / "README.md").read_text()


def test_choosing_back_gives_the_same_models_and_remembers_both(folder, catalog):
    before = rank(catalog, folder)
    promote(folder, "image")
    board = promote(folder, "linear")
    pd.testing.assert_frame_equal(rank(catalog, folder), before)
    assert [c.model for c in board.choices] == ["image", "linear"]


def test_a_model_that_is_not_there_cannot_be_chosen(folder):
    was = files(folder)
    with pytest.raises(ModelError, match="no model “deep”"):
        promote(folder, "deep")
    assert files(folder) == was


def test_models_that_are_not_to_be_changed_are_copied(folder, tmp_path):
    was = files(folder)
    promote(folder, "image", into=tmp_path / "own" / "made")
    assert files(folder) == was
    assert load_scoreboard(tmp_path / "own" / "made").promoted == "image"
    assert load_model(tmp_path / "own" / "made").name == "image"


def test_a_choice_does_not_undo_a_training_that_ended_meanwhile(folder, monkeypatch):
    real = versions.write_card

    def trained_meanwhile(*args):
        real(*args)
        with_date(folder, 20)

    monkeypatch.setattr(versions, "write_card", trained_meanwhile)
    with pytest.raises(ModelError, match="meanwhile"):
        promote(folder, "image")
    assert load_scoreboard(folder).date.startswith("2026-01-20")
    assert load_scoreboard(folder).promoted == "linear"
    assert [p.name for p in folder.parent.iterdir()] == ["made"]


def test_training_again_keeps_the_earlier_run(catalog, tmp_path, monkeypatch):
    folder = tmp_path / "made"
    train(catalog, folder, models=["linear"])
    with_date(folder, 1)
    was = files(folder)
    train(make_catalog(120, seed=4), folder, models=["linear"])
    (kept,) = earlier(folder)
    assert files(kept.directory) == was and kept.board.items == 160
    board = go_back(folder, kept.run, who="Ada")
    assert board.items == 160 and board.choices[-1].action == "restored"
    now = files(folder)
    for name, content in was.items():
        if name.name != "scoreboard.json":
            assert now[name] == content
    (newer,) = earlier(folder)
    assert newer.board.items == 120
    assert go_back(folder, newer.run).items == 120, "and forth again"


def test_the_last_five_in_use_are_kept(folder):
    for day in range(1, 8):
        with_date(folder, day)
        keep(folder)
    with_date(folder, 8)
    assert [v.board.date[8:10] for v in earlier(folder)] == ["07", "06", "05", "04", "03"]
    go_back(folder, earlier(folder)[-1].run)  # day 3 is in use, day 8 is kept
    assert load_scoreboard(folder).date[8:10] == "03"
    assert [v.board.date[8:10] for v in earlier(folder)] == ["08", "07", "06", "05", "04"]
    keep(folder)
    with_date(folder, 9)
    assert [v.board.date[8:10] for v in earlier(folder)] == ["03", "08", "07", "06", "05"]


def test_a_run_that_is_not_kept_gives_a_sentence(folder):
    with pytest.raises(ModelError, match="not kept any more"):
        go_back(folder, "2020-01-01T000000")
    assert earlier(folder) == []


def test_a_run_that_cannot_rank_any_more_is_not_put_back(folder):
    with_date(folder, 1)
    keep(folder)
    with_date(folder, 2)
    (old,) = earlier(folder)
    (old.directory / "linear" / "model.json").write_text("{")
    with pytest.raises(ModelError, match="cannot be read"):
        go_back(folder, old.run)
    assert load_scoreboard(folder).date[8:10] == "02"


def test_models_of_another_folder_can_be_gone_back_to(folder, tmp_path):
    own = tmp_path / "own" / "made"
    keep(folder, beside=own)
    shutil.copytree(folder, own)
    with_date(own, 9)
    (came,) = earlier(own)
    assert files(came.directory) == files(folder) and earlier(folder) == []
    assert go_back(own, came.run).date == load_scoreboard(folder).date


@pytest.mark.parametrize("step", range(3))
def test_a_kill_at_any_rename_loses_neither_run(folder, monkeypatch, step):
    with_date(folder, 1)
    keep(folder)
    with_date(folder, 2)
    (old,) = earlier(folder)
    rename, done = type(folder).rename, []

    def killed(path, target):
        if len(done) == step:
            raise KeyboardInterrupt
        done.append(target)
        return rename(path, target)

    monkeypatch.setattr(type(folder), "rename", killed)
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)  # a killed process cleans nothing
    with pytest.raises(KeyboardInterrupt):
        go_back(folder, old.run)
    monkeypatch.undo()
    runs = {load_scoreboard(folder).date[8:10], *(v.board.date[8:10] for v in earlier(folder))}
    assert runs == {"01", "02"}


def test_a_damaged_folder_does_not_stop_the_next_training(catalog, tmp_path):
    folder = tmp_path / "made"
    train(catalog, folder, models=["linear"])
    (folder / "scoreboard.json").write_text("{")
    training.train(catalog, folder, models=["linear"])
    assert load_scoreboard(folder).items == 160 and earlier(folder) == []


def test_a_scoreboard_without_choices_still_loads(folder):
    path = folder / "scoreboard.json"
    lines = path.read_text().replace(',\n "choices": []', "")
    assert "choices" not in lines
    path.write_text(lines)
    assert load_scoreboard(folder).choices == []


def test_how_far_two_rankings_differ_by_hand():
    before = pd.DataFrame({"item_id": list("abcdef"), "rank": range(1, 7)})
    after = pd.DataFrame({"item_id": list("badcfe"), "rank": range(1, 7)})
    change = compare(before, after, top=3)
    assert change.items == 6 and change.top == 3
    assert change.entered == 1  # b a d against a b c
    d = np.array([1, 1, 1, 1, 1, 1])
    assert change.spearman == pytest.approx(1 - 6 * (d**2).sum() / (6 * 35))
    same = compare(before, before)
    assert (same.spearman, same.entered, same.top) == (pytest.approx(1), 0, 6)
