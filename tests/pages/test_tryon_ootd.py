"""OOTDiffusion itself on the try-on page, with tiny random weights in the published layout."""

import io
import json
import shutil
import threading

import pytest
import streamlit as st
from PIL import Image

import app.jobs
import app.tryon_run
from app.words import plain
from core.cache import artefacts
from core.tryon import ootd
from core.tryon.engines import ENGINES
from core.tryon.ootd import OotdEngine
from core.tryon.ootd_pipeline import OotdPipeline
from core.tryon.provenance import read_stamp
from tests.core.tryon.ootd_goldens import copy_weights
from tests.pages.helpers import by_label, component, data, pictures, progress, until, words

FRAME = (128, 96)
"""The nets are tiny, but at the published size their attention takes a minute a step."""


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """A folder of checkpoints with both models, on a CPU in float32."""
    root = copy_weights(tmp_path / "checkpoints")
    shutil.copytree(root / "ootd/ootd_hd", root / "ootd/ootd_dc")
    monkeypatch.setenv("FASHION_CHECKPOINTS_DIR", str(root))
    for name in ("DEVICE", "DTYPE", "LEAN"):
        monkeypatch.delenv(f"FASHION_OOTD_{name}", raising=False)
    for model in ("hd", "dc"):
        monkeypatch.setitem(ENGINES, f"ootd-{model}", OotdEngine(model, FRAME))
    app.tryon_run.lines.clear()
    artefacts().clear()
    yield root
    for line in {id(line): line for line in app.tryon_run.lines().values()}.values():
        for ticket in filter(None, [line._running]):
            ticket.ended.wait(60)
    app.tryon_run.lines.clear()
    ootd.release()


@pytest.fixture
def held(monkeypatch):
    """Holds the run before a step, until it is told to go on to another."""
    denoise, go = OotdPipeline._denoise, threading.Semaphore(0)

    def wait(self, *inputs):
        *rest, on_step = inputs

        def told(step):
            on_step(step)
            assert go.acquire(timeout=60)

        return denoise(self, *rest, told)

    monkeypatch.setattr(OotdPipeline, "_denoise", wait)
    return go


def ticket_of(test):
    return next(iter(test.session_state["tryon_tickets"].values()))


def choose(test, title):
    radio = by_label(test.radio, "Engine")
    radio.set_value(next(n for n, e in ENGINES.items() if e.title == title)).run()


def test_from_choosing_the_engine_to_the_file_that_says_what_made_it(
    studio, weights, held, monkeypatch
):
    taken, button = {}, st.download_button
    monkeypatch.setattr(
        "app.tryon_take.st.download_button",
        lambda label, data, **more: taken.update({label: data}) or button(label, data, **more),
    )
    test = studio()
    choose(test, "OOTDiffusion, half body")
    assert not test.exception and not test.error
    assert test.query_params["engine"] == "ootd-hd"
    text = words(test)
    assert "**Not for commercial use.** OOTDiffusion, half body is under CC BY-NC-SA 4.0" in text
    assert "not known yet: it was never run" in text
    terms = "pictures by OOTDiffusion, half body are under CC BY-NC-SA 4.0"
    assert any(terms in caption.value for caption in test.caption)  # beside the button
    by_label(test.slider, "Steps").set_value(10).run()
    by_label(test.slider, "Pictures to choose from").set_value(2).run()
    by_label(test.number_input, "Seed").set_value(5).run()
    by_label(test.button, "Try it on").click().run()
    ticket = ticket_of(test)
    until(lambda: ticket.step == 1)
    test.run()
    assert progress(test) == [(10, "Step 1 of 10")]
    held.release()
    until(lambda: ticket.step == 2)
    test.run()
    ((share, told),) = progress(test)
    assert share == 20 and told.startswith("Step 2 of 10, about ") and told.endswith("left")
    # What emerges: the person's shape, and not the person any more.
    assert ticket.emerging.shape == (16, 12, 3) and len(pictures(test)) == 1
    for _ in range(8):
        held.release()
    assert not ticket.ended.is_set()
    held.release()
    assert ticket.ended.wait(60) and ticket.problem == ""
    test.run()
    assert not test.exception and not test.error and not progress(test)
    assert data(test, "tryon_compare")["look"] == "Plain wearing Blue tee"
    strips = [json.loads(c.proto.json) for c in component(test, "tryon_strip")]
    samples = next(s for s in strips if s["label"] == "Pictures of seed 5")
    assert [i["title"] for i in samples["items"]] == ["Picture 1", "Picture 2"]
    assert samples["items"][0]["photo"] != samples["items"][1]["photo"]
    text = words(test)
    assert (
        "Takes about" in text and "Painted by a network" in text and "not a simulation" not in text
    )
    assert terms in text  # beside the download
    assert "with reading the model" not in text  # it is in memory now

    stamp = read_stamp(taken["PNG"]())
    assert stamp == json.loads(taken["JSON"])
    assert stamp["engine"] == "ootd-hd" and stamp["licence"] == "CC BY-NC-SA 4.0"
    assert stamp["commercial_use"] is False
    assert stamp["inputs"] == test.session_state["tryon_history"][0].key
    assert stamp["settings"] == {
        "seed": 5, "steps": 10, "scale": 2.0, "samples": 2, "sampler": "published",
        "whole": False,
    }  # fmt: skip
    with Image.open(io.BytesIO(taken["PNG"]())) as opened:
        assert opened.size == (768, 1024)


def test_a_run_is_cancelled_between_two_steps_and_the_next_one_is_made(studio, weights, held):
    test = studio(engine="ootd-dc", steps="10", garment="a3")
    by_label(test.button, "Try it on").click().run()
    ticket = ticket_of(test)
    until(lambda: ticket.step == 1)
    by_label(test.button, "Cancel").click().run()
    assert "Stopping after this step." in words(test)
    held.release()
    assert ticket.ended.wait(60) and ticket.state == "cancelled" and ticket.step == 1
    test.run()
    assert "Stopped; nothing was kept." in words(test) and len(pictures(test)) == 1
    for _ in range(10):
        held.release()
    by_label(test.button, "Try again").click().run()
    assert ticket_of(test).ended.wait(60)
    test.run()
    assert data(test, "tryon_compare")["look"] == "Plain wearing Blue trousers"


def test_too_little_memory_is_told_on_the_page_and_nothing_else_is_lost(
    studio, weights, monkeypatch
):
    def full(*_, **__):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 GB")

    test = studio()  # a preview, which the history keeps
    with monkeypatch.context() as short:
        short.setattr(OotdPipeline, "_denoise", full)
        for name, value in {"engine": "ootd-hd", "samples": "3", "steps": "10"}.items():
            test.query_params[name] = value
        test.run()
        by_label(test.button, "Try it on").click().run()
        assert ticket_of(test).ended.wait(60)
        test.run()
    assert not test.exception and "needs more memory than there is" in test.error[0].value
    assert "Ask for fewer than 3 pictures" in test.error[0].value
    assert len(test.session_state["tryon_history"]) == 1
    by_label(test.slider, "Pictures to choose from").set_value(1).run()
    by_label(test.button, "Try it on").click().run()
    assert ticket_of(test).ended.wait(60)
    test.run()
    assert not test.error and component(test, "tryon_compare")


def test_a_batch_shows_the_steps_of_each_picture_and_gives_a_sheet(studio, weights, held):
    test = studio(
        engine="ootd-dc", mode="batch", garments="a1,a3", people="plain", steps="10", samples="2"
    )
    assert "**4 pictures**, 2 of each look" in words(test)
    by_label(test.button, "Make them").click().run()
    (running,) = [job for job in app.jobs._jobs().values() if not job.ended.is_set()]
    for _ in range(4):
        held.release()
    until(lambda: running.message.endswith("step 5 of 10"))
    test.run()
    assert progress(test) == [(25, "1 of 2: Plain wearing Blue tee, step 5 of 10")]
    assert "It goes on when this page is left or closed" in words(test)
    for _ in range(16):
        held.release()
    assert running.ended.wait(60) and running.error == ""
    test.run()
    assert not test.exception and len(test.get("image")) == 1


def test_all_that_is_painted_can_be_kept_and_the_link_says_so(studio, weights):
    test = studio(engine="ootd-hd", whole="True", view="mask")
    whole = by_label(test.toggle, "Keep all that is painted")
    assert whole.value and "passes through the network too" in words(test)
    whole.set_value(False).run()
    assert test.query_params["whole"] == "False" and not test.exception
    assert "every other pixel stays as it was" in words(test)


def test_the_half_body_model_says_that_it_takes_no_trousers(studio, weights):
    test = studio(engine="ootd-hd", garment="a3", steps="10")
    by_label(test.button, "Try it on").click().run()
    assert ticket_of(test).ended.wait(60)
    test.run()
    assert "trained for tops alone" in test.error[0].value and not test.exception


def test_what_is_missing_is_listed_by_folder(studio, weights):
    shutil.rmtree(weights / "ootd/ootd_hd/checkpoint-36000/unet_garm")
    test = studio(engine="ootd-hd")
    assert not test.exception
    text = words(test)
    assert "- `checkpoints/ootd/ootd_hd/checkpoint-36000/unet_garm`" in text
    assert "unet_vton`" not in text and "CC BY-NC-SA 4.0" in text
    assert "cannot run here yet" in test.error[0].value
    captions = by_label(test.radio, "Engine").proto.captions
    assert captions[1].startswith("not installed, 1 part missing")
    assert captions[2].startswith("ready")


def test_files_one_level_wrong_are_found_and_said_and_moving_them_is_enough(studio, weights):
    shutil.move(weights / "ootd/vae", weights / "vae")
    test = studio(engine="ootd-hd")
    assert not test.exception
    text = words(test)
    place = plain(f"found at {weights / 'vae'}: move it)")
    assert f"- `checkpoints/ootd/vae` ({place}" in text
    assert "once it is moved, this engine can run" in text and not test.code  # nothing to download
    shutil.move(weights / "vae", weights / "ootd/vae")
    test.run()
    assert not test.error and by_label(test.button, "Try it on")


def test_a_damaged_file_is_a_sentence(studio, weights):
    file = weights / "ootd/ootd_hd/checkpoint-36000/unet_vton/diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    test = studio(engine="ootd-hd", steps="10")
    by_label(test.button, "Try it on").click().run()
    assert ticket_of(test).ended.wait(60)
    test.run()
    assert not test.exception and "OOTDiffusion cannot load" in test.error[0].value
