"""Filters, item line and setup part for what is seen in photos, as a user meets them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.catalog.catalog import Catalog, conform, write_catalog
from core.catalog.facets import SEEN, WORN
from core.catalog.roles import Role
from core.vision import detections, parsing
from core.vision.atr import ID
from core.vision.detections import FILE, detect_catalog, load_detections

ROOT = Path(__file__).resolve().parents[2]
ROLES = {"sku": Role.ID, "name": Role.TITLE, "photo": Role.IMAGE, "kind": Role.CATEGORY}
N = 6


class Fake:
    """Photos of even items show a dress on a person, of odd items a bag."""

    checkpoint_id = "fake-parser-1"

    def __init__(self, directory=None):
        pass

    def parse(self, image):
        parse = np.zeros((image.height, image.width), np.uint8)
        if np.asarray(image)[0, 0, 0] > 128:
            parse[:8], parse[8:14] = ID["face"], ID["dress"]
        else:
            parse[4:16] = ID["bag"]
        return parse


@pytest.fixture
def catalog(tmp_path):
    frame = pd.DataFrame(
        {
            "sku": [f"s{i}" for i in range(N)],
            "name": [f"Thing {i}" for i in range(N)],
            "photo": [f"{i}.png" for i in range(N)],
            "kind": ["x", "y", "z"] * 2,
        }
    )

    def add(new):
        for i in range(N):
            Image.new("RGB", (20, 20), (255 * (i % 2 == 0), 80, 10 * i)).save(
                new / "images" / f"{i}.png"
            )

    made = Catalog(tmp_path, "Six things", conform(frame, ROLES), ROLES)
    return write_catalog(made, tmp_path / "six", add_files=add)


@pytest.fixture
def visit(catalog, monkeypatch, tmp_path):
    """Opens a page of the dashboard at a link."""

    def go(page=None, **query):
        monkeypatch.setenv("FASHION_CATALOG", str(catalog.directory))
        monkeypatch.setenv("FASHION_DATA_DIR", str(tmp_path / "none"))
        monkeypatch.setenv("FASHION_MODELS_DIR", str(tmp_path / "no"))
        monkeypatch.setenv("FASHION_CHECKPOINTS_DIR", str(tmp_path / "no"))
        test = AppTest.from_file(str(ROOT / "app" / "dashboard.py"), default_timeout=60)
        for name, value in query.items():
            test.query_params[name] = value
        if page is not None:
            test.switch_page(page)
        test.run()
        assert not test.exception
        return test

    return go


def shown(test):
    drawn = [json.loads(e.proto.json) for e in test.get("bidi_component")]
    return [card["title"] for card in next(d for d in drawn if not d["small"])["cards"]]


def labels(test):
    return [e.label for e in test.get("button_group")]


def test_before_a_run_there_are_no_filters(visit):
    assert not {"Seen in photo", "Worn by a person"} & set(labels(visit()))


def test_the_filters_narrow_the_grid_and_the_link_reopens_it(visit, catalog):
    detect_catalog(catalog, Fake())
    test = visit()
    assert {"Seen in photo", "Worn by a person"} <= set(labels(test))
    (pills,) = [e for e in test.get("button_group") if e.label == "Seen in photo"]
    assert sorted(str(o.content if hasattr(o, "content") else o) for o in pills.options) == [
        "bag · 3",
        "dress · 3",
    ]
    pills.set_value(["bag"]).run()
    assert shown(test) == ["Thing 1", "Thing 3", "Thing 5"]
    assert test.query_params[f"f.{SEEN}"] in ("bag", ["bag"])
    again = visit(**{f"f.{SEEN}": "dress", f"f.{WORN}": "yes"})
    assert shown(again) == ["Thing 0", "Thing 2", "Thing 4"]


def test_filters_that_exclude_each_other_are_named(visit, catalog):
    detect_catalog(catalog, Fake())
    test = visit(**{f"f.{SEEN}": "bag", f"f.{WORN}": "yes"})
    assert "Seen in photo, Worn by a person" in "".join(i.value for i in test.info)


def test_the_item_says_what_is_in_its_photo_and_what_saw_it(visit, catalog):
    detect_catalog(catalog, Fake())
    test = visit(item="s0")
    assert "In the photo: dress; worn by a person" in [c.value for c in test.caption]
    assert any("fake-parser-1" in m.value for m in test.markdown)
    test = visit(item="s1")
    assert "In the photo: bag; no person in it" in [c.value for c in test.caption]


def test_photos_that_two_checkpoints_looked_at_are_marked(visit, catalog):
    detect_catalog(catalog, Fake())
    words = "looked at by another checkpoint"
    assert not any(words in c.value for c in visit().caption)
    file = catalog.directory / FILE
    table = pd.read_parquet(file)
    table.loc[0, "checkpoint"] = "fake-parser-0"
    table.to_parquet(file, index=False)
    assert any(words in c.value for c in visit().caption)


@pytest.fixture
def fake_parser(monkeypatch, tmp_path):
    """Has the setup page use `Fake`."""
    weights = tmp_path / "parser"
    weights.mkdir()
    (weights / "model.safetensors").write_bytes(b"weights")
    monkeypatch.setattr("app.detections.best_parser", lambda: weights)
    monkeypatch.setattr(parsing, "HumanParser", Fake)


def test_a_damaged_file_hides_the_filters_and_setup_says_so(visit, catalog, fake_parser):
    (catalog.directory / FILE).write_bytes(b"no")
    assert "Seen in photo" not in labels(visit())
    test = visit(str(ROOT / "pages" / "setup.py"))
    assert any("is damaged" in w.value and "Delete it" in w.value for w in test.warning)


def test_after_a_change_of_the_rule_there_are_no_filters_and_setup_asks_for_another_look(
    visit, catalog, fake_parser, monkeypatch
):
    detect_catalog(catalog, Fake())
    monkeypatch.setattr(detections, "RULE", detections.RULE + 1)
    assert not {"Seen in photo", "Worn by a person"} & set(labels(visit()))
    test = visit(str(ROOT / "pages" / "setup.py"))
    assert any("Look at them again" in i.value for i in test.info)
    press = [b for b in test.button if b.key == "detect-all"]
    assert [b.label for b in press] == ["Look at 6 photos"]
    press[0].click().run()
    assert not any("Look at them again" in i.value for i in test.info)
    assert "Seen in photo" in labels(visit())


def test_setup_looks_at_the_photos_with_progress(visit, catalog, fake_parser):
    test = visit(str(ROOT / "pages" / "setup.py"))
    press = [b for b in test.button if b.key == "detect-all"]
    assert [b.label for b in press] == ["Look at 6 photos"]
    press[0].click().run()
    assert not test.exception
    seen = load_detections(catalog)
    assert seen["articles"].tolist() == ["dress", "bag"] * 3
    assert any("**3** show a person" in m.value for m in test.markdown)
