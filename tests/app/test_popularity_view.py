"""Words of the popularity page."""

import pytest

from app.popularity_view import item_names, player_label, times
from core.catalog.roles import Role
from tests.core.popularity.synthetic import as_catalog, make_frame


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (1.12, "+12 %"),
        (0.92, "−8 %"),
        (1.003, "+0.3 %"),
        (0.998, "−0.2 %"),
        (2.4, "× 2.4"),
        (0.31, "× 0.31"),
    ],
)
def test_factors_in_words(factor, words):
    assert times(factor) == words


def test_players_have_names_for_people():
    assert player_label("description") == "Name and description"
    assert player_label("sold_at", {"sold_at": Role.PRICE}) == "Price"
    assert player_label("colour_group_name") == "Colour group name"


def test_items_without_a_title_are_named_by_what_they_are():
    frame = make_frame(3)
    frame.loc[1, "Name"] = None
    frame.loc[2, ["Name", "Type", "Colour"]] = None
    frame.loc[1, ["Type", "Colour"]] = ["coat", "red"]
    names = item_names(as_catalog(frame))
    assert names == [frame.loc[0, "Name"], "Coat, red (0-00001)", "0-00002"]
    assert item_names(as_catalog(frame), [1]) == names[1:2]
    bare = as_catalog(make_frame(2).drop(columns=["Name", "Type", "Colour"]))
    assert item_names(bare) == ["0-00000", "0-00001"]
