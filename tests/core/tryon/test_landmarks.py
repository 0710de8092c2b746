"""Where landmarks are found on a garment's outline."""

import numpy as np
import pytest

from core.errors import TryOnError
from core.tryon.cutout import Cutout, cut_out
from core.tryon.landmarks import measure
from tests.core.tryon.synthetic import OUTLINES, WORN, make_garment


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


LIMBS = {"tee": 2, "sweater": 2, "tank": 0, "dress": 0, "trousers": 2, "shorts": 2, "skirt": 0}


@pytest.mark.parametrize(("kind", "limbs"), LIMBS.items())
def test_sleeves_and_legs_are_told_apart_from_the_trunk(kind, limbs):
    shape = measure(cut_out(make_garment(kind)[0]), WORN[kind])
    assert len(shape.limbs) == limbs
    assert shape.legs == (kind in ("trousers", "shorts"))


def test_a_speck_is_refused():
    speck = Cutout(np.zeros((20, 20, 3), np.uint8), np.ones((20, 20), np.float32))
    with pytest.raises(TryOnError, match="too small"):
        measure(speck, "upper_body")
