import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import TryOnError
from core.tryon.mask_edit import MOST_STROKES, MaskEdit, Stroke, edited, read_strokes


def square(top=40, bottom=60, left=30, right=70, size=100):
    mask = np.zeros((size, size), np.uint8)
    mask[top:bottom, left:right] = 255
    return mask


NOTHING = np.zeros((100, 100), bool)


def box(mask):
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def test_no_edit_changes_nothing_and_says_so():
    assert not MaskEdit() and MaskEdit(top=1)
    assert np.array_equal(edited(square(), MaskEdit(), NOTHING), square())


@pytest.mark.parametrize("by", [-7, 5, 12])
@pytest.mark.parametrize("side", ["top", "bottom", "left", "right"])
def test_each_side_moves_alone(side, by):
    expected = {"top": 40, "bottom": 60, "left": 30, "right": 70}
    expected[side] += by if side in ("bottom", "right") else -by
    assert box(edited(square(), MaskEdit(**{side: by}), NOTHING)) == tuple(expected.values())


def test_growth_ends_at_the_picture_and_shrinking_keeps_its_edge():
    assert box(edited(square(), MaskEdit(top=20, left=20), NOTHING))[::2] == (20, 10)
    full = np.full((50, 50), 255, np.uint8)
    grown = edited(full, MaskEdit(top=20), np.zeros((50, 50), bool))
    assert grown.all()


def test_styles_are_nested():
    mask = square()
    mask[45:55, 70:90] = 255  # an arm
    tight, own, relaxed, around = (
        edited(mask, MaskEdit(style), NOTHING) > 0
        for style in ("tight", "engine", "relaxed", "square")
    )
    assert (tight <= own).all() and tight.sum() < own.sum()
    assert (own <= relaxed).all() and own.sum() < relaxed.sum()
    assert box(around) == (40, 60, 30, 90) and around.sum() == 20 * 60


def test_face_and_hands_are_kept_from_styles_and_sides_but_not_from_a_brush():
    kept = NOTHING.copy()
    kept[20:40] = True
    grown = edited(square(), MaskEdit("square", top=20), kept)
    assert not grown[kept].any()
    brush = Stroke(((0.5, 0.3),), 0.05, True)
    assert edited(square(), MaskEdit(strokes=(brush,)), kept)[30, 50] == 255


def test_a_style_takes_nothing_that_the_engine_itself_marked():
    kept = NOTHING.copy()
    kept[50:] = True  # the engine's own mask overlaps what a style would keep out
    assert np.array_equal(edited(square(), MaskEdit("square"), kept), square())


def test_strokes_are_drawn_in_order_at_any_resolution():
    adds = Stroke(((0.1, 0.1), (0.9, 0.1)), 0.05, True)
    wipes = Stroke(((0.5, 0.1),), 0.05, False)
    for size in (100, 400):
        mask = np.zeros((size, size), np.uint8)
        kept = np.zeros((size, size), bool)
        drawn = edited(mask, MaskEdit(strokes=(adds, wipes)), kept)
        at = [drawn[round(0.1 * size), round(x * size)] for x in (0.2, 0.5, 0.8)]
        assert at == [255, 0, 255]
        assert abs((drawn > 0).mean() - 0.0805) < 0.012  # a band of 0.8 by 0.1 with round ends
    assert not edited(mask, MaskEdit(strokes=(wipes,)), kept).any()


@given(st.integers(0, 2**32 - 1), st.integers(-9, 19), st.sampled_from(["top", "left"]))
def test_one_side_agrees_with_looking_at_every_pixel(seed, by, side):
    mask = np.random.default_rng(seed).random((24, 24)) < 0.4
    made = edited(mask.astype(np.uint8) * 255, MaskEdit(**{side: by}), np.zeros((24, 24), bool))
    turned = mask if side == "top" else mask.T
    pixels = round(by / 100 * 24)
    expected = np.zeros_like(turned)
    for y, x in np.ndindex(turned.shape):
        window = (
            turned[y : y + pixels + 1, x] if pixels >= 0 else turned[max(0, y + pixels) : y + 1, x]
        )
        expected[y, x] = window.any() if pixels >= 0 else window.all()
    assert np.array_equal(made > 0, expected if side == "top" else expected.T)


def test_strokes_from_the_browser_are_read():
    read = read_strokes([{"points": [[0.1, 0.2], [0.3, 1]], "radius": 0.02, "adds": True}])
    assert read == (Stroke(((0.1, 0.2), (0.3, 1.0)), 0.02, True),)
    assert read_strokes([]) == ()


@pytest.mark.parametrize(
    "data",
    [
        None,
        [{}],
        [{"points": [], "radius": 0.1, "adds": True}],
        [{"points": [[0, "a"]], "radius": 0.1, "adds": True}],
        [{"points": [[0, 1, 2]], "radius": 0.1, "adds": True}],
        [{"points": [[0.5, float("nan")]], "radius": 0.1, "adds": True}],
        [{"points": [[0.5, 9e9]], "radius": 0.1, "adds": True}],
        [{"points": [[0.5, 10**400]], "radius": 0.1, "adds": True}],
        [{"points": [[0.5, 0.5]], "radius": 0.5, "adds": True}],
        [{"points": [[0.5, 0.5]], "radius": 0.1, "adds": True}] * (MOST_STROKES + 1),
    ],
)
def test_anything_else_is_refused(data):
    with pytest.raises(TryOnError):
        read_strokes(data)
