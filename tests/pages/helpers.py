"""What the tests of the pages share to read and drive them; fixtures are in conftest.py."""

import io
import json
import threading
import time
from pathlib import Path

import numpy as np
from PIL import Image

from core.catalog.catalog import write_catalog
from core.popularity import metrics
from core.popularity.training import train
from core.tryon.engine import Licence
from core.tryon.preview import PreviewEngine
from tests.core.popularity.synthetic import as_catalog
from tests.core.tryon.synthetic import make_garment

PAGE = Path(__file__).resolve().parents[2] / "pages" / "tryon.py"
CATALOG_PAGE = PAGE.with_name("catalog.py")
KINDS = {"tee": "T-shirt", "sweater": "Sweater", "trousers": "Trousers", "dress": "Dress"}


def with_photos(frame, directory, name="made", size=(90, 120)):
    """A catalog of `frame`, written, with a plain photo of each item."""
    catalog = as_catalog(frame.assign(photo=[f"{i}.png" for i in range(len(frame))]), name)
    catalog.roles["photo"] = "image"

    def photos(new):
        for i in range(len(frame)):
            Image.new("RGB", size, (255 * i // len(frame), 120, 110)).save(
                new / "images" / f"{i}.png"
            )

    return write_catalog(catalog, directory, add_files=photos)


def train_quickly(catalog, models):
    """The linear model, with a small share of the draws that scores take."""
    original, metrics.DRAWS = metrics.DRAWS, 40
    try:
        train(catalog, models, models=["linear"])
    finally:
        metrics.DRAWS = original


def words(test):
    parts = [*test.markdown, *test.caption, *test.info, *test.warning, *test.error]
    return "\n".join(str(p.value) for p in parts)


def by_label(elements, label):
    return next(e for e in elements if e.label == label)


def component(test, name):
    return [c for c in test.get("bidi_component") if c.proto.component_name == name]


def pictures(test):
    large = ("tryon_compare", "tryon_mask")
    return [*test.get("image"), *(c for name in large for c in component(test, name))]


def data(test, name):
    return json.loads(component(test, name)[0].proto.json)


def uploader(test, what):
    return next(u for u in test.file_uploader if what in u.label)


def png(kind):
    out = io.BytesIO()
    make_garment(kind)[0].save(out, "PNG")
    return out.getvalue()


def photo(width, height, colour=90):
    out = io.BytesIO()
    Image.new("RGB", (width, height), (colour, 90, 90)).save(out, "JPEG")
    return out.getvalue()


def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def progress(test):
    return [(p.proto.value, p.proto.text) for p in test.get("progress")]


class SlowEngine(PreviewEngine):
    """The preview as an engine that samples: it paints step by step, as fast as it is let."""

    name, title, uses_sampling = "slow", "Slow", True
    licence = Licence("research only", commercial=False)

    def __init__(self):
        self.go, self.told = threading.Semaphore(0), []

    def run(self, prepared, *, seed, steps, scale, samples, on_step):
        self.told.append((seed, steps, scale, samples))
        for step in range(steps):
            on_step(step, steps, np.zeros((16, 12, 3), np.uint8))
            assert self.go.acquire(timeout=20)
        on_step(steps, steps)
        return super().run(prepared, samples=samples)
