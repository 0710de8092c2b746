"""What edits to a range come to: first places, sums and the tables that leave the dashboard."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.catalog.query import Filters, Listing
from core.catalog.selection import Selection
from core.explain.assortment import Edit, Step
from core.explain.assortment_outcome import EDITED, RANGE, VALUE, export, outcome, totals_table
from core.explain.assortment_totals import ErrorShape
from core.popularity.additive import AdditiveModel
from tests.core.popularity.synthetic import make_catalog

COATS = Selection(scope=Filters(levels=(("Type", ("coat",)),)))
SHIRTS = Selection(scope=Filters(levels=(("Type", ("shirt",)),)))
STEPS = [Step(Edit("scale", "Price", -50.0), COATS), Step(Edit("drop"), SHIRTS)]


@pytest.fixture(scope="module")
def made():
    catalog = make_catalog(160)
    model = AdditiveModel("linear").fit(catalog, np.arange(160))
    order = model.predict(catalog)
    first = (catalog.frame["season"] != "S5").to_numpy()
    order["basis"] = np.where(first, "out_of_fold", "model")
    order = order.sort_values("predicted", ascending=False).reset_index(drop=True)
    order.insert(1, "rank", np.arange(1, 161))
    errors = ErrorShape((0.0,) * 100, (0.0,) * 100)  # none: outcomes are the predictions
    return catalog, outcome(model, Listing(catalog, order), order, STEPS, errors, 30)


def test_who_enters_and_leaves(made):
    _, found = made
    items = found.items
    inside = [
        set(items.index[(items[f"rank_{side}"] <= 30).fillna(False)])
        for side in ("before", "after")
    ]
    assert set(found.enter) == inside[1] - inside[0] and len(found.enter)
    assert set(found.leave) == inside[0] - inside[1] and len(found.leave) == len(found.enter)
    assert items["rank_after"].iloc[found.enter].is_monotonic_increasing
    np.testing.assert_array_equal(items["top_after"], items.index.isin(inside[1]).astype(float))


def test_sums_without_errors_are_those_of_the_predictions(made):
    catalog, found = made
    items, totals = found.items, found.simulated.totals
    before, after = items["predicted_before"], items["predicted_after"].fillna(0)
    touched = catalog.frame["Type"].isin(["coat", "shirt"])
    price = catalog.frame["Price"]
    new = found.edited.catalog.frame["Price"]
    for name, one, other in (
        (RANGE, before.sum(), after.sum()),
        (EDITED, before[touched].sum(), after[touched].sum()),
        (VALUE, (before * price).sum(), (after * new).sum()),
    ):
        assert totals[name].before.middle == pytest.approx(one, rel=1e-5)
        assert totals[name].after.middle == pytest.approx(other, rel=1e-5)
        assert totals[name].difference.low == pytest.approx(other - one, rel=1e-3)


def test_seasons_without_a_held_out_item_are_new(made):
    catalog, found = made
    assert found.new_seasons == (catalog.frame["season"] == "S5").sum() > 0


def test_tables_hold_items_with_their_edits_and_every_total(made):
    catalog, found = made
    table = export(found, catalog, "units").set_index("item_id")
    own = catalog.frame.set_index("sku").reindex(table.index)
    assert {"Price_before", "Price_after", "name"} <= set(table.columns)
    assert "Colour_before" not in table.columns, "only what was edited"
    assert (table["Price_before"] == own["Price"]).all() and (table["name"] == own["Name"]).all()
    shirt = own["Type"] == "shirt"
    assert table["predicted_after"].isna().equals(shirt) and (table["dropped"] == shirt).all()
    totals = totals_table(found, "units", "EUR")
    assert len(totals) == 12 and set(totals["total"]) == {RANGE, EDITED, VALUE}
    assert set(totals.loc[totals["total"] == VALUE, "unit"]) == {"units x EUR"}
    assert pd.notna(totals).all().all()


def test_a_column_called_as_the_tables_own_hides_none_of_them():
    catalog = make_catalog(40)
    frame = catalog.frame.rename(columns={"Price": "rank"})
    roles = {{"Price": "rank"}.get(c, c): r for c, r in catalog.roles.items()}
    catalog = replace(catalog, frame=frame, roles=roles)
    model = AdditiveModel("linear").fit(catalog, np.arange(40))
    order = model.predict(catalog).assign(basis="model", rank=np.arange(1, 41))
    step = Step(Edit("scale", "rank", 50.0), COATS)
    errors = ErrorShape((0.0,) * 100, (0.0,) * 100)
    table = export(
        outcome(model, Listing(catalog, order), order, [step], errors, 5), catalog, "units"
    ).set_index("item_id")
    assert table["rank_before"].tolist() == list(range(1, 41))
    own = frame.set_index("sku")["rank"].reindex(table.index)
    assert table["rank_catalog_before"].equals(own.rename("rank_catalog_before"))
