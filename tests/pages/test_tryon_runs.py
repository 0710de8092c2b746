"""The try-on page while pictures are made: lines, progress, batches, and what comes of them."""

import json
import re
import threading
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

import app.catalogs
import app.jobs
import app.tryon_batch
import app.tryon_own
import app.tryon_run
from core.catalog.selection import Selection
from core.tryon.batch import Sitter
from core.tryon.engines import ENGINES
from core.tryon.queue import Line
from core.tryon.result import Settings
from tests.core.tryon.synthetic import make_person
from tests.pages.helpers import (
    PAGE,
    by_label,
    component,
    data,
    photo,
    progress,
    until,
    uploader,
    words,
)


def test_an_engine_that_samples_is_started_by_hand_and_shows_its_steps_and_pictures(studio, slow):
    test = studio(engine="slow", steps="10", samples="3", seed="7")
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


def test_another_session_sees_its_place_and_may_leave(studio, slow):
    first = studio(engine="slow", steps="10")
    by_label(first.button, "Try it on").click().run()
    until(lambda: slow.told)
    second = studio(engine="slow", steps="10", garment="a2")
    by_label(second.button, "Try it on").click().run()
    assert progress(second) == [(0, "In line. 1 look is made before yours.")]
    third = studio(engine="slow", steps="10", garment="a4")
    by_label(third.button, "Try it on").click().run()
    assert progress(third) == [(0, "In line. 2 looks are made before yours.")]
    by_label(second.button, "Cancel").click().run()
    second.run()
    assert "Stopped; nothing was kept." in words(second)
    assert by_label(second.button, "Try again")
    third.run()
    assert progress(third) == [(0, "In line. 1 look is made before yours.")]
    # Somebody with another engine does not wait at all.
    assert component(studio(garment="a2"), "tryon_compare")
    by_label(first.button, "Cancel").click().run()
    slow.go.release()
    until(lambda: next(iter(first.session_state["tryon_tickets"].values())).ended.is_set())
    first.run()
    assert "Stopped; nothing was kept." in words(first)


def test_a_look_that_is_made_while_another_is_shown_joins_the_history(studio, slow):
    test = studio(engine="slow", steps="10")
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
    ticket = line.submit("a look", lambda on_step: gate.wait(20) and on_step(1, 1), "me")
    monkeypatch.setattr(app.tryon_run, "me", lambda: "me")
    monkeypatch.setattr(app.tryon_run, "submit", lambda look: ticket)
    monkeypatch.setattr(app.tryon_run, "lines", lambda: {"preview": line})
    monkeypatch.setattr(app.tryon_run.st, "empty", lambda: SimpleNamespace(caption=stop))
    look = SimpleNamespace(engine=SimpleNamespace(name="preview"))
    with pytest.raises(StoppedError):
        app.tryon_run._waited_for(look)
    gate.set()
    assert ticket.ended.wait(20) and ticket.state == "cancelled"


def test_who_waits_long_sees_the_person_meanwhile(monkeypatch):
    line, gate, drawn = Line(), threading.Event(), []
    ticket = line.submit("a look", lambda on_step: gate.wait(20) and "a result", "me")

    class Spot:
        def caption(self, _words):
            pass

        def image(self, pixels, **_):
            drawn.append(pixels)
            gate.set()

        def empty(self):
            drawn.append(None)

    person = make_person()
    monkeypatch.setattr(app.tryon_run, "me", lambda: "me")
    monkeypatch.setattr(app.tryon_run, "submit", lambda look: ticket)
    monkeypatch.setattr(app.tryon_run, "lines", lambda: {"preview": line})
    monkeypatch.setattr(app.tryon_run.st, "empty", Spot)
    look = SimpleNamespace(engine=SimpleNamespace(name="preview"), person=person)
    assert app.tryon_run._waited_for(look) == "a result"
    assert drawn[0] is person.pixels and drawn[1:] == [None, None]


def test_settings_out_of_range_become_the_usual_and_sliders_write_the_link(studio, slow):
    test = studio(engine="slow", steps="9999", scale="x", seed="-5", samples="4")
    values = {s.label: s.value for s in test.slider}
    assert values["Steps"] == 20 and values["How strictly it follows the garment"] == 2.0
    assert values["Pictures to choose from"] == 4 and test.number_input[0].value == 0
    by_label(test.slider, "Steps").set_value(30).run()
    assert test.query_params["steps"] == "30"
    by_label(test.button, "Another seed").click().run()
    assert test.number_input[0].value == int(test.query_params["seed"]) > 0


def test_a_batch_is_made_in_the_background_and_taken_as_sheet_and_archive(studio, tmp_path):
    test = studio(mode="batch", garments="a1,a3,gone", people="plain,wide")
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
    assert "Contact sheet (PNG)" in labels
    assert any(re.fullmatch(r"Download all \(ZIP, \d+ MB\)", label) for label in labels)
    assert not [b for b in test.button if b.label == "Make them"]
    assert words(test).count("Takes about") == 1  # of one picture, not of what is there already
    by_label(test.multiselect, "Garments").set_value(["a1"]).run()
    assert "**2 pictures**" in words(test) and test.query_params["garments"] == "a1"
    assert by_label(test.button, "Make them")  # another batch than the one that was made


def test_another_picture_of_a_person_is_another_batch_and_names_are_text(studio, finder):
    test = studio(mode="batch", garments="a1", people="plain")
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


def test_a_batch_without_anything_chosen_says_what_to_do(studio, tmp_path):
    test = studio(mode="batch", folder=tmp_path)
    assert "nobody to dress" in words(test) and not test.exception
    test = studio(mode="batch", garments="", people="plain")
    assert "Choose at least one person and one garment" in words(test)


def test_controls_follow_the_link_when_a_look_is_gone_back_to(studio, slow):
    test = studio()
    by_label(test.radio, "Engine").set_value("slow").run()
    by_label(test.segmented_control, "Worn as").set_value("dresses").run()
    assert test.query_params["engine"] == "slow" and test.query_params["worn"] == "dresses"
    # What a click on the first look writes.
    test.query_params["engine"], test.query_params["worn"] = "preview", "upper_body"
    test.run()
    assert by_label(test.radio, "Engine").value == "preview"
    assert by_label(test.segmented_control, "Worn as").value == "upper_body"


def test_the_selection_of_the_catalog_page_comes_along(studio, wardrobe):
    catalog, _ = wardrobe
    test = studio()
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
