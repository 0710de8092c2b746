"""Maps of photos: that they add up, follow the number they explain, and land where they belong."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.stats import spearmanr
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel

from core.catalog.catalog import load_catalog
from core.checkpoints import clip_by_id
from core.errors import ImageError, ModelError
from core.explain.map_faithfulness import blurred, insertion_deletion, ranked
from core.explain.maps import METHOD, SCORES, PhotoMap, has_map, image_scalar, load_score, photo_map
from core.explain.maps_kernel import PhotoGame
from core.explain.maps_methods import centred, grad_eclip, last_attention, legrad, rollout
from core.explain.maps_parts import LinearHead, parts
from core.explain.maps_tower import VisionTower
from core.popularity.blend import BlendModel
from core.popularity.deep import DeepModel
from core.popularity.model import labelled_rows
from core.popularity.ranking import load_model
from core.vision.clip import ClipEncoder
from core.vision.images import open_image
from tests.conftest import ROOT

CLIP = ROOT / "checkpoints/clip-fashion-small"


@pytest.fixture(scope="module")
def tower():
    return VisionTower(CLIP)


@pytest.fixture(scope="module")
def catalog():
    return load_catalog(ROOT / "data/demo")


@pytest.fixture(scope="module")
def model():
    return load_model(ROOT / "checkpoints/popularity-demo", "image")


@pytest.fixture(scope="module")
def deep(catalog, model):
    rows = labelled_rows(catalog)[::8]
    return DeepModel("deep", checkpoint=model.checkpoint).fit(catalog, rows)


@pytest.fixture(scope="module")
def photos(catalog):
    return [open_image(catalog.image_paths(row)[0]) for row in (0, 100, 300)]


@pytest.fixture(scope="module")
def pixels(tower, photos):
    return tower.pixels(photos)


@pytest.fixture(scope="module")
def head(tower):
    rng = np.random.default_rng(0)
    return LinearHead(rng.normal(size=256), 0.3)


def test_the_tower_sees_what_the_encoder_sees(tower, photos, pixels):
    looked = tower.look(pixels)
    whole = tower.model(pixel_values=pixels, output_attentions=True)
    assert len(looked.layers) == len(whole.attentions) == tower.model.config.num_hidden_layers
    for layer, attention in zip(looked.layers, whole.attentions, strict=True):
        torch.testing.assert_close(layer.attention, attention)
    encoded = ClipEncoder(CLIP, device="cpu").images(photos)
    np.testing.assert_allclose(looked.embeddings.detach().numpy(), encoded, atol=1e-5)
    np.testing.assert_allclose(tower.embed(pixels).numpy(), encoded, atol=1e-5)


def test_a_model_that_keeps_its_attentions_to_itself_is_refused(pixels):
    silent = VisionTower(CLIP)
    silent.model.set_attn_implementation("sdpa")
    with pytest.raises(RuntimeError, match="eager"):
        silent.look(pixels[:1])


def test_parts_add_up_to_a_linear_number(tower, pixels, head):
    found = parts(tower, pixels, head)
    number = head(tower.embed(pixels)).numpy()
    np.testing.assert_allclose(found.patches.sum((1, 2)) + found.rest, number, atol=2e-5)
    np.testing.assert_allclose(found.spread().sum((1, 2)), number, atol=2e-5)
    assert np.abs(found.patches.sum((1, 2))).min() > 0.01  # not all of it is left to the rest


def test_parts_add_up_to_a_number_that_is_not_linear(tower, pixels, head):
    def number(embeddings):
        return torch.tanh(head(embeddings)) + head(embeddings) ** 2

    found = parts(tower, pixels, number)
    wanted = number(tower.embed(pixels)).numpy()
    np.testing.assert_allclose(found.patches.sum((1, 2)) + found.rest, wanted, atol=2e-5)


def test_parts_add_up_in_a_tower_of_another_build(tmp_path):
    """Other sizes, another activation, photos cut to their middle as by the published CLIP."""
    torch.manual_seed(0)
    sizes = {"hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 4}
    vision = {**sizes, "num_attention_heads": 3, "image_size": 40, "patch_size": 8}
    clip = CLIPModel(
        CLIPConfig(
            vision_config={**vision, "hidden_act": "gelu"},
            text_config={**sizes, "num_attention_heads": 3, "vocab_size": 50},
            projection_dim=32,
        )
    )
    for weights in clip.parameters():
        torch.nn.init.normal_(weights, std=0.2)
    clip.save_pretrained(tmp_path)
    CLIPImageProcessorPil(
        size={"shortest_edge": 40}, crop_size={"height": 40, "width": 40}
    ).save_pretrained(tmp_path)
    tower = VisionTower(tmp_path)
    noise = np.random.default_rng(0).integers(0, 255, (60, 40, 3), dtype=np.uint8)
    pixels = tower.pixels([Image.fromarray(noise)])
    assert pixels.shape == (1, 3, 40, 40) and tower.grid == 5
    assert tower.seen(40, 60) == (0, 10, 40, 50)
    head = LinearHead(np.random.default_rng(1).normal(size=32), -0.2)
    found = parts(tower, pixels, head)
    number = head(tower.embed(pixels)).numpy()
    np.testing.assert_allclose(found.patches.sum((1, 2)) + found.rest, number, atol=2e-5)


def test_a_patch_that_the_class_token_cannot_see_has_no_part(tower, pixels, head, monkeypatch):
    look = VisionTower.look

    def blind(self, seen):
        looked = look(self, seen)
        for layer in looked.layers:
            with torch.no_grad():
                layer.attention[:, :, 0, 5] = 0
        return looked

    monkeypatch.setattr(VisionTower, "look", blind)
    assert (parts(tower, pixels, head).patches.reshape(3, -1)[:, 4] == 0).all()


def test_gradient_maps_of_the_negative_swap_what_raises_and_what_lowers(tower, pixels, head):
    for method in (legrad, grad_eclip):
        raises, lowers = method(tower, pixels, head)
        assert raises.min() >= 0 and lowers.min() >= 0 and raises.max() > 0 and lowers.max() > 0
        other = method(tower, pixels, lambda e: -head(e))
        np.testing.assert_allclose(other[0], lowers, atol=1e-7)
        np.testing.assert_allclose(other[1], raises, atol=1e-7)


def test_legrad_is_the_slope_of_the_number_by_attention(tower, pixels, head):
    """The last layer's share, by nudging one head's attention to one patch."""
    looked = tower.look(pixels[:1])
    layer, block = looked.layers[-1], tower.model.encoder.layers[-1]
    before = looked.layers[-2].hidden
    values = layer.values.unflatten(-1, (layer.attention.shape[1], -1)).transpose(1, 2)

    def number(attention):
        heads = (attention @ values).transpose(1, 2).flatten(2)
        hidden = before + block.self_attn.out_proj(heads)
        hidden = hidden + block.mlp(block.layer_norm2(hidden))
        return head(tower.unit(hidden[:, 0]))

    with torch.no_grad():
        nudge, slopes = 1e-2, torch.zeros(layer.attention.shape[1])
        for h in range(len(slopes)):
            up, down = layer.attention.clone(), layer.attention.clone()
            up[0, h, 0, 20] += nudge
            down[0, h, 0, 20] -= nudge
            slopes[h] = (number(up) - number(down))[0] / (2 * nudge)
    (slope,) = torch.autograd.grad(head(looked.embeddings).sum(), layer.attention)
    np.testing.assert_allclose(slope[0, :, 0, 20].numpy(), slopes.numpy(), rtol=0.02, atol=1e-3)


def test_attention_maps_are_shares(tower, pixels):
    for method in (last_attention, rollout):
        found = method(tower, pixels)
        assert found.shape == (3, 8, 8) and found.min() >= 0
        assert (found.sum((1, 2)) < 1).all() and (found.sum((1, 2)) > 0.3).all()
    bell = centred(tower, 2)
    assert bell[0].argmax() in (27, 28, 35, 36) and np.allclose(bell[0], bell[1, ::-1, ::-1])


def test_the_map_adds_up_to_the_photos_contribution(catalog, model, tower):
    for row in (0, 5, 400):
        found = photo_map(model, catalog, row, tower)
        shown = model.contributions(catalog, np.array([row]))["image"].iloc[0]
        assert found.values.sum() == pytest.approx(found.total, abs=1e-5)
        # The stored vectors are of half precision.
        assert found.values.sum() == pytest.approx(shown, abs=6e-3)
        assert found.gap == pytest.approx(abs(found.values.sum() - shown))


def test_the_map_follows_the_model(catalog, model, tower):
    found = photo_map(model, catalog, 0, tower).values
    kept = model.coefficients
    try:
        model.coefficients = np.random.default_rng(1).permutation(kept)
        other = photo_map(model, catalog, 0, tower).values
    finally:
        model.coefficients = kept
    assert abs(spearmanr(found.ravel(), other.ravel()).statistic) < 0.7


def test_taking_the_map_at_its_word_beats_chance(catalog, model, tower):
    """On a handful of photos; the benchmark does it on hundreds, with models new to them."""
    head, rng = image_scalar(model, catalog, 0), np.random.default_rng(0)
    gains = []
    for row in range(0, 800, 100):
        pixels = tower.pixels([open_image(catalog.image_paths(row)[0])])
        orders = [
            ranked(parts(tower, pixels, head).patches[0], rng),
            rng.permutation(tower.grid**2),
        ]
        gains.append(
            insertion_deletion(
                lambda x: head(tower.embed(x)).numpy(), pixels[0], blurred(pixels)[0], orders, 4
            )
        )
    mine, chance = np.mean(gains, axis=0)
    assert mine > chance + 0.1


def test_maps_of_the_deep_model_and_of_a_blend_add_up_too(catalog, model, deep, tower):
    blend = BlendModel({"image": model, "deep": deep})
    blend.weights = {"image": 0.3, "deep": 0.7}
    blend._describe()
    found = {}
    for name, own in (("image", model), ("deep", deep), ("blend", blend)):
        assert has_map(own)
        found[name] = photo_map(own, catalog, 5, tower)
        shown = own.contributions(catalog, np.array([5]))["image"].iloc[0]
        assert found[name].values.sum() == pytest.approx(found[name].total, abs=1e-5)
        assert found[name].gap == pytest.approx(abs(found[name].values.sum() - shown))
        assert found[name].gap < 6e-3  # the stored vectors are of half precision
        assert abs(shown) > 0.01
    mixed = 0.3 * found["image"].values + 0.7 * found["deep"].values
    np.testing.assert_allclose(found["blend"].values, mixed, atol=1e-6)
    assert np.abs(found["deep"].values - found["image"].values).max() > 1e-3


def test_the_deep_models_map_at_its_word_beats_chance(catalog, deep, tower):
    rng, gains = np.random.default_rng(0), []
    for row in range(3, 800, 100):
        game = PhotoGame(deep, catalog, row)
        pixels = tower.pixels([open_image(catalog.image_paths(row)[0])])
        found = parts(tower, pixels, image_scalar(deep, catalog, row)).patches[0]
        orders = [ranked(found, rng), rng.permutation(tower.grid**2)]

        def score(x, game=game):
            return game.output(tower.embed(x).double().numpy())

        gains.append(insertion_deletion(score, pixels[0], blurred(pixels)[0], orders, 4))
    mine, chance = np.mean(gains, axis=0)
    assert mine > chance + 0.03


def test_models_without_a_part_for_the_photo_have_no_map(catalog, tower):
    linear = load_model(ROOT / "checkpoints/popularity-demo", "linear")
    assert not has_map(linear)
    with pytest.raises(ModelError, match="--model deep"):
        photo_map(linear, catalog, 0, tower)


def test_items_without_a_photo_and_other_checkpoints_are_refused(
    catalog, model, tower, monkeypatch
):
    monkeypatch.setattr(type(catalog), "image_paths", lambda self, row: [])
    with pytest.raises(ImageError, match="no photo"):
        photo_map(model, catalog, 0, tower)
    monkeypatch.setattr(tower, "checkpoint_id", "another")
    with pytest.raises(ModelError, match="another"):
        photo_map(model, catalog, 0, tower)
    monkeypatch.undo()
    assert clip_by_id(model.checkpoint) == CLIP


def made(values, size=(80, 120), box=None):
    photo = Image.new("RGB", size, "white")
    whole = box or (0, 0, *size)
    return PhotoMap("A1", "image", "ridge", "clip", np.array(values), 0.0, 0.0, 0.0, photo, whole)


def test_patches_are_painted_where_they_are():
    values = np.zeros((4, 4))
    values[0, 3], values[3, 0] = 0.2, -0.1
    drawn = np.asarray(made(values, size=(80, 120), box=(0, 20, 80, 100)).overlay(1.0)).astype(int)
    assert drawn[30, 70].tolist() == [15, 118, 110]  # inside the box's first row, last column
    assert drawn[10, 70].tolist() == [255, 255, 255]  # outside of what the model sees
    red, _, blue = drawn[90, 10]
    assert red > 215 and blue < 150  # half as strong: half as opaque
    assert drawn[60, 40].tolist() == [255, 255, 255]


def test_a_dark_photo_is_paled_under_its_map():
    dark = made(np.zeros((4, 4)))
    dark.photo.paste((60, 0, 0), (0, 0, 80, 60))
    ground = np.asarray(dark.ground())
    assert ground.min() >= 120 and ground.max() == 255 and (ground[..., 0] == ground[..., 2]).all()


def test_the_strongest_place_is_told_in_words():
    values = np.zeros((8, 8))
    values[0, 7], values[7, 3] = 0.2, -0.1
    assert made(values).strongest(1) == ("upper right", 0.2)
    assert made(values).strongest(-1) == ("bottom", -0.1)
    assert made(np.full((8, 8), 0.1)).strongest(-1) is None


@pytest.mark.parametrize(
    ("cut", "size", "crop", "wanted"),
    [
        (False, {"height": 96, "width": 96}, 224, (0, 0, 300, 400)),
        (True, {"shortest_edge": 224}, 224, (0, 50, 300, 350)),
        (True, {"shortest_edge": 448}, 224, (75, 125, 225, 275)),
    ],
)
def test_what_the_model_sees_of_a_photo(tower, monkeypatch, cut, size, crop, wanted):
    monkeypatch.setattr(tower._processor, "do_center_crop", cut)
    monkeypatch.setattr(tower._processor, "size", size)
    monkeypatch.setattr(tower._processor, "crop_size", {"height": crop, "width": crop})
    assert tower.seen(300, 400) == wanted


def test_the_default_is_the_map_that_won_its_test():
    scores = json.loads(SCORES.read_text())["models"]
    assert all(scores[model]["photos"] >= 300 for model in ("image", "deep"))
    candidates = ("parts", "legrad", "grad_eclip")
    for model, own in scores.items():
        leads = {name: own["methods"][name]["over_random"]["both"] for name in candidates}
        assert own["default"] == METHOD
        assert max(candidates, key=lambda name: leads[name]["value"]) == METHOD
        score = load_score(model)
        assert 0 < score.low <= score.value <= score.high
        assert score.steady_photos >= 100 and min(score.flipped, score.cropped) > score.shuffled
        assert (score.value, score.photos) == (leads[METHOD]["value"], own["photos"])
