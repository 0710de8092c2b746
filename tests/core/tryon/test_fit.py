"""Where a garment comes to lie on a person."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from core.tryon.body import Body, Path
from core.tryon.composite import union
from core.tryon.cutout import cut_out, read_garment
from core.tryon.fit import SHORTEST_DRESS, fit
from core.tryon.landmarks import measure
from core.tryon.outline import OUTWARD
from core.tryon.people import ELBOWS, PEOPLE_DIR, SHOULDERS, Person, demo_person
from core.tryon.preview import PreviewEngine
from core.vision.atr import ID
from scripts.demo.people import PEOPLE, render_person
from scripts.preview_truth import GARMENTS, product_photo, worn
from tests.core.tryon.synthetic import WORN, make_garment


def fitted(kind, person, category=None):
    return fit(measure(cut_out(make_garment(kind)[0]), category or WORN[kind]), Body(person))


@pytest.mark.parametrize("kind", ["tee", "sweater", "tank"])
def test_a_top_worn_as_a_dress_covers_the_hips(kind, person):
    body, cut = Body(person), cut_out(make_garment(kind)[0])
    rows = np.flatnonzero((cut.alpha > 0.5).any(axis=1))
    cut.alpha[round(rows[0] + 0.7 * len(rows)) :] = 0
    targets = fit(measure(cut, "dresses"), body).targets
    for side in (0, 1):
        assert targets[f"hem_{side}"][1] > body.axis.at(0.99 * SHORTEST_DRESS * body.hip_depth)[1]


def test_a_narrow_sleeve_covers_the_roundness_of_a_bare_upper_arm():
    bare = demo_person("amara")
    cut = read_garment(PEOPLE_DIR.parent / "images" / "FD-0717.webp")
    work = PreviewEngine().prepare(bare, cut, "upper_body").work
    clothed = union(work.layers) > 0.5
    y, x = np.mgrid[0 : bare.parse.shape[0], 0 : bare.parse.shape[1]]
    for side, part in ((0, "right_arm"), (1, "left_arm")):
        start, end = bare.keypoints[SHOULDERS[side]], bare.keypoints[ELBOWS[side]]
        bone = start[0] + (y - start[1]) * (end[0] - start[0]) / (end[1] - start[1])
        outer = (x - bone) * OUTWARD[side] > 0
        upper = (bare.parse == ID[part]) & outer & (y > start[1]) & (y < end[1])
        assert clothed[upper].mean() > 0.97


def test_trousers_are_as_wide_as_the_hips_they_are_worn_on(person):
    body = Body(person)
    targets = fitted("trousers", person).targets
    depth = body.hip_depth
    hips = body.half_width(depth, 0) + body.half_width(depth, 1)
    assert targets["hip_1"][0] - targets["hip_0"][0] < 1.16 * hips


def test_nothing_of_trousers_sticks_out_beside_a_top_that_hides_their_waistband(person):
    legs = np.isin(person.parse, [ID["left_leg"], ID["right_leg"]])
    dressed = replace(person, parse=np.where(legs, ID["pants"], person.parse).astype(np.uint8))
    top = round(Body(dressed).axis.at(Body(dressed).lower_top())[1])
    cut = cut_out(make_garment("trousers")[0])
    mask = PreviewEngine().prepare(dressed, cut, "lower_body").mask > 0
    beside = (dressed.parse == 0) & (np.arange(len(mask))[:, None] < top - 1)
    assert mask.any() and not (mask & beside).any()


def test_edges_lie_as_deep_as_their_own_rows(person):
    # A hem cut aslant stays aslant, and does not turn the trunk above it.
    cut = cut_out(make_garment("tank")[0])
    shape = measure(cut, "upper_body")
    aslant = shape.sides.copy()
    aslant[:, 1, 1] += np.linspace(0, 24, len(aslant))
    even, odd = (fit(replace(shape, sides=sides), Body(person)) for sides in (shape.sides, aslant))
    drop = odd.targets["hem_1"][1] - odd.targets["hem_0"][1]
    assert abs(even.targets["hem_1"][1] - even.targets["hem_0"][1]) < 3
    assert 0.6 * 24 * even.scale < drop < 2 * 24 * even.scale
    assert abs(odd.targets["armpit_1"][1] - odd.targets["armpit_0"][1]) < 3


def test_what_runs_across_a_sleeve_runs_across_the_arm(person):
    shape = measure(cut_out(make_garment("sweater")[0]), "upper_body")
    body = Body(person)
    placed = fit(shape, body)
    for limb in shape.limbs:
        pins = placed.limbs[limb.side]
        axis = limb.sections[-1].mean(axis=0) - limb.root.mean(axis=0)
        axis /= np.linalg.norm(axis)
        arm = body.limb(limb.side, False)
        # Points level on the sleeve, in its lower half, lie level on the arm.
        middle = limb.sections[-2:].reshape(-1, 2)
        down = (middle - limb.root.mean(axis=0)) @ axis
        lengths = [arm.start(point) for point in pins.target[-4:]]
        rate = (max(lengths) - min(lengths)) / (down.max() - down.min())
        for edge in (0, 1):
            between = (lengths[2 + edge] - lengths[edge]) / (down[2 + edge] - down[edge])
            assert between == pytest.approx(rate, rel=0.35)


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.25])
def test_long_sleeves_tell_the_length_whatever_the_chests_width(factor, person):
    image = make_garment("sweater")[0]
    wide = image.resize((round(image.width * factor), image.height))
    body = Body(person)
    hems = [
        fit(measure(cut_out(picture), "upper_body"), body).targets["hem_0"][1]
        for picture in (image, wide)
    ]
    assert abs(hems[1] - hems[0]) < 0.12 * body.hip_depth


@pytest.mark.parametrize("photo", ["form", "flat"])
def test_a_broad_chest_does_not_widen_a_flared_hem(photo):
    figure = next(p for p in PEOPLE if p.id == "jonas")
    pixels, parse, points = render_person(figure, 1)
    body = Body(Person(figure.id, figure.title, pixels, parse, np.array(points, np.float32)))
    dress = next(g for g in GARMENTS if g.name == "plum dress")
    cut = cut_out(Image.fromarray(product_photo(dress, photo)))
    targets = fit(measure(cut, "dresses"), body).targets
    truth = worn(figure, dress, 1)[1]
    span = max(np.ptp(np.flatnonzero(row)) for row in truth if row.any())
    assert targets["hem_1"][0] - targets["hem_0"][0] == pytest.approx(span, rel=0.18)


@pytest.mark.parametrize("unseen", [[10, 13], [9, 12]])
def test_the_ankles_of_legs_cut_off_lie_about_where_they_would(unseen, person):
    points = person.keypoints.copy()
    points[unseen] = np.nan
    cut_off = Body(replace(person, keypoints=points))
    assert cut_off.ankle_depth == pytest.approx(Body(person).ankle_depth, rel=0.1)


def test_places_before_a_path_run_on_along_its_first_piece():
    path = Path(np.array([[0.0, 0.0], [0.0, 10.0], [10.0, 10.0]]))
    assert path.start(np.array([3.0, -4.0])) == pytest.approx(-4)
    assert np.allclose(path.at(-4), (0, -4)) and np.allclose(path.at(24), (14, 10))
    assert path.start(np.array([1.0, 6.0])) == pytest.approx(6, abs=0.1)
