"""What is left of a person when the old clothes are taken off."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from core.tryon.bare import bare
from core.tryon.body import Body
from core.vision.atr import ID

GROUND = (236, 236, 234)


def wearing(person, part, outline, colour):
    """The person with one more piece of clothing over the legs and trunk."""
    shape = np.zeros(person.parse.shape, np.uint8)
    cv2.fillPoly(shape, [np.array(outline)], 1)
    covered = (shape > 0) & ~np.isin(person.parse, [ID["left_arm"], ID["right_arm"]])
    parse, pixels = person.parse.copy(), person.pixels.copy()
    parse[covered], pixels[covered] = ID[part], colour
    return replace(person, parse=parse, pixels=pixels), covered


def test_a_wide_skirt_gives_way_to_legs_and_to_the_ground_behind(person):
    skirt = [(290, 560), (480, 560), (610, 800), (160, 800)]
    dressed, covered = wearing(person, "skirt", skirt, (20, 60, 160))
    found = bare(dressed, Body(dressed), "lower_body")
    assert not (found.parse[covered] == ID["skirt"]).any()
    beside = covered & (found.parse == 0)
    assert beside.sum() > 10_000
    inner = cv2.erode(beside.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert np.abs(found.pixels[inner].astype(int) - GROUND).mean() < 12
    knee = tuple(int(v) for v in person.keypoints[9])[::-1]
    assert found.parse[knee] == ID["right_leg"]
    red, _, blue = found.pixels[knee].astype(int)
    assert red > blue + 20  # skin, not the blue of the skirt


@pytest.mark.parametrize("trousers", [True, False])
def test_a_long_top_gives_way_to_more_of_the_trousers_where_some_are_seen(person, trousers):
    base = person
    if trousers:
        legs = np.isin(person.parse, [ID["left_leg"], ID["right_leg"]])
        base = replace(
            person,
            parse=np.where(legs, ID["pants"], person.parse).astype(np.uint8),
            pixels=np.where(legs[..., None], (40, 110, 50), person.pixels).astype(np.uint8),
        )
    coat = [(300, 222), (468, 222), (500, 760), (268, 760)]
    dressed, _ = wearing(base, "upper_clothes", coat, (160, 40, 40))
    found = bare(dressed, Body(dressed), "upper_body")
    thigh = found.pixels[660, 328].astype(int)
    if trousers:
        assert thigh[1] > thigh[0] and found.parse[660, 328] == ID["pants"]
    else:
        assert thigh[0] > 120 and found.parse[660, 328] == ID["upper_clothes"]


def test_a_tie_that_the_map_takes_for_trousers_stays(person):
    tie = [(378, 250), (392, 250), (392, 310), (378, 310)]
    dressed, covered = wearing(person, "pants", tie, (160, 30, 40))
    found = bare(dressed, Body(dressed), "lower_body")
    assert (found.pixels[covered] == dressed.pixels[covered]).all()
