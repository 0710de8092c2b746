import numpy as np
import pytest

from core.errors import ModelError
from core.popularity.additive import AdditiveModel
from core.popularity.model import labelled_rows, predict
from tests.core.popularity.synthetic import as_catalog, make_catalog, make_frame


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
