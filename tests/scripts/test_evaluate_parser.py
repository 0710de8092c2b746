import json

import numpy as np
import pytest
from PIL import Image

from core.vision.atr import ATR, ID
from scripts import evaluate_parser
from scripts.evaluate_parser import confusion, ious, read_classes, summary, with_intervals
from tests.core.vision.tiny_parser import write_tiny_parser

NAMES = ["null", "skin", "hair", "jeans", "shirt", "shoes", "dress"]
CLASSES = {
    "classes": ["background", "skin", "hair", "pants", "upper clothes", "shoes", "dress", "other"],
    "ccp": {
        **{"null": "background", "skin": "skin", "hair": "hair", "jeans": "pants"},
        **{"shirt": "upper clothes", "shoes": "shoes", "dress": "dress"},
    },
    "atr": [
        *("background", "other", "hair", "other", "upper clothes", "other", "pants", "dress"),
        *("other", "shoes", "shoes", *["skin"] * 5, "other", "other", "skin"),
    ],
}


@pytest.fixture
def folder(tmp_path):
    """Six photos of 60 x 90 with labels, and a tiny parser beside them."""
    folder = tmp_path / "street"
    (folder / "photos").mkdir(parents=True)
    (folder / "labels").mkdir()
    rng = np.random.default_rng(0)
    for i in range(6):
        photo = rng.integers(0, 255, (90, 60, 3), dtype=np.uint8)
        Image.fromarray(photo).save(folder / f"photos/{i:04d}.jpg")
        label = np.zeros((90, 60), np.uint8)
        label[10:20, 20:40], label[20:30, 22:38], label[30:55, 15:45] = 2, 1, 4
        label[55:80, 18:42], label[80:86, 18:42] = 3, 5
        Image.fromarray(label).save(folder / f"labels/{i:04d}.png")
    (folder / "labels.json").write_text(json.dumps(NAMES))
    (folder / "classes12.json").write_text(json.dumps(CLASSES))
    write_tiny_parser(tmp_path / "tiny")
    return folder


def test_counts_and_ious_agree_with_counting_one_by_one():
    rng = np.random.default_rng(0)
    truth, guess = rng.integers(0, 4, (2, 20, 15)).astype(np.uint8)
    counts = confusion(truth, guess, 5)
    for i in range(5):
        for j in range(5):
            assert counts[i, j] == ((truth == i) & (guess == j)).sum()
    found = ious(counts)
    for i in range(4):
        union = ((truth == i) | (guess == i)).sum()
        assert found[i] == pytest.approx(((truth == i) & (guess == i)).sum() / union)
    assert np.isnan(found[4])


def test_left_and_right_are_one_part_and_each_side_is_scored_too():
    truth = np.array([[ID["left_arm"], ID["right_arm"], ID["hair"], 0]], np.uint8)
    guess = np.array([[ID["right_arm"], ID["right_arm"], ID["face"], 0]], np.uint8)
    parts = confusion(truth, guess, len(ATR))
    found = summary(np.eye(2, dtype=np.int64), parts)
    assert found["iou_arms"] == 1 and found["iou_hair"] == 0 and found["iou_face"] == 0
    assert np.isnan(found["iou_dress"])
    assert found["miou_sides"] == pytest.approx((0 + 0.5) / 2)


def test_scores_are_of_all_photos_together_and_lie_in_their_interval():
    rng = np.random.default_rng(1)
    scored = rng.integers(1, 50, (20, 3, 3)) + 200 * np.eye(3, dtype=int)
    parts = np.zeros((20, 19, 19), int)
    parts[:, 0, 0] = 10
    scores = with_intervals(scored, parts)
    total = scored.sum(0)
    own = np.diag(total)
    expected = np.mean(own / (total.sum(0) + total.sum(1) - own))
    assert scores["miou_12"] == pytest.approx(expected, abs=1e-4)
    assert scores["pixel_accuracy"] == pytest.approx(own.sum() / total.sum(), abs=1e-4)
    assert scores["miou_12_low"] < scores["miou_12"] < scores["miou_12_high"]
    assert "iou_dress" not in scores, "a part that is nowhere has no score"


def test_the_command_scores_writes_maps_and_the_scores_agree_with_the_maps(folder, tmp_path):
    out, file = tmp_path / "maps", tmp_path / "scores.json"
    command = ["--data", str(folder), "--checkpoint", str(tmp_path / "tiny")]
    assert evaluate_parser.main([*command, "--json", str(file), "--predictions", str(out)]) == 0
    scores = json.loads(file.read_text())
    assert scores["n"] == 6 and scores["ms_per_image"] > 0
    classes, of_label, of_part = read_classes(folder, NAMES)
    right = total = 0
    for path in sorted(out.glob("*.png")):
        parse = np.asarray(Image.open(path))
        label = np.asarray(Image.open(folder / "labels" / path.name))
        assert parse.shape == label.shape and parse.dtype == np.uint8 and parse.max() < 19
        right += (of_part[parse] == of_label[label]).sum()
        total += label.size
    assert total == 6 * 90 * 60 and len(classes) == 8
    assert scores["pixel_accuracy"] == pytest.approx(right / total, abs=1e-4)


def test_photos_that_the_checkpoint_learned_from_are_left_out(folder, tmp_path, capsys):
    checkpoint = tmp_path / "tiny"
    (checkpoint / "held_out.txt").write_text("0001\n0004\n7777\n")
    command = ["--data", str(folder), "--checkpoint", str(checkpoint)]
    assert evaluate_parser.main(command) == 0
    assert "on 2 photos" in capsys.readouterr().out


def test_without_labels_maps_are_written_and_nothing_is_scored(folder, tmp_path, capsys):
    for path in [*(folder / "labels").iterdir(), folder / "labels.json", folder / "classes12.json"]:
        path.unlink()
    (folder / "labels").rmdir()
    out = tmp_path / "maps"
    command = ["--data", str(folder), "--checkpoint", str(tmp_path / "tiny")]
    assert evaluate_parser.main([*command, "--predictions", str(out)]) == 0
    assert len(list(out.glob("*.png"))) == 6
    assert "nothing was scored" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda f: (f / "photos/0002.jpg").write_bytes(b"no"), "0002.jpg"),
        (lambda f: (f / "labels/0002.png").write_bytes(b"no"), "missing or damaged"),
        (lambda f: (f / "labels/0002.png").unlink(), "missing or damaged"),
        (lambda f: Image.new("L", (9, 9)).save(f / "labels/0002.png"), "9 x 9"),
        (lambda f: Image.new("L", (60, 90), 7).save(f / "labels/0002.png"), "7 labels"),
        (lambda f: (f / "labels.json").write_text("{"), "is not JSON"),
        (lambda f: (f / "labels.json").write_text('["toga"]'), "toga"),
        (lambda f: (f / "classes12.json").unlink(), "classes12.json"),
        (lambda f: (f / "classes12.json").write_text('{"classes": []}'), "classes12.json"),
    ],
)
def test_damaged_folders_are_sentences(folder, tmp_path, capsys, spoil, sentence):
    spoil(folder)
    assert (
        evaluate_parser.main(["--data", str(folder), "--checkpoint", str(tmp_path / "tiny")]) == 2
    )
    error = capsys.readouterr().err
    assert sentence in error and "Traceback" not in error


def test_a_folder_without_photos_and_a_missing_checkpoint_are_sentences(folder, tmp_path, capsys):
    command = ["--checkpoint", str(tmp_path / "tiny")]
    assert evaluate_parser.main(["--data", str(tmp_path), *command]) == 2
    assert "holds no JPEG photos" in capsys.readouterr().err
    command = ["--checkpoint", str(tmp_path / "nowhere")]
    assert evaluate_parser.main(["--data", str(folder), *command]) == 2
    assert "nowhere" in capsys.readouterr().err
