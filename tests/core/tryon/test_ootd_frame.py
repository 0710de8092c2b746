import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.tryon.cutout import Cutout
from core.tryon.ootd_frame import Frame, garment_picture

sides = st.integers(20, 400)


@given(sides, sides)
def test_a_photo_keeps_its_shape_and_fills_the_frame_one_way(height, width):
    frame = Frame.around((height, width), (128, 96))
    assert frame.height == 128 or frame.width == 96
    assert frame.height <= 128 and frame.width <= 96
    scale = 128 / height if frame.height == 128 else 96 / width
    assert abs(scale * height - frame.height) <= 0.5 and abs(scale * width - frame.width) <= 0.5
    placed = frame.put(np.full((height, width, 3), 90, np.uint8))
    assert placed.shape == (128, 96, 3) and (placed == 90).all()
    labels = frame.put_map(np.ones((height, width), np.uint8))
    assert labels.sum() == frame.height * frame.width
    assert frame.take_map(labels).shape == (height, width) and frame.take_map(labels).all()


def test_points_go_where_their_pixels_go():
    frame = Frame.around((100, 200), (128, 96))
    photo = np.zeros((100, 200, 3), np.uint8)
    photo[40:44, 150:154] = 255
    ((x, y), missing) = frame.put_points(np.array([(152.0, 42.0), (np.nan, np.nan)]))
    found = np.argwhere(frame.put(photo)[..., 0] > 100).mean(axis=0)
    assert (y, x) == pytest.approx(found + 0.5, abs=1)
    assert np.isnan(missing).all()


def test_a_photo_of_the_published_shape_is_taken_as_it_is():
    frame = Frame.around((128, 96), (128, 96))
    photo = np.random.default_rng(0).integers(0, 256, (128, 96, 3), np.uint8)
    assert np.array_equal(frame.put(photo), photo)
    assert np.array_equal(frame.enlarged(photo), photo)
    small = np.random.default_rng(0).integers(0, 2, (64, 48), np.uint8)
    doubled = Frame.around((128, 96), (64, 48)).take_map(small)
    assert np.array_equal(doubled, small.repeat(2, 0).repeat(2, 1))  # as the original


@given(st.integers(30, 300), st.integers(30, 300), st.integers(0, 2**31))
def test_outside_the_mask_every_pixel_is_the_photos_own(height, width, seed):
    draw = np.random.default_rng(seed)
    photo = draw.integers(0, 256, (height, width, 3), np.uint8)
    mask = np.zeros((height, width), np.uint8)
    mask[height // 4 : height // 2, width // 4 : width // 2] = 255
    frame = Frame.around((height, width), (128, 96))
    pasted = frame.paste(np.full((128, 96, 3), 7, np.uint8), photo, mask)
    assert np.array_equal(pasted[mask < 127], photo[mask < 127])
    if height >= 60 and width >= 60:
        assert (pasted[mask > 0] == 7).any()


def test_the_edge_is_soft_on_the_inside():
    photo, painted = np.zeros((1000, 750, 3), np.uint8), np.full((128, 96, 3), 200, np.uint8)
    mask = np.zeros((1000, 750), np.uint8)
    mask[:, 300:500] = 255
    row = Frame.around((1000, 750), (128, 96)).paste(painted, photo, mask)[500, :, 0].astype(int)
    rise = row[298:312]
    assert (np.diff(rise) >= 0).all() and rise[1] == 0 and rise[-1] == 200
    assert len(set(rise.tolist())) > 5


def test_a_garment_lies_on_white():
    alpha = np.zeros((50, 90), np.float32)
    alpha[10:40, 10:80] = 1
    garment = Cutout(np.full((50, 90, 3), 30, np.uint8), alpha)
    picture = garment_picture(garment, (128, 96))
    assert picture.shape == (128, 96, 3)
    assert (picture[0] == 255).all() and (picture[64, 48] == 30).all()
    assert (picture[:, 0] == 255).all()
