from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.errors import ModelError
from core.popularity import curves as module
from core.popularity.curves import Curves, weekly_units
from tests.core.popularity.synthetic import as_catalog, make_catalog, make_frame, with_series

PERIODS = 6


def planted(frame: pd.DataFrame) -> np.ndarray:
    """Dresses sell early, everything else evenly; both add up to the target."""
    early = np.array([6.0, 5.0, 4.0, 3.0, 2.0, 1.0]) / 21
    dress = (frame["Type"] == "dress").to_numpy()[:, None]
    return frame["Sold"].to_numpy()[:, None] * np.where(dress, early, 1 / PERIODS)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    frame = make_frame(300)
    return with_series(as_catalog(frame), planted(frame), tmp_path_factory.mktemp("c") / "c")


def wape(actual: np.ndarray, forecast: np.ndarray) -> float:
    return float(np.abs(actual - forecast).sum() / actual.sum())


def test_the_series_is_read_item_by_item(catalog: Catalog) -> None:
    units = weekly_units(catalog)
    np.testing.assert_allclose(units, planted(catalog.frame))


def test_no_series_one_that_is_something_else_and_items_without_one(
    catalog: Catalog, tmp_path: Path
) -> None:
    assert weekly_units(make_catalog(50)) is None
    assert weekly_units(replace(catalog, roles={"sku": Role.ID})) is None
    visits = with_series(make_catalog(50), np.full((50, 4), 7.0), tmp_path / "visits")
    assert weekly_units(visits) is None, "they do not add up to the target"
    frame = make_frame(50)
    some = planted(frame)
    some[3, 2] = np.nan
    units = weekly_units(with_series(as_catalog(frame), some, tmp_path / "some"))
    assert np.isnan(units[3]).all() and np.isfinite(np.delete(units, 3, axis=0)).all()


def test_without_anything_to_read_the_forecast_is_the_median_of_each_period() -> None:
    y = np.random.default_rng(0).gamma(1.0, 50.0, (501, 4)) * [1.0, 2.0, 0.5, 0.1]
    level, weights = module._fit(csr_array((501, 0)), np.zeros(0), y, None)
    np.testing.assert_allclose(np.exp(level), np.median(y, axis=0), rtol=0.1)  # smoothing
    assert weights.shape == (0, 4)


def test_the_fit_is_where_the_loss_is_least(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STEPS", 2000)
    rng = np.random.default_rng(1)
    x = rng.integers(0, 2, (80, 3)).astype(float)
    y = rng.gamma(2.0, 20.0, (80, 5)) * np.exp(x @ [0.5, -0.5, 0.0])[:, None]
    mean = x.mean(axis=0)
    level, weights = module._fit(csr_array(x), mean, y, None)
    basis = module._basis(5, True)

    def loss(level: np.ndarray, weights: np.ndarray) -> float:
        forecast = np.exp(level + (x - mean) @ weights @ basis.T)
        smooth = module.SMOOTH * y.mean()
        size = np.sqrt((forecast - y) ** 2 + smooth**2) - smooth
        return float(size.sum() / y.sum() + module.PENALTY / 80 * (weights**2).sum())

    least = loss(level, weights)
    for _ in range(50):
        near = loss(level + rng.normal(0, 0.02, 5), weights + rng.normal(0, 0.02, weights.shape))
        assert near >= least - 1e-7


def test_shapes_and_levels_of_categories_are_learned(catalog: Catalog) -> None:
    units = weekly_units(catalog)
    train, test = np.arange(200), np.arange(200, 300)
    totals = catalog.target().to_numpy()[test]
    found = Curves().fit(catalog, train, units).predict(catalog, test, totals)
    plain = np.tile(np.median(units[train], axis=0), (100, 1))
    assert wape(units[test], found) < 0.75 * wape(units[test], plain)
    share = found[:, 0] / found.sum(axis=1)
    dress = (catalog.frame["Type"] == "dress").to_numpy()[test]
    assert share[dress].min() > share[~dress].max()


def test_a_greater_total_lifts_the_whole_curve(catalog: Catalog) -> None:
    curves = Curves().fit(catalog, np.arange(200), weekly_units(catalog))
    one, ten = (curves.predict(catalog, np.array([250]), np.array([t])) for t in (10.0, 100.0))
    np.testing.assert_allclose(ten / one, 10 ** (1 - module.DIRECT))


def test_nothing_is_read_of_the_rows_to_forecast(catalog: Catalog) -> None:
    units = weekly_units(catalog)
    train, test = np.arange(200), np.arange(200, 300)
    changed = units.copy()
    changed[test] = 1e6
    totals = np.full(100, 50.0)
    one, other = (
        Curves().fit(catalog, train, u).predict(catalog, test, totals) for u in (units, changed)
    )
    np.testing.assert_array_equal(one, other)


def test_seasons_are_not_cells_as_the_next_one_has_a_new_name(catalog: Catalog) -> None:
    curves = Curves().fit(catalog, np.arange(300), weekly_units(catalog))
    assert curves.cells and not any(cell.startswith("season") for cell in curves.cells)


def test_a_catalog_with_other_columns_and_levels_is_forecast(catalog: Catalog) -> None:
    curves = Curves().fit(catalog, np.arange(300), weekly_units(catalog))
    new = as_catalog(make_frame(20, seed=3).assign(Type="kilt").drop(columns=["Price", "Launch"]))
    found = curves.predict(new, np.arange(20), np.full(20, 30.0))
    assert found.shape == (20, PERIODS) and (found > 0).all() and np.isfinite(found).all()


def test_stored_curves_forecast_the_same(catalog: Catalog, tmp_path: Path) -> None:
    curves = Curves().fit(catalog, np.arange(300), weekly_units(catalog))
    curves.save(tmp_path / "curves")
    rows, totals = np.arange(300), catalog.target().to_numpy()
    again = Curves.load(tmp_path / "curves").predict(catalog, rows, totals)
    np.testing.assert_array_equal(again, curves.predict(catalog, rows, totals))
    (tmp_path / "curves/model.json").write_text('{"features": []}', encoding="utf-8")
    with pytest.raises(ModelError, match="weekly curves"):
        Curves.load(tmp_path / "curves")


def test_no_item_with_a_whole_series_is_one_sentence(catalog: Catalog) -> None:
    units = np.full((len(catalog), 4), np.nan)
    with pytest.raises(ModelError, match="every period"):
        Curves().fit(catalog, np.arange(len(catalog)), units)
