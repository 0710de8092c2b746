import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.catalog.roles import Role
from core.errors import CatalogError
from core.explain.scenario_store import FILE
from core.explain.scenarios import (
    outcomes,
    place,
    put,
    remove,
    save,
    saved,
    table,
)
from core.explain.what_if import edited
from core.popularity.additive import AdditiveModel
from core.popularity.model import PREDICTION_COLUMNS
from core.popularity.rank_intervals import rank_intervals
from tests.core.popularity.synthetic import make_catalog


@pytest.fixture(scope="module")
def catalog():
    return make_catalog(120)


@pytest.fixture(scope="module")
def model(catalog):
    return AdditiveModel("linear").fit(catalog, np.arange(len(catalog)))


@pytest.fixture(scope="module")
def order(catalog, model):
    frame = model.predict(catalog)
    return frame.join(rank_intervals(frame, model.calibration.shape)).sort_values(
        "predicted", ascending=False
    )


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("FASHION_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state" / FILE


CHANGES = {
    "Price": 19.5,
    "Colour": None,
    "Name": "soft coat",
    "Launch": pd.Timestamp("2024-03-01"),
    "Weight": float("nan"),
}


def test_what_is_saved_comes_back_with_its_types(catalog):
    assert saved(catalog, "0-00001") == []
    made = save(catalog, "0-00001", "  cheap   and soft ", CHANGES)
    (back,) = saved(catalog, "0-00001")
    assert back.name == made.name == "cheap and soft" and back.created == made.created
    assert back.changes["Launch"] == CHANGES["Launch"] and np.isnan(back.changes["Weight"])
    for column in ("Price", "Colour", "Name"):
        assert back.changes[column] == CHANGES[column]
    assert edited(catalog, 1, back.changes).frame["Name"].tolist() == ["soft coat"]
    assert saved(catalog, "0-00002") == []
    assert saved(replace(catalog, directory=Path("other")), "0-00001") == []


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(price=st.floats(0, 1e6), text=st.text(max_size=30))
def test_any_number_and_text_come_back(catalog, price, text):
    save(catalog, "0-00003", "any", {"Price": price, "Name": text})
    (back,) = saved(catalog, "0-00003")
    remove(catalog, "0-00003", "any")
    assert back.changes == {"Price": price, "Name": text}


def test_a_name_is_used_once_and_a_removal_can_be_undone(catalog):
    first = save(catalog, "0-00001", "a", {"Price": 1.0})
    with pytest.raises(CatalogError, match="a scenario “a” already"):
        save(catalog, "0-00001", "a", {"Price": 2.0})
    second = save(catalog, "0-00001", "b", {"Price": 3.0})
    remove(catalog, "0-00001", "a")
    remove(catalog, "0-00001", "never there")
    assert saved(catalog, "0-00001") == [second]
    put(catalog, "0-00001", first)
    assert saved(catalog, "0-00001") == [first, second]


def test_bad_scenarios_are_refused_in_a_sentence(catalog):
    with pytest.raises(CatalogError, match="needs a name"):
        save(catalog, "0-00001", "  ", {"Price": 1.0})
    with pytest.raises(CatalogError, match="Nothing was edited"):
        save(catalog, "0-00001", "as it is", {})


def test_columns_that_are_gone_are_left_out(catalog):
    save(catalog, "0-00001", "a", {"Price": 1.0, "Colour": "red"})
    smaller = make_catalog(120, drop=("Colour",))
    assert saved(smaller, "0-00001")[0].changes == {"Price": 1.0}


def test_cells_of_columns_that_hold_something_else_now_are_left_out(catalog):
    save(catalog, "s1", "red", {"Colour": "red", "Price": 30.0})
    for role in (Role.NUMBER, Role.RELEASE_DATE):
        again = replace(catalog, roles=catalog.roles | {"Colour": role})
        assert [one.changes for one in saved(again, "s1")] == [{"Price": 30.0}]


def test_sessions_that_save_at_once_keep_everything(catalog):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: save(catalog, "0-00001", f"s{i}", {"Price": float(i)}), range(24)))
    assert len(saved(catalog, "0-00001")) == 24


def test_a_damaged_store_gives_a_sentence_and_stays_untouched(catalog, store):
    store.parent.mkdir(parents=True)
    store.write_bytes(b"not a database" * 100)
    with pytest.raises(CatalogError, match="move it away"):
        saved(catalog, "0-00001")
    with pytest.raises(CatalogError, match="move it away"):
        save(catalog, "0-00001", "a", {"Price": 1.0})
    assert store.read_bytes() == b"not a database" * 100
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(store).execute("SELECT * FROM scenario")


def test_outcomes_are_those_of_the_model(catalog, model, order):
    named = [("As it is", {}), ("cheap", {"Price": 12.0}), ("red", {"Colour": "red"})]
    found = outcomes(model, catalog, 5, named, order)
    for (name, changes), one in zip(named, found, strict=True):
        wanted = model.predict(edited(catalog, 5, changes)).iloc[0]
        assert one.name == name and one.changes == changes
        assert one.prediction.tolist() == wanted[list(PREDICTION_COLUMNS)].tolist()
        assert one.place_low <= one.place <= one.place_high
        total = model.base_output() + one.parts.sum()
        assert np.expm1(total) == pytest.approx(one.prediction["predicted"])
    as_it_is = order.reset_index(drop=True)
    assert found[0].place == 1 + as_it_is.index[as_it_is["item_id"] == "0-00005"][0]
    line = order.set_index("item_id").loc["0-00005"]
    spread = 0.06 * len(order)
    assert found[0].place_low == pytest.approx(line["rank_low_80"], abs=spread)
    assert found[0].place_high == pytest.approx(line["rank_high_80"], abs=spread)
    assert found[1].place < found[0].place, "cheaper sells more here"


def test_a_place_counts_the_others(order):
    others = order[order["item_id"] != "0-00005"]["predicted"]
    assert place(order, "0-00005", float(others.max()) + 1) == 1
    assert place(order, "0-00005", -1.0) == len(order)
    assert place(order, "0-00005", float(others.median())) == 1 + (others > others.median()).sum()


def test_the_table_holds_every_number(catalog, model, order):
    named = [("As it is", {}), ("cheap", {"Price": 12.0, "Launch": CHANGES["Launch"]})]
    found = outcomes(model, catalog, 5, named, order)
    lines = table(found, "units").set_index("scenario")
    assert lines.loc["cheap", "edit_Price"] == 12.0
    assert lines.loc["cheap", "edit_Launch"] == "2024-03-01"
    assert pd.isna(lines.loc["As it is", "edit_Price"])
    assert lines.loc["cheap", "times_Price"] == pytest.approx(np.exp(found[1].parts["Price"]))
    assert lines["place"].tolist() == [one.place for one in found]
    assert set(PREDICTION_COLUMNS) <= set(lines.columns)
