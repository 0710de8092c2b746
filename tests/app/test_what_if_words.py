from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from app import what_if_answer, what_if_curves, what_if_edits, what_if_scenarios
from app.item_evidence import evidence_chart, sentence
from app.what_if_state import Edits
from app.what_if_words import changes_sentence, flag_sentence, photo_sentence
from core.catalog.export import table_bytes
from core.catalog.roles import Role
from core.explain.density import Flag
from core.explain.edits import Found
from core.explain.evidence import Evidence, Nearest, PastItem
from core.explain.scenarios import Outcome
from core.popularity.model import PREDICTION_COLUMNS
from tests.core.popularity.synthetic import make_catalog


@pytest.fixture(scope="module")
def catalog():
    return replace(make_catalog(40), currency="EUR")


@pytest.fixture(autouse=True)
def light(monkeypatch):
    """Charts ask for the theme, which only a session has."""
    tones = dict.fromkeys(("raises", "lowers", "context", "line", "ink"), "#000000")
    for module in (what_if_answer, what_if_curves, what_if_scenarios):
        monkeypatch.setattr(module, "colours", lambda: tones)
    monkeypatch.setattr("app.item_evidence.colours", lambda: tones)
    monkeypatch.setattr("app.popularity_view.colours", lambda: tones)


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        (Flag("level", "Colour", "mauve"), "No past item has Colour “mauve”."),
        (
            Flag("together", "Colour", "red", "Type", "coat"),
            "No past item has Colour “red” together with Type “coat”.",
        ),
        (
            Flag("season", "Type", "coat", "Launch", "July"),
            "No past item with Type “coat” was released around July.",
        ),
        (
            Flag("range", "Price", 900.0, "Type", "coat", low=20.5, high=80.0),
            "Price 900 EUR is outside what past items of “coat” had, 20.50 to 80 EUR.",
        ),
        (
            Flag("range", "Weight", 9.0, low=20, high=80),
            "Weight 9 is outside what past items of all categories had, 20 to 80.",
        ),
        (
            Flag("far", near=0, near_before=7),
            "No past item is near this combination of details; 7 are near the item as it is.",
        ),
        (
            Flag("far", near=1, near_before=7),
            "Only 1 past item is near this combination of details; 7 are near the item as it is.",
        ),
    ],
)
def test_each_flag_has_its_sentence(catalog, flag, said):
    assert flag_sentence(flag, catalog) == said


def test_edits_are_told_from_and_to(catalog):
    price, colour = catalog.frame["Price"][0], catalog.frame["Colour"][0]
    told = changes_sentence(
        catalog,
        0,
        {"Price": 30.0, "Colour": None, "Text": "new", "Launch": pd.Timestamp("2024-03-01")},
    )
    assert told.startswith(f"Price {price:,.2f} EUR → 30 EUR; Colour {colour} → not given; ")
    assert "Text rewritten" in told and told.endswith("→ 1 March 2024")


def test_the_photo_is_spoken_of_only_where_a_colour_changed_and_there_is_one(catalog, monkeypatch):
    change = {"Colour": "red"}
    assert photo_sentence(catalog, 0, change, False) == "", "no column holds photos"
    catalog = replace(catalog, roles={**catalog.roles, "Shelf": Role.IMAGE})
    assert photo_sentence(catalog, 0, change, False) == "", "there is no photo"
    monkeypatch.setattr(type(catalog), "image_paths", lambda *_: ["a.png"])
    assert photo_sentence(catalog, 0, {"Price": 1.0}, False) == ""
    assert "follows the field alone" in photo_sentence(catalog, 0, change, False)
    assert "mixes the two" in photo_sentence(catalog, 0, change, True)
    made = {"Shelf": "recoloured:" + "0" * 32}
    assert photo_sentence(catalog, 0, change | made, True) == ""
    assert "still says" in photo_sentence(catalog, 0, made, True)
    assert photo_sentence(catalog, 0, {"Shelf": "uploaded:" + "0" * 32}, True) == ""
    assert changes_sentence(catalog, 0, made) == "Photo recoloured"


def test_every_push_is_a_step_and_can_be_undone():
    tried = Edits()
    start = tried.version
    tried.push({"Price": 1.0})
    tried.push({"Price": 1.0})
    assert len(tried.steps) == 2 and tried.version == start, "the form's own edit keeps its fields"
    tried.push({}, refill=True)
    assert tried.current == {} and tried.version == start + 1
    tried.undo()
    assert tried.current == {"Price": 1.0} and tried.version == start + 2
    tried.undo()
    tried.undo()
    assert tried.steps == [{}]


def nearest(by, sold, near=True):
    items = tuple(PastItem(i, str(i), 0.1, v, "") for i, v in enumerate(sold))
    low, median, high = np.quantile(sold, [0.1, 0.5, 0.9])
    return Nearest(by, items, low, median, high, 0.5 if near else 0.05)


def test_what_past_items_sold_is_a_sentence():
    assert sentence(nearest("photo", [100.0, 200.0, 300.0]), "units") == (
        "3 items mostly sold 120 to 280 units, half of them over 200."
    )
    assert sentence(nearest("photo", [120.0], near=False), "units") == (
        "1 item sold 120 units. None of them is near."
    )


def test_the_evidence_chart_in_words_tells_the_kinds_that_there_are():
    none = Nearest("photo", (), np.nan, np.nan, np.nan, None, "photo")
    found = Evidence((nearest("attributes", [100.0, 200.0, 300.0]), none))
    line = pd.Series({"predicted": 210.0, "low": 90.0, "high": 400.0})
    figure, alt = evidence_chart(found, line, "units")
    assert "This item, predicted: 210, 90 to 400 units; Alike by details: 200, 120 to 280" in alt
    assert "photo" not in alt
    drawn = [list(t.x) for t in figure.data]
    assert [90.0, 400.0] in drawn and [100.0, 200.0, 300.0] in drawn


def test_the_curve_is_dashed_outside_the_observed_range():
    value = np.array([5.0, 10, 20, 30, 40])
    response = pd.DataFrame(
        {"value": value, "predicted": 100 - value, "low": 50 - value, "high": 200 - value}
    )
    response = response.assign(low_80=response["low"] + 5, high_80=response["high"] - 5)
    response["observed"] = response["value"].between(10, 30)
    response["own"] = response["value"] == 20
    response.attrs = {"low": 10.0, "high": 30.0, "category": "coat"}
    figure, alt = what_if_curves.curve_chart(response, "Price", "EUR", "units")
    lines = {tuple(t.x): t.line.dash for t in figure.data if t.mode == "lines" and t.line.dash}
    assert lines == {(10, 20, 30): "solid", (5, 10): "dot", (30, 40): "dot"}
    (shape,) = figure.layout.shapes
    assert (shape.x0, shape.x1) == (10, 30)
    assert alt == "Prediction by Price: from 90 units at 10 EUR to 70 units at 30 EUR."


def test_bars_of_what_the_category_never_had_are_pale():
    response = pd.DataFrame(
        {"value": ["red", "blue"], "predicted": [80.0, 60.0], "items": [0, 4], "own": [False, True]}
    )
    response = response.assign(low_80=response["predicted"] / 2, high_80=response["predicted"] * 2)
    figure, alt = what_if_curves.bars_chart(response, "Colour", "", "units")
    assert list(figure.data[0].marker.opacity) == [0.35, 1.0]
    assert "red 80, 40 to 160 units" in alt


def test_a_comparison_for_spreadsheets_runs_no_formula():
    prediction = pd.Series(dict.fromkeys(PREDICTION_COLUMNS, 10.0))
    one = Outcome("=1+1", {"Price": 5.0}, prediction, 3, 2, 9, pd.Series({"Price": 0.5}))
    text = table_bytes(what_if_scenarios.table([one], "units")).decode("utf-8-sig")
    header, line = text.strip().splitlines()
    assert "place_low_80" in header and "edit_Price" in header
    assert line.startswith("'=1+1,units,10")


def test_how_far_a_search_went_is_said():
    found = Found({"Price": 1.0}, 0.5, 3.0, True, 1234, 0.42)
    assert what_if_edits.searched(found).startswith("1,234 predictions in 0.4 seconds; no cheaper")
    late = replace(found, complete=False, changes=None)
    assert "the time was up" in what_if_edits.searched(late)
    assert "the likeliest combinations" in what_if_edits.none_found(late, 5, 12)
