"""The what-if of the popularity page as a user meets it, on a small catalog with photos."""

import re

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

import app.catalogs
import core.resources
from app import what_if_answer, what_if_curves, what_if_edits, what_if_form, what_if_heat
from core.catalog.catalog import write_catalog
from core.explain.edits import editable, find_edits
from core.explain.past import Past
from core.explain.scenario_store import FILE
from core.explain.scenarios import saved
from core.popularity import metrics
from core.popularity.ranking import load_model, rank
from core.popularity.training import train
from tests.core.popularity.synthetic import make_catalog
from tests.pages.conftest import PAGE
from tests.pages.helpers import by_label, words

ITEM = "0-00007"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    original, metrics.DRAWS = metrics.DRAWS, 20
    folder = tmp_path_factory.mktemp("what-if")
    start = make_catalog(160)
    start.frame["photo"] = [f"{i}.png" for i in range(160)]
    start.roles["photo"] = "image"

    def photos(new):
        for i in range(160):
            Image.new("RGB", (30, 40), (i, 120, 110)).save(new / "images" / f"{i}.png")

    catalog = write_catalog(start, folder / "made", add_files=photos)
    train(catalog, folder / "models", models=["linear"])
    metrics.DRAWS = original
    return catalog, folder / "models"


@pytest.fixture
def page(made, monkeypatch, tmp_path):
    monkeypatch.setenv("FASHION_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(app.catalogs, "current_catalog", lambda: made[0])
    monkeypatch.setattr(app.catalogs, "current_models", lambda: made[1])
    monkeypatch.setattr(core.resources, "ranking", rank)
    test = AppTest.from_file(str(PAGE), default_timeout=30)
    test.query_params["item"] = ITEM
    test.query_params["view"] = "What if"
    return test.run()


def edit(test, label, value):
    kind = test.number_input if label == "Price" else test.selectbox
    by_label(kind, label).set_value(value)
    by_label(test.button, "Predict again").click().run()
    assert not test.exception and not test.error
    return test


def look_at(test, view):
    test.session_state[what_if_form.VIEW] = view
    test.run()
    assert not test.exception and not test.error
    return test


def told(test, start):
    return next(c.proto.alt for c in test.get("plotly_chart") if c.proto.alt.startswith(start))


def test_an_edit_says_its_place_and_which_part_changed(made, page):
    test = edit(page, "Price", 12.0)
    places = re.findall(r"Place (\d+) of 160", words(test))
    assert len(places) == 2 and int(places[1]) < int(places[0]), "cheaper sells more here"
    moved = told(test, "Change of the parts by the edits: ")
    assert re.search(r": Price (\+\d+ %|× \d)", moved)
    arrow = test.metric[1].proto
    assert arrow.direction == arrow.MetricDirection.UP
    dear = edit(page, "Price", 60.0).metric[1]
    assert dear.delta.startswith("−") and dear.proto.direction == arrow.MetricDirection.DOWN


def test_an_edit_outside_the_past_is_said_in_words(made, page):
    own = made[0].frame
    kind = own.set_index("sku")["Type"][ITEM]
    prices = own.loc[own["Type"] == kind, "Price"]
    text = words(edit(page, "Price", 900.0))
    assert "Outside what was sold before" in text
    assert f"Price 900 is outside what past items of “{kind}” had, {prices.min():,.2f} to" in text
    assert "Outside what was sold before" not in words(edit(page, "Price", float(prices.mean())))


def test_a_colour_without_its_photo_is_said_aloud(made, page):
    before = made[0].frame.set_index("sku")["Colour"][ITEM]
    other = next(c for c in ("red", "green") if c != before)
    warned = [w.value for w in edit(page, "Colour", other).warning]
    line = next(w for w in warned if "the photo still shows" in w)
    assert f"“{other}”" in line and f"“{before}”" in line and "does not read the photo" in line
    test = edit(page, "Colour", before)
    assert "the photo still shows" not in words(test)


def test_every_step_is_undone_also_a_reset(page):
    test = edit(edit(page, "Price", 20.0), "Colour", "red")
    after = test.metric[1].value
    by_label(test.button, "Reset").click().run()
    assert test.metric[1].value == test.metric[0].value
    by_label(test.button, "Undo").click().run()
    assert test.metric[1].value == after and by_label(test.number_input, "Price").value == 20.0
    by_label(test.button, "Undo").click().run()
    by_label(test.button, "Undo").click().run()
    assert test.metric[1].value == test.metric[0].value
    assert by_label(test.button, "Undo").disabled


def test_a_curve_over_the_price_and_bars_over_a_colour(page):
    assert re.match(
        r"Prediction by Price: from [\d,]+ units at .* to ", told(page, "Prediction by")
    )
    assert "Shaded: " in words(page)
    page.selectbox(key="response-field").set_value("Colour").run()
    assert not page.exception
    bars = told(page, "Prediction by Colour: ")
    assert all(colour in bars for colour in ("red", "green", "black"))


def test_a_curve_over_the_release_date_follows_the_edits(made, page):
    page.selectbox(key="response-field").set_value("Launch").run()
    before = told(page, "Prediction by Release date: ")
    own = made[0].frame
    launches = own.loc[own["Type"] == own.set_index("sku")["Type"][ITEM], "Launch"]
    assert f"{launches.min():%d %B %Y}".lstrip("0") in before
    assert f"Shaded: {launches.min():%d %B %Y}".replace(": 0", ": ") in words(page)
    assert "stay as they are" in words(page)
    assert told(edit(page, "Price", 12.0), "Prediction by Release date: ") != before
    assert "stay as you edited them" in words(page)


def test_a_map_over_two_fields(made, page):
    look_at(page, "Two fields")
    alt = told(page, "Prediction by Price and Type: highest about ")
    assert re.search(r"\. \d+ of 40 cells have past items", alt)
    assert "the dots are past items" in words(page)
    page.selectbox(key="heat-across").set_value("Colour").run()
    assert not page.exception
    alt = told(page, "Prediction by Colour and Type")
    table = made[0].frame.groupby(["Type", "Colour"], observed=True).size()
    assert f"{len(table)} of 12 cells have past items" in alt and "the numbers count" in words(page)
    page.selectbox(key="heat-down").set_value("Price").run()
    assert told(page, "Prediction by Colour and Price")
    assert told(page, "Prediction by") == told(page, "Prediction by Colour and Price"), "one drawer"


def test_a_rewritten_description_moves_its_part(page):
    box = by_label(page.text_area, "Text")
    box.set_value("A scratchy scratchy scratchy piece")
    by_label(page.button, "Predict again").click().run()
    assert not page.exception and page.metric[1].value != page.metric[0].value
    assert "Text rewritten" in words(page)
    moved = told(page, "Change of the parts by the edits: ")
    assert re.search(r": Name and description −\d+ %\.$", moved), "and no other part"


@pytest.mark.parametrize("view", ["One field", "Two fields", "Find the edits"])
def test_without_the_past_a_sentence_says_what_to_do(page, monkeypatch, view):
    for panel in (what_if_answer, what_if_curves, what_if_edits, what_if_heat):
        monkeypatch.setattr(panel, "past_of", lambda *_: None)
    look_at(page, view)
    assert any("Import it again, or train on this catalog." in i.value for i in page.info)
    assert "edits outside them are not marked" in words(edit(page, "Price", 12.0))


def test_scenarios_are_saved_compared_removed_and_put_back(made, page):
    assert "None yet." in words(look_at(page, "Scenarios"))
    assert page.button(key="scenario-save").disabled
    test = edit(page, "Price", 15.0)
    cheap = test.metric[1].value
    test.text_input(key="scenario-name").set_value("very *cheap*").run()
    test.button(key="scenario-save").click().run()
    assert not test.exception and not test.error
    (kept,) = saved(made[0], ITEM)
    assert kept.name == "very *cheap*" and kept.changes == {"Price": 15.0}
    assert test.text_input(key="scenario-name").value == ""
    table = next(t.value for t in test.table if "Place" in t.value.index)
    assert list(table.columns) == ["As it is", "very \\*cheap\\*"]
    assert f"{table.loc['Predicted units'].iloc[1]} units" == cheap
    assert table.loc["Edits"].iloc[1].startswith("Price ") and "Price, its part" in table.index
    assert "very *cheap*: " in told(test, "Predicted units by scenario.")

    test.text_input(key="scenario-name").set_value("very *cheap*").run()
    test.button(key="scenario-save").click().run()
    assert "a scenario “very *cheap*” already" in test.error[0].value

    by_label(test.button, "Reset").click().run()
    test.button(key="scenario-use").click().run()
    assert test.metric[1].value == cheap and by_label(test.number_input, "Price").value == 15.0

    test.button(key="scenario-remove").click().run()
    assert saved(made[0], ITEM) == [] and "was removed" in words(test)
    test.button(key="scenario-back").click().run()
    assert saved(made[0], ITEM) == [kept] and "was removed" not in words(test)


def test_a_damaged_store_gives_a_sentence(page, tmp_path):
    (tmp_path / "state").mkdir(exist_ok=True)
    (tmp_path / "state" / FILE).write_bytes(b"no database" * 200)
    page.session_state[what_if_form.VIEW] = "Scenarios"
    page.run()
    assert not page.exception and "move it away" in page.error[0].value


def test_the_edits_that_reach_a_place_are_found_and_tried(page):
    look_at(page, "Find the edits")
    now = int(re.search(r"now place (\d+) of", words_of_inputs(page)).group(1))
    by_label(page.button, "Find the edits").click().run()
    assert not page.exception and not page.error
    line = page.success[0].value
    reached = int(re.search(r"predicted at place (\d+)", line).group(1))
    assert reached <= max(1, now // 2)
    page.button(key="edits-try").click().run()
    assert f"Place {reached} of 160" in words(page) and page.button(key="edits-try").disabled
    by_label(page.button, "Undo").click().run()
    assert page.metric[1].value == page.metric[0].value


def words_of_inputs(test):
    return " ".join(n.label for n in test.number_input)


def test_locks_costs_and_ranges_of_the_table_are_obeyed(made):
    catalog = made[0]
    model, row = load_model(made[1]), catalog.row(ITEM)
    past = Past.of(catalog)
    fields = editable(past, catalog, row, model.features)
    table = what_if_edits.options_table(fields, catalog)
    assert set(table["Field"]) == {"Type", "Colour", "Season", "Price", "Weight"}
    assert table[table["Locked"]]["Field"].tolist() == ["Type", "Season"], "what an item is"
    table.loc[table["Field"] == "Colour", "Locked"] = True
    price = table["Field"] == "Price"
    table.loc[price, ["Cost", "From"]] = [4.0, float(fields["Price"].low) + 3]
    left = {f.column: f for f in what_if_edits.chosen(table, fields)}
    assert set(left) == {"Price", "Weight"}
    assert left["Price"].cost == 4.0 and left["Price"].low == fields["Price"].low + 3
    assert min(left["Price"].values) >= fields["Price"].low + 3
    none = find_edits(model, past, catalog, row, list(left.values()), 50.0)
    sentence = what_if_edits.none_found(none, 1, 9)
    assert sentence.startswith("None found: of every combination") and "place 9" in sentence
