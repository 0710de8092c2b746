import numpy as np
import pytest

from benchmarks import photo_gain
from core.popularity.model import log_target
from core.popularity.splits import Fold
from tests.core.popularity.synthetic import make_catalog


def test_the_gain_is_that_of_the_better_output_and_its_range_holds_it():
    catalog = make_catalog(120)
    y, rng = log_target(catalog), np.random.default_rng(0)
    folds = [Fold(str(i), np.arange(0), np.arange(i, 120, 3)) for i in range(3)]
    scored = [
        (f, y[f.test] + rng.normal(0, 3, len(f.test)), y[f.test] + rng.normal(0, 0.5, len(f.test)))
        for f in folds
    ]
    without, with_it, gain, low, high = photo_gain.compare(catalog, scored)
    assert with_it > without and gain == pytest.approx(with_it - without)
    assert 0 < low < gain < high


def test_a_catalog_that_is_missing_gives_a_sentence(capsys):
    assert photo_gain.main(["nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().err
