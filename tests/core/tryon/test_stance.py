"""Which people can be dressed, and the sentence for those who cannot."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import NoPersonError, TryOnError
from core.tryon.engine import CATEGORIES
from core.tryon.people import open_person, people
from core.tryon.stance import require_front, seen_from_behind, seen_from_side, sits
from core.vision.atr import ID, mirrored


def moved(person, **points):
    keypoints = person.keypoints.copy()
    for name, place in points.items():
        keypoints[int(name[1:])] = place
    return replace(person, keypoints=keypoints)


@pytest.mark.parametrize("category", CATEGORIES)
def test_people_who_face_the_camera_can_be_dressed(category, person, raised):
    for one in (person, raised, *(open_person(listed) for listed in people())):
        require_front(one, category)


def test_without_hips_there_is_nobody_to_dress(person):
    with pytest.raises(NoPersonError, match="Shoulders and hips"):
        require_front(moved(person, p8=np.nan), "upper_body")


def test_a_photo_that_ends_above_the_knees_takes_tops_alone(person):
    cut = moved(person, p9=np.nan, p12=np.nan)
    require_front(cut, "upper_body")
    for category in ("lower_body", "dresses"):
        with pytest.raises(NoPersonError, match="above the knees"):
            require_front(cut, category)


def test_a_side_is_told_by_the_shoulders(person):
    with pytest.raises(TryOnError, match="from the side"):
        require_front(moved(person, p2=(350, 245), p5=(420, 245)), "upper_body")


def test_a_back_is_told_by_left_and_right_and_by_the_hair(person):
    keypoints = person.keypoints.copy()
    keypoints[[2, 5]] = keypoints[[5, 2]]
    turned = replace(person, keypoints=keypoints, parse=mirrored(person.parse)[:, ::-1])
    with pytest.raises(TryOnError, match="from behind"):
        require_front(turned, "upper_body")
    hairy = np.where(person.parse == ID["face"], ID["hair"], person.parse).astype(np.uint8)
    with pytest.raises(TryOnError, match="from behind"):
        require_front(replace(person, parse=hairy), "upper_body")


def test_who_sits_takes_tops_alone(person):
    sitting = moved(person, p9=(260, 600), p12=(500, 600))
    require_front(sitting, "upper_body")
    with pytest.raises(TryOnError, match="sit"):
        require_front(sitting, "dresses")


def test_crossed_arms_take_trousers_alone(person):
    crossed = moved(person, p4=(450, 380), p7=(320, 380))
    require_front(crossed, "lower_body")
    with pytest.raises(TryOnError, match="crossed"):
        require_front(crossed, "upper_body")
    require_front(moved(person, p4=(450, 380)), "upper_body")


def test_thighs_to_the_side_are_a_seat(person):
    for knees in (((250, 560), (520, 560)), ((100, 660), (668, 660))):
        assert sits(person.parse, moved(person, p9=knees[0], p12=knees[1]).keypoints)
    assert not sits(person.parse, person.keypoints)


def shortened(person, share):
    """The person with the thighs at a share of their height, as pointed towards the camera.

    The points stay where the proportions of somebody standing put them.
    """
    hip, knee = 530, 720
    rows = np.concatenate([np.arange(hip), np.linspace(hip, knee, round(share * (knee - hip))),
                           np.arange(knee, 1024)]).round().astype(int)  # fmt: skip
    factor = (len(rows) - hip) / (1024 - hip)
    points = person.keypoints.copy()
    below = points[:, 1] > hip
    points[below, 1] = hip + (points[below, 1] - hip) * factor
    return person.parse[rows], points


def test_thighs_towards_the_camera_show_in_the_height_of_the_whole(person):
    # The crude person's face is small: made as large as the face of a person of that height.
    grown = person.parse.copy()
    y, x = np.mgrid[0:1024, 0:768]
    shoes = np.isin(person.parse, [ID["left_shoe"], ID["right_shoe"]])
    low = np.flatnonzero(shoes.any(axis=1))[-1]
    radius = (low - 190) / 10.9 / np.sqrt(np.pi)
    grown[grown == ID["face"]] = ID["neck"]
    grown[np.hypot(x - 384, y - (190 - radius)) < radius] = ID["face"]
    whole = replace(person, parse=grown)
    assert not sits(*shortened(whole, 1.0))
    assert not sits(*shortened(whole, 0.85))
    assert sits(*shortened(whole, 0.2))
    # A photo that ends above the shoes tells nothing of the height.
    parse, points = shortened(whole, 0.2)
    cut = np.where(np.isin(parse, [ID["left_shoe"], ID["right_shoe"]]), 0, parse)
    assert not sits(cut, points)


def test_nobody_who_stands_as_a_model_does_is_turned_away(person):
    for one in (open_person(listed) for listed in people()):
        assert not sits(one.parse, one.keypoints), one.id
        assert not seen_from_behind(one.parse, one.keypoints), one.id
        assert not seen_from_side(one.keypoints), one.id
