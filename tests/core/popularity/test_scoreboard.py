import json

import pytest

from core.popularity.scoreboard import ModelScores, Scoreboard, load_scoreboard

SPEARMAN = {"spearman": {"value": 0.3, "low": 0.2, "high": 0.4}}


def board(*names, promoted="linear"):
    return Scoreboard(
        date="2026-01-01T00:00:00+00:00",
        catalog="made",
        data_hash="0",
        target="Sold",
        unit="units",
        items=100,
        items_without_target=0,
        include_post_launch=False,
        split="By item.",
        columns=[],
        promoted=promoted,
        models={name: ModelScores({}, SPEARMAN, []) for name in names},
    )


def test_only_models_can_rank_and_the_others_are_compared_with():
    made = board(
        "reference", "neighbours", "linear", "deep", "linear_at_launch", "deep_at_launch", "blend"
    )
    assert made.trained == ["linear", "deep", "blend"]
    assert made.compared == ["linear_at_launch", "deep_at_launch", "reference", "neighbours"]


@pytest.mark.parametrize("names", [("reference", "linear"), ("reference", "neighbours", "linear")])
def test_scoreboards_load_with_and_without_the_nearest_items(names, tmp_path):
    made = board(*names)
    made.save(tmp_path)
    assert load_scoreboard(tmp_path) == made
    assert made.trained == ["linear"] and made.compared == [n for n in names if n != "linear"]


def test_a_scoreboard_of_an_earlier_program_loads(tmp_path):
    board("reference", "linear").save(tmp_path)
    file = tmp_path / "scoreboard.json"
    values = json.loads(file.read_text())
    for later in ("findings", "choices", "notice", "skipped"):
        del values[later]
    file.write_text(json.dumps(values))
    assert load_scoreboard(tmp_path).trained == ["linear"]
