"""The measures of the preview, and the rendered truth they are taken against."""

import numpy as np
import pytest
from PIL import Image

from core.tryon.cutout import Cutout, cut_out
from core.vision.atr import ID
from scripts.demo.people import PEOPLE
from scripts.evaluate_preview import box_of, gmsd, ms_ssim, paste, ssim
from scripts.preview_truth import GARMENTS, PHOTOS, product_photo, worn
from tests.core.tryon.synthetic import make_person


def noise(seed):
    return np.random.default_rng(seed).integers(0, 255, (80, 60, 3), dtype=np.uint8)


def test_equal_pictures_score_best_and_unlike_ones_worse():
    one, other = noise(0), noise(1)
    assert ssim(one, one) == pytest.approx(1)
    assert gmsd(one, one) == 0
    slightly = np.clip(one.astype(int) + 6, 0, 255).astype(np.uint8)
    assert ssim(one, other) < 0.2 < 0.9 < ssim(one, slightly) < 1
    assert gmsd(one, slightly) < 0.05 < gmsd(one, other)


def test_a_shifted_stripe_matters_less_at_several_scales():
    rows = np.arange(256) // 4 % 2 * 200
    striped, shifted = (
        np.repeat(np.roll(rows, by)[:, None, None], 256, 1).repeat(3, 2).astype(np.uint8)
        for by in (0, 4)
    )
    plain = np.full_like(striped, 30)
    assert ms_ssim(striped, striped) == pytest.approx(1)
    assert ssim(striped, shifted) < 0 < ms_ssim(striped, striped // 2 + 50) < 1
    # Two garments with holes of unlike shape: wrong at every scale.
    one, other = plain.copy(), plain.copy()
    one[40:120, 40:120], other[140:220, 140:220] = 220, 220
    moved = np.roll(one, 2, axis=0)
    assert ms_ssim(one, other) < 0.75 < 0.95 < ms_ssim(one, moved)


def test_flat_pictures_have_the_similarity_of_the_formula():
    a, b = np.full((32, 32, 3), 100, np.uint8), np.full((32, 32, 3), 150, np.uint8)
    expected = (2 * 100 * 150 + 6.5025) / (100**2 + 150**2 + 6.5025)
    assert ssim(a, b) == pytest.approx(expected)


def test_the_box_holds_all_that_changes():
    changed = np.zeros((100, 80), bool)
    changed[20:41, 30:61] = True
    assert box_of(changed) == (slice(18, 43), slice(28, 63))
    changed[0, 0] = True
    assert box_of(changed)[0].start == 0


def test_the_pasted_waistband_is_as_wide_as_the_hips():
    person = make_person()
    alpha = np.zeros((220, 120), np.float32)
    alpha[10:20, 40:80] = 1
    alpha[20:210, 10:110] = 1
    red = np.zeros((220, 120, 3), np.uint8)
    red[..., 0] = 255
    rows, columns = np.nonzero(
        (paste(person, Cutout(red, alpha), "lower_body") == (255, 0, 0)).all(axis=2)
    )
    hips = 2 * np.ptp(person.keypoints[[8, 11], 0])
    assert abs(np.ptp(columns[rows < rows.min() + 5]) - hips) < 6


@pytest.mark.parametrize(("category", "top", "low"), [("upper_body", 230, 520),
                         ("dresses", 230, 720)])  # fmt: skip
def test_the_paste_spans_the_body(category, top, low):
    person = make_person()
    alpha = np.zeros((220, 120), np.float32)
    alpha[10:210, 10:110] = 1
    red = np.zeros((220, 120, 3), np.uint8)
    red[..., 0] = 255
    picture = paste(person, Cutout(red, alpha), category)
    rows, columns = np.nonzero((picture == (255, 0, 0)).all(axis=2))
    assert abs(rows.min() - top) < 6 and abs(rows.max() - low) < 6
    assert abs(columns.mean() - 384) < 3


def stripes_down(picture, x, rows):
    dark = picture[rows, x].astype(int).sum(axis=1) < 400
    return int((dark[1:] & ~dark[:-1]).sum())


@pytest.mark.parametrize("who", [PEOPLE[0], PEOPLE[9]], ids=lambda person: person.id)
def test_the_print_belongs_to_the_garment_and_not_to_the_picture(who):
    garment = next(g for g in GARMENTS if g.name == "striped long-sleeved top")
    picture, place = worn(who, garment, 1)
    rows = np.flatnonzero(place[:, 384])
    on_body = stripes_down(picture, 384, rows)
    for kind in PHOTOS:
        photo = product_photo(garment, kind)
        cut = cut_out(Image.fromarray(photo))
        x = cut.alpha.shape[1] // 2
        assert stripes_down(cut.pixels, x, np.flatnonzero(cut.alpha[:, x] > 0.5)) == on_body


def test_clothes_laid_flat_are_wider_than_on_a_form():
    for garment in GARMENTS[1::2]:
        form, flat = (cut_out(Image.fromarray(product_photo(garment, kind))) for kind in PHOTOS)
        wide = [np.ptp(np.flatnonzero((c.alpha > 0.5).any(axis=0))) for c in (form, flat)]
        long = [np.ptp(np.flatnonzero((c.alpha > 0.5).any(axis=1))) for c in (form, flat)]
        assert wide[1] / long[1] > 1.05 * wide[0] / long[0], garment.name


def test_the_truth_is_the_same_cloth_on_form_and_person():
    garment = next(g for g in GARMENTS if g.name == "red tee")
    photo = product_photo(garment, "form")
    red = (photo[..., 0].astype(int) - photo[..., 1]) > 60
    assert 0.3 < red.mean() < 0.6
    skin = photo[(photo.astype(int).max(axis=2) - photo.min(axis=2)) > 25]
    assert len(skin) == pytest.approx(red.sum(), rel=0.1)  # nothing of the body is painted
    picture, place = worn(PEOPLE[3], garment, 1)
    shown = np.median(picture[place], axis=0)
    assert np.abs(shown - np.median(photo[red], axis=0)).max() < 25
    assert ID["upper_clothes"] == 4 and place.sum() > 20_000
