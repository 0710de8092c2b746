import numpy as np
import pandas as pd
import pytest

from core.errors import CatalogError
from core.explain.what_if import edited
from core.popularity.additive import AdditiveModel
from tests.core.popularity.synthetic import make_catalog


@pytest.fixture(scope="module")
def catalog():
    return make_catalog(120)


@pytest.fixture(scope="module")
def model(catalog):
    return AdditiveModel("linear").fit(catalog, np.arange(len(catalog)))


def test_no_edit_gives_the_old_prediction(catalog, model):
    before = model.predict(catalog, np.array([5]))
    pd.testing.assert_frame_equal(model.predict(edited(catalog, 5, {})), before)


def test_only_the_edited_players_move(catalog, model):
    after = edited(catalog, 5, {"Price": 12.5, "Colour": "black", "Name": "soft linen dress"})
    moved = (
        model.contributions(after).iloc[0] != model.contributions(catalog, np.array([5])).iloc[0]
    )
    assert set(moved.index[moved]) <= {"Price", "Colour", "description"}
    assert moved["Price"]
    assert after.frame["Price"].tolist() == [12.5]
    assert catalog.frame["Price"].iloc[5] != 12.5


def test_a_level_that_no_item_has_can_be_tried(catalog, model):
    after = edited(catalog, 5, {"Colour": "ultraviolet"})
    assert np.isfinite(model.output(after)).all()


def test_a_lower_price_predicts_more_here(catalog, model):
    cheap, dear = (model.output(edited(catalog, 5, {"Price": price}))[0] for price in (15.0, 70.0))
    assert cheap > dear


def test_values_that_do_not_fit_give_a_sentence(catalog):
    with pytest.raises(CatalogError, match="no column “Shade”"):
        edited(catalog, 0, {"Shade": "red"})
    with pytest.raises(CatalogError, match="does not fit"):
        edited(catalog, 0, {"Price": "cheap"})
