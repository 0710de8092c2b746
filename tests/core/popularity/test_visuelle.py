"""The metadata model on real fast-fashion sales, where the data is at hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.catalog.catalog import Catalog, conform
from core.catalog.roles import Role
from core.popularity.additive import AdditiveModel
from core.popularity.metrics import spearman
from core.popularity.model import log_target
from core.popularity.reference import CategoryMean
from core.popularity.splits import forward_folds

TABLE = Path(__file__).resolve().parents[3] / "../shared/data/visuelle/train.csv"
WEEKS = [str(week) for week in range(12)]
ROLES = {
    "external_code": Role.ID,
    "category": Role.CATEGORY,
    "season": Role.ATTRIBUTE,
    "color": Role.ATTRIBUTE,
    "fabric": Role.ATTRIBUTE,
    "extra": Role.ATTRIBUTE,
    "release_date": Role.RELEASE_DATE,
    "units": Role.TARGET,
}


@pytest.mark.shared
@pytest.mark.skipif(not TABLE.is_file(), reason="the VISUELLE table is not beside the checkout")
def test_later_seasons_are_ranked_better_than_by_their_category():
    table = pd.read_csv(TABLE)
    table["units"] = (table[WEEKS].sum(axis=1) * 1065).round()
    catalog = Catalog(Path("nowhere"), "visuelle", conform(table.drop(columns=WEEKS), ROLES), ROLES)
    folds = forward_folds(catalog, np.arange(len(catalog)))
    assert [fold.label for fold in folds] == ["SS18", "AW18", "SS19", "AW19"]
    y = log_target(catalog)
    for fold in folds:
        found = AdditiveModel("linear").fit(catalog, fold.train).output(catalog, fold.test)
        plain = CategoryMean().fit(catalog, fold.train).output(catalog, fold.test)
        ours, theirs = (spearman(y[fold.test], output) for output in (found, plain))
        assert 0.15 < ours < 0.5, "much more than the literature finds would be a leak"
        assert ours > theirs
