import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.errors import ImageError
from core.explain.recolour import (
    in_gamut,
    main_colour,
    recolour,
    shade,
    to_oklab,
    to_srgb,
)

RGB = st.tuples(*[st.integers(0, 255)] * 3)


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((255, 255, 255), (1.0, 0.0, 0.0)),
        ((0, 0, 0), (0.0, 0.0, 0.0)),
        ((255, 0, 0), (0.627955, 0.224863, 0.125846)),
        ((0, 0, 255), (0.452014, -0.032457, -0.311528)),
    ],
)
def test_oklab_is_that_of_the_paper(rgb, lab):
    np.testing.assert_allclose(to_oklab(np.array(rgb)), lab, atol=2e-4)


@given(RGB)
def test_every_colour_comes_back(rgb):
    np.testing.assert_array_equal(to_srgb(to_oklab(np.array(rgb))), rgb)


@given(st.tuples(st.floats(0.15, 0.98), st.floats(-0.4, 0.4), st.floats(-0.4, 0.4)))
def test_what_no_screen_shows_gets_paler_at_the_same_lightness_and_hue(colour):
    lab = np.array([colour])
    (found,) = in_gamut(lab)
    assert found[0] == colour[0]
    back = to_oklab(to_srgb(found))
    np.testing.assert_allclose(back, found, atol=0.02)
    before, after = complex(*colour[1:]), complex(*found[1:])
    assert abs(after) <= abs(before) + 1e-9
    assert abs((after * before.conjugate()).imag) < 1e-9, "the hue is the same"


def garment(base, size=(60, 80)):
    """A cloth with a fold, a white stripe and a plain ground; and its mask."""
    width, height = size
    pixels = np.full((height, width, 3), 246, np.uint8)
    cloth = to_oklab(np.array(base, dtype=np.uint8))
    light = np.full((height, width), cloth[0])
    light[:, 30:34] *= 0.85
    lab = np.stack([light, np.full_like(light, cloth[1]), np.full_like(light, cloth[2])], -1)
    inside = np.zeros((height, width))
    inside[10:70, 10:50] = 1
    made = to_srgb(in_gamut(lab.reshape(-1, 3))).reshape(height, width, 3).astype(np.uint8)
    pixels[inside > 0] = made[inside > 0]
    pixels[40:44, 10:50] = 250
    return Image.fromarray(pixels), inside


@pytest.mark.parametrize("base", [(140, 30, 40), (28, 28, 30), (244, 243, 239), (40, 90, 180)])
@pytest.mark.parametrize("wanted", ["red", "navy", "white", "black", "mustard"])
def test_the_cloth_takes_the_colour_and_keeps_fold_stripe_and_ground(base, wanted):
    photo, mask = garment(base)
    made = np.asarray(recolour(photo, mask, shade(wanted)))
    before = np.asarray(photo)
    np.testing.assert_array_equal(made[mask == 0], before[mask == 0])
    np.testing.assert_allclose(made[20, 20], shade(wanted), atol=4)
    assert to_oklab(made[20, 31])[0] < to_oklab(made[20, 20])[0], "the fold is still darker"
    if wanted != "white" and max(base) < 200:
        assert to_oklab(made[41, 20])[0] > 0.8, "the white stripe is still white"


def test_a_soft_edge_mixes_both():
    photo, mask = garment((140, 30, 40))
    whole = np.asarray(recolour(photo, mask, (0, 0, 200)), dtype=float)
    mask[12, 12] = 0.5
    half = np.asarray(recolour(photo, mask, (0, 0, 200)), dtype=float)
    np.testing.assert_allclose(
        half[12, 12], (whole[12, 12] + np.asarray(photo)[12, 12]) / 2, atol=1
    )


def test_lightness_can_be_kept():
    photo, mask = garment((70, 120, 190))
    made = recolour(photo, mask, shade("olive"), keep_lightness=True)
    light = [to_oklab(np.asarray(p))[..., 0] for p in (photo, made)]
    np.testing.assert_allclose(light[1], light[0], atol=0.01)
    assert np.abs(np.asarray(made).astype(int) - np.asarray(photo)).max() > 40


def test_the_main_colour_is_where_most_pixels_are_not_their_mean():
    lab = np.array([[0.3, 0.1, 0.0]] * 60 + [[0.9, 0.0, 0.0]] * 40)
    np.testing.assert_allclose(main_colour(lab), [0.3, 0.1, 0.0])


def test_no_garment_is_said():
    photo, mask = garment((140, 30, 40))
    with pytest.raises(ImageError, match="No garment was found"):
        recolour(photo, 0 * mask, (0, 0, 0))
    with pytest.raises(ValueError, match="the mask is"):
        recolour(photo, mask[1:], (0, 0, 0))


def test_names_of_colours():
    assert shade("Navy") == shade("navy blue".replace(" blue", "")) == (29, 42, 77)
    assert shade("heather grey") == shade("Grey") and shade("off-white") == shade("white")
    assert shade("dark red")[0] < shade("red")[0] < 255
    light = to_oklab(np.array(shade("light blue")))
    assert light[0] > to_oklab(np.array(shade("blue")))[0]
    assert shade("chocolate") == (210, 105, 30), "names of CSS are known too"
    assert shade("multicolour") is None and shade("Print No. 4") is None and shade("") is None
