"""The catalog page as a user meets it, opened through the dashboard's own script."""

import json
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.catalog.catalog import write_catalog
from core.popularity import metrics
from core.popularity.training import train
from tests.core.popularity.synthetic import make_catalog

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A catalog of 120 items, the first with two photos, and a model for it."""
    folder = tmp_path_factory.mktemp("page")
    catalog = make_catalog(120)
    catalog.frame["photos"] = None
    catalog.frame.loc[0, "photos"] = "one.png|two.png"
    catalog.roles["photos"] = "image"

    def add(new):
        for name in ("one", "two"):
            Image.new("RGB", (30, 40), "teal").save(new / "images" / f"{name}.png")

    written = write_catalog(catalog, folder / "made", add_files=add)
    original, metrics.DRAWS = metrics.DRAWS, 40
    train(written, folder / "models" / "made", models=["linear"])
    metrics.DRAWS = original
    return written, folder / "models"


@pytest.fixture
def visit(made, monkeypatch, tmp_path):
    """Opens the dashboard at a link; without a model on request."""

    def go(*, models=made[1], directory=None, **query):
        monkeypatch.setenv("FASHION_CATALOG", str(directory or made[0].directory))
        monkeypatch.setenv("FASHION_DATA_DIR", str(tmp_path / "none"))
        monkeypatch.setenv("FASHION_MODELS_DIR", str(models or tmp_path / "no"))
        monkeypatch.setenv("FASHION_CHECKPOINTS_DIR", str(tmp_path / "no"))
        test = AppTest.from_file(str(ROOT / "app" / "dashboard.py"), default_timeout=60)
        for name, value in query.items():
            test.query_params[name.replace("f_", "f.")] = value
        test.run()
        assert not test.exception
        return test

    return go


def said(test):
    parts = [*test.markdown, *test.caption, *test.info, *test.warning, *test.error]
    return "\n".join(str(p.value) for p in parts)


def grid(test):
    """What the browser is given to draw as the large grid."""
    drawn = [json.loads(e.proto.json) for e in test.get("bidi_component")]
    return next(data for data in drawn if not data["small"])


def names(test):
    return [card["title"] for card in grid(test)["cards"]]


def press(test, label):
    return next(b for b in test.button if b.label == label).click().run()


def test_it_opens_ranked_with_numbers_rounded_and_ranges(made, visit):
    test = visit()
    cards = grid(test)["cards"]
    assert len(cards) == 24
    assert [card["rank"] for card in cards[:3]] == ["1", "2", "3"]
    first = cards[0]
    assert 0 <= first["low"] <= first["at"] <= first["high"] <= 1
    assert first["unit"] == "units" and " to " in first["interval"]
    assert first["badge"].startswith("actual ")
    assert first["spoken"].startswith("Rank 1, ")
    assert "ranked by expected units, model “Details and text” of 20" in said(test)


def test_filters_narrow_the_grid_and_stand_in_the_url(made, visit):
    catalog, _ = made
    test = visit()
    dresses = int((catalog.frame["Type"] == "dress").sum())
    pills = next(p for p in test.pills if p.label == "Type")
    assert f"dress · {dresses}" in [o.content for o in pills.proto.options]
    pills.set_value(["dress"]).run()
    assert not test.exception
    assert test.query_params["f.Type"] in ("dress", ["dress"])
    assert f"**{dresses}** of 120" in said(test)
    assert all("dress" in name for name in names(test))
    press(test, "Clear filters")
    assert "**120** items" in said(test) and "f.Type" not in test.query_params


def test_a_link_opens_the_filtered_view(made, visit):
    catalog, _ = made
    test = visit(f_Type="coat", sort="-price", q="a", per="48", catalog="made")
    coats = catalog.frame[catalog.frame["Type"] == "coat"]
    assert f"**{len(coats)}** of 120" in said(test)
    expected = coats.sort_values("Price", ascending=False)["sku"].tolist()
    assert [c["id"] for c in grid(test)["cards"]] == expected[:48]
    assert test.selectbox(key="sort").value == "-price"


def test_a_price_range_filters(made, visit):
    catalog, _ = made
    test = visit()
    slider = next(s for s in test.slider if s.label.startswith("Price"))
    slider.set_range(slider.min, 30.0).run()
    cheap = int((catalog.frame["Price"] <= 30).sum())
    assert f"**{cheap}** of 120" in said(test)
    assert test.query_params["f.Price"] in ("..30", ["..30"])


def test_nothing_found_says_what_to_do(made, visit):
    test = visit(q="submarine")
    assert "No item matches “submarine”." in said(test)
    press(test, "Clear the filters")
    assert "**120** items" in said(test)


def test_pages_go_on_where_the_last_one_ended(made, visit):
    first, second = visit(), visit(page="2")
    ids = [[c["id"] for c in grid(t)["cards"]] for t in (first, second)]
    assert not set(ids[0]) & set(ids[1])
    assert grid(second)["cards"][0]["rank"] == "25"
    last = visit(page="999")
    assert grid(last)["cards"][-1]["rank"] == "120", "a page too far is the last one"


def test_an_item_opens_by_link_with_its_fields_and_ways_on(made, visit):
    catalog, _ = made
    item = catalog.ids[0]
    test = visit(item=item)
    text = said(test) + "\n".join(h.value for h in test.html)
    assert "of 120" in text and "units" in text
    for field in ("Colour", "Launch", "Style"):
        assert field in text
    assert "had not seen it" in text, "the basis of the prediction is said"
    links = {link.label: link.proto.query_string for link in test.page_link}
    assert f"item={item}" in links["Explain"]
    assert f"garment={item}" in links["Try on"]
    photos = [h.value for h in test.html if "<img" in h.value]
    assert len(photos) == 1 and "one.png" in photos[0]
    choice = next(c for c in test.get("button_group") if len(c.proto.options) == 2)
    choice.set_value(1).run()
    assert not test.exception
    assert any("two.png" in h.value for h in test.html), "every photo can be seen"


def test_an_unknown_item_is_said_and_the_rest_stays(made, visit):
    test = visit(item="no such")
    assert "no item “no such”" in said(test)
    assert len(names(test)) == 24


def test_the_selections_garments_are_a_link_away_from_being_tried_on(made, visit):
    def links(test):
        found = [link.proto for link in test.get("page_link")]
        return [link for link in found if link.label.startswith("Try on")]

    test = visit()
    assert not links(test)
    press(test, "Select all 120")
    (link,) = links(test)  # one item alone has a photo
    item = made[0].ids[0]
    assert link.label == "Try on 1" and link.page.endswith("tryon")
    assert link.query_string == f"mode=batch&garments={item}"
    press(test, "Clear selection")
    assert not links(test)
    types = made[0].frame["Type"].astype(str)
    other = next(level for level in types if level != types.iloc[0])
    test = visit(f_Type=other)
    press(test, f"Select all {(types == other).sum()}")
    assert not links(test), "none of these has a photo"


def test_selecting_everything_that_matches_and_undoing_it(made, visit):
    test = visit(f_Type="dress")
    dresses = int((made[0].frame["Type"] == "dress").sum())
    press(test, f"Select all {dresses}")
    assert f"**{dresses}** selected" in said(test)
    assert grid(test)["picked"] == [c["id"] for c in grid(test)["cards"]]
    press(test, "Clear filters")
    assert f"**{dresses}** selected" in said(test), "it keeps across filters"
    press(test, "Clear selection")
    assert "selected" not in said(test)
    press(test, "Undo")
    assert f"**{dresses}** selected" in said(test)


def test_without_a_model_it_shows_the_catalog_and_says_how_to_train(visit):
    test = visit(models=None)
    assert "No model has been trained" in said(test) and "not ranked" in said(test)
    card = grid(test)["cards"][0]
    assert card["rank"] == "" and card["score"] == "" and card["badge"]
    assert test.selectbox(key="sort").options[0] == "Catalog order"


def test_without_a_catalog_it_leads_to_the_import(monkeypatch, tmp_path):
    for name in ("DATA", "MODELS", "CHECKPOINTS"):
        monkeypatch.setenv(f"FASHION_{name}_DIR", str(tmp_path / name))
    test = AppTest.from_file(str(ROOT / "app" / "dashboard.py"), default_timeout=60).run()
    assert not test.exception
    assert "no catalog on this machine yet" in test.info[0].value
    assert test.get("page_link")[0].proto.label == "Import a catalog"


def test_a_damaged_model_is_said_and_the_items_stay(made, visit, tmp_path):
    shutil.copytree(made[1], tmp_path / "damaged")
    for file in (tmp_path / "damaged").rglob("*.safetensors"):
        file.write_bytes(b"broken")
    test = visit(models=tmp_path / "damaged")
    assert "The items are not ranked." in said(test)
    assert len(names(test)) == 24


def test_the_table_has_words_for_headings(made, visit):
    test = visit(view="table")
    frame = test.dataframe[0].value
    assert {"Name", "Rank", "Units expected", "Actual units", "Price", "Launch"} <= set(frame)
    assert "Sold" not in frame and "sku" not in frame
    assert len(frame) == 24 and frame["Rank"].tolist() == list(range(1, 25))


def test_a_search_by_look_without_a_checkpoint_is_said(visit, monkeypatch, tmp_path):
    import core.checkpoints

    monkeypatch.setattr(core.checkpoints, "roots", lambda: [tmp_path])
    test = visit(look="red dress", sort="similar")
    assert "No CLIP checkpoint" in said(test)
    assert len(names(test)) == 24


@pytest.mark.slow
def test_words_a_photo_or_an_item_sort_by_look(made, visit):
    """Only one item has a photo: it comes first, and the others keep their order."""
    catalog, _ = made
    test = visit(look="a plain teal shirt", sort="similar")
    assert "Nearest to “a plain teal shirt”" in said(test)
    first, second = grid(test)["cards"][:2]
    assert first["id"] == catalog.ids[0] and first["note"].startswith("similarity ")
    assert second["rank"] in ("1", "2") and second["note"] == ""
    press(test, "Stop")
    assert "Nearest" not in said(test) and grid(test)["cards"][0]["rank"] == "1"

    photo = (catalog.directory / "images" / "one.png").read_bytes()
    test.file_uploader(key="look_photo").upload("mine.png", photo).run()
    assert "Nearest to your photo “mine.png”" in said(test)
    assert grid(test)["cards"][0]["note"] == "similarity 1.00"

    alike = visit(like=catalog.ids[0], sort="similar")
    assert grid(alike)["cards"][0]["note"] == "similarity 1.00"


def test_every_scope_can_be_exported(made, visit):
    test = visit(f_Type="dress")
    scopes = test.radio(key="export_scope:Filtered view")
    assert [o.split(" · ")[0] for o in scopes.options] == ["Whole ranking", "Filtered view"]
    assert scopes.value == "Filtered view"
    kinds = test.radio(key="export_format").options
    assert kinds == ["Excel workbook", "CSV for Excel", "CSV for programs", "Parquet"]
    scopes.set_value("Whole ranking").run()
    assert not test.exception
    assert "data hash and date" in said(test)


def test_the_export_offers_what_was_narrowed_down_last(made, visit):
    test = visit()
    assert test.radio(key="export_scope:Whole ranking").value == "Whole ranking"
    press(test, "Select all 120")
    assert test.radio(key="export_scope:Selection").value == "Selection"


def test_predictions_stand_in_the_unit_of_the_model_that_made_them(made, visit, tmp_path):
    directory = tmp_path / "other"
    write_catalog(replace(make_catalog(30), unit="likes"), directory)
    test = visit(directory=directory)
    test.query_params["models"] = "made"
    test.run()
    card = next(c for c in grid(test)["cards"] if c["badge"])
    assert card["unit"] == made[0].unit != "likes"
    assert card["badge"].endswith("likes")
    assert card["actual"] is None  # no mark of one unit on a scale of another


@pytest.mark.slow
def test_twenty_thousand_items_stay_fluid(visit, tmp_path_factory):
    big = write_catalog(make_catalog(20_000, seed=3), tmp_path_factory.mktemp("big") / "big")
    test = visit(models=None, directory=big.directory)
    took = []
    for kind in ("dress", "shirt", "coat"):
        start = time.perf_counter()
        next(p for p in test.pills if p.label == "Type").set_value([kind]).run()
        took.append(time.perf_counter() - start)
        assert f"of {20_000:,}" in said(test)
    assert np.median(took) < 1, f"a filter change took {took}; measured at 0.1 s"


def test_the_page_imports_no_model_library():
    """The first paint must not wait for torch, transformers or scikit-learn."""
    code = (
        "import sys; sys.path.insert(0, '.')\n"
        "import ast, pathlib\n"
        "tree = ast.parse(pathlib.Path('pages/catalog.py').read_text())\n"
        "for node in tree.body:\n"
        "    if isinstance(node, (ast.Import, ast.ImportFrom)):\n"
        "        exec(compile(ast.Module([node], []), 'page', 'exec'))\n"
        "heavy = {'torch', 'transformers', 'sklearn', 'scipy', 'diffusers', 'onnxruntime'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
