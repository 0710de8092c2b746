"""The import form: from a file to an open catalog, with what was skipped and why."""

import io
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image
from streamlit.runtime.context import StreamlitHeaders
from streamlit.testing.v1 import AppTest

from app import import_source
from app.import_form import slug_of
from core.catalog import Role, load_catalog

ROOT = Path(__file__).resolve().parents[2]
TABLE = (
    "sku,name,brand,cost,units_sold,stars,photo\n"
    "001,Red dress,Acme,12.50,3,4.5,red.png\n"
    "002,Coat,Beta,x,5,4.0,gone.png\n"
    "002,Coat,Beta,9,5,4.0,\n"
)


def script(root):
    import streamlit as st

    from app import import_form

    pages = [
        st.Page(import_form.show, title="Import", default=True),
        st.Page(f"{root}/pages/catalog.py", url_path="catalog"),
        st.Page(f"{root}/pages/setup.py", url_path="setup"),
    ]
    st.navigation(pages, position="hidden").run()


@pytest.fixture
def form(monkeypatch, tmp_path):
    for name in ("DATA", "MODELS", "CACHE"):
        monkeypatch.setenv(f"FASHION_{name}_DIR", str(tmp_path / name.lower()))
    monkeypatch.delenv("FASHION_CATALOG", raising=False)
    return AppTest.from_function(script, default_timeout=60, args=(str(ROOT),)).run()


def upload(form, name="range plan.csv", content=TABLE):
    content = content.encode() if isinstance(content, str) else content
    form.file_uploader[0].upload(name, content).run()
    assert not form.exception
    return form


def press(form):
    next(b for b in form.button if b.label == "Import").click().run()
    assert not form.exception
    return form


def box(form, label):
    return next(b for b in form.selectbox if b.label == label)


def said(form):
    return " ".join(e.value for kind in ("error", "warning") for e in getattr(form, kind))


def zipped(entries):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def png():
    out = io.BytesIO()
    Image.new("RGB", (8, 10), "teal").save(out, "PNG")
    return out.getvalue()


def test_the_empty_form_says_what_it_takes(form):
    assert not form.exception
    assert "Shopify product export" in form.caption[0].value
    assert not [b for b in form.button if b.label == "Import"]


def test_a_table_is_previewed_with_proposed_meanings(form):
    upload(form)
    assert len(form.dataframe[0].value) == 3
    assert form.dataframe[0].value["cost"].tolist() == ["12.50", "x", "9"]
    assert box(form, "sku").value == Role.ID
    assert box(form, "units_sold").value == Role.TARGET
    assert box(form, "cost").value == "none"
    assert form.multiselect[0].value == ["stars"]
    assert form.text_input[0].value == "Range plan"


def test_import_opens_the_catalog_and_reports_every_row(form, tmp_path):
    upload(form)
    box(form, "cost").set_value(Role.PRICE)
    form.text_input[1].set_value("EUR")
    press(form)
    catalog = load_catalog(tmp_path / "data/range-plan")
    assert (catalog.name, catalog.currency, len(catalog)) == ("Range plan", "EUR", 2)
    assert catalog.roles["cost"] == Role.PRICE
    assert {m.label: m.value for m in form.metric} == {
        "Rows read": "3",
        "Items": "2",
        "Rows skipped": "1",
        "Photos": "0",
    }
    assert form.session_state["catalog"] == "range-plan"
    listed = form.dataframe[0].value
    assert set(listed["Row"]) == {2, 3, 4}
    assert any("ZIP" in i.value for i in form.info)
    assert len(form.get("page_link")) == 2
    assert not list((tmp_path / "cache/uploads").iterdir()), "the upload is deleted"
    form.button(key="import:again").click().run()
    assert form.file_uploader


def test_photos_come_along_in_a_zip(form, tmp_path):
    content = zipped({"spring/range.csv": TABLE, "spring/red.png": png(), "__MACOSX/x": b""})
    press(upload(form, "Spring.zip", content))
    catalog = load_catalog(tmp_path / "data/spring")
    assert [p.name for p in catalog.image_paths(0)] == ["red.png"]
    assert {m.label: m.value for m in form.metric}["Photos"] == "1"


def test_a_name_that_is_taken_needs_a_tick(form, tmp_path):
    press(upload(form))
    form.button(key="import:again").click().run()
    press(upload(form, "range plan.csv", b"id,title\na,One\n"))
    assert "There is a catalog “range-plan” already" in said(form)
    assert len(load_catalog(tmp_path / "data/range-plan")) == 2
    form.checkbox[0].check()
    press(form)
    assert len(load_catalog(tmp_path / "data/range-plan")) == 1


@pytest.mark.parametrize("name", ["", " / ", "Demo"])
def test_a_name_that_cannot_be(form, name):
    upload(form)
    form.text_input[0].set_value(name)
    press(form)
    assert form.warning


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"id,title\n", "holds a header but no rows"),
        ("a.xlsx", b"junk", "a.xlsx"),
        ("a.zip", b"junk", "not a plain ZIP"),
        ("a.zip", zipped({"../../evil.csv": b"x"}), "leaves its folder"),
        ("a.zip", zipped({"a.csv": b"id\n1\n", "b.csv": b"id\n1\n"}), "should hold one table"),
        ("a.xml", b"<rss>", "not well-formed"),
    ],
    ids=["nothing", "header", "workbook", "zip", "leaving", "two", "feed"],
)
def test_what_cannot_be_read_is_a_sentence(form, tmp_path, name, content, expected):
    upload(form, name, content)
    assert expected in said(form)
    assert not (tmp_path / "evil.csv").exists()


def test_a_mapping_that_does_not_hold_is_a_sentence_and_imports_nothing(form, tmp_path):
    upload(form)
    box(form, "brand").set_value(Role.ID)
    press(form)
    assert "Only one column can be the id" in said(form)
    assert not (tmp_path / "data/range-plan").exists()


def test_a_path_on_the_machine(form, tmp_path, monkeypatch):
    monkeypatch.setattr(import_source, "_is_local", lambda: True)
    source = tmp_path / "range.csv"
    source.write_text(TABLE)
    form.run()
    form.segmented_control[0].set_value("A path on this machine").run()
    form.text_input[0].set_value(str(tmp_path / "nothing.csv")).run()
    assert "is not there" in said(form)
    form.text_input[0].set_value(str(source)).run()
    press(form)
    assert len(load_catalog(tmp_path / "data/range")) == 2
    assert source.exists()


def test_a_server_that_others_reach_reads_no_paths(form, monkeypatch):
    monkeypatch.setattr(import_source, "_is_local", lambda: False)
    form.run()
    assert not form.segmented_control
    assert form.file_uploader


@pytest.mark.parametrize(
    ("address", "headers", "local"),
    [
        ("localhost", {"Host": "localhost:8501"}, True),
        ("::1", {"Host": "[::1]:8501"}, True),
        ("0.0.0.0", {"Host": "localhost:8501"}, False),
        ("localhost", {"Host": "shop.example"}, False),
        ("localhost", {"Host": "localhost:8501", "X-Forwarded-For": "10.0.0.7"}, False),
        ("localhost", {}, False),
    ],
)
def test_only_a_user_on_this_machine_may_name_a_path(monkeypatch, address, headers, local):
    context = SimpleNamespace(headers=StreamlitHeaders(headers.items()))
    monkeypatch.setattr(import_source.st, "context", context)
    monkeypatch.setattr(import_source.st, "get_option", lambda name: address)
    assert import_source._is_local() is local


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Spring / Summer 26", "spring-summer-26"), ("Été", "ete"), ("../x", "x"), ("日本", "")],
)
def test_names_become_safe_folder_names(name, slug):
    assert slug_of(name) == slug
