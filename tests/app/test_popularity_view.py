"""Words of the popularity page."""

from app.popularity_view import item_names, player_label, scoreboard_chart
from core.catalog.roles import Role
from core.popularity.scoreboard import ModelScores, Scoreboard
from tests.core.popularity.synthetic import as_catalog, make_frame


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


def test_models_are_told_from_what_they_are_compared_with():
    scores = {
        "spearman": {"value": 0.3, "low": 0.2, "high": 0.4},
        "pairwise_accuracy": {"value": 0.6, "low": 0.5, "high": 0.7},
    }
    names = ["reference", "neighbours", "linear", "linear_at_launch", "blend"]
    board = Scoreboard(
        date="2026-01-01", catalog="made", data_hash="0", target="Sold", unit="units", items=100,
        items_without_target=0, include_post_launch=True, split="By item.", columns=[],
        promoted="blend", models={name: ModelScores({}, scores, []) for name in names},
    )  # fmt: skip
    figure, words = scoreboard_chart(board)
    dots = {trace.y[0]: trace.marker for trace in figure.data if trace.mode == "markers"}
    hollow = {label for label, dot in dots.items() if dot.symbol == "circle-open"}
    launch = "Details and text, as known at launch"
    assert hollow == {launch, "Category average", "Most alike items"}
    assert {dots[label].color for label in hollow} == {dots["Details and text"].color}, "grey"
    assert dots["Blend of the models"].color != dots["Details and text"].color
    assert launch in words and "neighbours" not in words
