from pathlib import Path

import numpy as np
import pytest

from core.errors import NoPersonError
from core.vision.openpose_decode import decode, enlarged, largest, points_of, published_points
from scripts.ootd_parity_cases import openpose_cases
from tests.core.vision.body_maps import draw_maps, standing

OWN = Path(__file__).resolve().parents[2] / "goldens" / "ootd"


def failed(folder):
    cases = [c for c in openpose_cases(folder) if c[0] != "network"]
    assert len(cases) >= 7
    return [c for c in cases if not c[1] <= c[2]]


def test_published_people_and_points_to_the_last_digit():
    assert failed(OWN) == []


@pytest.mark.shared
@pytest.mark.slow
def test_all_golden_decodings_and_the_network(shared):
    cases = list(openpose_cases(shared / "goldens" / "ootd"))
    assert any(c[0] == "network" and c[3] == "heat" for c in cases)
    assert [c for c in cases if not c[1] <= c[2]] == []


@pytest.mark.parametrize(
    ("x", "y", "size", "hidden"),
    [
        (192, 250, 1.0, []),
        (100, 200, 0.7, [14, 16]),
        (280, 290, 1.15, [4, 15]),
        (190, 250, 0.9, [10]),
    ],
)
def test_points_that_were_drawn_are_found(x, y, size, hidden):
    # Between two pixels two peaks would tie.
    points = np.round(standing(x, y, size))
    points[hidden] = np.nan
    candidates, people = decode(*draw_maps([points]))
    assert len(people) == 1
    found = points_of(candidates, people[0])
    assert (np.isnan(found) == np.isnan(points)).all()
    assert np.nanmax(np.abs(found - points)) <= 1


def test_of_two_people_the_larger_is_taken_with_the_right_joints():
    small, large = standing(80, 140, 0.55), standing(260, 250)
    candidates, people = decode(*draw_maps([small, large]))
    assert len(people) == 2
    for order in (people, people[::-1]):
        assert np.abs(largest(candidates, order) - large).max() <= 2


def test_the_published_wrapper_mixes_two_people_up():
    first, second = standing(90, 230, 0.9), standing(270, 250)
    candidates, people = decode(*draw_maps([first, second]))
    published = published_points(candidates, people, (512, 384))
    near = [np.linalg.norm(published - person, axis=1) < 5 for person in (first, second)]
    assert near[0].any() and near[1].any()
    direct = points_of(candidates, people[0])
    assert min(np.abs(direct - person).max() for person in (first, second)) <= 2


def test_nobody_is_an_error():
    heat, fields = draw_maps([])
    candidates, people = decode(heat, fields)
    assert candidates.shape == (0, 4) and people.shape == (0, 20)
    with pytest.raises(NoPersonError, match="No person"):
        largest(candidates, people)
    with pytest.raises(NoPersonError):
        published_points(candidates, people, (512, 384))


def test_three_joints_are_no_person():
    points = standing(190, 250)
    points[[0, *range(4, 18)]] = np.nan
    assert len(decode(*draw_maps([points]))[1]) == 0


def test_enlarged_maps_have_the_picture_size_without_the_padding():
    maps = np.zeros((2, 23, 18), np.float32)
    maps[0, :, 17] = 1  # mostly padding: columns 136 to 144 of which 138 are picture
    maps[1, 11, 8] = 1
    large = enlarged(maps, (184, 138), (512, 384))
    assert large.shape == (512, 384, 2)
    assert large[:, :340, 0].max() < 0.2
    y, x = np.unravel_index(large[..., 1].argmax(), large.shape[:2])
    assert abs(y - 11.5 * 512 / 23) < 4 and abs(x - 8.5 * 8 * 384 / 138) < 4
