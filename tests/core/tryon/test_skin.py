"""Skin painted where clothes were."""

from dataclasses import replace

import numpy as np
import pytest

from core.tryon.body import Body
from core.tryon.flesh import limbs
from core.tryon.skin import light_on, painted, skin_tone
from core.vision.atr import ID

SKIN = np.array([200, 150, 120], np.float32)


def lit(person, slope, curve=-0.2, grain=0.0, fall=0.0):
    """The person with limbs of one tone under a light of known direction, less down the legs."""
    pixels = person.pixels.astype(np.float32)
    for limb in limbs(Body(person)):
        own = person.parse[limb.box] == ID[limb.name]
        u = limb.across
        shade = (1 + slope * u + curve * (u * u - 1 / 3)) * (1 - fall * limb.along / 2)
        pixels[limb.box][own] = (SKIN * shade[..., None])[own]
    pixels += np.random.default_rng(0).normal(0, grain, pixels.shape[:2])[..., None]
    return replace(person, pixels=np.clip(pixels, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("slope", [-0.18, 0.0, 0.18])
def test_the_side_of_the_light_is_measured(person, slope):
    one = lit(person, slope)
    light = light_on(one, limbs(Body(one)))
    assert abs(light.slope - slope) < 0.05
    assert abs(light.curve + 0.2) < 0.08


def test_grain_is_as_strong_as_in_the_photo(person):
    quiet, noisy = (light_on(p, limbs(Body(p))) for p in (lit(person, 0), lit(person, 0, grain=1)))
    assert sum(quiet.grain) < 0.7 * sum(noisy.grain)
    assert 0.5 < noisy.grain[0] < 1.01


def painted_shin(person, slope=0.0, fall=0.0):
    """The right leg's lower half painted anew; picture, truth and the region."""
    one = lit(person, slope, fall=fall)
    found = {limb.name: limb for limb in limbs(Body(one))}
    leg = found["right_leg"]
    region = np.zeros(one.parse.shape, bool)
    region[leg.box] = (leg.cover > 0.5) & (leg.along > 1.2) & (leg.along < 1.8)
    clad = np.where(region[..., None], (20, 60, 160), one.pixels).astype(np.uint8)
    parse = np.where(region, ID["pants"], one.parse).astype(np.uint8)
    dressed = replace(one, pixels=clad, parse=parse)
    made = painted(clad.astype(np.float32), dressed, region, "right_leg", leg,
                   light_on(dressed, list(found.values())))  # fmt: skip
    return made, one, region


@pytest.mark.parametrize("slope", [-0.18, 0.18])
def test_painted_skin_is_as_the_skin_that_was_there(person, slope):
    made, one, region = painted_shin(person, slope)
    off = np.abs(made[region] - one.pixels[region].astype(np.float32)).mean(axis=1)
    assert off.mean() < 9  # levels; the blue of the trousers is 100 off


def test_no_seam_shows_where_painted_and_seen_skin_meet(person):
    made, _, region = painted_shin(person, fall=0.5)
    rows = np.flatnonzero(region.any(axis=1))
    for row in (rows[0], rows[-1]):
        column = int(np.flatnonzero(region[row]).mean())
        along = made[row - 12 : row + 12, column - 2 : column + 3].mean(axis=1)
        assert np.abs(np.diff(along, axis=0)).max() < 4


def test_tights_do_not_colour_the_arms(person):
    legs = np.isin(person.parse, [ID["left_leg"], ID["right_leg"]])
    pixels = np.where(legs[..., None], 20, person.pixels).astype(np.uint8)
    dark = replace(person, pixels=pixels)
    assert skin_tone(dark, "left_arm").min() > 100
    assert skin_tone(dark, "left_leg").max() < 40
