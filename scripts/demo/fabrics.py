"""Cloths: how each material's surface looks close up, as repeating tiles."""

from dataclasses import replace

import cv2
import numpy as np

from scripts.demo.canvas import Fabric

TILE = 192
"""Side of a tile in design pixels."""

_GLOSS = {"satin": 0.34, "faux leather": 0.3, "padded nylon": 0.12, "nylon": 0.16, "viscose": 0.05}
_SHEEN = {"satin": 1.45, "faux leather": 1.35, "padded nylon": 1.25, "nylon": 1.15,
          "viscose": 1.08, "cotton fleece": 0.9, "wool": 0.92, "cashmere blend": 0.85}  # fmt: skip


def _wrap_blur(image: np.ndarray, sx: float, sy: float) -> np.ndarray:
    pad = int(4 * max(sx, sy)) + 1
    big = np.pad(image, pad, mode="wrap")
    return cv2.GaussianBlur(big, (0, 0), max(sx, 0.2), sigmaY=max(sy, 0.2))[pad:-pad, pad:-pad]


def noise(rng: np.random.Generator, side: int, sx: float, sy: float) -> np.ndarray:
    """Repeating noise of unit deviation, blurred by (sx, sy) pixels."""
    field = _wrap_blur(rng.normal(size=(side, side)).astype(np.float32), sx, sy)
    return (field - field.mean()) / max(float(field.std()), 1e-6)


def surface(material: str, knit: str | None, s: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A material's lightness (a factor around 1) and relief (design pixels), both (h, w)."""
    rng = np.random.default_rng([seed, 21])
    side = TILE * s
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / s
    light = np.ones((side, side), np.float32)
    relief = np.zeros((side, side), np.float32)
    if knit == "fine":
        pitch = 3.0
        relief += 0.10 * np.sin(2 * np.pi * x / pitch)
        light += 0.012 * noise(rng, side, 0.5 * s, 2 * s)
    elif knit == "chunky":
        pitch, row = 8.0, 6.0
        phase = np.abs(np.mod(x / pitch, 1) - 0.5) * 2
        stitch = np.sin(2 * np.pi * (y / row + 0.55 * phase))
        relief += 0.38 * stitch * np.sqrt(np.clip(1 - (2 * phase - 1) ** 2, 0, 1))
        relief += 0.35 * np.cos(2 * np.pi * x / pitch * 2)
        light += 0.02 * noise(rng, side, 0.6 * s, 0.6 * s)
    elif knit == "cable":
        width = 32.0
        at = np.mod(x, width)
        swing = 4.5 * np.sin(2 * np.pi * y / 24)
        left = np.exp(-(((at - 16 - swing) / 3.6) ** 2))
        right = np.exp(-(((at - 16 + swing) / 3.6) ** 2))
        front = np.sin(2 * np.pi * y / 24 + np.pi / 2) > 0
        relief += 1.5 * np.where(front, np.maximum(left, 0.75 * right),
                                 np.maximum(right, 0.75 * left))  # fmt: skip
        relief += 0.12 * np.sin(2 * np.pi * x / 4) * (np.abs(at - 16) > 9)
        light += 0.015 * noise(rng, side, 0.6 * s, 0.8 * s)
    elif material == "denim":
        twill = np.sin(2 * np.pi * (x + y) / 2.0)
        light += 0.03 * twill + 0.010 * noise(rng, side, 0.3 * s, 1.2 * s)
        light += 0.014 * noise(rng, side, 0.35 * s, 0.35 * s)
        light += 0.012 * noise(rng, side, 10 * s, 16 * s)
    elif material in ("linen", "linen blend"):
        light += 0.012 * noise(rng, side, 2.5 * s, 0.3 * s)
        light += 0.012 * noise(rng, side, 0.3 * s, 2.5 * s)
        relief += 0.02 * noise(rng, side, 2 * s, 0.4 * s)
    elif material in ("wool blend", "wool", "cashmere blend"):
        light += 0.014 * noise(rng, side, 0.5 * s, 0.5 * s)
        light += 0.006 * noise(rng, side, 2 * s, 2 * s)
        relief += 0.02 * noise(rng, side, 0.7 * s, 0.7 * s)
    elif material == "cotton fleece":
        light += 0.010 * noise(rng, side, 0.4 * s, 0.6 * s)
        light += 0.004 * noise(rng, side, 4 * s, 4 * s)
    elif material == "faux leather":
        relief += 0.010 * noise(rng, side, 0.7 * s, 0.7 * s) + 0.05 * noise(rng, side, 4 * s, 4 * s)
    elif material == "padded nylon":
        tube = np.abs(np.sin(np.pi * y / 32))
        relief += 4.2 * tube**0.7 + 0.35 * noise(rng, side, 5 * s, 3 * s) * (1 - tube)
        light -= 0.16 * np.exp(-((tube / 0.16) ** 2))
    elif material == "nylon":
        relief += 0.05 * noise(rng, side, 4 * s, 4 * s)
    elif material == "satin":
        light += 0.004 * noise(rng, side, 0.4 * s, 3 * s)
    else:
        light += 0.006 * noise(rng, side, 0.35 * s, 0.7 * s)
        light += 0.005 * noise(rng, side, 0.7 * s, 0.35 * s)
    return light, relief


def cloth(colour: np.ndarray, material: str, s: int, seed: int, knit: str | None = None) -> Fabric:
    """A fabric from a print tile (h, w, 3) or a plain colour (3,) and a material."""
    light, relief = surface(material, knit, s, seed)
    side = TILE * s
    tile = np.empty((side, side, 3), np.float32)
    tile[:] = colour
    tile = np.clip(tile * light[..., None] + 0.25 * (light[..., None] - 1), 0, 1)
    # White cloth in a photo is never pure white: leave room for highlights.
    tile = 0.012 + tile * 0.955
    return Fabric(tile, relief, _GLOSS.get(material, 0.0), _SHEEN.get(material, 1.0))


def ribbed(colour: np.ndarray, s: int, pitch: float = 4.0, depth: float = 0.4) -> Fabric:
    """Knitted rib, its ridges along the layer's axis."""
    side = TILE * s
    x = np.arange(side, dtype=np.float32)[None] / s
    ridge = np.abs(np.sin(np.pi * x / pitch))
    tile = np.empty((side, side, 3), np.float32)
    tile[:] = colour
    tile = 0.012 + tile * 0.955 * (0.9 + 0.12 * ridge[..., None])
    return Fabric(tile, np.repeat(depth * ridge, side, 0).astype(np.float32))


def tinted(fabric: Fabric, factor: float) -> Fabric:
    """The same cloth, lighter or darker."""
    return replace(fabric, colour=np.clip(fabric.colour * factor, 0, 1))
