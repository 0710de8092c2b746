"""The popularity page as a user meets it, on a small catalog with and without models."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

import app.catalogs
import core.resources
from app import popularity_jobs
from core.catalog.catalog import write_catalog
from core.popularity import learning_curve, metrics, versions
from core.popularity.additive import AdditiveModel
from core.popularity.learning_curve import load_learning_curve
from core.popularity.ranking import rank
from core.popularity.scoreboard import headline_rows, load_out_of_fold, load_scoreboard
from core.popularity.slices import slice_scores
from core.popularity.training import train
from core.popularity.versions import keep
from tests.core.popularity.synthetic import as_catalog, make_catalog, make_frame, with_series

PAGE = Path(__file__).resolve().parents[2] / "pages" / "popularity.py"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    original, metrics.DRAWS = metrics.DRAWS, 40
    folder = tmp_path_factory.mktemp("page")
    catalog = write_catalog(make_catalog(160), folder / "made")
    train(catalog, folder / "models", models=["linear"])
    metrics.DRAWS = original
    return catalog, folder / "models"


@pytest.fixture
def use(monkeypatch):
    """Opens the page on a catalog and a model folder."""

    def open_page(catalog, models, **query):
        monkeypatch.setattr(app.catalogs, "current_catalog", lambda: catalog)
        monkeypatch.setattr(app.catalogs, "current_models", lambda: models)
        monkeypatch.setattr(core.resources, "ranking", rank)
        test = AppTest.from_file(str(PAGE), default_timeout=30)
        for name, value in query.items():
            test.query_params[name] = value
        return test.run()

    return open_page


def test_the_deep_model_predicts_again_with_the_photo_of_the_item(tmp_path, use, monkeypatch):
    monkeypatch.setattr(metrics, "DRAWS", 40)
    made = make_catalog(60)
    made.frame["photo"] = [f"{i}.png" for i in range(60)]
    made.roles["photo"] = "image"

    def photos(new):
        for i in range(60):
            Image.new("RGB", (60, 80), (4 * i, 120, 110)).save(new / "images" / f"{i}.png")

    catalog = write_catalog(made, tmp_path / "made", add_files=photos)
    train(catalog, tmp_path / "models", models=["deep"])
    test = use(catalog, tmp_path / "models")
    assert not test.exception and not test.error
    before, after = test.metric
    assert before.value == after.value
    by_label(test.number_input, "Price").set_value(1.0)
    by_label(test.button, "Predict again").click()
    test.run()
    assert not test.error and test.metric[1].value != test.metric[0].value


def by_label(elements, label):
    return next(e for e in elements if e.label == label)


def words(test):
    parts = [*test.markdown, *test.caption, *test.info, *test.warning, *test.error]
    return "\n".join(str(p.value) for p in parts)


def test_it_opens_with_the_scoreboard_in_words(made, use):
    test = use(*made)
    assert not test.exception
    text = words(test)
    assert "times in 100" in text and "of 100** actual values" in text
    assert made[0].content_hash[:12] in text
    assert [s.value for s in test.subheader] == [
        "What if?",
        "What goes with popularity",
        "How good are the models?",
        "Can the scores be believed?",
    ]


def test_no_raw_column_name_is_shown(made, use):
    text = words(use(*made))
    for column in ("sku", "Sold", "release_date", "out_of_fold", "Launch"):
        assert column not in text


def test_without_models_it_says_what_to_do(made, use):
    test = use(made[0], None)
    assert not test.exception
    assert "train_models.py" in test.info[0].value and "Setup" in test.info[0].value


def test_a_broken_model_folder_gives_a_sentence(made, use, tmp_path):
    (tmp_path / "scoreboard.json").write_text("{")
    test = use(made[0], tmp_path)
    assert not test.exception
    assert "cannot be read" in test.error[0].value


def test_a_link_opens_its_item(made, use):
    test = use(*made, item="0-00042")
    assert by_label(test.selectbox, "Item").value == "0-00042"
    assert test.query_params["item"] == "0-00042"


def test_a_link_to_nothing_is_told_and_the_first_item_shown(made, use):
    test = use(*made, item="gone")
    assert not test.exception
    assert "no item “gone”" in test.warning[0].value
    first = rank(*made)["item_id"].iloc[0]
    assert by_label(test.selectbox, "Item").value == first


def test_an_item_is_found_by_its_name(made, use):
    test = use(*made)
    test.text_input[0].set_value("linen coat").run()
    names = made[0].frame.set_index("sku")["Name"]
    assert names[by_label(test.selectbox, "Item").value] == "linen coat"
    test.text_input[0].set_value("astronaut").run()
    assert "No item has “astronaut”" in words(test)


def test_an_edit_changes_the_prediction_and_can_be_undone(made, use):
    test = use(*made, item="0-00007")
    before, after = (m.value for m in test.metric)
    assert before == after
    price = by_label(test.number_input, "Price")
    price.set_value(price.value * 3)
    by_label(test.button, "Predict again").click().run()
    assert not test.exception
    assert test.metric[0].value == before
    assert test.metric[1].value != before
    assert "Changed: Price " in words(test)
    by_label(test.button, "Undo").click().run()
    assert test.metric[1].value == before
    assert by_label(test.number_input, "Price").value == pytest.approx(price.value / 3)


def test_a_price_beyond_the_training_prices_is_said(made, use):
    test = use(*made, item="0-00007")
    by_label(test.number_input, "Price").set_value(1e6)
    by_label(test.button, "Predict again").click().run()
    assert "Price 1,000,000 is outside what the model learned from" in words(test)
    by_label(test.number_input, "Price").set_value(0.0)
    by_label(test.button, "Predict again").click().run()
    assert "Price 0 counts as not given." in words(test)


def test_reset_takes_every_edit_back_and_another_item_starts_clean(made, use):
    test = use(*made, item="0-00007")
    for label, value in (("Colour", "green"), ("Type", "coat")):
        by_label(test.selectbox, label).set_value(value)
        by_label(test.button, "Predict again").click().run()
    edited = test.metric[1].value
    assert edited != test.metric[0].value
    by_label(test.button, "Reset").click().run()
    assert test.metric[1].value == test.metric[0].value
    other = next(o for o in by_label(test.selectbox, "Item").options if not o.startswith("1. "))
    by_label(test.selectbox, "Item").set_value(other).run()
    assert not test.exception
    assert test.metric[1].value == test.metric[0].value


def test_an_item_shows_its_rank_range_and_what_happened(made, use):
    test = use(*made, item="0-00007")
    line = rank(*made).set_index("item_id").loc["0-00007"]
    sold = made[0].frame.set_index("sku")["Sold"]["0-00007"]
    inside = "inside" if line["low"] <= sold <= line["high"] else "outside"
    text = words(test)
    assert f"Rank {line['rank']} of 160: about" in text
    assert f"Known by now: {sold:,.0f} units, {inside} the 90 % range." in text


def test_the_closest_past_items_stand_beside_the_prediction(made, use):
    newest = made[0].frame.set_index("sku")["Launch"].idxmax()
    test = use(*made, item=newest)
    told = next(c.proto.alt for c in test.get("plotly_chart") if "closest past" in c.proto.alt)
    assert "This item, predicted: " in told and "Alike by details: " in told
    text = words(test)
    assert "8 items sold " in text and "The photos of past items have not been read" in text
    shown = next(h.proto.body for h in test.get("html") if "<div" in h.proto.body)
    assert shown.count("<a ") == 8 and "item=0-00" in shown
    oldest = made[0].frame.set_index("sku")["Launch"].idxmin()
    test = use(*made, item=oldest)
    assert "Nothing whose sales are known was released before this item." in words(test)


def test_without_the_catalog_that_was_learned_from_there_is_no_evidence(made, use):
    test = use(replace(made[0], content_hash="another"), made[1])
    assert "so there are no past items to show" in words(test)


def test_the_list_of_items_stays_short(made, use):
    test = use(*made)
    assert len(by_label(test.selectbox, "Item").options) == 100


def test_the_charts_are_told_in_words(made, use):
    test = use(*made, item="0-00007")
    told = [c.proto.alt for c in test.get("plotly_chart")]
    assert all(told) and len(told) >= 5
    waterfall = told[0]
    assert waterfall.startswith("From the average item, ") and "Price: " in waterfall
    assert re.search(r"; this item: about [\d,]+, [\d,]+ to [\d,]+ units\.$", waterfall)


def open_tab(use, made, tab, **query):
    test = use(*made, look=tab, **query)
    assert not test.exception and not test.error
    return test


def test_each_model_has_a_sentence_and_its_scores_with_ranges(made, use):
    test = use(*made)
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
    assert popularity_jobs.job(f"learning curve of {models}").ended.wait(60)
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
    assert popularity_jobs.job(f"learning curve of {models}").ended.wait(60)
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


def test_an_items_weeks_stand_beside_what_is_known_of_them(use, tmp_path, monkeypatch):
    monkeypatch.setattr(metrics, "DRAWS", 20)
    catalog = make_catalog(160)
    units = np.outer(catalog.target(), [0.1, 0.4, 0.3, 0.2])
    catalog = with_series(catalog, units, tmp_path / "data")
    train(catalog, tmp_path / "models", models=["linear"])
    test = use(catalog, tmp_path / "models", item="0-00007")
    assert not test.exception and not test.error
    charts = [c.proto.alt for c in test.get("plotly_chart")]
    told = next(t for t in charts if t.startswith("Forecast units of weeks 1 to 4: "))
    assert "Known: " + ", ".join(f"{u:,.0f}" for u in units[7]) + "." in told
    forecast = [float(n.replace(",", "")) for n in re.findall(r"[\d,]+", told.split(": ")[1])][:4]
    assert forecast[1] > forecast[2] > forecast[3] > forecast[0]
    wape = load_scoreboard(tmp_path / "models").models["linear"].weekly["weekly_wape"]["value"]
    assert f"off by {wape * 100:.0f} % of all units" in words(test)
    shown = test.table[-1].value.loc["Absolute error of each week as a share of total (WAPE)"]
    assert shown["Details and text"].startswith(f"{wape:.0%} (")


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
