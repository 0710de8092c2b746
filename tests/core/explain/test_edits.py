"""The search against all combinations, and what it promises: an end, ranges, locks, the past."""

import itertools
import time
from dataclasses import replace

import numpy as np
import pytest

from core.explain.density import flags
from core.explain.edits import Editable, editable, find_edits, goal_of
from core.explain.past import Past
from core.explain.response import variants
from core.explain.scenarios import place
from core.explain.what_if import edited
from core.popularity.additive import AdditiveModel
from tests.core.popularity.synthetic import make_catalog


@pytest.fixture(scope="module")
def catalog():
    return make_catalog(300)


@pytest.fixture(scope="module")
def model(catalog):
    return AdditiveModel("linear").fit(catalog, np.arange(len(catalog)))


@pytest.fixture(scope="module")
def past(catalog):
    return Past.of(catalog)


@pytest.fixture(scope="module")
def order(catalog, model):
    return model.predict(catalog).sort_values("predicted", ascending=False)


ROW = int(np.flatnonzero(make_catalog(300).frame["Colour"] == "green")[-1])
"""An item of the colour that sells least here."""


@pytest.fixture(scope="module")
def fields(past, catalog, model):
    found = editable(past, catalog, ROW, model.features)
    return [found["Colour"], found["Price"], found["Weight"]]


def by_force(model, past, catalog, fields, goal):
    """The least cost over every combination of the tried values."""
    options = [[None, *f.values] for f in fields]
    best = np.inf
    choices = list(itertools.product(*options))
    changes = [
        {f.column: v for f, v in zip(fields, choice, strict=True) if v is not None}
        for choice in choices
    ]
    outputs = model.output(variants(catalog, ROW, changes))
    for change, output in zip(changes, outputs, strict=True):
        cost = sum(f.cost_of(change[f.column]) for f in fields if f.column in change)
        better = output >= goal and cost < best
        if better and not flags(past, catalog, ROW, edited(catalog, ROW, change)):
            best = cost
    return best


@pytest.mark.parametrize("step", [0.05, 0.15, 0.3])
def test_it_finds_what_trying_everything_finds(model, past, catalog, fields, step):
    goal = float(model.output(catalog, np.array([ROW]))[0]) + step
    wanted = by_force(model, past, catalog, fields, goal)
    assert np.isfinite(wanted)
    found = find_edits(model, past, catalog, ROW, fields, goal, seconds=60)
    assert found.complete
    assert found.cost <= wanted + 1e-9, "moving numbers back only makes it cheaper"
    assert found.cost > wanted - 1 / 10 - 1e-9, "by less than a step of a number"
    after = model.output(edited(catalog, ROW, found.changes))[0]
    assert after >= goal - 1e-9 and after == pytest.approx(found.output)


def test_the_place_is_reached_and_no_better_goal_was_meant(model, past, catalog, fields, order):
    item = str(catalog.ids[ROW])
    now = place(order, item, float(np.expm1(model.output(catalog, np.array([ROW]))[0])))
    target = max(1, now - 40)
    found = find_edits(model, past, catalog, ROW, fields, goal_of(order, item, target))
    assert found.changes
    assert place(order, item, float(np.expm1(found.output)) + 1e-6) <= target < now


def test_goal_of_a_place_is_the_prediction_that_takes_it(order):
    item = str(order["item_id"].iloc[5])
    others = order[order["item_id"] != item]["predicted"].to_numpy()
    for spot in (1, 7, len(others)):
        goal = goal_of(order, item, spot)
        assert np.expm1(goal) == pytest.approx(others[spot - 1])
        assert place(order, item, float(np.expm1(goal)) * 1.0001) <= spot
        assert place(order, item, float(np.expm1(goal)) * 0.9999) > spot
    assert goal_of(order, item, len(others) + 1) == -np.inf


def test_an_item_that_is_there_needs_no_edit(model, past, catalog, fields):
    found = find_edits(model, past, catalog, ROW, fields, -np.inf)
    assert found.changes == {} and found.cost == 0 and found.complete


def test_what_nothing_reaches_is_none_found(model, past, catalog, fields):
    found = find_edits(model, past, catalog, ROW, fields, 50.0, seconds=60)
    assert found.changes is None and found.cost == np.inf and found.complete
    options = [[None, *f.values] for f in fields]
    everything = [
        {f.column: v for f, v in zip(fields, choice, strict=True) if v is not None}
        for choice in itertools.product(*options)
    ]
    highest = model.output(variants(catalog, ROW, everything)).max()
    assert found.output == pytest.approx(highest)


@pytest.mark.parametrize("step", [0.1, 50.0])
def test_it_ends_in_time_however_slow_the_model(model, past, catalog, step):
    class Slow:
        def output(self, made, rows=None):
            time.sleep(0.02 * len(made))
            return model.output(made, rows)

    fields = list(editable(past, catalog, ROW, model.features).values())
    begin = time.monotonic()
    goal = float(model.output(catalog, np.array([ROW]))[0]) + step
    found = find_edits(Slow(), past, catalog, ROW, fields, goal, seconds=1.5)
    assert time.monotonic() - begin < 5, "on a busy machine, too"
    assert step < 1 or (found.changes is None and not found.complete)


def test_only_what_past_items_of_the_category_had_may_be_chosen(model, past, catalog):
    found = editable(past, catalog, ROW, model.features)
    own = catalog.frame[catalog.frame["Type"] == catalog.frame["Type"][ROW]]
    assert {"Price", "Weight", "Colour", "Type"} <= set(found)
    assert not {"Name", "Text", "Launch"} & set(found)
    price = found["Price"]
    assert (price.low, price.high) == (own["Price"].min(), own["Price"].max())
    assert all(price.low <= v <= price.high for v in price.values)
    assert set(found["Colour"].values) < set(own["Colour"])
    assert catalog.frame["Colour"][ROW] not in found["Colour"].values
    narrow = price.within(price.low + 5, 1e9)
    assert (narrow.low, narrow.high) == (price.low + 5, price.high)
    assert min(narrow.values) >= price.low + 5


def test_locked_and_costly_fields_are_left_alone(model, past, catalog, fields):
    colour, price, weight = fields
    own = float(model.output(catalog, np.array([ROW]))[0])
    black = float(model.output(edited(catalog, ROW, {"Colour": "black"}))[0])
    goal = (own + black) / 2
    assert goal > own
    free = find_edits(model, past, catalog, ROW, fields, goal)
    assert free.changes
    without = find_edits(model, past, catalog, ROW, [colour, weight], goal)
    assert without.changes and "Price" not in without.changes
    dear = [colour, replace(price, cost=1000.0), replace(weight, cost=1000.0)]
    other = find_edits(model, past, catalog, ROW, dear, goal)
    assert set(other.changes) == {"Colour"}


def test_no_edit_leaves_the_past(model, past, catalog):
    """A colour that no item of the past has would reach the goal alone, but is not allowed."""
    bold = Editable("Colour", str(catalog.frame["Colour"][ROW]), ("ultraviolet",))

    class Loves:
        def output(self, made, rows=None):
            return 100.0 * (made.frame["Colour"].astype(str) == "ultraviolet").to_numpy()

    found = find_edits(Loves(), past, catalog, ROW, [bold], 10.0)
    assert found.changes is None and found.output == 100.0
