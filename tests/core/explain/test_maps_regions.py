"""Maps by region: they add up, divide patches by area and know where things are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.explain.maps import PhotoMap
from core.explain.maps_regions import BODY, GARMENT, body_labels, garment_labels, regions
from core.vision.atr import ATR, ID


def made(values, size=(80, 120), box=None):
    photo = Image.new("RGB", size, "white")
    return PhotoMap(
        "A1", "image", "ridge", "clip", np.asarray(values, float), 0.0, 0.0, 0.0, photo,
        box or (0, 0, *size),
    )  # fmt: skip


@given(st.integers(0, 10_000), st.sampled_from([(120, 80), (37, 51), (8, 8)]))
def test_regions_add_up_to_the_map_and_to_the_whole_photo(seed, shape):
    rng = np.random.default_rng(seed)
    found = made(rng.normal(size=(4, 4)), box=(0, 20, 80, 100))
    told = regions(found, rng.integers(0, 5, shape), ["a", "b", "c", "d", "e"])
    assert sum(r.value for r in told) == pytest.approx(found.values.sum(), abs=1e-9)
    assert sum(r.share for r in told) == pytest.approx(1)
    assert [abs(r.value) for r in told] == sorted((abs(r.value) for r in told), reverse=True)


def test_a_patch_on_two_regions_is_divided_by_area():
    values = np.zeros((4, 4))
    values[1, 1] = 0.8
    labels = np.zeros((120, 80), int)
    labels[30:60, 20:25] = 1  # a quarter of the patch of row 1, column 1
    background, part = regions(made(values), labels, ["around", "sleeve"])
    assert (background.name, part.name) == ("around", "sleeve")
    assert part.value == pytest.approx(0.2) and background.value == pytest.approx(0.6)
    assert part.share == pytest.approx(1 / 64)
    assert part.patches[1, 1] == pytest.approx(0.25) and part.patches.sum() == part.patches[1, 1]


def test_what_the_model_does_not_see_is_left_out():
    labels = np.zeros((120, 80), int)
    labels[:20] = 1
    found = made(np.ones((4, 4)), box=(0, 20, 80, 100))
    assert [r.name for r in regions(found, labels, ["around", "hat"])] == ["around"]


def test_a_speck_counts_as_background():
    labels = np.full((120, 80), 1)
    labels[5, 5] = 2
    told = regions(made(np.ones((4, 4))), labels, ["around", "dress", "bag"])
    assert {r.name: r.share for r in told} == pytest.approx(
        {"dress": 1 - 1 / 9600, "around": 1 / 9600}
    )


def test_every_class_of_the_body_map_has_its_region():
    labels = body_labels(np.arange(len(ATR)))
    names = list(BODY)
    assert names[labels[ID["left_shoe"]]] == names[labels[ID["right_shoe"]]] == "Shoes"
    assert names[labels[ID["neck"]]] == "Face and neck" and labels[ID["background"]] == 0
    assert set(labels) == set(range(len(BODY)))


def test_a_garment_is_cut_into_thirds_of_its_own_height():
    alpha = np.zeros((100, 50), np.float32)
    alpha[20:80, 10:40] = 1
    labels = garment_labels(alpha)
    assert (labels[:20] == 0).all() and (labels[80:] == 0).all() and (labels[:, :10] == 0).all()
    for first, last, name in ((20, 40, "upper"), (40, 60, "middle"), (60, 80, "lower")):
        assert (labels[first:last, 10:40] == GARMENT.index(f"Garment, {name} third")).all()
    assert not garment_labels(np.zeros((4, 4))).any()
