import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from core.errors import ImageError
from core.vision.images import check_image, encode_webp, open_cutout, open_image

RED = (200, 30, 40)


@pytest.fixture
def photo():
    """40 x 60, the upper half red, the lower white."""
    image = Image.new("RGB", (40, 60), "white")
    image.paste(RED, (0, 0, 40, 30))
    return image


def near(pixel, colour, tolerance=6):
    return np.abs(np.array(pixel, int) - colour).max() <= tolerance


def chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def huge_png(width, height):
    """A PNG whose header claims a size that its few bytes do not hold."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(b"\x00" * 100))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


def test_a_plain_photo_is_opened_as_it_is(photo, tmp_path):
    photo.save(tmp_path / "plain.png")
    opened = open_image(tmp_path / "plain.png")
    assert opened.mode == "RGB"
    assert np.array_equal(np.asarray(opened), np.asarray(photo))


def test_cmyk_gives_the_colours_that_a_person_sees(photo, tmp_path):
    photo.convert("CMYK").save(tmp_path / "print.jpg", quality=95)
    opened = open_image(tmp_path / "print.jpg")
    assert opened.mode == "RGB"
    assert near(opened.getpixel((20, 10)), RED, 12)
    assert near(opened.getpixel((20, 50)), (255, 255, 255))


def test_16_bit_keeps_its_greys(tmp_path):
    grey = np.tile(np.linspace(0, 65535, 40).astype(np.uint16), (20, 1))
    Image.fromarray(grey).save(tmp_path / "deep.png")
    opened = open_image(tmp_path / "deep.png")
    assert opened.mode == "RGB"
    assert opened.getpixel((0, 5)) == (0, 0, 0)
    assert opened.getpixel((39, 5)) == (255, 255, 255)
    assert near(opened.getpixel((20, 5)), (131, 131, 131), 2)


def test_a_palette_with_transparency_stands_on_white(tmp_path):
    image = Image.new("P", (10, 10), 0)
    image.putpalette([0, 0, 0, *RED])
    image.paste(1, (0, 0, 5, 10))
    image.save(tmp_path / "sign.gif", transparency=0)
    opened = open_image(tmp_path / "sign.gif")
    assert opened.mode == "RGB"
    assert opened.getpixel((2, 5)) == RED
    assert opened.getpixel((8, 5)) == (255, 255, 255)


def test_transparency_is_kept_apart_for_cutting_out(photo, tmp_path):
    rgba = photo.convert("RGBA")
    rgba.putalpha(Image.fromarray(np.repeat(np.uint8([0, 255]), 30)[:, None].repeat(40, 1)))
    rgba.save(tmp_path / "cut.png")
    rgb, alpha = open_cutout(tmp_path / "cut.png")
    assert alpha is not None and alpha.getpixel((5, 5)) == 0 and alpha.getpixel((5, 50)) == 255
    assert rgb.getpixel((5, 5)) == (255, 255, 255)
    photo.save(tmp_path / "whole.png")
    assert open_cutout(tmp_path / "whole.png")[1] is None


def test_a_sideways_phone_photo_is_turned_upright(photo, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to view
    photo.save(tmp_path / "phone.jpg", exif=exif, quality=95)
    opened = open_image(tmp_path / "phone.jpg")
    assert opened.size == (60, 40) == check_image(tmp_path / "phone.jpg")
    assert near(opened.getpixel((50, 20)), RED, 12)
    assert near(opened.getpixel((10, 20)), (255, 255, 255))


def test_of_an_animation_the_first_frame_is_taken(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, "blue", "green")]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:], duration=50)
    assert near(open_image(tmp_path / "moving.gif").getpixel((4, 4)), RED)


def test_bytes_are_read_like_files(photo):
    assert open_image(encode_webp(photo, 95), "upload.webp").size == (40, 60)


def test_it_is_scaled_down_where_asked(photo):
    assert max(open_image(encode_webp(photo), max_side=30).size) == 30


@pytest.mark.parametrize("cut", [0.3, 0.9])
@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
def test_a_truncated_file_is_named_as_damaged(tmp_path, kind, cut):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    path = tmp_path / f"half.{kind}"
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * cut)])
    with pytest.raises(ImageError, match=rf"“half\.{kind}” is (damaged|not an image)"):
        open_image(path)


def test_a_header_of_30000_by_30000_is_refused_before_decoding(tmp_path):
    (tmp_path / "bomb.png").write_bytes(huge_png(30_000, 30_000))
    for reader in (open_image, check_image, open_cutout):
        with pytest.raises(ImageError, match=r"“bomb\.png” has too many pixels"):
            reader(tmp_path / "bomb.png")


def test_the_limit_itself_is_still_a_sentence(tmp_path):
    (tmp_path / "large.png").write_bytes(huge_png(10_001, 10_000))
    with pytest.raises(ImageError, match=r"10,001 × 10,000.*100 megapixels"):
        open_image(tmp_path / "large.png")


@pytest.mark.parametrize("content", [b"", b"not a picture at all", b"%PDF-1.4 " + b"x" * 200])
def test_what_is_not_an_image_is_said_to_be_none(tmp_path, content):
    (tmp_path / "list.jpg").write_bytes(content)
    with pytest.raises(ImageError, match=r"“list\.jpg” is not an image"):
        open_image(tmp_path / "list.jpg")


def test_a_missing_file_and_a_folder_are_sentences(tmp_path):
    with pytest.raises(ImageError, match=r"“gone\.jpg” is missing"):
        open_image(tmp_path / "gone.jpg")
    with pytest.raises(ImageError, match=f"“{tmp_path.name}”"):
        open_image(tmp_path)
