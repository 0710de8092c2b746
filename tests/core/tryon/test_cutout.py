import csv
import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from core.errors import CheckpointMissing, ImageError, TryOnError
from core.tryon import cutout
from core.tryon.cutout import cut_out, cutout_version, matte, read_garment
from scripts.preview_truth import GARMENTS, product_photo
from tests.core.tryon.synthetic import OUTLINES, make_garment

DEMO = Path(__file__).parents[3] / "data" / "demo" / "images"
COLOURS = {"blue": (30, 96, 150), "black": (26, 26, 30), "red": (180, 30, 40),
           "beige": (200, 180, 150), "grey": (150, 152, 156)}  # fmt: skip


@pytest.fixture
def no_network(monkeypatch):
    """As on a machine whose checkpoint folder was removed."""

    def missing():
        raise CheckpointMissing("The garment cut-out network is not on this machine.")

    monkeypatch.setattr(cutout, "best_cutout", missing)


def tiles(shape, seed):
    rng = np.random.default_rng(seed)
    few = rng.uniform(60, 250, (shape[0] // 60 + 1, shape[1] // 60 + 1, 1))
    few = few + rng.normal(0, 12, (*few.shape[:2], 3))
    wide = np.repeat(np.repeat(few, 60, 0), 60, 1)[: shape[0], : shape[1]]
    return np.clip(wide + rng.normal(0, 4, wide.shape), 0, 255)


def on_busy_ground(kind, colour, seed):
    """A photo of a garment on floor tiles of many colours, and its alpha."""
    image, alpha = make_garment(kind, colour)
    ground = tiles(alpha.shape, seed)
    shadow = 1 - 0.25 * cv2.GaussianBlur(np.roll(alpha, 6, 0), (0, 0), 6)[..., None]
    pixels = np.asarray(image) * alpha[..., None] + ground * shadow * (1 - alpha[..., None])
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)), alpha


def iou(cut, alpha):
    """Overlap of the cut-out with the known alpha, both placed by their own bounding box."""
    rows, columns = np.nonzero(alpha > 0.5)
    box = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    known = alpha[box] > 0.5
    rows, columns = np.nonzero(cut.alpha > 0.5)
    found = cut.alpha[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    found = Image.fromarray((found * 255).astype(np.uint8)).resize(known.shape[::-1])
    found = np.asarray(found) > 127
    return (known & found).sum() / (known | found).sum()


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("kind", OUTLINES)
def test_garments_of_known_outline_are_cut_out(kind, colour):
    image, alpha = make_garment(kind, COLOURS[colour])
    assert iou(cut_out(image), alpha) > 0.97


@pytest.mark.parametrize(
    "ground", [(255, 255, 255), (226, 220, 214), (150, 190, 170), (24, 24, 28)]
)
def test_the_ground_may_have_any_plain_colour(ground):
    image, alpha = make_garment("tee", COLOURS["red"], ground)
    assert iou(cut_out(image), alpha) > 0.97


def test_a_white_garment_on_white_is_found_by_its_texture_and_edge():
    rng = np.random.default_rng(1)
    _, alpha = make_garment("tee")
    weave = rng.normal(0, 5, alpha.shape)[..., None]
    pixels = np.full((*alpha.shape, 3), 246.0)
    pixels = pixels * (1 - alpha[..., None]) + (250 + weave) * alpha[..., None]
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    assert iou(cut_out(image), alpha) > 0.93


@pytest.mark.parametrize("item", ["FD-0499", "FD-0388", "FD-0777", "FD-0501", "FD-0532"])
def test_light_and_checked_garments_of_the_demo_are_not_torn(item):
    """A solid garment fills its outline: no holes, and a whole on one piece."""
    cut = read_garment(DEMO / f"{item}.webp")
    inside = (cut.alpha > 0.5).astype(np.uint8)
    outlines, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = cv2.contourArea(cv2.convexHull(np.concatenate(outlines)))
    largest = max(cv2.contourArea(outline) for outline in outlines)
    assert largest > 0.97 * sum(cv2.contourArea(outline) for outline in outlines)
    assert inside.sum() > 0.97 * largest
    assert largest > 0.75 * hull


@pytest.mark.parametrize("photo", ["form", "flat"])
def test_stripes_of_the_grounds_colour_do_not_tear_a_sleeve(photo):
    garment = next(g for g in GARMENTS if g.name == "striped long-sleeved top")
    striped = cut_out(Image.fromarray(product_photo(garment, photo)))
    dark = replace(garment, colours=(garment.colours[1],) * 2)
    whole = cut_out(Image.fromarray(product_photo(dark, photo)))
    assert iou(striped, whole.alpha) > 0.97
    # The gap between sleeve and trunk is as pale as a stripe, and wider: it stays open.
    band = striped.alpha[round(0.7 * len(striped.alpha)) :][:20] > 0.5
    assert cv2.connectedComponents(band.astype(np.uint8))[0] - 1 == 3


def test_a_garment_that_fades_into_its_ground_is_refused_with_advice(no_network):
    _, alpha = make_garment("tee")
    faded = 244 - 24 * cv2.GaussianBlur(alpha, (0, 0), 14)
    pixels = np.repeat(np.round(faded).astype(np.uint8)[..., None], 3, axis=2)
    with pytest.raises(TryOnError, match="Nothing in the photo stands out"):
        cut_out(Image.fromarray(pixels))


def test_a_soft_shadow_is_not_part_of_the_garment():
    image, alpha = make_garment("sweater", COLOURS["blue"], noise=0.3)
    cast = cv2.GaussianBlur(np.roll(alpha, (8, 4), (0, 1)), (0, 0), 9)[..., None]
    pixels = np.asarray(image) * (1 - 0.25 * cast * (1 - alpha[..., None]))
    assert iou(cut_out(Image.fromarray(pixels.astype(np.uint8))), alpha) > 0.96


def test_jpeg_noise_around_the_garment_is_not_part_of_it():
    image, alpha = make_garment("tee", COLOURS["red"], (255, 255, 255), noise=0)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80)
    assert iou(read_garment(out.getvalue()), alpha) > 0.93  # within two pixels all around


def test_the_photos_own_transparency_is_used():
    image, alpha = make_garment("dress", (250, 250, 248), (255, 255, 255), noise=0)
    image.putalpha(Image.fromarray(np.round(alpha * 255).astype(np.uint8)))
    out = io.BytesIO()
    image.save(out, "PNG")
    assert iou(read_garment(out.getvalue()), alpha) > 0.99


def test_edges_are_soft_and_carry_the_garments_colour():
    image, _ = make_garment("tee", (20, 40, 160), (250, 250, 250))
    cut = cut_out(image)
    edge = (cut.alpha > 0.05) & (cut.alpha < 0.95)
    assert edge.sum() > 300
    assert np.percentile(cut.pixels[edge][:, 0], 75) < 120  # no white halo
    assert cut.alpha.dtype == np.float32 and cut.alpha.min() >= 0 and cut.alpha.max() <= 1


def test_a_busy_background_is_refused_with_advice_where_the_network_is_missing(no_network):
    assert cutout_version() == "outline"
    rng = np.random.default_rng(0)
    noisy = Image.fromarray(rng.integers(0, 255, (300, 240, 3), dtype=np.uint8))
    with pytest.raises(
        TryOnError, match=r"background of the photo is not plain.*transparent background"
    ):
        cut_out(noisy)


def test_the_outline_answers_on_plain_ground_and_torch_is_not_loaded():
    """In a process of its own: the others of this file may have loaded it."""
    code = (
        "import sys; from core.tryon.cutout import cut_out;"
        " from tests.core.tryon.synthetic import make_garment;"
        " print(cut_out(make_garment('tee')[0]).method, 'torch' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert ran.stdout.split() == ["outline", "False"]


def test_the_network_answers_on_busy_ground():
    """A crude striped garment on tiles of any lightness: harder than photos are."""
    scores = []
    for seed in range(4):
        photo, alpha = on_busy_ground("tee", COLOURS["red"], seed)
        found, method = matte(photo)
        assert method == "network"
        known = alpha > 0.5
        scores.append(((found > 0.5) & known).sum() / ((found > 0.5) | known).sum())
    assert cut_out(photo).method == "network"
    assert np.mean(scores) > 0.7


def test_a_demo_garment_is_cut_from_a_tiled_ground():
    cut = read_garment(DEMO / "FD-0003.webp")
    assert cut.method == "outline"
    alpha = cv2.copyMakeBorder(cut.alpha, 40, 40, 40, 40, cv2.BORDER_CONSTANT, value=0)
    cloth = cv2.copyMakeBorder(cut.pixels, 40, 40, 40, 40, cv2.BORDER_REPLICATE)
    scores = []
    for seed in range(10, 16):
        ground = tiles(alpha.shape, seed)
        pixels = cloth * alpha[..., None] + ground * (1 - alpha[..., None])
        photo = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
        found, method = matte(photo)
        assert method == "network"
        found = cv2.resize(found, alpha.shape[::-1]) > 0.5
        scores.append((found & (alpha > 0.5)).sum() / (found | (alpha > 0.5)).sum())
    assert np.mean(scores) > 0.9


def test_transparency_is_used_before_anything_is_looked_for():
    image, alpha = on_busy_ground("dress", COLOURS["blue"], 0)
    mask = Image.fromarray(np.round(alpha * 255).astype(np.uint8))
    assert cut_out(image, mask).method == "transparency"


def test_the_matte_lies_on_the_photo_itself():
    image, alpha = make_garment("dress", COLOURS["red"])
    found, method = matte(image)
    assert method == "outline"
    assert found.shape == alpha.shape
    assert ((found > 0.5) & (alpha > 0.5)).sum() / ((found > 0.5) | (alpha > 0.5)).sum() > 0.97


def test_the_version_names_the_weights():
    assert cutout_version().startswith("outline, cutout-small-")


def test_a_photo_that_the_network_makes_nothing_of_is_refused(monkeypatch):
    from core.vision.matting import GarmentNetwork

    photo, _ = on_busy_ground("tee", COLOURS["red"], 0)

    def unsure(self, pixels):
        return np.full(pixels.shape[:2], 0.4, np.float32)

    monkeypatch.setattr(GarmentNetwork, "probability", unsure)
    with pytest.raises(TryOnError, match=r"the photo cannot be told from its background\. Use"):
        cut_out(photo)


def test_an_empty_photo_is_refused_with_advice():
    with pytest.raises(TryOnError, match="Nothing in the photo stands out"):
        cut_out(Image.new("RGB", (300, 400), (240, 240, 240)))


def test_what_is_no_photo_is_said_to_be_none():
    with pytest.raises(ImageError, match=r"“shirt\.png” is not an image"):
        read_garment(b"hello", "shirt.png")


@pytest.mark.shared
def test_real_cut_outs_are_found_again_on_a_plain_ground(shared, capsys):
    folder = shared / "data" / "visuelle"
    with (folder / "train.csv").open(newline="") as table:
        named = {row["external_code"].zfill(5) for row in csv.DictReader(table)}
    paths = [p for p in sorted((folder / "images").glob("*.webp")) if p.stem in named][::25]
    assert len(paths) >= 15
    rng = np.random.default_rng(0)
    scores = []
    for path in paths:
        with Image.open(path) as opened:
            rgba = opened.convert("RGBA")
        ground = Image.new("RGBA", (rgba.width + 60, rgba.height + 60), (238, 238, 236, 255))
        ground.alpha_composite(rgba, (30, 30))
        pixels = np.asarray(ground.convert("RGB")) + rng.normal(0, 0.8, (*ground.size[::-1], 3))
        photo = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
        scores.append(iou(cut_out(photo), np.asarray(rgba.getchannel("A")) / 255))
    with capsys.disabled():
        print(f"\ncut-outs of {len(scores)} real garments: IoU median {np.median(scores):.3f},"
              f" lowest {min(scores):.3f}")  # fmt: skip
    assert np.median(scores) > 0.97
