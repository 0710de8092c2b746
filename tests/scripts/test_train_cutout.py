import json

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from core.vision.matting import GarmentNetwork
from scripts import train_cutout
from scripts.clip_data import STYLE_COLUMNS
from scripts.cutout_data import (
    PIECE,
    SHEET,
    Stock,
    corner_ground,
    covering,
    fitted,
    held_out,
    product_alpha,
    rendered_pieces,
    shows_skin,
    without_person,
)
from scripts.cutout_scenes import KINDS, Scenes, texture
from tests.core.tryon.synthetic import make_garment


def stock(pieces=6, grounds=5):
    rng = np.random.default_rng(0)
    kinds = ("tee", "sweater", "dress", "trousers", "skirt", "tank")
    made = []
    for kind in kinds[:pieces]:
        image, alpha = make_garment(kind, tuple(rng.integers(20, 230, 3)))
        made.append(fitted(np.asarray(image), alpha))
    sheets = rng.integers(0, 255, (grounds, *SHEET, 3), dtype=np.uint8)
    return Stock(np.stack(made), np.full(len(made), 1 / len(made)), sheets)


def test_a_masked_person_is_replaced_by_what_is_around():
    photo = np.zeros((30, 40, 3), np.uint8)
    photo[..., 0] = np.arange(40) * 5
    person = np.zeros((30, 40), bool)
    person[5:25, 15:25] = True
    photo[person] = 255
    filled = without_person(photo, person)
    assert (filled[~person] == photo[~person]).all()
    assert (filled[..., 1:] == 0).all()  # nothing of the person is left
    assert filled[15, 15, 0] == photo[15, 13, 0]  # the mirror image in column 14


def test_a_corner_fills_the_ground_by_mirroring():
    photo = np.random.default_rng(0).integers(0, 255, (60, 50, 3), dtype=np.uint8)
    photo[15:45, 13:37] = (255, 0, 255)  # the garment, which corners do not reach
    ground = corner_ground(photo, np.random.default_rng(1))
    assert ground.shape == photo.shape
    assert not (ground == (255, 0, 255)).all(axis=2).any()
    assert covering(ground, SHEET, np.random.default_rng(2)).shape == (*SHEET, 3)


def test_products_on_white_are_taken_and_unsure_ones_left():
    image, alpha = make_garment("tee", (30, 60, 150), (255, 255, 255), noise=0.5)
    inside = product_alpha(np.asarray(image))
    known = alpha > 0.5
    assert inside is not None
    assert (inside & known).sum() / (inside | known).sum() > 0.95
    # Inside the outline, but for a pixel in a notch: no ground shines through.
    assert (inside & ~known).sum() < 1e-4 * known.sum()
    for colour, ground in (((30, 60, 150), (150, 150, 150)), ((247, 247, 246), (255, 255, 255))):
        image, _ = make_garment("tee", colour, ground, noise=0.5)
        assert product_alpha(np.asarray(image)) is None


def test_people_are_told_by_the_skin_at_either_end():
    pixels = np.full((100, 60, 3), (30, 60, 150), np.uint8)
    inside = np.zeros((100, 60), bool)
    inside[10:90, 10:50] = True
    assert not shows_skin(pixels, inside)
    pixels[10:30, 20:40] = (224, 172, 140)
    assert shows_skin(pixels, inside)


def test_held_out_photos_are_drawn_by_name_and_few():
    names = [f"{i}.jpg" for i in range(100)]
    away = held_out(names, 12)
    assert len(away) == 12 and away <= set(names)
    assert held_out(names[::-1], 12) == away
    assert len(held_out(names[:10], 12)) == 2


def test_rendered_garments_come_with_their_outline():
    pieces = list(rendered_pieces(2, 5))
    for piece in pieces:
        assert piece.shape == (*PIECE, 4)
        assert 0.1 < (piece[..., 3] > 127).mean() < 0.95
        assert (piece[[0, -1]][..., 3] == 0).all()  # whole, with a margin


@pytest.mark.parametrize("kind", KINDS)
def test_scenes_are_drawn_the_same_by_the_same_generator(kind):
    scenes = Scenes(stock(), (104, 80))
    for seed in range(5):
        photo, alpha = scenes.scene(np.random.default_rng(seed), kind)
        again, _ = scenes.scene(np.random.default_rng(seed), kind)
        assert (photo == again).all()
        assert photo.shape == (104, 80, 3) and photo.dtype == np.uint8
        assert alpha.shape == (104, 80) and alpha.min() >= 0 and alpha.max() <= 1
        assert 0.02 < (alpha > 0.5).mean() < 0.97


def test_textures_have_the_size_that_was_asked_for():
    for seed in range(12):
        assert texture((40, 56), np.random.default_rng(seed)).shape == (40, 56, 3)


def test_the_loss_is_least_for_the_true_outline():
    alpha = torch.zeros(1, 1, 32, 32)
    alpha[..., 8:24, 8:24] = 1
    logits = torch.cat([-(alpha - 0.5), alpha - 0.5], dim=1) * 20
    right = train_cutout.loss_of(logits, alpha)
    assert right < 0.01
    assert train_cutout.loss_of(logits.roll(4, 3), alpha) > 10 * right
    assert train_cutout.loss_of(-logits, alpha) > 10 * right


def test_training_scenes_and_those_scored_share_no_garment():
    used, left = train_cutout.divided(stock(), 0)
    assert len(used.pieces) + len(left.pieces) == 6 and len(left.pieces)
    assert len(used.grounds) + len(left.grounds) == 5 and len(left.grounds)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Six products, six street photos, six photos of owners."""
    base = tmp_path_factory.mktemp("sources")
    rng = np.random.default_rng(1)
    for folder in ("products/images", "street/photos", "street/labels", "own/images"):
        (base / folder).mkdir(parents=True)
    rows = [STYLE_COLUMNS]
    for i, kind in enumerate(("tee", "dress", "skirt", "tank", "shorts", "sweater")):
        image, alpha = make_garment(kind, (30, 60, 40 + 30 * i), (255, 255, 255))
        image.resize((224, 224)).save(base / f"products/images/{i}.jpg", quality=95)
        rows.append([str(i), "Men", "Apparel", "Wear", kind, "Blue", "Fall", "2011", "Casual",
                     f"Acme {kind}"])  # fmt: skip
        photo = rng.integers(0, 255, (96, 64, 3), dtype=np.uint8)
        Image.fromarray(photo).save(base / f"own/images/{i}.jpg")
        Image.fromarray(photo).save(base / f"street/photos/{i}.jpg")
        labels = np.asarray(Image.fromarray(alpha > 0.5).resize((64, 96))).astype(np.uint8)
        Image.fromarray(labels).save(base / f"street/labels/{i}.png")
    (base / "products/styles.csv").write_text("\n".join(",".join(row) for row in rows))
    (base / "street/labels.json").write_text(json.dumps(["null", "dress"]))
    return base


def arguments(sources, out, work, steps):
    return ["--products", str(sources / "products"), "--street", str(sources / "street"),
            "--own-photos", str(sources / "own"), "--rendered", "2", "--out", str(out),
            "--work", str(work), "--steps", str(steps), "--batch", "2", "--every", "2",
            "--scored", "1", "--threads", "1", "--small", "0.5"]  # fmt: skip


def test_a_stopped_run_goes_on_and_writes_a_checkpoint_that_loads(
    sources, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(train_cutout, "SMALL", 64)
    monkeypatch.setattr(train_cutout, "FULL", 64)
    out = tmp_path / "net"
    assert train_cutout.main(arguments(sources, out, tmp_path / "a", 4)) == 0
    printed = capsys.readouterr().out
    assert "step 4 left out" in printed and "'photo'" in printed
    straight = load_file(out / "model.safetensors")

    # The same, stopped after two steps.
    steps = iter(range(3))
    real = train_cutout.save

    def stop(*args):
        real(*args)
        if next(steps) == 0:
            raise KeyboardInterrupt

    monkeypatch.setattr(train_cutout, "save", stop)
    with pytest.raises(KeyboardInterrupt):
        train_cutout.main(arguments(sources, tmp_path / "again", tmp_path / "b", 4))
    assert train_cutout.main(arguments(sources, tmp_path / "again", tmp_path / "b", 4)) == 0
    resumed = load_file(tmp_path / "again/model.safetensors")
    for name, weight in straight.items():
        assert torch.equal(weight, resumed[name]), name

    listed = (out / "held_out.txt").read_text().split()
    assert len(listed) == 2  # a fifth of six street photos and of six of owners
    photo = np.random.default_rng(0).integers(0, 255, (90, 70, 3), dtype=np.uint8)
    found = GarmentNetwork(out).probability(photo)
    assert found.shape == (90, 70) and 0 <= found.min() <= found.max() <= 1


def test_without_garments_there_is_a_sentence(tmp_path, capsys):
    arguments = ["--rendered", "0", "--out", str(tmp_path / "o"), "--work", str(tmp_path / "w")]
    assert train_cutout.main(arguments) == 2
    assert "nothing to train on" in capsys.readouterr().err
