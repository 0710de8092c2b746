"""What the benchmark of maps makes of its measurements."""

import numpy as np
import pytest
import torch

from benchmarks.map_faithfulness import (
    BASELINES,
    CANDIDATES,
    MAPS,
    Season,
    best,
    explained,
    garment_shares,
    summary,
    table,
)
from core.catalog.catalog import load_catalog
from core.checkpoints import checkpoint_id
from core.explain.maps_tower import VisionTower
from core.popularity.deep import DeepModel
from core.popularity.model import labelled_rows
from core.popularity.vectors import image_vectors
from tests.conftest import ROOT


@pytest.fixture
def scores():
    rng = np.random.default_rng(0)
    levels = dict(zip(MAPS, np.linspace(0.9, 0.0, len(MAPS)), strict=True))
    levels["legrad"] = 1.2
    luck = rng.normal(size=90)  # a photo's own ease, which pairing takes out
    found = {}
    for name, level in levels.items():
        for figure in ("blur", "mean", "saco"):
            found[f"{name}/{figure}"] = level + luck + 0.1 * rng.normal(size=90)
        if name in CANDIDATES:
            for figure, likeness in (("shuffled", 0.25), ("flipped", 0.8), ("cropped", 0.7)):
                found[f"{name}/{figure}"] = np.full(90, likeness)
    return summary(found, np.repeat(np.arange(45), 2))


def test_the_best_candidate_leads_the_random_map_most(scores):
    assert best(scores) == "legrad"
    lead = scores["legrad"]["over_random"]["both"]
    assert lead["low"] < lead["value"] < lead["high"] and lead["value"] == pytest.approx(1.2, 0.05)
    assert lead["high"] - lead["low"] < 0.1  # of the same photos
    assert scores["random"]["over_random"]["both"] == {"value": 0, "low": 0, "high": 0}


def test_a_baseline_is_never_the_default(scores):
    for name in BASELINES:
        scores[name]["over_random"]["both"]["value"] = 9.0
    assert best(scores) == "legrad"


def test_the_table_has_a_line_a_map(scores):
    lines = table(scores).splitlines()
    assert len(lines) == 2 + len(MAPS)
    assert all(line.count("|") == lines[0].count("|") for line in lines)
    assert lines[2].endswith("| 0.25 | 0.80 | 0.70 |") and "0.25" not in lines[-1]


def test_the_deep_models_number_is_its_photos_part():
    catalog = load_catalog(ROOT / "data/demo")
    checkpoint = checkpoint_id(ROOT / "checkpoints/clip-fashion-small")
    model = DeepModel("deep", checkpoint=checkpoint).fit(catalog, labelled_rows(catalog)[::8])
    season = Season(np.array([3]), model, 1.0, np.arange(256)[::-1], torch.zeros(1))
    number = explained(season, catalog, 3)
    own = np.asarray(image_vectors(catalog, checkpoint)[[3]])
    wanted = model.output(catalog, np.array([3]))
    np.testing.assert_allclose(number.output(own), wanted, atol=1e-9)
    np.testing.assert_array_equal(number.shuffled.weights, number.head.weights[::-1])


def test_the_garment_covers_the_middle_of_a_product_photo():
    tower = VisionTower(ROOT / "checkpoints/clip-fashion-small")
    shares = garment_shares(ROOT / "data/demo/images/FD-0001.webp", tower)
    assert shares.shape == (8, 8) and shares[3:5, 3:5].min() > 0.95
    assert max(shares[0].max(), shares[-1].max()) < 0.05
