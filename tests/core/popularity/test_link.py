import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.popularity.link import LINKS, Link

Y = np.log1p(np.array([0.0, 1, 3, 20, 450, 9000]))


@pytest.mark.parametrize("power", LINKS)
def test_the_way_back_gives_what_was_learned(power):
    link = Link.fitted(power, Y)
    np.testing.assert_allclose(link.output(link.learned(Y)), Y, atol=1e-9)
    assert link.learned(Y).mean() == pytest.approx(0, abs=1e-12)
    assert link.learned(Y).std() == pytest.approx(1)


def test_a_root_learns_units_to_that_power():
    assert Link(0.5).learned(np.log1p(np.array([49.0]))) == pytest.approx(7)
    assert Link(0.0).learned(Y) == pytest.approx(Y)


@given(st.sampled_from(LINKS), st.floats(-50, 50), st.floats(-2, 2))
def test_any_prediction_has_an_output_and_none_falls_below_the_least_seen(power, value, shift):
    fitted = Link.fitted(power, Y)
    link = Link(fitted.power, fitted.mean, fitted.deviation, fitted.low, shift)
    out = link.output(np.array([value]))
    assert np.isfinite(out).all() and out[0] >= Y.min() + shift - 1e-9
    assert Link(*link.constants) == link
