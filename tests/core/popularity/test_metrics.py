from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import ndcg_score

from core.popularity import metrics
from core.popularity.metrics import (
    METRICS,
    ndcg,
    pairwise_accuracy,
    precision_at_top,
    score,
    spearman,
)

values = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=40)


@given(values)
def test_pairwise_accuracy_counts_pairs(pairs):
    actual, predicted = (np.array(side, dtype=float) for side in zip(*pairs, strict=True))
    told = [
        0.5 if p == q else float((a < b) == (p < q))
        for (a, p), (b, q) in combinations(zip(actual, predicted, strict=True), 2)
        if a != b
    ]
    expected = np.mean(told) if told else np.nan
    np.testing.assert_allclose(pairwise_accuracy(actual, predicted), expected)
    if len(pairs) == 2:  # scipy's tau, which stands in for many items, divides by zero
        return
    original, metrics.FEW_ITEMS = metrics.FEW_ITEMS, 0
    try:
        np.testing.assert_allclose(pairwise_accuracy(actual, predicted), expected, atol=1e-9)
    finally:
        metrics.FEW_ITEMS = original


@given(values)
def test_spearman_agrees_with_scipy(pairs):
    actual, predicted = (np.array(side, dtype=float) for side in zip(*pairs, strict=True))
    if len(set(actual)) > 1 and len(set(predicted)) > 1:
        expected = spearmanr(actual, predicted).statistic
        np.testing.assert_allclose(spearman(actual, predicted), expected, atol=1e-12)
    else:
        assert np.isnan(spearman(actual, predicted))


@pytest.mark.parametrize("digits", [8, 0], ids=["no ties", "ties"])
def test_ndcg_agrees_with_scikit_learn(digits):
    rng = np.random.default_rng(1)
    actual, predicted = rng.gamma(1, 100, 200), rng.normal(size=200).round(digits)
    expected = ndcg_score(actual[None], predicted[None], k=50)
    assert ndcg(actual, predicted, 50) == pytest.approx(expected)


@given(values, st.randoms())
def test_the_order_of_the_table_does_not_matter(pairs, random):
    rows, mixed = (np.array(p, dtype=float).T for p in (pairs, random.sample(pairs, len(pairs))))
    np.testing.assert_allclose(ndcg(*rows, k=5), ndcg(*mixed, k=5))
    np.testing.assert_allclose(precision_at_top(*rows, 1 / 3), precision_at_top(*mixed, 1 / 3))


def test_a_prediction_that_tells_nothing_apart_scores_as_chance():
    best_first = np.arange(20.0)[::-1]
    assert precision_at_top(best_first, np.zeros(20), 0.25) == pytest.approx(0.25)
    assert ndcg(best_first, np.zeros(20), 5) == pytest.approx(0.5434, abs=1e-4)


def test_precision_at_the_top():
    actual = np.arange(20.0)
    assert precision_at_top(actual, actual) == 1
    assert precision_at_top(actual, -actual) == 0
    assert precision_at_top(actual, np.r_[np.arange(18), 19, -1]) == 0.5


def table(n=300, seed=0):
    rng = np.random.default_rng(seed)
    actual = rng.gamma(2, 100, n)
    predicted = actual * np.exp(rng.normal(0, 0.5, n))
    fold = np.repeat(["a", "b", "c"], n // 3)
    rank = pd.Series(predicted).groupby(fold).rank(ascending=False)
    return pd.DataFrame(
        {
            "fold": fold,
            "actual": actual,
            "predicted": predicted,
            "low": predicted * 0.4,
            "high": predicted * 2.5,
            "low_80": predicted * 0.5,
            "high_80": predicted * 2,
            "actual_rank": pd.Series(actual).groupby(fold).rank(ascending=False),
            "rank_low": rank - 20,
            "rank_high": rank + 20,
            "rank_low_80": rank - 10,
            "rank_high_80": rank + 10,
        }
    )


def test_scores_average_over_folds_and_hold_their_spread():
    predictions = table()
    scores = score(predictions, np.repeat(["x", "y"], 150), draws=60)
    per_fold = [
        spearman(part["actual"].to_numpy(), part["predicted"].to_numpy())
        for _, part in predictions.groupby("fold")
    ]
    assert scores["spearman"]["value"] == pytest.approx(np.mean(per_fold), abs=1e-6)
    error = (predictions["actual"] - predictions["predicted"]).abs()
    assert scores["wape"]["value"] == pytest.approx(
        error.sum() / predictions["actual"].sum(), abs=1e-6
    )
    assert scores["mae"]["value"] == pytest.approx(error.mean(), abs=1e-5)
    inside = predictions["actual"].between(predictions["low_80"], predictions["high_80"])
    assert scores["coverage_80"]["value"] == pytest.approx(inside.mean(), abs=1e-6)
    for metric in METRICS:
        value, low, high = (scores[metric][k] for k in ("value", "low", "high"))
        assert low < high
        assert low - 0.1 * abs(value) <= value <= high + 0.1 * abs(value)


def test_the_coverage_of_rank_ranges_is_that_of_actual_ranks():
    predictions = table()
    scores = score(predictions, draws=5)
    near = (predictions["actual_rank"] - predictions["rank_low_80"] - 10).abs() <= 10
    assert scores["rank_coverage_80"]["value"] == pytest.approx(near.mean(), abs=1e-6)
    assert 0 < near.mean() < scores["rank_coverage_90"]["value"] < 1
    without = predictions.drop(columns=["actual_rank", "rank_low", "rank_low_80"])
    assert score(without, draws=5)["rank_coverage_80"]["value"] is None


def test_scores_are_reproducible_and_say_when_they_are_undefined():
    predictions = table().assign(predicted=7.0)
    first, second = score(predictions, draws=20), score(predictions, draws=20)
    assert first == second
    assert first["spearman"]["value"] is None
    assert first["spearman_in_category"]["value"] is None
    assert first["pairwise_accuracy"]["value"] == 0.5


def test_whole_styles_are_drawn():
    predictions = table()
    one = score(predictions, groups=np.repeat(["p", "q", "r"], 100), draws=30)
    assert one["mae"]["low"] == one["mae"]["high"], "one style a fold leaves nothing to draw"
