import json

import numpy as np
import pytest
from PIL import Image

from core.tryon.people import open_person, people
from core.vision.atr import ID
from core.vision.keypoints import keypoints
from scripts import evaluate_keypoints
from scripts.evaluate_keypoints import consistent, pck

GARMENTS = {"upper_clothes": "shirt", "pants": "pants", "hair": "hair"}
NAMES = ["null", "skin", "shoes", *sorted(GARMENTS.values())]


@pytest.fixture(scope="module")
def person():
    return open_person(people()[0])


def test_pck_counts_what_is_near_and_what_is_missing_as_wrong(person):
    right = pck([(person.parse, person.keypoints)])
    assert right["body"] == {"0.1": 1.0, "0.2": 1.0}
    moved = person.keypoints + np.array([0.15 * 276, 0])
    assert pck([(person.parse, moved)])["body"] == {"0.1": 0.0, "0.2": 1.0}
    armless = person.parse.copy()
    armless[armless == ID["left_arm"]] = 0
    assert pck([(armless, person.keypoints)])["left wrist"] == {"0.1": 0.0, "0.2": 0.0}


def test_points_that_lie_on_nothing_fail_the_checks(person):
    good = keypoints(person.parse)
    assert all(all(values) for values in consistent(good, person.parse).values())
    bad = good.copy()
    bad[:, 0] = 5
    checks = consistent(bad, person.parse)
    for name in ("wrist_near_arm", "elbow_on_arm_or_sleeve", "knee_on_leg", "ankle_on_leg_or_shoe"):
        assert not any(checks[name])
    assert not any(checks["shoulders_and_hips_in_order"])


def test_the_command_reads_labelled_photos_and_draws_them(person, tmp_path, capsys):
    label = np.zeros(person.parse.shape, np.uint8)
    label[person.parse > 0] = NAMES.index("skin")
    for part, name in GARMENTS.items():
        label[person.parse == ID[part]] = NAMES.index(name)
    label[np.isin(person.parse, (ID["left_shoe"], ID["right_shoe"]))] = NAMES.index("shoes")
    for folder in ("photos", "labels"):
        (tmp_path / folder).mkdir()
    Image.fromarray(person.pixels).save(tmp_path / "photos" / "0001.jpg")
    Image.fromarray(label).save(tmp_path / "labels" / "0001.png")
    (tmp_path / "labels.json").write_text(json.dumps(NAMES))
    out, sheet = tmp_path / "out.json", tmp_path / "sheet.png"
    arguments = ["--data", str(tmp_path), "--rendered", "1", "--json", str(out)]
    assert evaluate_keypoints.main([*arguments, "--sheet", str(sheet)]) == 0
    scores = json.loads(out.read_text())
    assert set(scores) == {"demo_models", "rendered", "photos"}
    assert scores["photos"]["photos"] == 1 and scores["photos"]["found: left knee"] == 1
    assert Image.open(sheet).size == (2000, 512)
    assert "PCK@0.1" in capsys.readouterr().out


def test_a_folder_without_photos_is_a_sentence(tmp_path, capsys):
    assert evaluate_keypoints.main(["--data", str(tmp_path), "--rendered", "0"]) == 2
    assert "labels.json" in capsys.readouterr().err
