from itertools import permutations

import numpy as np
import pytest

from core.popularity import shapley
from core.popularity.shapley import shapley_values


def head(sums):
    return np.maximum(sums[..., 0], 0.3) * sums[..., 1] + sums[..., 2] ** 2


@pytest.fixture
def terms():
    return np.random.default_rng(3).normal(size=(5, 3))


def test_they_are_the_mean_over_all_orders(terms):
    expected = np.zeros(5)
    orders = list(permutations(range(5)))
    for order in orders:
        before = np.zeros(3)
        for player in order:
            after = before + terms[player]
            expected[player] += (head(after) - head(before)) / len(orders)
            before = after
    np.testing.assert_allclose(shapley_values(terms, head), expected, atol=1e-12)


def test_a_player_without_a_term_gets_nothing_and_twins_get_the_same(terms):
    terms[1], terms[2] = 0.0, terms[3]
    values = shapley_values(terms, head)
    assert values[1] == pytest.approx(0, abs=1e-12)
    assert values[2] == pytest.approx(values[3])


def test_sampled_orders_add_up_and_come_near(terms, monkeypatch):
    exact = shapley_values(terms, head)
    monkeypatch.setattr(shapley, "MAX_EXACT", 4)
    sampled = shapley_values(terms, head)
    assert sampled.sum() == pytest.approx(head(terms.sum(axis=0)) - head(np.zeros(3)))
    assert np.abs(sampled - exact).max() < 0.1 * np.abs(exact).max()
    np.testing.assert_array_equal(sampled, shapley_values(terms, head))
