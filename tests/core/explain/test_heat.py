import numpy as np
import pandas as pd
import pytest

from core.explain.heat import STEPS, heat
from core.explain.past import Past
from core.explain.what_if import edited
from core.popularity.additive import AdditiveModel
from tests.core.popularity.synthetic import make_catalog

ROW = 5


@pytest.fixture(scope="module")
def catalog():
    return make_catalog(200)


@pytest.fixture(scope="module")
def model(catalog):
    return AdditiveModel("linear").fit(catalog, np.arange(len(catalog)))


@pytest.fixture(scope="module")
def past(catalog):
    return Past.of(catalog)


@pytest.mark.parametrize(
    ("across", "down"),
    [("Price", "Weight"), ("Price", "Colour"), ("Colour", "Type"), ("Launch", "Price")],
)
def test_every_cell_is_the_prediction_of_that_edit(catalog, model, past, across, down):
    found = heat(model, catalog, ROW, across, down, past)
    assert found.predicted.shape == (len(found.down.values), len(found.across.values))
    rng = np.random.default_rng(0)
    for _ in range(8):
        j, i = (int(rng.integers(n)) for n in found.predicted.shape)
        change = {across: found.across.values[i], down: found.down.values[j]}
        alone = model.predict(edited(catalog, ROW, change)).iloc[0]
        for name in ("predicted", "low", "high"):
            assert getattr(found, name)[j, i] == pytest.approx(alone[name])


def test_counts_are_those_of_the_category_by_brute_force(catalog, model, past):
    found = heat(model, catalog, ROW, "Price", "Colour", past)
    frame = catalog.frame
    kind = frame["Type"][ROW]
    assert found.category == kind
    steps = np.array(found.across.values)
    assert len(steps) == STEPS
    for j, colour in enumerate(found.down.values):
        own = frame[(frame["Type"] == kind) & (frame["Colour"] == colour)]["Price"]
        nearest = [int(np.abs(steps - p).argmin()) for p in own]
        np.testing.assert_array_equal(found.items[j], np.bincount(nearest, minlength=STEPS))
    assert found.items.sum() == len(found.seen) == (frame["Type"] == kind).sum()
    assert sorted(found.seen["sold"]) == sorted(frame.loc[frame["Type"] == kind, "Sold"])


def test_all_categories_count_where_one_axis_is_the_category(catalog, model, past):
    found = heat(model, catalog, ROW, "Colour", "Type", past)
    table = pd.crosstab(catalog.frame["Type"], catalog.frame["Colour"])
    wanted = table.loc[found.down.values, found.across.values]
    np.testing.assert_array_equal(found.items, wanted)
    assert found.category == "" and (found.items > 0).any()
    assert found.across.values[found.across.own] == catalog.frame["Colour"][ROW]


def test_an_own_value_outside_the_past_is_on_the_map_and_empty(catalog, model, past):
    dear = edited(catalog, ROW, {"Price": 900.0, "Weight": float("nan")})
    found = heat(model, dear, 0, "Price", "Weight", past)
    assert found.across.values[found.across.own] == 900.0 and found.down.own is None
    assert not found.items[:, found.across.own].any()


def test_months_hold_the_items_released_in_them(catalog, model, past):
    found = heat(model, catalog, ROW, "Launch", "Colour", past)
    kind = catalog.frame["Type"][ROW]
    dates = catalog.frame.loc[catalog.frame["Type"] == kind, "Launch"]
    middle = found.across.values[3]
    near = (dates - middle).abs() <= pd.Timedelta(days=13)
    assert found.items[:, 3].sum() >= near.sum()
    assert found.across.values == sorted(found.across.values)


def test_no_map_without_a_past_and_none_of_a_column_with_itself(catalog, model):
    blind = Past.of(make_catalog(100, drop=("Price",)))
    assert heat(model, catalog, ROW, "Price", "Colour", blind) is None
    with pytest.raises(ValueError, match="two columns"):
        heat(model, catalog, ROW, "Price", "Price", blind)
