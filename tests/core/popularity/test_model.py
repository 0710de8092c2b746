import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ModelError
from core.popularity.additive import AdditiveModel
from core.popularity.model import Calibration, conformal_quantile, labelled_rows, predict, to_units
from tests.core.popularity.synthetic import as_catalog, make_catalog, make_frame


def test_conformal_quantile_is_the_textbook_one():
    scores = np.arange(1.0, 20.0)  # 19 scores: the 90 % quantile is the 18th
    assert conformal_quantile(scores, 0.9) == 18
    assert conformal_quantile(scores, 0.8) == 16
    assert conformal_quantile(scores[:4], 0.9) == 4, "too few: the largest stands in"


def test_conformal_intervals_cover_what_they_promise():
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(400):
        residuals = rng.standard_t(3, 60)
        calibration = Calibration.from_residuals(residuals, "test")
        covered.append(np.abs(rng.standard_t(3, 60)) <= calibration.half_80)
    assert 0.79 <= np.mean(covered) <= 0.83


def test_the_mean_is_smeared():
    rng = np.random.default_rng(0)
    residuals = rng.normal(0, 0.8, 20_000)
    frame = to_units(np.array([5.0]), Calibration.from_residuals(residuals, "test"))
    assert frame["expected"][0] == pytest.approx(np.exp(5 + 0.32) - 1, rel=0.02)
    assert frame["predicted"][0] == pytest.approx(np.expm1(5))


@given(st.lists(st.floats(-3, 12), min_size=1, max_size=20), st.floats(0.01, 3), st.floats(0, 2))
def test_intervals_are_nested_and_never_negative(outputs, half_80, more):
    frame = to_units(np.array(outputs), Calibration(half_80, half_80 + more, 1.2, 9, "test"))
    ordered = frame[["low", "low_80", "predicted", "high_80", "high"]].to_numpy()
    assert (np.diff(ordered, axis=1) >= 0).all()
    assert (ordered >= 0).all()


def test_a_catalog_must_hold_something_to_learn():
    with pytest.raises(ModelError, match="has no target column"):
        labelled_rows(make_catalog(drop=("Sold",)))
    with pytest.raises(ModelError, match="Only 12 items"):
        labelled_rows(make_catalog(12))
    with pytest.raises(ModelError, match="Every value in the target column “Sold” is 3"):
        labelled_rows(as_catalog(make_frame().assign(Sold=3.0)))
    frame = make_frame()
    frame.loc[4, "Sold"] = -1
    with pytest.raises(ModelError, match="Row 5 of the target column “Sold” is negative"):
        labelled_rows(as_catalog(frame))


def test_items_without_a_target_are_not_learned_from():
    frame = make_frame(100)
    frame.loc[10:19, "Sold"] = np.nan
    assert set(labelled_rows(as_catalog(frame))) == set(range(100)) - set(range(10, 20))


def test_an_unfitted_model_says_so():
    with pytest.raises(ModelError, match="not been trained"):
        predict(AdditiveModel("linear"), make_catalog(50))
