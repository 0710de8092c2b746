"""A small ranked catalog with photos and hostile cells, for the tests of reports."""

import numpy as np
from PIL import Image

from core.catalog.catalog import write_catalog
from core.explain.past import Past
from core.explain.report import Reporter
from core.popularity import metrics
from core.popularity.ranking import load_model, rank
from core.popularity.scoreboard import load_scoreboard
from core.popularity.training import train
from tests.core.popularity.synthetic import as_catalog, make_frame

HOSTILE = '<script>alert(1)</script>"><img src=http://x.test/a.png onerror=alert(2)> *_`[a](b)'


def make_reporter(folder, items=60):
    """Items of which the first has hostile cells, the second none, the third no photo."""
    frame = make_frame(items, seed=4)
    frame.loc[0, ["Name", "Colour"]] = HOSTILE
    frame.loc[1, ["Name", "Colour", "Price"]] = [None, None, np.nan]
    catalog = as_catalog(frame, name=f"Range {HOSTILE}")
    catalog.frame["photo"] = [f"{i}.png" if i != 2 else None for i in range(items)]
    catalog.roles["photo"] = "image"

    def add(new):
        for i in range(items):
            Image.new("RGB", (60, 80), (4 * i, 120, 110)).save(new / "images" / f"{i}.png")

    catalog = write_catalog(catalog, folder / "catalog", add_files=add)
    original, metrics.DRAWS = metrics.DRAWS, 20
    train(catalog, folder / "models", models=["linear"])
    metrics.DRAWS = original
    order = rank(catalog, folder / "models")
    model = load_model(folder / "models")
    board = load_scoreboard(folder / "models")
    return Reporter(model, board, catalog, order, Past.of(catalog))
