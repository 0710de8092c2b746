"""Limbs under the clothes."""

from dataclasses import replace

import cv2
import numpy as np

from core.tryon.body import Body
from core.tryon.flesh import flesh, limbs
from core.vision.atr import ID


def thickness(person, name, row):
    limb = next(limb for limb in limbs(Body(person)) if limb.name == name)
    return float(limb.cover[row - limb.box[0].start].sum())


def test_the_body_lies_within_the_figure_and_knows_its_limbs(person):
    under = flesh(Body(person))
    for name in ("left_arm", "right_arm", "left_leg", "right_leg"):
        own = person.parse == ID[name]
        found = under == ID[name]
        assert (found & own).sum() > 0.6 * own.sum(), name
    outside = (under > 0) & (person.parse == 0)
    assert outside.sum() < 0.06 * (under > 0).sum()


def test_a_leg_seen_bare_gives_its_own_thickness(person):
    parse = person.parse.copy()
    parse[parse == ID["right_leg"]] = 0
    hip, knee, ankle = (tuple(int(v) for v in person.keypoints[i]) for i in (8, 9, 10))
    for width in (40, 62):
        thin = parse.copy()
        for ends in ((hip, knee), (knee, ankle)):
            cv2.line(thin, *ends, ID["right_leg"], width)
        row = (knee[1] + ankle[1]) // 2
        assert abs(thickness(replace(person, parse=thin), "right_leg", row) - width) < 8


def test_a_leg_in_trousers_is_no_thicker_than_these(person):
    legs = np.isin(person.parse, [ID["left_leg"], ID["right_leg"]])
    parse = np.where(legs, 0, person.parse).astype(np.uint8)
    for hip, knee, ankle in ((8, 9, 10), (11, 12, 13)):
        for pair in ((hip, knee), (knee, ankle)):
            ends = [tuple(int(v) for v in person.keypoints[i]) for i in pair]
            cv2.line(parse, *ends, ID["pants"], 36)
    clad = replace(person, parse=parse)
    row = int((person.keypoints[9, 1] + person.keypoints[10, 1]) / 2)
    assert 25 < thickness(clad, "right_leg", row) < 37


def test_light_falls_across_a_limb_from_edge_to_edge(person):
    for limb in limbs(Body(person)):
        on = limb.cover > 0.9
        assert limb.across[on].min() < -0.8 and limb.across[on].max() > 0.8
        assert limb.along[on].min() < 0.1 and limb.along[on].max() > 1.9
        columns = np.nonzero(on)[1]
        assert np.corrcoef(columns, limb.across[on])[0, 1] > 0.2  # 1 is the picture's right


def test_a_limb_ends_where_its_joints_do(person):
    points = person.keypoints.copy()
    points[4] = np.nan
    points[9:11] = np.nan
    found = {limb.name: limb for limb in limbs(Body(replace(person, keypoints=points)))}
    assert "right_leg" not in found
    assert found["right_arm"].along.max() == 1
