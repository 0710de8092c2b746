"""The try-on page as a user meets it, on a small catalog with two crude people."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

import app.catalogs
import core.resources
import core.tryon.people
from core.catalog.catalog import Catalog, write_catalog
from core.catalog.roles import Role
from tests.core.tryon.synthetic import make_garment, make_person, write_people

PAGE = Path(__file__).resolve().parents[2] / "pages" / "tryon.py"
CATALOG_PAGE = PAGE.with_name("catalog.py")
KINDS = {"tee": "T-shirt", "sweater": "Sweater", "trousers": "Trousers", "dress": "Dress"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tryon")
    frame = pd.DataFrame(
        {
            "sku": ["s1", "a1", "a2", "a3", "a4", "a5"],
            "name": [
                "Runner",
                "Blue tee",
                "Blue sweater",
                "Blue trousers",
                "Blue dress",
                "No photo",
            ],
            "kind": ["Shoes", *KINDS.values(), "Shirt"],
            "photo": [f"{kind}.png" for kind in ("tee", *KINDS)] + [None],
        }
    )
    roles = {"sku": Role.ID, "name": Role.TITLE, "kind": Role.CATEGORY, "photo": Role.IMAGE}

    def photos(new):
        for kind in KINDS:
            make_garment(kind)[0].save(new / "images" / f"{kind}.png")

    catalog = write_catalog(
        Catalog(Path(), "small", frame, roles), folder / "small", add_files=photos
    )
    people = write_people(
        folder / "people", make_person(), replace(make_person(True), id="wide", title="Wide")
    )
    return catalog, people


@pytest.fixture
def use(made, monkeypatch, tmp_path):
    """Opens the page beside the catalog's, with the catalog ranked or not."""
    catalog, people = made
    script = tmp_path / "dashboard.py"
    script.write_text(
        "import streamlit as st\n"
        f"pages = [st.Page({str(PAGE)!r}, default=True), st.Page({str(CATALOG_PAGE)!r})]\n"
        "st.navigation(pages).run()\n"
    )

    def open_page(ranked=True, people=people, catalog=catalog, **query):
        order = pd.DataFrame({"item_id": list(catalog.ids), "rank": range(1, len(catalog) + 1)})
        monkeypatch.setattr(app.catalogs, "current_catalog", lambda: catalog)
        monkeypatch.setattr(app.catalogs, "current_models", lambda: Path("m") if ranked else None)
        monkeypatch.setattr(core.resources, "ranking", lambda *a: order)
        monkeypatch.setattr(core.tryon.people.people, "__defaults__", (people,))
        test = AppTest.from_file(str(script), default_timeout=60)
        for name, value in query.items():
            test.query_params[name] = value
        return test.run()

    return open_page


def words(test):
    parts = [*test.markdown, *test.caption, *test.info, *test.warning, *test.error]
    return "\n".join(str(p.value) for p in parts)


def by_label(elements, label):
    return next(e for e in elements if e.label == label)


def pictures(test):
    return test.get("image")


def test_it_opens_with_the_first_garment_that_can_be_worn_on_the_first_person(use):
    test = use()
    assert not test.exception and not test.error
    assert len(pictures(test)) == 1
    assert test.query_params["garment"] == "a1" and test.query_params["model"] == "plain"
    text = words(test)
    assert "#### Blue tee" in text and "Rank 2 of 6" in text
    assert "not a simulation of fit" in text
    assert by_label(test.segmented_control, "Worn as").value == "upper_body"


def test_a_link_opens_its_garment_person_view_and_category(use):
    test = use(garment="a3", model="wide", view="mask", worn="lower_body")
    assert not test.exception and not test.error and not test.warning
    assert "#### Blue trousers" in words(test)
    assert by_label(test.segmented_control, "View").value == "mask"
    assert test.query_params["model"] == "wide"


@pytest.mark.parametrize("view", ["person", "map", "mask", "garment", "result"])
def test_every_view_shows_a_picture(use, view):
    test = use(view=view)
    assert not test.exception and len(pictures(test)) == 1


def test_changing_the_view_changes_the_link(use):
    test = use()
    by_label(test.segmented_control, "View").set_value("garment").run()
    assert test.query_params["view"] == "garment"
    assert "pinned to the body" in words(test)


def test_the_category_can_be_corrected(use):
    test = use(garment="a4")
    control = by_label(test.segmented_control, "Worn as")
    assert control.value == "dresses"
    control.set_value("upper_body").run()
    assert not test.exception and test.query_params["worn"] == "upper_body"


def test_links_to_what_is_not_there_are_told_and_something_is_shown(use):
    test = use(garment="gone", model="nobody")
    text = words(test)
    assert "no item “gone”" in text and "no model “nobody”" in text
    assert not test.exception and len(pictures(test)) == 1


def test_an_item_without_a_photo_is_told(use):
    test = use(garment="a5")
    assert "“No photo” has no photo" in words(test) and len(pictures(test)) == 1


def test_what_is_no_garment_is_told(use):
    assert "does not seem to be a garment" in words(use(garment="s1"))


def test_a_search_without_a_match_says_so(use):
    test = use()
    by_label(test.text_input, "Another garment").set_value("astronaut").run()
    assert not test.exception and "No garment with a photo has “astronaut”" in words(test)


def test_it_works_on_a_catalog_that_is_not_ranked(use):
    test = use(ranked=False)
    assert not test.exception and "Rank" not in words(test) and len(pictures(test)) == 1


def test_an_engine_that_is_not_installed_is_listed_and_answers_with_a_sentence(use):
    test = use(engine="ootd-hd")
    assert not test.exception
    assert "OOTDiffusion, half body cannot run here yet" in test.error[0].value
    radio = by_label(test.radio, "Engine")
    assert radio.options == ["Preview", "OOTDiffusion, half body", "OOTDiffusion, full body"]
    # The person is shown, not a preview that was not asked for.
    assert by_label(test.segmented_control, "View").options == ["Person", "Body map"]


def test_without_demo_people_it_says_what_to_do(use, tmp_path):
    test = use(people=tmp_path)
    assert not test.exception and "make_demo_catalog.py" in test.info[0].value


def test_an_upload_is_tried_on_and_a_bad_one_gives_a_sentence(use, made):
    import io

    test = use()
    out = io.BytesIO()
    make_garment("sweater")[0].save(out, "PNG")
    uploader = next(u for u in test.file_uploader if "garment" in u.label)
    uploader.set_value(("my sweater.png", out.getvalue(), "image/png")).run()
    assert not test.exception and not test.error
    assert "#### Your photo" in words(test)
    uploader = next(u for u in test.file_uploader if "garment" in u.label)
    uploader.set_value(("broken.png", b"not an image", "image/png")).run()
    assert not test.exception
    assert "“broken.png” is not an image" in test.error[0].value


def test_a_photo_of_ones_own_is_answered_honestly(use):
    import io

    test = use()
    out = io.BytesIO()
    make_garment("tee")[0].save(out, "PNG")
    next(u for u in test.file_uploader if "person" in u.label).set_value(
        ("me.png", out.getvalue(), "image/png")
    ).run()
    assert not test.exception and "nobody who wears them" in words(test)
