"""The popularity page on a small catalog, for the tests of its tabs."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import app.catalogs
import core.resources
from core.catalog.catalog import write_catalog
from core.popularity import metrics
from core.popularity.ranking import rank
from core.popularity.training import train
from tests.core.popularity.synthetic import make_catalog

PAGE = Path(__file__).resolve().parents[2] / "pages" / "popularity.py"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    original, metrics.DRAWS = metrics.DRAWS, 40
    folder = tmp_path_factory.mktemp("page")
    catalog = write_catalog(make_catalog(160), folder / "made")
    train(catalog, folder / "models", models=["linear"])
    metrics.DRAWS = original
    return catalog, folder / "models"


@pytest.fixture
def use(monkeypatch):
    """Opens the page on a catalog and a model folder."""

    def open_page(catalog, models, **query):
        monkeypatch.setattr(app.catalogs, "current_catalog", lambda: catalog)
        monkeypatch.setattr(app.catalogs, "current_models", lambda: models)
        monkeypatch.setattr(core.resources, "ranking", rank)
        test = AppTest.from_file(str(PAGE), default_timeout=30)
        for name, value in query.items():
            test.query_params[name] = value
        return test.run()

    return open_page


def by_label(elements, label):
    return next(e for e in elements if e.label == label)


def words(test):
    parts = [*test.markdown, *test.caption, *test.info, *test.warning, *test.error]
    return "\n".join(str(p.value) for p in parts)
