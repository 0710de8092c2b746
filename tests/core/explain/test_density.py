import numpy as np
import pandas as pd
import pytest

from core.explain.density import flags, observed_range
from core.explain.past import Past
from core.explain.what_if import edited
from tests.core.popularity.synthetic import as_catalog, make_frame


@pytest.fixture(scope="module")
def catalog():
    """Coats are never green and never released from May to August."""
    frame = make_frame(400)
    frame["Type"] = frame["Type"].where(frame.index != 399, "coat")
    frame["Launch"] = pd.Timestamp("2022-01-01") + pd.to_timedelta(np.arange(400) % 365, "D")
    coat = frame["Type"] == "coat"
    frame.loc[coat & (frame["Colour"] == "green"), "Colour"] = "black"
    summer = coat & frame["Launch"].dt.month.between(4, 9)
    frame.loc[summer, "Launch"] = pd.Timestamp("2022-11-15")
    frame.loc[coat, "Price"] = frame.loc[coat, "Price"].clip(40, 90)
    frame.loc[399, ["Colour", "Price", "Launch"]] = "black", 60.0, pd.Timestamp("2023-11-20")
    return as_catalog(frame)


@pytest.fixture(scope="module")
def past(catalog):
    return Past.of(catalog)


def found(past, catalog, **changes):
    return flags(past, catalog, 399, edited(catalog, 399, changes))


def test_nothing_is_said_of_the_item_as_it_is_or_of_common_edits(past, catalog):
    assert found(past, catalog) == []
    assert found(past, catalog, Colour="red", Price=50.0) == []


def test_a_level_that_was_never_seen(past, catalog):
    (flag,) = (f for f in found(past, catalog, Colour="ultraviolet") if f.kind != "far")
    assert (flag.kind, flag.column, flag.value) == ("level", "Colour", "ultraviolet")


def test_two_levels_that_never_went_together(past, catalog):
    (flag,) = (f for f in found(past, catalog, Colour="green") if f.kind != "far")
    assert (flag.kind, flag.value, flag.other_column, flag.other_value) == (
        *("together", "green", "Type", "coat"),
    )
    shirt = int((catalog.frame["Colour"] == "green").argmax())
    one = flags(past, catalog, shirt, edited(catalog, shirt, {"Type": "coat"}))
    assert [(f.value, f.other_value) for f in one if f.kind == "together"] == [("coat", "green")]


def test_a_pair_that_is_rare_anyway_is_not_flagged():
    frame = make_frame(200)
    frame.loc[5, "Colour"] = "mauve"
    catalog = as_catalog(frame)
    coat = int((catalog.frame["Type"] == "coat").argmax())
    after = edited(catalog, coat, {"Colour": "mauve"})
    assert [f.kind for f in flags(Past.of(catalog), catalog, coat, after)] in ([], ["far"])


def test_a_time_of_the_year_at_which_the_category_is_never_released(past, catalog):
    kinds = found(past, catalog, Launch=pd.Timestamp("2024-07-01"))
    assert ("season", "coat", "July") in [(f.kind, f.value, f.other_value) for f in kinds]


def test_a_price_outside_that_of_the_category(past, catalog):
    low, high, name = observed_range(past, catalog, 399, "Price")
    coats = catalog.frame.loc[catalog.frame["Type"] == "coat", "Price"]
    assert (low, high, name) == (coats.min(), coats.max(), "coat")
    flag = next(f for f in found(past, catalog, Price=high + 5) if f.kind == "range")
    assert (flag.low, flag.high, flag.value, flag.other_value) == (low, high, high + 5, "coat")
    assert not [f for f in found(past, catalog, Price=high) if f.kind == "range"]


def test_a_category_of_few_items_takes_the_range_of_all(past, catalog):
    after = edited(catalog, 399, {"Type": "kite"})
    prices = catalog.frame["Price"]
    wanted = (prices.min(), prices.max(), "")
    assert observed_range(past, after, 0, "Price") == wanted


def test_a_combination_that_nothing_is_near(past, catalog):
    changes = {"Colour": "green", "Launch": pd.Timestamp("2024-07-01"), "Price": 500.0}
    changes |= {"Weight": 900.0, "season": "S99"}
    far = [f for f in found(past, catalog, **changes) if f.kind == "far"]
    assert len(far) == 1 and far[0].near < 3 < far[0].near_before
