"""Photos larger than the size that is worked at."""

import cv2
import numpy as np

from core.tryon.bounded import WORK_SIDE, bounded, restored
from core.tryon.cutout import cut_out
from core.tryon.people import Person
from core.tryon.preview import PreviewEngine
from tests.core.tryon.synthetic import make_garment


def enlarged(person, factor):
    """The person in a finer photo, with detail that no bounded copy keeps."""
    pixels = cv2.resize(person.pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(0).integers(-12, 13, pixels.shape)
    return Person(
        person.id,
        person.title,
        np.clip(pixels + grain, 0, 255).astype(np.uint8),
        cv2.resize(person.parse, None, fx=factor, fy=factor, interpolation=cv2.INTER_NEAREST),
        ((person.keypoints + 0.5) * factor - 0.5).astype(np.float32),
    )


def test_small_photos_are_left_alone_and_large_ones_keep_their_body(person):
    assert bounded(person) is person
    small = bounded(enlarged(person, 3))
    assert max(small.parse.shape) == WORK_SIDE
    assert np.nanmax(np.abs(small.keypoints - person.keypoints)) < 0.01
    assert (small.parse == person.parse).mean() > 0.99


def test_a_large_photo_is_dressed_as_a_small_one_and_stays_itself_elsewhere(person):
    large, engine, cut = enlarged(person, 2), PreviewEngine(), cut_out(make_garment("tee")[0])
    prepared = engine.prepare(large, cut, "upper_body")
    assert prepared.mask.shape == large.parse.shape
    picture = engine.run(prepared)[0]
    outside = prepared.mask == 0
    assert picture.shape == large.pixels.shape
    assert np.array_equal(picture[outside], large.pixels[outside])
    usual = engine.run(engine.prepare(person, cut, "upper_body"))[0]
    again = cv2.resize(picture, person.parse.shape[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(again.astype(int) - usual).mean() < 4


def test_what_was_not_repainted_keeps_its_detail_within_the_mask(person):
    large = enlarged(person, 2)
    work = bounded(large)
    made = work.pixels.copy()
    made[300:400, 330:430] = (10, 20, 200)
    everywhere = np.full(large.parse.shape, 255, np.uint8)
    picture = restored(large, work, made, everywhere)
    assert np.array_equal(picture[900:], large.pixels[900:])
    assert np.abs(picture[640:760, 700:820].astype(int) - (10, 20, 200)).max() < 3
    half = everywhere.copy()
    half[:, :760] = 0
    assert np.array_equal(restored(large, work, made, half)[:, :760], large.pixels[:, :760])
