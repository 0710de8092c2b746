import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.popularity.difficulty import Difficulty
from core.popularity.intervals import (
    MIN_CATEGORY_ERRORS,
    Calibration,
    Errors,
    calibrate,
    conformal_quantile,
)
from core.popularity.splits import grouped_folds
from tests.core.popularity.synthetic import as_catalog, make_catalog, make_frame

ONE = Difficulty(0.0)
"""An expected error of 1 for every item."""


def errors(residuals, categories=None, parts=None):
    residuals = np.asarray(residuals, dtype=float)
    named = np.full(len(residuals), "", dtype=object) if categories is None else categories
    return Errors.of(residuals, np.ones(len(residuals)), np.asarray(named, dtype=object), parts)


def test_conformal_quantile_is_the_textbook_one():
    scores = np.arange(1.0, 20.0)  # 19 scores: the 90 % quantile is the 18th
    assert conformal_quantile(scores, 0.9) == 18
    assert conformal_quantile(scores, 0.8) == 16
    assert conformal_quantile(scores[:4], 0.9) == 4, "too few: the largest stands in"


@given(
    st.lists(st.integers(-5, 5), min_size=1, max_size=30),
    st.lists(st.integers(1, 4), min_size=30, max_size=30),
    st.sampled_from([0.5, 0.8, 0.9, 0.95]),
)
def test_a_weight_counts_as_so_many_equal_scores(scores, weights, coverage):
    scores, weights = np.array(scores, dtype=float), np.array(weights[: len(scores)])
    repeated = np.repeat(scores, weights)
    # The item to come weighs as the heaviest: look among the repeated scores and so many more.
    total = len(repeated) + weights.max()
    rank = int(np.ceil(total * coverage - 1e-9))
    expected = np.sort(repeated)[min(rank, len(repeated)) - 1]
    assert conformal_quantile(scores, coverage, weights.astype(float)) == expected


def test_intervals_cover_what_they_promise_also_of_skewed_errors():
    rng = np.random.default_rng(0)
    catalog, inside, outside = make_catalog(60, drop=("Type",)), [], []
    for _ in range(300):
        calibration = Calibration.from_residuals(rng.gumbel(size=60), "test")
        frame = calibration.predictions(np.full(60, 20.0), catalog, np.arange(60))
        new = np.expm1(20 + rng.gumbel(size=60))
        inside.append((new >= frame["low_80"]) & (new <= frame["high_80"]))
        outside.append([new < frame["low_80"], new > frame["high_80"]])
    assert 0.79 <= np.mean(inside) <= 0.83
    below, above = np.mean(outside, axis=(0, 2))
    assert below == pytest.approx(above, abs=0.015), "each tail by itself"


def test_the_mean_is_smeared():
    rng = np.random.default_rng(0)
    calibration = Calibration.from_residuals(rng.normal(0, 0.8, 20_000), "test")
    frame = calibration.predictions(np.array([5.0]), make_catalog(50), np.array([0]))
    assert frame["expected"][0] == pytest.approx(np.exp(5 + 0.32) - 1, rel=0.02)
    assert frame["predicted"][0] == pytest.approx(np.expm1(5))


@given(
    st.lists(st.floats(-3, 12), min_size=1, max_size=20),
    st.lists(st.floats(-4, 4), min_size=1, max_size=60),
)
def test_intervals_are_nested_and_never_negative(outputs, residuals):
    calibration = Calibration.from_residuals(np.array(residuals), "test")
    rows = np.arange(len(outputs))
    frame = calibration.predictions(np.array(outputs), make_catalog(20), rows)
    ordered = frame[["low", "low_80", "predicted", "high_80", "high"]].to_numpy()
    assert (np.diff(ordered, axis=1) >= 0).all()
    assert (ordered >= 0).all()


def test_a_category_with_enough_errors_has_a_width_of_its_own():
    rng = np.random.default_rng(0)
    wide, narrow, few = rng.normal(0, 2, 400), rng.normal(0, 0.5, 400), rng.normal(0, 9, 40)
    names = ["dress"] * 400 + ["shirt"] * 400 + ["coat"] * 40
    calibration = Calibration.from_errors(
        ONE, errors(np.r_[wide, narrow, few], names), "held-out styles"
    )
    assert set(calibration.categories) == {"dress", "shirt"}
    assert len(few) < MIN_CATEGORY_ERRORS
    overall = calibration.band[3]
    apart = conformal_quantile(wide, 0.95)
    assert calibration.categories["dress"][3] == pytest.approx(0.8 * apart + 0.2 * overall)
    frame = make_frame(8)
    frame["Type"] = ["Dress", " shirt ", "coat", "hat", "DRESS", "shirt", "coat", None]
    catalog = as_catalog(frame)
    found = calibration.predictions(np.full(8, 20.0), catalog, np.arange(8))
    width = np.log1p(found["high"]) - np.log1p(found["low"])
    assert width[0] == width[4] > width[2] == width[3] == width[7] > width[1] == width[5]
    bare = make_catalog(8, drop=("Type",))
    same = calibration.predictions(np.full(8, 20.0), bare, np.arange(8))
    np.testing.assert_allclose(same["high"], found["high"][2])


def test_each_season_recalibrates_with_all_of_them_and_the_held_out_as_one():
    inner = errors(np.linspace(-1, 1, 1000))
    start = Calibration.from_errors(ONE, inner, "held-out styles")
    assert start.with_seasons([], "later") is start
    seasons = [errors(np.linspace(-4, 4, 300)), errors(np.linspace(-4, 4, 500))]
    found = start.with_seasons(seasons, "later")
    assert found.items == 1800 and found.source == "later"
    assert found.difficulty == start.difficulty
    weights = found.errors.weights
    assert weights[:1000].sum() == pytest.approx(400), "as one season of average size"
    assert (weights[1000:] == 1).all()
    everything = np.r_[inner.scores, seasons[0].scores, seasons[1].scores]
    assert found.band[3] == conformal_quantile(everything, 0.95, weights)
    assert start.band[3] < found.band[3] < 4


def test_a_tiny_season_does_not_outweigh_what_was_held_out():
    start = Calibration.from_errors(ONE, errors(np.linspace(-1, 1, 1000)), "held-out styles")
    found = start.with_seasons([errors(np.full(20, 5.0))], "later")
    assert found.errors.weights[:1000].sum() == pytest.approx(100)


def test_a_shift_of_a_season_is_in_the_width_but_not_in_the_shape():
    rng = np.random.default_rng(0)
    own = rng.normal(0, 1, 4000)
    still = Calibration.from_errors(ONE, errors(own), "test")
    parts = [np.arange(2000), np.arange(2000, 4000)]
    shifted = own + np.repeat([-2.0, 2.0], 2000)
    moved = Calibration.from_errors(ONE, errors(shifted, parts=parts), "test")
    assert moved.band[2] > 1.5 * still.band[2]
    for calibration in (still, moved):
        shape = np.array(calibration.shape)
        spread = shape * np.where(shape < 0, -calibration.band[1], calibration.band[2])
        assert np.std(spread) == pytest.approx(1.0, abs=0.05)
        assert (np.diff(shape) >= 0).all()


def test_it_survives_being_written_and_read():
    catalog = make_catalog(240)
    rng = np.random.default_rng(0)
    output = rng.normal(4, 1, 240)
    residuals = rng.normal(0, np.exp(0.5 * (output - 4)))
    parts = grouped_folds(np.arange(240), 4)
    calibration = calibrate(
        catalog, np.arange(240), [], output + residuals, residuals, parts, "held-out styles"
    )
    again = Calibration.from_json(json.loads(json.dumps(calibration.to_json())))
    assert again.difficulty.weights == calibration.difficulty.weights != (0.0, 0.0, 0.0)
    assert again == replace(calibration, shape=again.shape)
    first = calibration.predictions(output, catalog, np.arange(240))
    assert first.equals(again.predictions(output, catalog, np.arange(240)))
    np.testing.assert_allclose(again.shape, calibration.shape, atol=1e-6)
    with pytest.raises(ValueError, match="no ends of intervals"):
        Calibration.from_json({**calibration.to_json(), "band": [0, -1, 1, 2]})
