"""How a link meets the view that was left: the dashboard, opened at one address after another."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.catalog.catalog import write_catalog
from tests.core.popularity.synthetic import make_catalog

ROOT = Path(__file__).resolve().parents[2]
LEFT = {"f.Type": ["dress"], "sort": ["newest"]}
"""The view that is left."""


@pytest.fixture
def catalogs(monkeypatch, tmp_path):
    """The first two items' ids; the catalogs `one` and `two` of the same items."""
    for name, count in (("one", 40), ("two", 30)):
        written = write_catalog(make_catalog(count), tmp_path / "data" / name)
    monkeypatch.setenv("FASHION_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("FASHION_MODELS_DIR", str(tmp_path / "no"))
    monkeypatch.setenv("FASHION_CHECKPOINTS_DIR", str(tmp_path / "no"))
    return list(written.ids[:2])


def at(test, page="catalog", **query):
    """Follow a link to a page, as the browser does: nothing of the old address stays."""
    test.switch_page(str(ROOT / "pages" / f"{page}.py"))
    test.query_params.clear()
    for name, value in {"catalog": "one", **query}.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception
    return test


def left(**query):
    """A session that saw the view `LEFT` and went on to another page."""
    test = AppTest.from_file(str(ROOT / "app" / "dashboard.py"), default_timeout=60)
    at(test, **LEFT, **query)
    assert address(test) == LEFT
    return at(test, "setup")


def address(test):
    """What the address says of the view."""
    return {k: values(test, k) for k in test.query_params if k not in ("catalog", "item")}


def values(test, name):
    """All values of a parameter; a test may hold one as a plain text."""
    found = test.query_params[name]
    return [found] if isinstance(found, str) else list(found)


def test_a_plain_link_back_finds_the_view_as_it_was_left(catalogs):
    assert address(at(left())) == LEFT


def test_a_step_back_with_the_other_pages_item_finds_the_view_and_opens_the_item(catalogs):
    test = at(left(), item=catalogs[0])
    assert address(test) == LEFT
    assert values(test, "item") == [catalogs[0]]


def test_a_link_with_a_view_of_its_own_opens_that(catalogs):
    test = at(left(), **{"f.Type": "shirt", "item": catalogs[1]})
    assert address(test) == {"f.Type": ["shirt"]}


def test_on_the_page_itself_a_step_back_to_no_filters_has_none(catalogs):
    test = AppTest.from_file(str(ROOT / "app" / "dashboard.py"), default_timeout=60)
    at(test, **LEFT)
    assert address(at(test)) == {}


def test_another_catalog_is_not_met_with_the_filters_of_this_one(catalogs):
    assert address(at(left(), catalog="two")) == {}
