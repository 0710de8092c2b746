"""Where landmarks are found, and where they land."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.errors import TryOnError
from core.tryon.body import Body
from core.tryon.cutout import Cutout, cut_out, read_garment
from core.tryon.fit import fit
from core.tryon.landmarks import measure
from core.tryon.warp import spline, warp
from tests.core.tryon.synthetic import OUTLINES, WORN, make_garment

DEMO = Path(__file__).parents[3] / "data" / "demo" / "images"
MARK = (255, 0, 255)


def placed(kind, person):
    cut = cut_out(make_garment(kind)[0])
    shape = measure(cut, WORN[kind])
    return cut, shape, fit(shape, Body(person))


def original(cut, point):
    """A point of the cut-out in the coordinates of the synthetic outline."""
    factor = 1.0
    rows, columns = np.nonzero(cut.alpha > 0.5)
    return (point - (columns.min(), rows.min())) * factor


@pytest.mark.parametrize(
    ("kind", "name", "corner"),
    [
        ("tee", "armpit_0", (132, 150)),
        ("tee", "armpit_1", (268, 150)),
        ("tee", "hem_0", (132, 400)),
        ("tee", "neck_0", (165, 52)),
        ("sweater", "armpit_1", (268, 180)),
        ("sweater", "cuff_outer_0", (28, 380)),
        ("sweater", "cuff_inner_1", (330, 392)),
        ("trousers", "crotch", (200, 190)),
        ("trousers", "waist_1", (260, 40)),
        ("trousers", "hem_inner_0", (175, 480)),
        ("skirt", "hem_1", (310, 330)),
        ("dress", "waist_0", (150, 230)),
        ("dress", "hem_1", (320, 480)),
    ],
)
def test_landmarks_are_found_on_the_outline(kind, name, corner):
    cut = cut_out(make_garment(kind)[0])
    found = original(cut, measure(cut, WORN[kind]).points[name])
    outline = np.array(OUTLINES[kind])
    expected = np.array(corner) - outline.min(axis=0)
    assert np.linalg.norm(found - expected) < 25, (found, expected)


def test_the_armpits_of_a_coat_with_sleeves_along_its_sides_are_not_at_its_cuffs():
    cut = read_garment(DEMO / "FD-0697.webp")
    shape = measure(cut, "upper_body")
    assert len(shape.limbs) == 2
    for side in (0, 1):
        depth = shape.points[f"armpit_{side}"][1] / cut.alpha.shape[0]
        assert 0.2 < depth < 0.45
        assert shape.points[f"cuff_inner_{side}"][1] > 1.5 * shape.points[f"armpit_{side}"][1]


LIMBS = {"tee": 2, "sweater": 2, "tank": 0, "dress": 0, "trousers": 2, "shorts": 2, "skirt": 0}


@pytest.mark.parametrize(("kind", "limbs"), LIMBS.items())
def test_sleeves_and_legs_are_told_apart_from_the_trunk(kind, limbs):
    shape = measure(cut_out(make_garment(kind)[0]), WORN[kind])
    assert len(shape.limbs) == limbs
    assert shape.legs == (kind in ("trousers", "shorts"))


def test_the_spline_takes_every_pin_to_its_place(person):
    _, _, fitted = placed("sweater", person)
    for pins in (fitted.trunk, *fitted.limbs.values()):
        kept = np.unique(np.round(pins.source, 3), axis=0, return_index=True)[1]
        reached = spline(pins, pins.source[kept])
        assert np.abs(reached - pins.target[kept]).max() < 0.5


@pytest.mark.parametrize("pose", ["person", "raised"])
@pytest.mark.parametrize("kind", OUTLINES)
def test_landmarks_land_on_their_targets(kind, pose, request):
    """Marks painted on the garment's landmarks are found again at the targets on the person."""
    person = request.getfixturevalue(pose)
    cut, shape, fitted = placed(kind, person)
    for name, target in fitted.targets.items():
        point = shape.points[name]
        pixels, alpha = cut.pixels.copy(), cut.alpha.copy()
        centre = tuple(round(v) for v in point)
        cv2.circle(pixels, centre, 6, MARK, -1)
        cv2.circle(alpha, centre, 4, 1.0, -1)
        layers = warp(Cutout(pixels, alpha), shape, fitted, person.parse.shape)
        distances = []
        for layer in layers:
            marked = (np.abs(layer.pixels - MARK).max(axis=2) < 60) & (layer.alpha > 0.4)
            ys, xs = np.nonzero(marked)
            if len(xs):
                distances.append(np.hypot(xs - target[0], ys - target[1]).min())
        assert distances and min(distances) < 5, (name, distances)


def test_a_long_sleeve_ends_at_the_wrist_and_a_leg_at_the_ankle(raised):
    _, _, sweater = placed("sweater", raised)
    _, _, trousers = placed("trousers", raised)
    for side, (wrist, ankle) in enumerate(((4, 10), (7, 13))):
        cuff = (sweater.targets[f"cuff_outer_{side}"] + sweater.targets[f"cuff_inner_{side}"]) / 2
        hem = (trousers.targets[f"hem_outer_{side}"] + trousers.targets[f"hem_inner_{side}"]) / 2
        assert np.linalg.norm(cuff - raised.keypoints[wrist]) < 40
        assert abs(hem[1] - raised.keypoints[ankle][1]) < 40


def test_the_garment_covers_the_trunk(person):
    from core.tryon.composite import union

    cut, shape, fitted = placed("tee", person)
    covered = union(warp(cut, shape, fitted, person.parse.shape)) > 0.5
    chest = np.zeros(person.parse.shape, bool)
    chest[290:480, 320:450] = True
    assert covered[chest].mean() > 0.99


def test_a_speck_is_refused(person):
    speck = Cutout(np.zeros((20, 20, 3), np.uint8), np.ones((20, 20), np.float32))
    with pytest.raises(TryOnError, match="too small"):
        measure(speck, "upper_body")


def test_a_person_without_visible_arms_can_still_be_dressed(person):
    points = person.keypoints.copy()
    points[[3, 4, 6, 7]] = np.nan
    _, _, fitted = placed("sweater", replace(person, keypoints=points))
    assert fitted.limbs == {}
