import json
import os

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from core.checkpoints import best_captioner
from core.errors import CheckpointMissing
from core.settings import ROOT
from core.vision.captions import ATTRIBUTES_FILE, Caption, Captioner, line
from scripts.caption_data import WORDS, brands
from scripts.clip_data import read_styles
from scripts.evaluate_captioner import read_back
from tests.core.vision.tiny_captioner import DARK, LIGHT, write_tiny_captioner, write_tiny_vit_gpt2


@pytest.fixture(scope="module")
def noise():
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(0, 255, (40, 30, 3), dtype=np.uint8)) for _ in range(12)]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return write_tiny_captioner(tmp_path_factory.mktemp("tiny") / "captioner-tiny")


def test_it_says_what_it_was_taught_in_one_line(tiny):
    dark, light = Captioner(tiny).captions(
        [Image.new("RGB", (9, 12), c) for c in ("black", "white")]
    )
    assert (dark.text, light.text) == (DARK, LIGHT)
    assert list(dark.attributes.items()) == [
        ("gender", "men's"),
        ("colour", "black"),
        ("pattern", "checked"),
        ("type", "shirt"),
        ("usage", "casual"),
    ]
    assert 0.5 < dark.confidence <= 1


def test_the_same_photo_gives_the_same_line_in_any_batch(tiny, noise):
    captioner = Captioner(tiny)
    alone = [captioner.captions([photo])[0].text for photo in noise]
    assert [c.text for c in captioner.captions(noise, batch_size=5)] == alone
    assert captioner.captions([]) == []


def test_photos_of_any_mode_are_taken(tiny):
    photos = [Image.new(mode, (9, 70)) for mode in ("RGBA", "L", "P", "CMYK")]
    assert len(Captioner(tiny).captions(photos)) == 4


def test_what_it_is_not_sure_of_is_left_out(tmp_path, noise):
    sure = write_tiny_captioner(tmp_path / "sure", least=0.0)
    assert any(c.text for c in Captioner(sure).captions(noise))
    unsure = write_tiny_captioner(tmp_path / "unsure", least=1.01)
    assert [c.text for c in Captioner(unsure).captions(noise)] == [""] * len(noise)
    assert any(c.text for c in Captioner(unsure, cautious=False).captions(noise))


def test_one_attribute_can_be_left_out_of_a_line(tmp_path):
    directory = write_tiny_captioner(tmp_path / "some")
    content = json.loads((directory / ATTRIBUTES_FILE).read_text())
    content["least"]["colour"] = content["least"]["usage"] = 1.01
    (directory / ATTRIBUTES_FILE).write_text(json.dumps(content))
    said = Captioner(directory).captions([Image.new("RGB", (9, 12), "black")])[0]
    assert said.text == "men's checked shirt" and "colour" not in said.attributes


@pytest.mark.parametrize("binary", [False, True])
def test_it_loads_the_files_of_vit_gpt2(tmp_path, noise, binary):
    captioner = Captioner(write_tiny_vit_gpt2(tmp_path / "vit-gpt2", binary=binary))
    captions = captioner.captions(noise[:3])
    assert captioner.attributes is None and captioner.checkpoint_id.startswith("vit-gpt2-")
    assert len(captions) == 3 and all(0 < c.confidence <= 1 for c in captions)
    assert [c.text for c in captioner.captions(noise[:3])] == [c.text for c in captions]


def test_a_bin_file_that_would_run_code_is_refused(tmp_path):
    directory = write_tiny_vit_gpt2(tmp_path / "evil", binary=True)
    marker = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(marker),)

    torch.save({"encoder": Evil()}, directory / "pytorch_model.bin")
    with pytest.raises(CheckpointMissing, match="cannot be loaded"):
        Captioner(directory)
    assert not marker.exists()


@pytest.mark.parametrize("name", ["model.safetensors", "preprocessor_config.json", "config.json"])
def test_a_missing_file_is_a_sentence(tmp_path, name):
    directory = write_tiny_captioner(tmp_path / "broken")
    (directory / name).unlink()
    with pytest.raises(CheckpointMissing):
        Captioner(directory)


def test_a_damaged_list_of_words_is_a_sentence(tmp_path):
    directory = write_tiny_captioner(tmp_path / "broken")
    (directory / ATTRIBUTES_FILE).write_text('{"words": []}')
    with pytest.raises(CheckpointMissing, match=r"attributes\.json is damaged"):
        Captioner(directory)


def test_a_line_says_a_use_once():
    facts = {"gender": "men's", "colour": "black", "type": "casual shoes", "usage": "casual"}
    assert line(facts) == "men's black casual shoes"
    assert line(facts | {"usage": "sports"}) == "men's black casual shoes, sports"
    assert line({"type": "T-shirt", "usage": "casual"}) == "T-shirt, casual"


def test_the_embedded_captioner_knows_no_word_beyond_its_list():
    directory = ROOT / "checkpoints" / "captioner-fashion-small"
    tokens = json.loads((directory / "tokenizer.json").read_text())["model"]["vocab"]
    said = {t.strip("▁,").replace("▁", " ") for t in tokens if not t.startswith("[")}
    assert said == {word for words in WORDS.values() for word in words}
    content = json.loads((directory / ATTRIBUTES_FILE).read_text())
    assert {n: tuple(w) for n, w in content["words"].items()} == WORDS


def test_the_embedded_captioner_sees_garments_of_the_demo():
    captioner = Captioner(best_captioner(), cautious=False)
    assert captioner.checkpoint_id.startswith("captioner-fashion-small-")
    folder = ROOT / "data" / "demo"
    frame = pd.read_parquet(folder / "catalog.parquet").iloc[::40]
    photos = [Image.open(folder / "images" / cell.split("|")[0]) for cell in frame["image"]]
    found = [c.attributes.get("type", "") for c in captioner.captions(photos)]
    named = {"Blouse": "top", "Coat": "coat", "Hoodie": "sweatshirt", "Jeans": "jeans"}
    right = [
        word.lower() == named.get(kind, kind).lower()
        for word, kind in zip(found, frame["category"], strict=True)
    ]
    assert np.mean(right) >= 0.5  # the most frequent type is an eighth of the demo


@pytest.mark.shared
def test_no_word_of_the_list_is_a_brand_of_the_products(shared):
    names = read_styles(shared / "data" / "fashion_products")["productDisplayName"]
    known = brands(names)
    assert {"nike", "puma", "levis", "fastrack"} <= known and len(known) > 100
    words = {
        part.lower()
        for phrases in WORDS.values()
        for phrase in phrases
        for part in phrase.replace("-", " ").split()
    }
    assert not words & known


def test_attributes_are_read_back_from_the_text():
    text = "women's navy striped short-sleeve V-neck T-shirt, casual"
    assert read_back(Caption(text, 1.0)) == {
        "gender": "women's",
        "colour": "navy",
        "pattern": "striped",
        "sleeve": "short-sleeve",
        "neck": "V-neck",
        "type": "T-shirt",
        "usage": "casual",
    }
    assert read_back(Caption("black formal shoes", 1.0)) == {
        "colour": "black",
        "type": "formal shoes",
        "usage": "formal",
    }
    assert read_back(Caption("off-white shirt", 1.0)) == {"colour": "off-white", "type": "shirt"}
    assert read_back(Caption("", 0.0)) == {}
