"""A ranking written by the command is the table that the dashboard exports."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from app.catalog_state import listing
from core.catalog.catalog import write_catalog
from core.catalog.export import SEEN_COLUMNS, export_frame
from core.catalog.roles import Role
from core.explain.strongest import contribution_columns
from core.popularity import metrics
from core.popularity.ranking import RANKING_COLUMNS, load_model, rank
from core.popularity.scoreboard import load_scoreboard
from core.popularity.training import train
from core.vision.atr import ID
from core.vision.detections import FILE, detect_catalog
from scripts import rank_catalog
from tests.core.popularity.synthetic import make_catalog


class Fake:
    """Sees a bag where a photo is red."""

    checkpoint_id = "fake-parser-1"

    def parse(self, image):
        red = np.asarray(image)[0, 0, 0] > 128
        return np.full((image.height, image.width), ID["bag"] if red else 0, np.uint8)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A catalog of 60 items, the first two with a photo, and a model for it."""
    folder = tmp_path_factory.mktemp("made")
    catalog = make_catalog(60)
    catalog.frame["photos"] = ["0.png", "1.png"] + [None] * 58
    catalog.roles["photos"] = Role.IMAGE

    def add(new):
        for i in range(2):
            Image.new("RGB", (20, 20), (255 * i, 0, 0)).save(new / "images" / f"{i}.png")

    catalog = write_catalog(catalog, folder / "catalog", add_files=add)
    original, metrics.DRAWS = metrics.DRAWS, 20
    train(catalog, folder / "models", models=["linear"])
    metrics.DRAWS = original
    return catalog, folder / "models"


def written(made, file):
    catalog, models = made
    command = ["--data_dir", str(catalog.directory), "--model_dir", str(models)]
    assert rank_catalog.main([*command, "--out", str(file)]) == 0
    return pd.read_parquet(file)


def test_what_is_seen_in_photos_is_written_as_the_dashboard_exports_it(made, tmp_path):
    catalog, models = made
    assert not set(SEEN_COLUMNS.values()) & set(written(made, tmp_path / "before.parquet"))
    detect_catalog(catalog, Fake())
    table = written(made, tmp_path / "after.parquet")
    found = table.set_index("item_id").loc[list(catalog.ids[:3]), list(SEEN_COLUMNS.values())]
    assert found.iloc[0].tolist() == ["", False, "fake-parser-1"]
    assert found.iloc[1].tolist() == ["bag", False, "fake-parser-1"]
    assert found.iloc[2].isna().all()
    ranking = rank(catalog, models)
    shelf = listing(catalog, models, ranking)
    made_of = contribution_columns(load_model(models), catalog, load_scoreboard(models))
    exported = export_frame(catalog, ranking, None, shelf.seen, made_of)
    assert list(table.columns)[: len(exported.columns)] == list(exported.columns)
    pd.testing.assert_frame_equal(table[SEEN_COLUMNS.values()], exported[SEEN_COLUMNS.values()])


def test_what_predictions_are_made_of_follows_the_ranking(made, tmp_path):
    catalog, models = made
    table = written(made, tmp_path / "ranking.parquet")
    assert tuple(table.columns[: len(RANKING_COLUMNS)]) == RANKING_COLUMNS
    assert list(table.columns[len(RANKING_COLUMNS) :])[:2] == [
        "contribution_1",
        "contribution_1_times",
    ]
    model = load_model(models)
    values = model.contributions(catalog)
    for _, line in table.iterrows():
        own = values.iloc[catalog.row(line["item_id"])]
        best = own.abs().idxmax()
        assert line["contribution_1"] == best
        assert line["contribution_1_times"] == pytest.approx(np.exp(own[best]))
        text = abs(own["description"]) / own.abs().sum()
        assert line["share_text"] == pytest.approx(text) and line["share_photo"] == 0
    without = tmp_path / "without.parquet"
    command = ["--data_dir", str(catalog.directory), "--model_dir", str(models)]
    assert rank_catalog.main([*command, "--out", str(without), "--no-contributions"]) == 0
    assert "contribution_1" not in pd.read_parquet(without)


def test_a_model_whose_contributions_take_long_writes_them_where_asked(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(metrics, "DRAWS", 20)
    catalog = write_catalog(make_catalog(60, seed=3), tmp_path / "catalog")
    train(catalog, tmp_path / "models", models=["deep"])
    command = ["--data_dir", str(catalog.directory), "--model_dir", f"{tmp_path}/models"]
    file = tmp_path / "ranking.csv"
    assert rank_catalog.main([*command, "--out", str(file)]) == 0
    assert "contribution_1" not in pd.read_csv(file)
    assert "--contributions adds it" in capsys.readouterr().out
    for _ in range(2):  # the second time from what is kept
        assert rank_catalog.main([*command, "--out", str(file), "--contributions"]) == 0
        assert "Contributions: 60 of 60" in capsys.readouterr().out
        table = pd.read_csv(file).set_index("item_id")
    own = load_model(tmp_path / "models").contributions(catalog, np.array([5])).iloc[0]
    line = table.loc[catalog.ids[5]]
    assert line["contribution_1"] == own.abs().idxmax()
    assert line["contribution_1_times"] == pytest.approx(np.exp(own[own.abs().idxmax()]))


def test_damaged_detections_are_a_sentence(made, tmp_path, capsys):
    catalog, models = made
    (catalog.directory / FILE).write_bytes(b"no")
    command = ["--data_dir", str(catalog.directory), "--model_dir", str(models)]
    assert rank_catalog.main([*command, "--out", str(tmp_path / "x.csv")]) == 2
    assert f"{FILE} is damaged" in capsys.readouterr().err
