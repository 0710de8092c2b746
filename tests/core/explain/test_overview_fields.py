from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.explain.linear import pairs
from core.explain.overview_fields import (
    adds_up,
    column_of,
    partner,
    sample,
    standing,
    strengths,
    swarm,
)
from core.popularity.additive import AdditiveModel
from core.popularity.blend import BlendModel
from core.popularity.deep import DeepModel
from tests.core.popularity.synthetic import make_catalog


@pytest.fixture(scope="module")
def catalog():
    return make_catalog(90)


@pytest.fixture(scope="module")
def linear(catalog):
    return AdditiveModel("linear").fit(catalog, np.arange(len(catalog)))


@pytest.fixture(scope="module")
def deep(catalog):
    return DeepModel().fit(catalog, np.arange(len(catalog)))


def test_only_models_that_add_players_up_have_a_closed_form(linear, deep):
    other = AdditiveModel("image")
    assert adds_up(linear) and not adds_up(deep)
    assert adds_up(BlendModel({"linear": linear, "image": other}))
    mixed = BlendModel({"linear": linear, "deep": deep})
    assert not adds_up(mixed)
    mixed.weights = {"linear": 1.0, "deep": 0.0}
    assert adds_up(mixed), "a member without weight does not count"


def test_numbers_and_dates_stand_by_size(catalog, linear):
    for player in ("Price", "Launch"):
        found = standing(linear, catalog, player)
        cells = catalog.frame[player]
        below = [(cells < own).sum() for own in cells]
        equal = [(cells == own).sum() - 1 for own in cells]
        want = (np.array(below) + np.array(equal) / 2) / (len(cells) - 1)
        np.testing.assert_allclose(found, want)


def test_levels_stand_by_how_common_they_are(catalog, linear):
    found = pd.Series(standing(linear, catalog, "Colour"))
    mean = found.groupby(catalog.frame["Colour"].astype(str)).first()
    counts = catalog.frame["Colour"].value_counts()
    assert mean[counts.idxmax()] == found.max() and mean[counts.idxmin()] == found.min()


def test_missing_cells_texts_and_missing_columns_have_no_standing(catalog, linear):
    frame = catalog.frame.copy()
    frame.loc[:4, "Price"] = np.nan
    frame["Colour"] = frame["Colour"].cat.add_categories([""])
    frame.loc[:4, "Colour"] = ""
    holes = replace(catalog, frame=frame)
    for player in ("Price", "Colour"):
        found = standing(linear, holes, player)
        assert np.isnan(found[:5]).all() and np.isfinite(found[5:]).all()
    assert np.isnan(standing(linear, catalog, "description")).all()
    assert column_of(linear, catalog, "description") is None
    bare = replace(catalog, frame=catalog.frame.drop(columns="Price"), roles={"sku": "id"})
    assert np.isnan(standing(linear, bare, "Price")).all()
    one = replace(catalog, frame=catalog.frame.iloc[:1])
    assert standing(linear, one, "Price").tolist() == [0.5]


@given(st.lists(st.floats(-5, 5), max_size=200))
def test_dots_of_a_swarm_stay_in_their_row_and_apart(values):
    side = swarm(np.array(values))
    assert len(side) == len(values) and (np.abs(side) <= 0.4 + 1e-12).all()
    assert len(set(zip(values, side.tolist(), strict=True))) == len(values)


def test_a_sample_is_the_same_each_time_and_all_where_there_are_few():
    assert sample(5, 10).tolist() == [0, 1, 2, 3, 4]
    found = sample(1000, 10)
    assert len(set(found)) == 10 and (np.diff(found) > 0).all()
    assert found.tolist() == sample(1000, 10).tolist() != sample(1000, 10, seed=1).tolist()


def test_the_partner_is_the_one_with_the_largest_mean_interaction(catalog, deep):
    rows = sample(len(catalog), 4)
    found = strengths(deep, catalog, rows)
    by_pair: dict[tuple[str, str], float] = {}
    for row in rows:
        for pair in pairs(deep, catalog, row):
            key = (pair.first, pair.second)
            by_pair[key] = by_pair.get(key, 0.0) + abs(pair.value) / len(rows)
    for (a, b), value in by_pair.items():
        assert found.loc[a, b] == found.loc[b, a] == pytest.approx(value)
    for player in deep.players:
        own = {b if a == player else a: v for (a, b), v in by_pair.items() if player in (a, b)}
        name, value = partner(found, player, deep.players)
        assert name == max(own, key=own.get) and value == pytest.approx(own[name])
        others = [p for p in deep.players if p != name]
        assert partner(found, player, others)[0] != name


def test_what_only_adds_up_has_no_partner(catalog, linear):
    found = strengths(linear, catalog, [0, 1])
    assert partner(found, "Price", linear.players) is None
    assert partner(found, "Price", []) is None
    with pytest.raises(ValueError, match="no item"):
        strengths(linear, catalog, [])
