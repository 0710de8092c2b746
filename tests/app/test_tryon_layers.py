"""Layers over the photo: every combination is drawn, named and told."""

import io
from itertools import chain, combinations

import numpy as np
import pytest
from PIL import Image

from app.tryon_layers import MASK, PARTS, POSE, alt, legend
from core.tryon.drawing import body_map
from tests.core.tryon.synthetic import make_person

LAYERS = (PARTS, POSE, MASK)
SETS = list(chain.from_iterable(combinations(LAYERS, n) for n in range(4)))
PERSON = make_person()


def drawn(layers):
    mask = np.zeros(PERSON.parse.shape, np.uint8)
    mask[300:500, 300:460] = 255
    data = body_map(
        PERSON, parts=PARTS in layers, pose=POSE in layers, mask=mask if MASK in layers else None
    )
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def test_every_set_of_layers_is_another_picture():
    pictures = [drawn(layers) for layers in SETS]
    assert np.array_equal(pictures[0], PERSON.pixels)
    for i, one in enumerate(pictures):
        assert all((one != other).any() for other in pictures[:i])


def test_stripes_are_seen_on_any_colour_and_only_where_it_is_repainted():
    changed = np.abs(drawn((MASK,)) - drawn(())).max(axis=2) > 40
    assert 0.3 < changed[320:480, 320:440].mean() < 0.8
    changed[280:520, 280:480] = False
    assert not changed.any()


@pytest.mark.parametrize("layers", SETS)
def test_alt_text_and_legend_name_what_is_on(layers):
    said, signs = alt(PERSON, list(layers)), legend(PERSON, list(layers))
    assert said.startswith("Plain")
    assert ("hair" in said) == ("Hair" in signs) == ("Left arm" in signs) == (PARTS in layers)
    assert ("pose" in said) == ("Joint of the pose" in signs) == (POSE in layers)
    assert ("repainted" in said) == ("Repainted" in signs) == (MASK in layers)
    assert (" and " in said) == (len(layers) > 1)
