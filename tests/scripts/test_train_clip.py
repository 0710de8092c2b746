import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from core.catalog.catalog import Catalog, write_catalog
from core.catalog.roles import Role
from core.vision.clip import ClipEncoder
from scripts import train_clip
from scripts.clip_data import STORED_SIZE, STYLE_COLUMNS, Examples, TrainingSet, products, rendered


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
    command += ["--batch", "16", "--held-out", "10"]
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
def test_training_further_keeps_the_share_of_the_old_weights_that_it_is_told(folder, tmp_path):
    command = ["--products", f"{folder}/products", "--threads", "1", "--batch", "16"]
    command += ["--held-out", "10", "--epochs", "1"]
    first = [*command, "--out", f"{tmp_path}/a", "--work", f"{tmp_path}/first"]
    assert train_clip.main(first) == 0
    weights = {}
    for keep in ("0", "0.5", "1"):
        more = ["--start-from", f"{tmp_path}/a", "--keep", keep, "--rate", "0.5"]
        place = ["--out", f"{tmp_path}/b{keep}", "--work", f"{tmp_path}/w{keep}"]
        assert train_clip.main([*command, *more, *place]) == 0
        weights[keep] = load_file(tmp_path / f"b{keep}/model.safetensors")
    old, name = load_file(tmp_path / "a/model.safetensors"), "visual_projection.weight"
    assert torch.equal(weights["1"][name], old[name])
    assert not torch.equal(weights["0"][name], old[name])
    middle = (weights["0"][name].float() + old[name].float()) / 2
    torch.testing.assert_close(weights["0.5"][name].float(), middle, atol=1e-3, rtol=0)


def test_a_missing_table_is_one_sentence(tmp_path, capsys):
    command = ["--products", str(tmp_path), "--out", f"{tmp_path}/o", "--work", f"{tmp_path}/w"]
    assert train_clip.main(command) == 2
    assert "styles.csv cannot be read" in capsys.readouterr().err
