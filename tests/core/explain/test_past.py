"""The space of past items against a distance written out by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.catalog.roles import Role
from core.errors import ModelError
from core.explain.past import MIN_PAST, Past
from core.explain.what_if import edited
from tests.core.popularity.synthetic import as_catalog, make_catalog, make_frame, with_series


@pytest.fixture(scope="module")
def catalog():
    return make_catalog(150)


@pytest.fixture(scope="module")
def past(catalog):
    return Past.of(catalog)


def test_distance_by_columns_is_gowers(catalog, past):
    """Levels cost 1 / P(two items differ), numbers 3 a range of percentiles, dates 4 a year.

    The category counts three times, the name of the season not at all.
    """
    frame = catalog.frame
    row, total = 7, np.zeros(len(frame))
    levels = [c for c, r in catalog.roles.items() if r in ("category", "attribute")]
    for column in levels:
        cells = frame[column].astype(str)
        differ = 1 - (cells.value_counts(normalize=True) ** 2).sum()
        count = {"Type": 3, "season": 0}.get(column, 1)
        total += count * (cells != cells[row]).to_numpy() / differ
    for column in ("Price", "Weight"):
        share = frame[column].rank(pct=True)
        total += 3 * (share - share[row]).abs().to_numpy()
    days = frame["Launch"].dt.day_of_year.to_numpy() / 366
    apart = np.abs(days - days[row])
    total += 4 * np.minimum(apart, 1 - apart)
    found = past.distances(catalog, row, "attributes")
    np.testing.assert_allclose(found, total / 7, atol=0.03)
    assert found[row] == 0


def test_two_random_items_are_about_1_apart(catalog, past):
    means = [past.distances(catalog, row, "attributes").mean() for row in range(0, 150, 5)]
    assert np.mean(means) == pytest.approx(1, abs=0.1)


def test_the_past_is_older_and_of_other_styles(catalog, past):
    for row in (0, 40, 149):
        allowed = past.allowed(catalog, row)
        older = catalog.frame["Launch"] < catalog.frame["Launch"][row]
        other = catalog.frame["Style"] != catalog.frame["Style"][row]
        np.testing.assert_array_equal(allowed, older & other)


def test_what_was_still_selling_at_its_release_is_not_an_items_past(tmp_path):
    made = make_catalog(150)
    sold = with_series(made, np.outer(made.target(), [0.5, 0.3, 0.2]), tmp_path / "sold")
    past, launch = Past.of(sold), sold.frame["Launch"]
    other = sold.frame["Style"] != sold.frame["Style"][40]
    known = launch + pd.Timedelta(weeks=3) < launch[40]
    np.testing.assert_array_equal(past.allowed(sold, 40), known & other)
    assert (known & other).sum() < ((launch < launch[40]) & other).sum()


def test_an_item_without_a_date_has_all_of_the_past(catalog, past):
    undated = edited(catalog, 3, {"Launch": pd.NaT})
    other = (catalog.frame["Style"] != catalog.frame["Style"][3]).to_numpy()
    np.testing.assert_array_equal(past.allowed(undated, 0), other)


def test_an_item_of_another_catalog_is_compared_by_its_columns(catalog, past):
    new = as_catalog(make_frame(20, seed=9).assign(Launch=pd.Timestamp("2030-01-01")))
    assert past.allowed(new, 0).sum() == (catalog.frame["Style"] != new.frame["Style"][0]).sum()
    assert np.isfinite(past.distances(new, 0, "attributes")).all()


def test_limits_hold_95_of_100_nearest_distances(catalog, past):
    nearest = []
    for row in range(len(catalog)):
        allowed = past.allowed(catalog, row)
        if allowed.sum() >= MIN_PAST:
            nearest.append(past.distances(catalog, row, "attributes")[allowed].min())
    assert past.limits["attributes"] == pytest.approx(np.quantile(nearest, 0.95))
    assert set(past.limits) == {"attributes"}, "no photo was read"


def test_photos_are_compared_by_cosine(catalog):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(150, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[4] = np.nan
    past = Past.of(catalog, vectors)
    found = past.distances(catalog, 3, "photo", vectors[3])
    wanted = (1 - vectors @ vectors[3]) / past.photo_scale
    known = np.arange(150) != 4
    np.testing.assert_allclose(found[known], np.maximum(wanted[known], 0), atol=1e-5)
    assert np.isinf(found[4])
    both = past.distances(catalog, 3, "both", vectors[3])
    columns = past.distances(catalog, 3, "attributes")
    np.testing.assert_allclose(both[known], (found + columns)[known] / 2)
    assert past.photo_scale == pytest.approx(1, abs=0.1), "random directions"


def test_a_catalog_without_sales_has_no_past(catalog):
    roles = {c: r for c, r in catalog.roles.items() if r != Role.TARGET}
    with pytest.raises(ModelError, match="no item whose sales are known"):
        Past.of(replace(catalog, roles=roles))
