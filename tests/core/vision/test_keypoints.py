import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from core.checkpoints import best_parser
from core.errors import NoPersonError
from core.tryon.people import open_person, people
from core.vision.atr import ID, mirrored
from core.vision.keypoints import NAMES, keypoints
from core.vision.parsing import HumanParser

OTHER = [
    NAMES.index(name.replace("left", "X").replace("right", "left").replace("X", "right"))
    for name in NAMES
]
WHO = ("amara", "mei", "priya", "ruth")
"""Bare arms and legs; weight on one leg; shorts; a sweater and trousers."""


@pytest.fixture(scope="module")
def known():
    """Some demo models: their body maps and true joints."""
    return {p.id: open_person(p) for p in people() if p.id in WHO}


def torso(points):
    return np.linalg.norm(points[1, :2] - points[[8, 11], :2].mean(axis=0))


def away(found, truth):
    """Distance of each found point to the truth, as a share of the torso; inf if not found."""
    return np.nan_to_num(
        np.linalg.norm(found[:, :2] - truth[:, :2], axis=1) / torso(truth), nan=np.inf
    )


@pytest.mark.parametrize("who", WHO)
def test_the_joints_of_rendered_people_are_found(known, who):
    person = known[who]
    found = keypoints(person.parse)
    assert found.shape == (18, 3) and found.dtype == np.float32
    errors = away(found, person.keypoints)
    assert errors[1:14].max() < 0.15
    assert np.median(errors) < 0.06
    assert found[1:14, 2].min() >= 0.4


def test_a_mirrored_map_gives_mirrored_points(known):
    parse = known["mei"].parse
    straight = keypoints(parse)
    flipped = keypoints(mirrored(parse))[OTHER]
    flipped[:, 0] = parse.shape[1] - 1 - flipped[:, 0]
    assert away(flipped, straight).max() < 0.05
    np.testing.assert_allclose(flipped[:, 2], straight[:, 2], atol=0.2)


def test_a_person_seen_from_behind_has_left_on_the_left(known):
    parse = known["mei"].parse
    front = keypoints(parse)
    behind = keypoints(mirrored(parse)[:, ::-1])  # ids of the sides changed, places kept
    assert front[2, 0] < front[5, 0] and behind[2, 0] > behind[5, 0]
    assert away(behind[OTHER], front)[1:14].max() < 0.05


@pytest.mark.parametrize("times", [0.5, 2])
def test_points_scale_with_the_map(known, times):
    parse = known["priya"].parse
    scaled = np.kron(parse, np.ones((2, 2), np.uint8)) if times > 1 else parse[::2, ::2]
    points = keypoints(scaled)
    points[:, :2] /= times
    assert away(points, keypoints(parse)).max() < 0.05


def test_points_move_with_the_person(known):
    parse = known["amara"].parse
    wide = np.pad(parse, ((70, 10), (200, 0)))
    moved = keypoints(wide) - np.array([200, 70, 0])
    np.testing.assert_allclose(moved, keypoints(parse), atol=1.0)


def test_holes_and_specks_do_little(known):
    person = known["amara"]
    rng = np.random.default_rng(0)
    noisy = person.parse.copy()
    for _ in range(120):
        y, x = rng.integers(noisy.shape[0]), rng.integers(noisy.shape[1])
        noisy[y : y + 9, x : x + 9] = rng.choice([0, 4, 6, 11, 14, 16]) if noisy[y, x] else 0
    assert away(keypoints(noisy), person.keypoints)[1:14].max() < 0.3


def test_what_the_picture_cuts_off_is_missing(known):
    person = known["ruth"]
    waist = int(person.keypoints[[8, 11], 1].mean()) + 60
    half = keypoints(person.parse[:waist])
    assert np.isnan(half[[10, 13], :2]).all() and (half[[10, 13], 2] == 0).all()
    errors = away(half, person.keypoints)
    assert errors[[1, 2, 5]].max() < 0.2


def test_a_hidden_arm_has_no_wrist(known):
    parse = known["amara"].parse.copy()
    parse[parse == ID["left_arm"]] = 0
    points = keypoints(parse)
    assert points[7, 2] == 0 and points[4, 2] > 0.4
    assert points[6, 2] < 0.5


def test_headless_photos_still_have_shoulders(known):
    person = known["amara"]
    chin = int(person.keypoints[1, 1]) - 35
    points = keypoints(person.parse[chin:])
    truth = person.keypoints - np.array([0, chin])
    assert points[0, 2] == 0
    assert away(points, truth)[[2, 5]].max() < 0.3


def test_shoes_that_a_map_calls_half_left_and_half_right_stay_two_feet(known):
    person = known["amara"]
    parse = person.parse.copy()
    shoes = np.isin(parse, (ID["left_shoe"], ID["right_shoe"]))
    parse[shoes & (np.indices(parse.shape)[1] % 16 < 8)] = ID["left_shoe"]
    parse[shoes & (np.indices(parse.shape)[1] % 16 >= 8)] = ID["right_shoe"]
    assert away(keypoints(parse), person.keypoints)[[9, 10, 12, 13]].max() < 0.15


@pytest.mark.parametrize("shape", [(1, 1), (40, 30), (300, 200)])
def test_an_empty_map_has_no_person(shape):
    with pytest.raises(NoPersonError, match="No person"):
        keypoints(np.zeros(shape, np.uint8))


def test_a_speck_is_no_person():
    parse = np.zeros((300, 200), np.uint8)
    parse[10:13, 10:13] = ID["face"]
    with pytest.raises(NoPersonError):
        keypoints(parse)


@given(
    st.integers(1, 40),
    st.data(),
    st.sampled_from([2, 5, 19, 256]),
)
@settings(max_examples=60)
def test_any_map_gives_points_inside_the_image_or_no_person(size, data, ids):
    shape = (size, data.draw(st.integers(1, 60)))
    coarse = data.draw(arrays(np.uint8, shape, elements=st.integers(0, ids - 1)))
    parse = np.kron(coarse, np.ones((6, 6), np.uint8))
    try:
        points = keypoints(parse)
    except NoPersonError:
        return
    found = points[:, 2] > 0
    assert (np.isnan(points[:, 0]) == ~found).all() and (np.isnan(points[:, 1]) == ~found).all()
    assert (points[:, 2] <= 1).all() and (points[:, 2] >= 0).all()
    height, width = parse.shape
    assert (points[found, :2] >= 0).all()
    assert (points[found, 0] <= width - 1).all() and (points[found, 1] <= height - 1).all()


@pytest.mark.parametrize("who", ["priya", "sofia"])
def test_shoulders_under_long_hair_are_no_lower_than_others(who):
    person = next(open_person(p) for p in people() if p.id == who)
    parse = HumanParser(best_parser()).parse(Image.fromarray(person.pixels))
    found = keypoints(parse)[:, :2]
    for joint in (NAMES.index("neck"), NAMES.index("right shoulder"), NAMES.index("left shoulder")):
        assert abs(found[joint, 1] - person.keypoints[joint, 1]) < 0.012 * len(person.parse)
