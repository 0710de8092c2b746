"""What the evaluations share: names left out, intervals, lines."""

import json

import numpy as np
import pytest

from scripts.reports import interval, line, means, unseen, write_json


def test_names_that_the_checkpoint_learned_from_are_left_out(tmp_path, capsys):
    assert unseen(tmp_path, ["0002", "0004"], "photos") == ["0002", "0004"], "there is no list"
    assert capsys.readouterr().out == ""
    (tmp_path / "held_out.txt").write_text("0001\na name.jpg\n0004\n")
    assert unseen(tmp_path, ["0002", "0004", "a name.jpg"], "photos") == ["0004", "a name.jpg"]
    assert "the 2 photos that" in capsys.readouterr().out
    assert unseen(tmp_path, ["9001", "9002"], "photos") == ["9001", "9002"]


def test_an_interval_holds_nine_tenths_of_the_draws_and_leaves_out_those_without_a_value():
    draws = np.r_[np.linspace(0, 1, 101), np.nan]
    assert interval("x", 0.5, draws) == {"x": 0.5, "x_low": 0.05, "x_high": 0.95}


def test_the_interval_of_a_mean_is_that_of_its_standard_error():
    values = np.random.default_rng(0).random(400) < 0.3
    scores = means({"share": values})
    assert scores["share"] == pytest.approx(values.mean(), abs=1e-4)
    error = values.std() / np.sqrt(len(values))
    width = scores["share_high"] - scores["share_low"]
    assert width == pytest.approx(2 * 1.645 * error, rel=0.1)
    assert scores == means({"share": values}) != means({"share": values}, seed=1)


def test_scores_are_told_in_a_line_and_written_where_a_file_is_named(tmp_path):
    scores = {"recall": 0.5, "recall_low": 0.4, "recall_high": 0.61234}
    assert line(scores, "recall").split() == ["recall", "0.500", "0.400", "to", "0.612"]
    assert line(scores, "recall", "of all").endswith("to 0.612  of all")
    write_json(scores, None)
    write_json(scores, tmp_path / "scores.json")
    assert json.loads((tmp_path / "scores.json").read_text()) == scores
