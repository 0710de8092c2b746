"""Photos of one's own: what is kept of them, and what is refused."""

import io

import numpy as np
import pytest
from PIL import Image

from app import tryon_own
from core.errors import FashionError, ImageError
from core.tryon.cutout import read_garment
from core.vision.images import MAX_PIXELS, open_cutout
from tests.core.tryon.synthetic import make_garment


@pytest.fixture(autouse=True)
def session(monkeypatch):
    state = {}
    monkeypatch.setattr(tryon_own.st, "session_state", state)
    return state


def file(image, kind="PNG", **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def garment(width, height, mode="RGB"):
    image = make_garment("tee")[0].convert("RGB").resize((width, height))
    return image if mode == "RGB" else image.convert(mode)


def test_a_small_photo_of_a_garment_is_kept_as_it_is():
    data = file(garment(300, 400))
    own = tryon_own.keep("garments", data, "tee.png")
    assert own.data == data and own.note == "" and own.id.startswith("photo-")
    assert tryon_own.kept("garments") == [own] and tryon_own.kept("people") == []


@pytest.mark.parametrize("kind", ["people", "garments"])
@pytest.mark.parametrize("size", [(3000, 4000), (4000, 1000), (1537, 20)])
def test_a_large_photo_is_kept_at_a_bounded_size_and_that_is_said(kind, size):
    own = tryon_own.keep(kind, file(garment(*size), "JPEG"), "large.jpg")
    with Image.open(io.BytesIO(own.data)) as kept:
        assert max(kept.size) == tryon_own.MAX_SIDE
        assert abs(kept.width * size[1] - kept.height * size[0]) <= max(size)
    assert f"from {size[0]:,} × {size[1]:,} to 1,536 ×" in own.note or "× 1,536" in own.note


def test_a_small_photo_in_a_large_file_is_written_anew():
    noise = np.random.default_rng(0).integers(0, 256, (1400, 1400, 3), np.uint8)
    data = file(Image.fromarray(noise), "TIFF")
    assert len(data) > tryon_own.MAX_BYTES
    data += bytes(9_000_000)
    own = tryon_own.keep("garments", data, "noise.tif")
    assert len(own.data) < 7_000_000 and own.note == ""
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(own.data))), noise)


def test_a_large_cut_out_keeps_its_transparency():
    image = Image.new("RGBA", (2000, 3000), (200, 40, 40, 0))
    image.paste((30, 90, 160, 255), (500, 600, 1500, 2400))
    own = tryon_own.keep("garments", file(image), "cut.png")
    rgb, alpha = open_cutout(own.data)
    assert rgb.size == (1024, 1536) and alpha is not None
    assert alpha.getpixel((512, 700)) == 255 and alpha.getpixel((20, 20)) == 0
    cut = read_garment(own.data)
    assert cut.method == "transparency" and abs(float((cut.alpha > 0.5).mean()) - 0.88) < 0.1
    assert np.abs(np.median(cut.pixels[cut.alpha > 0.9], axis=0) - (30, 90, 160)).max() <= 2


@pytest.mark.parametrize("size", [(600, 400), (3000, 2000)])
def test_a_phone_photo_is_upright(size):
    image = garment(*size)
    exif = Image.Exif()
    exif[0x0112] = 6
    own = tryon_own.keep("garments", file(image, "JPEG", exif=exif), "phone.jpg")
    rgb, _ = open_cutout(own.data)
    assert rgb.width * 3 == rgb.height * 2


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("CMYK", "JPEG"), ("L", "PNG"), ("P", "PNG"), ("1", "PNG"), ("LA", "PNG"), ("I;16", "PNG"),
     ("CMYK", "TIFF"), ("F", "TIFF")],
)  # fmt: skip
@pytest.mark.parametrize("size", [(300, 400), (1700, 2000)])
def test_any_kind_of_pixels_is_read_or_refused_with_a_sentence(mode, kind, size):
    own = tryon_own.keep("garments", file(garment(*size, mode), kind), "odd.file")
    try:
        cut = read_garment(own.data, own.title)
    except FashionError as error:
        assert str(error).endswith(".")
    else:
        assert cut.pixels.dtype == np.uint8 and cut.pixels.shape[2] == 3


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (9000, 1)])
def test_a_photo_of_almost_nothing_is_refused_with_a_sentence(size):
    with pytest.raises(FashionError, match=r"\.$"):
        read_garment(tryon_own.keep("garments", file(Image.new("RGB", size)), "dot.png").data)


def bomb():
    head = file(Image.new("L", (1, 1)))
    side = (MAX_PIXELS // 1000 + 1).to_bytes(4, "big")
    wide = (1000).to_bytes(4, "big")
    chunk = b"IHDR" + wide + side + head[24:29]
    import zlib

    return head[:12] + chunk + zlib.crc32(chunk).to_bytes(4, "big") + head[33:]


@pytest.mark.parametrize("kind", ["people", "garments"])
@pytest.mark.parametrize(
    ("data", "says"),
    [
        (lambda: file(garment(900, 900), "JPEG")[:-3000], "damaged or cut short"),
        (lambda: file(garment(900, 900))[:-3000], "damaged or cut short"),
        (lambda: b"", "not an image"),
        (lambda: b"%PDF-1.4 words", "not an image"),
        (bomb, "too many pixels"),
    ],
    ids=["jpeg cut short", "png cut short", "empty", "pdf", "giant"],
)
def test_what_cannot_be_read_is_refused_with_a_sentence_and_not_kept(kind, data, says):
    with pytest.raises(ImageError, match=says) as told:
        tryon_own.keep(kind, data(), "mine.png")
    assert "“mine.png”" in str(told.value) and tryon_own.kept(kind) == []


def test_the_last_few_are_kept_the_newest_first():
    for i in range(tryon_own.MOST + 3):
        tryon_own.keep("garments", file(Image.new("RGB", (20, 20 + i))), f"{i}.png")
    assert [own.title for own in tryon_own.kept("garments")] == [
        f"{i}.png" for i in range(tryon_own.MOST + 2, 2, -1)
    ]
