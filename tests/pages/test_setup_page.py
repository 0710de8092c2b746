"""The setup page as a user meets it."""

from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.catalog.catalog import Catalog, write_catalog
from core.catalog.roles import Role
from tests.core.popularity.synthetic import make_catalog

PAGE = Path(__file__).resolve().parents[2] / "pages" / "setup.py"


def with_photos(catalog: Catalog) -> Catalog:
    frame = catalog.frame.assign(photo=[f"{i}.webp" if i < 5 else None for i in range(60)])
    return Catalog(
        catalog.directory,
        "Autumn",
        frame,
        {**catalog.roles, "photo": Role.IMAGE},
        catalog.post_launch,
        notice="Simulated sales.",
        provenance={
            "source": "range.csv",
            "imported": "2026-01-02T03:04:05+00:00",
            "rows_read": 63,
            "items": 60,
            "skipped": {"no item id": 3},
        },
    )


@pytest.fixture
def data(monkeypatch, tmp_path):
    """A folder with two catalogs, the first with photos; models and checkpoints are empty."""
    for name in ("DATA", "MODELS", "CHECKPOINTS"):
        monkeypatch.setenv(f"FASHION_{name}_DIR", str(tmp_path / name))

    def photos(directory: Path) -> None:
        for i in range(5):
            Image.new("RGB", (30, 40), (9 * i, 90, 120)).save(directory / "images" / f"{i}.webp")

    catalog = with_photos(make_catalog(60))
    write_catalog(catalog, tmp_path / "DATA" / "autumn", add_files=photos)
    write_catalog(make_catalog(50, seed=3, drop=("Sold",)), tmp_path / "DATA" / "bare")
    return tmp_path / "DATA"


def open_page(**query):
    test = AppTest.from_file(str(PAGE), default_timeout=30)
    for name, value in query.items():
        test.query_params[name] = value
    return test.run()


def words(test):
    parts = [*test.subheader, *test.markdown, *test.caption, *test.info, *test.warning]
    return "\n".join(str(p.value) for p in parts)


def test_it_opens_with_the_catalog_and_its_photos_not_with_a_form(data):
    test = open_page()
    assert not test.exception and not test.error
    assert test.subheader[0].value == "Autumn"
    strip = test.main.children[2].proto.body
    assert strip.count("<img") == strip.count(' alt="') == 5 and 'alt=""' not in strip
    text = words(test)
    assert "**60** items · **5** with a photo · **60** with known units" in text
    assert "Simulated sales." in text


def test_catalogs_are_listed_with_where_they_come_from(data):
    text = words(open_page())
    assert "60 items, units known · range.csv · imported 2026-01-02 · Simulated sales" in text
    assert "50 items, no popularity column" in text
    assert "63 rows read, 60 items." in text and "Left out: 3 × no item id." in text
    assert "Kept for exports, never learned from: Shelf." in text


def test_another_catalog_can_be_opened(data):
    test = open_page()
    assert test.button(key="open:autumn").disabled
    test.button(key="open:bare").click().run()
    assert not test.exception
    assert test.subheader[0].value == "made-3" and test.query_params["catalog"] == "bare"
    assert test.button(key="open:bare").disabled and not test.button(key="open:autumn").disabled


def test_a_damaged_catalog_does_not_hide_the_others(data):
    (data / "bare" / "catalog.toml").write_text("roles = [")
    test = open_page()
    assert not test.exception
    assert "cannot be read" in test.warning[0].value and "**Autumn**" in words(test)


def test_a_link_to_a_catalog_that_is_gone_gives_a_sentence_and_the_list(data):
    test = open_page(catalog="gone")
    assert not test.exception
    assert [e.value[:22] for e in test.error] == ["There is no catalog “g"]
    test.button(key="open:autumn").click().run()
    assert not test.error and test.subheader[0].value == "Autumn"


def test_a_link_opens_a_section(data):
    models = open_page(section="Models")
    assert [b.label for b in models.button] == ["Train"]
    checkpoints = open_page(section="Checkpoints")
    assert "sets of weights are on this machine" in words(checkpoints)
    commands = [c.value for c in checkpoints.code]
    assert "python scripts/checkpoints.py pull clip-vit-large-patch14" in commands
    assert "non-commercial" in words(checkpoints)


def test_without_any_catalog_it_says_what_to_do(data, monkeypatch, tmp_path):
    monkeypatch.setenv("FASHION_DATA_DIR", str(tmp_path / "empty"))
    test = open_page()
    assert not test.exception
    assert "no catalog on this machine yet" in test.info[0].value
    assert next(e for e in test.expander if e.label == "Import a catalog").proto.expanded


def test_the_import_form_is_a_drawer_of_the_catalogs(data):
    test = open_page()
    assert not test.file_uploader
    closed = [e for e in test.expander if e.label == "Import a catalog"]
    assert len(closed) == 1
