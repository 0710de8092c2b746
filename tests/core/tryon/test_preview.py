from dataclasses import replace

import cv2
import numpy as np
import pytest

from core.errors import CheckpointMissing, TryOnError
from core.tryon import preview
from core.tryon.bare import bare
from core.tryon.cutout import cut_out
from core.tryon.engine import CATEGORIES, require
from core.tryon.engines import ENGINES, engine_named
from core.tryon.masks import agnostic_mask, hands, protected
from core.tryon.preview import PreviewEngine
from core.vision.atr import ID
from tests.core.tryon.synthetic import OUTLINES, WORN, make_garment

PREVIEW = PreviewEngine()


def dress(person, kind, **changes):
    prepared = PREVIEW.prepare(person, cut_out(make_garment(kind)[0]), WORN[kind])
    prepared = replace(prepared, **changes)
    return prepared, PREVIEW.run(prepared)[0]


@pytest.mark.parametrize("pose", ["person", "raised"])
@pytest.mark.parametrize("kind", OUTLINES)
def test_only_the_mask_changes_and_never_head_hands_or_shoes(kind, pose, request):
    person = request.getfixturevalue(pose)
    prepared, picture = dress(person, kind)
    assert picture.shape == person.pixels.shape and picture.dtype == np.uint8
    outside = prepared.mask == 0
    assert np.array_equal(picture[outside], person.pixels[outside])
    for part in ("face", "hair", "left_shoe", "right_shoe"):
        inside = person.parse == ID[part]
        assert np.array_equal(picture[inside], person.pixels[inside]), part
    found = hands(person)
    assert found.sum() > 1000
    assert np.array_equal(picture[found], person.pixels[found])


@pytest.mark.parametrize("kind", OUTLINES)
def test_the_garment_is_visible_where_it_belongs(kind, person):
    _, picture = dress(person, kind)
    changed = np.abs(picture.astype(int) - person.pixels).max(axis=2) > 40
    blue = picture[..., 2].astype(int) - picture[..., 0] > 50
    rows = np.nonzero(changed & blue)[0]
    assert len(rows) > 8_000
    if WORN[kind] == "lower_body":
        assert rows.min() > 380
    else:
        assert rows.min() < 300
    assert (rows.max() > 760) == (kind in ("trousers", "skirt", "dress"))


def test_the_same_inputs_give_the_same_picture(person):
    first, second = (dress(person, "sweater")[1] for _ in range(2))
    assert np.array_equal(first, second)
    prepared, _ = dress(person, "sweater")
    several = PREVIEW.run(prepared, seed=3, steps=50, scale=4.0, samples=3)
    assert len(several) == 3 and all(np.array_equal(first, picture) for picture in several)


def test_an_edited_mask_is_respected(person):
    whole, picture = dress(person, "tee")
    mask = whole.mask.copy()
    mask[:, :384] = 0
    _, half = dress(person, "tee", mask=mask)
    assert np.array_equal(half[:, :384], person.pixels[:, :384])
    assert np.array_equal(half[:, 400:], picture[:, 400:])


def test_progress_is_told(person):
    prepared, _ = dress(person, "tee")
    told = []
    PREVIEW.run(prepared, on_step=lambda done, total: told.append((done, total)))
    assert told[-1] == (1, 1)


def test_bare_arms_appear_beside_a_short_sleeve_where_the_base_outfit_had_long_ones(person):
    parse, pixels = person.parse.copy(), person.pixels.copy()
    arms = np.isin(parse, [ID["left_arm"], ID["right_arm"]]) & ~hands(person)
    parse[arms] = ID["upper_clothes"]
    pixels[arms] = (150, 152, 156)
    _, picture = dress(replace(person, parse=parse, pixels=pixels), "tank")
    elbow = picture[395:415, 258:266].reshape(-1, 3).mean(axis=0)
    assert elbow[0] - elbow[2] > 25  # skin, not the grey of the sleeve


def test_an_unknown_category_is_a_sentence(person):
    with pytest.raises(TryOnError, match="“hats” is not a garment category"):
        PREVIEW.prepare(person, cut_out(make_garment("tee")[0]), "hats")


def test_the_agnostic_mask_covers_the_category_and_spares_the_protected(person):
    for category in CATEGORIES:
        mask = agnostic_mask(person, category)
        assert not (mask & protected(person)).any()
    upper, lower = (agnostic_mask(person, c) for c in ("upper_body", "lower_body"))
    clothes = person.parse == ID["upper_clothes"]
    assert upper[clothes].all()
    assert lower[(person.parse == ID["left_leg"]) & (np.arange(1024)[:, None] > 700)].all()
    assert not lower[:300].any()
    wider = cv2.dilate(clothes.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    assert upper[wider & ~protected(person)].all()


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_keeps_the_contract(name):
    engine = engine_named(name)
    assert engine.name == name and engine.title and engine.version and engine.licence.name
    assert set(engine.categories) <= set(CATEGORIES)
    if engine.available():
        require(engine)
        assert engine.available().missing == ()
        return
    with pytest.raises(CheckpointMissing, match=r"cannot run here yet\. Missing: ") as caught:
        require(engine)
    assert all(part in str(caught.value) for part in engine.available().missing)
    with pytest.raises(CheckpointMissing):
        engine.prepare(None, None, "upper_body")


def test_ootdiffusion_is_listed_as_non_commercial_and_not_here():
    for name in ("ootd-hd", "ootd-dc"):
        engine = engine_named(name)
        assert not engine.licence.commercial and "NC" in engine.licence.name
        assert any("unet_garm" in part for part in engine.available().missing)
    assert engine_named("ootd-hd").categories == ("upper_body",)


def test_an_unknown_engine_is_a_sentence():
    with pytest.raises(TryOnError, match=r"There is no engine “magic”\. Choose one of: preview"):
        engine_named("magic")


def test_a_person_is_undressed_once_a_category(person, monkeypatch):
    undressed = []
    monkeypatch.setattr(
        preview,
        "bare",
        lambda p, b, category: (undressed.append(category), bare(p, b, category))[1],
    )
    preview._bared.cache_clear()
    engine = PreviewEngine()
    pictures = []
    for kind in ("tee", "sweater", "trousers", "tee"):
        same = replace(person, pixels=person.pixels.copy(), parse=person.parse.copy())
        cut = cut_out(make_garment(kind)[0])
        pictures.append(engine.run(engine.prepare(same, cut, WORN[kind]))[0])
    assert undressed == ["upper_body", "lower_body"]
    assert np.array_equal(pictures[0], pictures[-1])
    other = replace(person, pixels=255 - person.pixels)
    engine.prepare(other, cut_out(make_garment("tee")[0]), "upper_body")
    assert len(undressed) == 3
    preview._bared.cache_clear()
