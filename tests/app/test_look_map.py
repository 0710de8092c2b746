"""The map of a found item's photo, as the item's dialog draws it."""

from streamlit.testing.v1 import AppTest

from app import look_map
from core.errors import ImageError


def page(look="floral dress"):
    import streamlit as st

    from app.look_map import beside_photo
    from core.catalog.catalog import load_catalog
    from core.catalog.query import Listing, Query

    st.session_state["catalog_query"] = Query(look=look)
    beside_photo(Listing(load_catalog("data"), None), 5, "Red dress")


def opened(**kwargs):
    return AppTest.from_function(page, default_timeout=60, kwargs=kwargs).run()


def test_the_map_is_drawn_when_asked_for_and_says_what_it_is_not():
    test = opened()
    assert not test.exception and not test.get("plotly_chart")
    test.toggle[0].set_value(True)
    test.run()
    assert not test.exception and not test.warning
    assert "nearer to “floral dress”" in test.caption[0].value
    assert "not popularity" in test.caption[0].value
    before = test.get("plotly_chart")[0].proto.spec
    said = " ".join(m.value for m in test.markdown)
    assert "clip-fashion-small" in said and "street photos" in said
    test.slider[0].set_value(20)
    test.run()
    assert not test.exception and test.get("plotly_chart")[0].proto.spec != before


def test_an_item_that_was_not_found_by_words_has_no_switch():
    test = opened(look="")
    assert not test.exception and not test.toggle


def test_a_photo_that_cannot_be_read_is_told_in_a_sentence(monkeypatch):
    def broken(*args):
        raise ImageError("The photo is damaged.")

    monkeypatch.setattr(look_map, "_map", broken)
    test = opened()
    test.toggle[0].set_value(True)
    test.run()
    assert not test.exception and "damaged" in test.warning[0].value


def test_words_with_marks_are_shown_as_they_were_typed():
    test = opened(look="*red* dress")
    test.toggle[0].set_value(True)
    test.run()
    assert not test.exception and "“\\*red\\* dress”" in test.caption[0].value
