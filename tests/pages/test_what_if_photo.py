"""Another photo of an item on the popularity page, as a user meets it."""

import io
import re

import numpy as np
import pytest
from PIL import Image

import app.catalogs
import core.resources
from app import what_if_form, what_if_photo
from core.catalog.catalog import write_catalog
from core.explain import photos
from core.explain.scenarios import saved
from core.explain.wording import MODEL_NAMES
from core.popularity import metrics
from core.popularity.ranking import rank
from core.popularity.scoreboard import load_scoreboard
from core.popularity.training import train
from tests.core.popularity.synthetic import make_catalog
from tests.pages.conftest import PAGE
from tests.pages.helpers import by_label, words
from tests.pages.test_what_if import AppTest, told

ITEM = "0-00007"
COUNT = 60


def cloth(red):
    """A folded cloth on a plain ground."""
    pixels = np.full((160, 120, 3), 245, np.uint8)
    fold = 1 - 0.15 * np.sin(np.arange(70) / 6.0) ** 2
    pixels[30:130, 25:95] = np.outer(fold, [red, 60, 90])[None].astype(np.uint8)
    return Image.fromarray(pixels)


def file_of(image, kind="PNG"):
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    original, metrics.DRAWS = metrics.DRAWS, 20
    folder = tmp_path_factory.mktemp("what-if-photo")
    start = make_catalog(COUNT)
    start.frame["photo"] = [f"{i}.png" if i != 3 else None for i in range(COUNT)]
    start.roles["photo"] = "image"
    start.frame["Sold"] = 20.0 + 5 * np.arange(COUNT)

    def draw(new):
        for i in range(COUNT):
            cloth(20 + 3.7 * i).save(new / "images" / f"{i}.png")

    catalog = write_catalog(start, folder / "made", add_files=draw)
    train(catalog, folder / "models", models=["image", "linear", "deep"])
    metrics.DRAWS = original
    return catalog, folder / "models"


@pytest.fixture
def opened(made, monkeypatch, tmp_path):
    monkeypatch.setenv("FASHION_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(app.catalogs, "current_catalog", lambda: made[0])
    monkeypatch.setattr(app.catalogs, "current_models", lambda: made[1])
    monkeypatch.setattr(core.resources, "ranking", rank)

    def open_page(model="image", item=ITEM):
        test = AppTest.from_file(str(PAGE), default_timeout=60)
        test.query_params["item"], test.query_params["view"] = item, "What if"
        test.run()
        next(b for b in test.button_group if b.label == "Look into the model").set_value(model)
        test.run()
        assert not test.exception
        return test

    return open_page


def upload(test, data, name="mine.png"):
    key = f"what-if-upload:{test.session_state[what_if_photo.UPLOADS]}"
    next(f for f in test.file_uploader if f.key == key).upload(name, data, "image/png").run()
    assert not test.exception
    return test


def current(test):
    (tried,) = test.session_state["what_if"].values()
    return tried.current


def popover(test, key):
    test.session_state[key] = True
    return test.run()


def number(text):
    return float(re.sub(r"[^\d.]", "", text))


def test_edits_stay_while_another_model_and_another_item_are_looked_at(opened):
    test = opened("linear")
    by_label(test.number_input, "Price").set_value(12.0)
    by_label(test.button, "Predict again").click().run()
    assert "Changed: Price" in words(test) and not test.exception
    model = next(b for b in test.button_group if b.label == "Look into the model")
    model.set_value("image").run()
    assert test.metric[1].value == test.metric[0].value, "it reads no price"
    assert "Changed: Price" in words(test) and not test.exception
    next(b for b in test.button_group if b.label == "Look into the model").set_value("linear").run()
    items = by_label(test.selectbox, "Item")
    own, other = items.value, next(o for o in ("0-00001", "0-00002") if o != items.value)
    items.set_value(other).run()
    assert "Changed:" not in words(test) and by_label(test.button, "Undo").disabled
    assert by_label(test.number_input, "Price").value != 12.0
    by_label(test.selectbox, "Item").set_value(own).run()
    assert "Changed: Price" in words(test)
    assert by_label(test.number_input, "Price").value == 12.0
    by_label(test.button, "Undo").click().run()
    assert "Changed:" not in words(test)
    assert by_label(test.number_input, "Price").value != 12.0


def test_the_model_is_part_of_the_link(made, opened):
    test = AppTest.from_file(str(PAGE), default_timeout=60)
    board = load_scoreboard(made[1])
    label = next(MODEL_NAMES[m] for m in board.trained if m != board.promoted)
    test.query_params["model"] = label
    test.run()
    assert not test.exception and f"Model “{label}”" in words(test)


def test_an_uploaded_photo_changes_the_prediction_and_is_undone(made, opened):
    test = popover(opened(), "what-if-other")
    before = number(test.metric[0].value)
    upload(test, file_of(cloth(235)))
    assert not test.error and number(test.metric[1].value) > 1.3 * before, "red sells here"
    assert "Your photo instead of its own" in words(test)
    assert re.search(r"edits: Photo (\+\d+ %|× \d)", told(test, "Change of the parts"))
    assert any("Your photo, tried for" in h.proto.body for h in test.get("html"))
    (empty,) = test.file_uploader
    assert empty.value is None, "the same file can come again"
    by_label(test.button, "Undo").click().run()
    assert test.metric[1].value == test.metric[0].value
    upload(test, file_of(cloth(235)))
    assert number(test.metric[1].value) > 1.3 * before
    by_label(test.button, "Its own photo again").click().run()
    assert test.metric[1].value == test.metric[0].value


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is not an image"),
        (b"%PDF-1.7 no photo", "is not an image"),
        (file_of(cloth(90))[:300], "is damaged or cut short"),
        (file_of(Image.new("L", (20_000, 6_000)), "PNG"), "has too many pixels"),
    ],
)
def test_what_is_no_photo_is_told_and_the_page_goes_on(opened, data, said):
    test = upload(popover(opened(), "what-if-other"), data)
    assert said in test.error[0].value and "“mine.png”" in test.error[0].value
    assert test.metric[1].value == test.metric[0].value
    assert not test.run().error, "said once"


def test_the_photo_of_another_item(made, opened):
    test = popover(opened(), "what-if-other")
    test.text_input(key="what-if-find").set_value("0-00059").run()
    test.button(key="what-if-item-use").click().run()
    assert not test.exception and not test.error
    assert number(test.metric[1].value) > 1.3 * number(test.metric[0].value)
    assert "Photo of another item" in words(test)
    test.text_input(key="what-if-find").set_value("no such thing").run()
    assert "No other item with a photo" in words(test)


def test_a_recoloured_garment_goes_through_a_scenario_and_back(made, opened):
    test = popover(opened(), "what-if-colour")
    assert set(test.button_group(key="what-if-shade").options) == {"red", "green", "black"}
    test.button_group(key="what-if-shade").set_value("red").run()
    assert test.color_picker[0].value == "#bf2a33"
    test.button(key="what-if-recolour").click().run()
    assert not test.exception and not test.error
    after = test.metric[1].value
    assert number(after) > 1.1 * number(test.metric[0].value)
    assert "Photo recoloured" in words(test)
    assert "still says" not in words(test), "this model reads no field"
    cell = current(test)["photo"]
    kept = np.asarray(Image.open(photos.photo_file(cell)).convert("RGB")).astype(int)
    assert np.abs(kept[80, 60] - [191, 42, 51]).max() < 40 and kept[5, 5].min() > 235
    own = made[0].image_paths(made[0].row(ITEM))[0].read_bytes()
    assert photos.base_of(cell).read_bytes() == own

    test.session_state[what_if_form.VIEW] = "Scenarios"
    test.run()
    test.text_input(key="scenario-name").set_value("in red").run()
    test.button(key="scenario-save").click().run()
    (scenario,) = saved(made[0], ITEM)
    assert scenario.changes == {"photo": cell}
    by_label(test.button, "Reset").click().run()
    assert test.metric[1].value == test.metric[0].value
    test.button(key="scenario-use").click().run()
    assert test.metric[1].value == after
    table = next(t.value for t in test.table if "Place" in t.value.index)
    assert table.loc["Edits"].tolist() == ["none", "Photo recoloured"]


def test_a_photo_that_is_gone_is_told(made, opened, tmp_path):
    test = popover(opened(), "what-if-other")
    upload(test, file_of(cloth(235)))
    for folder in (tmp_path / "state" / photos.FOLDER).iterdir():
        folder.rename(tmp_path / folder.name)
    test.run()
    assert not test.exception and any("not kept any more" in e.value for e in test.error)
    by_label(test.button, "Undo").click().run()
    assert not test.error and test.metric[1].value == test.metric[0].value


def test_an_item_without_a_photo_can_be_given_one(opened):
    test = popover(opened(item="0-00003"), "what-if-other")
    assert any("has no photo yet" in i.value for i in test.info)
    upload(test, file_of(cloth(235)))
    assert test.metric[1].value != test.metric[0].value
    by_label(test.button, "Undo").click().run()
    popover(test, "what-if-colour").button(key="what-if-recolour").click().run()
    assert "has no photo to recolour" in test.error[0].value


def test_a_model_that_reads_no_photo_says_which_one_does(opened):
    test = opened("linear")
    assert "does not read the photo" in words(
        test
    ) and "Choose “Details, text and photo” above" in words(test)
    assert not [b for b in test.button if b.label == "Recolour the garment"]


def test_a_changed_colour_offers_the_photo_in_it(made, opened):
    test = opened("deep")
    own = made[0].frame.set_index("sku")["Colour"][ITEM]
    other = next(c for c in ("red", "green") if c != own)
    by_label(test.selectbox, "Colour").set_value(other)
    by_label(test.button, "Predict again").click().run()
    assert "mixes the two" in words(test)
    field_alone = test.metric[1].value
    test.button(key="what-if-recolour-too").click().run()
    assert not test.exception and not test.error
    assert "mixes the two" not in words(test) and "Photo recoloured" in words(test)
    assert set(current(test)) == {"Colour", "photo"}
    by_label(test.selectbox, "Colour").set_value(own)
    by_label(test.button, "Predict again").click().run()
    assert set(current(test)) == {"photo"}, "the form keeps the photo"
    assert "still says" in words(test)
    by_label(test.button, "Undo").click().run()
    by_label(test.button, "Undo").click().run()
    assert test.metric[1].value == field_alone and "mixes the two" in words(test)
