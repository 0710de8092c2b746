"""Suggested titles as a user meets them: in the item's dialog, on cards, and on the setup page."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.catalog import suggestions
from core.catalog.catalog import load_catalog, write_catalog
from core.catalog.roles import Role
from core.catalog.suggestions import Suggestion
from tests.core.popularity.synthetic import make_catalog
from tests.core.vision.tiny_captioner import write_tiny_captioner

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def untitled(monkeypatch, tmp_path):
    """A catalog of 12 items with photos and no titles, and a captioner that is never unsure."""
    catalog = make_catalog(12)
    roles = {c: r for c, r in catalog.roles.items() if r not in ("title", "description")}
    frame = catalog.frame.assign(photo=[f"{i}.png" for i in range(12)])
    rng = np.random.default_rng(0)

    def photos(new):
        for i in range(12):
            pixels = rng.integers(0, 255, (24, 18, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(new / "images" / f"{i}.png")

    roles |= {"photo": Role.IMAGE}
    made = write_catalog(
        replace(catalog, frame=frame, roles=roles), tmp_path / "data" / "made", add_files=photos
    )
    write_tiny_captioner(tmp_path / "checkpoints" / "captioner-fashion-small")
    monkeypatch.setenv("FASHION_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("FASHION_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("FASHION_CHECKPOINTS_DIR", str(tmp_path / "checkpoints"))
    return made


def visit(page="app/dashboard.py", **query):
    test = AppTest.from_file(str(ROOT / page), default_timeout=60)
    for name, value in query.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception
    return test


def press(test, key):
    test.button(key=key).click().run()
    assert not test.exception
    return test


def said(test):
    return "\n".join(str(p.value) for p in [*test.markdown, *test.caption, *test.warning])


def put(catalog, item, text="navy striped shirt, casual", kind="title"):
    made = Suggestion(text, kind, "suggested", 0.8, "captioner-x-1", "2026-01-02", "0.png")
    suggestions.put(catalog, {item: made})


def test_a_suggestion_is_accepted_and_then_is_the_title(untitled):
    item = untitled.ids[0]
    put(untitled, item)
    test = visit(item=item)
    assert test.text_input(key=f"words:{item}").value == "Navy striped shirt, casual"
    assert "`captioner-x-1`" in said(test) and "2026-01-02" in said(test)
    press(test, f"accepted:{item}")
    made = suggestions.load(untitled)[item]
    assert (made.status, made.mark) == ("accepted", "suggested")
    assert "suggested from the photo and accepted" in said(test)
    cards = next(e.proto.json for e in test.get("bidi_component"))
    assert "Navy striped shirt, casual\u00a0*" in cards or "casual\\u00a0*" in cards
    found = visit(q="striped")
    assert "**1** of 12" in said(found)
    press(test, f"suggested:{item}")
    assert suggestions.load(untitled)[item].status == "suggested"
    assert "casual\u00a0*" not in next(e.proto.json for e in test.get("bidi_component"))


def test_a_suggestion_is_edited_and_then_accepted(untitled):
    item = untitled.ids[0]
    put(untitled, item)
    test = visit(item=item)
    test.text_input(key=f"words:{item}").set_value("Breton shirt in navy")
    press(test, f"accepted:{item}")
    made = suggestions.load(untitled)[item]
    assert (made.line, made.mark) == ("Breton shirt in navy", "suggested, edited")
    assert made.written == "navy striped shirt, casual"
    assert "suggested from the photo, edited and accepted" in said(test)
    assert "**1** of 12" in said(visit(q="breton"))
    press(test, f"suggested:{item}")
    assert suggestions.accepted_titles(untitled) == {}
    assert test.text_input(key=f"words:{item}").value == "Breton shirt in navy"
    assert "It wrote “navy striped shirt, casual”" in said(test)


def test_an_emptied_suggestion_cannot_be_accepted(untitled):
    item = untitled.ids[0]
    put(untitled, item)
    test = visit(item=item)
    test.text_input(key=f"words:{item}").set_value(" ")
    press(test, f"accepted:{item}")
    assert "There is nothing to accept" in said(test)
    assert suggestions.load(untitled)[item].status == "suggested"
    press(test, f"rejected:{item}")
    assert suggestions.load(untitled)[item].status == "rejected"


def test_a_suggested_description_is_edited_in_a_larger_field(untitled):
    item = untitled.ids[0]
    put(untitled, item, kind="description")
    test = visit(item=item)
    test.text_area(key=f"words:{item}").set_value("A Breton shirt. Cut wide.")
    press(test, f"accepted:{item}")
    assert "Cut wide. *Suggested from the photo, edited and accepted.*" in said(test)


def test_a_rejected_suggestion_is_not_shown_as_the_title_and_can_be_had_back(untitled):
    item = untitled.ids[0]
    put(untitled, item)
    test = press(visit(item=item), f"rejected:{item}")
    assert "was rejected" in said(test)
    assert suggestions.accepted_titles(untitled) == {}
    press(test, f"suggested:{item}")
    assert f"accepted:{item}" in [b.key for b in test.button]


def test_a_suggestion_is_made_when_asked_for(untitled):
    item = untitled.ids[1]
    test = visit(item=item)
    assert suggestions.load(untitled) == {}
    press(test, f"suggest:{item}")
    made = suggestions.load(untitled)[item]
    assert made.checkpoint.startswith("captioner-fashion-small-") and made.photo == "1.png"


def test_an_item_with_title_and_description_gets_none(monkeypatch, tmp_path):
    monkeypatch.setenv("FASHION_DATA_DIR", str(ROOT / "data"))
    catalog = load_catalog(ROOT / "data" / "demo")
    test = visit(item=catalog.ids[0])
    assert not [b for b in test.button if str(b.key).startswith("suggest")]


def test_a_damaged_file_is_a_sentence_beside_the_item(untitled):
    (untitled.directory / suggestions.FILE).write_text("{")
    assert "suggestions.json is damaged" in said(visit(item=untitled.ids[0]))


def test_setup_suggests_for_all_accepts_all_and_takes_them_back(untitled):
    test = visit("pages/setup.py")
    assert "**12** items with a photo lack a title" in said(test)
    press(test, "suggest-all")
    made = suggestions.load(untitled)
    assert len(made) == 12
    written = sum(bool(m.text) for m in made.values())
    assert written and f"**{written}** suggestions to look at" in said(test)
    press(test, "accept-all")
    assert len(suggestions.accepted_titles(untitled)) == written
    press(test, "take-back")
    assert suggestions.accepted_titles(untitled) == {}


def test_setup_says_nothing_of_suggestions_where_no_item_lacks_words(monkeypatch):
    monkeypatch.setenv("FASHION_DATA_DIR", str(ROOT / "data"))
    assert "suggest-all" not in [b.key for b in visit("pages/setup.py").button]
