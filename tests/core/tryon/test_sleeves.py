"""Where sleeves are sewn on."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from core.tryon.cutout import Cutout, read_garment
from core.tryon.landmarks import measure
from core.tryon.outline import OUTWARD, measure_limb
from core.tryon.sleeves import sleeves

DEMO = Path(__file__).parents[3] / "data" / "demo" / "images"


def test_the_armpits_of_a_coat_with_sleeves_along_its_sides_are_not_at_its_cuffs():
    cut = read_garment(DEMO / "FD-0697.webp")
    shape = measure(cut, "upper_body")
    assert len(shape.limbs) == 2
    for side in (0, 1):
        depth = shape.points[f"armpit_{side}"][1] / cut.alpha.shape[0]
        assert 0.2 < depth < 0.45
        assert shape.points[f"cuff_inner_{side}"][1] > 1.5 * shape.points[f"armpit_{side}"][1]


@pytest.mark.parametrize("photo", ["FD-0101", "FD-0555", "FD-0030"])
def test_a_hood_that_lies_above_the_shoulders_costs_no_sleeve(photo):
    shape = measure(read_garment(DEMO / f"{photo}.webp"), "upper_body")
    assert [limb.side for limb in shape.limbs] == [0, 1]


def test_the_outer_edge_of_a_sleeve_is_outside_though_its_seam_runs_along_it():
    piece = np.zeros((340, 120), bool)
    piece[85:300, 10:34] = True
    for side, mask in ((0, piece), (1, piece[:, ::-1])):
        flip = np.array([119.0, 0.0]) if side else np.zeros(2)
        ends = [flip + np.array([x, y]) * (1 - 2 * side, 1) for x, y in ((50, 85), (34, 182))]
        limb = measure_limb(mask, ends[0], ends[1], side)
        assert limb is not None
        outside = (limb.sections[:, 0, 0] - limb.sections[:, 1, 0]) * OUTWARD[side]
        assert (outside[1:] > 15).all()


def test_a_bulge_of_the_side_that_ends_above_the_hem_is_no_sleeve():
    """Its step in the outline looks like an armpit, but no arm begins that far down."""
    half = [(200, 110), (228, 50), (250, 50), (246, 130), (300, 200), (334, 330), (280, 336),
            (280, 400)]  # fmt: skip
    outline = np.array(half + [(400 - x, y) for x, y in half[::-1]])
    alpha = np.zeros((440, 400), np.uint8)
    cv2.fillPoly(alpha, [outline], 1)
    cut = Cutout(np.full((440, 400, 3), 90, np.uint8), alpha.astype(np.float32))
    shape = measure(cut, "upper_body")
    assert shape.limbs == ()
    for side in (0, 1):
        assert abs(shape.points[f"shoulder_{side}"][1] - 50) < 20
        assert shape.points[f"armpit_{side}"][1] < 240


def test_a_gathered_cuff_does_not_pinch_the_map():
    alpha = np.zeros((520, 460), np.uint8)
    trunk = [(170, 50), (290, 50), (310, 90), (296, 470), (164, 470), (150, 90)]
    sleeve = [(290, 60), (390, 250), (425, 380), (385, 378), (360, 370), (300, 190)]
    for polygon in (trunk, sleeve, [(460 - x, y) for x, y in sleeve]):
        cv2.fillPoly(alpha, [np.array(polygon)], 1)
    for x in (424, 36):
        cv2.line(alpha, (x, 378), (x, 420), 1, 3)  # a loose end below the cuff
    cut = Cutout(np.full((520, 460, 3), 90, np.uint8), alpha.astype(np.float32))
    shape = measure(cut, "upper_body")
    assert len(shape.limbs) == 2
    for limb in shape.limbs:
        assert np.linalg.norm(limb.sections[-1, 0] - limb.sections[-1, 1]) > 18


def test_armpits_are_at_the_sides_though_the_cutout_has_a_hole_in_the_middle():
    mask = np.zeros((440, 400), bool)
    mask[60:420, 120:280] = True
    reach = np.zeros((2, 440))
    reach[:, 60:420] = 80
    reach[:, 122:132] = 2  # where an armpit is looked for without a curve to go by
    for side, ((_, armpit, _), part) in enumerate(sleeves(mask, reach, 200.0, False)):
        assert part is None
        assert abs(armpit[0] - (120, 280)[side]) < 3 and 100 < armpit[1] < 160
