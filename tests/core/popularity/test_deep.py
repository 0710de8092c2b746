import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.catalog.roles import Role
from core.errors import ModelError
from core.explain.linear import column_effects, explain
from core.popularity import additive, deep, training
from core.popularity.additive import AdditiveModel
from core.popularity.deep import DeepModel
from core.popularity.metrics import spearman
from core.popularity.model import PREDICTION_COLUMNS, log_target
from core.popularity.ranking import load_model, rank
from core.popularity.training import train
from tests.core.popularity.synthetic import as_catalog, make_catalog, make_frame

ROWS = np.arange(300)
NEW = np.arange(300, 400)


@pytest.fixture(scope="module")
def catalog():
    """The colour sells or not by the type: an interaction that no sum of columns holds."""
    frame = make_frame(400)
    twist = np.where(frame["Colour"] == "red", 1.0, -1.0) * np.where(
        frame["Type"].isin(["dress", "coat"]), 1.0, -1.0
    )
    frame["Sold"] = np.round(frame["Sold"] * np.exp(twist))
    return as_catalog(frame)


@pytest.fixture(scope="module")
def model(catalog):
    return DeepModel().fit(catalog, ROWS)


@pytest.fixture
def photos(monkeypatch):
    """Vectors that tell the target; every tenth item has no photo."""

    def vectors(catalog, checkpoint):
        found = np.random.default_rng(5).normal(size=(len(catalog), 8))
        found[:, 0] += 2 * (np.nan_to_num(log_target(catalog), nan=4.0) - 4)
        found /= np.linalg.norm(found, axis=1, keepdims=True)
        found[::10] = np.nan
        return found

    for module in (additive, deep, training):
        monkeypatch.setattr(module, "image_vectors", vectors)


def test_it_learns_an_interaction_that_ridge_cannot(catalog, model):
    y = log_target(catalog)[NEW]
    ridge = AdditiveModel("linear").fit(catalog, ROWS)
    ours, theirs = (spearman(y, m.output(catalog, NEW)) for m in (model, ridge))
    assert ours > theirs + 0.1


def test_it_predicts_in_units_with_intervals(catalog, model):
    frame = model.predict(catalog, NEW)
    assert list(frame.columns) == ["item_id", *PREDICTION_COLUMNS]
    assert frame["item_id"].tolist() == catalog.ids[NEW].tolist()
    assert (np.diff(frame[["low", "low_80", "predicted", "high_80", "high"]]) >= 0).all()
    sold = np.expm1(log_target(catalog)[NEW])
    assert ((sold >= frame["low"]) & (sold <= frame["high"])).mean() > 0.75
    np.testing.assert_allclose(np.log1p(frame["predicted"]), model.output(catalog, NEW))


def test_the_targets_of_other_rows_are_never_read(catalog, model):
    frame = catalog.frame.copy()
    frame.loc[300:, "Sold"] = frame.loc[300:, "Sold"].to_numpy()[::-1] * 9
    again = DeepModel().fit(replace(catalog, frame=frame), ROWS)
    np.testing.assert_array_equal(again.output(catalog), model.output(catalog))
    bare = as_catalog(catalog.frame.drop(columns="Sold"))
    np.testing.assert_array_equal(model.output(bare), model.output(catalog))


def test_identifiers_groups_and_late_columns_change_nothing(catalog, model):
    frame = catalog.frame.copy()
    for column in ("sku", "Stars", "Returns", "Shelf"):
        frame[column] = frame[column].to_numpy()[::-1]
    again = DeepModel().fit(replace(catalog, frame=frame), ROWS)
    np.testing.assert_array_equal(again.output(catalog), model.output(catalog))


def test_a_saved_model_predicts_the_same(catalog, model, tmp_path):
    model.save(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.json", "model.safetensors"]
    again = DeepModel.load(tmp_path)
    pd.testing.assert_frame_equal(again.predict(catalog), model.predict(catalog))
    assert again.players == model.players


def test_a_damaged_model_gives_a_sentence(model, tmp_path):
    model.save(tmp_path)
    file = tmp_path / "model.json"
    values = json.loads(file.read_text())
    next(block for block in values["blocks"] if block["kind"] == "levels")["levels"].pop()
    file.write_text(json.dumps(values))
    with pytest.raises(ModelError, match="do not fit the blocks"):
        DeepModel.load(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ModelError, match="Train it again"):
        DeepModel.load(tmp_path)


def test_missing_cells_columns_and_unknown_levels_are_cases(catalog, model):
    other = make_catalog(50, seed=4, drop=("Colour", "Text", "Name", "Price", "Sold"))
    assert model.missing_columns(other) == ["Colour", "Price", "Name", "Text"]
    terms = dict(zip(model.players, model.terms(other, np.arange(50)), strict=True))
    assert (terms["Colour"] == 0).all() and (terms["description"] == 0).all()
    frame = make_frame(20, seed=8)
    frame.loc[0, ["Name", "Text", "Type", "Colour", "season"]] = None
    frame.loc[1, "Price"], frame.loc[2, "Launch"] = -5, pd.NaT
    frame["Type"] = frame["Type"].astype(object)
    frame.loc[3, "Type"] = "never seen"
    odd = as_catalog(frame)
    assert np.isfinite(model.output(odd)).all()
    terms = dict(zip(model.players, model.terms(odd, np.arange(4)), strict=True))
    assert (terms["Type"][3] == 0).all() and (terms["Type"][1] != 0).any()


def test_a_photo_helps_and_its_absence_is_no_error(catalog, model, photos, tmp_path):
    seeing = DeepModel(checkpoint="clip-test").fit(catalog, ROWS)
    assert seeing.players == [*model.players, "image"]
    y, output = log_target(catalog), seeing.output(catalog)
    shown = np.setdiff1d(NEW, np.arange(0, 400, 10))
    assert spearman(y[shown], output[shown]) > spearman(y[shown], model.output(catalog, shown))
    blind = NEW[NEW % 10 == 0]
    assert (seeing.terms(catalog, blind)[-1] == 0).all()
    assert spearman(y[blind], output[blind]) > 0.3, "the other columns still tell"
    seeing.save(tmp_path)
    np.testing.assert_array_equal(DeepModel.load(tmp_path).output(catalog), output)


def test_values_of_players_add_up_to_the_prediction(catalog, model):
    rows = NEW[:5]
    values = model.contributions(catalog, rows)
    total = model.base_output() + values.sum(axis=1)
    np.testing.assert_allclose(total, model.output(catalog, rows), atol=1e-9)
    explanation = explain(model, catalog, 3)
    assert explanation.gap < 1e-9
    assert [p.player for p in explanation.parts] == model.players
    effects = column_effects(model, "Price", catalog)
    assert effects["effect"].iloc[0] > effects["effect"].iloc[-1]


def test_a_column_of_seasons_that_never_come_again_is_not_read(catalog, model):
    season = pd.cut(catalog.frame["Launch"], 6, labels=[f"S{i}" for i in range(6)])
    frame = catalog.frame.assign(Collection=season.astype(str))
    roles = {**catalog.roles, "Collection": Role.ATTRIBUTE}
    seasonal = replace(catalog, frame=frame, roles=roles)
    assert DeepModel().fit(seasonal, ROWS).players == model.players
    undated = replace(seasonal, roles={**roles, "Launch": Role.NUMBER})
    assert "Collection" in DeepModel().fit(undated, ROWS).players


def test_the_same_items_give_the_same_model(catalog, model):
    again = DeepModel().fit(catalog, ROWS)
    np.testing.assert_array_equal(again.output(catalog), model.output(catalog))


def test_more_items_than_centres_are_learned_from(catalog, model, monkeypatch):
    monkeypatch.setattr(deep, "CENTRES", 60)
    monkeypatch.setattr(deep, "SEARCHED", 150)
    small = DeepModel().fit(catalog, ROWS)
    assert len(small.kernel) == 60
    y = log_target(catalog)[NEW]
    assert spearman(y, small.output(catalog, NEW)) > spearman(y, model.output(catalog, NEW)) - 0.1


def test_it_is_trained_scored_and_ranks_beside_the_others(catalog, tmp_path):
    board = train(catalog, tmp_path / "m", models=["linear", "deep"])
    assert board.promoted == "deep"
    assert isinstance(load_model(tmp_path / "m"), DeepModel)
    ranking = rank(catalog, tmp_path / "m")
    assert ranking["model"].unique().tolist() == ["deep"]
    assert (ranking["basis"] == "out_of_fold").all()
    assert "product kernel" in (tmp_path / "m" / "deep" / "card.md").read_text()


def test_predicting_needs_no_torch(model, tmp_path):
    model.save(tmp_path)
    code = (
        "import sys\nfrom pathlib import Path\nfrom core.popularity.deep import DeepModel\n"
        "from tests.core.popularity.synthetic import make_catalog\n"
        f"DeepModel.load(Path({str(tmp_path)!r})).predict(make_catalog(50))\n"
        "print('torch' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


def test_missing_photos_that_would_spoil_the_kernel_are_a_case(catalog, monkeypatch):
    def vectors(catalog, checkpoint):
        rng = np.random.default_rng(1)
        found = rng.normal(size=16) * 3 + rng.normal(size=(len(catalog), 16))
        found[::10] = rng.normal(size=(len(found[::10]), 16)) * 4
        found /= np.linalg.norm(found, axis=1, keepdims=True)
        found[5::10] = np.nan
        return found

    for module in (additive, deep, training):
        monkeypatch.setattr(module, "image_vectors", vectors)
    plain = replace(catalog, roles={"sku": Role.ID, "Type": Role.CATEGORY, "Sold": Role.TARGET})
    for power in (0.1, 1.0, 3.0):
        frame = plain.frame.assign(Sold=plain.frame["Sold"] ** power)
        model = DeepModel(checkpoint="clip").fit(replace(plain, frame=frame), ROWS)
        assert np.isfinite(model.output(plain)).all()


def test_credit_is_finite_where_a_number_has_one_outlier(catalog):
    stock = np.arange(400) % 50
    stock[7] = 99_999
    frame = catalog.frame.assign(Stock=stock)
    roles = {"sku": Role.ID, "Type": Role.CATEGORY, "Stock": Role.NUMBER, "Sold": Role.TARGET}
    odd = replace(catalog, frame=frame, roles=roles)
    model = DeepModel().fit(odd, ROWS)
    values = model.contributions(odd, np.arange(6, 10))
    assert np.isfinite(values.to_numpy()).all()
    total = model.base_output() + values.sum(axis=1)
    np.testing.assert_allclose(total, model.output(odd, np.arange(6, 10)), atol=1e-6)


def test_columns_stay_where_most_items_share_a_date(catalog, model):
    for share in (0, 30):
        dates = catalog.frame["Launch"].copy()
        dates.iloc[share:] = pd.Timestamp("2024-03-01")
        dropped = replace(catalog, frame=catalog.frame.assign(Launch=dates))
        assert {"Type", "Colour"} <= set(DeepModel().fit(dropped, ROWS).players)
