"""The popularity page's tab on the models: scores, slices, curves, versions, cards."""

import shutil
from dataclasses import replace

import pandas as pd

from app import jobs
from core.catalog.catalog import write_catalog
from core.popularity import learning_curve, versions
from core.popularity.additive import AdditiveModel
from core.popularity.learning_curve import load_learning_curve
from core.popularity.scoreboard import headline_rows, load_out_of_fold, load_scoreboard
from core.popularity.slices import slice_scores
from core.popularity.versions import keep
from tests.core.popularity.synthetic import as_catalog, make_frame
from tests.pages.helpers import words


def open_tab(use, made, tab, **query):
    test = use(*made, view="Models", look=tab, **query)
    assert not test.exception and not test.error
    return test


def test_each_model_has_a_sentence_and_its_scores_with_ranges(made, use):
    test = use(*made, view="Models")
    lines = words(test)
    scores = load_scoreboard(made[1]).models["linear"].headline
    pairs = [f"{100 * scores['pairwise_accuracy'][k]:.0f}" for k in ("value", "low", "high")]
    assert (
        "**Details and text** ranks two random items of the same season in the right order"
        f" **{pairs[0]} times in 100** ({pairs[1]} to {pairs[2]})." in lines
    )
    assert "**Category average** ranks two random items of the same season" in lines
    shown = test.table[-1].value.loc["Rank correlation (Spearman)", "Details and text"]
    assert shown == "{value:.2f} ({low:.2f} to {high:.2f})".format(**scores["spearman"])


def test_predictions_stand_against_what_happened(made, use):
    test = open_tab(use, made, "Predicted and actual")
    table = headline_rows(load_out_of_fold(made[1]), "linear")
    inside = table["actual"].between(table["low"], table["high"]).mean()
    told = next(c.proto.alt for c in test.get("plotly_chart") if "axes" in c.proto.alt)
    assert f"of {len(table)} unseen items" in told
    assert f"{inside * 100:.0f} % of the actual values are inside" in told
    for by in ("Category", "Season"):
        test.segmented_control(key="colour").set_value(by).run()
        assert not test.exception and not test.error


def test_slices_say_where_ranges_fail_and_where_nothing_is_known(made, use):
    test = open_tab(use, made, "Slice by slice")
    told = next(c.proto.alt for c in test.get("plotly_chart") if "90 % range. All" in c.proto.alt)
    for label in ("All items", "S5", "dress", "Price up to"):
        assert label in told
    slices = slice_scores(made[0], load_out_of_fold(made[1]), "linear")
    few = (slices["verdict"] == "few").sum()
    assert f"{few} of {len(slices)} slices have few items" in words(test)


def test_slices_of_another_catalog_are_not_told(made, use):
    other = replace(made[0], content_hash="another")
    test = open_tab(use, (other, made[1]), "Slice by slice")
    assert "its slices cannot be told" in words(test)
    test = open_tab(use, (other, made[1]), "Would more items help?")
    assert "which is not on this machine any more" in words(test)
    assert not [b for b in test.button if b.key == "curve-start"]
    assert open_tab(use, (other, made[1]), "Predicted and actual").segmented_control(
        key="colour"
    ).options == ["Range", "Season"]


def test_drift_says_what_is_different_in_the_newest_season(made, use):
    frame = made[0].frame.copy()
    last = (frame["season"] == "S5").to_numpy()
    frame["Colour"] = frame["Colour"].astype(object).where(~last, "teal").astype("category")
    changed = replace(made[0], frame=frame, content_hash="changed")
    text = words(open_tab(use, (changed, made[1]), "Change over seasons"))
    assert "**What is different in S5**" in text
    assert "- Colour: large change (" in text
    assert "100 % of items have a level never seen before" in text
    assert "is not on this machine any more" in text
    undated = replace(made[0], roles={"sku": "id", "Type": "category"})
    assert "no release dates" in words(open_tab(use, (undated, made[1]), "Change over seasons"))


def test_a_new_catalog_is_compared_with_what_was_learned_from(made, use, tmp_path, monkeypatch):
    monkeypatch.setenv("FASHION_DATA_DIR", str(made[0].directory.parent))
    frame = make_frame(90, seed=6).assign(Colour="pink", Launch=pd.Timestamp("2026-03-01"))
    new = write_catalog(as_catalog(frame, "Next season"), tmp_path / "next")
    test = open_tab(use, (new, made[1]), "Change over seasons")
    text = words(test)
    assert "**What is different in Next season**" in text
    assert "- Colour: large change (" in text and "100 % of items have a level never" in text
    told = [c.proto.alt for c in test.get("plotly_chart") if "Stability" in c.proto.alt]
    assert len(told) == 1 and "in Next season" in told[0], "one season has no other before it"
    told = [
        c.proto.alt for c in open_tab(use, (new, made[1]), "Slice by slice").get("plotly_chart")
    ]
    assert "dress" in told[-1], "of the catalog that was learned from"


def test_the_learning_curve_is_computed_in_the_background_and_shown(made, use, tmp_path):
    models = tmp_path / "models"
    shutil.copytree(made[1], models)
    test = open_tab(use, (made[0], models), "Would more items help?")
    assert "Nobody has looked yet" in words(test)
    test.button(key="curve-start").click().run()
    assert jobs.job(f"learning curve of {models}").ended.wait(60)
    test.run()
    assert not test.exception and not test.warning
    curve = load_learning_curve(models)
    assert f"All predict the same {curve.scored_on} items of S5." in words(test)
    full = curve.points[-1]
    assert f"{full.spearman:.2f} from all {full.items}" in words(test)
    assert test.button(key="curve-start").label == "Compute again"


def test_a_curve_that_cannot_be_computed_says_why(made, use, tmp_path, monkeypatch):
    models = tmp_path / "models"
    shutil.copytree(made[1], models)
    monkeypatch.setattr(learning_curve, "_write", lambda *_: (_ for _ in ()).throw(OSError("full")))
    test = open_tab(use, (made[0], models), "Would more items help?")
    test.button(key="curve-start").click().run()
    assert jobs.job(f"learning curve of {models}").ended.wait(60)
    test.run()
    assert "cannot be written (full)" in test.warning[0].value
    test.run()
    assert not test.warning, "told once"


def test_another_model_is_let_rank_and_taken_back(made, use, tmp_path):
    models = two_models(made[1], tmp_path / "models")
    test = open_tab(use, (made[0], models), "Which model ranks")
    assert "it scored best when the models were trained" in words(test)
    assert "others among them" in words(test)
    test.text_input(key="versions-who").set_value("Ada")
    test.text_input(key="versions-why").set_value("photos *only*")
    test.button(key="promote-do").click().run()
    assert not test.exception and not test.error
    assert test.success[0].value == "“Photo alone” ranks now."
    assert load_scoreboard(models).promoted == "image"
    assert "Ada chose “Photo alone” instead of “Details and text”" in words(test)
    assert "photos \\*only\\*" in words(test)
    test.button(key="versions-undo").click().run()
    assert load_scoreboard(models).promoted == "linear"
    test.run()
    assert not test.success, "told once"


def test_going_back_to_earlier_models_and_forth(made, use, tmp_path):
    models = tmp_path / "models"
    shutil.copytree(made[1], models)
    test = open_tab(use, (made[0], models), "Which model ranks")
    assert "Only one model was trained" in words(test) and "There are none yet" in words(test)
    old = load_scoreboard(models)
    keep(models)
    replace(old, date="2030-01-02T03:04:05+00:00", items=150).save(models)
    test = open_tab(use, (made[0], models), "Which model ranks")
    assert "would stay as it is" in words(test)
    test.button(key="restore-do").click().run()
    assert not test.exception and load_scoreboard(models).items == old.items
    assert "went back from the models of 2030-01-02, 03:04 UTC" in words(test)
    test.button(key="versions-undo").click().run()
    assert load_scoreboard(models).items == 150


def test_earlier_models_that_cannot_be_read_cannot_be_gone_back_to(made, use, tmp_path):
    models = tmp_path / "models"
    shutil.copytree(made[1], models)
    keep(models)
    replace(load_scoreboard(models), date="2030-01-02T03:04:05+00:00").save(models)
    (kept,) = versions.versions(models)
    (kept.directory / "linear" / "model.json").write_text("{}")
    test = open_tab(use, (made[0], models), "Which model ranks")
    assert "cannot rank this catalog" in test.warning[0].value
    assert test.button(key="restore-do").disabled


def test_models_that_cannot_be_changed_give_a_sentence(made, use, tmp_path, monkeypatch):
    models = two_models(made[1], tmp_path / "models")
    test = open_tab(use, (made[0], models), "Which model ranks")

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(versions, "replace_folder", full)
    test.button(key="promote-do").click().run()
    assert "cannot be changed (No space left on device)" in test.error[0].value
    assert load_scoreboard(models).promoted == "linear"


def test_the_models_that_come_with_the_project_stay_as_they_are(made, use, tmp_path, monkeypatch):
    monkeypatch.setenv("FASHION_CHECKPOINTS_DIR", str(tmp_path / "checkpoints"))
    monkeypatch.setenv("FASHION_MODELS_DIR", str(tmp_path / "own"))
    models = two_models(made[1], tmp_path / "checkpoints" / "popularity-demo")
    test = open_tab(use, (made[0], models), "Which model ranks")
    test.button(key="promote-do").click().run()
    assert load_scoreboard(models).promoted == "linear"
    assert load_scoreboard(tmp_path / "own" / "demo").promoted == "image"


def test_the_cards_can_be_read_and_kept(made, use):
    test = open_tab(use, made, "Model cards")
    assert [e.label for e in test.expander if "card" in e.label] == ["Model card: Details and text"]
    assert "not cause" in words(test)
    assert [b.label for b in test.get("download_button")] == ["To read", "For machines"]


def two_models(trained, folder):
    """The linear model, and beside it the same with its signs turned."""
    shutil.copytree(trained, folder)
    board = load_scoreboard(folder)
    other = AdditiveModel.load(folder / "linear")
    other.name, other.coefficients = "image", -other.coefficients
    other.save(folder / "image")
    replace(board, models={**board.models, "image": board.models["linear"]}).save(folder)
    table = load_out_of_fold(folder)
    own = table[table["model"] == "linear"].assign(model="image")
    pd.concat([table, own.assign(predicted=1 / (1 + own["predicted"]))]).to_parquet(
        folder / "out_of_fold.parquet", index=False
    )
    return folder
