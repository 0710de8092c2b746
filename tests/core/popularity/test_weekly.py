import json
from pathlib import Path

import numpy as np
import pytest

from core.catalog.catalog import Catalog
from core.popularity.evaluation import evaluate
from core.popularity.scoreboard import Scoreboard, load_scoreboard
from core.popularity.training import train
from core.popularity.weekly import WeeklyForecasts, item_curves, load_curves
from tests.core.popularity.synthetic import as_catalog, make_catalog, make_frame, with_series

SHARES = np.array([5.0, 4.0, 3.0, 2.0, 1.0]) / 15


def selling(n: int, seed: int, folder: Path) -> Catalog:
    frame = make_frame(n, seed).assign(Style=[f"{seed} {i}" for i in range(n)])
    noise = np.random.default_rng(seed).dirichlet(40 * SHARES, n)
    return with_series(as_catalog(frame), frame["Sold"].to_numpy()[:, None] * noise, folder)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Catalog, Path, Scoreboard]:
    folder = tmp_path_factory.mktemp("weekly")
    catalog = selling(240, 0, folder / "catalog")
    board = train(catalog, folder / "models", models=["linear"])
    return catalog, folder / "models", board


def test_scores_are_those_of_the_official_protocol() -> None:
    catalog = make_catalog(30)
    rng = np.random.default_rng(0)
    actual, forecast = rng.integers(0, 50, (30, 4)).astype(float), rng.uniform(0, 50, (30, 4))
    folds = np.repeat(np.array(["a", "b"], dtype=object), 15)
    made = WeeklyForecasts(np.arange(30), folds, actual, {"m": forecast})
    for fold, kept in ((None, slice(None)), ("b", slice(15, None))):
        found = made.scores(catalog, fold)["m"]
        error = np.abs(actual[kept] - forecast[kept])
        assert found["weekly_wape"]["value"] == pytest.approx(error.sum() / actual[kept].sum())
        assert found["weekly_mae"]["value"] == pytest.approx(error.mean(), abs=1e-5)
        assert found["weekly_wape"]["low"] < found["weekly_wape"]["value"]


def test_ranges_hold_the_share_they_name() -> None:
    rng = np.random.default_rng(1)
    forecast = rng.uniform(5, 100, (4000, 3))
    actual = np.expm1(np.log1p(forecast) + rng.gumbel(0, [0.3, 0.6, 0.9], (4000, 3)))
    past = WeeklyForecasts(
        np.arange(2000), np.full(2000, "a"), actual[:2000], {"m": forecast[:2000]}
    )
    low, high, low_80, high_80 = past.ranges()["m"]
    error = np.log1p(np.maximum(actual[2000:], 0)) - np.log1p(forecast[2000:])
    assert ((low <= error) & (error <= high)).mean(axis=0) == pytest.approx(0.9, abs=0.03)
    assert ((low_80 <= error) & (error <= high_80)).mean(axis=0) == pytest.approx(0.8, abs=0.03)
    few = WeeklyForecasts(np.arange(9), np.full(9, "a"), actual[:9], {"m": forecast[:9]})
    assert few.ranges() == {}


def test_training_scores_each_week_and_keeps_the_curves(
    trained: tuple[Catalog, Path, Scoreboard],
) -> None:
    catalog, folder, board = trained
    for model in ("reference", "linear"):
        weekly = board.models[model].weekly
        assert 0 < weekly["weekly_wape"]["value"] < 1 and weekly["weekly_mae"]["value"] > 0
    folds = [f for f in board.models["linear"].folds if f["split"] == "forward"]
    assert all(0 < f["weekly_wape"]["value"] < 1 for f in folds)
    assert load_scoreboard(folder).models["linear"].weekly == board.models["linear"].weekly
    card = (folder / "linear/card.md").read_text(encoding="utf-8")
    assert "### Week by week, on later seasons" in card
    assert json.loads((folder / "linear/card.json").read_text())["scores"]["weekly"]
    found = evaluate(catalog, folder)
    assert found.weekly == {m: board.models[m].weekly for m in found.models}


def test_another_catalog_is_scored_week_by_week(
    trained: tuple[Catalog, Path, Scoreboard], tmp_path: Path
) -> None:
    found = evaluate(selling(60, 7, tmp_path / "later"), trained[1])
    assert 0 < found.weekly["linear"]["weekly_wape"]["value"] < 1
    assert evaluate(make_catalog(60, seed=9), trained[1]).weekly == {}


def test_an_item_has_a_curve_with_its_range(trained: tuple[Catalog, Path, Scoreboard]) -> None:
    _, folder, _ = trained
    curves = load_curves(folder)
    new = make_catalog(20, seed=5, drop=("Sold",))
    found = item_curves(curves, new, np.arange(20), np.full(20, 100.0), "linear")
    assert list(found["period"][:6]) == [1, 2, 3, 4, 5, 1]
    assert list(found["item_id"][:6]) == [*["5-00000"] * 5, "5-00001"]
    assert (found["low"] <= found["low_80"]).all() and (found["high_80"] <= found["high"]).all()
    assert (found["low_80"] < found["predicted"]).all()
    assert (found["predicted"] < found["high_80"]).all() and (found["low"] >= 0).all()
    first, last = (found.loc[found["period"] == p, "predicted"].to_numpy() for p in (1, 5))
    assert (first > last).all()


def test_a_catalog_without_a_series_has_no_curves(tmp_path: Path) -> None:
    board = train(make_catalog(200), tmp_path / "models", models=["linear"])
    assert board.models["linear"].weekly == {} and load_curves(tmp_path / "models") is None
    card = (tmp_path / "models/linear/card.md").read_text(encoding="utf-8")
    assert "Week by week" not in card
    assert not any("weekly_wape" in fold for fold in board.models["linear"].folds)
