import json
import threading

import numpy as np
import pytest
from PIL import Image

from core.checkpoints import best_cutout
from core.errors import CheckpointMissing
from core.vision.matting import GarmentNetwork, guided, refined
from tests.core.tryon.synthetic import make_garment


@pytest.fixture(scope="module")
def network():
    return GarmentNetwork(best_cutout())


def brute_guided(guide, values, radius, softness):
    """The filter as its definition has it: a linear model in every window, averaged."""
    height, width = values.shape
    padded_g = np.pad(guide, ((radius,) * 2, (radius,) * 2, (0, 0)), mode="symmetric")
    padded_v = np.pad(values, radius, mode="symmetric")
    slopes, offsets = np.zeros((height, width, 3)), np.zeros((height, width))
    side = 2 * radius + 1
    for r in range(height):
        for c in range(width):
            window = padded_g[r : r + side, c : c + side].reshape(-1, 3).astype(float)
            wanted = padded_v[r : r + side, c : c + side].ravel().astype(float)
            middle, level = window.mean(0), wanted.mean()
            spread = (window * wanted[:, None]).mean(0) - middle * level
            variance = window.T @ window / len(window) - np.outer(middle, middle)
            slopes[r, c] = np.linalg.solve(variance + softness * np.eye(3), spread)
            offsets[r, c] = level - slopes[r, c] @ middle
    out = np.zeros((height, width))
    slopes = np.pad(slopes, ((radius,) * 2, (radius,) * 2, (0, 0)), mode="symmetric")
    offsets = np.pad(offsets, radius, mode="symmetric")
    for r in range(height):
        for c in range(width):
            slope = slopes[r : r + side, c : c + side].reshape(-1, 3).mean(0)
            out[r, c] = slope @ guide[r, c] + offsets[r : r + side, c : c + side].mean()
    return out


def test_the_guided_filter_is_what_its_definition_gives():
    rng = np.random.default_rng(0)
    guide = rng.random((17, 14, 3)).astype(np.float32)
    values = rng.random((17, 14)).astype(np.float32)
    found = guided(guide, values, 2, 1e-2)
    assert np.allclose(found, brute_guided(guide, values, 2, 1e-2), atol=2e-4)


def test_a_rough_outline_moves_to_the_edge_in_the_picture():
    image, alpha = make_garment("tee", (30, 96, 150))
    pixels, known = np.asarray(image), alpha > 0.5
    rough = np.asarray(Image.fromarray(np.roll(alpha, (5, 4), (0, 1))).resize((40, 52)))
    rough = np.clip(np.asarray(Image.fromarray(rough).resize((400, 520))), 0, 1)

    def overlap(mask):
        return (mask & known).sum() / (mask | known).sum()

    fine = refined(pixels, rough)
    assert fine.dtype == np.float32 and fine.min() >= 0 and fine.max() <= 1
    assert overlap(rough > 0.5) < 0.95
    assert 1 - overlap(fine > 0.5) < 0.6 * (1 - overlap(rough > 0.5))


@pytest.mark.parametrize("shape", [(60, 45), (300, 700), (640, 90), (33, 512)])
def test_photos_of_any_shape_are_seen_whole(network, shape):
    photo = np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)
    found = network.probability(photo)
    assert found.shape == shape and found.dtype == np.float32
    assert np.isfinite(found).all() and found.min() >= 0 and found.max() <= 1


def test_threads_that_share_the_network_get_what_one_alone_gets(network):
    photos = [np.asarray(make_garment(kind)[0]) for kind in ("tee", "dress", "skirt", "tank")]
    alone = [network.probability(photo) for photo in photos]
    together = [None] * len(photos)

    def look(i):
        together[i] = network.probability(photos[i])

    threads = [threading.Thread(target=look, args=(i,)) for i in range(len(photos))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(alone, together, strict=True):
        assert np.allclose(one, other, atol=1e-5)


def test_a_folder_that_is_no_such_checkpoint_is_named(tmp_path, network):
    with pytest.raises(CheckpointMissing, match=r"model\.safetensors is missing"):
        GarmentNetwork(tmp_path)
    for file in best_cutout().glob("*.*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    whole = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointMissing, match="Restore that folder"):
        GarmentNetwork(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(whole)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(CheckpointMissing, match="Restore that folder"):
        GarmentNetwork(tmp_path)
    config = json.loads((best_cutout() / "config.json").read_text())
    config["id2label"] = {"0": "a", "1": "b", "2": "c"}
    config["label2id"] = {"a": 0, "b": 1, "c": 2}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointMissing, match=r"Restore that folder|two, ground and garment"):
        GarmentNetwork(tmp_path)
