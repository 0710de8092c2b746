import numpy as np
import pandas as pd
import pytest

from core.catalog.roles import Role
from core.popularity.columns import Feature
from core.popularity.neighbours import NEAREST, Neighbours, level_codes
from tests.core.popularity.synthetic import as_catalog, make_catalog, make_frame

FEATURES = [
    Feature("Type", Role.CATEGORY),
    Feature("Colour", Role.ATTRIBUTE),
    Feature("Price", Role.PRICE),
    Feature("Launch", Role.RELEASE_DATE),
    Feature("Name", Role.TITLE),
]
ROWS = np.arange(200)
CHOSEN = np.arange(0, 200, 5)


@pytest.fixture(scope="module")
def catalog():
    return make_catalog(300)


@pytest.fixture(scope="module")
def neighbours(catalog):
    return Neighbours.fit(catalog, ROWS, FEATURES, CHOSEN)


def brute_force(frame, row, others):
    """Gower's distance cell by cell: level, rank of the price, place in the year."""
    trained = frame.iloc[ROWS]
    found = []
    for other in others:
        total = 0.0
        for column in ("Type", "Colour"):
            shares = trained[column].astype(str).value_counts(normalize=True)
            apart = 1 / (1 - (shares**2).sum())
            total += apart * (str(frame[column].iloc[row]) != str(frame[column].iloc[other]))
        ranks = [(trained["Price"] < frame["Price"].iloc[i]).mean() for i in (row, other)]
        total += 3 * abs(ranks[0] - ranks[1])
        year = [(frame["Launch"].iloc[i].day_of_year - 1) / 366 for i in (row, other)]
        gap = abs(year[0] - year[1])
        total += 4 * min(gap, 1 - gap)
        found.append(total)
    return np.sort(found)[:NEAREST].mean()


def test_distances_are_gowers(catalog, neighbours):
    rows = np.array([200, 201, 250, 299])
    found = neighbours.distances(catalog, rows)
    expected = [brute_force(catalog.frame, row, CHOSEN) for row in rows]
    np.testing.assert_allclose(found, expected, atol=0.08)


def test_an_item_does_not_count_references_of_its_own_part(catalog, neighbours):
    part_of = ROWS % 4
    found = neighbours.distances(catalog, ROWS, (part_of, part_of[CHOSEN]))
    everything = neighbours.distances(catalog, ROWS)
    assert (found >= everything - 1e-6).all()
    for row in (0, 5, 33):
        allowed = CHOSEN[part_of[CHOSEN] != part_of[row]]
        expected = brute_force(catalog.frame, row, allowed)
        assert found[row] == pytest.approx(expected, abs=0.08)


def test_what_is_not_known_counts_as_a_random_pair(catalog, neighbours):
    frame = make_frame(4)
    frame["Type"] = ["cape", "cape", "dress", "dress"]
    frame["Price"] = [np.nan, frame["Price"][1], np.nan, frame["Price"][3]]
    frame["Launch"] = pd.Series([pd.NaT, pd.NaT, pd.NaT, pd.Timestamp("2023-01-10")])
    found = neighbours.distances(as_catalog(frame), np.arange(4))
    assert found[0] >= 3, "category, price and date say nothing"
    bare = make_catalog(3, drop=("Type", "Colour", "Price", "Launch"))
    np.testing.assert_allclose(neighbours.distances(bare, np.arange(3)), 4)


def test_levels_are_compared_without_case_and_blanks():
    keys, codes = level_codes(pd.Series(["Red", " red ", None, "BLUE", ""]))
    assert [keys[c] for c in codes] == ["red", "red", "", "blue", ""]
    keys, codes = level_codes(pd.Series(["Red", None, "red"], dtype="category"))
    assert [keys[c] for c in codes] == ["red", "", "red"]


def test_columns_without_a_difference_are_left_out(catalog):
    frame = catalog.frame.assign(Type="dress", Price=9.0)
    found = Neighbours.fit(as_catalog(frame), ROWS, FEATURES, CHOSEN)
    assert [c.feature.name for c in found.columns] == ["Colour", "Launch"]


def test_levels_of_items_that_were_not_learned_from_stay_unknown(catalog):
    frame = catalog.frame.copy()
    frame["Colour"] = frame["Colour"].astype(object)
    frame.loc[250:, "Colour"] = "neon"
    frame["Colour"] = frame["Colour"].astype("category")
    found = Neighbours.fit(as_catalog(frame), ROWS, FEATURES, CHOSEN)
    assert "neon" not in found.columns[1].levels
