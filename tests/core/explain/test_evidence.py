import numpy as np
import pandas as pd
import pytest

from core.explain.evidence import NEAREST, evidence
from core.explain.past import Past
from core.explain.what_if import edited
from tests.core.popularity.synthetic import as_catalog, make_catalog, make_frame


@pytest.fixture(scope="module")
def catalog():
    return make_catalog(200)


@pytest.fixture(scope="module")
def vectors():
    found = np.random.default_rng(1).normal(size=(200, 6))
    found[10] = np.nan
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def past(catalog, vectors):
    return Past.of(catalog, vectors)


def newest(catalog):
    return int(catalog.frame["Launch"].argmax())


def test_the_closest_are_found_as_by_brute_force(catalog, vectors, past):
    row = newest(catalog)
    frame = catalog.frame
    for kind in evidence(past, catalog, row, vectors[row]).kinds:
        apart = pd.Series(past.distances(catalog, row, kind.by, vectors[row]))
        apart = apart[(frame["Launch"] < frame["Launch"][row]) & np.isfinite(apart)]
        apart = apart[frame["Style"][apart.index] != frame["Style"][row]]
        closest = apart.groupby(frame["Style"][apart.index]).min().nsmallest(NEAREST)
        assert [i.distance for i in kind.items] == pytest.approx(closest.tolist())
        assert len({frame["Style"][i.row] for i in kind.items}) == NEAREST, "one a style"


def test_what_they_sold_and_how_far_they_disagree(catalog, past):
    kind = evidence(past, catalog, newest(catalog)).kinds[0]
    sold = catalog.frame.set_index("sku")["Sold"][[i.item_id for i in kind.items]]
    assert [i.sold for i in kind.items] == sold.tolist()
    wanted = np.quantile(sold, [0.1, 0.5, 0.9])
    assert (kind.low, kind.median, kind.high) == pytest.approx(tuple(wanted))
    assert all(pd.Timestamp(i.released) < catalog.frame["Launch"].max() for i in kind.items)


def test_an_unheard_of_item_has_no_near_past(catalog, past):
    row = newest(catalog)
    assert not evidence(past, catalog, row).cold_start
    changes = {"Type": "kite", "Colour": "ultraviolet", "season": "S99", "Weight": 9000.0}
    cold = evidence(past, edited(catalog, row, changes), 0)
    assert cold.cold_start and cold.kinds[0].is_near is False
    assert len(cold.kinds[0].items) == NEAREST, "the closest are shown all the same"


def test_what_is_missing_is_told(catalog, vectors, past):
    row = newest(catalog)
    first = int(catalog.frame["Launch"].argmin())
    assert [k.missing for k in evidence(past, catalog, first).kinds] == ["past"] * 3
    assert [k.missing for k in evidence(past, catalog, row).kinds] == ["", "photo", "photo"]
    kinds = evidence(past, catalog, row, np.full(6, np.nan)).kinds
    assert [k.missing for k in kinds] == ["", "photo", "photo"]
    blind = Past.of(catalog)
    kinds = evidence(blind, catalog, row, vectors[row]).kinds
    assert [k.missing for k in kinds] == ["", "photos", "photos"]
    assert kinds[1].is_near is None and np.isnan(kinds[1].median)


def test_too_few_past_items_to_say_what_is_near(catalog):
    few = Past.of(as_catalog(make_frame(15)))
    found = evidence(few, catalog, newest(catalog))
    assert found.kinds[0].limit is None and found.kinds[0].is_near is None
    assert not found.cold_start


def test_the_json_has_the_same_numbers(catalog, past):
    found = evidence(past, catalog, newest(catalog))
    told = found.to_json()
    assert told["attributes"]["median"] == found.kinds[0].median
    assert told["attributes"]["near"] is True and told["cold_start"] is False
    assert told["photo"] == {
        "items": [],
        "near": None,
        "limit": past.limits["photo"],
        "missing": "photo",
        "low": None,
        "median": None,
        "high": None,
    }
