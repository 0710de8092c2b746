"""The try-on page as a user meets it, on a small catalog with two crude people."""

import io
import json
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

import app.catalogs
import app.jobs
import app.tryon_batch
import app.tryon_own
import app.tryon_run
import core.resources
import core.tryon.people
from core.cache import artefacts
from core.catalog.catalog import Catalog, write_catalog
from core.catalog.roles import Role
from core.catalog.selection import Selection
from core.errors import NoPersonError
from core.tryon.batch import Sitter
from core.tryon.engine import Licence
from core.tryon.engines import ENGINES
from core.tryon.preview import PreviewEngine
from core.tryon.queue import Line
from core.tryon.result import Settings
from core.vision.images import open_image
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

    def open_page(ranked=True, folder=people, catalog=catalog, **query):
        order = pd.DataFrame({"item_id": list(catalog.ids), "rank": range(1, len(catalog) + 1)})
        order.attrs.update(model="linear", date="2026-01-01")
        order[["predicted", "low", "high"]] = 1.0
        monkeypatch.setattr(app.catalogs, "current_catalog", lambda: catalog)
        monkeypatch.setattr(app.catalogs, "current_models", lambda: Path("m") if ranked else None)
        monkeypatch.setattr(core.resources, "ranking", lambda *a: order)
        monkeypatch.setattr(core.tryon.people.people, "__defaults__", (folder,))
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


def component(test, name):
    return [c for c in test.get("bidi_component") if c.proto.component_name == name]


def pictures(test):
    large = ("tryon_compare", "tryon_mask")
    return [*test.get("image"), *(c for name in large for c in component(test, name))]


def data(test, name):
    return json.loads(component(test, name)[0].proto.json)


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


def test_a_link_draws_no_picture_from_elsewhere(use):
    evil = "![x](https://example.com/x.png)"
    test = use(garment=evil, model=evil, engine=evil)
    told = [w.value for w in test.warning]
    assert len(told) == 3 and not any("![x]" in value for value in told)


def test_the_two_models_that_share_the_memory_share_a_line():
    app.tryon_run.lines.clear()
    found = app.tryon_run.lines()
    assert found["ootd-hd"] is found["ootd-dc"] is not found["preview"]


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


def test_an_engine_that_is_not_installed_says_what_it_lacks_and_its_licence(use):
    test = use(engine="ootd-hd")
    assert not test.exception
    assert "OOTDiffusion, half body cannot run here yet" in test.error[0].value
    radio = by_label(test.radio, "Engine")
    assert radio.options == ["Preview", "OOTDiffusion, half body", "OOTDiffusion, full body"]
    text = words(test)
    assert "**Not for commercial use.** OOTDiffusion, half body is under CC BY-NC-SA 4.0" in text
    assert "`checkpoints/ootd/ootd_hd/checkpoint-36000/unet_vton`" in text
    assert any("checkpoints.py pull" in c.value for c in test.code)
    # The person is shown, not a preview that was not asked for.
    assert len(test.get("image")) == 1 and not component(test, "tryon_compare")


def test_the_preview_warns_of_no_licence_and_asks_for_no_seed(use):
    test = use()
    assert "Not for commercial use" not in words(test)
    assert not test.slider and not test.number_input
    again = use()  # the first run has told how long it takes
    assert "as the last time on this machine" in words(again)


def test_without_demo_people_it_says_what_to_do_and_takes_a_photo(use, tmp_path):
    test = use(folder=tmp_path)
    assert not test.exception and "make_demo_catalog.py" in test.info[0].value
    uploader(test, "person")


def uploader(test, what):
    return next(u for u in test.file_uploader if what in u.label)


def png(kind):
    out = io.BytesIO()
    make_garment(kind)[0].save(out, "PNG")
    return out.getvalue()


def test_an_upload_is_tried_on_and_a_bad_one_gives_a_sentence(use):
    test = use()
    uploader(test, "garment").set_value(("my sweater.png", png("sweater"), "image/png")).run()
    assert not test.exception and not test.error
    assert "#### my sweater.png" in words(test) and "Your photo" in words(test)
    assert test.query_params["garment"].startswith("photo-")
    garments = data(test, "tryon_strip")["items"]
    assert garments[0]["title"] == "my sweater.png" and len(pictures(test)) == 1
    uploader(test, "garment").set_value(("broken.png", b"not an image", "image/png")).run()
    assert not test.exception
    assert "“broken.png” is not an image" in test.error[0].value
    assert "#### my sweater.png" in words(test)  # what was shown stays


@pytest.fixture
def finder(monkeypatch):
    """Takes any photo for one of the crude person, among others where it is wide."""
    body = make_person()

    def read(source, name=None, **_):
        image = open_image(source, name)
        if image.width < 200:
            raise NoPersonError("The person is 90 pixels high in the photo; too small.")
        note = "2 people are in the photo; the largest is used." * (image.width > image.height)
        pixels = body.pixels // 2 + np.uint8(image.width % 100)  # another picture of each photo
        return replace(body, id="photo-x", title=name, pixels=pixels, note=note)

    monkeypatch.setattr(app.tryon_own, "read_person", read)
    app.tryon_own._read.clear()


def photo(width, height, colour=90):
    out = io.BytesIO()
    Image.new("RGB", (width, height), (colour, 90, 90)).save(out, "JPEG")
    return out.getvalue()


def test_a_photo_of_ones_own_is_dressed_and_kept_and_what_was_found_is_said(use, finder):
    test = use()
    uploader(test, "person").set_value(("us.jpg", photo(900, 600), "image/jpeg")).run()
    assert not test.exception and not test.error and not test.warning
    assert test.query_params["model"].startswith("photo-")
    assert "2 people are in the photo; the largest is used." in words(test)
    assert data(test, "tryon_compare")["look"] == "us.jpg wearing Blue tee"
    uploader(test, "person").set_value(("tall.jpg", photo(1500, 3000), "image/jpeg")).run()
    text = words(test)
    assert "from 1,500 × 3,000 to 768 × 1,536 pixels" in text and "2 people" not in text
    people = json.loads(component(test, "tryon_strip")[1].proto.json)["items"]
    assert [p["title"] for p in people] == ["tall.jpg", "us.jpg", "Plain", "Wide"]
    # The first look leads back to its photo.
    (entry,) = [e for e in test.session_state["tryon_history"] if e.title.startswith("us.jpg")]
    for name, value in entry.params.items():
        if value is not None:
            test.query_params[name] = value
    test.run()
    assert not test.warning and data(test, "tryon_compare")["look"] == "us.jpg wearing Blue tee"


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (photo(90, 120), "90 pixels high"),
        (photo(900, 600)[:-400], "damaged or cut short"),
        (b"words", "is not an image"),
    ],
    ids=["too small", "cut short", "no image"],
)
def test_a_photo_that_cannot_be_dressed_is_refused_and_nothing_else_changes(
    use, finder, file, says
):
    test = use()
    uploader(test, "person").set_value(("me.jpg", file, "image/jpeg")).run()
    assert not test.exception
    assert says in test.warning[0].value
    assert test.query_params["model"] == "plain" and len(pictures(test)) == 1


def test_links_to_photos_of_another_session_are_told(use):
    test = use(model="photo-1", garment="photo-2")
    text = words(test)
    assert text.count("uploaded in another session") == 2
    assert test.query_params["model"] == "plain" and test.query_params["garment"] == "a1"


def test_the_looks_of_the_session_are_kept_to_go_back_to(use):
    test = use()
    assert not any("looks" in m.value for m in test.markdown)
    by_label(test.segmented_control, "Worn as").set_value("dresses").run()
    if test.error:  # a tee is no dress for the preview, then take another garment
        test.query_params["garment"] = "a2"
        test.query_params["worn"] = "upper_body"
        test.run()
    strips = [json.loads(c.proto.json) for c in component(test, "tryon_strip")]
    history = next(s for s in strips if "session" in s["label"])
    assert len(history["items"]) == 2 and history["items"][1]["title"] == "Plain wearing Blue tee"


def test_the_mask_is_edited_by_style_and_sides_and_the_result_follows(use):
    test = use()
    before = data(test, "tryon_compare")["after"]
    by_label(test.segmented_control, "View").set_value("mask").run()
    own = data(test, "tryon_mask")["mask"]
    by_label(test.segmented_control, "Outline").set_value("square").run()
    square = data(test, "tryon_mask")["mask"]
    by_label(test.slider, "Downwards, % of the height").set_value(-10.0).run()
    shrunk = data(test, "tryon_mask")["mask"]
    assert len({own, square, shrunk}) == 3
    by_label(test.button, "Show the result").click().run()
    assert not test.exception and not test.error
    assert by_label(test.segmented_control, "View").value == "result"
    assert data(test, "tryon_compare")["after"] != before
    by_label(test.segmented_control, "View").set_value("mask").run()
    assert by_label(test.segmented_control, "Outline").value == "square"
    by_label(test.button, "Back to the engine's mask").click().run()
    assert data(test, "tryon_mask")["mask"] == own
    assert by_label(test.segmented_control, "Outline").value == "engine"


def test_parts_and_pose_of_the_body_map_are_switched_off(use):
    test = use(view="map")
    assert "Hair" in "".join(h.proto.body for h in test.get("html"))
    pills = next(p for p in test.pills if p.label == "Shown")
    pills.set_value(["Pose"]).run()
    assert not test.exception and len(pictures(test)) == 1
    assert "Hair" not in "".join(h.proto.body for h in test.get("html"))


class SlowEngine(PreviewEngine):
    """The preview as an engine that samples: it paints step by step, as fast as it is let."""

    name, title, uses_sampling = "slow", "Slow", True
    licence = Licence("research only", commercial=False)

    def __init__(self):
        self.go, self.told = threading.Semaphore(0), []

    def run(self, prepared, *, seed, steps, scale, samples, on_step):
        self.told.append((seed, steps, scale, samples))
        for step in range(steps):
            on_step(step, steps, np.zeros((16, 12, 3), np.uint8))
            assert self.go.acquire(timeout=20)
        on_step(steps, steps)
        return super().run(prepared, samples=samples)


@pytest.fixture
def slow(monkeypatch):
    engine = SlowEngine()
    monkeypatch.setitem(ENGINES, "slow", engine)
    app.tryon_run.lines.clear()
    artefacts().clear()
    yield engine
    for _ in range(200):
        engine.go.release()
    app.tryon_run.lines.clear()


def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def progress(test):
    return [(p.proto.value, p.proto.text) for p in test.get("progress")]


def test_an_engine_that_samples_is_started_by_hand_and_shows_its_steps_and_pictures(use, slow):
    test = use(engine="slow", steps="10", samples="3", seed="7")
    assert "Not for commercial use" in words(test)
    assert "not known yet: it was never run" in words(test)
    assert not slow.told and not component(test, "tryon_compare")
    by_label(test.button, "Try it on").click().run()
    until(lambda: slow.told)
    assert slow.told == [(7, 10, 2.0, 3)]
    for _ in range(4):
        slow.go.release()
    until(lambda: next(iter(test.session_state["tryon_tickets"].values())).step == 4)
    test.run()
    assert progress(test)[0][0] == 40 and progress(test)[0][1].startswith("Step 4 of 10")
    assert not by_label(test.button, "Cancel").disabled
    for _ in range(6):
        slow.go.release()
    until(lambda: next(iter(test.session_state["tryon_tickets"].values())).ended.is_set())
    test.run()
    assert not test.exception and len(component(test, "tryon_compare")) == 1
    strips = [json.loads(c.proto.json) for c in component(test, "tryon_strip")]
    samples = next(s for s in strips if s["label"] == "Pictures of seed 7")
    assert [i["title"] for i in samples["items"]] == ["Picture 1", "Picture 2", "Picture 3"]


def test_another_session_sees_its_place_and_may_leave(use, slow):
    first = use(engine="slow", steps="10")
    by_label(first.button, "Try it on").click().run()
    until(lambda: slow.told)
    second = use(engine="slow", steps="10", garment="a2")
    by_label(second.button, "Try it on").click().run()
    assert progress(second) == [(0, "In line. 1 look is made before yours.")]
    third = use(engine="slow", steps="10", garment="a4")
    by_label(third.button, "Try it on").click().run()
    assert progress(third) == [(0, "In line. 2 looks are made before yours.")]
    by_label(second.button, "Cancel").click().run()
    second.run()
    assert "Stopped; nothing was kept." in words(second)
    assert by_label(second.button, "Try again")
    third.run()
    assert progress(third) == [(0, "In line. 1 look is made before yours.")]
    # Somebody with another engine does not wait at all.
    assert component(use(garment="a2"), "tryon_compare")
    by_label(first.button, "Cancel").click().run()
    slow.go.release()
    until(lambda: next(iter(first.session_state["tryon_tickets"].values())).ended.is_set())
    first.run()
    assert "Stopped; nothing was kept." in words(first)


def test_a_look_that_is_made_while_another_is_shown_joins_the_history(use, slow):
    test = use(engine="slow", steps="10")
    by_label(test.button, "Try it on").click().run()
    until(lambda: slow.told)
    test.query_params["engine"] = "preview"
    test.query_params["garment"] = "a2"
    test.run()
    assert "Also being made: Plain wearing Blue tee" in words(test)
    ticket = next(iter(test.session_state["tryon_tickets"].values()))
    for _ in range(10):
        slow.go.release()
    assert ticket.ended.wait(20)
    test.run()
    assert not test.exception and "Also being made" not in words(test)
    strips = [json.loads(c.proto.json) for c in component(test, "tryon_strip")]
    history = next(s for s in strips if "session" in s["label"])
    assert {i["title"] for i in history["items"]} == {
        "Plain wearing Blue tee",
        "Plain wearing Blue sweater",
    }
    assert not test.session_state["tryon_tickets"] and not test.session_state["tryon_asked"]


def test_who_chooses_something_else_meanwhile_leaves_the_line(monkeypatch):
    class StoppedError(BaseException):
        """As Streamlit's, raised where a script draws after a click."""

    def stop(_words):
        raise StoppedError

    line, gate = Line(), threading.Event()
    ticket = line.submit("a look", lambda on_step: gate.wait(20) and on_step(1, 1))
    monkeypatch.setattr(app.tryon_run, "submit", lambda look: ticket)
    monkeypatch.setattr(app.tryon_run, "lines", lambda: {"preview": line})
    monkeypatch.setattr(app.tryon_run.st, "empty", lambda: SimpleNamespace(caption=stop))
    look = SimpleNamespace(engine=SimpleNamespace(name="preview"))
    with pytest.raises(StoppedError):
        app.tryon_run._waited_for(look)
    gate.set()
    assert ticket.ended.wait(20) and ticket.state == "cancelled"


def test_settings_out_of_range_become_the_usual_and_sliders_write_the_link(use, slow):
    test = use(engine="slow", steps="9999", scale="x", seed="-5", samples="4")
    values = {s.label: s.value for s in test.slider}
    assert values["Steps"] == 20 and values["How strictly it follows the garment"] == 2.0
    assert values["Pictures to choose from"] == 4 and test.number_input[0].value == 0
    by_label(test.slider, "Steps").set_value(30).run()
    assert test.query_params["steps"] == "30"
    by_label(test.button, "Another seed").click().run()
    assert test.number_input[0].value == int(test.query_params["seed"]) > 0


def test_a_batch_is_made_in_the_background_and_taken_as_sheet_and_archive(use, tmp_path):
    test = use(mode="batch", garments="a1,a3,gone", people="plain,wide")
    assert not test.exception and "**4 pictures**" in words(test)
    assert by_label(test.multiselect, "Garments").value == ["a1", "a3"]
    assert "Blue tee" in "".join(h.proto.body for h in test.get("html"))  # the plan of the sheet
    by_label(test.button, "Make them").click().run()
    jobs = app.jobs._jobs()
    running = next(job for name, job in jobs.items() if name.startswith("tryon batch"))
    assert running.ended.wait(120) and running.error == ""
    test.run()
    assert not test.exception and len(test.get("image")) == 1 and not test.get("html")
    labels = {b.proto.label for b in test.get("download_button")}
    assert {"Download all (ZIP)", "Contact sheet (PNG)"} <= labels
    assert not [b for b in test.button if b.label == "Make them"]
    assert words(test).count("Takes about") == 1  # of one picture, not of what is there already
    by_label(test.multiselect, "Garments").set_value(["a1"]).run()
    assert "**2 pictures**" in words(test) and test.query_params["garments"] == "a1"
    assert by_label(test.button, "Make them")  # another batch than the one that was made


def test_another_picture_of_a_person_is_another_batch_and_names_are_text(use, finder):
    test = use(mode="batch", garments="a1", people="plain")
    test.query_params["mode"] = "look"
    test.run()
    uploader(test, "person").set_value(("a*b*.jpg", photo(900, 600), "image/jpeg")).run()
    test.query_params["mode"] = "batch"
    test.run()
    people = next(p for p in test.pills if p.label == "People")
    assert "a\\*b\\*.jpg" in people.options
    before, after = (
        app.tryon_batch._name(
            [Sitter("plain", "Plain", make_person, data)],
            [],
            ENGINES["preview"],
            Settings(),
        )
        for data in (b"old", b"new")
    )
    assert before != after


def test_a_batch_without_anything_chosen_says_what_to_do(use, tmp_path):
    test = use(mode="batch", folder=tmp_path)
    assert "nobody to dress" in words(test) and not test.exception
    test = use(mode="batch", garments="", people="plain")
    assert "Choose at least one person and one garment" in words(test)


def test_controls_follow_the_link_when_a_look_is_gone_back_to(use, slow):
    test = use()
    by_label(test.radio, "Engine").set_value("slow").run()
    by_label(test.segmented_control, "Worn as").set_value("dresses").run()
    assert test.query_params["engine"] == "slow" and test.query_params["worn"] == "dresses"
    # What a click on the first look writes.
    test.query_params["engine"], test.query_params["worn"] = "preview", "upper_body"
    test.run()
    assert by_label(test.radio, "Engine").value == "preview"
    assert by_label(test.segmented_control, "Worn as").value == "upper_body"


def test_the_selection_of_the_catalog_page_comes_along(use, made):
    catalog, _ = made
    test = use()
    assert not [c for c in test.segmented_control if c.label == "Garments from"]
    test.session_state["selection_of"] = catalog.content_hash
    test.session_state["selection"] = Selection(added=frozenset({"a4", "a2", "s1"}))
    test.session_state["selection_past"] = []
    test.run()
    source = by_label(test.segmented_control, "Garments from")
    assert source.value == "picked" and "Your selection (2)" in source.options  # shoes are not worn
    assert [i["id"] for i in data(test, "tryon_strip")["items"]] == ["a2", "a4"]
    source.set_value("all").run()
    assert [i["id"] for i in data(test, "tryon_strip")["items"]] == ["a1", "a2", "a3", "a4"]
    test.query_params["mode"] = "batch"
    test.run()
    assert by_label(test.multiselect, "Garments").value == ["a2", "a4"]


@pytest.mark.slow
def test_a_look_of_the_demo_is_described_and_scored_with_ranges():
    test = AppTest.from_file(str(PAGE.parents[1] / "app" / "dashboard.py"), default_timeout=120)
    test.switch_page(str(PAGE))
    test.query_params["garment"] = "FD-0581"
    test.run()
    assert not test.exception and component(test, "tryon_compare")
    by_label(test.button, "Score this look").click().run()
    assert not test.exception and not test.error
    own, look = test.metric
    assert (own.label, look.label) == ("With its own photo", "With this look as its photo")
    assert own.value.endswith("units") and own.value != look.value
    text = words(test)
    assert text.count("in 90 of 100 cases") == 2 and "not how the look would sell" in text
    by_label(test.button, "Describe").click().run()
    text = words(test)
    assert not test.exception
    assert "Written by captioner-fashion-small" in text or "not sure enough" in text
    # Another picture is another question.
    test.query_params["model"] = "diego"
    test.run()
    assert not test.metric
