"""A photo with its garment in another colour.

The work is done in OKLab (Ottosson 2020, "A perceptual color space for image processing"), in which
equal steps look about equal. The garment's main colour, where most of its pixels lie, becomes the
wanted one exactly. Every other pixel keeps its place around it: folds and shadows stay lighter or
darker than the cloth, white and black stay so, and other hues of a print turn by the same angle.
What a screen cannot show is made paler, at the same lightness and hue.
"""

import numpy as np
from PIL import Image, ImageColor

from core.errors import ImageError

# Ottosson 2020: linear sRGB to cone responses, and their cube roots to OKLab.
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_CONES, _FROM_LAB = np.linalg.inv(_TO_CONES), np.linalg.inv(_TO_LAB)

BIN = 0.04
"""Side of the cells in OKLab in which pixels are counted for the main colour."""
NEUTRAL, COLOURED = 0.02, 0.06
"""Chroma up to which a main colour has no hue, and from which it has one."""
STEEPEST = 1.25
"""Most that the contrast of folds grows where a dark cloth becomes a light one."""
STRONGEST = 4.0
"""Most that colours of a print grow stronger."""
SMALLEST = 0.01
"""Share of a photo that a garment covers at least."""
HALVINGS = 12

SHADES = {
    "black": "#1c1c1e", "white": "#f4f3ef", "grey": "#8c8f94", "gray": "#8c8f94",
    "charcoal": "#3a3c40", "silver": "#c3c6ca", "navy": "#1d2a4d", "blue": "#2f5fb3",
    "denim": "#46658c", "turquoise": "#2bb3ad", "teal": "#14706e", "mint": "#a8dcc3",
    "green": "#3b8250", "olive": "#6b6b36", "khaki": "#a39a6c", "yellow": "#efcb3f",
    "mustard": "#c9992b", "gold": "#c6a04a", "orange": "#e0752c", "rust": "#a64a26",
    "coral": "#ef7f69", "peach": "#f5bd9b", "red": "#bf2a33", "burgundy": "#6d1f33",
    "maroon": "#6b1e2b", "wine": "#66203a", "pink": "#eda3b8", "rose": "#d9848f",
    "fuchsia": "#cf2f86", "magenta": "#c02a86", "purple": "#6d4795", "lilac": "#bda5d6",
    "lavender": "#b6a8d8", "violet": "#6f4aa3", "brown": "#714a31", "tan": "#c49a6c",
    "camel": "#b98a57", "beige": "#dcc9ab", "sand": "#d6c2a1", "cream": "#f2e8d3",
    "ecru": "#e8dfc8", "ivory": "#f4eedd", "nude": "#e3bfa6", "taupe": "#8c7b6d",
    "multi": "", "multicolour": "", "multicolor": "",
}  # fmt: skip
"""Shades that shops mean by the names of colours; several colours at once have none."""


def shade(name: str) -> tuple[int, int, int] | None:
    """The sRGB colour that a name means, None where it means none that is known.

    Of several words the last that is known counts: “heather grey” is grey. “Light” and “dark”
    before it make it so.
    """
    words = name.casefold().replace("-", " ").replace("/", " ").split()
    for position in range(len(words) - 1, -1, -1):
        try:
            found = SHADES[words[position]] if words[position] in SHADES else words[position]
            rgb = ImageColor.getrgb(found)[:3]
        except ValueError:
            continue
        lab = to_oklab(np.array(rgb, dtype=np.uint8))
        before = set(words[:position])
        if before & {"light", "pale"}:
            lab = lab / 2 + [0.5, 0, 0]  # halfway to white
        elif before & {"dark", "deep"}:
            lab[0] *= 0.65
        red, green, blue = (int(v) for v in to_srgb(lab))
        return red, green, blue
    return None


def recolour(
    image: Image.Image,
    garment: np.ndarray,
    colour: tuple[int, int, int],
    *,
    keep_lightness: bool = False,
) -> Image.Image:
    """The photo with its garment's main colour changed.

    Args:
        image: RGB.
        garment: (height, width) 0..1, 1 where the garment is, soft at its edge.
        colour: wanted, sRGB 0..255.
        keep_lightness: change hue and strength alone, so that every pixel stays as light as it is.

    Returns:
        An RGB image of the same size; where `garment` is 0 it is the same.

    Raises:
        ImageError: there is hardly any garment.
        ValueError: the sizes differ.
    """
    pixels = np.asarray(image.convert("RGB"))
    if garment.shape != pixels.shape[:2]:
        raise ValueError(f"the mask is {garment.shape}, the photo {pixels.shape[:2]}")
    sure = garment > 0.9
    if sure.mean() < SMALLEST:
        raise ImageError(
            "No garment was found in this photo, so there is nothing to recolour. Use a photo of"
            " the garment alone on a plain ground."
        )
    inside = garment > 0
    lab = to_oklab(pixels[inside])
    main = main_colour(to_oklab(pixels[sure]))
    wanted = to_oklab(np.array(colour, dtype=np.uint8))
    light = lab[:, 0] if keep_lightness else _lightness(lab[:, 0], main[0], wanted[0])
    scale = light / max(wanted[0] if not keep_lightness else main[0], 1e-3)
    chroma = _chroma(lab[:, 1] + 1j * lab[:, 2], complex(*main[1:]), complex(*wanted[1:]), scale)
    made = to_srgb(in_gamut(np.column_stack([light, chroma.real, chroma.imag])))
    share = garment[inside][:, None]
    result = pixels.copy()
    mixed = share * made + (1 - share) * pixels[inside]
    result[inside] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    return Image.fromarray(result)


def main_colour(lab: np.ndarray) -> np.ndarray:
    """(3,) where most of (n, 3) OKLab colours lie: the mean around their fullest cell."""
    cells = np.floor(lab / BIN).astype(np.int64)
    found, counts = np.unique(cells, axis=0, return_counts=True)
    centre = (found[int(counts.argmax())] + 0.5) * BIN
    near = np.linalg.norm(lab - centre, axis=1) <= 1.5 * BIN
    return lab[near].mean(axis=0)


def to_oklab(pixels: np.ndarray) -> np.ndarray:
    """(..., 3) sRGB of 0..255 as OKLab: lightness 0..1, then a and b of about -0.4..0.4."""
    values = np.asarray(pixels, dtype=np.float64) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ _TO_CONES.T) @ _TO_LAB.T


def to_srgb(lab: np.ndarray) -> np.ndarray:
    """(..., 3) OKLab as sRGB of 0..255, float64; colours that no screen shows are cut off."""
    linear = np.clip(_linear(lab), 0, 1)
    values = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(values * 255)


def in_gamut(lab: np.ndarray) -> np.ndarray:
    """(n, 3) OKLab colours, paler where a screen cannot show them, as light and of the same hue."""
    low, high = np.zeros(len(lab)), np.ones(len(lab))
    outside = ~_shown(lab)
    low[~outside] = 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        fits = _shown(lab * np.column_stack([np.ones(len(lab)), middle, middle]))
        low, high = np.where(fits & outside, middle, low), np.where(fits, high, middle)
    return lab * np.column_stack([np.ones(len(lab)), low, low])


def _linear(lab: np.ndarray) -> np.ndarray:
    return ((lab @ _FROM_LAB.T) ** 3) @ _FROM_CONES.T


def _shown(lab: np.ndarray) -> np.ndarray:
    linear = _linear(lab)
    return np.all((linear >= -1e-4) & (linear <= 1 + 1e-4), axis=1)


def _lightness(light: np.ndarray, main: float, wanted: float) -> np.ndarray:
    """Lightness around the wanted one as it was around the main one, black and white within."""
    below = min(wanted / max(main, 1e-3), STEEPEST)
    above = min((1 - wanted) / max(1 - main, 1e-3), STEEPEST)
    away = light - main
    return np.clip(wanted + np.where(away < 0, below, above) * away, 0, 1)


def _chroma(values: np.ndarray, main: complex, wanted: complex, scale: np.ndarray) -> np.ndarray:
    """Hue and strength as complex numbers: turned with the main colour's, or moved if it has none.

    `scale` is each pixel's lightness over that of the main colour: shadows have weaker colours.
    """
    hued = np.clip((abs(main) - NEUTRAL) / (COLOURED - NEUTRAL), 0, 1)
    ratio = wanted / main if abs(main) > NEUTRAL else 0j
    if abs(ratio) > STRONGEST:
        ratio *= STRONGEST / abs(ratio)
    moved = wanted * np.clip(scale, 0, 1) + (values - main)
    return hued * values * ratio + (1 - hued) * moved
