"""Named edits of a range: what was saved comes back as it was."""

import sqlite3

import pytest

from core.catalog.query import Filters
from core.catalog.selection import Selection
from core.errors import CatalogError
from core.explain import scenarios
from core.explain.assortment import Edit, Step
from core.explain.assortment_store import Plan, from_json, put, remove, save, saved
from core.explain.scenario_store import FILE
from core.settings import state_dir
from tests.core.popularity.synthetic import make_catalog, written

STEPS = (
    Step(
        Edit("scale", "Price", -10.0, 0.95),
        Selection(Filters("linen", (("Type", ("dress", "coat")),), (("Price", None, 40.0),))),
    ),
    Step(Edit("set", "Colour", "blå"), Selection(added=frozenset({"1", "2"}))),
    Step(Edit("shift", "Launch", 2.0), Selection(Filters(), removed=frozenset({"3"}))),
    Step(Edit("drop"), Selection(Filters())),
)


@pytest.fixture
def catalog(tmp_path, monkeypatch):
    monkeypatch.setenv("FASHION_STATE_DIR", str(tmp_path / "state"))
    return written(make_catalog(20), tmp_path / "made")


def test_steps_come_back_as_they_were(catalog):
    plan = save(catalog, "  summer   sale ", STEPS)
    assert plan.name == "summer sale"
    assert saved(catalog) == [plan] and plan.steps == STEPS


def test_names_are_needed_and_unique_and_what_is_removed_can_be_put_back(catalog):
    with pytest.raises(CatalogError, match="needs a name"):
        save(catalog, " ", STEPS)
    with pytest.raises(CatalogError, match="Nothing was edited"):
        save(catalog, "empty", ())
    first, second = save(catalog, "one", STEPS[:1]), save(catalog, "two", STEPS)
    with pytest.raises(CatalogError, match="already"):
        save(catalog, "one", STEPS)
    remove(catalog, "one")
    remove(catalog, "no such")
    assert saved(catalog) == [second]
    put(catalog, first)
    assert saved(catalog) == [first, second]


def test_items_scenarios_share_the_file_and_stay_apart(catalog):
    item = str(catalog.ids[0])
    scenarios.save(catalog, item, "cheap", {"Price": 1.0})
    save(catalog, "cheap", STEPS)
    assert [s.name for s in scenarios.saved(catalog, item)] == ["cheap"]
    assert [p.name for p in saved(catalog)] == ["cheap"]


def test_what_cannot_be_read_is_said(catalog):
    put(catalog, Plan("one", STEPS, "2026"))
    with sqlite3.connect(state_dir() / FILE) as store:
        store.execute("UPDATE assortment SET steps = '[{}]'")
    with pytest.raises(CatalogError, match="another version"):
        saved(catalog)
    with pytest.raises(CatalogError, match="another version"):
        from_json([{"edit": {"kind": "drop", "colour": 1}, "scope": None}])
    (state_dir() / FILE).write_text("no database, but long enough to be read as one" * 9)
    with pytest.raises(CatalogError, match="cannot be kept"):
        saved(catalog)
