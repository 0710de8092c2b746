"""The map of a photo's likeness to words: it adds up to the likeness that the search shows."""

import numpy as np
import pytest

from core.catalog.catalog import load_catalog
from core.errors import ImageError
from core.explain.maps_tower import VisionTower
from core.explain.maps_words import word_map
from core.vision.clip import ClipEncoder
from core.vision.images import open_image
from tests.conftest import ROOT

CLIP = ROOT / "checkpoints/clip-fashion-small"


@pytest.fixture(scope="module")
def tower():
    return VisionTower(CLIP)


@pytest.fixture(scope="module")
def photo():
    catalog = load_catalog(ROOT / "data/demo")
    return catalog.image_paths(5)[0]


def test_parts_and_rest_make_the_cosine_of_the_search(tower, photo):
    encoder = ClipEncoder(CLIP, device="cpu")
    seen = encoder.images([open_image(photo)])[0]
    for words in ("floral print", "black shoes"):
        vector = encoder.texts([words])[0]
        found = word_map(photo, words, vector, tower)
        assert found.likeness == pytest.approx(float(vector @ seen), abs=1e-2)
        assert found.values.sum() + found.rest == pytest.approx(found.likeness, abs=1e-5)
        assert found.values.shape == (8, 8) and np.abs(found.values).max() > 1e-3
        assert found.box == (0, 0, *found.photo.size)
        assert (found.words, found.checkpoint) == (words, tower.checkpoint_id)


def test_other_words_have_another_map(tower, photo):
    encoder = ClipEncoder(CLIP, device="cpu")
    first, second = encoder.texts(["floral print", "black shoes"])
    maps = [word_map(photo, "", v, tower).values.ravel() for v in (first, second)]
    assert np.corrcoef(maps)[0, 1] < 0.95


def test_a_damaged_photo_is_said(tower, tmp_path):
    (tmp_path / "a.png").write_bytes(b"no photo")
    with pytest.raises(ImageError):
        word_map(tmp_path / "a.png", "dress", np.ones(256) / 16, tower)
