import numpy as np
import pytest

from core.errors import ModelError
from core.popularity import reference
from core.popularity.metrics import spearman
from core.popularity.model import log_target
from core.popularity.reference import COUNTS, SOFTEN, CategoryMean, NearestItems
from tests.core.popularity.synthetic import as_catalog, make_catalog, make_frame

ROWS = np.arange(180)


@pytest.fixture(scope="module")
def catalog():
    return make_catalog(240)


@pytest.fixture(scope="module")
def fitted(catalog):
    return NearestItems().fit(catalog, ROWS)


def test_it_is_the_weighted_mean_of_the_most_alike_items(fitted, catalog):
    y = log_target(catalog)
    read = fitted.neighbours.columns
    columns = [c.feature.name for c in read]
    assert set(columns) == {"Type", "Colour", "season", "Price", "Weight", "Launch"}
    tables = [c.apart() for c in read]
    steps = [c.encode(catalog.frame[c.feature.name]) for c in read]
    for row in (185, 220, 239):
        apart = sum(t[s[row]] for t, s in zip(tables, steps, strict=True)) / len(columns)
        near = np.argsort(apart, kind="stable")[: fitted.count]
        weight = 1 / (apart[near] + SOFTEN)
        expected = (weight * y[near]).sum() / weight.sum()
        assert fitted.output(catalog, np.array([row]))[0] == pytest.approx(expected, abs=1e-5)


def test_the_number_of_items_errs_least_on_styles_that_are_held_out(fitted, catalog):
    assert fitted.count in COUNTS
    residuals = fitted.calibration.errors.residuals
    assert len(residuals) == len(ROWS)
    # An item's own sales are not among those that it is compared with.
    frame = catalog.frame.copy()
    frame.loc[7, "Sold"] = 5000.0
    style = frame["Style"] == frame.loc[7, "Style"]
    changed = NearestItems().fit(as_catalog(frame), ROWS)
    if changed.count == fitted.count:
        y, other = log_target(catalog)[7], np.log1p(5000.0)
        before, after = (m.calibration.errors.residuals[7] for m in (fitted, changed))
        assert other - after == pytest.approx(y - before)
    assert style.sum() >= 1


def test_it_tells_new_items_apart_better_than_their_category(fitted, catalog):
    new = np.arange(180, 240)
    y = log_target(catalog)[new]
    mean = CategoryMean().fit(catalog, ROWS)
    assert spearman(y, fitted.output(catalog, new)) > spearman(y, mean.output(catalog, new))
    predicted = fitted.predict(catalog, new)
    sold = np.expm1(y)
    assert 0.75 <= ((sold >= predicted["low"]) & (sold <= predicted["high"])).mean() <= 1


def test_photos_count_where_they_help(catalog, monkeypatch):
    y = log_target(catalog)
    turned = np.column_stack([np.cos(y), np.sin(y)])
    turned[5] = np.nan
    monkeypatch.setattr(reference, "stored_vectors", lambda _: turned)
    seen = NearestItems().fit(catalog, ROWS)
    assert seen.photo_weight == 0.5
    new = np.arange(180, 240)
    blind = NearestItems()
    monkeypatch.setattr(reference, "stored_vectors", lambda _: None)
    blind.fit(catalog, ROWS)
    assert blind.photo_weight == 0
    before = spearman(y[new], blind.output(catalog, new))
    monkeypatch.setattr(reference, "stored_vectors", lambda _: turned)
    assert spearman(y[new], seen.output(catalog, new)) > before + 0.05
    assert np.isfinite(seen.output(catalog)).all(), "also without a photo"


def test_photos_of_a_few_items_do_not_count(catalog, monkeypatch):
    few = np.full((240, 4), np.nan)
    few[:60] = np.random.default_rng(0).normal(size=(60, 4))
    monkeypatch.setattr(reference, "stored_vectors", lambda _: few)
    assert NearestItems().fit(catalog, ROWS).vectors is None


def test_a_catalog_without_columns_to_compare_gets_the_mean():
    frame = make_frame(60)[["sku", "Name", "Sold"]]
    catalog = as_catalog(frame)
    model = NearestItems().fit(catalog, np.arange(60))
    np.testing.assert_allclose(np.ptp(model.output(catalog)), 0, atol=1e-9)


def test_missing_columns_are_told_and_count_as_unlike(fitted):
    other = make_catalog(20, seed=3, drop=("Colour",))
    assert fitted.missing_columns(other) == ["Colour"]
    assert np.isfinite(fitted.output(other)).all()


def test_references_are_not_saved(fitted, tmp_path):
    for model in (fitted, CategoryMean()):
        with pytest.raises(ModelError, match="yardstick"):
            model.save(tmp_path)
