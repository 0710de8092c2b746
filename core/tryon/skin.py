"""Skin that clothes had hidden, painted from the skin that is seen.

Its tone is the person's own, its roundness and the side the light comes from are measured on the
bare limbs of the same photo, at the border to what is seen it meets it in colour, and it has the
photo's grain. An estimate for a preview, not a picture of the person.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from core.tryon.flesh import Limb
from core.tryon.grain import bands, grain, strength
from core.tryon.membrane import spread
from core.tryon.people import Person
from core.vision.atr import ID

LEAST = 300
"""Pixels of skin, of 1024 rows, from which its colour is believed."""
ALONE = 6
"""How many times as many a part must show to be believed without the others."""
USUAL = np.array([190.0, 150.0, 125.0], np.float32)
"""Tone where no skin is seen at all."""
TURN = (0.0, -0.24)
"""Light across a limb where none is seen: its slope and its curve, in shares of the middle's."""
SLOPE, CURVE = (-0.22, 0.22), (-0.42, -0.08)
"""Bounds of the two as measured."""
FADE, TRUNK_FADE = 16, 30
"""How far what is seen tells the tone of what is not: the picture's height divided by this. Less
on the trunk, where what is seen lies in the shadow of the chin."""
ARMS, LEGS = ("left_arm", "right_arm"), ("left_leg", "right_leg")


@dataclass(frozen=True)
class Light:
    """How skin looks in a photo.

    Attributes:
        slope: change of light from a limb's middle to its edge on the picture's right.
        curve: the same to both edges alike.
        grain: strength of the grain by band (levels).
    """

    slope: float
    curve: float
    grain: np.ndarray


def skin_tone(person: Person, part: str) -> np.ndarray:
    """The usual colour of a person's skin, RGB, from the parts most like one.

    Legs are looked at for legs alone: they may wear tights.
    """
    rest = (*ARMS, "face")  # the neck lies in the shadow of the chin
    order: tuple[tuple[str, ...], ...] = ((part,), rest)
    if part in LEGS:
        order = ((part,), LEGS, rest)
    elif part == "neck":
        order = (rest, (part,))
    for number, names in enumerate(order):
        # A hand alone tells too little of an arm.
        least = LEAST * (person.parse.shape[0] / 1024) ** 2 * (1 if number else ALONE)
        found = np.isin(person.parse, [ID[name] for name in names])
        if found.sum() > least:
            lit = person.pixels[found].astype(np.float32)
            bright = lit.sum(axis=1)
            # Brows, lips and shadow are darker, a shine is brighter: the upper middle is skin.
            low, high = np.quantile(bright, (0.4, 0.9))
            return np.median(lit[(bright >= low) & (bright <= high)], axis=0)
    return USUAL


def light_on(person: Person, found: list[Limb]) -> Light:
    """Measure on the bare parts of the limbs how light falls across them, and the photo's grain."""
    rows, values, noises = [], [], []
    grey = cv2.cvtColor(person.pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    parts = bands(grey)
    for limb in found:
        seen = (person.parse[limb.box] == ID[limb.name]) & (limb.cover > 0.99)
        core = cv2.erode(seen.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        if core.sum() < LEAST * (person.parse.shape[0] / 1024) ** 2:
            continue
        lightness = grey[limb.box]
        # Along the limb the light may change: each place is compared with its own level.
        level = _level(lightness, core, limb.along)
        u = limb.across[core]
        rows.append(np.stack([u, u * u - 1 / 3], axis=1))
        values.append(lightness[core] / level[core] - 1)
        noises.append(strength([part[limb.box] for part in parts], core))
    if not rows:
        return Light(*TURN, grain=strength(parts, person.parse == ID["face"]))
    a, b = np.concatenate(rows), np.concatenate(values)
    keep = np.abs(b) < 0.5
    # A little weight of the usual keeps few pixels from telling much.
    ease = 0.02 * len(a) * np.eye(2)
    slope, curve = np.linalg.solve(a[keep].T @ a[keep] + ease, a[keep].T @ b[keep] + ease @ TURN)
    return Light(
        float(np.clip(slope, *SLOPE)), float(np.clip(curve, *CURVE)), np.median(noises, axis=0)
    )  # fmt: skip


def painted(
    picture: np.ndarray, person: Person, region: np.ndarray, part: str, limb: Limb | None,
    light: Light,
) -> np.ndarray:  # fmt: skip
    """A picture with skin painted where a part of the body is laid bare.

    Args:
        picture: (height, width, 3) float32 RGB, changed in place.
        person: the photo and body map, still clad.
        region: (height, width) bool, where the part is laid bare.
        part: name of the ATR class.
        limb: the part as a tube; None for neck and trunk.
        light: of the photo.

    Returns:
        `picture`.
    """
    if region.sum() < 20:
        return picture
    tall = person.parse.shape[0]
    box = _box(region, round(tall / 24) + 4)
    region = region[box]
    tone = skin_tone(person, part)
    same = {"neck": ("neck", "face")}.get(part, (part,))
    own = np.isin(person.parse[box], [ID[name] for name in same]) & ~region
    if limb is not None:
        u, whole = _within(limb, box, person.parse.shape)
        shade = 1 + light.slope * u + light.curve * (u * u - 1 / 3)
        near = cv2.blur(cv2.dilate(region.astype(np.uint8), np.ones((3, 3))).astype(np.float32),
                        (3, 3))  # fmt: skip
        cover = np.minimum(near, whole)
    else:
        thick = cv2.distanceTransform(region.astype(np.uint8), cv2.DIST_L2, 3)
        edge = np.clip(thick / (tall / 40), 0, 1)
        shade = 0.9 + 0.1 * np.sqrt(edge * (2 - edge))
        cover = cv2.GaussianBlur(region.astype(np.float32), (0, 0), 0.7)
    # On skin that is seen the painted is the photo without its grain: a wide crossfade is unseen.
    wide = np.minimum(2 * cv2.GaussianBlur(region.astype(np.float32), (0, 0), tall / 160), 1)
    cover = np.where(own, np.maximum(cover, wide), cover)
    model = tone * shade[..., None]
    seen = cv2.erode(own.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    # Smooth, but with nothing of the clothes beside it.
    share = cv2.GaussianBlur(own.astype(np.float32), (0, 0), 1.0)[..., None]
    photo = cv2.GaussianBlur(person.pixels[box] * own[..., None].astype(np.float32), (0, 0), 1.0)
    differs = np.clip(photo / np.maximum(share, 1e-3) - model, -70, 70)
    meet = spread(differs * seen[..., None], seen.astype(np.float32))
    # The shadow that the old clothes cast is not carried far.
    reach = tall / (TRUNK_FADE if limb is None else FADE)
    far = cv2.distanceTransform((~seen).astype(np.uint8), cv2.DIST_L2, 3)
    model = model + meet * np.exp(-far / reach)[..., None]
    model = model + grain(region.shape, light.grain)[..., None]
    picture[box] = picture[box] * (1 - cover[..., None]) + model * cover[..., None]
    return picture


def _level(lightness: np.ndarray, core: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Mean lightness of the seen skin at each place along a limb, smooth."""
    index = np.round(along * 12).astype(int)
    count = np.bincount(index[core], minlength=index.max() + 1).astype(np.float64)
    total = np.bincount(index[core], lightness[core], index.max() + 1)
    kernel = np.array([1, 2, 3, 2, 1]) / 9
    mean = np.convolve(total, kernel, "same") / np.maximum(np.convolve(count, kernel, "same"), 1e-6)
    return np.maximum(mean, 1.0)[index]


def _within(
    limb: Limb, box: tuple[slice, slice], shape: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Place across a limb and its cover, in another box of the picture."""
    across, cover = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    across[limb.box], cover[limb.box] = limb.across, limb.cover
    return across[box], cover[box]


def _box(region: np.ndarray, margin: int) -> tuple[slice, slice]:
    """Rows and columns around a region (pixels)."""
    rows, columns = (np.flatnonzero(region.any(axis=axis)) for axis in (1, 0))
    return (
        slice(max(0, rows[0] - margin), rows[-1] + 1 + margin),
        slice(max(0, columns[0] - margin), columns[-1] + 1 + margin),
    )
