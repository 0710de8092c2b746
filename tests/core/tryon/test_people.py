import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from core.errors import ImageError, NoPersonError
from core.tryon.people import check_body, open_person, people, read_person
from core.vision.atr import ID
from core.vision.bodies import Body


class Finder:
    """Knows the answer for one picture, whatever the size at which it is asked."""

    def __init__(self, person, count=1):
        self.person, self.count, self.asked = person, count, None

    def find(self, image):
        self.asked = image.size
        scale = np.array(image.size) / self.person.parse.shape[::-1]
        parse = Image.fromarray(self.person.parse).resize(image.size, Image.Resampling.NEAREST)
        points = ((self.person.keypoints + 0.5) * scale - 0.5).astype(np.float32)
        return Body(np.asarray(parse), points, self.count)


def saved(image, kind="PNG", **how):
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def test_a_sideways_phone_photo_is_turned_upright(person):
    exif = Image.Exif()
    exif[0x0112] = 6
    sideways = Image.fromarray(person.pixels).transpose(Image.Transpose.ROTATE_90)
    got = read_person(saved(sideways, exif=exif), "me", finder=Finder(person))
    assert (got.pixels == person.pixels).all() and got.title == "me" and got.note == ""


@pytest.mark.parametrize("mode", ["RGBA", "L", "P", "CMYK", "I;16"])
def test_any_mode_becomes_rgb(person, mode):
    image = Image.fromarray(person.pixels)
    image = image.convert("L").convert("I;16") if mode == "I;16" else image.convert(mode)
    kind = "TIFF" if mode in ("CMYK", "I;16") else "PNG"
    got = read_person(saved(image, kind), finder=Finder(person))
    assert got.pixels.shape == person.pixels.shape and got.pixels.dtype == np.uint8


def test_a_large_photo_keeps_its_resolution_and_is_looked_at_small(person):
    large = Image.fromarray(person.pixels).resize((2304, 3072))
    finder = Finder(person)
    got = read_person(saved(large, "JPEG"), finder=finder)
    assert max(finder.asked) == 768
    assert got.pixels.shape == (3072, 2304, 3) and got.parse.shape == (3072, 2304)
    assert np.abs(got.keypoints - ((person.keypoints + 0.5) * 3 - 0.5)).max() < 0.01
    assert (got.parse[::3, ::3][:1000, :700] == person.parse[:1000, :700]).mean() > 0.99


def test_several_people_are_told_of(person):
    got = read_person(saved(Image.fromarray(person.pixels)), finder=Finder(person, 3))
    assert got.note == "3 people are in the photo; the largest is used."


def test_the_same_photo_has_the_same_name(person):
    first, again = (
        read_person(saved(Image.fromarray(person.pixels)), finder=Finder(person)) for _ in range(2)
    )
    other = read_person(saved(Image.fromarray(person.pixels[:, ::-1])), finder=Finder(person))
    assert first.id == again.id != other.id


def test_a_photo_that_cannot_be_read(person):
    with pytest.raises(ImageError, match="“me”"):
        read_person(b"nothing", "me", finder=Finder(person))


def _without(*numbers):
    def change(body):
        points = body.points.copy()
        points[list(numbers)] = np.nan
        return replace(body, points=points)

    return change


def _as(part, *names):
    def change(body):
        parse = body.parse.copy()
        parse[np.isin(parse, [ID[name] for name in names])] = ID[part]
        return replace(body, parse=parse)

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_without(5), "shoulders are not visible"),
        (_without(8, 11), "hips are not visible"),
        (_without(1), "neck is not visible"),
        (_as("hair", "face", "neck"), "from behind"),
        (
            _as("upper_clothes", "face", "hair", "neck", "left_arm", "right_arm", "left_leg",
                "right_leg"),
            "nobody who wears",
        ),
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_dressed_says_why(person, change, says):
    body = Body(person.parse, person.keypoints, 1)
    check_body(body, (768, 1024))
    with pytest.raises(NoPersonError, match=says):
        check_body(change(body), (768, 1024))


def test_a_person_too_small_to_dress(person):
    with pytest.raises(NoPersonError, match="pixels high"):
        check_body(Body(person.parse, person.keypoints, 1), (90, 120))


def test_nobody_in_the_photo():
    with pytest.raises(NoPersonError):
        read_person(saved(Image.new("RGB", (300, 400), (120, 130, 140))), "wall")


@pytest.mark.slow
def test_the_embedded_parser_finds_a_demo_model():
    listed = people()[0]
    truth = open_person(listed)
    found = read_person(listed.image)
    torso = np.linalg.norm(truth.keypoints[1] - truth.keypoints[[8, 11]].mean(axis=0))
    away = np.linalg.norm(found.keypoints - truth.keypoints, axis=1)[[1, 2, 5, 8, 11]]
    assert away.max() < 0.25 * torso
    both = (found.parse > 0) & (truth.parse > 0)
    assert both.sum() > 0.85 * ((found.parse > 0) | (truth.parse > 0)).sum()
