from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.popularity.splits import forward_folds, group_codes, grouped_folds
from tests.core.popularity.synthetic import as_catalog, make_catalog, make_frame


@given(st.lists(st.integers(0, 12), min_size=2, max_size=80), st.integers(2, 6))
def test_grouped_folds_hold_every_item_out_once_and_keep_groups_whole(groups, count):
    groups = np.array(groups)
    folds = grouped_folds(groups, count)
    assert sorted(np.concatenate(folds)) == list(range(len(groups)))
    homes = [set(groups[fold]) for fold in folds]
    assert sum(map(len, homes)) == len(set(groups.tolist()))


def test_items_without_a_group_stand_alone():
    frame = make_frame(50)
    frame.loc[:9, "Style"] = None
    codes = group_codes(as_catalog(frame))
    assert len(set(codes[:10])) == 10
    assert set(codes[:10]).isdisjoint(codes[10:])


@pytest.mark.parametrize("drop", [(), ("season",), ("season", "Style")])
def test_a_season_is_predicted_from_what_was_released_before_it(drop):
    catalog = make_catalog(400, drop=drop)
    rows = np.arange(len(catalog))
    folds = forward_folds(catalog, rows)
    assert 2 <= len(folds) <= 4
    dates = catalog.frame["Launch"].to_numpy()
    codes = group_codes(catalog)
    for fold in folds:
        assert dates[fold.train].max() < dates[fold.test].min()
        assert not set(codes[fold.train]) & set(codes[fold.test])
    tested = np.concatenate([f.test for f in folds])
    assert len(tested) == len(set(tested))


def test_of_many_seasons_the_last_four_are_predicted():
    frame = make_frame(800)
    frame["season"] = [f"T{i}" for i in frame["Launch"].rank(method="first").sub(1) // 80]
    catalog = as_catalog(frame)
    folds = forward_folds(catalog, np.arange(800))
    assert [f.label for f in folds] == ["T6.0", "T7.0", "T8.0", "T9.0"]


def test_what_is_released_on_a_seasons_first_day_is_not_its_past():
    frame = make_frame(400)
    first = frame.loc[frame["season"] == "S4", "Launch"].min()
    frame.loc[frame.index[frame["season"] == "S3"][:5], "Launch"] = first
    catalog = as_catalog(frame)
    fold = next(f for f in forward_folds(catalog, np.arange(400)) if f.label == "S4")
    assert catalog.frame["Launch"].iloc[fold.train].max() < first


def test_items_whose_sales_were_still_running_are_not_a_seasons_past(tmp_path):
    catalog = replace(make_catalog(400), directory=tmp_path)
    rows = np.arange(400)
    before = {fold.label: fold for fold in forward_folds(catalog, rows)}
    weeks = pd.DataFrame({"item": catalog.ids[0], "period": np.arange(20), "value": 1.0})
    weeks.to_parquet(tmp_path / "series.parquet")
    dates = catalog.frame["Launch"]
    folds = forward_folds(catalog, rows)
    assert [fold.label for fold in folds] == ["S3", "S4", "S5"], "S2's past is too short now"
    for fold in folds:
        wider = before[fold.label]
        start = dates.iloc[fold.test].min()
        running = wider.train[dates.iloc[wider.train] + pd.Timedelta(weeks=20) >= start]
        assert len(running)
        np.testing.assert_array_equal(fold.train, np.setdiff1d(wider.train, running))
        np.testing.assert_array_equal(fold.test, wider.test)


def test_a_season_column_names_the_folds():
    catalog = make_catalog(400)
    labels = [f.label for f in forward_folds(catalog, np.arange(len(catalog)))]
    assert labels == ["S2", "S3", "S4", "S5"]


def test_a_style_that_returns_is_left_out_of_its_own_past():
    frame = make_frame(400).drop(columns="season")
    frame["Style"] = [f"style {i % 7}" for i in range(len(frame))]
    frame.loc[:99, "Style"] = [f"own {i}" for i in range(100)]
    catalog = as_catalog(frame)
    codes = group_codes(catalog)
    for fold in forward_folds(catalog, np.arange(len(catalog))):
        assert not set(codes[fold.train]) & set(codes[fold.test])


def test_without_dates_or_with_one_season_time_cannot_be_split():
    rows = np.arange(200)
    assert forward_folds(make_catalog(200, drop=("Launch",)), rows) == []
    frame = make_frame(200).assign(Launch=pd.Timestamp("2024-03-01")).drop(columns="season")
    assert forward_folds(as_catalog(frame), rows) == []
    frame = make_frame(200)
    frame.loc[:99, "Launch"] = pd.NaT
    assert forward_folds(as_catalog(frame), rows) == []
