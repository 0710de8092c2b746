import json

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from core.vision.atr import ATR, ID, mirror_ids
from core.vision.parsing import HumanParser
from scripts import train_parser
from scripts.clip_data import STYLE_COLUMNS
from scripts.parser_data import FIGURE, IGNORED, SHOP, Maps, shop, skin_colour, weak_parse
from scripts.train_parser import augmented, class_weights, loss_of, make_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Eight street photos, two rendered people and twelve products."""
    folder = tmp_path_factory.mktemp("parser")
    for part in ("street/photos", "street/labels", "people", "products/images"):
        (folder / part).mkdir(parents=True)
    (folder / "street/labels.json").write_text(json.dumps(["null", "skin", "hair", "dress"]))
    label = np.zeros((90, 60), np.uint8)
    label[5:12, 25:35], label[12:20, 26:34], label[20:80, 15:45] = 2, 1, 3
    for i in range(8):
        Image.new("RGB", (60, 90), (20 * i, 90, 120)).save(folder / f"street/photos/{i}.jpg")
        Image.fromarray(label).save(folder / f"street/labels/{i}.png")
    people = [{"id": n, "image": f"{n}.webp", "parse": f"{n}.png"} for n in ("ann", "bo")]
    for person in people:
        Image.new("RGB", (60, 80), "white").save(folder / "people" / person["image"])
        Image.new("L", (60, 80), ID["pants"]).save(folder / "people" / person["parse"])
    (folder / "people/models.json").write_text(json.dumps({"models": people}))
    rows = [STYLE_COLUMNS]
    for i in range(12):
        kind = ("Shirts", "Handbags")[i % 2]
        rows.append([str(i), "Men", "Apparel", "Wear", kind, "Red", "Fall", "2011", "Casual", "A"])
        picture = Image.new("RGB", (224, 224), "white")
        picture.paste((40, 60, 140), (60, 60, 160, 180))
        picture.save(folder / f"products/images/{i}.jpg")
    (folder / "products/styles.csv").write_text("\n".join(",".join(row) for row in rows))
    return folder


def command(folder, work, *more):
    return [
        *("--ccp", str(folder / "street"), "--people", str(folder / "people")),
        *("--products", str(folder / "products"), "--out", str(work / "out"), "--work", str(work)),
        *("--batch", "4", "--held-out", "2", *more),
    ]


@pytest.mark.slow
def test_a_stopped_run_goes_on_and_ends_like_one_that_was_not_stopped(folder, tmp_path, capsys):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert train_parser.main(command(folder, whole, "--stages", "48:2")) == 0
    assert "held out: pixel accuracy" in capsys.readouterr().out
    stop = train_parser.save

    def stopped(*args):
        stop(*args)
        raise KeyboardInterrupt

    train_parser.save = stopped
    try:
        with pytest.raises(KeyboardInterrupt):
            train_parser.main(command(folder, parts, "--stages", "48:2"))
    finally:
        train_parser.save = stop
    assert train_parser.main(command(folder, parts, "--stages", "48:2")) == 0
    one, two = (load_file(work / "out/model.safetensors") for work in (whole, parts))
    assert all(torch.allclose(one[k].float(), two[k].float(), atol=2e-3) for k in one)
    held = (whole / "out/held_out.txt").read_text().split()
    assert len(held) == 2 and set(held) < {str(i) for i in range(8)}
    parse = HumanParser(whole / "out").parse(Image.new("RGB", (60, 90)))
    assert parse.shape == (90, 60)


def test_a_foreign_encoder_is_a_sentence(folder, tmp_path, capsys):
    (tmp_path / "encoder").mkdir()
    more = ["--encoder", str(tmp_path / "encoder")]
    assert train_parser.main(command(folder, tmp_path, *more)) == 2
    assert "train_backbone.py" in capsys.readouterr().err


def test_labels_move_with_their_photos_and_sides_change_places_when_flipped():
    images = np.zeros((1, 96, 64, 3), np.uint8)
    parses = np.zeros((1, 96, 64), np.uint8)
    images[:, 30:70, 8:28, 0], images[:, 30:70, 36:56, 1] = 255, 255
    parses[:, 30:70, 8:28], parses[:, 30:70, 36:56] = ID["right_arm"], ID["left_arm"]
    maps, flipped = Maps(images, parses, ["a"]), 0
    for seed in range(20):
        generator = torch.Generator().manual_seed(seed)
        photos, labels = augmented(maps, np.array([0]), (96, 64), generator)
        assert photos.shape == (1, 3, 96, 64) and labels.shape == (1, 48, 32)
        assert photos.min() >= 0 and photos.max() <= 1
        red, green = (photos[0, i, ::2, ::2] > photos[0, 1 - i, ::2, ::2] + 0.1 for i in (0, 1))
        known = labels[0] < IGNORED
        # Red is the person's right before, and left once the picture is flipped.
        name = ID["right_arm"]
        if (labels[0][red & known] == ID["left_arm"]).float().mean() > 0.5:
            name, flipped = ID["left_arm"], flipped + 1
        assert (labels[0][red & known] == name).float().mean() > 0.85
        assert (labels[0][green & known] == mirror_ids()[name]).float().mean() > 0.85
    assert 2 < flipped < 18


def test_what_lies_outside_a_photo_is_ignored_and_unknown_labels_stay():
    parses = np.full((1, 96, 64), FIGURE, np.uint8)
    parses[:, 40:50] = IGNORED
    maps = Maps(np.zeros((1, 96, 64, 3), np.uint8), parses, ["a"])
    seen = set()
    for seed in range(8):
        _, labels = augmented(maps, np.array([0]), (96, 64), torch.Generator().manual_seed(seed))
        seen |= set(labels.unique().tolist())
    assert seen == {FIGURE, IGNORED}


def test_loss_falls_with_the_right_class_and_figure_pixels_are_of_a_person():
    labels = torch.tensor([[[0, ID["bag"]], [FIGURE, IGNORED]]])  # FIGURE: any class of a person
    weights = torch.ones(len(ATR))

    def logits(*classes):
        out = torch.zeros(1, len(ATR), 4)
        for i, k in enumerate(classes):
            out[0, k, i] = 8.0
        return out.view(1, len(ATR), 2, 2)

    right = loss_of(logits(0, ID["bag"], ID["hair"], 5), labels, weights)
    other = loss_of(logits(0, ID["bag"], ID["dress"], 9), labels, weights)
    assert right == pytest.approx(other, abs=1e-4)
    assert right < loss_of(logits(0, ID["bag"], 0, 5), labels, weights) - 1
    assert right < loss_of(logits(0, ID["bag"], ID["hat"], 5), labels, weights) - 1
    assert right < loss_of(logits(0, ID["hat"], ID["hat"], 5), labels, weights) - 1


def test_rare_classes_count_more():
    parses = np.zeros((1, 96, 64), np.uint8)
    parses[0, :30], parses[0, 30, :32], parses[0, 40, :2] = ID["dress"], ID["belt"], ID["hat"]
    for part in ("bag", "scarf", "pants", *("hair", "face", "neck", "skirt", "left_leg", "belt")):
        parses[0, 60 + ID[part]] = ID[part]
    weights = class_weights(Maps(np.zeros((1, 96, 64, 3), np.uint8), parses, ["a"]))
    assert weights[0] <= weights[ID["dress"]] < weights[ID["belt"]] < weights[ID["hat"]] <= 5


def test_the_network_fits_its_size_and_gives_every_class():
    model = make_model()
    assert 2 * sum(w.numel() for w in model.state_dict().values()) < 9.5e6
    with torch.inference_mode():
        assert model.eval()(torch.zeros(1, 3, 96, 64)).logits.shape == (1, 19, 96, 64)


def white_photo():
    return np.full((224, 168, 3), 255, np.uint8)


def test_a_product_on_white_is_its_part_and_white_is_background():
    photo = white_photo()
    photo[60:160, 40:130] = (40, 60, 140)
    parse = weak_parse(photo, "upper_clothes")
    assert parse[5, 5] == 0 and parse[110, 85] == ID["upper_clothes"] and parse[60, 80] == IGNORED
    photo[160:170, 40:130] = 215  # a shadow
    assert weak_parse(photo, "upper_clothes")[165, 80] == IGNORED


def test_skin_colour_makes_a_garment_uncertain_but_not_a_bag():
    photo = white_photo()
    photo[60:160, 40:130] = (40, 60, 140)
    photo[30:60, 70:100] = (224, 172, 140)
    assert skin_colour(photo)[45, 85] and not skin_colour(photo)[110, 85]
    dress = weak_parse(photo, "dress")
    assert dress[95, 85] == ID["dress"] and dress[45, 85] == ID["face"] and dress[140, 85] == FIGURE
    assert weak_parse(photo, "dress", flat=True)[110, 85] == ID["dress"]
    assert weak_parse(photo, "scarf")[110, 85] == IGNORED
    assert weak_parse(photo, "bag")[110, 85] == ID["bag"]


def test_white_inside_a_figure_is_ignored_and_white_products_say_nothing():
    photo = white_photo()
    photo[50:60, 40:130] = photo[50:160, 40:50] = photo[50:160, 120:130] = (40, 60, 140)
    photo[150:160, 40:80] = (40, 60, 140)
    parse = weak_parse(photo, "upper_clothes")
    assert parse[100, 70] == IGNORED and parse[5, 85] == 0
    assert (weak_parse(white_photo(), "dress") == IGNORED).all()


def test_each_shoe_goes_to_its_side():
    photo = white_photo()
    photo[100:140, 10:70] = photo[100:140, 100:160] = (40, 60, 140)
    parse = weak_parse(photo, "left_shoe")
    assert parse[120, 40] == ID["right_shoe"] and parse[120, 130] == ID["left_shoe"]


def test_products_that_are_held_out_are_not_learned_from(folder, tmp_path):
    maps = shop(folder / "products", tmp_path, away={"0", "3"}, most=4, seed=0)
    assert len(maps.names) == 7 and not {"0", "3"} & set(maps.names)
    assert maps.images.shape == (7, *SHOP, 3)
    found = {ID[part] for part in ("upper_clothes", "bag")}
    assert found < set(np.unique(maps.parses))
    again = shop(folder / "products", tmp_path, away={"0", "3"}, most=4, seed=0)
    assert (again.parses == maps.parses).all()


def test_face_hair_and_arms_of_a_worn_top_are_named_by_place_and_colour():
    photo, skin = white_photo(), (224, 172, 140)
    photo[10:20, 70:98] = (35, 32, 35)
    photo[20:50, 72:96] = skin
    photo[50:200, 45:123] = (40, 60, 140)
    photo[90:180, 30:45] = photo[90:180, 123:138] = skin
    parse = weak_parse(photo, "upper_clothes")
    found = [parse[at] for at in ((15, 84), (35, 84), (120, 84), (150, 35), (150, 132))]
    parts = ("hair", "face", "upper_clothes", "right_arm", "left_arm")
    assert found == [ID[part] for part in parts]
    photo[20:50, 72:96] = (40, 60, 140)  # without a head nothing is hair
    assert not np.isin(weak_parse(photo, "upper_clothes"), [ID["hair"], ID["face"]]).any()
