from itertools import combinations, pairwise
from math import factorial

import numpy as np
import pandas as pd
import pytest

from core.explain.linear import REST, column_effects, explain, pairs, waterfall
from core.popularity.additive import AdditiveModel
from core.popularity.blend import BlendModel
from core.popularity.columns import feature_columns
from core.popularity.deep import DeepModel
from tests.core.popularity.synthetic import make_catalog


@pytest.fixture(scope="module")
def catalog():
    return make_catalog(120)


@pytest.fixture(scope="module")
def model(catalog):
    return AdditiveModel("linear").fit(catalog, np.arange(len(catalog)))


def brute_force(model, catalog, row, background):
    """Shapley values by their definition: every coalition, absent columns taken from background."""
    columns = {f.name: [f.name] for f in feature_columns(catalog) if f.name not in ("Name", "Text")}
    columns["description"] = ["Name", "Text"]
    players = list(columns)
    frame = catalog.frame.astype(object)

    def value(coalition):
        mixed = frame.iloc[background].copy()
        for player in coalition:
            for column in columns[player]:
                mixed[column] = [frame[column].iloc[row]] * len(mixed)
        for column in frame:
            mixed[column] = mixed[column].astype(catalog.frame[column].dtype)
        mixed = mixed.reset_index(drop=True)
        return model.output(type(catalog)(catalog.directory, "m", mixed, catalog.roles)).mean()

    values = {c: value(c) for n in range(len(players) + 1) for c in combinations(players, n)}
    n, found = len(players), {}
    for player in players:
        total = 0.0
        for coalition in values:
            if player not in coalition:
                weight = factorial(len(coalition)) * factorial(n - len(coalition) - 1)
                joined = tuple(p for p in players if p in coalition or p == player)
                total += weight / factorial(n) * (values[joined] - values[coalition])
        found[player] = total
    return found


def test_parts_are_the_shapley_values_by_definition(catalog, model):
    ids = np.array(model.background.ids)[model.background.common]
    background = catalog.ids.get_indexer(ids)
    expected = brute_force(model, catalog, 7, background)
    explanation = explain(model, catalog, 7)
    assert {p.player for p in explanation.parts} == set(expected)
    for part in explanation.parts:
        assert part.value == pytest.approx(expected[part.player], abs=1e-9)


def test_it_says_what_the_item_is_held_against(catalog, model):
    told = explain(model, catalog, 3).against
    assert (told.items, told.category, told.version) == (100, "", model.background.version)
    kind = catalog.frame["Type"].iloc[3]
    inside = explain(model, catalog, 3, same_category=True)
    assert inside.against.category == kind and 10 <= inside.against.items < 100
    assert {p.player: p.value for p in inside.parts}["Type"] == pytest.approx(0)
    assert inside.base == pytest.approx(model.base_output(kind)) != model.base_output()
    assert inside.gap < 1e-9 and inside.exact


def test_what_is_added_up_has_no_pairs(catalog, model):
    found = pairs(model, catalog, 3)
    assert len(found) == 7 * 6 / 2 and all(p.value == 0 and p.factor == 1 for p in found)


def test_pairs_of_the_deep_model_are_its_interactions_strongest_first(catalog):
    deep = DeepModel().fit(catalog, np.arange(len(catalog)))
    found, table = pairs(deep, catalog, 3), deep.interactions(catalog, 3)
    assert all(p.value == table.loc[p.first, p.second] for p in found)
    sizes = [abs(p.value) for p in found]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] > 0
    own = pairs(deep, catalog, 3, "Price")
    assert own == [p for p in found if "Price" in (p.first, p.second)] and len(own) == 5


def test_base_and_parts_add_up_to_the_prediction(catalog, model):
    explanation = explain(model, catalog, 3)
    total = explanation.base + sum(p.value for p in explanation.parts)
    assert np.expm1(total) == pytest.approx(explanation.predicted)
    assert explanation.gap == pytest.approx(abs(total - explanation.output))
    assert explanation.gap < 1e-9
    assert explanation.low < explanation.predicted < explanation.high
    assert np.prod([p.factor for p in explanation.parts]) * (explanation.base_units + 1) == (
        pytest.approx(explanation.predicted + 1)
    )


def test_parts_show_the_items_own_cells(catalog, model):
    shown = {p.player: p.shown for p in explain(model, catalog, 0).parts}
    item = catalog.frame.iloc[0]
    assert shown["Type"] == item["Type"]
    assert shown["description"] == item["Name"]
    assert shown["Launch"] == f"{item['Launch'].day} {item['Launch']:%B %Y}"
    other = make_catalog(20, seed=2, drop=("Colour",))
    assert {p.player: p for p in explain(model, other, 0).parts}["Colour"].shown == (
        "not in this catalog"
    )


def test_a_waterfall_runs_from_the_average_item_to_the_prediction(catalog, model):
    explanation = explain(model, catalog, 5)
    steps = waterfall(explanation, limit=3)
    assert steps[0].start == pytest.approx(explanation.base_units)
    assert steps[-1].end == pytest.approx(explanation.predicted)
    assert [s.player for s in steps][-1] == REST and len(steps) == 4
    for before, after in pairwise(steps):
        assert before.end == after.start
    assert len(waterfall(explanation, limit=20)) == len(explanation.parts)


def test_effects_of_levels_are_those_of_the_items(catalog, model):
    effects = column_effects(model, "Colour", catalog).set_index("value")
    own = model.contributions(catalog)["Colour"].groupby(catalog.frame["Colour"].to_numpy()).first()
    for level, effect in own.items():
        assert effects.loc[level, "effect"] == pytest.approx(effect)
    assert effects["items"].sum() == len(catalog)
    assert effects["effect"].idxmax() == "black"


def test_effects_of_prices_and_months(catalog, model):
    price = column_effects(model, "Price", catalog)
    assert price["value"].is_monotonic_increasing and price["items"].sum() == len(catalog)
    assert price["effect"].iloc[0] > price["effect"].iloc[-1]
    months = column_effects(model, "Launch", catalog)
    assert len(months) == 12 and months["items"].sum() == len(catalog)
    assert column_effects(model, "description", catalog).empty
    assert column_effects(model, "Colour", make_catalog(20, drop=("Colour",))).empty


def test_an_explanation_is_plain_json(catalog, model):
    values = explain(model, catalog, 1).to_json()
    assert values["parts"][0].keys() == {"player", "value", "shown", "factor"}
    assert isinstance(values["predicted"], float)
    assert values["against"]["items"] == 100 and values["exact"] is True
    assert values["checks"]["definition"] < 1e-6
    assert pd.Series([p["factor"] for p in values["parts"]]).gt(0).all()


def test_many_fields_are_told_as_owen_values(catalog, monkeypatch):
    deep = DeepModel().fit(catalog, np.arange(len(catalog)))
    linear = AdditiveModel("linear").fit(catalog, np.arange(len(catalog)))
    assert explain(deep, catalog, 5).to_json()["method"] == "shapley"
    for module in ("deep", "kernel_game"):
        monkeypatch.setattr(f"core.popularity.{module}.MAX_EXACT", 3)
    told = explain(deep, catalog, 5)
    assert not told.exact and told.to_json()["method"] == "owen" and told.gap < 1e-9
    both = BlendModel({"linear": linear, "deep": deep})
    both.calibration = deep.calibration
    assert not explain(both, catalog, 5).exact
    both.weights = {"linear": 1.0, "deep": 0.0}
    both._describe()
    assert explain(both, catalog, 5).exact, "a member without weight is not asked"


def test_an_item_is_read_twice_at_most(catalog, model, monkeypatch):
    read, design = [], model._design
    monkeypatch.setattr(model, "_design", lambda c, rows: read.append(rows) or design(c, rows))
    told = explain(model, catalog, 5)
    assert len(read) == 2, "for the parts, and for the output that they are checked against"
    line = model.predict(catalog, np.array([5])).iloc[0]
    assert [told.predicted, told.low, told.high] == [line[c] for c in ("predicted", "low", "high")]
