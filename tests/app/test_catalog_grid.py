"""Cards as plain values, filters' scales, and what the table is given."""

import numpy as np
import pandas as pd
import pytest

from app.catalog_filters import _scale
from app.catalog_grid import cards, titles
from app.catalog_table import _columns
from core.catalog.catalog import write_catalog
from core.catalog.query import Listing
from core.catalog.roles import Role
from tests.core.popularity.synthetic import as_catalog, make_frame


@pytest.fixture
def shelf(tmp_path):
    frame = make_frame(6)
    frame.loc[0, ["Price", "Sold"]] = np.nan
    frame.loc[1, "Name"] = None
    frame["rank"] = "own"
    catalog = write_catalog(as_catalog(frame), tmp_path / "made")
    ranking = pd.DataFrame(
        {
            "item_id": catalog.ids[[2, 1, 0]],
            "rank": [1, 2, 3],
            "predicted": [200.0, 100.0, 50.0],
            "low": [100.0, 50.0, 20.0],
            "high": [400.0, 210.0, 130.0],
        }
    )
    return Listing(catalog, ranking)


def test_a_card_says_only_what_is_known(shelf):
    drawn = cards(shelf, np.array([2, 0, 5]))
    full, sparse, unranked = drawn
    assert full["rank"] == "1" and full["score"] == "200" and full["interval"] == "100 to 400"
    assert (full["low"], full["at"], full["high"]) == (0.25, 0.5, 1.0)
    assert full["spoken"].startswith("Rank 1, ") and "actual" in full["spoken"]
    assert sparse["price"] == "" and sparse["badge"] == "" and sparse["actual"] is None
    assert unranked["rank"] == "" and unranked["at"] is None and unranked["badge"]
    assert full["photo"] is None


def test_an_item_without_a_title_is_called_by_what_it_is(shelf):
    row = shelf.catalog.frame.iloc[1]
    assert titles(shelf, np.array([1])) == [
        f"{row['Type'].capitalize()}, {row['Colour']} ({row['sku']})"
    ]
    plain = Listing(as_catalog(make_frame(2)[["sku", "Price"]]), None)
    assert titles(plain, np.array([0])) == [plain.catalog.ids[0]]


def test_similarity_stands_on_the_card(shelf):
    near = np.array([np.nan, 0.5, 0.25, 0, 0, 0], dtype=np.float32)
    with_photo, without = cards(shelf, np.array([2, 0]), near)
    assert with_photo["note"] == "similarity 0.25" and without["note"] == ""


def test_a_column_called_like_one_of_ours_is_not_lost(shelf):
    frame, _ = _columns(shelf, np.array([2, 1]), None)
    assert frame["Rank"].tolist() == [1, 2]
    assert frame["Rank (rank)"].tolist() == ["own", "own"]
    assert frame["Units expected"].tolist() == [200, 100]
    hidden = {Role.IMAGE, Role.DESCRIPTION, Role.TARGET}
    assert not {c for c, r in shelf.catalog.roles.items() if r in hidden} & set(frame)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (3.5, 238.12, (1, 3, 239)),
        (12.0, 12.4, (0.001, 12.0, 12.4)),
        (1, 5, (0.01, 1, 5)),
        (0, 1_000_000, (10_000, 0, 1_000_000)),
        (-3.2, 4.4, (0.1, -3.2, 4.4)),
    ],
)
def test_a_slider_goes_in_round_steps_over_all_values(low, high, expected):
    step, below, above = _scale(low, high)
    assert (step, below, above) == pytest.approx(expected)
    assert below <= low and above >= high
    assert type(step) is type(below) is type(above)
