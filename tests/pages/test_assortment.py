"""The assortment tab as a user meets it, on a small catalog."""

import io
import re

import numpy as np
import pandas as pd
import pytest

from core.catalog.selection import Selection
from core.explain.assortment_store import saved
from core.popularity.ranking import load_model
from tests.pages.helpers import by_label, words

TAB = "Assortment"


@pytest.fixture(autouse=True)
def state(monkeypatch, tmp_path):
    monkeypatch.setenv("FASHION_STATE_DIR", str(tmp_path / "state"))


def metrics(test):
    return {m.label.partition(",")[0]: m.value for m in test.metric}


def number(text):
    return float(text.replace(",", "").replace("−", "-"))


def dresses(test):
    by_label(test.multiselect, "Type").set_value(["dress"]).run()
    return test


def edit(test):
    next(b for b in test.button if b.key == "assortment-add").click().run()
    assert not test.exception and not test.error
    return test


def press(test, key):
    next(b for b in test.button if b.key == key).click().run()
    assert not test.exception
    return test


def charts(test, start):
    return [c.proto.alt for c in test.get("plotly_chart") if c.proto.alt.startswith(start)]


def test_it_opens_with_the_total_the_best_items_and_their_categories(made, use):
    test = use(*made, view=TAB)
    assert not test.exception and not test.error
    assert list(metrics(test)) == ["Whole range as it is"]
    assert "The best of the range" in words(test) and "None yet." in words(test)
    (mix,) = charts(test, "Categories of the first 50 places")
    assert sum(map(int, re.findall(r" (\d+)[,.]", mix))) == 50
    assert not charts(test, "Change of totals")


def test_cheaper_dresses_sell_more_and_every_edit_can_be_undone(made, use):
    test = dresses(use(*made, view=TAB))
    size = int((made[0].frame["Type"] == "dress").sum())
    assert by_label(test.button, f"Edit {size} items")
    before = metrics(test)["Whole range as it is"]
    by_label(test.number_input, "Per cent").set_value(-40.0)
    test = edit(test)
    shown = metrics(test)
    assert shown["Whole range as it is"] == before, "the draws stay the same"
    assert number(shown["With the edits"]) > number(before)
    assert number(shown["Difference"]) > 0
    text = words(test)
    assert f"Price −40 %, ending in .95 · {size} items: Type dress" in text
    assert re.search(r"The first 50: [1-9]\d* enter, [1-9]\d* leave", text)
    assert re.search(rf"\d+ of {size} edited items of “dress” would cost less than any past", text)
    (told,) = charts(test, "Change of totals")
    assert re.match(rf"Change of totals. Whole range: \+.*; {size} edited: \+", told)
    by_label(test.number_input, "Per cent").set_value(10.0)
    test = edit(test)
    assert "2. Price +10 %" in words(test)
    test = press(test, "assortment-undo")
    assert metrics(test) == shown
    test = press(test, "assortment-reset")
    assert list(metrics(test)) == ["Whole range as it is"]
    test = press(test, "assortment-undo")
    assert metrics(test) == shown
    test = press(test, "assortment-remove:0")
    assert list(metrics(test)) == ["Whole range as it is"]


def test_dropped_items_leave_the_first_places(made, use):
    test = dresses(use(*made, view=TAB))
    by_label(test.segmented_control, "What changes").set_value("Drop").run()
    test = edit(test)
    assert number(metrics(test)["Difference"]) < 0
    text = words(test)
    assert "→ dropped" in text and "Dropped · " in text
    (mix,) = charts(test, "Categories of the first 50 places")
    assert re.search(r"Dress \d+ to 0", mix)


def test_a_detail_is_set_and_photos_and_text_are_said_to_stay(made, use):
    test = use(*made, view=TAB)
    by_label(test.segmented_control, "What changes").set_value("A detail").run()
    add = next(b for b in test.button if b.key == "assortment-add")
    assert add.disabled, "no value was chosen yet"
    by_label(test.selectbox, "Detail").set_value("Colour").run()
    by_label(test.selectbox, "Becomes").set_value("black").run()
    test = edit(test)
    assert "Colour set to “black” · 160 items: the whole range" in words(test)
    assert number(metrics(test)["Difference"]) > 0, "black sells best here"


def test_the_catalog_pages_selection_is_edited(made, use):
    test = use(*made, view=TAB)
    kind = by_label(test.segmented_control, "Which items")
    kind.set_value("The catalog's selection").run()
    assert "Nothing is selected yet" in words(test)
    test.session_state["selection"] = Selection(added=frozenset(made[0].ids[:3]))
    test.run()
    assert by_label(test.button, "Edit 3 items")
    test = edit(test)
    assert "3 items: picked on the Catalog page" in words(test)


def test_scenarios_are_saved_used_removed_and_put_back(made, use):
    test = edit(dresses(use(*made, view=TAB)))
    shown = metrics(test)
    by_label(test.text_input, "Name of a scenario").set_value("summer sale")
    test = press(test, "assortment-save")
    assert [plan.name for plan in saved(made[0])] == ["summer sale"]
    test = press(test, "assortment-reset")
    test = press(test, "assortment-use")
    assert metrics(test) == shown
    by_label(test.text_input, "Name of a scenario").set_value("summer sale")
    test = press(test, "assortment-save")
    assert "already" in test.error[0].value
    test = press(test, "assortment-out")
    assert saved(made[0]) == [] and "was removed" in words(test)
    test = press(test, "assortment-back")
    assert [plan.name for plan in saved(made[0])] == ["summer sale"]


def test_saved_scenarios_stand_side_by_side(made, use):
    test = edit(dresses(use(*made, view=TAB)))
    by_label(test.text_input, "Name of a scenario").set_value("cheaper")
    press(test, "assortment-save")
    shown = metrics(test)
    by_label(test.segmented_control, "What changes").set_value("Drop").run()
    edit(test)
    by_label(test.text_input, "Name of a scenario").set_value("without")
    press(test, "assortment-save")
    by_label(test.toggle, "Compare the saved scenarios").set_value(True).run()
    assert not test.exception and not test.error
    table = test.table[-1].value
    size = str(int((made[0].frame["Type"] == "dress").sum()))
    assert table.loc["cheaper", ["Items edited", "Dropped"]].tolist() == [size, "0"]
    assert table.loc["without", ["Items edited", "Dropped"]].tolist() == ["0", size]
    change = table["Change of the total, 90 of 100 cases"]
    assert change["cheaper"].startswith(f"{shown['Difference']} ")
    assert change["without"].startswith("−")
    told = charts(test, "Change of totals")[-1]
    assert re.search(r"cheaper: \+.* without: −", told)


def test_the_file_has_every_item_before_and_after(made, use, monkeypatch):
    files = {}
    monkeypatch.setattr(
        "app.assortment_saved.st.download_button",
        lambda label, data, **given: files.update({given["file_name"]: data}),
    )
    edit(dresses(use(*made, view=TAB)))
    (name,) = (n for n in files if "assortment" in n)
    table = pd.read_csv(io.BytesIO(files[name]()), encoding="utf-8-sig")
    assert len(table) == 160
    model = load_model(made[1])
    moved = np.log1p(table["predicted_after"]) - np.log1p(table["predicted_before"])
    changed = table["changed"]
    assert (moved[changed] > 0).all() and (moved[~changed] == 0).all()
    assert (table["Price_after"] < table["Price_before"])[changed].all()
    assert (table["model"] == model.name).all() and changed.sum() > 10


def test_an_edit_that_fits_no_more_is_said_and_can_be_undone(made, use):
    test = edit(dresses(use(*made, view=TAB)))
    own = test.session_state["assortment"]
    step = own.current[0]
    own.take([type(step)(type(step.edit)("scale", "Gone", 5.0), step.items)])
    test.run()
    assert "no column “Gone”" in test.error[0].value
    test = press(test, "assortment-undo")
    assert not test.error and len(metrics(test)) == 3
