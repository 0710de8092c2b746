"""Values carried on from where they are known."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.tryon.membrane import spread


@given(st.integers(3, 60), st.integers(3, 60), st.integers(0, 10_000))
def test_what_is_known_stays_and_nothing_leaves_its_range(height, width, seed):
    rng = np.random.default_rng(seed)
    values = rng.uniform(10, 20, (height, width, 2)).astype(np.float32)
    weight = (rng.uniform(size=(height, width)) < 0.2).astype(np.float32)
    weight[rng.integers(height), rng.integers(width)] = 1
    found = spread(values, weight, 0.0)
    known = weight > 0
    assert np.allclose(found[known], values[known], atol=1e-4)
    assert found.min() >= values[known].min() - 1e-3 and found.max() <= values[known].max() + 1e-3


def test_a_slope_between_two_edges_is_close_to_the_straight_one():
    weight = np.zeros((32, 64), np.float32)
    weight[:, 0] = weight[:, -1] = 1
    values = np.zeros((32, 64, 1), np.float32)
    values[:, -1] = 100
    row = spread(values, weight, 0.0)[16, :, 0]
    assert np.abs(row - np.linspace(0, 100, 64)).max() < 9
    assert np.all(np.diff(row) > -1)


def test_far_from_all_that_is_known_values_fade():
    weight = np.zeros((200, 200), np.float32)
    weight[0, 0] = 1
    found = spread(np.full((200, 200, 1), 80, np.float32), weight, 1.0)
    assert found[0, 0, 0] == 80 and 0 <= found[-1, -1, 0] < 70
