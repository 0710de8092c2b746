from itertools import groupby, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.popularity.shapley import (
    interactions,
    members,
    owen_values,
    sampled_owen_values,
    shapley_values,
)

UNIONS = (0, 0, 2, 0, 1)


def head(sums):
    return np.maximum(sums[..., 0], 0.3) * sums[..., 1] + sums[..., 2] ** 2


@pytest.fixture
def own():
    return np.random.default_rng(3).normal(size=(5, 3))


@pytest.fixture
def other():
    return np.random.default_rng(4).normal(size=(5, 3))


def table_of(own, other):
    return head(other.sum(axis=0) + members(len(own)) @ (own - other))


def test_they_are_the_mean_over_all_orders(own, other):
    expected = np.zeros(5)
    orders = list(permutations(range(5)))
    for order in orders:
        before = other.sum(axis=0)
        for player in order:
            after = before + own[player] - other[player]
            expected[player] += (head(after) - head(before)) / len(orders)
            before = after
    np.testing.assert_allclose(shapley_values(table_of(own, other)), expected, atol=1e-12)


def test_a_player_that_changes_nothing_gets_nothing_and_twins_get_the_same(own, other):
    own[1], own[2], other[2] = other[1], own[3], other[3]
    table = table_of(own, other)
    values = shapley_values(table)
    assert values[1] == pytest.approx(0, abs=1e-12)
    assert values[2] == pytest.approx(values[3])
    pairs = interactions(table)
    np.testing.assert_allclose(pairs[1], 0, atol=1e-12)
    assert pairs[0, 2] == pytest.approx(pairs[0, 3])


@given(st.integers(0, 6), st.integers(0, 1000))
def test_values_add_up_and_are_linear(players, seed):
    one, two = np.random.default_rng(seed).normal(size=(2, 2**players))
    values = shapley_values(one)
    assert values.sum() == pytest.approx(one[-1] - one[0], abs=1e-12)
    np.testing.assert_allclose(
        shapley_values(one + 2 * two), values + 2 * shapley_values(two), atol=1e-12
    )


@given(st.integers(2, 6), st.integers(0, 1000))
def test_an_interaction_is_what_a_value_gains_when_the_other_is_there(players, seed):
    table = np.random.default_rng(seed).normal(size=2**players)
    there = table[members(players)[:, -1] == 1]
    away = table[members(players)[:, -1] == 0]
    expected = shapley_values(there) - shapley_values(away)
    pairs = interactions(table)
    np.testing.assert_allclose(pairs[-1, :-1], expected, atol=1e-12)
    np.testing.assert_array_equal(pairs, pairs.T)


def test_two_that_multiply_interact_by_their_product():
    table = np.array(
        [0.0, 0, 0, 6.0, 5, 5, 5, 11]
    )  # players 0 and 1: 6 together; player 2: 5 alone
    pairs = interactions(table)
    assert pairs[0, 1] == pytest.approx(6)
    np.testing.assert_allclose(pairs[2], 0)
    np.testing.assert_allclose(shapley_values(table), [3, 3, 5])


def owen_by_orders(own, other, unions):
    """The mean over all orders in which a union's players stand side by side."""
    values, count = np.zeros(len(own)), 0
    for order in permutations(range(len(own))):
        kinds = [unions[p] for p in order]
        if len(list(groupby(kinds))) > len(set(kinds)):
            continue
        count += 1
        before = other.sum(axis=0)
        for player in order:
            after = before + own[player] - other[player]
            values[player] += head(after) - head(before)
            before = after
    return values / count


@pytest.mark.parametrize("unions", [UNIONS, (0, 0, 0, 0, 0), (4, 3, 2, 1, 0), (0, 1, 0, 1, 1)])
def test_owen_values_are_the_mean_over_orders_that_keep_unions_together(own, other, unions):
    found = owen_values(table_of(own, other), unions)
    np.testing.assert_allclose(found, owen_by_orders(own, other, unions), atol=1e-12)


@pytest.mark.parametrize("unions", [(0, 0, 0, 0, 0), (4, 3, 2, 1, 0)])
def test_one_union_or_one_each_is_shapleys_value(own, other, unions):
    table = table_of(own, other)
    np.testing.assert_allclose(owen_values(table, unions), shapley_values(table), atol=1e-12)


def quotient(own, other, unions):
    """Shapley values of the unions, each one player."""
    kinds = [np.array(unions) == kind for kind in sorted(set(unions))]
    joint = np.stack([[terms[kind].sum(axis=0) for kind in kinds] for terms in (own, other)])
    return kinds, shapley_values(table_of(*joint))


def test_a_unions_values_add_up_to_its_value_beside_the_others(own, other):
    kinds, expected = quotient(own, other, UNIONS)
    exact = owen_values(table_of(own, other), UNIONS)
    assert not np.allclose(exact, shapley_values(table_of(own, other)), atol=0.05)
    for orders in (1, 3):
        sampled = sampled_owen_values(own, other, head, UNIONS, orders, 7)
        for kind, value in zip(kinds, expected, strict=True):
            assert exact[kind].sum() == pytest.approx(value)
            assert sampled[kind].sum() == pytest.approx(value), "exact however few orders"


@pytest.mark.parametrize("unions", [UNIONS, (0, 0, 0, 0, 0), (0, 1, 0, 1, 1)])
def test_sampled_orders_add_up_and_come_near(own, other, unions):
    exact = owen_values(table_of(own, other), unions)
    sampled = sampled_owen_values(own, other, head, unions, 300, 0)
    assert sampled.sum() == pytest.approx(head(own.sum(axis=0)) - head(other.sum(axis=0)))
    assert np.abs(sampled - exact).max() < 0.05 * np.abs(exact).max()
    again = sampled_owen_values(own, other, head, unions, 300, 0)
    np.testing.assert_array_equal(sampled, again)
