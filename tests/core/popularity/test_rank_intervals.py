import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.popularity import rank_intervals as module
from core.popularity.intervals import SHAPE
from core.popularity.rank_intervals import RANK_COLUMNS, rank_intervals

NORMAL = np.quantile(np.random.default_rng(0).normal(size=200_000), SHAPE) / 1.2816
"""A normal error, as multiples of its 80 % interval's halves."""


def predictions(middle, half):
    middle = np.asarray(middle, dtype=float)
    return pd.DataFrame(
        {
            "predicted": np.expm1(middle),
            "low_80": np.expm1(middle - half),
            "high_80": np.expm1(middle + half),
        }
    )


def test_ranges_hold_the_true_ranks_as_often_as_they_say():
    rng = np.random.default_rng(0)
    inside = {80: [], 90: []}
    for _ in range(30):
        middle = rng.normal(6, 0.5, 150)
        half = rng.uniform(0.4, 1.2, 150)
        found = rank_intervals(predictions(middle, half), NORMAL)
        # A shift of the whole season changes no rank.
        actual = middle + rng.normal() * 3 + half / 1.2816 * rng.normal(size=150)
        rank = pd.Series(actual).rank(ascending=False)
        inside[90].append(rank.between(found["rank_low"], found["rank_high"]))
        inside[80].append(rank.between(found["rank_low_80"], found["rank_high_80"]))
    assert np.mean(inside[80]) == pytest.approx(0.80, abs=0.02)
    assert np.mean(inside[90]) == pytest.approx(0.90, abs=0.02)


def test_items_that_are_certain_keep_their_ranks():
    found = rank_intervals(predictions([7.0, 6.0, 5.0], 1e-6), NORMAL)
    assert found.to_numpy().tolist() == [[1, 1, 1, 1], [2, 2, 2, 2], [3, 3, 3, 3]]


def test_two_items_by_hand():
    """The better one wins with the chance that a normal difference is above 0."""
    # Difference 1, deviation sqrt(2): 76 % first, so its middle 80 % reach place 2 and it is 1..2.
    found = rank_intervals(predictions([6.0, 5.0], 1.2816), NORMAL)
    assert found["rank_low_80"].tolist() == [1, 1] and found["rank_high_80"].tolist() == [2, 2]
    # Difference 3, deviation sqrt(2): 98 % first.
    found = rank_intervals(predictions([8.0, 5.0], 1.2816), NORMAL)
    assert found["rank_high"].tolist() == [1, 2] and found["rank_low"].tolist() == [1, 2]


@settings(max_examples=40)
@given(st.lists(st.floats(0, 9), min_size=1, max_size=30), st.floats(0, 3))
def test_ranges_are_nested_and_hold_the_predicted_rank(middle, half):
    found = rank_intervals(predictions(middle, half), NORMAL, draws=100)
    assert tuple(found.columns) == RANK_COLUMNS
    place = np.empty(len(middle))
    place[np.argsort(-np.array(middle), kind="stable")] = np.arange(1, len(middle) + 1)
    ordered = np.column_stack(
        [found["rank_low"], found["rank_low_80"], place, found["rank_high_80"], found["rank_high"]]
    )
    assert (np.diff(ordered, axis=1) >= 0).all()
    assert ordered.min() >= 1 and ordered.max() <= len(middle)


def test_a_seed_gives_one_answer():
    frame = predictions(np.linspace(4, 7, 50), 0.5)
    assert rank_intervals(frame, NORMAL).equals(rank_intervals(frame, NORMAL))
    assert not rank_intervals(frame, NORMAL).equals(rank_intervals(frame, NORMAL, seed=1))


def test_parts_by_lot_say_the_same(monkeypatch):
    frame = predictions(np.linspace(7, 4, 3000), 0.6)
    whole = rank_intervals(frame, NORMAL)
    monkeypatch.setattr(module, "PART", 750)
    parted = rank_intervals(frame, NORMAL)
    assert (whole - parted).abs().to_numpy().max() < 0.04 * 3000
    assert (whole - parted).abs().to_numpy().mean() < 0.01 * 3000


def test_twenty_thousand_items_take_seconds():
    frame = predictions(np.linspace(7, 4, 20_000), 0.6)
    start = time.process_time()
    rank_intervals(frame, NORMAL)
    assert time.process_time() - start < 6
