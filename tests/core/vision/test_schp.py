import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import CheckpointMissing
from core.vision.atr import ID
from core.vision.schp import SchpParser, filled, inverse, network_input, square_to_photo, warped
from scripts.ootd_parity_cases import parsing_cases

GOLDENS = Path(__file__).resolve().parents[2] / "goldens" / "ootd"
UPPER, ARM, BELT = ID["upper_clothes"], ID["left_arm"], ID["belt"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("humanparsing")
    for name in ("atr", "lip"):
        shutil.copy(GOLDENS / "parsing" / f"tiny_{name}.onnx", folder / f"parsing_{name}.onnx")
    return folder


def failed(goldens):
    cases = list(parsing_cases(goldens))
    assert len(cases) > 20
    return [c for c in cases if not c[1] <= c[2]]


def test_published_parsing():
    assert failed(GOLDENS) == []


@pytest.mark.shared
def test_all_golden_parsings(shared):
    assert failed(shared / "goldens" / "ootd") == []


def test_warping_is_that_of_the_older_library():
    worst = {where: worst for _, worst, _, where in parsing_cases(GOLDENS) if "input" in where}
    assert worst == {"atr input": 0.0, "lip input": 0.0}


def test_square_and_photo_map_onto_each_other():
    for size, side in [((512, 384), 473), ((257, 513), 512), ((33, 20), 512)]:
        back = square_to_photo(size, side)
        middle = back @ [(side - 1) / 2, (side - 1) / 2, 1]
        assert middle == pytest.approx([(size[1] - 1) / 2, (size[0] - 1) / 2])
        there = inverse(back) @ [*middle, 1]
        assert there == pytest.approx([(side - 1) / 2] * 2)
        longer = 0 if size[1] > size[0] else 1
        assert (back @ [0, 0, 1])[longer] == pytest.approx(0)


def test_warping_by_brute_force():
    plane = np.random.default_rng(0).random((13, 9)).astype(np.float32)
    back = np.array([[0.75, 0, -1.5], [0, 0.75, 2.25]])  # in 32nds of a pixel: nothing is rounded
    got = warped(plane, back, (16, 20))
    for y in range(16):
        for x in range(20):
            px, py = 0.75 * x - 1.5, 0.75 * y + 2.25
            left, top = int(np.floor(px)), int(np.floor(py))
            value = 0.0
            for i in (0, 1):
                for j in (0, 1):
                    if 0 <= top + i < 13 and 0 <= left + j < 9:
                        weight = (1 - abs(py - top - i)) * (1 - abs(px - left - j))
                        value += weight * plane[top + i, left + j]
            assert got[y, x] == pytest.approx(value, abs=1e-6)


def test_the_network_sees_bgr_on_black():
    image = np.zeros((40, 20, 3), np.uint8)
    image[..., 0] = 255  # red
    seen = network_input(image, 64)[0]
    assert seen.shape == (3, 64, 64) and seen.dtype == np.float32
    middle, edge = seen[:, 32, 32], seen[:, 32, 2]
    assert middle == pytest.approx([-0.406 / 0.225, -0.456 / 0.224, (1 - 0.485) / 0.229])
    assert edge == pytest.approx([-0.406 / 0.225, -0.456 / 0.224, -0.485 / 0.229])


@pytest.fixture
def shirt():
    labels = np.zeros((200, 160), np.uint8)
    labels[20:180, 20:140] = UPPER
    return labels


def test_a_small_hole_in_the_shirt_is_filled_and_a_large_one_kept(shirt):
    holes = shirt.copy()
    holes[40:50, 60:70] = BELT
    holes[80:150, 60:120] = BELT
    got = filled(holes)
    assert (got[40:50, 60:70] == UPPER).all() and (got[81:149, 61:119] == BELT).all()
    assert (got[shirt == 0] == 0).all()


def test_an_arm_before_the_shirt_stays_an_arm(shirt):
    shirt[40:50, 60:70] = ARM
    assert (filled(shirt)[40:50, 60:70] == ARM).all()


def test_an_arm_in_a_large_hole_stays_an_arm_only_when_mended(shirt):
    shirt[80:150, 60:120] = BELT
    shirt[100:110, 80:90] = ARM
    assert (filled(shirt)[100:110, 80:90] == ARM).all()
    assert (filled(shirt, mend=False)[101:109, 81:89] == UPPER).all()


@pytest.mark.parametrize("size", [(7, 9), (300, 420), (1500, 1100)])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_photos_of_any_size_and_mode(folder, size, mode):
    ids = SchpParser(folder).parse(Image.new(mode, size))
    assert ids.shape == size[::-1] and ids.dtype == np.uint8 and ids.max() <= ID["neck"]


def test_a_large_photo_is_read_at_its_own_size_only_as_published(folder):
    stripes = np.zeros((1100, 1000, 3), np.uint8)
    stripes[:, ::2] = np.random.default_rng(0).integers(0, 256, (1100, 1, 3))
    parser, photo = SchpParser(folder), Image.fromarray(stripes)
    published = parser.parse(photo, mend=False)
    at_own_size = filled(parser.labels("atr", stripes), mend=False)
    body = published != ID["neck"]
    assert (published[body] == at_own_size[body]).all()
    assert (parser.parse(photo) != published).any()


def test_files_that_are_not_the_networks_say_so(folder, tmp_path):
    with pytest.raises(CheckpointMissing, match="pull schp-parsing"):
        SchpParser(tmp_path)
    shutil.copy(folder / "parsing_lip.onnx", tmp_path / "parsing_lip.onnx")
    shutil.copy(folder / "parsing_lip.onnx", tmp_path / "parsing_atr.onnx")
    with pytest.raises(CheckpointMissing, match="18 classes"):
        SchpParser(tmp_path)
    (tmp_path / "parsing_atr.onnx").write_bytes(b"version https://git-lfs")
    with pytest.raises(CheckpointMissing, match="damaged"):
        SchpParser(tmp_path)
