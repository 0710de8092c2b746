import numpy as np
import pytest

from core.popularity.model import log_target
from core.popularity.out_of_fold import predict_out_of_fold
from core.popularity.reference import CategoryMean
from core.popularity.splits import Fold, forward_folds, grouped_folds
from tests.core.popularity.synthetic import make_catalog

ROWS = np.arange(240)


@pytest.fixture(scope="module")
def catalog():
    return make_catalog(240)


@pytest.fixture(scope="module")
def grouped():
    return [
        Fold(str(i), np.delete(ROWS, part), ROWS[part])
        for i, part in enumerate(grouped_folds(ROWS))
    ]


@pytest.fixture(scope="module")
def found(catalog, grouped):
    forward = forward_folds(catalog, ROWS)
    return predicted(catalog, forward, grouped)


def predicted(catalog, forward, grouped):
    return predict_out_of_fold(
        "reference",
        lambda rows: CategoryMean().fit(catalog, rows),
        catalog,
        forward,
        grouped,
        lambda _: None,
    )


def scores_of(catalog, fold):
    """Errors of a fold against the mean size of held-out errors, by the definition."""
    model = CategoryMean().fit(catalog, fold.train)
    size = np.exp(model.calibration.difficulty.base)
    residuals = log_target(catalog)[fold.test] - model.output(catalog, fold.test)
    return residuals / size, size


def tail(scores):
    rank = int(np.ceil((len(scores) + 1) * 0.95))
    return np.sort(scores)[rank - 1]


def test_a_held_out_style_does_not_set_the_width_of_its_own_interval(catalog, grouped, found):
    scored = [scores_of(catalog, fold) for fold in grouped]
    table = found.table[found.table["split"] == "grouped"]
    for i, fold in enumerate(grouped):
        own = table[table["fold"] == fold.label]
        others = np.concatenate([s for j, (s, _) in enumerate(scored) if j != i])
        half = np.log1p(own["high"]) - np.log1p(own["predicted"])
        np.testing.assert_allclose(half, scored[i][1] * tail(others), rtol=1e-6)


def test_the_first_season_has_the_intervals_of_items_held_out_before_it(catalog, found):
    first = forward_folds(catalog, ROWS)[0]
    model = CategoryMean().fit(catalog, first.train)
    table = found.table[found.table["fold"] == first.label]
    expected = model.predict(catalog, first.test)
    np.testing.assert_allclose(table["low"], expected["low"])
    np.testing.assert_allclose(table["high_80"], expected["high_80"])


def test_a_later_season_is_calibrated_on_those_before_it_and_no_other(catalog, found):
    folds = forward_folds(catalog, ROWS)
    assert len(folds) >= 3
    last = folds[-1]
    model = CategoryMean().fit(catalog, last.train)
    calibration = model.calibration.with_seasons(found.forward[:-1], "earlier seasons")
    table = found.table[found.table["fold"] == last.label]
    expected = calibration.predictions(model.output(catalog, last.test), catalog, last.test)
    np.testing.assert_allclose(table["high"], expected["high"])
    for errors, fold in zip(found.forward, folds, strict=True):
        np.testing.assert_allclose(errors.scores, scores_of(catalog, fold)[0])


def test_the_final_intervals_know_every_season(catalog, found, grouped):
    own = CategoryMean().fit(catalog, ROWS).calibration
    final = found.final(own)
    assert final.items == 240 + sum(map(len, found.forward))
    assert final.source == "later seasons and held-out items"
    final = predicted(catalog, [], grouped).final(own)
    assert (final.items, final.source) == (240, "held-out styles")


def test_actual_ranks_are_those_within_the_fold(found):
    for _, part in found.table.groupby(["split", "fold"]):
        assert part["actual_rank"].min() >= 1 and part["actual_rank"].max() <= len(part)
        best = part["actual"].idxmax()
        assert part["actual_rank"].loc[best] == part["actual_rank"].min()
        assert (part["rank_high_80"] <= len(part)).all() and (part["rank_low_80"] >= 1).all()


def test_only_items_whose_target_was_known_calibrate_the_next_season(catalog):
    first = Fold("A", ROWS[:100], ROWS[100:160])
    second = Fold("B", ROWS[:130], ROWS[160:220])
    found = predicted(catalog, [first, second], [])
    model = CategoryMean().fit(catalog, second.train)
    known = found.forward[0].some(np.arange(60) < 30)
    calibration = model.calibration.with_seasons([known], "earlier seasons")
    table = found.table[found.table["fold"] == "B"]
    expected = calibration.predictions(model.output(catalog, second.test), catalog, second.test)
    np.testing.assert_allclose(table["high"], expected["high"])
    every = model.calibration.with_seasons(found.forward[:1], "earlier seasons")
    told = every.predictions(model.output(catalog, second.test), catalog, second.test)
    assert not np.allclose(table["high"], told["high"])
