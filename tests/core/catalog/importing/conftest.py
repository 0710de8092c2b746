from pathlib import Path

import pytest
from PIL import Image

from core.catalog.importing import import_catalog


@pytest.fixture
def table(tmp_path):
    """Writes a source table and returns its path."""

    def write(content, name="range.csv", encoding="utf-8"):
        path = tmp_path / "source" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


@pytest.fixture
def load(tmp_path):
    """Imports a source into a fresh directory and returns the report."""

    def run(source, **options):
        report = import_catalog(source, tmp_path / "catalog", **options)
        assert report.read == report.items + report.merged + sum(report.skipped.values())
        return report

    return run


@pytest.fixture
def photo(tmp_path):
    """Draws a small photo below the source folder and returns its path."""

    def draw(name, size=(8, 10), **options) -> Path:
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, "teal").save(path, **options)
        return path

    return draw
