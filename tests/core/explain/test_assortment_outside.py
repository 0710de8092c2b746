"""Counts of edited items outside the past, against the flags of each item by itself."""

from collections import Counter

import numpy as np
import pytest

from core.catalog.query import Filters, Listing
from core.catalog.selection import Selection
from core.explain.assortment import Edit, Step, apply_steps
from core.explain.assortment_outside import LOOKED_AT, outside
from core.explain.density import flags
from core.explain.past import Past
from core.explain.what_if import edited as one_edited
from tests.core.popularity.synthetic import make_catalog

ALL = Selection(scope=Filters())


@pytest.fixture(scope="module")
def made():
    catalog = make_catalog(200)
    # Coats are never green, and skirts come out in the second half of the year only.
    frame = catalog.frame
    coat = frame["Type"] == "coat"
    frame.loc[coat & (frame["Colour"] == "green"), "Colour"] = "black"
    skirt = frame["Type"] == "skirt"
    month = frame.loc[skirt, "Launch"].dt.month
    frame.loc[skirt, "Launch"] = frame.loc[skirt, "Launch"].mask(
        month <= 6, frame.loc[skirt, "Launch"] + np.timedelta64(182, "D")
    )
    return catalog, Listing(catalog, None), Past.of(catalog)


EDITS = [
    Edit("scale", "Price", -45.0),
    Edit("scale", "Price", 60.0),
    Edit("scale", "Weight", 25.0),
    Edit("set", "Colour", "green"),
    Edit("set", "Colour", "violet"),
    Edit("set", "Type", "coat"),
    Edit("shift", "Launch", 26.0),
]


@pytest.mark.parametrize("edit", EDITS, ids=lambda e: f"{e.kind}-{e.column}-{e.value}")
def test_counts_are_those_of_single_items(made, edit):
    catalog, shelf, past = made
    some = Selection(added=frozenset(catalog.ids[::4]))
    edited = apply_steps(shelf, [Step(edit, some)])
    expected = Counter()
    for row in np.flatnonzero(edited.changed):
        cells = {edit.column: edited.catalog.frame[edit.column].iloc[row]}
        for flag in flags(past, catalog, int(row), one_edited(catalog, int(row), cells)):
            if flag.kind == "range":
                kind = "below" if flag.value < flag.low else "above"
                limit = flag.low if kind == "below" else flag.high
                expected[kind, flag.column, flag.other_value, "", round(limit, 6)] += 1
            elif flag.kind == "season":
                expected["season", flag.column, flag.value, "", None] += 1
            elif flag.kind != "far":
                expected[flag.kind, flag.column, flag.value, flag.other_value, None] += 1
    found = {
        (
            one.kind, one.column, one.level, one.other_level,
            None if np.isnan(one.limit) else round(one.limit, 6),
        ): one.count
        for one in outside(past, catalog, edited)
        if one.kind != "far"
    }  # fmt: skip
    assert found == dict(expected)
    assert found, "the edit leaves the past"


def test_a_pair_that_is_edited_on_both_sides_is_counted_once(made):
    catalog, shelf, past = made
    some = Selection(added=frozenset(catalog.ids[:9]))
    both = {"Type": "coat", "Colour": "green"}
    edited = apply_steps(shelf, [Step(Edit("set", c, v), some) for c, v in both.items()])
    found = [one for one in outside(past, catalog, edited) if one.kind == "together"]
    told = [{(one.column, one.level), (one.other_column, one.other_level)} for one in found]
    assert told.count(set(both.items())) == 1
    flagged = [flags(past, catalog, row, one_edited(catalog, row, both)) for row in range(9)]
    each = [sum(flag.kind == "together" for flag in own) for own in flagged]
    assert sum(one.count for one in found) == sum(each)


def test_few_neighbours_count_only_where_the_edit_took_them_away(made):
    catalog, shelf, _ = made
    now = {0: (2, 0.2), 1: (1, 0.2), 2: (1, 0.05), 3: (4, 0.3)}
    was = {0: (2, 0.1), 1: (5, 0.1), 2: (2, 0.1), 3: (9, 0.1)}

    class Known(Past):
        def __init__(self):
            vars(self).update(vars(made[2]))

        def density(self, asked, row):
            return (was if asked is catalog else now)[row]

    some = Selection(added=frozenset(catalog.ids[:4]))
    edited = apply_steps(shelf, [Step(Edit("scale", "Weight", 0.1), some)])
    (far,) = outside(Known(), catalog, edited)
    assert (far.kind, far.count, far.of) == ("far", 1, 4)


def test_an_edit_inside_the_past_is_not_flagged(made):
    catalog, shelf, past = made
    dear = catalog.frame["Price"].nlargest(40).index[15:]
    some = Selection(added=frozenset(catalog.ids[dear]))
    edited = apply_steps(shelf, [Step(Edit("scale", "Price", -2.0), some)])
    assert [one for one in outside(past, catalog, edited) if one.kind != "far"] == []
    assert outside(past, catalog, apply_steps(shelf, [])) == []


def test_few_near_items_are_counted_among_a_lot(made):
    catalog, shelf, past = made
    steps = [
        Step(Edit("set", "Colour", "violet"), ALL),
        Step(Edit("set", "Type", "cape"), ALL),
        Step(Edit("scale", "Price", 900.0), ALL),
    ]
    edited = apply_steps(shelf, steps)
    (far,) = [one for one in outside(past, catalog, edited) if one.kind == "far"]
    assert far.of == LOOKED_AT and 0.5 * LOOKED_AT < far.count <= LOOKED_AT
    some = Selection(added=frozenset(catalog.ids[:7]))
    fewer = apply_steps(shelf, [Step(step.edit, some) for step in steps])
    (far,) = [one for one in outside(past, catalog, fewer) if one.kind == "far"]
    near = [past.density(fewer.catalog, row)[0] for row in range(7)]
    was = [past.density(catalog, row)[0] for row in range(7)]
    assert far.of == 7
    assert far.count == sum(a < 3 and a < b for a, b in zip(near, was, strict=True))


def test_the_most_items_come_first_and_counts_never_pass_what_was_looked_at(made):
    catalog, shelf, past = made
    edited = apply_steps(shelf, [Step(Edit("scale", "Price", -45.0), ALL)])
    found = outside(past, catalog, edited)
    counts = [one.count for one in found]
    assert counts == sorted(counts, reverse=True)
    assert all(0 < one.count <= one.of for one in found)
