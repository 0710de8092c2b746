"""The models part of the setup page: what ranks, other models, training, cards."""

import threading

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app import training_form
from core.catalog.catalog import write_catalog
from core.errors import CheckpointMissing
from core.popularity import metrics, training
from core.popularity.scoreboard import load_scoreboard
from core.popularity.training import train
from core.popularity.versions import versions
from tests.core.popularity.synthetic import as_catalog, make_catalog, make_frame


def script():
    from app import training_form

    training_form.show()


@pytest.fixture
def open_form(monkeypatch, tmp_path):
    """Opens the form on a written catalog, in a folder of its own without CLIP."""
    monkeypatch.setattr(metrics, "DRAWS", 20)
    monkeypatch.setenv("FASHION_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("FASHION_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("FASHION_CHECKPOINTS_DIR", str(tmp_path / "none"))

    def missing(catalog, **_):
        raise CheckpointMissing("There is no CLIP checkpoint on this machine.")

    monkeypatch.setattr(training, "embed_photos", missing)

    def form(catalog, name="made"):
        write_catalog(catalog, tmp_path / "data" / name)
        return AppTest.from_function(script, default_timeout=60).run(), tmp_path / "models" / name

    return form


def cards(form):
    return [e.label for e in form.expander if e.label.startswith("Model card")]


def press(form):
    form.button[0].click().run()
    assert not form.exception
    return form


def test_training_writes_models_and_shows_the_card(open_form):
    form, models = open_form(make_catalog(160))
    assert cards(form) == []
    press(form)
    board = load_scoreboard(models)
    assert board.trained == ["linear"] and not board.include_post_launch
    assert "ranks “made-0” now" in form.success[0].value
    text = "\n".join(m.value for m in [*form.markdown, *form.caption])
    assert "times in 100" in text and "There is no CLIP checkpoint" in text
    assert cards(form) == ["Model card: Details and text"]
    assert not form.button[0].disabled
    form.run()
    assert not form.success, "told once"


def test_the_models_that_came_with_the_demo_can_be_gone_back_to(open_form, tmp_path, monkeypatch):
    came = tmp_path / "checkpoints" / "popularity-demo"
    train(make_catalog(120, seed=2), came, models=["linear"])
    form, models = open_form(make_catalog(160), name="demo")
    monkeypatch.setenv("FASHION_CHECKPOINTS_DIR", str(came.parent))
    press(form)
    (earlier,) = versions(models)
    assert (earlier.board.items, load_scoreboard(models).items) == (120, 160)


def test_a_model_that_was_asked_for_alone_and_cannot_be_trained_gives_a_sentence(open_form):
    form, models = open_form(make_catalog(160))
    form.checkbox(key="train-linear").uncheck()
    press(form)
    assert "no CLIP checkpoint" in form.error[0].value and not models.exists()


def test_nothing_chosen_is_told(open_form):
    form, _ = open_form(make_catalog(160))
    form.checkbox(key="train-linear").uncheck()
    form.checkbox(key="train-image").uncheck()
    press(form)
    assert "at least one" in form.error[0].value


def test_late_columns_are_learned_from_only_when_ticked(open_form):
    form, models = open_form(make_catalog(160))
    form.checkbox(key="train-late").check()
    press(form)
    assert load_scoreboard(models).include_post_launch


def test_two_windows_do_not_train_the_same_models_at_once(open_form, monkeypatch):
    form, models = open_form(make_catalog(160))
    monkeypatch.setattr(training_form, "WAIT", 0.05)
    lock = training_form._locks().setdefault(str(models), threading.Lock())
    with lock:
        press(form)
    assert "another window" in form.error[0].value and not models.exists()
    press(form)
    assert models.exists()


def test_a_run_that_is_stopped_says_so_and_changes_nothing(open_form, monkeypatch):
    from streamlit.runtime.scriptrunner_utils.exceptions import StopException

    form, models = open_form(make_catalog(160))

    def stopped(*_, **__):
        raise StopException

    monkeypatch.setattr(training, "train", stopped)
    form.button[0].click().run()
    form.run()
    assert "stopped before its end" in form.warning[0].value and not models.exists()
    monkeypatch.undo()


def test_a_disk_that_cannot_be_written_gives_a_sentence(open_form, monkeypatch):
    form, _ = open_form(make_catalog(160))

    def full(*_, **__):
        raise OSError("No space left on device")

    monkeypatch.setattr(training, "write_card", full)
    press(form)
    assert "cannot be written to" in form.error[0].value


def test_without_a_target_there_is_no_form_but_other_models_can_rank(open_form, tmp_path):
    train(make_catalog(160), tmp_path / "models" / "past", models=["linear"])
    form, _ = open_form(make_catalog(60, seed=5, drop=("Sold", "Colour")))
    assert not form.button and "no popularity column" in form.info[0].value
    choice = form.selectbox[0]
    assert list(choice.options) == ["its own, once trained", "those of “made-0”"]
    choice.set_value("past").run()
    assert not form.exception
    assert form.query_params["models"] == "past"
    assert "lacks: Colour. Every item counts as average there." in form.warning[0].value
    assert "Train again" not in form.warning[0].value
    assert cards(form)[0] == "Model card: Details and text"


def test_models_of_another_version_are_told(open_form):
    form, _ = open_form(make_catalog(160))
    press(form)
    again, _ = open_form(make_catalog(160, seed=4))
    assert "another version" in again.warning[0].value
    assert "Train again" in again.warning[0].value


def test_leaks_are_told_before_training_starts(open_form):
    frame = make_frame(160)
    catalog = as_catalog(frame)
    form, _ = open_form(catalog)
    assert "No leak was found" in "\n".join(m.value for m in form.markdown)
    tier = pd.qcut(frame["Sold"], 6, labels=list("fedcba")).astype(str)
    form, _ = open_form(as_catalog(frame.assign(Colour=tier), "tiers"))
    text = "\n".join(m.value for m in form.markdown)
    assert ":material/error: **Serious.** “Colour” alone ranks unseen items" in text
