"""The popularity page and the try-on page on small catalogs, for the tests of their parts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

import app.catalogs
import app.jobs
import app.tryon_batch
import app.tryon_own
import app.tryon_run
import core.resources
import core.tryon.people
from core.cache import artefacts
from core.catalog.catalog import Catalog, write_catalog
from core.catalog.roles import Role
from core.errors import NoPersonError
from core.popularity.ranking import rank
from core.tryon.engines import ENGINES
from core.vision.images import open_image
from tests.core.popularity.synthetic import make_catalog
from tests.core.tryon.synthetic import make_garment, make_person, write_people
from tests.pages.helpers import CATALOG_PAGE, KINDS, SlowEngine, train_quickly
from tests.pages.helpers import PAGE as TRYON

PAGE = Path(__file__).resolve().parents[2] / "pages" / "popularity.py"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    catalog = write_catalog(make_catalog(160), folder / "made")
    train_quickly(catalog, folder / "models")
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


@pytest.fixture(scope="module")
def wardrobe(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tryon")
    frame = pd.DataFrame(
        {
            "sku": ["s1", "a1", "a2", "a3", "a4", "a5"],
            "name": [
                "Runner",
                "Blue tee",
                "Blue sweater",
                "Blue trousers",
                "Blue dress",
                "No photo",
            ],
            "kind": ["Shoes", *KINDS.values(), "Shirt"],
            "photo": [f"{kind}.png" for kind in ("tee", *KINDS)] + [None],
        }
    )
    roles = {"sku": Role.ID, "name": Role.TITLE, "kind": Role.CATEGORY, "photo": Role.IMAGE}

    def photos(new):
        for kind in KINDS:
            make_garment(kind)[0].save(new / "images" / f"{kind}.png")

    catalog = write_catalog(
        Catalog(Path(), "small", frame, roles), folder / "small", add_files=photos
    )
    people = write_people(
        folder / "people", make_person(), replace(make_person(True), id="wide", title="Wide")
    )
    return catalog, people


@pytest.fixture
def studio(wardrobe, monkeypatch, tmp_path):
    """Opens the page beside the catalog's, with the catalog ranked or not."""
    catalog, people = wardrobe
    script = tmp_path / "dashboard.py"
    script.write_text(
        "import streamlit as st\n"
        f"pages = [st.Page({str(TRYON)!r}, default=True), st.Page({str(CATALOG_PAGE)!r})]\n"
        "st.navigation(pages).run()\n"
    )

    def open_page(ranked=True, folder=people, catalog=catalog, **query):
        order = pd.DataFrame({"item_id": list(catalog.ids), "rank": range(1, len(catalog) + 1)})
        order.attrs.update(model="linear", date="2026-01-01")
        order[["predicted", "low", "high"]] = 1.0
        monkeypatch.setattr(app.catalogs, "current_catalog", lambda: catalog)
        monkeypatch.setattr(app.catalogs, "current_models", lambda: Path("m") if ranked else None)
        monkeypatch.setattr(core.resources, "ranking", lambda *a: order)
        monkeypatch.setattr(core.tryon.people.people, "__defaults__", (folder,))
        test = AppTest.from_file(str(script), default_timeout=60)
        for name, value in query.items():
            test.query_params[name] = value
        return test.run()

    return open_page


@pytest.fixture
def finder(monkeypatch):
    """Takes any photo for one of the crude person, among others where it is wide."""
    body = make_person()

    def read(source, name=None, **_):
        image = open_image(source, name)
        if image.width < 200:
            raise NoPersonError("The person is 90 pixels high in the photo; too small.")
        note = "2 people are in the photo; the largest is used." * (image.width > image.height)
        pixels = body.pixels // 2 + np.uint8(image.width % 100)  # another picture of each photo
        return replace(body, id="photo-x", title=name, pixels=pixels, note=note)

    monkeypatch.setattr(app.tryon_own, "read_person", read)
    app.tryon_own._read.clear()


@pytest.fixture
def slow(monkeypatch):
    engine = SlowEngine()
    monkeypatch.setitem(ENGINES, "slow", engine)
    app.tryon_run.lines.clear()
    artefacts().clear()
    yield engine
    for _ in range(200):
        engine.go.release()
    app.tryon_run.lines.clear()
