import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.errors import CatalogError, CheckpointMissing, ModelError
from core.popularity import additive, training
from core.popularity.additive import AdditiveModel
from core.popularity.blend import BlendModel
from core.popularity.card import coverage_text
from core.popularity.model import log_target
from core.popularity.ranking import load_model
from core.popularity.scoreboard import ModelScores, load_out_of_fold, load_scoreboard
from core.popularity.splits import forward_folds
from core.popularity.training import train, with_target
from tests.core.popularity.synthetic import as_catalog, make_catalog, make_frame


@pytest.fixture(scope="module")
def catalog():
    return make_catalog(240)


@pytest.fixture(scope="module")
def trained(catalog, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "made"
    steps = []
    board = train(catalog, folder, models=["linear"], on_progress=lambda s, m: steps.append((s, m)))
    return folder, board, steps


def test_the_folder_holds_what_the_design_says(trained):
    folder, board, _ = trained
    assert sorted(p.name for p in folder.iterdir()) == [
        "README.md",
        "linear",
        "out_of_fold.parquet",
        "scoreboard.json",
    ]
    assert sorted(p.name for p in (folder / "linear").iterdir()) == [
        "card.json",
        "card.md",
        "model.json",
        "model.safetensors",
    ]
    assert load_scoreboard(folder) == board


def test_the_scoreboard_says_what_was_learned_from_what(trained, catalog):
    _, board, _ = trained
    assert board.data_hash == catalog.content_hash
    assert (board.target, board.unit, board.items) == ("Sold", "units", 240)
    assert board.promoted == "linear" and board.trained == ["linear"]
    assert {c["name"] for c in board.columns}.isdisjoint({"sku", "Style", "Stars", "Sold"})
    assert "S2, S3, S4, S5" in board.split
    linear, reference = (board.models[m].headline["spearman"] for m in ("linear", "reference"))
    assert linear["low"] < linear["value"] < linear["high"]
    nearest = board.models["neighbours"].headline["spearman"]
    assert linear["value"] > max(reference["value"], nearest["value"]) + 0.1
    assert board.compared == ["reference", "neighbours"]


def test_every_training_item_has_one_prediction_by_a_model_that_had_not_seen_it(trained, catalog):
    folder, _, _ = trained
    table = load_out_of_fold(folder)
    own = table[(table["model"] == "linear") & (table["split"] == "grouped")]
    assert sorted(own["item_id"]) == sorted(catalog.ids)
    sold = catalog.frame.set_index("sku")["Sold"].loc[own["item_id"]]
    np.testing.assert_allclose(own["actual"], sold, rtol=1e-6)


def test_out_of_fold_predictions_are_those_of_a_model_fitted_without_the_fold(trained, catalog):
    folder, _, _ = trained
    table = load_out_of_fold(folder)
    fold = table[(table["model"] == "linear") & (table["fold"] == "S5")]
    test = catalog.ids.get_indexer(pd.Index(fold["item_id"]))
    first_day = catalog.frame["Launch"].iloc[test].min()
    past = np.flatnonzero(catalog.frame["Launch"] < first_day)
    again = AdditiveModel("linear").fit(catalog, past).predict(catalog, test)
    np.testing.assert_allclose(fold["predicted"], again["predicted"], rtol=1e-5)


def test_the_targets_of_held_out_items_do_not_reach_their_predictions(catalog, tmp_path):
    frame = catalog.frame.copy()
    last = frame["season"] == "S5"
    frame.loc[last, "Sold"] = frame.loc[last, "Sold"].to_numpy()[::-1] * 3 + 1
    kept = ["item_id", "predicted", "low", "high"]
    tables = []
    for i, data in enumerate((catalog.frame, frame)):
        train(as_catalog(data), tmp_path / str(i), models=["linear"])
        table = load_out_of_fold(tmp_path / str(i))
        tables.append(table[(table["split"] == "forward") & (table["fold"] == "S5")][kept])
    pd.testing.assert_frame_equal(*tables)


def test_training_twice_gives_the_same(trained, catalog, tmp_path):
    folder, _, _ = trained
    train(catalog, tmp_path / "again", models=["linear"])
    for name in ("out_of_fold.parquet", "linear/model.safetensors", "linear/model.json"):
        assert (folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_progress_ends_at_one(trained):
    shares = [share for share, _ in trained[2]]
    assert shares == sorted(shares) and shares[-1] == 1


def test_the_card_tells_data_split_scores_and_date(trained, catalog):
    folder, board, _ = trained
    text = (folder / "linear" / "card.md").read_text()
    for part in (catalog.content_hash, board.date, board.split, "Spearman", "not cause"):
        assert part in text
    readme = (folder / "README.md").read_text()
    assert catalog.content_hash in readme and "[linear](linear/card.md), ranks" in readme
    values = json.loads((folder / "linear" / "card.json").read_text())
    assert values["scores"]["forward"]["spearman"]["value"] == pytest.approx(
        board.models["linear"].forward["spearman"]["value"]
    )


def test_the_card_tells_what_the_intervals_are_of_and_how_they_held(trained):
    folder, board, _ = trained
    text = (folder / "linear" / "card.md").read_text()
    assert "errors on later seasons and held-out items, each tail by itself" in text
    folds = [f for f in board.models["linear"].folds if f["split"] == "forward"]
    table = load_out_of_fold(folder)
    for fold in folds:
        own = table[(table["model"] == "linear") & (table["fold"] == fold["label"])]
        share = own["actual"].between(own["low"], own["high"]).mean()
        assert fold["coverage_90"]["value"] == pytest.approx(share, abs=1e-5)
        assert f"{fold['label']} {share:.0%}" in coverage_text(board.models["linear"])
    held = board.models["linear"].forward["rank_coverage_80"]["value"]
    assert f"80 % ranges of places held {held:.0%} of actual places" in text
    assert "set again with its errors" in text and "Actual ranks inside the 80 % range" in text


def test_a_season_whose_intervals_missed_is_called_so():
    def fold(label, value, low, high):
        spread = {"value": value, "low": low, "high": high}
        return {"split": "forward", "label": label, "coverage_90": spread}

    folds = [fold("SS1", 0.97, 0.95, 0.99), fold("AW1", 0.8, 0.7, 0.88), fold("SS2", 0.9, 0.8, 1)]
    scores = ModelScores({"coverage_90": {"value": 0.89}}, {}, folds)
    assert coverage_text(scores).endswith("SS1 97% (too wide), AW1 80% (too narrow), SS2 90%.")
    undated = ModelScores({}, {"coverage_90": {"value": 0.91}}, [])
    assert "held 91% of the actual values of held-out styles" in coverage_text(undated)


def test_intervals_cover_new_items_about_as_often_as_they_say(trained):
    folder = trained[0]
    model = AdditiveModel.load(folder / "linear")
    assert model.calibration.source == "later seasons and held-out items"
    new = make_catalog(3000, seed=77)
    predicted = model.predict(new)
    sold = np.expm1(log_target(new))
    inside_90 = ((sold >= predicted["low"]) & (sold <= predicted["high"])).mean()
    inside_80 = ((sold >= predicted["low_80"]) & (sold <= predicted["high_80"])).mean()
    assert 0.85 <= inside_90 <= 0.97
    assert 0.74 <= inside_80 <= 0.90
    assert sold.mean() == pytest.approx(predicted["expected"].mean(), rel=0.15)


def test_without_dates_the_split_is_by_item_and_says_so(tmp_path):
    board = train(make_catalog(120, drop=("Launch",)), tmp_path / "m", models=["linear"])
    assert "no release dates" in board.split
    assert board.models["linear"].forward == {}
    assert board.models["linear"].headline["spearman"]["value"] > 0


def test_the_model_with_the_better_forward_score_is_promoted(catalog, tmp_path, monkeypatch):
    def vectors(catalog, checkpoint):
        rng = np.random.default_rng(5)
        found = rng.normal(size=(len(catalog), 6))
        found[:, 0] = (log_target(catalog) - 4) * 3
        return found

    for module in (additive, training):
        monkeypatch.setattr(module, "image_vectors", vectors)
    monkeypatch.setattr(training, "embed_photos", lambda catalog, **_: "clip-test")
    board = train(catalog, tmp_path / "m", models=["linear", "image"])
    assert board.promoted == "image" and board.trained[:2] == ["image", "linear"]
    assert (tmp_path / "m" / "image" / "model.safetensors").is_file()
    assert AdditiveModel.load(tmp_path / "m" / "image").checkpoint == "clip-test"


def half_told(catalog, checkpoint):
    """Photos that show some of what sold, and noise."""
    rng = np.random.default_rng(5)
    found = rng.normal(size=(len(catalog), 6))
    found[:, 0] += 0.6 * (log_target(catalog) - 4)
    return found


@pytest.fixture(scope="module")
def blended(tmp_path_factory):
    catalog = make_catalog(240, noise=0.8)
    patch = pytest.MonkeyPatch()
    for module in (additive, training):
        patch.setattr(module, "image_vectors", half_told)
    patch.setattr(training, "embed_photos", lambda catalog, **_: "clip-test")
    folder = tmp_path_factory.mktemp("models") / "blended"
    yield catalog, folder, train(catalog, folder, models=["linear", "image"])
    patch.undo()


def test_two_models_are_blended_and_scored_on_items_that_neither_had_seen(blended):
    catalog, folder, board = blended
    assert set(board.trained) == {"linear", "image", "blend"} and not board.skipped
    assert board.promoted == "blend"
    assert "Made of" in board.models["blend"].note
    fold = forward_folds(catalog, np.arange(240))[-1]
    table = load_out_of_fold(folder)
    own = table[(table["model"] == "blend") & (table["fold"] == fold.label)]
    members = {
        "linear": AdditiveModel("linear"),
        "image": AdditiveModel("image", checkpoint="clip-test"),
    }
    again = BlendModel(members).fit(catalog, fold.train).output(catalog, fold.test)
    np.testing.assert_allclose(np.log1p(own["predicted"]), again, rtol=1e-5)


def test_a_blend_is_loaded_ranks_and_has_a_card(blended):
    catalog, folder, _ = blended
    model = load_model(folder)
    assert isinstance(model, BlendModel)
    for name in ("linear", "image"):
        alone, member = load_model(folder, name), model.members[name]
        np.testing.assert_allclose(member.output(catalog), alone.output(catalog))
    assert model.calibration.source == "later seasons and held-out items"
    card = (folder / "blend" / "card.md").read_text()
    assert "weighted mean" in card and model.mix in card and "This is the model that ranks" in card
    readme = (folder / "README.md").read_text()
    assert "[blend](blend/card.md), ranks" in readme and "--models linear image blend" in readme
    assert "mean of the most alike items, to compare" in readme


def test_a_blend_that_loses_in_training_is_not_kept(tmp_path, monkeypatch):
    def noise(catalog, checkpoint):
        return np.random.default_rng(5).normal(size=(len(catalog), 6))

    for module in (additive, training):
        monkeypatch.setattr(module, "image_vectors", noise)
    monkeypatch.setattr(training, "embed_photos", lambda catalog, **_: "clip-test")
    board = train(make_catalog(240), tmp_path / "m", models=["linear", "image"])
    assert board.trained == ["linear", "image"] and "blend" not in board.models
    assert "the linear model alone" in board.skipped["blend"]
    assert not (tmp_path / "m" / "blend").exists()


def test_what_late_columns_add_stands_on_lines_of_its_own(trained, catalog, tmp_path):
    board = train(catalog, tmp_path / "m", models=["linear"], include_post_launch=True)
    assert board.trained == ["linear"] and board.promoted == "linear"
    assert board.compared == ["linear_at_launch", "reference", "neighbours"]
    late, launch = (board.models[m].forward["spearman"] for m in ("linear", "linear_at_launch"))
    assert late["value"] > launch["value"] + 0.1, "the stars tell"
    assert launch == trained[1].models["linear"].forward["spearman"]
    assert "Stars" in load_model(tmp_path / "m").players
    assert not (tmp_path / "m" / "linear_at_launch").exists()
    readme = (tmp_path / "m" / "README.md").read_text()
    assert "linear without columns known after launch, to compare" in readme


def test_a_model_that_cannot_be_trained_is_left_out_with_its_reason(catalog, tmp_path, monkeypatch):
    def missing(catalog, **_):
        raise CheckpointMissing("There is no CLIP checkpoint here.")

    monkeypatch.setattr(training, "embed_photos", missing)
    board = train(catalog, tmp_path / "m", models=["linear", "image"], skip_unavailable=True)
    assert board.skipped == {"image": "There is no CLIP checkpoint here."}
    assert board.trained == ["linear"], "nothing to blend"
    with pytest.raises(CheckpointMissing, match="no CLIP"):
        train(catalog, tmp_path / "other", models=["image"])


def test_another_column_can_be_the_target(catalog, tmp_path):
    other = with_target(catalog, "Shelf")
    assert other.target().name == "Shelf" and "Sold" not in other.roles
    board = train(catalog, tmp_path / "m", models=["linear"], target="Shelf")
    assert board.target == "Shelf"
    with pytest.raises(CatalogError, match="no column “Likes”"):
        with_target(catalog, "Likes")
    with pytest.raises(CatalogError, match="something else than numbers"):
        with_target(catalog, "Name")


def test_wrong_calls_give_a_sentence(catalog, tmp_path):
    with pytest.raises(ModelError, match="no model “wide”"):
        train(catalog, tmp_path / "m", models=["wide"])
    with pytest.raises(ModelError, match="at least two models"):
        train(catalog, tmp_path / "m", models=["linear", "blend"])
    with pytest.raises(ModelError, match="no target column"):
        train(make_catalog(drop=("Sold",)), tmp_path / "m")
    bare = make_catalog(drop=("Type", "Colour", "season", "Price", "Weight", "Name", "Text"))
    bare = as_catalog(bare.frame.drop(columns="Launch"))
    with pytest.raises(ModelError, match="no column that the linear model"):
        train(bare, tmp_path / "m", models=["linear"])
    few = as_catalog(make_frame().assign(Style=[f"s{i % 5}" for i in range(240)]))
    with pytest.raises(ModelError, match="only 5 styles"):
        train(few, tmp_path / "m", models=["linear"])
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.txt").write_text("mine")
    with pytest.raises(ModelError, match="something other than trained models"):
        train(catalog, tmp_path / "photos", models=["linear"])
    assert (tmp_path / "photos" / "a.txt").read_text() == "mine"


def test_a_failed_run_leaves_the_old_models(trained, catalog, monkeypatch):
    folder, board, _ = trained

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(training, "write_card", fail)
    with pytest.raises(OSError, match="disk full"):
        train(catalog, folder, models=["linear"])
    assert load_scoreboard(folder) == board
    assert [p.name for p in folder.parent.iterdir()] == [folder.name]


def test_a_run_killed_between_its_two_renames_loses_nothing(trained, catalog, monkeypatch):
    folder, board, _ = trained
    rename = Path.rename

    def killed(path, target):
        if ".new-" in path.name and Path(target) == folder:
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", killed)
    with pytest.raises(KeyboardInterrupt):
        train(catalog, folder, models=["linear"])
    monkeypatch.undo()
    assert not folder.exists()
    assert load_scoreboard(folder) == board
    assert len(load_out_of_fold(folder)) and AdditiveModel.load(folder / "linear")


def test_too_few_photos_give_a_sentence(catalog, tmp_path, monkeypatch):
    def vectors(catalog, checkpoint):
        found = np.full((len(catalog), 6), np.nan)
        found[:30] = 0.4
        return found

    for module in (additive, training):
        monkeypatch.setattr(module, "image_vectors", vectors)
    monkeypatch.setattr(training, "embed_photos", lambda catalog, **_: "clip-test")
    with pytest.raises(ModelError, match=r"Only 30 items .* both a target and a photo"):
        train(catalog, tmp_path / "m", models=["image"])
    named = ["linear", "image", "blend"]
    skipped = train(catalog, tmp_path / "m", models=named, skip_unavailable=True).skipped
    assert "Only 30 items" in skipped["image"] and "a blend needs two" in skipped["blend"]


def test_a_damaged_scoreboard_gives_a_sentence(tmp_path):
    with pytest.raises(ModelError, match="holds no trained models"):
        load_scoreboard(tmp_path)
    (tmp_path / "scoreboard.json").write_text("[1, 2")
    with pytest.raises(ModelError, match="cannot be read"):
        load_scoreboard(tmp_path)
    (tmp_path / "scoreboard.json").write_text('{"models": []}')
    with pytest.raises(ModelError, match="cannot be read"):
        load_scoreboard(tmp_path)
    with pytest.raises(ModelError, match="cannot be read"):
        load_out_of_fold(tmp_path)
