import argparse
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch.nn import functional as F

from core.catalog.catalog import Catalog, write_catalog
from core.catalog.roles import Role
from core.vision.clip import ClipEncoder
from scripts import train_clip
from scripts.clip_batches import batches
from scripts.clip_data import (
    STORED_SIZE,
    STYLE_COLUMNS,
    Examples,
    TrainingSet,
    held_out_ids,
    products,
    read_styles,
    rendered,
)
from scripts.clip_model import averaged, resized
from scripts.train_backbone import Backbone


def style_rows(n):
    for i in range(n):
        colour, kind = ("Red", "Blue")[i % 2], ("Shirts", "Jeans")[i // 2 % 2]
        row = [str(i), "Men", "Apparel", "Wear", kind, colour, "Fall", "2011", "Casual"]
        yield [*row, f"Brand {colour} {kind} {i}"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("train")
    (folder / "products/images").mkdir(parents=True)
    rows = [STYLE_COLUMNS, *style_rows(48)]
    (folder / "products/styles.csv").write_text("\n".join(",".join(row) for row in rows))
    for i in range(48):
        picture = Image.new("RGB", (24, 24), ("red", "blue")[i % 2])
        picture.paste("white", (i % 7 * 3, i // 7 * 3, i % 7 * 3 + 6, i // 7 * 3 + 6))
        picture.save(folder / f"products/images/{i}.jpg")
    frame = pd.DataFrame({"sku": ["a", "b"], "photo": ["a.png", None], "Category": ["Coat", "Hat"]})
    roles = {"sku": Role.ID, "photo": Role.IMAGE, "Category": Role.CATEGORY}

    def add_photos(new):
        Image.new("RGB", (30, 40), "green").save(new / "images/a.png")

    write_catalog(Catalog(folder, "Two", frame, roles), folder / "catalog", add_files=add_photos)
    return folder


def example_set():
    images = np.arange(4, dtype=np.uint8)[:, None, None, None] * np.ones(
        (4, STORED_SIZE, STORED_SIZE, 3), dtype=np.uint8
    )
    shop = Examples(
        images[:3],
        ["Acme shirt", "Bolt shirt", "Acme shirt"],
        pd.DataFrame({"type": ["shirts"] * 3, "colour": ["red", "blue", "blue"]}),
    )
    own = Examples(images[3:], ["a photo of a T-Shirt"], pd.DataFrame({"type": ["tshirts"]}))
    return TrainingSet([shop, own])


def test_a_text_fits_every_photo_that_shares_what_it_says():
    data = example_set()
    column = {name: 1 + i for i, name in enumerate(data.columns)}
    shared = np.zeros((4, 1 + len(data.columns)), dtype=bool)
    shared[0, 0] = True  # the name of photo 0
    shared[1, [column["type"], column["colour"]]] = True
    shared[2, column["type"]] = True
    shared[3, column["type"]] = True
    fits = data.fits(np.arange(4), shared)
    assert fits.tolist() == [
        [True, False, True, False],
        [False, True, True, False],
        [True, True, True, False],
        [False, False, False, True],
    ]


def test_captions_say_only_what_is_known_of_the_photo():
    data, rng = example_set(), np.random.default_rng(0)
    said = {data.caption(3, rng)[0] for _ in range(40)}
    assert said == {"a photo of a T-Shirt", "tshirts", "a photo of tshirts"}
    said = {data.caption(1, rng)[0] for _ in range(60)}
    assert {"Bolt shirt", "blue shirts", "a photo of blue shirts"} <= said
    assert not any("red" in text for text in said)


def test_photos_of_several_sources_come_in_the_order_of_their_names():
    data = example_set()
    assert [int(p[0, 0, 0]) for p in data.pixels(np.array([3, 0, 2]))] == [3, 0, 2]


def test_a_catalog_becomes_examples_with_the_words_of_the_shop(folder, tmp_path):
    found = rendered(folder / "catalog", tmp_path)
    assert found.images.shape == (1, STORED_SIZE, STORED_SIZE, 3)
    assert found.labels["type"].tolist() == ["coat"]


@pytest.mark.slow
def test_training_resumes_and_writes_a_checkpoint_that_loads(folder, tmp_path, capsys):
    command = ["--products", f"{folder}/products", "--catalog", f"{folder}/catalog"]
    command += ["--out", f"{tmp_path}/small", "--work", f"{tmp_path}/work", "--threads", "1"]
    command += ["--batch", "16", "--held-out", "10", "--validation", "0"]
    assert train_clip.main([*command, "--epochs", "1"]) == 0
    held_out = set((tmp_path / "small/held_out.txt").read_text().split())
    _, ids = products(folder / "products", tmp_path / "cache")
    assert len(held_out) == 10 and held_out < set(ids)
    first = ClipEncoder(tmp_path / "small", device="cpu")
    assert train_clip.main([*command, "--epochs", "2"]) == 0
    out = capsys.readouterr().out
    assert "39 photos" in out and out.count("epoch 1/") == 1 and "epoch 2/2" in out
    second = ClipEncoder(tmp_path / "small", device="cpu")
    assert first.checkpoint_id != second.checkpoint_id
    photo = Image.new("RGB", (300, 400), "red")
    assert second.images([photo]).shape == second.texts(["red ✓ shirt"]).shape == (1, 256)


@pytest.mark.slow
def test_training_further_starts_from_the_weights_named_and_learns_from_a_teacher(
    folder, tmp_path, capsys
):
    command = ["--products", f"{folder}/products", "--threads", "1", "--batch", "16"]
    command += ["--held-out", "10", "--validation", "0", "--epochs", "1"]
    first = [*command, "--out", f"{tmp_path}/a", "--work", f"{tmp_path}/first"]
    assert train_clip.main(first) == 0
    assert "patches" not in capsys.readouterr().out
    levels = products(folder / "products", tmp_path / "cache")[0].labels
    Backbone({"type": sorted(set(levels["type"])), "hem": ["long"]}).save(tmp_path / "teacher")
    more = ["--start-from", f"{tmp_path}/a", "--teacher", f"{tmp_path}/teacher", "--rate", "0"]
    assert (
        train_clip.main([*command, *more, "--out", f"{tmp_path}/b", "--work", f"{tmp_path}/w"]) == 0
    )
    assert "patches" in capsys.readouterr().out
    old, new = (load_file(tmp_path / f"{x}/model.safetensors") for x in "ab")
    name = "visual_projection.weight"
    assert torch.equal(old[name], new[name]), "at a rate of 0 nothing changes"


def test_weights_for_other_patches_see_the_same_in_a_patch_enlarged():
    name = "vision_model.embeddings.patch_embedding.weight"
    places = "vision_model.embeddings.position_embedding.weight"
    old = {name: torch.randn(5, 3, 16, 16), places: torch.zeros(37, 5), "other": torch.ones(2)}
    old[places][0], old[places][1:] = 1.0, torch.arange(36.0)[:, None]
    same = resized(old, 96, 16)
    assert all(torch.equal(same[key], old[key]) for key in old)
    new = resized(old, 96, 12)
    patches = torch.rand(4, 3, 12, 12)
    large = F.interpolate(patches, (16, 16), mode="bilinear", align_corners=False)
    torch.testing.assert_close(
        F.conv2d(patches, new[name]), F.conv2d(large, old[name]), atol=1e-4, rtol=1e-4
    )
    assert new[places].shape == (65, 5) and new[places][0].tolist() == [1.0] * 5
    grid = new[places][1:, 0].view(8, 8)
    assert (grid.diff(dim=0) > 0).all() and (grid.diff(dim=1) > 0).all()


def test_the_result_keeps_the_share_of_the_old_weights_that_it_is_told():
    model = torch.nn.Linear(2, 2, bias=False)
    before = {"weight": torch.ones(2, 2, dtype=torch.float16)}
    for keep in (0, 0.25, 1):
        mixed = averaged(model, before, keep)["weight"]
        torch.testing.assert_close(mixed, keep + (1 - keep) * model.weight.detach())
    assert torch.equal(averaged(model, {}, 0.5)["weight"], model.weight)


def test_a_photo_of_a_held_out_product_under_another_name_is_not_trained_on(folder, tmp_path):
    again = tmp_path / "again"
    shutil.copytree(folder / "products", again)
    row = "900,Men,Apparel,Wear,Shirts,Red,Fall,2011,Casual,Quite another name"
    with (again / "styles.csv").open("a") as stream:
        stream.write(f"\n{row}")
    shutil.copy(again / "images/0.jpg", again / "images/900.jpg")
    seed = next(  # one that holds out the product whose photo is there twice, and not the other
        seed
        for seed in range(100)
        if "0" in (held := held_out_ids(read_styles(again), 10, seed)) and "900" not in held
    )
    args = argparse.Namespace(products=again, own_photos=None, catalog=[], work=tmp_path / "work")
    args.seed, args.held_out, args.validation = seed, 10, 0
    data, lists, _ = train_clip.gather(args)
    assert len(data) == 49 - 10 - 1 and "0" in lists["held_out.txt"]
    assert "Quite another name" not in data.names and "Brand Red Shirts 0" not in data.names


def test_batches_hold_every_product_at_most_once_and_groups_of_one_type():
    images = np.zeros((400, 1, 1, 3), dtype=np.uint8)
    types = [f"type {i % 5}" for i in range(400)]
    data = TrainingSet([Examples(images, types, pd.DataFrame({"type": types}))])
    found = batches(data, 40, np.random.default_rng(0))
    rows = np.concatenate(found)
    assert len(rows) == len(set(rows)) == 400
    most = sorted(max(np.bincount(data.codes[batch, 1])) for batch in found)
    assert most[0] < 20 and most[-1] >= 30


def test_the_rate_rises_stays_and_falls():
    rates = [train_clip.rate_at(e, e * 100, 10, 4) for e in (0, 0.5, 1, 6, 8, 10)]
    assert rates == pytest.approx([0.01, 0.51, 1, 1, 0.5, 0])


def test_a_missing_table_is_one_sentence(tmp_path, capsys):
    command = ["--products", str(tmp_path), "--out", f"{tmp_path}/o", "--work", f"{tmp_path}/w"]
    assert train_clip.main(command) == 2
    assert "styles.csv cannot be read" in capsys.readouterr().err
