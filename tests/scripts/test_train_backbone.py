import numpy as np
import pytest
import torch
from PIL import Image

from scripts import train_backbone
from scripts.clip_data import (
    OWN_HELD_OUT,
    STYLE_COLUMNS,
    held_out_ids,
    held_out_own_photos,
    read_own_photos,
    read_styles,
)
from scripts.train_backbone import HEIGHT, WIDTH, Backbone, augmented, mixed, normalised

SHOP, OWN = 40, OWN_HELD_OUT + 12


def noise(seed, size=(16, 16)):
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """40 products, and 512 photos of their owners, all of another look."""
    folder = tmp_path_factory.mktemp("backbone")
    (folder / "products/images").mkdir(parents=True)
    (folder / "own/images").mkdir(parents=True)
    rows = [STYLE_COLUMNS]
    for i in range(SHOP):
        kind, colour = ("Shirts", "Jeans")[i % 2], ("Red", "Blue")[i // 2 % 2]
        row = [str(i), "Men", "Apparel", "Wear", kind, colour, "Fall", "2011", "Casual"]
        rows.append([*row, f"Product {i}"])
        noise(i).save(folder / f"products/images/{i}.jpg")
    (folder / "products/styles.csv").write_text("\n".join(",".join(row) for row in rows))
    lines = ["image,label,kids"]
    for i in range(OWN):
        noise(1000 + i, (4, 4)).save(folder / f"own/images/o{i}.jpg")
        lines.append(f"o{i},Dress,False")
    (folder / "own/images.csv").write_text("\n".join(lines))
    return folder


def arguments(folder, tmp_path, *more):
    found = ["--products", f"{folder}/products", "--out", f"{tmp_path}/out"]
    found += ["--work", f"{tmp_path}/work", "--batch", "8", "--held-out", "10", "--threads", "1"]
    return [*found, *more]


@pytest.mark.slow
def test_training_resumes_and_writes_what_loads(folder, tmp_path, capsys):
    command = arguments(folder, tmp_path)
    assert train_backbone.main([*command, "--epochs", "1"]) == 0
    first = Backbone.load(tmp_path / "out")
    assert train_backbone.main([*command, "--epochs", "2"]) == 0
    out = capsys.readouterr().out
    assert "30 photos" in out and out.count("epoch 1 held out") == 1
    assert out.count("epoch 2 held out") == 1 and "'type'" in out
    second = Backbone.load(tmp_path / "out").eval()
    assert second.levels["type"] == ["jeans", "shirts"]
    weights = [
        dict(net.net.named_parameters())["embedder.embedder.convolution.weight"]
        for net in (first, second)
    ]
    assert not torch.equal(*weights)
    logits = second(normalised(torch.zeros(3, 3, HEIGHT, WIDTH, dtype=torch.uint8)))
    assert [len(part[0]) for part in logits] == [len(words) for words in second.levels.values()]


def test_what_clip_is_scored_on_is_left_out(folder, tmp_path, monkeypatch):
    seen = {}

    def keep_data(args):
        seen["data"], seen["held_out"] = gather(args)
        raise train_backbone.FashionError("enough")

    gather = train_backbone.gather
    monkeypatch.setattr(train_backbone, "gather", keep_data)
    command = arguments(folder, tmp_path, "--own-photos", f"{folder}/own")
    assert train_backbone.main(command) == 2
    away = held_out_ids(read_styles(folder / "products"), 10, 0)
    own = held_out_own_photos(read_own_photos(folder / "own"), OWN_HELD_OUT, 0)
    assert len(away) == 10 and len(own) == OWN_HELD_OUT
    assert sorted(seen["held_out"].names) == sorted(f"Product {i}" for i in away)
    assert not set(seen["held_out"].names) & set(seen["data"].names)
    assert len(seen["data"]) == SHOP - 10 + OWN - OWN_HELD_OUT
    kept = [noise_mean(folder / f"own/images/o{i}.jpg") for i in range(OWN) if f"o{i}" not in own]
    shown = seen["data"].pixels(np.arange(SHOP - 10, len(seen["data"]))).float().mean((1, 2, 3))
    np.testing.assert_allclose(sorted(shown.tolist()), sorted(kept), atol=3)


def noise_mean(file):
    return float(np.asarray(Image.open(file)).mean())


def test_augmented_photos_keep_their_range_and_take_a_size():
    pixels = torch.randint(0, 256, (6, 3, 40, 40), dtype=torch.uint8)
    found = augmented(pixels, torch.Generator().manual_seed(0), (32, 24))
    assert found.shape == (6, 3, 32, 24) and found.min() >= 0 and found.max() <= 1
    again = augmented(pixels, torch.Generator().manual_seed(0), (32, 24))
    assert torch.equal(found, again)


def test_the_share_kept_is_the_share_of_pixels_that_stay():
    for seed in range(20):
        images = torch.arange(4.0).view(4, 1, 1, 1).expand(4, 3, 16, 12).contiguous()
        out, partner, share = mixed(images, np.random.default_rng(seed))
        for i in range(4):
            pasted = (out[i, 0] == partner[i]).float().mean() if partner[i] != i else 1 - share
            assert float(pasted) == pytest.approx(1 - share)
            assert set(out[i].unique().tolist()) <= {float(i), float(partner[i])}


def test_a_missing_table_is_one_sentence(tmp_path, capsys):
    assert train_backbone.main(arguments(tmp_path, tmp_path)) == 2
    assert "styles.csv cannot be read" in capsys.readouterr().err
