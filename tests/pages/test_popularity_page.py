"""The popularity page as a user meets it: one item and its what-if, with and without models."""

import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

import app.catalogs
from core.catalog.catalog import write_catalog
from core.popularity import metrics
from core.popularity.ranking import rank
from core.popularity.scoreboard import load_scoreboard
from core.popularity.training import train
from tests.core.popularity.synthetic import make_catalog, with_series
from tests.pages.conftest import PAGE
from tests.pages.helpers import by_label, words

VIEWS = ["This item", "What if", "Assortment", "The range", "Models"]


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
    test = use(catalog, tmp_path / "models", view="What if")
    assert not test.exception and not test.error
    before, after = test.metric
    assert before.value == after.value
    by_label(test.number_input, "Price").set_value(1.0)
    by_label(test.button, "Predict again").click()
    test.run()
    assert not test.error and test.metric[1].value != test.metric[0].value


def test_it_opens_on_an_item_with_the_scores_in_words(made, use):
    test = use(*made)
    assert not test.exception
    assert "times in 100" in words(test) and "of 100** actual values" in words(test)
    assert [t.label for t in test.tabs] == VIEWS
    assert not test.subheader  # those of the other tabs are not drawn
    by_label(test.button, "How good are the models?").click().run()
    assert [s.value for s in test.subheader] == [
        "How good are the models?",
        "Can the scores be believed?",
    ]
    assert made[0].content_hash[:12] in words(test)


@pytest.mark.parametrize("view", VIEWS)
def test_no_raw_column_name_is_shown(made, use, view):
    test = use(*made, view=view)
    assert not test.exception and not test.error
    for column in ("sku", "Sold", "release_date", "out_of_fold", "Launch"):
        assert column not in words(test)


@pytest.mark.parametrize("view", ["The range", "Models"])
def test_the_charts_of_a_tab_are_told_in_words(made, use, view):
    told = [c.proto.alt for c in use(*made, view=view).get("plotly_chart")]
    assert told and all(told)


def test_without_models_it_leads_to_the_training(made, monkeypatch):
    monkeypatch.setattr(app.catalogs, "current_catalog", lambda: made[0])
    monkeypatch.setattr(app.catalogs, "current_models", lambda: None)
    # The link to another page is there only in the whole dashboard.
    test = AppTest.from_file(str(PAGE.parents[1] / "app" / "dashboard.py"), default_timeout=60)
    test.switch_page(str(PAGE)).run()
    assert not test.exception
    assert "train_models.py" in test.info[0].value
    (link,) = test.get("page_link")
    assert link.proto.label == "Train models" and "section=Models" in link.proto.query_string


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
    test = use(*made, item="0-00007", view="What if")
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
    test = use(*made, item="0-00007", view="What if")
    by_label(test.number_input, "Price").set_value(1e6)
    by_label(test.button, "Predict again").click().run()
    assert "Price 1,000,000 is outside what the model learned from" in words(test)
    by_label(test.number_input, "Price").set_value(0.0)
    by_label(test.button, "Predict again").click().run()
    assert "Price 0 counts as not given." in words(test)


def test_reset_takes_every_edit_back_and_another_item_starts_clean(made, use):
    test = use(*made, item="0-00007", view="What if")
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
    assert "8 items mostly sold " in text and "The photos of past items have not been read" in text
    shown = next(h.proto.body for h in test.get("html") if "<div" in h.proto.body)
    assert shown.count("<a ") == 8 and "item=0-00" in shown
    oldest = made[0].frame.set_index("sku")["Launch"].idxmin()
    test = use(*made, item=oldest)
    assert "Of no other item were the sales known when this one was released." in words(test)


def test_without_the_catalog_that_was_learned_from_there_is_no_evidence(made, use):
    test = use(replace(made[0], content_hash="another"), made[1])
    assert "so there are no past items to show" in words(test)


def test_the_list_of_items_stays_short(made, use):
    test = use(*made)
    assert len(by_label(test.selectbox, "Item").options) == 100


def test_the_charts_are_told_in_words(made, use):
    test = use(*made, item="0-00007")
    told = [c.proto.alt for c in test.get("plotly_chart")]
    assert all(told) and len(told) >= 2
    waterfall = told[0]
    assert waterfall.startswith("From the average item, ") and "Price: " in waterfall
    assert re.search(r"; this item: about [\d,]+, [\d,]+ to [\d,]+ units\.$", waterfall)


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
    test = use(catalog, tmp_path / "models", view="Models")
    shown = test.table[-1].value.loc["Absolute error of each week as a share of total (WAPE)"]
    assert shown["Details and text"].startswith(f"{wape:.0%} (")
