import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import CLIPModel

from core.checkpoints import checkpoint_id
from core.errors import CheckpointMissing
from core.settings import ROOT
from core.vision.clip import ClipEncoder
from tests.core.vision.tiny_clip import write_tiny_clip

GOLDEN = ROOT.parent / "shared/goldens/ootd/tiny_ckpt/clip-vit-large-patch14"
EMBEDDED = ROOT / "checkpoints/clip-fashion-small"


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return write_tiny_clip(tmp_path_factory.mktemp("hub") / "clip-vit-large-patch14")


@pytest.fixture(scope="module")
def encoder(directory):
    return ClipEncoder(directory, device="cpu")


def photos(n=5):
    rng = np.random.default_rng(0)
    return [
        Image.fromarray(rng.integers(0, 256, (40 + 9 * i, 60, 3), dtype=np.uint8)) for i in range(n)
    ]


def assert_unit(vectors, shape):
    assert vectors.shape == shape and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_photos_and_texts_become_unit_vectors_of_one_length(encoder):
    assert encoder.dimensions == 24
    assert_unit(encoder.images(photos()), (5, 24))
    assert_unit(encoder.texts(["red", "a blue shirt"]), (2, 24))
    assert encoder.images([]).shape == encoder.texts([]).shape == (0, 24)


def test_vectors_are_those_of_the_model_itself(encoder, directory):
    from transformers import CLIPImageProcessorPil, CLIPTokenizer

    model = CLIPModel.from_pretrained(directory).eval()
    pixels = CLIPImageProcessorPil.from_pretrained(directory)(photos(), return_tensors="pt")
    words = CLIPTokenizer.from_pretrained(directory)(["red"], return_tensors="pt")
    with torch.inference_mode():
        out = model(**pixels, **words)
    np.testing.assert_allclose(encoder.images(photos()), out.image_embeds.numpy(), atol=1e-5)
    np.testing.assert_allclose(encoder.texts(["red"]), out.text_embeds.numpy(), atol=1e-5)


def test_batches_and_padding_do_not_change_a_vector(encoder):
    np.testing.assert_allclose(
        encoder.images(photos(), batch_size=2), encoder.images(photos()), atol=1e-5
    )
    alone = encoder.texts(["red"])
    np.testing.assert_allclose(encoder.texts(["red", "a much longer text"])[:1], alone, atol=1e-5)


def test_a_text_longer_than_the_model_is_cut(encoder):
    long = "red " * 500
    assert_unit(encoder.texts([long, ""]), (2, 24))
    np.testing.assert_allclose(encoder.texts([long]), encoder.texts(["red " * 14]), atol=1e-5)


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "RGBA", "1"])
def test_photos_of_any_mode_are_taken(encoder, mode):
    assert_unit(encoder.images([photos(1)[0].convert(mode)]), (1, 24))


def test_ids_follow_weights_and_preprocessing(encoder, directory, tmp_path):
    assert encoder.checkpoint_id == checkpoint_id(directory)
    assert encoder.checkpoint_id.startswith("clip-vit-large-patch14-")
    other = ClipEncoder(write_tiny_clip(tmp_path / directory.name, seed=1), device="cpu")
    assert other.checkpoint_id != encoder.checkpoint_id
    assert other.preprocess_hash == encoder.preprocess_hash
    larger = ClipEncoder(write_tiny_clip(tmp_path / "larger", side=40), device="cpu")
    assert larger.preprocess_hash != encoder.preprocess_hash


def test_the_older_tokenizer_files_give_the_same_vectors(encoder, tmp_path):
    older = ClipEncoder(write_tiny_clip(tmp_path / "old", tokenizer_json=False), device="cpu")
    np.testing.assert_allclose(older.texts(["red"]), encoder.texts(["red"]), atol=1e-6)


@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "preprocessor_config.json"])
def test_a_missing_or_damaged_file_is_one_sentence(tmp_path, file):
    directory = write_tiny_clip(tmp_path / "clip")
    (directory / file).write_bytes(b"{ not what it was")
    with pytest.raises(CheckpointMissing, match="pull"):
        ClipEncoder(directory)
    (directory / file).unlink()
    with pytest.raises(CheckpointMissing, match="pull"):
        ClipEncoder(directory)


def test_weights_that_the_file_lacks_are_not_made_up(tmp_path):
    directory = write_tiny_clip(tmp_path / "clip")
    weights = load_file(directory / "model.safetensors")
    weights.pop("visual_projection.weight")
    save_file(weights, directory / "model.safetensors", {"format": "pt"})
    with pytest.raises(CheckpointMissing, match=r"lacks 1 weights, such as visual_projection"):
        ClipEncoder(directory)


def test_threads_share_an_encoder(encoder):
    expected, results = encoder.images(photos()), []
    threads = [
        threading.Thread(target=lambda: results.append(encoder.images(photos()))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    for result in results:
        np.testing.assert_array_equal(result, expected)


def test_importing_the_module_does_not_import_torch():
    code = "import sys, core.vision.clip, core.vision.embeddings, core.checkpoints;" + (
        "sys.exit(any(m in sys.modules for m in ('torch', 'transformers', 'huggingface_hub')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


@pytest.mark.shared
def test_the_golden_directory_in_the_published_layout_loads():
    if not GOLDEN.is_dir():
        pytest.skip("the development data are not beside the checkout")
    encoder = ClipEncoder(GOLDEN, device="cpu")
    assert_unit(encoder.images(photos(2)), (2, 32))
    assert_unit(encoder.texts(["upperbody"]), (1, 32))


def test_the_embedded_checkpoint_tells_garments_and_colours_apart():
    """Rendered squares are no photos, but colour words must still point at the right one."""
    encoder = ClipEncoder(EMBEDDED, device="cpu")
    size = sum(f.stat().st_size for f in Path(EMBEDDED).iterdir())
    assert size < 15 * 2**20
    colours = {"black": (15, 15, 15), "white": (245, 245, 245), "red": (200, 20, 30)}
    squares = []
    for colour in colours.values():
        square = Image.new("RGB", (180, 240), "white")
        square.paste(colour, (40, 40, 140, 200))
        squares.append(square)
    texts = encoder.texts([f"a photo of {name} tshirts" for name in colours])
    assert (encoder.images(squares) @ texts.T).argmax(axis=1).tolist() == [0, 1, 2]
