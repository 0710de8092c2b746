import json

import numpy as np
import pandas as pd
import pytest

from core.popularity.columns import feature_columns
from core.popularity.difficulty import Difficulty, fit_difficulty
from core.popularity.splits import grouped_folds
from tests.core.popularity.synthetic import as_catalog, make_catalog, make_frame

N = 1200
PARTS = grouped_folds(np.arange(N), 4)
ROWS = np.arange(N)


@pytest.fixture(scope="module")
def catalog():
    return make_catalog(N, drop=("Style",))


def fitted(catalog, output, residuals):
    features = feature_columns(catalog)
    return fit_difficulty(catalog, ROWS, features, output, residuals, PARTS)


def test_equal_errors_give_one_difficulty(catalog):
    rng = np.random.default_rng(0)
    residuals = rng.normal(0, 0.7, N)
    difficulty, sizes = fitted(catalog, rng.normal(4, 1, N), residuals)
    assert difficulty == Difficulty.constant(residuals)
    np.testing.assert_allclose(sizes, np.abs(residuals).mean())
    found = difficulty.of(catalog, ROWS, rng.normal(4, 1, N))
    np.testing.assert_allclose(found, np.abs(residuals).mean())


def test_it_finds_errors_that_grow_with_the_prediction(catalog):
    rng = np.random.default_rng(0)
    output = rng.normal(4, 1, N)
    truth = np.exp(-1 + 0.4 * np.clip(output, 2.5, 5.5))
    difficulty, sizes = fitted(catalog, output, rng.normal(0, truth))
    found = difficulty.of(catalog, ROWS, output)
    assert np.corrcoef(np.log(found), np.log(truth))[0, 1] > 0.95
    assert found.max() / found.min() > 2
    np.testing.assert_allclose(found, sizes, rtol=0.1)
    level = sizes / truth
    assert np.sqrt(2 / np.pi) == pytest.approx(np.median(level), rel=0.1)


def test_it_finds_errors_that_grow_far_from_the_training_items():
    frame = make_frame(N)
    rng = np.random.default_rng(0)
    odd = rng.random(N) < 0.15
    for column in ("Type", "Colour"):
        frame[column] = np.where(odd, rng.integers(0, 10_000, N).astype(str), "usual")
    catalog = as_catalog(frame.drop(columns=["Price", "Weight", "Name", "Text", "Style"]))
    residuals = rng.normal(0, np.where(odd, 1.5, 0.5))
    output = np.full(N, 4.0) + rng.normal(0, 0.1, N)
    difficulty, _ = fitted(catalog, output, residuals)
    assert difficulty.weights[0] > 0.1
    found = difficulty.of(catalog, ROWS, output)
    assert found[odd].mean() > 2 * found[~odd].mean()


def test_values_beyond_those_of_training_count_as_the_nearest(catalog):
    rng = np.random.default_rng(0)
    output = rng.normal(4, 1, N)
    difficulty, _ = fitted(catalog, output, rng.normal(0, np.exp(0.4 * output)))
    far = difficulty.of(catalog, np.array([0, 0]), np.array([30.0, 300.0]))
    assert far[0] == far[1] < 3 * difficulty.of(catalog, ROWS, output).max()


def test_the_target_of_items_is_never_read(catalog):
    rng = np.random.default_rng(0)
    output = rng.normal(4, 1, N)
    difficulty, _ = fitted(catalog, output, rng.normal(0, np.exp(0.4 * output)))
    bare = make_catalog(N, drop=("Style", "Sold"))
    np.testing.assert_array_equal(
        difficulty.of(bare, ROWS, output), difficulty.of(catalog, ROWS, output)
    )


def test_it_survives_being_written_and_read():
    frame = make_frame(N)
    rng = np.random.default_rng(0)
    frame["Colour"] = pd.Series(rng.integers(0, 300, N)).astype(str)
    catalog = as_catalog(frame)
    far = rng.random(N)
    difficulty, _ = fitted(catalog, 4 + far, rng.normal(0, np.exp(2 * far)))
    again = Difficulty.from_json(json.loads(json.dumps(difficulty.to_json())))
    assert again == difficulty
