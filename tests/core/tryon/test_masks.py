"""Masks: what OOTDiffusion would repaint without its weights, and what the preview makes of one."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import NoPersonError
from core.tryon.agnostic import agnostic_mask_ootd
from core.tryon.cutout import cut_out
from core.tryon.mask_edit import MaskEdit, Stroke, edited
from core.tryon.masks import protected, published_mask
from core.tryon.preview import PreviewEngine
from core.vision.atr import ID
from tests.core.tryon.synthetic import make_garment, make_person


@pytest.fixture(scope="module")
def person():
    return make_person()


@pytest.mark.parametrize("category", ["upper_body", "lower_body", "dresses"])
@pytest.mark.parametrize("model", ["hd", "dc"])
def test_the_published_mask_is_the_builders_on_a_photo_of_its_shape(person, category, model):
    mask = published_mask(person, category, model)
    assert mask.shape == person.parse.shape and set(np.unique(mask)) == {0, 255}
    # A 3:4 photo fills the frame, so that only the step from 512 back to 1,024 rows is between.
    direct, _ = agnostic_mask_ootd(person.parse, person.keypoints / 2, category, model)
    assert ((mask[::2, ::2] > 127) != (direct > 127)).mean() < 0.01
    assert (mask[person.parse == ID["face"]] > 0).mean() < 0.05


def test_the_mask_lies_on_the_body_in_a_wide_photo_too(person):
    wide = replace(
        person,
        pixels=np.pad(person.pixels, ((0, 0), (500, 500), (0, 0)), mode="edge"),
        parse=np.pad(person.parse, ((0, 0), (500, 500))),
        keypoints=person.keypoints + np.float32((500, 0)),
    )
    # It is widened by the same pixels of the frame, and so more on a smaller person.
    inner = published_mask(wide, "lower_body", "dc")[:, 500:-500] > 0
    alone = published_mask(person, "lower_body", "dc") > 0
    assert (inner & alone).sum() > 0.98 * alone.sum() and inner.sum() < 1.5 * alone.sum()
    assert abs(np.nonzero(inner)[1].mean() - np.nonzero(alone)[1].mean()) < 4


def test_where_nobody_is_seen_it_says_so(person):
    with pytest.raises(NoPersonError):
        published_mask(replace(person, parse=np.zeros_like(person.parse)), "lower_body", "dc")


def test_the_preview_paints_nothing_where_a_brush_marks_beyond_the_garment(person):
    engine = PreviewEngine()
    prepared = engine.prepare(person, cut_out(make_garment("tee")[0]), "upper_body")
    (plain,) = engine.run(prepared)

    def made(*strokes):
        mask = edited(prepared.mask, MaskEdit(strokes=strokes), protected(person))
        return mask, engine.run(replace(prepared, mask=mask))[0]

    below = Stroke(((0.2, 0.8), (0.8, 0.8)), 0.04, True)
    mask, brushed = made(below)
    assert (mask > prepared.mask).sum() > 10_000
    assert np.array_equal(brushed, plain)
    _, erased = made(Stroke(((0.4, 0.4), (0.6, 0.4)), 0.03, False))
    band = (slice(round(0.38 * 1024), round(0.42 * 1024)), slice(330, 430))
    assert np.array_equal(erased[band], person.pixels[band])
    assert not np.array_equal(plain[band], person.pixels[band])
