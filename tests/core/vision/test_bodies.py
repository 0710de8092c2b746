import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from core.errors import CheckpointMissing, NoPersonError
from core.vision.atr import ID
from core.vision.bodies import BodyFinder, GeometryPose, body_finder, separate
from core.vision.schp import SchpParser
from core.vision.segformer import SegformerParser
from tests.core.tryon.synthetic import make_person
from tests.core.vision.test_segformer import write_tiny

GOLDENS = Path(__file__).resolve().parents[2] / "goldens" / "ootd"
PERSON = make_person()


def side_by_side(first, second, gap):
    """Two people of some scales on one ground line; a negative gap lets them overlap."""
    maps = [
        cv2.resize(PERSON.parse, None, fx=s, fy=s, interpolation=cv2.INTER_NEAREST)
        for s in (first, second)
    ]
    for i, m in enumerate(maps):
        columns = np.flatnonzero((m > 0).any(axis=0))
        maps[i] = m[:, columns[0] : columns[-1] + 1]
    height, start = max(len(m) for m in maps), maps[0].shape[1] + gap
    parse = np.zeros((height, start + maps[1].shape[1]), np.uint8)
    who = np.zeros(parse.shape, int)
    for number, (m, left) in enumerate(zip(maps, (0, start), strict=True)):
        there = (slice(height - len(m), None), slice(left, left + m.shape[1]))
        on = (m > 0) & (parse[there] == 0)
        parse[there][on] = m[on]
        who[there][on] = number + 1
    return parse, who


class Told:
    def __init__(self, parse=None, points=None, people=1):
        self.answer, self.told = parse, (points, people)

    def parse(self, image):
        return self.answer

    def points(self, image, parse):
        return self.told


def test_one_person_is_all_of_the_figure():
    people = separate(PERSON.parse)
    assert len(people) == 1 and (people[0] == (PERSON.parse > 0)).all()


def test_nobody():
    assert separate(np.zeros((50, 40), np.uint8)) == []
    finder = BodyFinder(Told(np.zeros((50, 40), np.uint8)), GeometryPose(), "none")
    with pytest.raises(NoPersonError, match="No person"):
        finder.find(Image.new("RGB", (40, 50)))


@pytest.mark.parametrize("gap", [60, 4, -40])
@pytest.mark.parametrize(("first", "second"), [(1.0, 0.7), (0.7, 1.0)])
def test_two_people_are_told_apart_largest_first(first, second, gap):
    parse, who = side_by_side(first, second, gap)
    people = separate(parse)
    assert len(people) == 2 and not (people[0] & people[1]).any()
    larger = 1 if first > second else 2
    for mask, number in zip(people, (larger, 3 - larger), strict=True):
        assert (mask & (who == number)).sum() > 0.95 * (who == number).sum()
        assert (mask & (who == number)).sum() > 0.9 * mask.sum()


def test_a_passer_by_far_behind_is_not_counted():
    parse, _ = side_by_side(1.0, 0.25, 80)
    assert len(separate(parse)) == 1


def test_what_stands_beside_without_a_head_is_left_out():
    parse, who = side_by_side(1.0, 0.7, 80)
    parse[(who == 2) & np.isin(parse, [ID["face"], ID["hair"], ID["hat"]])] = 0
    (only,) = separate(parse)
    assert not (only & (who == 2)).any() and (only[who == 1]).all()


def test_points_and_map_are_of_the_larger_person():
    parse, who = side_by_side(0.7, 1.0, 30)
    body = BodyFinder(Told(parse), GeometryPose(), "told").find(Image.new("RGB", parse.shape[::-1]))
    assert body.people == 2
    assert (body.parse[who == 1] == 0).all() and (body.parse[who == 2] > 0).all()
    x, y = body.points[[2, 5, 8, 11]].round().astype(int).T
    assert (who[y, x] == 2).all()


def test_the_map_follows_the_pose_models_choice():
    parse, who = side_by_side(0.7, 1.0, 30)
    y, x = np.argwhere(who == 1)[::500].T
    points = np.full((18, 2), np.nan, np.float32)
    points[:5] = np.stack([x, y], 1)[:5]
    body = BodyFinder(Told(parse), Told(points=points, people=3), "told").find(None)
    assert body.people == 3 and (body.parse[who == 2] == 0).all() and (body.parse > 0).any()


def test_finders_are_chosen_by_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setenv("FASHION_CHECKPOINTS_DIR", str(tmp_path))
    with pytest.raises(CheckpointMissing, match="pull schp-parsing"):
        body_finder("schp-parsing")
    with pytest.raises(CheckpointMissing, match="pull openpose-body"):
        body_finder(pose="openpose-body")
    with pytest.raises(CheckpointMissing, match="parser-ccp-small"):
        body_finder("another")
    write_tiny(tmp_path / "segformer_b2_clothes")
    (tmp_path / "humanparsing").mkdir()
    for name in ("atr", "lip"):
        source = GOLDENS / "parsing" / f"tiny_{name}.onnx"
        shutil.copy(source, tmp_path / "humanparsing" / f"parsing_{name}.onnx")
    assert isinstance(body_finder("schp-parsing").parser, SchpParser)
    assert isinstance(body_finder("segformer-b2-clothes").parser, SegformerParser)
    assert body_finder() is body_finder()
