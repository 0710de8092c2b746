"""Where a garment comes to lie on a person."""

from dataclasses import replace

import numpy as np
import pytest

from core.tryon.body import Body
from core.tryon.cutout import cut_out
from core.tryon.fit import SHORTEST_DRESS, fit
from core.tryon.landmarks import measure
from core.tryon.preview import PreviewEngine
from core.vision.atr import ID
from tests.core.tryon.synthetic import WORN, make_garment


def fitted(kind, person, category=None):
    return fit(measure(cut_out(make_garment(kind)[0]), category or WORN[kind]), Body(person))


@pytest.mark.parametrize("kind", ["tee", "sweater", "tank"])
def test_a_top_worn_as_a_dress_covers_the_hips(kind, person):
    body, cut = Body(person), cut_out(make_garment(kind)[0])
    rows = np.flatnonzero((cut.alpha > 0.5).any(axis=1))
    cut.alpha[round(rows[0] + 0.7 * len(rows)) :] = 0
    targets = fit(measure(cut, "dresses"), body).targets
    for side in (0, 1):
        assert targets[f"hem_{side}"][1] > body.axis.at(0.99 * SHORTEST_DRESS * body.hip_depth)[1]


def test_trousers_are_as_wide_as_the_hips_they_are_worn_on(person):
    body = Body(person)
    targets = fitted("trousers", person).targets
    depth = body.hip_depth
    hips = body.half_width(depth, 0) + body.half_width(depth, 1)
    assert targets["hip_1"][0] - targets["hip_0"][0] < 1.16 * hips


def test_nothing_of_trousers_sticks_out_beside_a_top_that_hides_their_waistband(person):
    legs = np.isin(person.parse, [ID["left_leg"], ID["right_leg"]])
    dressed = replace(person, parse=np.where(legs, ID["pants"], person.parse).astype(np.uint8))
    top = round(Body(dressed).axis.at(Body(dressed).lower_top())[1])
    cut = cut_out(make_garment("trousers")[0])
    mask = PreviewEngine().prepare(dressed, cut, "lower_body").mask > 0
    beside = (dressed.parse == 0) & (np.arange(len(mask))[:, None] < top - 1)
    assert mask.any() and not (mask & beside).any()
