import json

import numpy as np
import pytest
from PIL import Image

from scripts import evaluate_cutout
from scripts.evaluate_cutout import boundary_f, composed, iou, laid, photo_grounds
from tests.core.tryon.synthetic import OUTLINES, make_garment


def random_masks():
    rng = np.random.default_rng(3)
    for _ in range(6):
        yield rng.random((40, 30)) < 0.5, rng.random((40, 30)) < 0.6


def test_iou_is_what_counting_pixel_by_pixel_gives():
    for found, truth in random_masks():
        both = either = 0
        for a, b in zip(found.ravel(), truth.ravel(), strict=True):
            both += bool(a and b)
            either += bool(a or b)
        assert iou(found, truth) == pytest.approx(both / either)
    empty = np.zeros((4, 4), bool)
    assert iou(empty, empty) == 1.0
    assert iou(empty, ~empty) == 0.0


def brute_outline(mask):
    points = []
    for r, c in np.argwhere(mask):
        for dr in (-1, 0, 1):
            for dc in (-1, 0, 1):
                y, x = r + dr, c + dc
                beyond = not (0 <= y < mask.shape[0] and 0 <= x < mask.shape[1])
                if beyond or not mask[y, x]:
                    points.append((r, c))
    return np.array(sorted(set(points)))


def test_boundary_f_is_what_comparing_all_pairs_of_outline_pixels_gives():
    truth = np.zeros((200, 60), bool)
    truth[50:120, 10:40] = True
    for shift, grow in ((0, 0), (1, 0), (2, 3), (5, 4)):
        found = np.zeros_like(truth)
        found[50 + shift : 120 + shift + grow, 10:40] = True
        one, other = brute_outline(found), brute_outline(truth)
        apart = np.linalg.norm(one[:, None] - other[None], axis=2)
        precision = (apart.min(axis=1) <= 1).mean()  # 2 px at 400 px, so 1 px at 200
        recall = (apart.min(axis=0) <= 1).mean()
        wanted = 2 * precision * recall / (precision + recall)
        assert boundary_f(found, truth) == pytest.approx(wanted)
    assert boundary_f(truth, truth) == 1.0
    assert boundary_f(np.zeros_like(truth), truth) == 0.0


def rgba(kind="tee", colour=(30, 96, 150)):
    image, alpha = make_garment(kind, colour, noise=0)
    return np.dstack([np.asarray(image), np.round(alpha * 255).astype(np.uint8)])


@pytest.mark.parametrize("kind", OUTLINES)
def test_a_garment_is_laid_whole_on_a_portrait_canvas(kind):
    piece = rgba(kind)
    canvas = laid(piece, np.random.default_rng(0))
    assert canvas.shape[1] / canvas.shape[0] == pytest.approx(0.75, abs=0.01)
    assert (canvas[..., 3] > 127).sum() == (piece[..., 3] > 127).sum()
    rows, columns = np.nonzero(canvas[..., 3] > 127)
    assert max(np.ptp(rows) / canvas.shape[0], np.ptp(columns) / canvas.shape[1]) > 0.75


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    base = tmp_path_factory.mktemp("cutout")
    rng = np.random.default_rng(0)
    for folder in ("visuelle/images", "street/photos", "street/labels", "own/images", "plain"):
        (base / folder).mkdir(parents=True)
    for i, kind in enumerate(OUTLINES):
        Image.fromarray(rgba(kind)).save(base / f"visuelle/images/{i:05d}.webp", lossless=True)
    for i in range(4):
        photo = rng.integers(0, 255, (64, 48, 3), dtype=np.uint8)
        Image.fromarray(photo).save(base / f"street/photos/{i}.jpg")
        labels = np.zeros((64, 48), np.uint8)
        labels[10:60, 16:32] = 14
        Image.fromarray(labels).save(base / f"street/labels/{i}.png")
        Image.fromarray(photo).save(base / f"own/images/a{i}.jpg")
        Image.fromarray(photo).save(base / f"plain/b{i}.png")
    return base


def test_only_photos_that_no_training_used_are_grounds(folders):
    chosen = photo_grounds([folders / "street", folders / "own"], {"2.jpg"})
    assert [name for folder, name, _ in chosen if folder.name == "street"] == ["2.jpg"]
    # None of the second folder is listed: it is not what the network was trained on.
    assert len([1 for folder, *_ in chosen if folder.name == "own"]) == 4


@pytest.mark.parametrize("folder", ["street", "own", "plain"])
def test_the_garment_is_unchanged_on_every_ground(folders, folder):
    canvas = laid(rgba(), np.random.default_rng(0))
    solid = canvas[..., 3] == 255
    for kind in evaluate_cutout.GROUNDS:
        sources = photo_grounds([folders / folder], set())
        photo = composed(canvas, kind, sources, np.random.default_rng(1))
        off = np.abs(np.asarray(photo)[solid].astype(int) - canvas[solid][:, :3])
        assert off.max() < 8  # the camera's noise


def test_the_command_scores_every_ground_the_same_each_time(folders, tmp_path, capsys):
    arguments = ["--visuelle", str(folders / "visuelle"), "--backgrounds", str(folders / "street"),
                 "--most", "3", "--sheet", str(tmp_path / "sheet.png")]  # fmt: skip
    for file in ("one.json", "two.json"):
        assert evaluate_cutout.main([*arguments, "--json", str(tmp_path / file)]) == 0
    one, two = (json.loads((tmp_path / file).read_text()) for file in ("one.json", "two.json"))
    for key, value in one.items():
        assert key.endswith("_seconds") or two[key] == value
    assert one["n"] == 3
    assert one["plain_iou"] > 0.97
    assert one["plain_iou_low"] <= one["plain_iou"] <= one["plain_iou_high"]
    assert "busy_iou" in capsys.readouterr().out


def test_folders_without_pictures_are_named(folders, tmp_path, capsys):
    (tmp_path / "images").mkdir()
    bad = ["--visuelle", str(tmp_path), "--backgrounds", str(folders / "own")]
    assert evaluate_cutout.main(bad) == 2
    assert "holds no WebP or PNG pictures with transparency" in capsys.readouterr().err
    bad = ["--visuelle", str(folders / "visuelle"), "--backgrounds", str(tmp_path)]
    assert evaluate_cutout.main(bad) == 2
    assert "holds no photos" in capsys.readouterr().err
