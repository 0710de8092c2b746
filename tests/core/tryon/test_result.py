import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from core.cache import open_cache
from core.errors import CheckpointMissing, NoPersonError, TryOnError
from core.tryon import drawing
from core.tryon.category import guess_category
from core.tryon.engine import Availability, MemoryShort
from core.tryon.engines import engine_named
from core.tryon.mask_edit import MaskEdit, Stroke
from core.tryon.ootd import OotdEngine
from core.tryon.people import demo_person, people
from core.tryon.preview import PreviewEngine
from core.tryon.result import (
    Settings,
    content_key,
    expected_seconds,
    kept_result,
    own_mask,
    samplers,
    try_on,
)
from tests.core.tryon.synthetic import make_garment, write_people

ENGINE = engine_named("preview")


@pytest.fixture(scope="module")
def photo():
    out = io.BytesIO()
    make_garment("tee")[0].save(out, "PNG")
    return out.getvalue()


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)))


def test_a_result_holds_pictures_mask_and_cut_out(person, photo):
    result = try_on(person, photo, "upper_body", ENGINE)
    assert pixels(result.pictures[0]).shape == person.pixels.shape
    assert set(np.unique(pixels(result.mask))) == {0, 255}
    cut = pixels(result.garment)
    assert cut.shape[2] == 4
    assert {"neck_0", "shoulder_1", "armpit_0", "hem_1", "cuff_outer_0"} <= result.points.keys()
    for x, y in result.points.values():
        assert 0 <= x < cut.shape[1] and 0 <= y < cut.shape[0]


def test_a_result_is_made_once_and_read_back_the_same(person, photo, tmp_path, monkeypatch):
    with open_cache(tmp_path) as cache:
        made = try_on(person, photo, "upper_body", ENGINE, cache=cache)
        monkeypatch.setattr(PreviewEngine, "run", lambda *a, **k: pytest.fail("ran again"))
        assert try_on(person, photo, "upper_body", ENGINE, cache=cache) == made
        assert try_on(person, photo, "upper_body", ENGINE, Settings(seed=9), cache=cache) == made


def test_everything_that_changes_the_picture_changes_the_key(person, photo, tmp_path):
    ootd = engine_named("ootd-dc")
    (tmp_path / "a.png").write_bytes(photo)
    base = content_key(person, photo, "upper_body", ENGINE, Settings())
    assert content_key(person, tmp_path / "a.png", "upper_body", ENGINE, Settings()) == base
    touched = person.pixels.copy()
    touched[0, 0, 0] ^= 1
    keys = {
        base,
        content_key(replace(person, pixels=touched), photo, "upper_body", ENGINE, Settings()),
        content_key(
            replace(person, parse=person.parse * 0), photo, "upper_body", ENGINE, Settings()
        ),
        content_key(person, photo + b" ", "upper_body", ENGINE, Settings()),
        content_key(person, photo, "dresses", ENGINE, Settings()),
        content_key(person, photo, "upper_body", ENGINE, Settings(samples=2)),
        content_key(person, photo, "upper_body", ootd, Settings()),
        content_key(person, photo, "upper_body", ootd, Settings(seed=1)),
        content_key(person, photo, "upper_body", ootd, Settings(sampler="fast")),
        content_key(person, photo, "upper_body", ENGINE, Settings(), MaskEdit(top=1)),
        content_key(person, photo, "upper_body", ENGINE, Settings(), MaskEdit(strokes=(WIPE,))),
    }
    assert len(keys) == 11


WIPE = Stroke(((0.5, 0.35),), 0.04, False)


def test_an_edited_mask_is_what_is_repainted_and_is_kept_apart(
    person, photo, tmp_path, monkeypatch
):
    edit = MaskEdit(strokes=(WIPE,))
    with open_cache(tmp_path) as cache:
        plain = try_on(person, photo, "upper_body", ENGINE, cache=cache)
        inputs = (person, photo, "upper_body", ENGINE, Settings(), edit, cache)
        assert kept_result(*inputs) is None
        result = try_on(*inputs[:-1], cache=cache)
        assert kept_result(*inputs) == result != plain
        monkeypatch.setattr(PreviewEngine, "prepare", lambda *a, **k: pytest.fail("prepared again"))
        assert own_mask(person, photo, "upper_body", ENGINE, cache=cache) == plain.mask
    y, x = round(0.35 * 1024), round(0.5 * 768)
    assert pixels(plain.mask)[y, x] == 255 and pixels(result.mask)[y, x] == 0
    wiped = np.s_[y - 20 : y + 20, x - 20 : x + 20]
    assert np.array_equal(pixels(result.pictures[0])[wiped], person.pixels[wiped])
    assert not np.array_equal(pixels(plain.pictures[0])[wiped], person.pixels[wiped])


def test_a_mask_of_nothing_is_refused(person, photo):
    wipe = Stroke(((0, 0.5), (1, 0.5)), 0.25, False)
    below = Stroke(((0, 1), (1, 1)), 0.25, False)
    above = Stroke(((0, 0), (1, 0)), 0.25, False)
    with pytest.raises(TryOnError, match="Nothing is left of the mask"):
        try_on(person, photo, "upper_body", ENGINE, edit=MaskEdit(strokes=(above, wipe, below)))


def test_the_own_mask_is_found_without_a_run(person, photo, tmp_path, monkeypatch):
    monkeypatch.setattr(PreviewEngine, "run", lambda *a, **k: pytest.fail("ran"))
    with open_cache(tmp_path) as cache:
        mask = own_mask(person, photo, "upper_body", ENGINE, cache=cache)
        monkeypatch.setattr(PreviewEngine, "prepare", lambda *a, **k: pytest.fail("prepared twice"))
        assert own_mask(person, photo, "upper_body", ENGINE, cache=cache) == mask
    assert pixels(mask).shape == person.parse.shape


def test_the_time_that_a_run_takes_is_that_of_the_last_one(person, photo, tmp_path):
    with open_cache(tmp_path) as cache:
        assert expected_seconds(ENGINE, Settings(), cache) is None
        try_on(person, photo, "upper_body", ENGINE, cache=cache)
        seconds = expected_seconds(ENGINE, Settings(), cache)
        assert 0 < seconds < 60
        assert expected_seconds(ENGINE, Settings(samples=4), cache) == seconds


def test_the_load_of_a_model_is_expected_once_and_only_while_it_is_not_in_memory(
    person, photo, tmp_path, monkeypatch
):
    engine, now, loaded = engine_named("ootd-dc"), [0.0], [False]

    def run(self, prepared, *, steps, samples, on_step, **_):
        now[0] += 1 if loaded[0] else 61
        loaded[0] = True
        for done in range(steps + 1):
            on_step(done, steps)
            now[0] += 2
        return [person.pixels] * samples

    monkeypatch.setattr("core.tryon.pace.time.monotonic", lambda: now[0])
    monkeypatch.setattr(OotdEngine, "available", lambda self: Availability())
    monkeypatch.setattr(OotdEngine, "in_memory", property(lambda self: loaded[0]))
    monkeypatch.setattr(OotdEngine, "prepare", lambda self, *inputs: ENGINE.prepare(*inputs))
    monkeypatch.setattr(OotdEngine, "run", run)
    with open_cache(tmp_path) as cache:
        try_on(person, photo, "upper_body", engine, Settings(steps=10), cache=cache)
        ten, twenty = Settings(steps=10, seed=1), Settings(steps=20)
        assert expected_seconds(engine, ten, cache) == pytest.approx(10 * 2 + 2)
        assert expected_seconds(engine, twenty, cache, 3) == pytest.approx(3 * (20 * 2 + 2))
        loaded[0] = False
        assert expected_seconds(engine, ten, cache) == pytest.approx(61 + 10 * 2 + 2)
        assert expected_seconds(engine, twenty, cache, 3) == pytest.approx(61 + 3 * (20 * 2 + 2))
        loaded[0] = True
        try_on(person, photo, "upper_body", engine, ten, cache=cache)
        loaded[0] = False
        assert expected_seconds(engine, ten, cache) == pytest.approx(61 + 1 + 10 * 2 + 2)


@pytest.mark.parametrize("stage", ["prepare", "run"])
def test_too_little_memory_is_a_sentence_with_any_engine(person, photo, monkeypatch, stage):
    def large(*_, **__):
        raise MemoryError

    monkeypatch.setattr(PreviewEngine, stage, large)
    with pytest.raises(MemoryShort, match="too little memory"):
        try_on(person, photo, "upper_body", ENGINE)


def test_only_engines_that_sample_offer_samplers():
    assert samplers(ENGINE) == {}
    assert set(samplers(engine_named("ootd-hd"))) == {"published", "fast"}


def test_the_sampler_reaches_the_engine_that_has_several(person, photo, monkeypatch):
    engine, told = engine_named("ootd-dc"), {}
    monkeypatch.setattr(OotdEngine, "available", lambda self: Availability())
    monkeypatch.setattr(OotdEngine, "prepare", lambda self, *inputs: ENGINE.prepare(*inputs))
    monkeypatch.setattr(
        OotdEngine, "run", lambda self, prepared, **named: told.update(named) or [person.pixels]
    )
    settings = Settings(3, 12, 1.5, 1, "fast", True)
    result = try_on(person, photo, "upper_body", engine, settings)
    assert len(result.pictures) == 1
    del told["on_step"]
    assert told == {
        "seed": 3, "steps": 12, "scale": 1.5, "samples": 1, "sampler": "fast", "whole": True,
    }  # fmt: skip
    assert (pixels(result.mask) == 255).all()  # the person's own pixels are nowhere kept


def test_a_seed_that_any_will_do_is_drawn_and_another_stays():
    assert Settings(seed=7).settled() == Settings(seed=7)
    assert Settings(seed=-1).settled().seed >= 0


def test_an_engine_that_is_not_here_says_so_before_any_work(person, photo):
    with pytest.raises(CheckpointMissing, match="OOTDiffusion, half body cannot run here yet"):
        try_on(person, photo, "upper_body", engine_named("ootd-hd"))


def test_explaining_pictures_are_drawn(person, photo):
    result = try_on(person, photo, "upper_body", ENGINE)
    for data in (drawing.body_map(person), drawing.masked(person, result)):
        assert pixels(data).shape == person.pixels.shape
    assert pixels(drawing.landmarks(result)).shape[:2] == pixels(result.garment).shape[:2]
    names = [name for name, _ in drawing.legend(person)]
    assert names[0] == "hair" and "upper clothes" in names and "background" not in names


def test_people_are_listed_and_opened(person, raised, tmp_path):
    folder = write_people(tmp_path / "people", person, replace(raised, id="wide", title="Wide"))
    assert [entry.id for entry in people(folder)] == ["plain", "wide"]
    opened = demo_person("wide", folder)
    assert opened.title == "Wide"
    assert np.array_equal(opened.parse, raised.parse)
    assert np.allclose(opened.keypoints, raised.keypoints)
    assert people(tmp_path / "nobody") == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda m: m.update(keypoints=m["keypoints"][:5]), "5 keypoints instead of 18"),
        (lambda m: m.update(image="../../secret.png"), "outside its folder"),
        (lambda m: m.pop("parse"), "is damaged"),
        (lambda m: m["keypoints"].__setitem__(8, None), "does not show shoulders and hips"),
    ],
)
def test_a_damaged_list_of_people_is_a_sentence(person, tmp_path, change, says):
    folder = write_people(tmp_path, person)
    listed = json.loads((folder / "models.json").read_text())
    change(listed["models"][0])
    (folder / "models.json").write_text(json.dumps(listed))
    with pytest.raises(NoPersonError, match=says):
        demo_person("plain", folder)


def test_a_body_map_of_another_size_is_refused(person, tmp_path):
    folder = write_people(tmp_path, person)
    Image.fromarray(person.parse[:500]).save(folder / "plain.png")
    with pytest.raises(NoPersonError, match="does not fit the picture"):
        demo_person("plain", folder)


def test_an_unknown_person_is_told_who_there_is(person, tmp_path):
    with pytest.raises(NoPersonError, match=r"no demo model “nobody”\. Choose one of: plain"):
        demo_person("nobody", write_people(tmp_path, person))


@pytest.mark.parametrize(
    ("names", "category"),
    [
        (["T-shirt"], "upper_body"),
        (["Tshirts"], "upper_body"),
        (["Short coat"], "upper_body"),
        (["short sleeves"], "upper_body"),
        (["Hoodie"], "upper_body"),
        (["shirt dress"], "dresses"),
        (["Dress shirt"], "upper_body"),
        (["Maxi dress"], "dresses"),
        (["Jumpsuits"], "dresses"),
        (["Shorts"], "lower_body"),
        (["gitana skirt"], "lower_body"),
        (["Jeans"], "lower_body"),
        (["Track Pants"], "lower_body"),
        (["Summer 24", "Linen trousers in sand"], "lower_body"),
        ([None, "Denim jacket"], "upper_body"),
        (["Casual Shoes", "Leather sneaker"], None),
        (["Watches"], None),
        ([], None),
    ],
)
def test_where_a_garment_is_worn_is_guessed_from_its_words(names, category):
    assert guess_category(*names) == category
