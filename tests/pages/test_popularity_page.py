"""The popularity page as a user meets it, on a small catalog with and without models."""

import re
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

import app.catalogs
import core.resources
from core.catalog.catalog import write_catalog
from core.popularity import metrics
from core.popularity.ranking import rank
from core.popularity.training import train
from tests.core.popularity.synthetic import make_catalog

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
    assert "Changed: Price." in words(test)
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


def test_the_list_of_items_stays_short(made, use):
    test = use(*made)
    assert len(by_label(test.selectbox, "Item").options) == 100


def test_the_charts_are_told_in_words(made, use):
    test = use(*made, item="0-00007")
    told = [c.proto.alt for c in test.get("plotly_chart")]
    assert len(told) == 4
    waterfall = told[0]
    assert waterfall.startswith("From the average item, ") and "Price: " in waterfall
    assert re.search(r"; this item: about [\d,]+, [\d,]+ to [\d,]+ units\.$", waterfall)
