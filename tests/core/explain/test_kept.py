from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from core.cache import open_cache
from core.explain.kept import PIECE, KeptContributions
from core.explain.linear import explain
from core.popularity.additive import AdditiveModel
from tests.core.popularity.synthetic import make_catalog


@pytest.fixture(scope="module")
def catalog():
    return make_catalog(100)


@pytest.fixture
def model(catalog):
    return AdditiveModel("linear").fit(catalog, np.arange(len(catalog)))


@pytest.fixture
def cache(tmp_path):
    return open_cache(tmp_path)


def test_they_are_the_models_and_told_of_as_they_come(catalog, model, cache):
    kept, told = KeptContributions(model, catalog, "v1", cache), []
    found = kept.compute(lambda *counts: told.append(counts))
    pd.testing.assert_frame_equal(found, model.contributions(catalog), check_exact=False)
    assert told == [(32, 100), (64, 100), (96, 100), (100, 100)]


def test_a_stopped_run_goes_on_where_it_was(catalog, model, cache, monkeypatch):
    kept = KeptContributions(model, catalog, "v1", cache)

    def stop(done, total):
        if done == 2 * PIECE:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept.compute(stop)
    assert kept.item(2 * PIECE - 1) is not None and kept.item(2 * PIECE) is None
    assert kept.known() == 2 * PIECE
    asked = []
    own = model.contributions
    monkeypatch.setattr(model, "contributions", lambda c, rows: asked.extend(rows) or own(c, rows))
    kept.compute()
    assert asked == list(range(2 * PIECE, 100)) and kept.known() == 100
    assert KeptContributions(model, catalog, "v1", cache).item(99) is not None


def test_an_item_is_explained_from_what_is_kept(catalog, model, cache):
    kept = KeptContributions(model, catalog, "v1", cache)
    kept.compute()
    told = explain(model, catalog, 70, values=kept.item(70))
    assert told.parts == explain(model, catalog, 70).parts and told.gap < 1e-9


def test_another_model_run_background_or_catalog_is_computed_again(catalog, model, cache):
    KeptContributions(model, catalog, "v1", cache).compute()
    assert KeptContributions(model, catalog, "v2", cache).item(0) is None
    other = replace(catalog, content_hash="another")
    assert KeptContributions(model, other, "v1", cache).item(0) is None
    again = AdditiveModel("linear").fit(catalog, np.arange(90))
    assert KeptContributions(again, catalog, "v1", cache).item(0) is None
    assert KeptContributions(model, catalog, "v1", cache).item(0) is not None
    with pytest.raises(ValueError, match="content hash"):
        KeptContributions(model, replace(catalog, content_hash=""), "v1", cache)


def test_each_training_run_has_its_own(catalog, model, cache, monkeypatch):
    monkeypatch.setattr("core.explain.kept.artefacts", lambda: cache)
    board = SimpleNamespace(data_hash="abc", date="2026-11-27T10:00:00+00:00")
    KeptContributions.of(model, catalog, board).compute()
    assert KeptContributions.of(model, catalog, board).known() == len(catalog)
    for change in ({"data_hash": "abd"}, {"date": "2026-11-27T10:00:01+00:00"}):
        other = SimpleNamespace(**vars(board) | change)
        assert KeptContributions.of(model, catalog, other).known() == 0
    monkeypatch.setattr(AdditiveModel, "exact", False)
    assert KeptContributions.of(model, catalog, board).known() == 0, "other values, by modality"


def test_other_photos_of_the_same_names_are_computed_again(catalog, model, cache, monkeypatch):
    monkeypatch.setattr("core.explain.kept.embeddings_version", lambda c, checkpoint: checkpoint)
    KeptContributions(model, catalog, "v1", cache).compute()
    model.checkpoint = "photos as they are now"
    assert KeptContributions(model, catalog, "v1", cache).known() == 0
