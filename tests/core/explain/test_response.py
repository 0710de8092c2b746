import numpy as np
import pandas as pd
import pytest

from core.errors import CatalogError
from core.explain.past import Past
from core.explain.response import (
    LEVELS,
    date_response,
    date_steps,
    level_response,
    number_response,
    variants,
)
from core.explain.what_if import edited
from core.popularity.additive import AdditiveModel
from core.popularity.model import PREDICTION_COLUMNS
from tests.core.popularity.synthetic import make_catalog


@pytest.fixture(scope="module")
def catalog():
    return make_catalog(200)


@pytest.fixture(scope="module")
def model(catalog):
    return AdditiveModel("linear").fit(catalog, np.arange(len(catalog)))


@pytest.fixture(scope="module")
def past(catalog):
    return Past.of(catalog)


def test_variants_are_single_edits(catalog, model):
    changes = [{}, {"Price": 12.5}, {"Colour": "black", "Name": "soft coat"}, {"Colour": None}]
    made = variants(catalog, 5, changes)
    assert len(made) == 4 and made.ids.is_unique and made.content_hash == ""
    alone = [model.output(edited(catalog, 5, change))[0] for change in changes]
    np.testing.assert_allclose(model.output(made), alone)


def test_values_that_do_not_fit_give_a_sentence(catalog):
    with pytest.raises(CatalogError, match="no column “Shade”"):
        variants(catalog, 0, [{"Shade": "red"}])
    with pytest.raises(CatalogError, match="does not fit"):
        variants(catalog, 0, [{"Price": "cheap"}])


def test_a_curve_passes_through_the_items_own_prediction(catalog, model, past):
    found = number_response(model, catalog, 5, "Price", past)
    own = found[found["own"]]
    predicted = model.predict(catalog, np.array([5]))
    assert own["value"].tolist() == [catalog.frame["Price"][5]]
    for column in PREDICTION_COLUMNS:
        assert own[column].iloc[0] == pytest.approx(predicted[column].iloc[0])
    inside = found[found["observed"]]
    assert inside["predicted"].iloc[0] > inside["predicted"].iloc[-1], "cheaper sells more here"


def test_the_observed_range_is_that_of_the_category(catalog, model, past):
    found = number_response(model, catalog, 5, "Price", past)
    kind = catalog.frame["Type"][5]
    prices = catalog.frame.loc[catalog.frame["Type"] == kind, "Price"]
    assert found.attrs == {"low": prices.min(), "high": prices.max(), "category": kind}
    assert found["value"].min() < prices.min() and found["value"].max() > prices.max()
    assert (found["value"] > 0).all()
    np.testing.assert_array_equal(
        found["observed"], found["value"].between(prices.min(), prices.max())
    )


def test_bars_are_the_predictions_of_each_level(catalog, model, past):
    found = level_response(model, catalog, 5, "Colour", past)
    assert set(found["value"]) == set(catalog.frame["Colour"].cat.categories)
    assert found["predicted"].is_monotonic_decreasing and found["own"].sum() == 1
    for _, line in found.iterrows():
        alone = model.predict(edited(catalog, 5, {"Colour": line["value"]})).iloc[0]
        assert line["predicted"] == pytest.approx(alone["predicted"])
        both = (catalog.frame["Type"] == catalog.frame["Type"][5]) & (
            catalog.frame["Colour"] == line["value"]
        )
        assert line["items"] == both.sum()
    kinds = level_response(model, catalog, 5, "Type", past)
    assert kinds["items"].sum() == len(catalog)


def test_the_items_own_level_stands_among_the_bars_however_rare(catalog, model, past):
    rare = edited(catalog, 5, {"Colour": "ultraviolet"})
    found = level_response(model, rare, 0, "Colour", past)
    assert found[found["own"]]["value"].tolist() == ["ultraviolet"]
    assert found[found["own"]]["items"].tolist() == [0] and len(found) <= LEVELS


def test_a_column_that_the_past_lacks_has_no_curve(catalog, model):
    blind = Past.of(make_catalog(100, drop=("Price", "Colour")))
    assert number_response(model, catalog, 5, "Price", blind).empty
    only = level_response(model, catalog, 5, "Colour", blind)
    assert only["value"].tolist() == [catalog.frame["Colour"][5]]


def test_a_curve_over_the_release_date(catalog, model, past):
    found = date_response(model, catalog, 5, "Launch", past)
    own = found[found["own"]]
    assert own["value"].tolist() == [catalog.frame["Launch"][5]]
    predicted = model.predict(catalog, np.array([5]))["predicted"].iloc[0]
    assert own["predicted"].iloc[0] == pytest.approx(predicted)
    dates = catalog.frame.loc[catalog.frame["Type"] == catalog.frame["Type"][5], "Launch"]
    assert found.attrs["low"] == dates.min() and found.attrs["high"] == dates.max()
    np.testing.assert_array_equal(
        found["observed"], found["value"].between(dates.min(), dates.max())
    )
    assert found["value"].is_monotonic_increasing and found["value"].is_unique
    assert not found["observed"].iloc[-1], "it goes on past the last release"
    for _, line in found.iloc[::9].iterrows():
        alone = model.predict(edited(catalog, 5, {"Launch": line["value"]})).iloc[0]
        assert line["predicted"] == pytest.approx(alone["predicted"])


def test_short_times_are_by_week_and_long_ones_by_month():
    first = pd.Timestamp("2024-01-10")
    weeks = date_steps(first, pd.Timestamp("2024-06-01"))
    assert (weeks.day_name() == "Monday").all() and len(weeks) == 20
    months = date_steps(first, pd.Timestamp("2026-01-10"))
    assert (months.day == 15).all() and len(months) == 25


def test_an_item_without_a_date_has_a_curve_but_no_own_point(catalog, model, past):
    dateless = edited(catalog, 5, {"Launch": pd.NaT})
    found = date_response(model, dateless, 0, "Launch", past)
    assert len(found) > 10 and not found["own"].any()
    blind = Past.of(make_catalog(100, drop=("Launch",)))
    assert date_response(model, catalog, 5, "Launch", blind).empty
