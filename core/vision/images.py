"""Opening photos of any origin: one way in, always 8-bit RGB, upright, on white.

Whatever the file is (CMYK, 16 bit, palette, transparency, a sideways phone photo), the caller gets
the picture that a person would see. What cannot be opened raises `ImageError` with a sentence.
"""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from core.errors import ImageError

MAX_PIXELS = 100_000_000
"""Largest photo that is decoded (300 MB as RGB): above any camera, below any bomb."""

MAX_BYTES = 100 * 1024 * 1024
"""Largest image file that is read."""

Source = Path | str | bytes


def check_image(source: Source, name: str | None = None) -> tuple[int, int]:
    """Width and height after rotation, from the header alone; the pixels are not decoded.

    Raises:
        ImageError: missing, too large, or not an image.
    """
    with _opened(source, name) as image:
        return _size(image)


def open_image(
    source: Source,
    name: str | None = None,
    *,
    background: tuple[int, int, int] = (255, 255, 255),
    max_side: int | None = None,
) -> Image.Image:
    """Decode a photo as upright 8-bit RGB.

    Args:
        source: a path, or the bytes of a file.
        name: what to call the photo in an error; the file's name if None.
        background: what shows through transparency.
        max_side: scale down so that neither side is longer (pixels); JPEGs then decode faster.

    Returns:
        A new RGB image. EXIF rotation is applied; of an animation, the first frame.

    Raises:
        ImageError: missing, too large, truncated, or not an image.
    """
    label = _label(source, name)
    with _opened(source, name) as image:
        if max_side is not None:
            image.draft("RGB", (max_side, max_side))
        try:
            image.load()
            upright = ImageOps.exif_transpose(image)
            rgb = _rgb(upright, background)
        except (OSError, ValueError, SyntaxError, MemoryError, EOFError) as error:
            raise ImageError(
                f"{label} is damaged or cut short ({error}). Save or upload it again."
            ) from error
    _shrink(rgb, max_side)
    return rgb


def open_cutout(
    source: Source, name: str | None = None, *, max_side: int | None = None
) -> tuple[Image.Image, Image.Image | None]:
    """A photo on white, and its transparency as an 8-bit mask where the file has one.

    Args:
        source: a path, or the bytes of a file.
        name: what to call the photo in an error; the file's name if None.
        max_side: as of `open_image`.

    Returns:
        ``(rgb, alpha)``; alpha is 255 on the garment, or None where every pixel is opaque.

    Raises:
        ImageError: as `open_image`.
    """
    label = _label(source, name)
    with _opened(source, name) as image:
        if max_side is not None:
            image.draft("RGB", (max_side, max_side))
        try:
            image.load()
            upright = ImageOps.exif_transpose(image)
            alpha = upright.convert("RGBA").getchannel("A") if _transparent(upright) else None
            rgb = _rgb(upright, (255, 255, 255))
        except (OSError, ValueError, SyntaxError, MemoryError, EOFError) as error:
            raise ImageError(
                f"{label} is damaged or cut short ({error}). Save or upload it again."
            ) from error
    if alpha is not None and alpha.getextrema() == (255, 255):
        alpha = None
    _shrink(rgb, max_side)
    if alpha is not None:
        _shrink(alpha, max_side)
    return rgb, alpha


def _shrink(image: Image.Image, max_side: int | None) -> None:
    if max_side is not None and max(image.size) > max_side:
        image.thumbnail((max_side, max_side), Image.Resampling.LANCZOS, reducing_gap=3.0)


def encode_webp(image: Image.Image, quality: int = 82) -> bytes:
    """The image as a WebP file."""
    out = io.BytesIO()
    image.save(out, "WEBP", quality=quality, method=4)
    return out.getvalue()


def _label(source: Source, name: str | None) -> str:
    if name is not None:
        return f"The image “{name}”"
    return "The image" if isinstance(source, bytes) else f"The image “{Path(source).name}”"


def _opened(source: Source, name: str | None) -> Image.Image:
    label = _label(source, name)
    try:
        size = len(source) if isinstance(source, bytes) else Path(source).stat().st_size
    except OSError as error:
        raise ImageError(f"{label} is missing ({error.strerror}).") from error
    if size > MAX_BYTES:
        raise ImageError(
            f"{label} is {size / 2**20:,.0f} MB; at most {MAX_BYTES // 2**20} MB are read."
            " Save a smaller copy."
        )
    try:
        with warnings.catch_warnings():
            # Pillow's own bomb guard is set off by header sizes that the next lines refuse anyway.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source)
    except Image.DecompressionBombError as error:
        raise ImageError(_too_large(label)) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise ImageError(
            f"{label} is not an image that can be read. Use JPEG, PNG, WebP, TIFF or BMP."
        ) from error
    if image.width * image.height > MAX_PIXELS:
        size_text = f" ({image.width:,} × {image.height:,})"
        image.close()
        raise ImageError(_too_large(label, size_text))
    return image


def _too_large(label: str, size: str = "") -> str:
    return (
        f"{label} has too many pixels{size}; at most {MAX_PIXELS // 1_000_000} megapixels are"
        " read. Save a smaller copy."
    )


def _size(image: Image.Image) -> tuple[int, int]:
    sideways = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    return (image.height, image.width) if sideways else (image.width, image.height)


def _transparent(image: Image.Image) -> bool:
    return "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info


def _rgb(image: Image.Image, background: tuple[int, int, int]) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image.copy()
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, dtype=np.float64)
        # 16-bit files reach Pillow as integers up to 65,535; float files as 0..1 or 0..255.
        top = 65535.0 if image.mode != "F" else (1.0 if values.max(initial=0.0) <= 1.0 else 255.0)
        grey = np.clip(values / top * 255.0, 0, 255).round().astype(np.uint8)
        return Image.fromarray(grey).convert("RGB")
    if _transparent(image):
        rgba = image.convert("RGBA")
        ground = Image.new("RGBA", rgba.size, (*background, 255))
        return Image.alpha_composite(ground, rgba).convert("RGB")
    return image.convert("RGB")
