"""The drift of columns from season to season, by hand and by simulation."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.catalog.catalog import write_catalog
from core.catalog.roles import Role
from core.popularity.drift import (
    DRIFT_COLUMNS,
    catalog_drift,
    chance_level,
    population_stability,
    season_drift,
)
from core.popularity.splits import forward_folds
from tests.core.popularity.synthetic import as_catalog, make_catalog, make_frame


def cell(found, season, column):
    (one,) = found[(found["season"] == season) & (found["column"] == column)].to_dict("records")
    return one


def test_the_index_by_hand():
    past = np.repeat([0, 1, 2], [50, 30, 20])
    now = np.repeat([0, 1, 2], [20, 30, 50])
    p, q = np.array([50.5, 30.5, 20.5]) / 101.5, np.array([20.5, 30.5, 50.5]) / 101.5
    by_hand = sum((b - a) * np.log(b / a) for a, b in zip(p, q, strict=True))
    assert population_stability(past, now) == (pytest.approx(by_hand), 3)
    assert population_stability(past, past)[0] == 0


@given(st.lists(st.integers(0, 4), min_size=1), st.lists(st.integers(0, 4), min_size=1))
def test_the_index_is_finite_never_negative_and_the_same_both_ways(past, now):
    psi, bins = population_stability(np.array(past), np.array(now))
    back, _ = population_stability(np.array(now), np.array(past))
    assert 0 <= psi < np.inf and psi == pytest.approx(back)
    assert bins == len({*past, *now})


def test_chance_is_passed_in_one_of_twenty_cases_without_change():
    rng = np.random.default_rng(0)
    shares, n, m = [0.3, 0.2, 0.2, 0.15, 0.15], 400, 150
    limit = chance_level(5, n, m)
    draws = [
        population_stability(rng.choice(5, n, p=shares), rng.choice(5, m, p=shares))[0] > limit
        for _ in range(2000)
    ]
    assert np.mean(draws) == pytest.approx(0.05, abs=0.015)
    assert chance_level(1, n, m) == 0


def test_a_column_of_levels_by_hand():
    frame = make_frame(400)
    last = frame["season"] == "S5"
    frame.loc[last & (frame["Colour"] == "red"), "Colour"] = "teal"
    frame.loc[last & (frame["Colour"] == "green"), "Colour"] = ""
    catalog = as_catalog(frame)
    found = season_drift(catalog)
    assert tuple(found.columns) == DRIFT_COLUMNS
    fold = forward_folds(catalog, np.arange(400))[-1]
    past, now = frame["Colour"].iloc[fold.train], frame["Colour"].iloc[fold.test]
    colour = cell(found, "S5", "Colour")
    assert (colour["items"], colour["items_before"]) == (len(now), len(past))
    assert colour["new_share"] == pytest.approx((now == "teal").mean())
    assert colour["missing_share"] == pytest.approx((now == "").mean())
    assert colour["missing_before"] == 0
    counts = [
        [(cells == level).sum() + 0.5 for level in ("black", "red", "green", "teal", "")]
        for cells in (past, now)
    ]
    p, q = map(np.array, counts)
    p, q = p / p.sum(), q / q.sum()
    assert colour["psi"] == pytest.approx(((q - p) * np.log(q / p)).sum())
    assert colour["verdict"] == "large"
    assert cell(found, "S4", "Colour")["verdict"] == "steady"


def test_numbers_are_compared_in_the_deciles_of_the_past():
    frame = make_frame(600)
    frame.loc[frame["season"] == "S5", "Price"] *= 3
    catalog = as_catalog(frame)
    found = season_drift(catalog)
    fold = forward_folds(catalog, np.arange(600))[-1]
    past, now = frame["Price"].iloc[fold.train], frame["Price"].iloc[fold.test]
    edges = [-np.inf, *np.quantile(past, np.arange(1, 10) / 10), np.inf]
    p, q = (pd.cut(cells, edges).value_counts(sort=False) + 0.5 for cells in (past, now))
    p, q = p / p.sum(), q / q.sum()
    assert cell(found, "S5", "Price")["psi"] == pytest.approx(((q - p) * np.log(q / p)).sum())
    assert cell(found, "S5", "Price")["verdict"] == "large"
    assert cell(found, "S5", "Weight")["verdict"] == "steady"


def test_few_items_that_differ_by_chance_do_not_stand_out():
    found = season_drift(make_catalog(260))
    colour = found[found["column"] == "Colour"]
    assert (colour["psi"] < colour["chance"]).sum() >= 3
    assert set(colour.loc[colour["psi"] < colour["chance"], "verdict"]) == {"steady"}


def test_what_differs_by_what_it_is_and_what_no_model_reads_is_left_out():
    found = season_drift(make_catalog(240))
    assert set(found["column"]) == {"Name", "Text", "Type", "Colour", "Price", "Weight"}
    late = season_drift(make_catalog(240), include_post_launch=True)
    assert {"Stars", "Returns"} <= set(late["column"])


def test_items_without_a_target_count_too():
    frame = make_frame(240)
    frame.loc[frame["season"] == "S5", "Sold"] = np.nan
    assert "S5" in set(season_drift(as_catalog(frame))["season"])


def test_a_catalog_without_dates_has_no_seasons_to_compare():
    found = season_drift(make_catalog(120, drop=("Launch",)))
    assert found.empty and tuple(found.columns) == DRIFT_COLUMNS


def test_photos_that_become_rare_are_seen(tmp_path):
    made = make_catalog(240)
    late = (made.frame["season"] == "S5").to_numpy()
    names = [None if gone else "a.png" for gone in late]
    catalog = replace(
        made, frame=made.frame.assign(photo=names), roles={**made.roles, "photo": Role.IMAGE}
    )

    def photos(new):
        Image.new("RGB", (8, 8)).save(new / "images" / "a.png")

    found = season_drift(write_catalog(catalog, tmp_path / "made", add_files=photos))
    photo = cell(found, "S5", "photo")
    assert (photo["missing_share"], photo["missing_before"]) == (1.0, 0.0)
    assert photo["verdict"] == "large"
    assert cell(found, "S4", "photo")["psi"] == pytest.approx(0, abs=1e-6)


def test_a_catalog_against_the_one_that_was_learned_from():
    frame = make_frame(300)
    frame.loc[frame.index[:50], "Sold"] = np.nan
    trained = as_catalog(frame)
    same = catalog_drift(trained, make_catalog(200, seed=1))
    assert tuple(same.columns) == DRIFT_COLUMNS and set(same["season"]) == {"made-1"}
    assert (same["items"] == 200).all() and (same["items_before"] == 250).all()
    assert list(same["column"]) == ["Type", "Colour", "Price", "Weight", "Name", "Text"]
    assert set(same["verdict"]) == {"steady"}
    other = make_frame(200, seed=1).rename(columns={"Price": "price"}).drop(columns="Weight")
    other["Type"] = "hat"
    roles = {("price" if c == "Price" else c): r for c, r in trained.roles.items() if c in other}
    changed = replace(
        as_catalog(make_frame(200, seed=1)), frame=other, roles=roles | {"price": "price"}
    )
    found = catalog_drift(trained, changed).set_index("column")
    assert found.loc["Type", "new_share"] == 1.0 and found.loc["Type", "verdict"] == "large"
    assert found.loc["Weight", "missing_share"] == 1.0, "a column that is not there"
    assert found.loc["Price", "verdict"] == "steady", "found by its role"
