"""Edits to many items: what they change, and that before and after stand on one basis."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalog.query import Filters, Listing
from core.catalog.selection import Selection
from core.errors import CatalogError
from core.explain.assortment import (
    ENDINGS,
    Edit,
    Step,
    apply_steps,
    category_mix,
    compare,
    with_ending,
)
from core.popularity.additive import AdditiveModel
from core.popularity.intervals import Calibration
from core.popularity.model import PREDICTION_COLUMNS
from tests.core.popularity.synthetic import make_catalog

ALL = Selection(scope=Filters())
DRESSES = Selection(scope=Filters(levels=(("Type", ("dress",)),)))
CUT = Edit("scale", "Price", -10.0)


@pytest.fixture(scope="module")
def made():
    catalog = make_catalog(160)
    model = AdditiveModel("linear").fit(catalog, np.arange(120))
    order = model.predict(catalog)
    order["basis"] = "model"
    # As out of fold: another prediction, with ranges of another width.
    seen = np.arange(160) < 120
    for column in PREDICTION_COLUMNS:
        order.loc[seen, column] *= 0.8
    order.loc[seen, "low"] *= 0.9
    order.loc[seen, "basis"] = "out_of_fold"
    order = order.sort_values(["predicted", "item_id"], ascending=[False, True])
    order.insert(1, "rank", np.arange(1, len(order) + 1))
    order = order.reset_index(drop=True)
    return catalog, model, order, Listing(catalog, order)


def test_prices_end_as_asked():
    prices = np.array([44.955, 0.2, 44.44, 44.45, np.nan])
    np.testing.assert_array_equal(with_ending(prices, 0.95), [44.95, 0.95, 43.95, 44.95, np.nan])
    np.testing.assert_array_equal(with_ending(prices, 0.0), [45.0, 1.0, 44.0, 44.0, np.nan])
    np.testing.assert_array_equal(with_ending(prices, None), [44.96, 0.2, 44.44, 44.45, np.nan])


@given(st.floats(0, 1e5), st.sampled_from(ENDINGS))
def test_no_price_that_ends_so_is_nearer(price, ending):
    (made,) = with_ending(np.array([price]), ending)
    allowed = np.arange(np.floor(price) - 2, np.floor(price) + 3) + ending
    allowed = allowed[allowed > 0]
    assert np.abs(allowed - made).min() < 1e-6, "it ends as asked"
    assert abs(made - price) <= np.abs(allowed - price).min() + 0.01


def test_steps_follow_each_other_and_leave_the_rest(made):
    catalog, _, _, shelf = made
    before = catalog.frame.copy()
    steps = [
        Step(CUT, DRESSES),
        Step(Edit("scale", "Price", -10.0, 0.95), DRESSES),
        Step(Edit("set", "Colour", "blue"), Selection(added=frozenset({"0-00003"}))),
        Step(Edit("shift", "Launch", -2.0), ALL),
        Step(Edit("drop"), Selection(added=frozenset({"0-00004"}))),
    ]
    edited = apply_steps(shelf, steps)
    pd.testing.assert_frame_equal(catalog.frame, before)
    dress = (before["Type"] == "dress").to_numpy()
    price = before["Price"].to_numpy()
    expected = np.where(dress, with_ending(np.round(price * 0.9, 2) * 0.9, 0.95), price)
    np.testing.assert_allclose(edited.catalog.frame["Price"], expected)
    after = edited.catalog.frame
    assert after["Colour"].iloc[3] == "blue" and (after["Colour"] == "blue").sum() == 1
    assert ((before["Launch"] - after["Launch"]).dt.days == 14).all()
    assert edited.matched == (dress.sum(), dress.sum(), 1, 160, 1)
    assert np.flatnonzero(edited.dropped).tolist() == [4]
    assert edited.changed.sum() == 159 and not edited.changed[4]
    assert edited.catalog.content_hash == ""
    assert [type(kind) for kind in after.dtypes] == [type(kind) for kind in before.dtypes]


def test_what_an_edit_leaves_as_it_was_is_not_changed(made):
    catalog, _, _, shelf = made
    own = str(catalog.frame["Colour"].iloc[0])
    same = (catalog.frame["Colour"] == own).to_numpy()
    edited = apply_steps(shelf, [Step(Edit("set", "Colour", own), ALL)])
    np.testing.assert_array_equal(edited.changed, ~same)
    assert apply_steps(shelf, []).catalog is catalog


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (Edit("scale", "Nothing", 5.0), "no column “Nothing”"),
        (Edit("scale", "Shelf", 5.0), "no column “Shelf”"),
        (Edit("scale", "Colour", 5.0), "cannot be edited"),
        (Edit("shift", "Price", 5.0), "cannot be edited"),
        (Edit("set", "Sold", 5.0), "cannot be edited"),
        (Edit("set", "Price", "cheap"), "no number"),
        (Edit("scale", "Price", -100.0), "less than 100"),
        (Edit("scale", "Price", None), "no number"),
        (Edit("scale", "Price", 1e308), "too large"),
        (Edit("set", "Price", -5.0), "0 or more"),
        (Edit("shift", "Launch", -1e9), "at most 520 weeks"),
    ],
)
def test_what_cannot_be_edited_is_said(made, edit, said):
    with pytest.raises(CatalogError, match=said):
        apply_steps(made[3], [Step(edit, ALL)])


def test_both_sides_stand_on_one_basis(made):
    catalog, model, order, shelf = made
    edited = apply_steps(shelf, [Step(CUT, DRESSES)])
    found = compare(model, order, catalog, edited)
    shown = order.set_index("item_id").loc[found["item_id"]]
    own, new = model.output(catalog), model.output(edited.catalog)
    for side in ("before", "after"):
        still = ~edited.changed | (side == "before")
        for column in PREDICTION_COLUMNS:
            np.testing.assert_array_equal(
                found[f"{column}_{side}"][still], shown[column].to_numpy()[still]
            )
    moved = np.log1p(found["predicted_after"]) - np.log1p(found["predicted_before"])
    np.testing.assert_allclose(moved, new - own, atol=1e-9)
    assert np.abs(moved).max() > 0.01
    unseen = edited.changed & (found["basis"] == "model").to_numpy()
    assert unseen.any()
    direct = model.predict(edited.catalog)
    for column in PREDICTION_COLUMNS:
        np.testing.assert_allclose(found[f"{column}_after"][unseen], direct[column][unseen])
    ends = ["low", "low_80", "predicted", "high_80", "high"]
    assert (np.diff(found[[f"{c}_after" for c in ends]].to_numpy(), axis=1) >= -1e-9).all()


def test_ranges_stretch_as_the_final_models_do(made):
    catalog, model, order, shelf = made
    edited = apply_steps(shelf, [Step(CUT, ALL)])
    start = model.predict(catalog)

    class Wider:
        def predict(self, asked, rows=None):
            found = model.predict(asked, rows)
            if asked is not catalog:  # twice as far from the prediction, in log units
                for column in ("low", "low_80", "high_80", "high"):
                    log = np.log1p(found[column]) - np.log1p(found["predicted"])
                    found[column] = np.expm1(np.log1p(found["predicted"]) + 2 * log)
            return found

    found = compare(Wider(), order, catalog, edited)
    halves = [
        np.log1p(found[f"high_80_{side}"]) - np.log1p(found[f"predicted_{side}"])
        for side in ("before", "after")
    ]
    np.testing.assert_allclose(halves[1], 2 * halves[0])
    assert len(start) == len(found)


def test_places_are_those_of_the_items_that_stay(made):
    catalog, model, order, shelf = made
    gone = Selection(added=frozenset(order["item_id"][:3]))
    edited = apply_steps(shelf, [Step(Edit("drop"), gone)])
    found = compare(model, order, catalog, edited).set_index("item_id")
    assert found.loc[order["item_id"][:3], "rank_after"].isna().all()
    assert found.loc[order["item_id"][:3], "predicted_after"].isna().all()
    rest = found.loc[order["item_id"][3:], "rank_after"]
    assert rest.tolist() == list(range(1, len(order) - 2))
    assert (found["rank_before"] == order.set_index("item_id").loc[found.index, "rank"]).all()


def test_category_mix_counts_places(made):
    catalog, model, order, shelf = made
    edited = apply_steps(shelf, [Step(Edit("set", "Type", "coat"), DRESSES)])
    found = compare(model, order, catalog, edited)
    mix = category_mix(found, catalog, edited.catalog, 20).set_index("category")
    assert mix["before"].sum() == mix["after"].sum() == 20
    kinds = catalog.frame["Type"].astype(str)
    first = kinds[found["rank_before"] <= 20].value_counts()
    assert mix["before"][mix["before"] > 0].to_dict() == first.to_dict()
    assert mix.loc["dress", "before"] > 0 and mix.loc["dress", "after"] == 0


def test_progress_is_told_and_reaches_the_end(made, monkeypatch):
    catalog, model, order, shelf = made
    monkeypatch.setattr("core.explain.assortment.PIECE", 50)
    told = []
    edited = apply_steps(shelf, [Step(CUT, ALL)])
    parts = compare(model, order, catalog, edited, lambda *step: told.append(step))
    assert told == [(50, 160), (100, 160), (150, 160), (160, 160)]
    monkeypatch.setattr("core.explain.assortment.PIECE", 1000)
    pd.testing.assert_frame_equal(parts, compare(model, order, catalog, edited))


def test_a_prediction_of_nothing_stays_in_order(made):
    catalog, _, order, shelf = made
    residuals = np.full(100, 0.0)
    flat = AdditiveModel("linear").fit(catalog, np.arange(120))
    flat.calibration = Calibration.from_residuals(residuals, "nothing")
    shown = order.assign(predicted=0.0, low=0.0, high=0.0, low_80=0.0, high_80=0.0)
    found = compare(flat, shown, catalog, apply_steps(shelf, [Step(CUT, ALL)]))
    values = found[[f"{c}_after" for c in PREDICTION_COLUMNS]].to_numpy()
    assert np.isfinite(values).all() and (values >= 0).all()
