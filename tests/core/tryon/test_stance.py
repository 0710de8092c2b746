"""Which people can be dressed, and the sentence for those who cannot."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import NoPersonError, TryOnError
from core.tryon.engine import CATEGORIES
from core.tryon.people import open_person, people
from core.tryon.stance import require_front
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
    with pytest.raises(TryOnError, match="sits"):
        require_front(sitting, "dresses")


def test_crossed_arms_take_trousers_alone(person):
    crossed = moved(person, p4=(450, 380), p7=(320, 380))
    require_front(crossed, "lower_body")
    with pytest.raises(TryOnError, match="crossed"):
        require_front(crossed, "upper_body")
    require_front(moved(person, p4=(450, 380)), "upper_body")
