import shutil

import numpy as np
import pytest

from core.settings import ROOT
from core.vision.atr import ID
from core.vision.detections import FILE
from scripts import detect_articles


class Fake:
    """Sees shoes in every photo."""

    def __init__(self, directory):
        self.checkpoint_id = f"{directory.name}-1"

    def parse(self, image):
        return np.full((image.height, image.width), ID["left_shoe"], np.uint8)


@pytest.fixture
def catalog(tmp_path):
    """Some of the demo's photos."""
    folder = tmp_path / "demo"
    (folder / "images").mkdir(parents=True)
    for name in ("catalog.parquet", "catalog.toml"):
        shutil.copy(ROOT / "data" / "demo" / name, folder)
    photos = [p for p in sorted((ROOT / "data" / "demo" / "images").rglob("*")) if p.is_file()]
    for photo in photos[:3]:
        new = folder / "images" / photo.relative_to(ROOT / "data" / "demo" / "images")
        new.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(photo, new)
    return folder


def test_a_run_says_what_it_saw_and_a_second_has_nothing_to_do(
    catalog, monkeypatch, capsys, tmp_path
):
    monkeypatch.setattr(detect_articles, "HumanParser", Fake)
    arguments = ["--data_dir", str(catalog), "--checkpoint", str(tmp_path / "mine")]
    assert detect_articles.main(arguments) == 0
    said = capsys.readouterr().out
    assert "3 photos looked at with mine-1, 0 unchanged, 0 damaged" in said
    assert "shoes: 3" in said and "worn by a person: 0" in said
    assert (catalog / FILE).is_file()
    assert detect_articles.main(arguments) == 0
    assert "0 photos looked at with mine-1, 3 unchanged" in capsys.readouterr().out


def test_a_missing_catalog_or_checkpoint_is_a_sentence(catalog, capsys, tmp_path):
    assert detect_articles.main(["--data_dir", str(tmp_path / "none")]) == 2
    assert "none" in capsys.readouterr().err
    empty = tmp_path / "empty"
    empty.mkdir()
    assert detect_articles.main(["--data_dir", str(catalog), "--checkpoint", str(empty)]) == 2
    assert "model.safetensors" in capsys.readouterr().err
