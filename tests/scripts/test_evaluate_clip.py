import csv
import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from scripts import evaluate_clip
from scripts.clip_data import STYLE_COLUMNS, held_out_ids, read_styles
from scripts.evaluate_clip import hits, neighbours
from tests.core.vision.tiny_clip import write_tiny_clip

KINDS = {"Shirts": 60, "Jeans": 160}
COLOURS = {"Red": (200, 30, 30), "Green": (30, 160, 60), "Blue": (30, 60, 200)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """36 products: two types, three colours, two genders; the names hold unquoted commas."""
    folder = tmp_path_factory.mktemp("products")
    (folder / "images").mkdir()
    rows = []
    for i in range(36):
        kind, colour = list(KINDS)[i % 2], list(COLOURS)[i % 3]
        gender = ("Men", "Women")[i // 18]
        row = [str(1000 + i), gender, "Apparel", "Wear", kind, colour, "Fall", "2011.0", "Casual"]
        rows.append([*row, f"Brand {gender}", f" {colour} {kind} {i}"])
        picture = Image.new("RGB", (60, 80), "white")
        picture.paste(COLOURS[colour], (5, 5, 25 if kind == "Jeans" else 55, 40 + i))
        picture.save(folder / "images" / f"{1000 + i}.jpg")
    text = "\n".join(",".join(row) for row in [STYLE_COLUMNS, *rows])
    (folder / "styles.csv").write_text(
        text + "\n9999,Men,Apparel,Wear,Jeans,Red,Fall,2011,,No photo"
    )
    return folder


class LabelReader:
    """An encoder that knows colour and type of photo and text, and of a name its number."""

    checkpoint_id = "label-reader"

    def __init__(self, table):
        self.colours, self.kinds = list(COLOURS), list(KINDS)

    def images(self, images):
        vectors = []
        for image in images:
            pixel = np.array(image.getpixel((10, 10)))
            distance = [np.abs(pixel - np.array(c)).sum() for c in COLOURS.values()]
            narrow = image.getpixel((50, 10))[0] > 220 and image.getpixel((50, 10))[1] > 220
            height = sum(image.getpixel((10, y)) != image.getpixel((10, 79)) for y in range(80))
            vectors.append(self._vector(int(np.argmin(distance)), int(narrow), height))
        return np.stack(vectors)

    def texts(self, texts):
        out = []
        for text in texts:
            words = text.lower().split()
            colour = next((i for i, c in enumerate(self.colours) if c.lower() in words), None)
            kind = next((i for i, k in enumerate(self.kinds) if k.lower() in words), None)
            out.append(self._vector(colour, kind, None))
        return np.stack(out)

    def _vector(self, colour, kind, height):
        vector = np.full(6, 1e-3, dtype=np.float32)
        if colour is not None:
            vector[colour] += 1
        if kind is not None:
            vector[3 + kind] += 1
        vector[5] += (height or 0) * 1e-4
        return vector / np.linalg.norm(vector)


def test_unquoted_commas_belong_to_the_name_and_rows_without_a_photo_are_left_out(folder):
    table = read_styles(folder)
    assert len(table) == 36
    assert table["productDisplayName"][0] == "Brand Men, Red Shirts 0"


def test_an_encoder_that_reads_labels_scores_full_marks_on_them(folder):
    table = read_styles(folder)
    scores = evaluate_clip.evaluate(LabelReader(table), table)
    assert scores["n"] == 36
    assert scores["type_accuracy"] == scores["colour_accuracy"] == 1
    assert scores["image_precision_at_10"] < 1  # only 5 others share type and colour
    assert scores["recall_at_1"] < scores["recall_at_10"] == 1
    assert scores["recall_at_1_low"] <= scores["recall_at_1"] <= scores["recall_at_1_high"]
    assert scores["gender_accuracy"] == 0.5  # it cannot see gender: one guess for all


def test_hits_are_strict_and_a_constant_encoder_finds_nothing():
    vectors = np.eye(4, dtype=np.float32)
    assert hits(vectors, vectors, 1).tolist() == [1, 1, 1, 1]
    assert hits(vectors, vectors[::-1], 1).tolist() == [0, 0, 0, 0]
    same = np.ones((4, 2), dtype=np.float32)
    assert hits(same, same, 3).tolist() == [0, 0, 0, 0]


def test_neighbours_leave_the_photo_itself_out():
    vectors = np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1]], dtype=np.float32)
    labels = pd.Series(["a", "a", "b", "c"])
    assert neighbours(vectors, labels, 1).tolist() == [1, 1, 0, 0]


def test_products_of_one_name_are_held_out_together():
    names = [f"Name {i % 40}" for i in range(100)]
    table = pd.DataFrame({"id": [str(i) for i in range(100)], "productDisplayName": names})
    held = held_out_ids(table, 20, seed=0)
    assert 10 <= len(held) <= 20 and held == held_out_ids(table, 20, seed=0)
    assert held != held_out_ids(table, 20, seed=1)
    out = table["id"].isin(held)
    assert not set(table[out]["productDisplayName"]) & set(table[~out]["productDisplayName"])


def test_the_command_scores_a_checkpoint_on_the_ids_it_is_given(folder, tmp_path, capsys):
    checkpoint = write_tiny_clip(tmp_path / "tiny")
    (tmp_path / "ids.txt").write_text("\n".join(str(1000 + i) for i in range(24)) + "\n")
    command = ["--data", str(folder), "--checkpoint", str(checkpoint)]
    file = tmp_path / "scores.json"
    assert evaluate_clip.main([*command, "--json", str(file)]) == 0
    assert json.loads(file.read_text())["n"] == 36
    command += ["--ids", str(tmp_path / "ids.txt"), "--json", str(file)]
    assert evaluate_clip.main(command) == 0
    scores = json.loads(file.read_text())
    assert scores["n"] == 24 and scores["checkpoint"].startswith("tiny-")
    assert all(0 <= scores[name] <= 1 for name in evaluate_clip.MEANING)
    assert "24 products" in capsys.readouterr().out


def test_products_that_the_checkpoint_learned_from_are_left_out(folder, tmp_path, capsys):
    checkpoint = write_tiny_clip(tmp_path / "tiny")
    (checkpoint / "held_out.txt").write_text("\n".join(str(1000 + i) for i in range(22)) + "\n9\n")
    command = ["--data", str(folder), "--checkpoint", str(checkpoint)]
    assert evaluate_clip.main(command) == 0
    assert "on 22 products" in capsys.readouterr().out
    (checkpoint / "held_out.txt").write_text("9\n")
    assert evaluate_clip.main(command) == 0
    assert "on 36 products" in capsys.readouterr().out, "none of its products: all are unseen"


def test_photos_of_peoples_own_clothes_are_scored_by_their_labels(folder, tmp_path, capsys):
    own = tmp_path / "own"
    (own / "images").mkdir(parents=True)
    labels = ["T-Shirt", "Pants", "Not sure"]
    rows = [f"p{i},1,{labels[i % 3]},False" for i in range(60)]
    (own / "images.csv").write_text("\n".join(["image,sender_id,label,kids", *rows]))
    for i in range(60):
        colour = (250, 250 - i, 10) if i % 3 else (10, 250 - i, 250)
        Image.new("RGB", (30, 30), colour).save(own / "images" / f"p{i}.jpg")
    checkpoint = write_tiny_clip(tmp_path / "tiny")
    command = ["--data", str(folder), "--checkpoint", str(checkpoint), "--own-photos", str(own)]
    file = tmp_path / "scores.json"
    assert evaluate_clip.main([*command, "--json", str(file)]) == 0
    assert json.loads(file.read_text())["own_photos_n"] == 40, "a label that is none is left out"
    held_out = [f"p{i}" for i in range(36) if i % 3 < 2]
    (checkpoint / "held_out_own_photos.txt").write_text("\n".join(held_out) + "\n")
    assert evaluate_clip.main([*command, "--json", str(file)]) == 0
    scores = json.loads(file.read_text())
    assert scores["own_photos_n"] == 24 and 0 <= scores["own_photos_accuracy"] <= 1
    assert "own_photos_accuracy" in capsys.readouterr().out
    (own / "images.csv").write_text("image,kids\n")
    assert evaluate_clip.main(command) == 2
    assert "does not have the columns image, label, kids" in capsys.readouterr().err


def test_too_few_photos_and_another_table_are_sentences(folder, tmp_path, capsys):
    checkpoint = write_tiny_clip(tmp_path / "tiny")
    (tmp_path / "ids.txt").write_text("1000\n1001\n")
    command = ["--checkpoint", str(checkpoint), "--ids", str(tmp_path / "ids.txt")]
    assert evaluate_clip.main([*command, "--data", str(folder)]) == 2
    assert "Only 2 of the photos" in capsys.readouterr().err
    with (tmp_path / "styles.csv").open("w", newline="") as stream:
        csv.writer(stream).writerow(["sku", "name"])
    assert evaluate_clip.main([*command, "--data", str(tmp_path)]) == 2
    assert "styles.csv" in capsys.readouterr().err
