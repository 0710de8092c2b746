"""The learning curve against fits by hand."""

import json
from dataclasses import replace

import numpy as np
import pytest

from core.errors import ModelError
from core.popularity.additive import AdditiveModel
from core.popularity.learning_curve import (
    FILE,
    SHARES,
    _samples,
    compute_learning_curve,
    load_learning_curve,
)
from core.popularity.metrics import spearman
from core.popularity.scoreboard import load_scoreboard
from core.popularity.splits import forward_folds, group_codes
from core.popularity.training import train
from tests.core.popularity.synthetic import make_catalog


@pytest.fixture(scope="module")
def catalog():
    return make_catalog(300)


@pytest.fixture
def models(catalog, tmp_path, trained):
    import shutil

    shutil.copytree(trained, tmp_path / "made")
    return tmp_path / "made"


@pytest.fixture(scope="module")
def trained(catalog, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "made"
    train(catalog, folder, models=["linear"])
    return folder


def test_the_last_season_is_predicted_from_shares_of_the_past(catalog, models):
    steps = []
    curve = compute_learning_curve(
        catalog, models, draws=2, on_progress=lambda s, m: steps.append((s, m))
    )
    assert load_learning_curve(models) == curve
    assert curve.trained == load_scoreboard(models).date
    fold = forward_folds(catalog, np.arange(300))[-1]
    assert (curve.split, curve.label, curve.scored_on) == ("forward", "S5", len(fold.test))
    shares = [p.share for p in curve.points]
    assert shares == sorted(shares) and shares.count(1.0) == 1 and shares.count(0.7) == 2
    assert min(p.items for p in curve.points) >= 40, "less is not trained on"
    full = curve.points[-1]
    sold = catalog.target().to_numpy()[fold.test]
    by_hand = AdditiveModel("linear").fit(catalog, fold.train).output(catalog, fold.test)
    assert full.items == len(fold.train)
    assert full.spearman == pytest.approx(spearman(sold, by_hand), abs=1e-6)
    board = load_scoreboard(models)
    stored = next(f for f in board.models["linear"].folds if f["label"] == "S5")
    assert full.spearman == pytest.approx(stored["spearman"]["value"], abs=1e-6)
    told = [share for share, _ in steps]
    assert told == sorted(told) and told[-1] == 1
    assert f"learns from {full.items} of {full.items} items" in steps[-2][1]


def test_samples_hold_whole_styles_the_smaller_inside_the_larger(catalog):
    groups = group_codes(catalog)
    rows = np.arange(300)
    samples = _samples(rows, groups, 3)
    for share, draw, chosen in samples:
        rest = np.setdiff1d(rows, chosen)
        assert not set(groups[chosen]) & set(groups[rest])
        assert share * 300 <= len(chosen) < share * 300 + np.bincount(groups).max() or share == 1
        larger = [c for s, d, c in samples if d == draw and s > share]
        assert all(np.isin(chosen, c).all() for c in larger)
    first = [next(c for s, d, c in samples if (s, d) == (0.4, draw)) for draw in range(2)]
    assert set(first[0]) != set(first[1]), "draws differ"
    assert {s for s, _, _ in samples} == {s for s in SHARES if s >= 0.2}, "30 items are too few"


def test_computing_it_twice_gives_the_same(catalog, models):
    first = compute_learning_curve(catalog, models, draws=1)
    again = compute_learning_curve(catalog, models, draws=1)
    assert first.points == again.points


def test_without_dates_held_out_styles_are_predicted(tmp_path):
    catalog = make_catalog(120, drop=("Launch",))
    train(catalog, tmp_path / "m", models=["linear"])
    curve = compute_learning_curve(catalog, tmp_path / "m", draws=1)
    assert (curve.split, curve.label, curve.scored_on) == ("grouped", "1", 24)


def test_a_run_that_is_stopped_leaves_what_was_there(catalog, models):
    before = compute_learning_curve(catalog, models, draws=1)

    def stop(share, message):
        if share > 0.5:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        compute_learning_curve(catalog, models, draws=2, on_progress=stop)
    assert load_learning_curve(models) == before
    assert not [p for p in models.iterdir() if p.name.startswith(".")]


def test_the_curve_of_another_training_run_is_not_shown(catalog, models):
    assert load_learning_curve(models) is None
    compute_learning_curve(catalog, models, draws=1)
    replace(load_scoreboard(models), date="2030-01-01T00:00:00+00:00").save(models)
    assert load_learning_curve(models) is None


def test_models_that_are_trained_again_meanwhile_get_no_foreign_curve(catalog, models):
    def trained_again(share, message):
        replace(load_scoreboard(models), date="2030-01-01T00:00:00+00:00").save(models)

    with pytest.raises(ModelError, match="trained again meanwhile"):
        compute_learning_curve(catalog, models, draws=1, on_progress=trained_again)
    assert not (models / FILE).exists()


def test_another_catalog_and_an_unknown_model_give_a_sentence(catalog, models):
    with pytest.raises(ModelError, match="not on the catalog “made-9”"):
        compute_learning_curve(make_catalog(60, seed=9), models)
    with pytest.raises(ModelError, match="no model “deep”"):
        compute_learning_curve(catalog, models, models=["deep"])


def test_a_damaged_file_gives_a_sentence(models):
    (models / FILE).write_text(json.dumps({"trained": "x"}))
    with pytest.raises(ModelError, match="Compute it again"):
        load_learning_curve(models)
