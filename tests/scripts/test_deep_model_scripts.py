"""The two command names that the project began with."""

import json

from core.catalog.catalog import write_catalog
from core.popularity import metrics
from scripts import evaluate_deep_model, train_deep_model
from tests.core.popularity.synthetic import make_catalog


def test_the_deep_model_alone_is_trained_and_scored(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(metrics, "DRAWS", 20)
    write_catalog(make_catalog(150), tmp_path / "past")
    where = ["--data_dir", str(tmp_path / "past"), "--model_dir", str(tmp_path / "models")]
    assert train_deep_model.main(where) == 0
    assert "deep" in capsys.readouterr().out
    file = tmp_path / "scores.json"
    assert evaluate_deep_model.main([*where, "--json", str(file)]) == 0
    scores = json.loads(file.read_text())
    assert scores["promoted"] == "deep" and "linear" not in scores["models"]


def test_a_folder_that_is_missing_gives_a_sentence(tmp_path, capsys):
    where = ["--data_dir", str(tmp_path / "none"), "--model_dir", str(tmp_path / "models")]
    assert train_deep_model.main(where) == 2
    assert "none" in capsys.readouterr().err
