"""The four popularity commands, end to end on a written catalog."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core.catalog.catalog import write_catalog
from core.explain.wording import about
from core.popularity import metrics
from scripts import evaluate_models, explain_item, rank_catalog, train_models
from tests.core.popularity.synthetic import as_catalog, make_catalog, make_frame

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A folder with the training catalog, next season's without a target, and trained models."""
    original, metrics.DRAWS = metrics.DRAWS, 40
    folder = tmp_path_factory.mktemp("work")
    write_catalog(make_catalog(200), folder / "past")
    write_catalog(make_catalog(60, seed=8, drop=("Sold", "Colour")), folder / "next")
    new = make_frame(60, seed=9)
    write_catalog(as_catalog(new.assign(Style=new["Style"] + " b")), folder / "later")
    command = ["--data_dir", f"{folder}/past", "--model_dir", f"{folder}/models"]
    assert train_models.main([*command, "--models", "linear"]) == 0
    yield folder
    metrics.DRAWS = original


def models_of(work, data="past"):
    return ["--data_dir", f"{work}/{data}", "--model_dir", f"{work}/models"]


def test_training_prints_scores_and_progress(work, tmp_path, capsys):
    command = ["--data_dir", f"{work}/past", "--model_dir", f"{tmp_path}/m", "--models", "linear"]
    assert train_models.main(command) == 0
    out = capsys.readouterr().out
    assert "100%" in out and "S5: Spearman" in out and "<- ranks" in out


def test_evaluation_writes_json(work, tmp_path, capsys):
    file = tmp_path / "scores.json"
    assert evaluate_models.main([*models_of(work), "--json", str(file)]) == 0
    scores = json.loads(file.read_text())
    assert scores["basis"] == "out_of_fold" and scores["promoted"] == "linear"
    assert 0.3 < scores["models"]["linear"]["spearman"]["value"] < 1
    assert "Rank correlation" in capsys.readouterr().out
    assert evaluate_models.main([*models_of(work, "later"), "--json", str(file)]) == 0
    assert json.loads(file.read_text())["basis"] == "unseen"


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
def test_a_ranking_has_the_columns_that_tools_depend_on(work, tmp_path, suffix, capsys):
    file = tmp_path / f"ranking{suffix}"
    assert rank_catalog.main([*models_of(work, "next"), "--out", str(file)]) == 0
    read = {".csv": pd.read_csv, ".xlsx": pd.read_excel, ".parquet": pd.read_parquet}[suffix]
    ranking = read(file)
    wanted = ["item_id", "rank", "predicted", "expected", "low", "high", "low_80", "high_80"]
    assert set(wanted) <= set(ranking.columns)
    assert pd.api.types.is_integer_dtype(ranking["rank"])
    assert len(ranking) == 60 and ranking["rank"].tolist() == list(range(1, 61))
    assert (ranking["low"] <= ranking["predicted"]).all()
    out = capsys.readouterr().out
    assert "Missing, so every item counts as average there: Colour" in out


def test_a_ranking_for_excel_runs_no_formula_and_keeps_ids_as_text(work, tmp_path):
    frame = make_frame(60, seed=11)
    frame["sku"] = [f"{i:06d}" for i in range(60)]
    frame.loc[0, "Name"] = "=1+1"
    write_catalog(as_catalog(frame), tmp_path / "codes")
    command = ["--data_dir", f"{tmp_path}/codes", "--model_dir", f"{work}/models"]
    for style in ("excel", "machines"):
        file = tmp_path / f"{style}.csv"
        assert rank_catalog.main([*command, "--out", str(file), "--for", style]) == 0
    assert (tmp_path / "excel.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    excel, machines = (
        pd.read_csv(tmp_path / f"{style}.csv", dtype=str) for style in ("excel", "machines")
    )
    assert "'=1+1" in set(excel["Name"]) and "'000000" in set(excel["item_id"])
    assert "=1+1" in set(machines["Name"]) and "000000" in set(machines["item_id"])


def test_a_ranking_tells_its_model_data_and_date(work, tmp_path):
    file = tmp_path / "ranking.parquet"
    assert rank_catalog.main([*models_of(work), "--out", str(file)]) == 0
    ranking = pd.read_parquet(file)
    assert set(ranking["model"]) == {"linear"} and set(ranking["basis"]) == {"out_of_fold"}
    assert ranking["data_hash"].str.fullmatch("[0-9a-f]{64}").all()
    assert pd.to_datetime(ranking["date"]).notna().all()


def test_an_explanation_adds_up(work, tmp_path, capsys):
    file = tmp_path / "item.json"
    assert explain_item.main([*models_of(work), "--item", "0-00003", "--json", str(file)]) == 0
    values = json.loads(file.read_text())
    total = values["base"] + sum(p["value"] for p in values["parts"])
    assert np.expm1(total) == pytest.approx(values["predicted"])
    assert values["unit"] == "units" and values["gap"] < 1e-9
    out = capsys.readouterr().out
    assert "average item" in out and "learned from the item too" in out
    ranking = tmp_path / "ranking.parquet"
    assert rank_catalog.main([*models_of(work), "--out", str(ranking)]) == 0
    shown = pd.read_parquet(ranking).set_index("item_id").loc["0-00003", "predicted"]
    assert values["out_of_fold"] == pytest.approx(shown) != pytest.approx(values["predicted"])


def test_a_map_of_the_photo_is_drawn_and_adds_up(tmp_path, capsys):
    picture, file = tmp_path / "map.png", tmp_path / "item.json"
    demo = ["--data_dir", "data", "--model_dir", f"{ROOT}/checkpoints/popularity-demo"]
    demo += ["--item", "FD-0001", "--model", "image"]
    assert explain_item.main([*demo, "--map", str(picture), "--json", str(file)]) == 0
    values = json.loads(file.read_text())
    photo = next(p["value"] for p in values["parts"] if p["player"] == "image")
    assert np.sum(values["map"]["values"]) == pytest.approx(photo, abs=6e-3)
    assert values["map"]["faithfulness"]["low"] > 0
    with Image.open(picture) as drawn:
        colours = np.asarray(drawn.convert("RGB")).astype(int)
        assert drawn.format == "PNG" and drawn.size == (384, 512)
    assert (colours[..., 1] > colours[..., 0] + 40).any()  # teal
    assert "The map adds up" in capsys.readouterr().out
    missing = str(tmp_path / "nowhere" / "map.png")
    assert explain_item.main([*demo, "--map", missing]) == 2
    assert missing in capsys.readouterr().err


def test_an_item_that_the_model_has_not_seen_has_one_prediction(work, tmp_path):
    file = tmp_path / "item.json"
    item = pd.read_parquet(work / "next" / "catalog.parquet").iloc[0]["sku"]
    assert explain_item.main([*models_of(work, "next"), "--item", item, "--json", str(file)]) == 0
    values = json.loads(file.read_text())
    assert values["out_of_fold"] is None and values["evidence"] is None


def test_an_explanation_holds_the_closest_past_items(work, tmp_path, capsys):
    file = tmp_path / "item.json"
    frame = pd.read_parquet(work / "past" / "catalog.parquet").set_index("sku")
    newest = frame["Launch"].idxmax()
    command = [*models_of(work), "--item", newest, "--json", str(file)]
    assert explain_item.main(command) == 0
    values = json.loads(file.read_text())
    found = values["evidence"]["attributes"]
    assert [i["sold"] for i in found["items"]] == [
        frame["Sold"][i["item_id"]] for i in found["items"]
    ]
    low, high = (about(found[end], found["low"], found["high"]) for end in ("low", "high"))
    told = capsys.readouterr().out
    assert f"closest past items by attributes mostly sold {low} to {high} units" in told
    assert f"mostly sold {low} to {high} units" in values["words"][2], "rounded alike"
    item = pd.read_parquet(work / "next" / "catalog.parquet").iloc[0]["sku"]
    command = [*models_of(work, "next"), "--past", f"{work}/past", "--item", item]
    assert explain_item.main([*command, "--json", str(file)]) == 0
    found = json.loads(file.read_text())["evidence"]["attributes"]["items"]
    assert found and {i["item_id"] for i in found} <= set(frame.index)


@pytest.mark.parametrize(
    ("run", "more", "sentence"),
    [
        (train_models.main, ["--models", "wide"], "no model “wide”"),
        (train_models.main, ["--target", "Likes"], "no column “Likes”"),
        (rank_catalog.main, ["--out", "x.csv", "--model", "deep"], "holds no model “deep”"),
        (rank_catalog.main, ["--out", "x.docx"], "Use .csv, .xlsx or .parquet"),
        (rank_catalog.main, ["--out", "/no/such/folder/x.csv"], "cannot be written to"),
        (explain_item.main, ["--item", "nobody"], "no item with the id “nobody”"),
        (explain_item.main, ["--item", "0-00003", "--map", "x.png"], "--model image"),
    ],
)
def test_bad_calls_print_one_sentence_and_exit_2(work, run, more, sentence, capsys):
    assert run([*models_of(work), *more]) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err and "Traceback" not in captured.err


def test_a_catalog_without_a_target_cannot_be_trained_on(work, tmp_path, capsys):
    command = ["--data_dir", f"{work}/next", "--model_dir", f"{tmp_path}/m"]
    assert train_models.main(command) == 2
    assert "has no target column" in capsys.readouterr().err
    assert evaluate_models.main(models_of(work, "next")) == 2
    assert "nothing to compare predictions with" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_said_before_training(work, tmp_path, capsys):
    (tmp_path / "file").touch()
    command = ["--data_dir", f"{work}/past", "--model_dir", f"{tmp_path}/file/m"]
    assert train_models.main(command) == 2
    captured = capsys.readouterr()
    assert "cannot be written to" in captured.err and "%" not in captured.out


def test_the_command_runs_from_anywhere(work, tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "evaluate_models.py", *models_of(work, "nowhere")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "is not a catalog directory" in done.stderr and "Traceback" not in done.stderr
