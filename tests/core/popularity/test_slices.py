"""Scores of slices against a plain count over the same items."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ModelError
from core.popularity.metrics import spearman
from core.popularity.scoreboard import headline_rows, load_out_of_fold
from core.popularity.slices import SLICE_COLUMNS, slice_scores, wilson
from core.popularity.training import train
from tests.core.popularity.synthetic import as_catalog, make_catalog, make_frame


@pytest.fixture(scope="module")
def catalog():
    frame = make_frame(240)
    late = frame["Launch"] >= frame.loc[frame["season"] == "S5", "Launch"].min()
    frame.loc[late & (frame["Colour"] == "green"), "Colour"] = "teal"  # new in the last season
    frame.loc[frame.index[::17], "Price"] = np.nan
    return as_catalog(frame)


@pytest.fixture(scope="module")
def table(catalog, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "made"
    train(catalog, folder, models=["linear"])
    return load_out_of_fold(folder)


def known(catalog, table):
    """The later seasons' predictions of the linear model beside the items' own columns."""
    own = table[(table["model"] == "linear") & (table["split"] == "forward")]
    return own.merge(catalog.frame, left_on="item_id", right_on="sku")


def line(found, kind, label):
    (one,) = found[(found["kind"] == kind) & (found["slice"] == label)].to_dict("records")
    return one


def test_every_number_of_a_category_by_hand(catalog, table):
    found = slice_scores(catalog, table, "linear")
    assert tuple(found.columns) == SLICE_COLUMNS
    dress = line(found, "category", "dress")
    own = known(catalog, table)
    own = own[own["Type"] == "dress"]
    assert dress["items"] == len(own) and dress["styles"] == own["Style"].nunique()
    inside = sum(i.low <= i.actual <= i.high for i in own.itertuples())
    assert dress["coverage_90"] == pytest.approx(inside / len(own))
    inside = (own["actual"] >= own["low_80"]) & (own["actual"] <= own["high_80"])
    assert dress["coverage_80"] == pytest.approx(inside.mean())
    error = sum(abs(a - p) for a, p in zip(own["actual"], own["predicted"], strict=True))
    assert dress["wape"] == pytest.approx(error / own["actual"].sum(), rel=1e-6)
    assert dress["width_90"] == pytest.approx((own["high"] - own["low"]).mean(), rel=1e-5)
    parts = [f for _, f in own.groupby("fold") if len(f) >= 10]
    by_fold = [spearman(f["actual"].to_numpy(), f["predicted"].to_numpy()) for f in parts]
    mean = np.average(by_fold, weights=[len(f) for f in parts])
    assert dress["spearman"] == pytest.approx(mean, abs=1e-6)


def test_seasons_prices_and_categories_hold_every_scored_item_once(catalog, table):
    found = slice_scores(catalog, table, "linear")
    items = found.groupby("kind")["items"].sum()
    assert items["season"] == items["category"] == items["price"] == items["all"]
    seasons = list(found.loc[found["kind"] == "season", "slice"])
    assert seasons == ["S2", "S3", "S4", "S5"]
    bands = found[found["kind"] == "price"]
    assert bands["slice"].iloc[-1] == "no price"
    assert bands["items"].iloc[:-1].max() - bands["items"].iloc[:-1].min() <= 2
    own = known(catalog, table)
    top = float(bands["slice"].iloc[0].removeprefix("up to "))
    assert bands["items"].iloc[0] == (own["Price"] <= top).sum()


def test_levels_that_were_not_there_to_learn_from_by_hand(catalog, table):
    found = slice_scores(catalog, table, "linear")
    own = known(catalog, table)
    assert line(found, "new", "Colour")["items"] == (own["Colour"] == "teal").sum() > 0
    assert list(found.loc[found["kind"] == "new", "slice"]) == ["Colour"], "season is always new"


def test_without_dates_held_out_styles_are_looked_at(tmp_path):
    catalog = make_catalog(120, drop=("Launch",))
    catalog.frame["Colour"] = catalog.frame["Colour"].cat.add_categories("odd")
    catalog.frame.loc[5, "Colour"] = "odd"
    train(catalog, tmp_path / "m", models=["linear"])
    found = slice_scores(catalog, load_out_of_fold(tmp_path / "m"), "linear")
    assert found["items"].iloc[0] == 120 and "season" not in set(found["kind"])
    assert line(found, "new", "Colour")["items"] == 1


@pytest.mark.parametrize(
    ("inside", "verdict"), [(40, "short"), (54, "kept"), (60, "wide"), (None, "few")]
)
def test_what_is_said_of_a_coverage(inside, verdict):
    frame = make_frame(60)
    frame["Style"] = [f"s{i}" for i in range(60)]
    count = 60
    if inside is None:
        count, inside = 20, 18
    table = pd.DataFrame(
        {
            "item_id": frame["sku"],
            "model": "linear",
            "split": "grouped",
            "fold": "1",
            "predicted": 1.0,
            "actual": [1.0] * inside + [9.0] * (60 - inside),
        }
    ).iloc[:count]
    for column, value in (("low", 0.5), ("high", 2.0), ("low_80", 0.8), ("high_80", 1.5)):
        table[column] = value
    found = slice_scores(as_catalog(frame), table, "linear")
    assert line(found, "all", "")["verdict"] == verdict


def test_another_catalog_gives_a_sentence(table):
    with pytest.raises(ModelError, match="trained on other items"):
        slice_scores(make_catalog(60, seed=8), table, "linear")
    with pytest.raises(ModelError, match="no stored predictions"):
        headline_rows(table, "deep")


def test_wilson_is_the_published_example():
    # Newcombe 1998, table I: 81 of 263 gives .2553 to .3662; 0 of 20 gives 0 to .1611.
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0.0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)


@given(st.integers(1, 500), st.integers(0, 500))
def test_a_wilson_interval_holds_its_share(trials, hits):
    share = min(hits, trials) / trials
    low, high = wilson(share, trials)
    assert 0 <= low <= share + 1e-12 and share - 1e-12 <= high <= 1
