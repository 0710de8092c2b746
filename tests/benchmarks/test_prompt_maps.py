"""What the benchmark of maps of words makes of its measurements."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from benchmarks.prompt_maps import WORDS, area_auc, table


@pytest.mark.parametrize("seed", range(4))
def test_the_area_auc_is_the_weighted_roc_auc(seed):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 6, (8, 8)) / 5.0  # with ties
    shares = rng.random((8, 8))
    truth = np.repeat([1, 0], 64)
    weights = np.concatenate([shares.ravel(), 1 - shares.ravel()])
    wanted = roc_auc_score(truth, np.tile(values.ravel(), 2), sample_weight=weights)
    assert area_auc(values, shares) == pytest.approx(wanted)


def test_the_table_has_a_column_a_word():
    rows = [(photo, word, 0.5 + photo / 10) for photo in range(3) for word in WORDS[:2]]
    lines = table({"parts": rows}).splitlines()
    assert all(line.count("|") == len(WORDS) + 3 for line in lines)
    assert "0.600" in lines[2] and "| 0.60 | 0.60 |  |" in lines[2]
