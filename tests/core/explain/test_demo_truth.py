"""Explanations against the process that the demo's sales were drawn from."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.catalog.catalog import load_catalog
from core.popularity.additive import AdditiveModel
from core.popularity.model import labelled_rows

DEMO = Path(__file__).resolve().parents[3] / "data" / "demo"


@pytest.fixture(scope="module")
def told_and_true():
    """Contributions by the metadata model, its outputs, and the true parts of every item's sales.

    Columns whose true effect is tied to others (price within a category, colours with a trend) are
    no fair test of a model without interactions; brand, season and words are.
    """
    catalog = load_catalog(DEMO)
    model = AdditiveModel("linear").fit(catalog, labelled_rows(catalog))
    true = pd.read_parquet(DEMO / "contributions.parquet").set_index("id").loc[catalog.ids]
    return model.contributions(catalog), model.output(catalog), true


@pytest.mark.parametrize("player", ["brand", "season", "description"])
def test_what_a_column_is_given_follows_what_it_truly_did(told_and_true, player):
    told, _, true = told_and_true
    assert np.corrcoef(told[player], true[player])[0, 1] > 0.55
    others = [c for c in ("brand", "season", "description") if c != player]
    for other in others:
        assert abs(np.corrcoef(told[player], true[other])[0, 1]) < 0.35


def test_the_whole_follows_the_noise_free_sales(told_and_true):
    _, output, true = told_and_true
    assert np.corrcoef(output, true["mean"])[0, 1] > 0.7
