import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import popularity
from benchmarks.peers import PEERS, Task
from benchmarks.peers.comparison import Result, compare, compare_weeks, with_blend
from benchmarks.peers.features import Encoder, read_columns
from benchmarks.peers.gluon import AUTOGLUON_PEERS, INTERPRETER
from benchmarks.peers.neural import NEURAL_PEERS
from benchmarks.peers.task import Forecast, make_folds, season_column
from benchmarks.peers.weeks import lightgbm_by_week, shapes
from benchmarks.popularity import main
from core.catalog.catalog import Catalog, load_catalog
from core.catalog.roles import Role
from core.errors import ModelError
from core.popularity.metrics import spearman
from core.popularity.model import log_target
from core.popularity.splits import group_codes
from tests.core.popularity.synthetic import as_catalog, make_catalog, make_frame, written

PACKAGE = {"LightGBM": "lightgbm", "CatBoost": "catboost"}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return make_catalog(300)


def task_of(catalog: Catalog, split: str = "grouped", curves: np.ndarray | None = None) -> Task:
    columns = read_columns(catalog, season_column(catalog), None)
    fold = make_folds(split, catalog, np.arange(len(catalog)), 0)[-1]
    return Task(catalog, columns, split, fold, 0, 1, curves)


def need(name: str) -> None:
    if name in PACKAGE:
        pytest.importorskip(PACKAGE[name], reason=f"{PACKAGE[name]} is in requirements-peers.txt")


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_learns_what_is_there_to_learn(name: str, catalog: Catalog) -> None:
    need(name)
    task = task_of(catalog)
    found = PEERS[name](task, 2)
    order = spearman(task.y[task.fold.test], found.rank)
    assert order > (0.3 if name == "category mean" else 0.45)
    assert found.units.shape == found.rank.shape == task.fold.test.shape


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_never_reads_what_it_is_scored_on(name: str) -> None:
    need(name)
    frame = make_frame(200)
    task = task_of(as_catalog(frame), "forward")
    changed = frame.copy()
    changed.loc[task.fold.test, "Sold"] = np.arange(len(task.fold.test)) * 1000.0
    other = Task(as_catalog(changed), task.columns, "forward", task.fold, 0, 1)
    one, two = PEERS[name](task, 2), PEERS[name](other, 2)
    np.testing.assert_allclose(one.rank, two.rank)
    np.testing.assert_allclose(one.units, two.units)


@pytest.mark.slow
def test_realmlp_learns_and_never_reads_what_it_is_scored_on() -> None:
    pytest.importorskip("pytabkit", reason="pytabkit is in requirements-peers.txt")
    frame = make_frame(160)
    task = task_of(as_catalog(frame))
    changed = frame.copy()
    changed.loc[task.fold.test, "Sold"] = np.arange(len(task.fold.test)) * 1000.0
    other = Task(as_catalog(changed), task.columns, "grouped", task.fold, 0, 1)
    one, two = NEURAL_PEERS["RealMLP"](task, 1), NEURAL_PEERS["RealMLP"](other, 1)
    np.testing.assert_allclose(one.rank, two.rank, rtol=1e-4)
    assert spearman(task.y[task.fold.test], one.rank) > 0.4
    assert len(one.chosen["members"]) == 4


def test_autogluon_without_its_interpreter_is_one_sentence(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(INTERPRETER, raising=False)
    with pytest.raises(ModelError, match="--autogluon"):
        AUTOGLUON_PEERS["AutoGluon"](task_of(catalog), 1)
    monkeypatch.setenv(INTERPRETER, sys.executable)  # which has no AutoGluon
    with pytest.raises(ModelError, match="AutoGluon failed"):
        AUTOGLUON_PEERS["AutoGluon"](task_of(catalog), 1)


def test_a_change_to_the_neural_peers_keeps_the_forecasts_of_the_others(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = task_of(catalog)

    def made(name: str) -> bool:
        calls = []

        def make() -> Forecast:
            calls.append(name)
            return Forecast(np.zeros(2), np.zeros(2))

        popularity.kept(tmp_path, task, name, 4, make)
        return bool(calls)

    assert made("ridge") and made("RealMLP") and not made("ridge") and not made("RealMLP")
    changed = popularity.OWN_SOURCES | {"RealMLP": ("peers/gluon.py",)}
    monkeypatch.setattr(popularity, "OWN_SOURCES", changed)
    assert not made("ridge") and made("RealMLP")


def test_peers_read_launch_columns_only(catalog: Catalog) -> None:
    columns = read_columns(catalog, season_column(catalog), None)
    encoder = Encoder(columns, log_target(catalog), np.arange(200), 0)
    read = " ".join(encoder.train.columns)
    for hidden in ("Sold", "Stars", "Returns", "sku", "Style", "Shelf"):
        assert hidden not in read
    assert set(encoder.train) == set(encoder.transform(np.arange(200, 300)))


@pytest.mark.parametrize("split", ["forward", "season", "grouped"])
def test_styles_stand_on_one_side_of_every_fold(split: str, catalog: Catalog) -> None:
    groups = group_codes(catalog)
    folds = make_folds(split, catalog, np.arange(len(catalog)), 0)
    assert len(folds) >= 2
    for fold in [*folds, *task_of(catalog, split).inner]:
        assert not set(groups[fold.train]) & set(groups[fold.test])
    inner = task_of(catalog, split)
    for fold in inner.inner:
        assert set(fold.train) | set(fold.test) <= set(inner.fold.train)


def result(catalog: Catalog, outputs: dict[str, np.ndarray]) -> Result:
    rows = np.arange(len(catalog))
    forecasts = {n: Forecast(o, o) for n, o in outputs.items()}
    return Result("grouped", "0.1", rows, rows, forecasts, dict.fromkeys(outputs, 1.0))


def test_the_difference_is_to_the_best_peer_and_has_its_interval(catalog: Catalog) -> None:
    y = log_target(catalog)
    rng = np.random.default_rng(0)
    good, bad, ours = (y + rng.normal(0, s, len(y)) for s in (0.5, 3.0, 0.1))
    table = compare(catalog, [result(catalog, {"a": bad, "b": good, "ours: c": ours})], ["ours: c"])
    line = table.loc["ours: c"]
    assert line["spearman_gain"] == pytest.approx(line["spearman"] - table.loc["b", "spearman"])
    assert 0 < line["spearman_gain_low"] < line["spearman_gain"] < line["spearman_gain_high"]
    assert line["wape_gain_low"] > 0
    assert np.isnan(table.loc["b", "spearman_gain"])


def test_a_model_equal_to_the_best_peer_gains_nothing(catalog: Catalog) -> None:
    y = log_target(catalog) + np.random.default_rng(0).normal(0, 0.5, len(catalog))
    line = compare(catalog, [result(catalog, {"a": y, "ours: c": y})], ["ours: c"]).loc["ours: c"]
    for metric in ("spearman", "wape"):
        ends = [line[f"{metric}_gain{e}"] for e in ("", "_low", "_high")]
        assert ends == [0.0, 0.0, 0.0]


def test_the_blend_is_the_mean_of_its_parts(catalog: Catalog) -> None:
    n = len(catalog)
    both = with_blend(result(catalog, {"LightGBM": np.zeros(n), "ridge": np.ones(n)}))
    assert (both.forecasts["LightGBM + ridge"].rank == 0.5).all()
    assert both.seconds["LightGBM + ridge"] == 2.0


def curves_of(catalog: Catalog) -> np.ndarray:
    weights = np.array([4.0, 3.0, 2.0, 1.0]) / 10
    return np.expm1(log_target(catalog))[:, None] * weights


def test_weeks_share_out_a_total(catalog: Catalog) -> None:
    curves, rows = curves_of(catalog), np.arange(len(catalog))
    shared = shapes(catalog, curves, rows[:200], rows[200:])
    np.testing.assert_allclose(shared, np.tile([0.4, 0.3, 0.2, 0.1], (100, 1)))
    weeks = compare_weeks(catalog, result(catalog, {"true": log_target(catalog)}), curves)
    assert weeks.loc["true", "wape"] == pytest.approx(0, abs=1e-9)


def test_weeks_can_be_forecast_one_by_one(catalog: Catalog) -> None:
    need("LightGBM")
    task = task_of(catalog, curves=curves_of(catalog))
    found = lightgbm_by_week(task, 2)
    assert found.weeks.shape == (len(task.fold.test), 4)
    assert (found.weeks.mean(axis=0)[:-1] > found.weeks.mean(axis=0)[1:]).all()


def test_the_command_prints_a_table_a_split_and_resumes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = written(make_catalog(160), tmp_path / "catalog").directory
    command = ["--catalog", str(folder), "--quick", "--peers", "category mean", "ridge"]
    command += ["--models", "linear", "--keep", str(tmp_path / "kept"), "--splits", "grouped"]
    assert main(command) == 0
    first = capsys.readouterr()
    lines = [line for line in first.out.splitlines() if line.startswith("| ")]
    assert [line.split(" | ")[0] for line in lines[1:]] == [
        "| category mean",
        "| ridge",
        "| ours: linear",
    ]
    assert "ridge" in first.err
    kept = sorted((tmp_path / "kept").iterdir())
    assert len(kept) == 10
    times = [file.stat().st_mtime_ns for file in kept]
    assert main(command) == 0
    again = capsys.readouterr().out
    assert [file.stat().st_mtime_ns for file in kept] == times
    assert scores(again) == scores(first.out)


def test_weeks_with_more_returns_than_sales_stop_no_peer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    need("LightGBM")
    folder = written(make_catalog(160), tmp_path / "catalog").directory
    catalog = load_catalog(folder)
    curves = np.round(curves_of(catalog))
    curves[:10, 3] = -2.0
    index = pd.Index(catalog.ids, name="item")
    series = pd.DataFrame(curves, index=index).reset_index()
    series.melt("item", var_name="period").to_parquet(folder / "series.parquet")
    command = ["--catalog", str(folder), "--settings", "10", "--peers", "ridge"]
    assert main([*command, "--models", "linear", "--splits", "forward"]) == 0
    lines = [line.split(" | ") for line in capsys.readouterr().out.splitlines()]
    weekly = {line[0]: float(line[1]) for line in lines if len(line) == 3 and "WAPE" not in line[1]}
    assert set(weekly) == {"| ridge", "| LightGBM by week", "| ours: linear"}
    assert all(0 < value < 1 for value in weekly.values())


def scores(text: str) -> list[list[str]]:
    """Lines of the table without the seconds."""
    cells = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [[c for i, c in enumerate(line) if i != 6] for line in cells]


def test_a_folder_without_a_catalog_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--catalog", str(tmp_path), "--peers", "ridge"]) == 2
    assert "not a catalog directory" in capsys.readouterr().err


def test_gains_are_printed_with_their_interval(catalog: Catalog) -> None:
    from benchmarks.popularity import _gain

    line = pd.Series({"x_gain": 0.03, "x_gain_low": -0.01, "x_gain_high": 0.07})
    assert _gain(line, "x") == "+0.030 (-0.010 to +0.070)"


def test_photos_of_some_items_only_are_shown_to_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from benchmarks.popularity import without_telling_photos

    frame = make_frame(60).assign(photo=["a.webp", *[""] * 59])
    made = as_catalog(frame)
    roles = {**made.roles, "photo": Role.IMAGE}
    some = replace(made, directory=tmp_path, roles=roles)
    assert without_telling_photos(some).columns(Role.IMAGE) == ["photo"]  # no file, no photo
    (tmp_path / "images").mkdir()
    (tmp_path / "images/a.webp").touch()
    assert without_telling_photos(some).columns(Role.IMAGE) == []
    assert "may tell how they sold" in capsys.readouterr().err
    every = replace(some, frame=some.frame.assign(photo="a.webp"))
    assert without_telling_photos(every).columns(Role.IMAGE) == ["photo"]
