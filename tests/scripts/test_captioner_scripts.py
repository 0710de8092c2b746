"""Training and scoring the captioner, on products whose photo tells everything."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core.vision.captions import Captioner
from scripts import evaluate_captioner, train_captioner
from scripts.caption_data import WORDS, brands, own_facts, rendered_facts, say, shop_facts
from scripts.captioner_model import Lines
from scripts.clip_data import STYLE_COLUMNS, Examples
from scripts.train_captioner import least
from tests.core.vision.tiny_clip import write_tiny_clip

COLOURS = {"Red": (200, 30, 30), "Blue": (30, 60, 200)}
N = 120


def shop(names, **labels):
    return Examples(np.empty(0), names, pd.DataFrame(labels))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Products of two types and two colours with brands in their names, a CLIP, held-out ids."""
    folder = tmp_path_factory.mktemp("captions")
    (folder / "products" / "images").mkdir(parents=True)
    rows = []
    for i in range(N):
        colour, kind = list(COLOURS)[i % 2], ("Shirts", "Jeans")[i // 2 % 2]
        row = [str(i), "Men", "Apparel", "Wear", kind, colour, "Fall", "2011", "Casual"]
        rows.append([*row, f"Acme Men {colour} {kind} {i}"])
        picture = Image.new("RGB", (60, 80), "white")
        picture.paste(COLOURS[colour], (5, 5, 25 if kind == "Jeans" else 55, 75))
        picture.save(folder / "products" / "images" / f"{i}.jpg")
    text = "\n".join(",".join(row) for row in [STYLE_COLUMNS, *rows])
    (folder / "products" / "styles.csv").write_text(text)
    (folder / "clip").mkdir()
    write_tiny_clip(folder / "clip")
    (folder / "clip" / "held_out.txt").write_text("\n".join(str(i) for i in range(30)))
    return folder


def test_facts_of_a_shop_come_from_labels_and_the_name_and_leave_the_brand():
    facts = shop_facts(
        shop(
            [
                "Nike Men Striped Polo Navy Blue Tshirt",
                "U.S. Polo Assn. Men Check Shirt",
                "Puma Cap",
            ],
            type=["tshirts", "shirts", "caps"],
            colour=["navy blue", "white", ""],
            gender=["men", "men", "unisex"],
            usage=["casual", "casual", "sports"],
        )
    )
    assert say(facts[0]) == "men's navy striped polo T-shirt, casual"
    assert say(facts[1]) == "men's white checked shirt, casual"
    assert say(facts[2]) == "unisex cap, sports"
    assert facts[2]["colour"] is None and facts[2]["sleeve"] == "" and facts[0]["sleeve"] is None


def test_silence_about_a_pattern_tells_nothing_only_where_names_often_say_one():
    kinds = ["shirts"] * 4 + ["watches"] * 4
    names = ["A Check Shirt", "A Shirt", "A Striped Shirt", "A Shirt", *["A Watch"] * 4]
    blank = [""] * 8
    facts = shop_facts(shop(names, type=kinds, colour=blank, gender=blank, usage=blank))
    assert [f["pattern"] for f in facts] == ["checked", None, "striped", None, "", "", "", ""]


def test_facts_of_own_photos_and_of_rendered_garments():
    own = own_facts(
        shop(
            ["a photo of a kids Hoodie", "a photo of a Longsleeve", "a photo of a Polo"],
            type=["sweatshirts", "longsleeve", "tshirts"],
            kids=["kids", "", ""],
        )
    )
    assert [say(f) for f in own] == [
        "kids' hooded sweatshirt",
        "long-sleeve T-shirt",
        "short-sleeve polo T-shirt",
    ]
    made = rendered_facts(
        shop(
            ["x"],
            type=["dresses"],
            colour=["navy blue"],
            pattern=["dots"],
            sleeve=["three-quarter"],
            neckline=["V-neck"],
        )
    )
    assert say(made[0]) == "navy polka-dot three-quarter-sleeve V-neck dress"
    assert made[0]["gender"] is None


def test_brands_are_first_words_that_stand_nowhere_else():
    names = pd.Series(["Puma Men Red Shirt", "Red Tape Shoes", "Puma Red Cap", "Acme Men Puma Bag"])
    assert brands(names) == {"acme"}  # Puma is inside a name, Red mostly so
    assert brands(names[:3]) == {"puma"}


def test_the_threshold_of_an_attribute_makes_what_is_said_right_often_enough():
    place, n = list(WORDS).index("type"), 100
    lines = Lines.of(np.zeros((n, len(WORDS)), dtype=np.int16), np.zeros((n, len(WORDS)), bool))
    said, sure = np.zeros((n, len(WORDS)), int), np.tile(np.linspace(1, 0.2, n)[:, None], 7)
    said[60:, place] = 1  # the 40 least sure are wrong
    found = least(said, sure, lines, np.arange(n))
    assert 0.85 <= np.mean(said[sure[:, place] >= found["type"], place] == 0) < 0.9
    assert found["colour"] == 0.2  # always right: said whenever it is not a mere guess
    assert 0.98 < least(np.ones_like(said), sure, lines, np.arange(n))["gender"] <= 0.99


def test_training_resumes_learns_and_is_scored(folder, tmp_path, capsys):
    argv = ["--products", f"{folder}/products", "--clip", f"{folder}/clip", "--threads", "1"]
    argv += ["--out", f"{tmp_path}/out", "--work", f"{tmp_path}/work", "--batch", "16"]
    assert train_captioner.main([*argv, "--epochs", "1", "--views", "2"]) == 0
    first = Captioner(tmp_path / "out").checkpoint_id
    assert train_captioner.main([*argv, "--epochs", "30", "--tune", "1", "--views", "2"]) == 0
    out = capsys.readouterr().out
    assert "81 photos to train on" in out and "acme" not in out.lower()
    assert out.count("epoch 1,") == 1 and "epoch 31," in out
    assert Captioner(tmp_path / "out").checkpoint_id != first
    argv = ["--data", f"{folder}/products", "--checkpoint", f"{tmp_path}/out"]
    argv += ["--json", f"{tmp_path}/scores.json"]
    assert evaluate_captioner.main(argv) == 0
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert scores["n"] == 30 and scores["brand_free"] == 1 and scores["brands"] == 1
    assert scores["type_accuracy"] > scores["type_majority"]
    assert scores["type_accuracy_low"] <= scores["type_accuracy"] <= scores["type_accuracy_high"]
    assert scores["captions_per_second"] > 0 and scores["gender_majority"] == 1


def test_a_missing_folder_or_checkpoint_is_a_sentence(folder, tmp_path, capsys):
    argv = ["--products", f"{folder}/products", "--clip", str(tmp_path), "--out", f"{tmp_path}/o"]
    assert train_captioner.main([*argv, "--work", f"{tmp_path}/w"]) == 2
    argv = ["--data", str(tmp_path), "--checkpoint", str(tmp_path)]
    assert evaluate_captioner.main(argv) == 2
    assert "Traceback" not in capsys.readouterr().err
