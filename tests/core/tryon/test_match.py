"""A garment in another photo's light, sharpness and grain."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.tryon.grain import bands, grain, strength
from core.tryon.match import DARKEST, TINT, grainy, light, softness
from core.tryon.people import Person


def shot(person, pixels):
    return replace(person, pixels=np.clip(np.round(pixels), 0, 255).astype(np.uint8))


@given(st.floats(0.05, 3), st.tuples(*[st.floats(0.3, 1.0)] * 3))
def test_whatever_the_photo_the_colour_stays_within_its_bounds(level, tint):
    pixels = np.full((60, 40, 3), 120.0) * level * tint
    photo = shot(_small(), pixels)
    factor = light(photo)
    assert factor.max() <= 1 + TINT + 1e-6
    assert factor.min() >= (1 - DARKEST) * (1 - TINT) - 1e-6
    assert factor.max() / factor.min() <= (1 + TINT) / (1 - TINT) + 1e-6


def _small():
    parse = np.zeros((60, 40), np.uint8)
    parse[10:50, 10:30] = 4
    return Person("s", "s", np.zeros((60, 40, 3), np.uint8), parse, np.zeros((18, 2), np.float32))


def test_a_dark_photo_takes_light_and_a_warm_one_blue(person):
    base = person.pixels.astype(np.float32)
    assert light(shot(person, base * 0.5)).mean() < 0.93 * light(person).mean()
    warm = light(shot(person, base * (1.0, 0.9, 0.8)))
    assert warm[0] > warm[1] > warm[2]


def printed(shape):
    """A garment of sharp letters and stripes, float32."""
    cloth = np.full((*shape, 3), 60, np.uint8)
    for i, y in enumerate(range(40, shape[0], 40)):
        cv2.putText(cloth, "FASHION" * 3, (10 + 7 * i % 30, y), 0, 0.8, (220, 210, 200), 2)
    return cloth.astype(np.float32)


def test_a_garment_is_made_as_soft_as_a_soft_photo_and_stays_sharp_in_a_sharp_one(person):
    lined = printed(person.parse.shape)
    sharp = shot(person, lined)
    soft = shot(person, cv2.GaussianBlur(lined, (0, 0), 2.0))
    alpha = np.zeros(person.parse.shape, np.float32)
    alpha[200:700, 200:600] = 1
    assert softness(sharp, lined, alpha) == 0
    assert softness(soft, lined, alpha) >= 0.7
    assert softness(soft, cv2.GaussianBlur(lined, (0, 0), 2.0), alpha) == 0


@pytest.mark.parametrize("noise", [0.0, 0.8])
def test_a_smooth_garment_takes_the_grain_of_the_photo(person, noise):
    rng = np.random.default_rng(0)
    plain = np.full((*person.parse.shape, 3), 120.0, np.float32)
    photo = shot(person, plain + rng.normal(0, noise, person.parse.shape)[..., None])
    alpha = np.ones(person.parse.shape, np.float32)
    made = grainy(photo, plain, alpha)
    grey = cv2.cvtColor(photo.pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    wanted = strength(bands(grey), person.parse > 0)
    found = [float(part.std()) for part in bands(made[..., 0])]
    assert np.allclose(found, wanted, atol=0.25)
    assert abs(float(made.mean()) - 120) < 0.05
    # What has that grain already takes no more.
    again = grainy(photo, photo.pixels.astype(np.float32), alpha)
    assert np.abs(again - photo.pixels).max() < 0.05 + noise * 0.2


def test_grain_has_the_strength_asked_for_and_is_always_the_same():
    one, twice = (grain((300, 200), np.array([0.4, 0.2]) * k) for k in (1, 2))
    assert np.allclose(2 * one, twice, atol=1e-5)
    assert 0.3 < float(one.std()) < 0.7 and abs(float(one.mean())) < 0.02
