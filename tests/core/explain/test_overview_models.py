import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from core.explain.overview_models import disagreement


def ranking(predicted):
    frame = pd.DataFrame({"item_id": [f"i{i}" for i in range(len(predicted))]})
    frame["predicted"] = np.asarray(predicted, dtype=float)
    frame = frame.sort_values(["predicted", "item_id"], ascending=[False, True])
    return frame.assign(rank=np.arange(1, len(frame) + 1))


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=30))
def test_items_are_told_by_how_far_their_places_lie_apart(predictions):
    first, second = (ranking(p) for p in zip(*predictions, strict=True))
    found = disagreement(first, second)
    places = [r.set_index("item_id")["rank"] for r in (first, second)]
    for line in found.items.itertuples():
        assert line.first == places[0][line.item_id] and line.second == places[1][line.item_id]
        assert line.apart == line.second - line.first
    assert found.items["apart"].abs().is_monotonic_decreasing
    assert sorted(found.items["item_id"]) == sorted(first["item_id"])


def test_the_correlation_is_spearmans():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 9, 40), rng.integers(0, 9, 40)
    assert disagreement(ranking(a), ranking(b)).correlation == pytest.approx(
        spearmanr(a, b).statistic
    )
    assert disagreement(ranking(a), ranking(a)).items["apart"].eq(0).all()
    assert np.isnan(disagreement(ranking(a), ranking(np.ones(40))).correlation)


def test_other_items_are_refused():
    with pytest.raises(ValueError, match="same items"):
        disagreement(ranking([1, 2, 3]), ranking([1, 2]))
