"""What lies in front of what when a garment is laid over a person."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from core.tryon.composite import arms_in_front, compose
from core.tryon.cutout import cut_out
from core.tryon.fit import Fit
from core.tryon.outline import BODY
from core.tryon.people import ELBOWS, SHOULDERS, WRISTS, Person
from core.tryon.pins import Pins
from core.tryon.preview import PreviewEngine
from core.tryon.warp import Layer
from core.vision.atr import ID
from scripts.demo.people import PEOPLE, render_person
from scripts.preview_truth import GARMENTS, product_photo


def bare_fit(**targets):
    none = Pins(np.zeros((0, 2)), np.zeros((0, 2)))
    return Fit(none, {}, {}, {name: np.array(at, float) for name, at in targets.items()}, 1.0)


def between(person, start, end, share):
    a, b = person.keypoints[start], person.keypoints[end]
    x, y = a + share * (b - a)
    return round(float(y)), round(float(x))


def test_an_arm_that_clothes_hid_is_in_front_from_the_elbow_alone(person):
    arms = np.isin(person.parse, [ID["right_arm"], ID["left_arm"]])
    clad = replace(person, parse=np.where(arms, ID["upper_clothes"], person.parse).astype(np.uint8))
    for side in (0, 1):
        upper = between(person, SHOULDERS[side], ELBOWS[side], 0.8)
        lower = between(person, ELBOWS[side], WRISTS[side], 0.5)
        assert arms_in_front(person, person, bare_fit())[upper] > 0.9
        assert arms_in_front(clad, person, bare_fit())[upper] < 0.1
        assert arms_in_front(clad, person, bare_fit())[lower] > 0.9


def laid(person, cloth):
    """The person with a blue sheet over `cloth`, whose neckline is looked at."""
    blue = np.zeros((*person.parse.shape, 3), np.float32)
    blue[..., 2] = 200
    neck = person.keypoints[1]
    fit = bare_fit(neck_0=np.subtract(neck, (40, 0)), neck_1=np.add(neck, (40, 0)))
    layer = Layer(BODY, blue, cloth.astype(np.float32))
    everywhere = np.full(person.parse.shape, 255, np.uint8)
    picture = compose(person, person, [layer], fit, False, everywhere)
    return (picture[..., 2].astype(int) - picture[..., 0]) > 60


@pytest.mark.parametrize("open_neckline", [True, False])
def test_the_neck_lies_before_the_back_of_a_neckline_and_cuts_no_open_one(person, open_neckline):
    neck = person.keypoints[1]
    y, x = np.mgrid[0 : person.parse.shape[0], 0 : person.parse.shape[1]]
    painted = replace(person, parse=person.parse.copy())
    painted.parse[np.hypot(x - neck[0], y - neck[1]) < 60] = ID["neck"]
    cloth = (np.abs(x - neck[0]) < 90) & (y > neck[1] - 10) & (y < neck[1] + 150)
    if open_neckline:
        cloth &= np.hypot(x - neck[0], (y - neck[1]) / 0.3) > 40
    shown = laid(painted, cloth)
    just_below = round(float(neck[1])) + 18, round(float(neck[0]))
    assert cloth[just_below]
    assert shown[just_below] == open_neckline


def test_legs_are_one_with_the_trunk_of_shorts():
    figure = PEOPLE[1]
    pixels, parse, points = render_person(figure, 1)
    person = Person(figure.id, figure.title, pixels, parse, np.array(points, np.float32))
    shorts = next(garment for garment in GARMENTS if garment.name == "green shorts")
    engine = PreviewEngine()
    cut = cut_out(Image.fromarray(product_photo(shorts, "flat")))
    prepared = engine.prepare(person, cut, "lower_body")
    light = engine.run(prepared)[0].astype(int).sum(axis=2) / 3
    targets = prepared.work.fit.targets
    row = round(float(targets["crotch"][1]))
    for side in (0, 1):
        x = round(float(targets["crotch"][0] + targets[f"hip_{side}"][0]) / 2)
        down = np.median(light[row - 40 : row + 50, x - 6 : x + 7], axis=1)
        # Folds are broad: nothing narrow and dark runs across.
        assert (ndimage.median_filter(down, 31) - down)[16:-16].max() < 3
