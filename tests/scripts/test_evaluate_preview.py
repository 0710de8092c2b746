"""The measures of the preview, and the rendered truth they are taken against."""

import numpy as np
import pytest

from core.tryon.cutout import Cutout
from core.vision.atr import ID
from scripts.demo.people import PEOPLE
from scripts.evaluate_preview import box_of, gmsd, paste, ssim
from scripts.preview_truth import GARMENTS, product_photo, worn
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


@pytest.mark.parametrize(("category", "top", "low"), [("upper_body", 230, 520),
                         ("lower_body", 447, 910), ("dresses", 230, 720)])  # fmt: skip
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


def test_the_truth_is_the_same_cloth_on_form_and_person():
    garment = next(g for g in GARMENTS if g.name == "red tee")
    photo = product_photo(garment, 1)
    red = (photo[..., 0].astype(int) - photo[..., 1]) > 60
    assert 0.02 < red.mean() < 0.3
    skin = photo[(photo.astype(int).max(axis=2) - photo.min(axis=2)) > 25]
    assert len(skin) == pytest.approx(red.sum(), rel=0.1)  # nothing of the body is painted
    picture, place = worn(PEOPLE[3], garment, 1)
    shown = np.median(picture[place], axis=0)
    assert np.abs(shown - np.median(photo[red], axis=0)).max() < 25
    assert ID["upper_clothes"] == 4 and place.sum() > 20_000
