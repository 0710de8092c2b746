"""A ranking written by the command is the table that the dashboard exports."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from app.catalog_state import listing
from core.catalog.catalog import write_catalog
from core.catalog.export import SEEN_COLUMNS, export_frame
from core.catalog.roles import Role
from core.popularity import metrics
from core.popularity.ranking import rank
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
    exported = export_frame(catalog, ranking, None, shelf.seen)
    assert list(table.columns)[: len(exported.columns)] == list(exported.columns)
    pd.testing.assert_frame_equal(table[SEEN_COLUMNS.values()], exported[SEEN_COLUMNS.values()])


def test_damaged_detections_are_a_sentence(made, tmp_path, capsys):
    catalog, models = made
    (catalog.directory / FILE).write_bytes(b"no")
    command = ["--data_dir", str(catalog.directory), "--model_dir", str(models)]
    assert rank_catalog.main([*command, "--out", str(tmp_path / "x.csv")]) == 2
    assert f"{FILE} is damaged" in capsys.readouterr().err
