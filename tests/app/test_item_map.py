"""The map of an item's photo, as the page draws it and says it."""

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from app import item_map
from core.catalog.catalog import load_catalog
from core.errors import ImageError
from core.explain.maps import PhotoMap, load_score
from core.explain.maps_regions import GARMENT, Region
from tests.conftest import ROOT

VALUES = np.zeros((8, 8))
VALUES[1, 6], VALUES[6, 4] = 0.05, -0.02


@pytest.fixture
def found():
    photo = Image.new("RGB", (300, 400), (120, 20, 30))
    checkpoint = load_score().checkpoint
    return PhotoMap(
        "A1", "image", "ridge", checkpoint, VALUES, 0.7, 0.1, 1e-3, photo, (0, 50, 300, 350)
    )  # fmt: skip


def page(model="image", item="FD-0001"):
    from pathlib import Path

    from app import item_map
    from core.catalog.catalog import load_catalog
    from core.popularity.ranking import load_model
    from core.popularity.scoreboard import load_scoreboard

    catalog, models = load_catalog("data"), Path("checkpoints/popularity-demo")
    board = load_scoreboard(models)
    item_map.show(load_model(models, model), catalog, board, catalog.row(item))


def opened(**kwargs):
    return AppTest.from_function(page, default_timeout=60, kwargs=kwargs).run()


def test_the_page_draws_the_map_with_its_score():
    test = opened()
    assert not test.exception and not test.warning
    assert "Which parts of the photo count" in test.markdown[0].value
    score = load_score()
    said = test.caption[0].value
    assert f"{score.photos:,} photos" in said and f"{score.value:.2f}" in said
    assert "not on this catalog" not in said
    table = test.dataframe[0].value
    assert list(table.columns) == ["Part of the photo", "Goes with", "Share of the photo"]
    assert set(table["Part of the photo"]) <= {"Background", *GARMENT}
    assert table["Share of the photo"].sum() == pytest.approx(100)
    assert "No person is in the photo" in test.caption[1].value
    before = test.get("plotly_chart")[0].proto.spec
    test.slider[0].set_value(20)
    test.run()
    assert not test.exception and test.get("plotly_chart")[0].proto.spec != before
    test.segmented_control[0].set_value("lowers")
    test.run()
    assert not test.exception and "12, 0.2)" in test.get("plotly_chart")[0].proto.spec


def test_a_model_without_a_map_says_which_has_one():
    test = opened(model="linear")
    assert not test.exception and not test.get("plotly_chart")
    assert "choose “Photo alone”" in test.caption[0].value


def test_a_photo_that_cannot_be_read_is_told_in_a_sentence(monkeypatch):
    def broken(*args):
        raise ImageError("The photo is damaged. Upload it again.")

    monkeypatch.setattr(item_map, "_map", broken)
    test = opened()
    assert not test.exception and "damaged" in test.warning[0].value


def test_patches_lie_on_what_the_model_saw_and_tell_their_part(found):
    figure, alt = item_map.map_chart(found, "Red shirt", "both", 0.7)
    heat = figure.data[0]
    assert (heat.x0, heat.dx, heat.y0, heat.dy) == (18.75, 37.5, 68.75, 37.5)
    assert -heat.zmin == heat.zmax == 0.05
    assert heat.text[1][6] == "+5 %" and heat.text[6][4] == "−2 %"
    assert alt.startswith("Photo of Red shirt")
    assert "teal, strongest upper right, +5 %" in alt and "orange, strongest bottom, −2 %" in alt
    data = figure.layout.images[0].source.split(",")[1]
    with Image.open(io.BytesIO(base64.b64decode(data))) as shown:
        assert shown.size == (300, 400)


@pytest.mark.parametrize(("side", "kept"), [("raises", 0.05), ("lowers", -0.02)])
def test_one_side_alone_leaves_the_other_out(found, side, kept):
    figure, alt = item_map.map_chart(found, "Red shirt", side, 0.7)
    shown = np.array(figure.data[0].z)
    assert shown.sum() == pytest.approx(kept) and (shown != 0).sum() == 1
    assert ("teal" in alt) == (side == "raises") and ("orange" in alt) == (side == "lowers")


def test_a_region_is_coloured_alone(found):
    patches = np.zeros((8, 8))
    patches[6, 4] = 0.5
    region = Region("Shoes", -0.01, 0.02, patches)
    figure, alt = item_map.map_chart(found, "Red shirt", "both", 0.7, region)
    shown = np.array(figure.data[0].z)
    assert shown[6, 4] == pytest.approx(-0.01) and (shown != 0).sum() == 1
    assert alt.startswith("Photo of Red shirt, shoes alone, −1.0 %")


def test_the_map_in_a_sentence(found):
    assert item_map.sentence(found) == (
        "The whole photo: **× 2.0** against the average photo."
        " Lifts most: the upper right (+5\N{NO-BREAK SPACE}%)."
        " Lowers most: the bottom (−2\N{NO-BREAK SPACE}%)."
    )
    flat = replace(found, values=np.zeros((8, 8)))
    assert item_map.sentence(flat) == "The whole photo: **× 2.0** against the average photo."


def test_a_score_measured_elsewhere_is_said_to_be(found):
    catalog = load_catalog(ROOT / "data/demo")
    assert "not on this" not in item_map.score_sentence(found, catalog)
    other = replace(catalog, name="Spring")
    assert "That was measured on “Demo collection”" in item_map.score_sentence(found, other)
    blend = item_map.score_sentence(replace(found, kind="blend"), catalog)
    assert "not with a blend" in blend or "have not been put to the test" in blend
    large = replace(found, checkpoint="clip-vit-large")
    assert "not on this catalog and model" in item_map.score_sentence(large, catalog)


def test_a_kind_of_model_without_a_test_says_so(found, monkeypatch):
    def untested(model):
        raise KeyError(model)

    monkeypatch.setattr("core.explain.maps.load_score", untested)
    catalog = load_catalog(ROOT / "data/demo")
    assert "not been put to the test" in item_map.score_sentence(found, catalog)


def test_the_other_checks_in_words():
    score = replace(load_score(), saco=0.7, shuffled=0.2, flipped=0.9, cropped=-0.1)
    said = item_map.likeness_sentence(score)
    assert "by 0.70" in said and "by 0.20" in said and "by 0.90" in said and "by −0.10" in said
    assert f"On {score.steady_photos:,} photos" in said
