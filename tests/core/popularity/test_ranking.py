import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.errors import ModelError
from core.popularity.evaluation import evaluate
from core.popularity.ranking import RANKING_COLUMNS, load_model, rank
from core.popularity.scoreboard import load_out_of_fold
from core.popularity.training import train
from tests.core.popularity.synthetic import as_catalog, make_catalog, make_frame

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def catalog():
    frame = make_frame(240)
    frame.loc[230:, "Sold"] = np.nan
    return as_catalog(frame)


@pytest.fixture(scope="module")
def models(catalog, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "made"
    train(catalog, folder, models=["linear"])
    return folder


def test_every_item_is_ranked_once_best_first(catalog, models):
    ranking = rank(catalog, models)
    assert tuple(ranking.columns) == RANKING_COLUMNS
    assert sorted(ranking["item_id"]) == sorted(catalog.ids)
    assert ranking["rank"].tolist() == list(range(1, 241))
    assert ranking["predicted"].is_monotonic_decreasing
    ordered = ranking[["low", "low_80", "predicted", "high_80", "high"]].to_numpy()
    assert (np.diff(ordered, axis=1) >= 0).all()
    places = ranking[["rank_low", "rank_low_80", "rank", "rank_high_80", "rank_high"]].to_numpy()
    assert (np.diff(places, axis=1) >= 0).all()
    assert places.min() == 1 and places.max() == 240
    assert (places[:, 3] - places[:, 1]).mean() < 120, "narrower than any order at all"


def test_no_number_was_fitted_on_its_own_answer(catalog, models):
    ranking = rank(catalog, models).set_index("item_id")
    new = catalog.ids[230:]
    assert (ranking.loc[new, "basis"] == "model").all()
    assert (ranking.drop(new)["basis"] == "out_of_fold").all()
    table = load_out_of_fold(models)
    table = table[(table["split"] == "grouped") & (table["model"] == "linear")]
    table = table.set_index("item_id")
    shared = ranking.loc[table.index, "predicted"]
    np.testing.assert_allclose(shared, table["predicted"])
    fitted = load_model(models).predict(catalog).set_index("item_id")["predicted"]
    np.testing.assert_allclose(ranking.loc[new, "predicted"], fitted[new])
    assert (fitted[table.index] != shared).mean() > 0.9


def test_the_target_is_never_read(catalog, models):
    frame = catalog.frame.assign(Sold=catalog.frame["Sold"].to_numpy()[::-1])
    changed = replace(catalog, frame=frame)
    pd.testing.assert_frame_equal(rank(changed, models), rank(catalog, models))
    bare = replace(
        catalog,
        frame=catalog.frame.drop(columns="Sold"),
        roles={c: r for c, r in catalog.roles.items() if c != "Sold"},
    )
    pd.testing.assert_frame_equal(rank(bare, models), rank(catalog, models))


def test_ties_are_ordered_by_id(models):
    frame = make_frame(12, seed=3)
    for column in frame.columns.drop("sku"):
        frame[column] = frame[column].iloc[0]
    ranking = rank(as_catalog(frame.sample(frac=1, random_state=0)), models)
    assert ranking["item_id"].tolist() == sorted(frame["sku"])


def test_a_catalog_with_fewer_columns_is_ranked_and_told(models):
    other = make_catalog(60, seed=6, drop=("Sold", "Colour", "Text"))
    ranking = rank(other, models)
    assert (ranking["basis"] == "model").all()
    assert ranking.attrs["missing_columns"] == ["Colour", "Text"]
    assert "this catalog has 6 of them" in ranking.attrs["notes"][0]


def test_a_changed_version_of_the_training_catalog_is_told(models):
    ranking = rank(make_catalog(240), models)
    assert (ranking["basis"] == "model").all()
    assert "230 items have ids that the model learned from" in ranking.attrs["notes"][0]


def test_other_currencies_are_told(catalog, tmp_path):
    train(replace(catalog, currency="EUR"), tmp_path / "m", models=["linear"])
    ranking = rank(replace(make_catalog(50, seed=2), currency="INR"), tmp_path / "m")
    assert "Prices are in INR here and were in EUR" in ranking.attrs["notes"][0]


def test_twenty_thousand_items_are_ranked_in_seconds(models):
    large = make_catalog(20_000, seed=9, drop=("Sold",))
    start = time.process_time()
    rank(large, models)
    assert time.process_time() - start < 8


def test_importing_it_costs_no_learning_library():
    code = (
        "import sys, core.popularity.ranking, core.popularity.scoreboard\n"
        "print({'torch', 'transformers', 'sklearn', 'scipy', 'plotly'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


def test_an_unknown_model_gives_a_sentence(catalog, models, tmp_path):
    with pytest.raises(ModelError, match=r"holds no model “deep”\. Choose from: linear\."):
        rank(catalog, models, "deep")
    with pytest.raises(ModelError, match="holds no model “image”"):
        rank(catalog, models, "image")
    with pytest.raises(ModelError, match="holds no trained models"):
        rank(catalog, tmp_path)


def test_the_training_catalog_is_scored_out_of_fold(catalog, models):
    result = evaluate(catalog, models)
    assert result.basis == "out_of_fold" and result.promoted == "linear"
    fitted = load_model(models)
    table = load_out_of_fold(models)
    table = table[(table["split"] == "forward") & (table["model"] == "linear")]
    assert result.items == table["item_id"].nunique()
    assert result.models["linear"]["spearman"]["value"] < 0.95
    assert set(result.models) == {"linear", "reference", "neighbours"}
    assert [f["label"] for f in result.folds["linear"] if f["split"] == "forward"]
    assert fitted.name == "linear"


def test_another_catalog_is_scored_on_items_that_were_not_learned_from(catalog, models):
    new = make_frame(60, seed=31)
    both = pd.concat([make_frame(240), new.assign(Style=new["Style"] + " new")])
    result = evaluate(as_catalog(both), models)
    known = set(make_frame(240)["Style"].iloc[:230])
    late = int((~make_frame(240)["Style"].iloc[230:].isin(known)).sum())
    assert result.basis == "unseen"
    assert result.items == 60 + late
    assert result.excluded == 240 - late


def test_nothing_unseen_gives_a_sentence(catalog, models):
    frame = make_frame(240).iloc[:200]
    with pytest.raises(ModelError, match="nothing unseen to score"):
        evaluate(as_catalog(frame), models)
    with pytest.raises(ModelError, match="no target column"):
        evaluate(make_catalog(50, seed=3, drop=("Sold",)), models)
