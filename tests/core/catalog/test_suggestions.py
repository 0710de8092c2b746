import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from core.catalog import suggestions
from core.catalog.catalog import load_catalog, write_catalog
from core.catalog.export import export_frame
from core.catalog.query import Filters, Listing
from core.catalog.suggestions import Suggestion
from core.errors import CatalogError
from tests.core.popularity.synthetic import make_catalog


def made(text="navy shirt", status="suggested", kind="title"):
    return Suggestion(text, kind, status, 0.8, "captioner-tiny-12345678", "2026-01-02", "a.png")


@pytest.fixture
def catalog(tmp_path):
    return write_catalog(make_catalog(30), tmp_path / "made")


def test_what_was_put_is_there_for_the_next_reader(catalog):
    assert suggestions.load(catalog) == {}
    one, two = catalog.ids[:2]
    suggestions.put(catalog, {one: made(), two: made("", "unsure")})
    assert suggestions.load(load_catalog(catalog.directory)) == {
        one: made(),
        two: made("", "unsure"),
    }
    assert suggestions.accepted_titles(catalog) == {}


def test_a_decision_is_kept_and_a_new_suggestion_does_not_undo_it(catalog):
    one, two = catalog.ids[:2]
    suggestions.put(catalog, {one: made(), two: made()})
    suggestions.decide(catalog, [one], "accepted")
    suggestions.decide(catalog, [two], "rejected")
    suggestions.put(catalog, {one: made("other"), two: made("other")})
    found = suggestions.load(catalog)
    assert found[one] == made(status="accepted") and found[two] == made(status="rejected")
    assert suggestions.accepted_titles(catalog) == {one: "Navy shirt"}
    suggestions.decide(catalog, [one], "suggested")
    suggestions.put(catalog, {one: made("other")})
    assert suggestions.load(catalog)[one].text == "other"


def test_an_edited_line_is_kept_with_what_the_model_wrote(catalog):
    one = catalog.ids[0]
    suggestions.put(catalog, {one: made()})
    suggestions.accept(catalog, one, " s.Oliver \n navy  shirt ")
    found = suggestions.load(load_catalog(catalog.directory))[one]
    assert found == replace(
        made(status="accepted"), text="s.Oliver navy shirt", written="navy shirt"
    )
    assert (found.line, found.mark) == ("s.Oliver navy shirt", "suggested, edited")
    assert suggestions.accepted_titles(catalog) == {one: "s.Oliver navy shirt"}
    suggestions.decide(catalog, [one], "suggested")
    suggestions.put(catalog, {one: made("another model's line")})  # a person's work is not lost
    assert suggestions.load(catalog)[one].text == "s.Oliver navy shirt"
    suggestions.accept(catalog, one, "Navy shirt with dots")
    assert suggestions.load(catalog)[one].written == "navy shirt"


@pytest.mark.parametrize("words", ["navy shirt", "Navy shirt", " Navy  shirt"])
def test_the_models_own_words_are_not_edited(catalog, words):
    one = catalog.ids[0]
    suggestions.put(catalog, {one: made()})
    suggestions.accept(catalog, one, "something else")
    suggestions.accept(catalog, one, words)
    found = suggestions.load(catalog)[one]
    assert found == made(status="accepted")
    assert (found.line, found.mark) == ("Navy shirt", "suggested")


def test_no_words_cannot_be_accepted(catalog):
    one, two = catalog.ids[:2]
    suggestions.put(catalog, {one: made(), two: made("", "unsure")})
    with pytest.raises(CatalogError, match="nothing to accept"):
        suggestions.accept(catalog, one, " \n")
    suggestions.accept(catalog, two, "mine")
    suggestions.accept(catalog, "gone", "mine")
    assert suggestions.load(catalog) == {one: made(), two: made("", "unsure")}


def test_an_item_without_words_cannot_be_accepted(catalog):
    one, two = catalog.ids[:2]
    suggestions.put(catalog, {one: made("", "unsure")})
    suggestions.decide(catalog, [one, two], "accepted")
    assert suggestions.load(catalog)[one].status == "unsure" and two not in suggestions.load(
        catalog
    )


def test_an_accepted_description_is_no_title(catalog):
    suggestions.put(catalog, {catalog.ids[0]: made(kind="description", status="accepted")})
    assert suggestions.accepted_titles(catalog) == {}


def test_the_table_stays_as_it_was_and_a_new_import_keeps_decisions(catalog):
    before = (catalog.directory / "catalog.parquet").read_bytes()
    suggestions.put(catalog, {catalog.ids[0]: made(status="accepted")})
    assert (catalog.directory / "catalog.parquet").read_bytes() == before
    again = write_catalog(make_catalog(20), catalog.directory)
    assert suggestions.accepted_titles(again) == {catalog.ids[0]: "Navy shirt"}


def test_what_sessions_decide_at_once_is_all_kept(catalog):
    suggestions.put(catalog, {item: made() for item in catalog.ids})
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: suggestions.decide(catalog, [i], "accepted"), catalog.ids))
    assert set(suggestions.accepted_titles(catalog)) == set(catalog.ids)


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"items": {"a": {}}}', '{"items": {"a": 3}}', "status"]
)
def test_a_damaged_file_is_a_sentence_and_is_not_overwritten(catalog, content):
    file = catalog.directory / suggestions.FILE
    if content == "status":
        suggestions.put(catalog, {"a": made()})
        content = file.read_text().replace('"suggested"', '"sold"')
    file.write_text(content)
    with pytest.raises(CatalogError, match=r"suggestions\.json"):
        suggestions.load(catalog)
    with pytest.raises(CatalogError, match="Move it away"):
        suggestions.put(catalog, {"a": made()})
    assert file.read_text() == content


def test_what_items_lack(tmp_path):
    catalog = make_catalog(6)
    frame = catalog.frame.assign(
        name=["a", " ", None, "b", "c", ""], story=["x", "x", "x", None, "", None]
    )
    roles = {c: r for c, r in catalog.roles.items() if r not in ("title", "description")}
    roles |= {"name": "title", "story": "description"}
    catalog = write_catalog(replace(catalog, frame=frame, roles=roles), tmp_path / "some")
    found = [suggestions.lacks(catalog, row) for row in range(6)]
    assert found == [None, "title", "title", "description", "description", "title"]
    assert list(suggestions.lacking(catalog)) == []  # none has a photo


def test_exports_carry_suggestions_with_their_status(catalog):
    assert "suggested_title" not in export_frame(catalog, None)
    one, two = catalog.ids[:2]
    suggestions.put(catalog, {one: made(), two: made(), "gone": made()})
    suggestions.accept(catalog, one, "Navy polo shirt")
    frame = export_frame(catalog, None).set_index("item_id")
    columns = ["suggested_title", "suggested_title_status", "suggested_title_mark"]
    assert list(frame.loc[one, columns]) == ["Navy polo shirt", "accepted", "suggested, edited"]
    assert list(frame.loc[two, columns]) == ["Navy shirt", "suggested", "suggested"]
    assert frame["suggested_title"].notna().sum() == 2
    assert "suggested_description" not in frame


def test_search_finds_accepted_titles_only(catalog):
    one, two = catalog.ids[:2]
    suggestions.put(catalog, {one: made("zebra shirt", "accepted"), two: made("zebra shirt")})
    assert list(Listing(catalog, None).match(Filters(text="ZEBRA")).nonzero()[0]) == [0]


def test_the_file_is_plain_json(catalog):
    suggestions.put(catalog, {catalog.ids[0]: made()})
    content = json.loads((catalog.directory / suggestions.FILE).read_text())
    assert content["version"] == 1
    assert content["items"][catalog.ids[0]]["checkpoint"] == "captioner-tiny-12345678"
