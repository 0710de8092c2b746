"""Skin that a sleeve should hide."""

from dataclasses import replace

import numpy as np
import pytest

from core.tryon.body import Body
from core.tryon.cutout import cut_out
from core.tryon.fit import fit
from core.tryon.gaps import closed
from core.tryon.landmarks import measure
from core.tryon.people import ELBOWS, SHOULDERS, WRISTS
from core.tryon.warp import warp
from core.vision.atr import ID
from tests.core.tryon.synthetic import make_garment


@pytest.fixture
def bare_armed(person):
    """As after undressing: the arms are skin from the shoulder on."""
    return person, Body(person)


def laid(kind, person, body):
    cut = cut_out(make_garment(kind)[0])
    shape = measure(cut, "upper_body")
    placed = fit(shape, body)
    return warp(cut, shape, placed, person.parse.shape), placed


def cover(layers):
    clear = np.ones(layers[0].alpha.shape)
    for layer in layers:
        clear *= 1 - layer.alpha
    return 1 - clear


def on_arm(person, side, bone, share):
    joints = (SHOULDERS, ELBOWS, WRISTS)
    a, b = (person.keypoints[joints[bone + k][side]] for k in (0, 1))
    x, y = a + share * (b - a)
    return round(float(y)), round(float(x))


def test_a_hole_in_a_long_sleeve_is_closed_in_its_colours(bare_armed):
    person, body = bare_armed
    layers, placed = laid("sweater", person, body)
    y, x = np.mgrid[0 : person.parse.shape[0], 0 : person.parse.shape[1]]
    torn = []
    for layer in layers:
        alpha = layer.alpha.copy()
        for side in (0, 1):
            row, column = on_arm(person, side, 1, 0.3)
            alpha[np.hypot(x - column, y - row) < 14] = 0
        torn.append(replace(layer, alpha=alpha))
    skin = person.parse.copy()
    whole = closed(torn, placed, body, skin)
    for side in (0, 1):
        at = on_arm(person, side, 1, 0.3)
        assert skin[at] in (ID["left_arm"], ID["right_arm"])
        assert cover(torn)[at] == 0 and cover(whole)[at] > 0.95
        layer = next(one for one in whole if one.part == 2 + side)
        around = next(one for one in layers if one.part == 2 + side).pixels[at]
        assert np.abs(layer.pixels[at] - around).max() < 90
        # Outside the arm nothing is painted, and where the sleeve was it is as it was.
        kept = torn[whole.index(layer)].alpha > 0.9
        before = torn[whole.index(layer)].pixels
        assert np.array_equal(layer.pixels[kept], before[kept])


def test_below_the_cuffs_arms_stay_bare(bare_armed):
    person, body = bare_armed
    layers, placed = laid("tee", person, body)
    whole = closed(layers, placed, body, person.parse)
    for side in (0, 1):
        assert cover(whole)[on_arm(person, side, 1, 0.5)] == 0


def test_a_sleeve_of_which_only_the_end_is_there_is_not_made_up(bare_armed):
    person, body = bare_armed
    layers, placed = laid("sweater", person, body)
    torn = [layers[0]]
    for layer in layers[1:]:
        alpha = layer.alpha.copy()
        alpha[: on_arm(person, layer.part - 2, 1, 0.75)[0]] = 0
        torn.append(replace(layer, alpha=alpha))
    whole = closed(torn, placed, body, person.parse)
    assert all(np.array_equal(a.alpha, b.alpha) for a, b in zip(torn, whole, strict=True))
