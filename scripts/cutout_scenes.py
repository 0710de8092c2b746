"""Scenes for the garment cut-out: a garment laid on a ground and photographed, with its outline."""

import cv2
import numpy as np
import torch
from torch import Tensor

from scripts.cutout_data import SHEET, Stock, covering

KINDS = {"photo": 0.55, "texture": 0.2, "gradient": 0.15, "plain": 0.1}
"""How often each kind of ground is drawn."""


class Scenes:
    """Draws scenes without end; the same stock, size and generator give the same ones."""

    def __init__(self, stock: Stock, size: tuple[int, int]) -> None:
        self.stock, self.size = stock, size
        self.chances = stock.weights / stock.weights.sum()

    def batch(self, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Photos (n, 3, height, width) float32 0..1 and their alpha (n, 1, height, width)."""
        photos, alphas = zip(*(self.scene(rng) for _ in range(count)), strict=True)
        pixels = torch.from_numpy(np.stack(photos)).permute(0, 3, 1, 2).float() / 255
        return pixels, torch.from_numpy(np.stack(alphas))[:, None]

    def scene(
        self, rng: np.random.Generator, kind: str | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """One photo, uint8 (height, width, 3), and its alpha, float32 (height, width).

        Args:
            rng: what it is drawn with.
            kind: of ground, one of `KINDS`; drawn if None.
        """
        kind = kind or str(rng.choice(list(KINDS), p=list(KINDS.values())))
        ground = self._ground(kind, rng).astype(np.float32)
        piece = self.stock.pieces[rng.choice(len(self.chances), p=self.chances)]
        cloth, alpha = placed(dyed(piece, rng), self.size, rng)
        if rng.random() < 0.15:
            # Cloth of nearly the ground's colour.
            mean = cloth[alpha > 0.5].mean(axis=0) if (alpha > 0.5).any() else 0
            shift = (ground.mean(axis=(0, 1)) - mean) * rng.uniform(0.4, 0.85)
            cloth = cloth + shift
        if rng.random() < 0.6:
            ground = ground * (1 - _shadow(alpha, rng)[..., None])
        photo = cloth * alpha[..., None] + ground * (1 - alpha[..., None])
        return photographed(photo, rng), alpha

    def _ground(self, kind: str, rng: np.random.Generator) -> np.ndarray:
        if kind == "photo":
            ground = self.stock.grounds[rng.integers(len(self.stock.grounds))]
            if rng.random() < 0.5:
                ground = ground[:, ::-1]
            if rng.random() < 0.3:
                ground = np.rot90(ground)
            ground = covering(np.ascontiguousarray(ground), self.size, rng)
            if rng.random() < 0.3:
                ground = cv2.GaussianBlur(ground, (0, 0), rng.uniform(0.5, 3))
            return _toned(ground.astype(np.float32), rng)
        if kind == "texture":
            return texture(self.size, rng)
        first = _colour(rng)
        if kind == "plain":
            return np.broadcast_to(first, (*self.size, 3)).copy()
        second = np.clip(first + rng.normal(0, 30, 3), 0, 255)
        return _gradient(self.size, rng)[..., None] * (second - first) + first


def dyed(piece: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A piece in another colour: hue, saturation and lightness turned; sometimes pale or dark."""
    colour = piece[..., :3].astype(np.float32) / 255
    if rng.random() < 0.6:
        hsv = cv2.cvtColor(colour, cv2.COLOR_RGB2HSV)
        hsv[..., 0] = (hsv[..., 0] + rng.uniform(0, 360)) % 360
        hsv[..., 1] *= rng.uniform(0, 1.2)
        colour = cv2.cvtColor(np.clip(hsv, 0, (360, 1, 1)).astype(np.float32), cv2.COLOR_HSV2RGB)
    colour = np.clip(colour, 0, 1) ** np.float32(np.exp(rng.normal(0, 0.3)))
    chance = rng.random()
    if chance < 0.2:
        # Most cloth of the stock is dark or strong in colour; much cloth that is sold is not.
        colour = 1 - (1 - colour) * rng.uniform(0.1, 0.6)
    elif chance < 0.3:
        colour = colour * rng.uniform(0.15, 0.6)
    return np.dstack([np.clip(colour, 0, 1) * 255, piece[..., 3].astype(np.float32) / 255])


def placed(
    piece: np.ndarray, size: tuple[int, int], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A piece somewhere on a canvas, turned and scaled: colour (h, w, 3) 0..255, alpha (h, w)."""
    height, width = size
    inside = cv2.boundingRect((piece[..., 3] > 0.5).astype(np.uint8))
    x, y, w, h = inside
    fill = rng.uniform(0.4, 0.97) ** 0.7
    scale = fill * min(height / max(h, 1), width / max(w, 1))
    angle = rng.normal(0, 6) if rng.random() < 0.9 else rng.uniform(-180, 180)
    stretch = np.exp(rng.normal(0, 0.06))
    turn = np.deg2rad(angle)
    flip = -1 if rng.random() < 0.5 else 1
    matrix = np.array(
        [[scale * stretch * flip * np.cos(turn), -scale / stretch * np.sin(turn), 0],
         [scale * stretch * flip * np.sin(turn), scale / stretch * np.cos(turn), 0]]
    )  # fmt: skip
    room = np.array([width - scale * w, height - scale * h]) / 2
    centre = np.array([width, height]) / 2 + rng.uniform(-1, 1, 2) * np.maximum(room, 0) * 0.9
    matrix[:, 2] = centre - matrix[:, :2] @ (x + w / 2, y + h / 2)
    moved = cv2.warpAffine(
        piece[..., :3], matrix, (width, height),
        flags=cv2.INTER_AREA if scale < 0.7 else cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    alpha = cv2.warpAffine(
        np.ascontiguousarray(piece[..., 3]), matrix, (width, height), flags=cv2.INTER_LINEAR
    )
    return moved, np.clip(alpha, 0, 1)


def texture(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A made ground: noise of several scales, planks, checks, tiles or cloth; float32 0..255."""
    height, width = size
    first, second = _colour(rng), _colour(rng)
    kind = rng.integers(4)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    turn = rng.uniform(0, np.pi)
    u, v = x * np.cos(turn) + y * np.sin(turn), -x * np.sin(turn) + y * np.cos(turn)
    period = rng.uniform(4, 40)
    if kind == 0:
        mix = np.zeros(size, np.float32)
        for octave in range(int(rng.integers(1, 6)), 7):
            cells = rng.random((2**octave // 2 + 2, 2**octave // 2 + 2)).astype(np.float32)
            mix += cv2.resize(cells, (width, height), interpolation=cv2.INTER_CUBIC) / 2
        mix = (mix - mix.min()) / max(float(np.ptp(mix)), 1e-6)
    elif kind == 1:
        # Planks: a tone each, grain along them, a dark gap between.
        plank = np.floor(u / (period * 2 + 12)).astype(int)
        grain = cv2.resize(rng.random((max(2, height // 2), 4)).astype(np.float32), (width, height))
        mix = 0.5 * rng.random(512)[plank % 512] + 0.5 * grain
        second = np.clip(first + rng.normal(0, 45, 3), 0, 255)
    elif kind == 2:
        mix = ((np.floor(u / period) + np.floor(v / period)) % 2).astype(np.float32)
        mix = cv2.GaussianBlur(mix, (0, 0), rng.uniform(0.4, 2))
    else:
        mix = 0.5 + 0.25 * np.sin(2 * np.pi * u / period) + 0.25 * np.sin(2 * np.pi * v / period)
    ground = first + np.asarray(mix, np.float32)[..., None] * (second - first)
    return ground + rng.normal(0, rng.uniform(0, 8), size)[..., None]


def photographed(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What a camera makes of it: uneven light, softness, noise, JPEG; uint8."""
    if rng.random() < 0.4:
        light = 1 + rng.uniform(0.05, 0.3) * (_gradient(photo.shape[:2], rng) - 0.5)
        photo = photo * light[..., None]
    if rng.random() < 0.4:
        photo = cv2.GaussianBlur(photo.astype(np.float32), (0, 0), rng.uniform(0.3, 1.0))
    if rng.random() < 0.7:
        photo = photo + rng.normal(0, rng.uniform(0.3, 6), photo.shape)
    picture = np.clip(np.round(photo), 0, 255).astype(np.uint8)
    if rng.random() < 0.4:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 92))]
        picture = cv2.imdecode(cv2.imencode(".jpg", picture, quality)[1], cv2.IMREAD_COLOR)
    return picture


def _shadow(alpha: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Darkness 0..1 of a soft shadow that is thrown a little to one side."""
    reach = 0.05 * max(alpha.shape)
    dx, dy = rng.normal(0, reach / 2), rng.uniform(-0.3, 1) * reach
    move = np.array([[1, 0, dx], [0, 1, dy]])
    thrown = cv2.warpAffine(alpha, move, alpha.shape[::-1])
    return rng.uniform(0.1, 0.6) * cv2.GaussianBlur(thrown, (0, 0), rng.uniform(0.5, reach))


def _gradient(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A smooth field 0..1: a slope, or a glow from one point."""
    y, x = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32)
    if rng.random() < 0.5:
        turn = rng.uniform(0, 2 * np.pi)
        field = x / size[1] * np.cos(turn) + y / size[0] * np.sin(turn)
    else:
        field = np.hypot(x / size[1] - rng.uniform(0, 1), y / size[0] - rng.uniform(0, 1))
    return (field - field.min()) / max(float(np.ptp(field)), 1e-6)


def _toned(ground: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    gain = np.exp(rng.normal(0, 0.2)) * np.exp(rng.normal(0, 0.06, 3))
    return np.clip(ground * gain + rng.normal(0, 12), 0, 255)


def _colour(rng: np.random.Generator) -> np.ndarray:
    """A colour 0..255 as walls, paper and floors have: often pale, seldom strong."""
    light = 255 * rng.beta(2.5, 1.2)
    return np.clip(light + rng.normal(0, 18 if rng.random() < 0.8 else 60, 3), 0, 255)


__all__ = ["KINDS", "SHEET", "Scenes", "dyed", "photographed", "placed", "texture"]
