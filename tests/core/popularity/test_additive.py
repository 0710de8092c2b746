import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.errors import ModelError
from core.popularity import additive
from core.popularity.additive import AdditiveModel
from core.popularity.metrics import spearman
from core.popularity.model import log_target
from tests.core.popularity.synthetic import as_catalog, make_catalog, make_frame

ROWS = np.arange(200)


@pytest.fixture(scope="module")
def catalog():
    return make_catalog(300)


@pytest.fixture(scope="module")
def linear(catalog):
    return AdditiveModel("linear").fit(catalog, ROWS)


@pytest.fixture
def photos(monkeypatch):
    """Vectors that tell the target, for the catalog at hand; every tenth item has no photo."""

    def vectors(catalog, checkpoint):
        rng = np.random.default_rng(5)
        found = rng.normal(size=(len(catalog), 8))
        if catalog.target() is not None:
            found[:, 0] += np.nan_to_num(log_target(catalog), nan=4.0) - 4
        found /= np.linalg.norm(found, axis=1, keepdims=True)
        found[::10] = np.nan
        return found

    monkeypatch.setattr(additive, "image_vectors", vectors)


def test_it_finds_what_was_put_in(catalog, linear):
    held_out = np.arange(200, 300)
    assert spearman(log_target(catalog)[held_out], linear.output(catalog, held_out)) > 0.7


def test_predictions_do_not_read_the_target_of_other_rows(catalog, linear):
    frame = catalog.frame.copy()
    frame.loc[200:, "Sold"] = np.random.default_rng(0).permutation(frame.loc[200:, "Sold"]) * 9
    other = replace(catalog, frame=frame)
    again = AdditiveModel("linear").fit(other, ROWS)
    np.testing.assert_array_equal(again.output(other), linear.output(catalog))


def test_ids_groups_late_and_nameless_columns_change_nothing(catalog, linear):
    rng = np.random.default_rng(1)
    frame = catalog.frame.copy()
    for column in ("sku", "Stars", "Returns", "Shelf"):
        frame[column] = frame[column].to_numpy()[rng.permutation(len(frame))]
    other = replace(catalog, frame=frame)
    again = AdditiveModel("linear").fit(other, ROWS)
    np.testing.assert_array_equal(again.output(other), linear.output(catalog))


def test_late_columns_are_read_when_asked_for(catalog, linear):
    late = AdditiveModel("linear", include_post_launch=True).fit(catalog, ROWS)
    held_out = np.arange(200, 300)
    y = log_target(catalog)[held_out]
    assert spearman(y, late.output(catalog, held_out)) > spearman(
        y, linear.output(catalog, held_out)
    )


def test_ranking_without_a_target_gives_the_same_numbers(catalog, linear):
    bare = make_catalog(300, drop=("Sold",))
    pd.testing.assert_frame_equal(linear.predict(bare), linear.predict(catalog))


def test_rows_choose_items(catalog, linear):
    some = np.array([7, 3, 250])
    whole = linear.predict(catalog)
    part = linear.predict(catalog, some)
    assert part["item_id"].tolist() == catalog.ids[some].tolist()
    expected = whole.iloc[some].reset_index(drop=True)
    pd.testing.assert_frame_equal(part, expected)


def test_contributions_sum_to_the_output(catalog, linear):
    total = linear.base_output() + linear.contributions(catalog).sum(axis=1)
    np.testing.assert_allclose(total, linear.output(catalog), atol=1e-10)
    assert linear.players == [
        "Type", "Colour", "season", "Price", "Weight", "Launch", "description",
    ]  # fmt: skip


def test_contributions_are_those_of_shap_added_up_by_column(catalog, linear):
    shap = pytest.importorskip("shap", reason="shap is a peer: requirements-peers.txt")
    design, background = linear._design(catalog, np.arange(20)), linear.background.among()
    few, many = (d.centred(np.arange(len(d.average)), linear.centre) for d in (design, background))
    explainer = shap.LinearExplainer(
        (linear.coefficients, linear.intercept), shap.maskers.Independent(many, len(many))
    )
    told = explainer.shap_values(few)
    grouped = np.column_stack([told[:, part].sum(axis=1) for part in design.slices])
    np.testing.assert_allclose(linear.contributions(catalog, np.arange(20)), grouped, atol=1e-9)
    assert explainer.expected_value == pytest.approx(linear.base_output())


def test_a_missing_column_is_the_same_for_all_and_is_named(linear):
    other = make_catalog(50, seed=4, drop=("Colour", "Text", "Name", "Price"))
    contributions = linear.contributions(other)
    missing = contributions[["Colour", "description", "Price"]]
    assert (missing == missing.iloc[0]).all(axis=None) and missing.abs().max(axis=None) < 0.05
    total = linear.base_output() + contributions.sum(axis=1)
    np.testing.assert_allclose(total, linear.output(other), atol=1e-10)
    assert linear.missing_columns(other) == ["Colour", "Price", "Name", "Text"]
    assert np.isfinite(linear.predict(other)["predicted"]).all()


def test_a_saved_model_predicts_the_same(catalog, linear, tmp_path):
    linear.save(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.json", "model.safetensors"]
    again = AdditiveModel.load(tmp_path)
    pd.testing.assert_frame_equal(again.predict(catalog), linear.predict(catalog))


def test_a_damaged_model_gives_a_sentence(linear, tmp_path):
    linear.save(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"\x80\x04not tensors")
    with pytest.raises(ModelError, match="Train it again"):
        AdditiveModel.load(tmp_path)


def test_coefficients_of_another_model_are_refused(linear, tmp_path):
    linear.save(tmp_path)
    file = tmp_path / "model.json"
    values = json.loads(file.read_text())
    next(block for block in values["blocks"] if block["kind"] == "levels")["levels"].pop()
    file.write_text(json.dumps(values))
    with pytest.raises(ModelError, match="do not fit the blocks"):
        AdditiveModel.load(tmp_path)
    linear.save(tmp_path)
    (tmp_path / "model.json").write_text('{"name": "linear"}')
    with pytest.raises(ModelError, match="Train it again"):
        AdditiveModel.load(tmp_path)


def test_the_image_model_reads_photos_and_misses_none_silently(catalog, photos, tmp_path):
    image = AdditiveModel("image", checkpoint="clip-test").fit(catalog, ROWS)
    assert image.players == ["image"]
    output = image.output(catalog)
    np.testing.assert_allclose(output[::10], image.intercept)
    seen = np.setdiff1d(np.arange(200, 300), np.arange(200, 300, 10))
    assert spearman(log_target(catalog)[seen], output[seen]) > 0.3
    image.save(tmp_path)
    again = AdditiveModel.load(tmp_path)
    pd.testing.assert_frame_equal(again.predict(catalog), image.predict(catalog))


def test_odd_cells_do_not_break_it(linear):
    frame = make_frame(60, seed=8)
    frame.loc[0, ["Name", "Text", "Type", "Colour", "season"]] = None
    frame.loc[1, "Price"], frame.loc[2, "Price"] = -5, np.inf
    frame.loc[3, "Launch"] = pd.NaT
    frame.loc[4, "Name"] = "🙂 " * 4000
    assert np.isfinite(linear.output(as_catalog(frame))).all()
