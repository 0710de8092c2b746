"""Where landmarks land on a person."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from core.tryon.body import Body
from core.tryon.cutout import Cutout, cut_out
from core.tryon.fit import fit
from core.tryon.landmarks import measure
from core.tryon.warp import spline, warp
from tests.core.tryon.synthetic import OUTLINES, WORN, make_garment

MARK = (255, 0, 255)


def placed(kind, person):
    cut = cut_out(make_garment(kind)[0])
    shape = measure(cut, WORN[kind])
    return cut, shape, fit(shape, Body(person))


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


def test_a_person_without_visible_arms_can_still_be_dressed(person):
    points = person.keypoints.copy()
    points[[3, 4, 6, 7]] = np.nan
    _, _, fitted = placed("sweater", replace(person, keypoints=points))
    assert fitted.limbs == {}


def test_a_fine_check_comes_out_grey_where_it_is_made_small(person):
    cut = cut_out(make_garment("tank")[0].resize((1200, 1500)))
    y, x = np.mgrid[0 : cut.alpha.shape[0], 0 : cut.alpha.shape[1]]
    checked = replace(cut, pixels=np.repeat(255 * ((x + y) % 2)[..., None], 3, 2).astype(np.uint8))
    small = replace(
        person,
        pixels=cv2.resize(person.pixels, None, fx=0.4, fy=0.4),
        parse=cv2.resize(person.parse, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_NEAREST),
        keypoints=person.keypoints * 0.4,
    )
    shape = measure(checked, "upper_body")
    placed = fit(shape, Body(small))
    assert placed.scale < 0.8
    trunk = warp(checked, shape, placed, small.parse.shape)[0]
    inside = cv2.erode((trunk.alpha > 0.98).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert trunk.pixels[inside].mean() == pytest.approx(127, abs=12)
    assert trunk.pixels[inside].std() < 12
