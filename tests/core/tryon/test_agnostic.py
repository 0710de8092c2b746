import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import NoPersonError, TryOnError
from core.tryon.agnostic import agnostic_mask_ootd
from core.vision.atr import ID
from scripts.ootd_parity_cases import mask_cases

GOLDENS = Path(__file__).resolve().parents[2] / "goldens" / "ootd"
OWN = GOLDENS / "masks"
CASES = json.loads((OWN / "current_libs" / "cases.json").read_text(encoding="utf-8"))["cases"]


def case(scene):
    found = next(c for c in CASES if c["scene"] == scene)
    return np.asarray(Image.open(OWN / found["parse"])), np.array(found["pose_keypoints_2d"])


def failed(folder):
    cases = list(mask_cases(folder))
    assert len(cases) > 20
    return [c for c in cases if c[1] > c[2]]


def test_published_masks_to_the_pixel():
    assert failed(GOLDENS) == []


@pytest.mark.shared
def test_all_golden_masks_to_the_pixel(shared):
    assert failed(shared / "goldens" / "ootd") == []


def test_a_case_without_a_mask_of_current_libraries_is_held_against_the_older(tmp_path):
    masks = tmp_path / "masks"
    (masks / "current_libs").mkdir(parents=True)
    kept = [c for c in CASES if c["scene"] == "standing_tee_pants" and "mask" in c]
    (masks / "cases.json").write_text(json.dumps({"cases": kept}))
    (masks / "current_libs" / "cases.json").write_text(json.dumps({"cases": kept[:2]}))
    shutil.copy(OWN / kept[0]["parse"], masks)
    for c in kept:
        mask = np.array(Image.open(OWN / "current_libs" / c["mask"]))
        mask[5, 5:9] ^= 255
        for home in (masks, masks / "current_libs"):
            Image.fromarray(mask).save(home / c["mask"])
    found = list(mask_cases(tmp_path))
    assert len(found) == len(kept) and {f.worst for f in found} == {4.0}
    assert [f.within for f in found] == [False, False] + [True] * (len(kept) - 2)


def test_parity_notices_one_pixel(tmp_path):
    masks = tmp_path / "masks"
    (masks / "current_libs").mkdir(parents=True)
    kept = [c for c in CASES if c["scene"] == "standing_tee_pants" and "mask" in c]
    (masks / "current_libs" / "cases.json").write_text(json.dumps({"cases": kept}))
    for c in kept:
        Image.open(OWN / c["parse"]).save(masks / c["parse"])
        mask = np.array(Image.open(OWN / "current_libs" / c["mask"]))
        mask[5, 5] ^= 255
        Image.fromarray(mask).save(masks / "current_libs" / c["mask"])
    assert [c[1] for c in mask_cases(tmp_path)] == [1.0] * len(kept)


@pytest.mark.parametrize("category", ["upper_body", "lower_body", "dresses"])
def test_mending_leaves_a_plain_scene_alone(category):
    parse, points = case("standing_tee_pants")
    published = agnostic_mask_ootd(parse, points, category, "hd", mend=False)
    mended = agnostic_mask_ootd(parse, points, category, "hd")
    assert (published[0] == mended[0]).all() and (published[1] == mended[1]).all()
    assert set(np.unique(mended[0])) == {0, 255} and set(np.unique(mended[1])) == {0, 127}


def test_a_wrist_past_the_edge_draws_no_band():
    parse, points = case("wrist_past_left_edge")
    right = slice(int(points[5][0]) + 80, None)
    published, _ = agnostic_mask_ootd(parse, points, "upper_body", "hd", mend=False)
    mended, _ = agnostic_mask_ootd(parse, points, "upper_body", "hd")
    assert published[:, right].any() and not mended[:, right].any()
    arm = parse == ID["right_arm"]
    raised = arm & (np.arange(512) < points[3][1])[:, None]
    assert (mended[raised] > 0).mean() > 0.9


def test_a_missing_elbow_is_not_the_corner():
    parse, points = case("elbow_missing_wrist_present")
    published, _ = agnostic_mask_ootd(parse, points, "upper_body", "hd", mend=False)
    mended, _ = agnostic_mask_ootd(parse, points, "upper_body", "hd")
    corner = (slice(0, 40), slice(0, 60))
    assert published[corner].mean() > 200 and not mended[corner].any()


def test_a_missing_shoulder_is_not_the_corner():
    parse, points = case("standing_tee_pants")
    points[2] = np.nan
    mended, _ = agnostic_mask_ootd(parse, points, "upper_body", "hd")
    published, _ = agnostic_mask_ootd(parse, points, "upper_body", "hd", mend=False)
    corner = (slice(0, 60), slice(0, 60))
    assert published[corner].any() and not mended[corner].any()


def test_both_legs_under_a_dress_are_kept():
    parse, points = case("dress_bag_hat_glasses")
    legs = [parse == ID[name] for name in ("left_leg", "right_leg")]
    published, _ = agnostic_mask_ootd(parse, points, "lower_body", "dc", mend=False)
    mended, _ = agnostic_mask_ootd(parse, points, "lower_body", "dc")
    assert min((published[leg] > 0).mean() for leg in legs) < 0.1
    assert min((mended[leg] > 0).mean() for leg in legs) > 0.6


def test_another_persons_clothes_are_not_repainted():
    parse, points = case("standing_tee_pants")
    both = parse.copy()
    both[60:500, 330:380] = ID["pants"]
    mended, _ = agnostic_mask_ootd(both, points, "lower_body", "dc")
    assert not mended[60:500, 350:380].any() and mended.any()


def test_missing_points_are_nan_or_zero():
    parse, points = case("missing_right_wrist")
    as_nan = np.where((points == 0).all(axis=1, keepdims=True), np.nan, points)
    for mend in (True, False):
        zero, nan = (
            agnostic_mask_ootd(parse, p, "dresses", "dc", mend=mend)[0] for p in (points, as_nan)
        )
        assert (zero == nan).all()


def test_what_cannot_be_made_says_so():
    parse, points = case("standing_tee_pants")
    with pytest.raises(NoPersonError, match="6 body points"):
        agnostic_mask_ootd(parse, points[:6], "upper_body", "hd")
    with pytest.raises(TryOnError, match="pairs"):
        agnostic_mask_ootd(parse, points.ravel()[:-1], "upper_body", "hd")
    with pytest.raises(TryOnError, match="upper_body"):
        agnostic_mask_ootd(parse, points, "upperbody", "hd")
    with pytest.raises(TryOnError, match="hd or dc"):
        agnostic_mask_ootd(parse, points, "upper_body", "xx")
    nobody = np.zeros((512, 384), np.uint8)
    with pytest.raises(NoPersonError, match="no person"):
        agnostic_mask_ootd(nobody, np.zeros((18, 2)), "lower_body", "hd")
