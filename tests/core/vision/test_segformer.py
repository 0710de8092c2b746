import numpy as np
import pytest
import torch
from PIL import Image
from transformers import (
    SegformerConfig,
    SegformerForSemanticSegmentation,
    SegformerImageProcessorPil,
)

from core.errors import CheckpointMissing
from core.vision.segformer import SegformerParser

PUBLISHED = (
    "Background", "Hat", "Hair", "Sunglasses", "Upper-clothes", "Skirt", "Pants", "Dress", "Belt",
    "Left-shoe", "Right-shoe", "Face", "Left-leg", "Right-leg", "Left-arm", "Right-arm", "Bag",
    "Scarf",
)  # fmt: skip


def write_tiny(directory, names=PUBLISHED):
    torch.manual_seed(0)
    model = SegformerForSemanticSegmentation(
        SegformerConfig(
            hidden_sizes=[8, 8, 8, 8],
            depths=[1, 1, 1, 1],
            num_attention_heads=[1, 1, 1, 1],
            decoder_hidden_size=8,
            id2label=dict(enumerate(names)),
            label2id={name: i for i, name in enumerate(names)},
        )
    )
    torch.nn.init.normal_(model.decode_head.classifier.weight)  # or all pixels are of one class
    model.save_pretrained(directory)
    SegformerImageProcessorPil(size={"height": 64, "width": 64}).save_pretrained(directory)
    return model.eval()


def picture(size=(60, 80)):
    pixels = np.random.default_rng(0).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def test_ids_are_those_of_the_network(tmp_path):
    model, image = write_tiny(tmp_path), picture((64, 64))
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    pixels = (np.asarray(image) / 255 - mean) / std
    with torch.inference_mode():
        logits = model(torch.tensor(pixels.transpose(2, 0, 1)[None], dtype=torch.float32)).logits
    expected = torch.nn.functional.interpolate(logits, (64, 64), mode="bilinear").argmax(1)[0]
    ids = SegformerParser(tmp_path, device="cpu").parse(image)
    assert ids.dtype == np.uint8 and len(np.unique(ids)) > 3
    assert (ids == expected.numpy()).mean() > 0.999


@pytest.mark.parametrize("size", [(33, 50), (1300, 1000)])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_photos_of_any_size_and_mode(tmp_path, size, mode):
    write_tiny(tmp_path)
    ids = SegformerParser(tmp_path, device="cpu").parse(picture(size).convert(mode))
    assert ids.shape == size[::-1] and ids.max() < 18


def test_what_cannot_be_loaded_says_so(tmp_path):
    write_tiny(tmp_path / "other", [*PUBLISHED[1:], "Neck"])
    with pytest.raises(CheckpointMissing, match="other classes"):
        SegformerParser(tmp_path / "other")
    write_tiny(tmp_path / "damaged")
    (tmp_path / "damaged" / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(CheckpointMissing, match="pull segformer-b2-clothes"):
        SegformerParser(tmp_path / "damaged")
    with pytest.raises(CheckpointMissing):
        SegformerParser(tmp_path / "none")
