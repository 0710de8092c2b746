"""Import, train, evaluate and rank on real fast-fashion sales, by the commands that users run."""

import json

import pandas as pd
import pytest

from core.popularity import metrics
from scripts import evaluate_models, import_catalog, rank_catalog, train_models

pytestmark = [pytest.mark.shared, pytest.mark.slow]


def test_from_the_published_files_to_a_ranking(shared, tmp_path, monkeypatch):
    monkeypatch.setattr(metrics, "DRAWS", 20)
    source, data, models = (
        shared / "data" / "visuelle",
        str(tmp_path / "catalog"),
        str(tmp_path / "models"),
    )
    if not source.is_dir():
        pytest.skip("VISUELLE is not beside this checkout")
    assert import_catalog.main([str(source), "--format", "visuelle", "--out", data]) == 0
    both = ["--data_dir", data, "--model_dir", models]
    assert train_models.main([*both, "--models", "linear"]) == 0
    assert evaluate_models.main([*both, "--json", str(tmp_path / "scores.json")]) == 0
    scores = json.loads((tmp_path / "scores.json").read_text())
    folds = {f["label"]: f["spearman"]["value"] for f in scores["folds"]["linear"]}
    assert 0.2 < folds["AW19"] < 0.45, "much more than the literature finds would be a leak"
    linear, plain = (scores["models"][m]["spearman"]["value"] for m in ("linear", "reference"))
    assert linear > plain + 0.05
    assert 0.85 < scores["models"]["linear"]["coverage_90"]["value"] < 0.97
    assert rank_catalog.main([*both, "--out", str(tmp_path / "ranking.csv")]) == 0
    ranking = pd.read_csv(tmp_path / "ranking.csv", dtype={"item_id": str})
    table = pd.read_csv(source / "train.csv", dtype={"external_code": str})
    assert sorted(ranking["item_id"]) == sorted(table["external_code"])
    assert ranking["rank"].tolist() == list(range(1, len(table) + 1))
