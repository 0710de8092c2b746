"""The test that maps are put to, on a model whose right map is known."""

import numpy as np
import pytest
import torch
from PIL import Image

from core.explain.map_faithfulness import (
    blurred,
    cropped_likeness,
    flipped_likeness,
    insertion_deletion,
    paired_range,
    ranked,
    saco,
    without_margins,
)

GRID = 4
WEIGHTS = np.random.default_rng(0).normal(size=GRID * GRID)


@pytest.fixture
def photo():
    return torch.ones(3, 8, 8)


@pytest.fixture
def empty():
    return torch.zeros(3, 8, 8)


def score(pixels):
    """Adds up the patches that are there, each with its weight."""
    there = pixels[:, 0].reshape(-1, GRID, 2, GRID, 2).mean((2, 4)).reshape(-1, GRID * GRID)
    return there.double().numpy() @ WEIGHTS


def by_hand(order):
    sums = np.concatenate([[0], np.cumsum(WEIGHTS[order])])
    insertion = np.trapezoid(sums, dx=1 / len(order))
    deletion = np.trapezoid(sums[-1] - sums, dx=1 / len(order))
    return insertion - deletion


def test_areas_are_those_of_the_curves(photo, empty):
    orders = [np.argsort(-WEIGHTS), np.random.default_rng(1).permutation(16), np.argsort(WEIGHTS)]
    found = insertion_deletion(score, photo, empty, orders, steps=16)
    np.testing.assert_allclose(found, [by_hand(order) for order in orders], atol=1e-6)
    assert found[0] == max(found) and found[2] == min(found)


def test_no_order_beats_the_models_own_weights(photo, empty):
    rng = np.random.default_rng(2)
    orders = [np.argsort(-WEIGHTS), *(rng.permutation(16) for _ in range(50))]
    found = insertion_deletion(score, photo, empty, orders, steps=8)
    assert (found[0] >= found[1:]).all()
    assert abs(found[1:].mean()) < 0.25 * found[0]


def test_equal_values_are_put_in_random_order():
    rng = np.random.default_rng(0)
    firsts = {int(ranked(np.zeros((4, 4)), rng)[0]) for _ in range(60)}
    assert len(firsts) > 8
    values = np.array([[1.0, 3.0], [2.0, 0.0]])
    assert ranked(values, rng).tolist() == [1, 2, 0, 3]


def test_saco_is_one_for_the_right_map_and_minus_one_for_its_negative(photo, empty):
    right = WEIGHTS.reshape(GRID, GRID)
    flat = np.zeros((GRID, GRID))
    found = saco(score, photo, empty, [right, -right, right * 7 + 3, flat], groups=4)
    np.testing.assert_allclose(found[:3], [1, -1, 1], atol=1e-6)
    assert np.isnan(found[3])


def test_a_blurred_photo_keeps_its_mean_and_loses_its_detail():
    photo = torch.rand(2, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    soft = blurred(photo)
    assert soft.shape == photo.shape and float(soft.std()) < 0.1 * float(photo.std())
    np.testing.assert_allclose(soft.mean((2, 3)), photo.mean((2, 3)), atol=0.02)


def test_ranges_draw_whole_styles():
    rng = np.random.default_rng(0)
    one_each = rng.normal(0.5, 1, 400)
    value, low, high = paired_range(one_each, np.arange(400))
    assert value == pytest.approx(one_each.mean()) and low < value < high
    assert high - low == pytest.approx(2 * 1.645 * one_each.std() / 20, rel=0.15)
    copies = np.repeat(one_each[:100], 4)
    wide = paired_range(copies, np.repeat(np.arange(100), 4))
    narrow = paired_range(copies, np.arange(400))
    assert wide[2] - wide[1] > 1.6 * (narrow[2] - narrow[1])


def test_a_map_that_follows_the_mirrored_photo_is_steady():
    values = np.random.default_rng(0).normal(size=(6, 6))
    assert flipped_likeness(values, values[:, ::-1]) == pytest.approx(1)
    assert flipped_likeness(values, values) < 0.6
    assert flipped_likeness(values, -values[:, ::-1]) == pytest.approx(-1)


def test_a_map_that_follows_the_cropped_photo_is_steady():
    """A smooth surface over the photo, read at the squares of the whole and of the cropped one."""

    def surface(places):
        return np.sin(8 * places[:, None]) + np.cos(7 * places[None, :])

    whole, margin = (np.arange(8) + 0.5) / 8, 0.2
    cropped = surface(margin + (1 - 2 * margin) * whole)
    assert cropped_likeness(surface(whole), cropped, margin) > 0.97
    assert cropped_likeness(surface(whole), surface(whole), margin) < 0.9
    assert cropped_likeness(surface(whole), surface(whole), 0.0) == pytest.approx(1)


def test_margins_are_cut_from_all_sides():
    photo = Image.new("RGB", (100, 60), "white")
    photo.paste("black", (10, 6, 90, 54))
    cut = without_margins(photo, 0.1)
    assert cut.size == (80, 48) and np.asarray(cut).max() == 0
