"""A small cloth renderer: outlines with a height field, lit from the upper left.

Each layer is an outline filled with a fabric. Its relief is the sum of a rounded edge, folds and
the fabric's own relief; the relief gives normals, the normals give light, and it also moves the
print sideways, so that prints follow folds. Lengths are design pixels; the canvas is `scale` times
as fine and is averaged down at the end.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np

from scripts.demo.curves import Points, along

LIGHT = np.array([-0.40, -0.52, 0.755], np.float32) / np.float32(1.0007)


@dataclass(frozen=True)
class Fold:
    """A ridge (amplitude above 0) or a groove along a curve; it fades to both ends by `fade`."""

    curve: Points
    width: float
    height: float
    fade: tuple[float, float] = (1.0, 1.0)


@dataclass(frozen=True)
class Fabric:
    """A tile of cloth at the canvas's resolution, repeated over a layer.

    Attributes:
        colour: (h, w, 3) float32 sRGB 0..1.
        relief: (h, w) float32 in design pixels, or None.
        gloss: strength of highlights, 0 (cotton) to 1 (patent).
        sheen: how much light and dark differ, 1 for plain cloth.
    """

    colour: np.ndarray
    relief: np.ndarray | None = None
    gloss: float = 0.0
    sheen: float = 1.0


@dataclass
class Layer:
    """One piece of cloth (or skin) with its place, relief and shadow."""

    shape: Points
    fabric: Fabric
    folds: list[Fold] = field(default_factory=list)
    drape: float = 0.0
    """Height of soft random undulation, design pixels."""
    grain: tuple[float, float] = (40.0, 90.0)
    """Size of that undulation across and along the layer's axis."""
    angle: float = 0.0
    """Turn of the cloth's axis, radians; 0 hangs straight down."""
    origin: tuple[float, float] = (192.0, 0.0)
    stretch: tuple[float, float] = (1.0, 1.0)
    """How far the cloth is drawn out across and along its axis; its print grows with it."""
    round: float = 26.0
    """How far in from the edge the piece curves away."""
    puff: float = 7.0
    shadow: float = 0.35
    """Darkness of the shadow that the layer throws on those below."""
    shade: float = 1.0
    """Light that reaches the layer (inside of a garment: less)."""
    clip: Points | None = None
    """Only where this outline is."""
    label: int | None = None
    seed: int = 0


class Canvas:
    """What has been painted so far: premultiplied sRGB, coverage, labels."""

    def __init__(self, width: int, height: int, scale: int = 2):
        self.width, self.height, self.scale = width, height, scale
        shape = (height * scale, width * scale)
        self.colour = np.zeros((*shape, 3), np.float32)
        self.alpha = np.zeros(shape, np.float32)
        self.labels = np.zeros(shape, np.uint8)

    def mask(self, shape: Points, box: tuple[int, int, int, int] | None = None) -> np.ndarray:
        """Coverage 0..1 of an outline, over the whole canvas or a box (x0, y0, x1, y1)."""
        x0, y0, x1, y1 = box or (0, 0, self.width * self.scale, self.height * self.scale)
        image = np.zeros((y1 - y0, x1 - x0), np.uint8)
        points = (np.asarray(shape) * self.scale - (x0, y0) - 0.5) * 16
        cv2.fillPoly(image, [np.round(points).astype(np.int32)], 255, cv2.LINE_AA, 4)
        return image.astype(np.float32) / 255

    def paint(self, layer: Layer) -> None:
        """Put a layer on top."""
        s = self.scale
        low = np.floor(layer.shape.min(0) * s).astype(int) - 14 * s
        high = np.ceil(layer.shape.max(0) * s).astype(int) + 14 * s
        x0, y0 = max(low[0], 0), max(low[1], 0)
        x1, y1 = min(high[0], self.width * s), min(high[1], self.height * s)
        if x1 <= x0 or y1 <= y0:
            return
        box = (x0, y0, x1, y1)
        cover = self.mask(layer.shape, box)
        if layer.clip is not None:
            cover = cover * self.mask(layer.clip, box)
        view = np.s_[y0:y1, x0:x1]
        if layer.shadow > 0:
            thrown = _moved(cover, 1.5 * s, 3 * s)
            thrown = 0.6 * _blur(thrown, 3.2 * s) + 0.4 * _blur(thrown, 1.2 * s)
            self.colour[view] *= (1 - layer.shadow * thrown)[..., None]
        lit = self._lit(layer, cover, box)
        self.colour[view] = self.colour[view] * (1 - cover[..., None]) + lit * cover[..., None]
        self.alpha[view] = self.alpha[view] * (1 - cover) + cover
        if layer.label is not None:
            self.labels[view][cover >= 0.5] = layer.label

    def darken(
        self, curve: Points, width: float, amount: float, clip: Points | None = None
    ) -> None:
        """A soft dark line (a seam, a gap) on what is there; negative amounts lighten."""
        s = self.scale
        low = np.floor(curve.min(0) * s).astype(int) - int(4 * width * s + 4)
        high = np.ceil(curve.max(0) * s).astype(int) + int(4 * width * s + 4)
        x0, y0 = max(low[0], 0), max(low[1], 0)
        x1, y1 = min(high[0], self.width * s), min(high[1], self.height * s)
        if x1 <= x0 or y1 <= y0:
            return
        line = np.zeros((y1 - y0, x1 - x0), np.uint8)
        points = np.round((np.asarray(curve) * s - (x0, y0) - 0.5) * 16).astype(np.int32)
        cv2.polylines(line, [points], False, 255, max(1, round(width * s * 0.8)), cv2.LINE_AA, 4)
        soft = _blur(line.astype(np.float32) / 255, 0.35 * width * s)
        if clip is not None:
            soft = soft * self.mask(clip, (x0, y0, x1, y1))
        view = np.s_[y0:y1, x0:x1]
        if amount >= 0:
            self.colour[view] *= (1 - amount * soft)[..., None]
        else:
            room = self.alpha[view][..., None] - self.colour[view]
            self.colour[view] += -amount * soft[..., None] * room

    def thread(
        self, curve: Points, width: float, colour: tuple[float, float, float], strength: float = 0.9
    ) -> None:
        """A line of coloured thread on what is there."""
        s = self.scale
        low = np.maximum(np.floor(curve.min(0) * s).astype(int) - 4, 0)
        high = np.ceil(curve.max(0) * s).astype(int) + 4
        high = np.minimum(high, (self.width * s, self.height * s))
        if (high <= low).any():
            return
        line = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
        points = np.round((np.asarray(curve) * s - low - 0.5) * 16).astype(np.int32)
        cv2.polylines(line, [points], False, 255, max(1, round(width * s)), cv2.LINE_AA, 4)
        view = np.s_[low[1] : high[1], low[0] : high[0]]
        w = strength * (line.astype(np.float32) / 255 * self.alpha[view])[..., None]
        self.colour[view] = self.colour[view] * (1 - w) + np.asarray(colour, np.float32) * w

    def tint(
        self, centre: tuple[float, float], size: tuple[float, float],
        colour: tuple[float, float, float], amount: float, clip: Points | None = None,
    ) -> None:  # fmt: skip
        """A soft multiplied patch of colour, such as a cheek or a hollow; sizes are deviations."""
        s = self.scale
        x0, x1 = (round((centre[0] + k * 3 * size[0]) * s) for k in (-1, 1))
        y0, y1 = (round((centre[1] + k * 3 * size[1]) * s) for k in (-1, 1))
        ys, xs = np.mgrid[y0:y1, x0:x1].astype(np.float32)
        w = np.exp(-0.5 * ((xs / s - centre[0]) / size[0]) ** 2
                   - 0.5 * ((ys / s - centre[1]) / size[1]) ** 2) * np.float32(amount)  # fmt: skip
        if clip is not None:
            w = w * self.mask(clip, (x0, y0, x1, y1))
        view = np.s_[y0:y1, x0:x1]
        self.colour[view] *= 1 - w[..., None] * (1 - np.asarray(colour, np.float32))

    def _lit(self, layer: Layer, cover: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
        s = self.scale
        x0, y0, x1, y1 = box
        ys, xs = np.mgrid[y0:y1, x0:x1].astype(np.float32)
        dx = xs - np.float32(layer.origin[0] * s)
        dy = ys - np.float32(layer.origin[1] * s)
        cos, sin = np.float32(np.cos(layer.angle)), np.float32(np.sin(layer.angle))
        u = (cos * dx + sin * dy) / np.float32(layer.stretch[0])
        v = (-sin * dx + cos * dy) / np.float32(layer.stretch[1])
        relief = self._relief(layer, cover, box)
        slope_x = cv2.Sobel(relief, cv2.CV_32F, 1, 0, ksize=3) / 8 * 1.0
        slope_y = cv2.Sobel(relief, cv2.CV_32F, 0, 1, ksize=3) / 8 * 1.0
        tile_h, tile_w = layer.fabric.colour.shape[:2]
        # The print slides towards the valleys: cloth on a slope is seen foreshortened.
        push = 3.2 * s
        even_x, even_y = _blur(slope_x, 1.6 * s), _blur(slope_y, 1.6 * s)
        across = u + push * (cos * even_x + sin * even_y)
        down = v + push * (-sin * even_x + cos * even_y)
        colour = cv2.remap(
            layer.fabric.colour.astype(np.float32), np.mod(across, np.float32(tile_w)),
            np.mod(down, np.float32(tile_h)),
            cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP,
        )  # fmt: skip
        if layer.fabric.relief is not None:
            fine = cv2.remap(
                layer.fabric.relief, np.mod(across, np.float32(tile_w)),
                np.mod(down, np.float32(tile_h)),
                cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP,
            )  # fmt: skip
            slope_x = slope_x + cv2.Sobel(fine, cv2.CV_32F, 1, 0, ksize=3) / 8 * s
            slope_y = slope_y + cv2.Sobel(fine, cv2.CV_32F, 0, 1, ksize=3) / 8 * s
        norm = 1 / np.sqrt(slope_x**2 + slope_y**2 + 1)
        facing = (-slope_x * LIGHT[0] - slope_y * LIGHT[1] + LIGHT[2]) * norm
        hollow = np.clip((_blur(relief, 6 * s) - relief) / s, 0, 3)
        light = 1.0 + layer.fabric.sheen * 0.8 * (facing - LIGHT[2]) - 0.07 * hollow
        light = light * layer.shade
        # A broad fall of light from the upper left to the lower right.
        light = light * (1.035 - 0.05 * (ys / (self.height * s)) - 0.03 * (xs / (self.width * s)))
        light = np.clip(light, 0.12, 1.6)[..., None]
        # Dark cloth scatters a little light of its own, or its folds would drown.
        out = colour * light + 0.07 * (light - layer.shade)
        if layer.fabric.gloss > 0:
            half = (LIGHT + np.array([0, 0, 1], np.float32)) / np.float32(1.822)
            mirror = np.clip((-slope_x * half[0] - slope_y * half[1] + half[2]) * norm, 0, 1)
            out = out + layer.fabric.gloss * (mirror**28)[..., None] * 0.45
        return np.clip(out, 0, 1)

    def _relief(
        self, layer: Layer, cover: np.ndarray, box: tuple[int, int, int, int]
    ) -> np.ndarray:
        s = self.scale
        inside = (cover > 0.5).astype(np.uint8)
        edge = min(layer.round, 4.0)
        depth = cv2.distanceTransform(inside, cv2.DIST_L2, 5) / (edge * s)
        rise = 1 - (1 - np.clip(depth, 0, 1)) ** 2.2
        if layer.round <= 16:
            relief = _blur(rise * layer.puff * s, 1.2 * s)
        else:
            # A body fills cloth across, not along: it curves away to the sides, not to the hem.
            pad = round(layer.round * s)
            wide = np.pad(cover, ((pad, pad), (0, 0)), mode="edge")
            reach = round(0.2 * layer.round * s)
            wide = cv2.dilate(wide, np.ones((reach, 1), np.uint8), anchor=(0, reach - 1))
            wide = cv2.GaussianBlur(
                wide, (0, 0), 0.42 * layer.round * s, sigmaY=0.2 * layer.round * s
            )
            relief = wide[pad:-pad] * layer.puff * s + _blur(rise * 0.32 * s, 0.8 * s)
        # Folds are smooth: half the design resolution is enough for them.
        step = 2 * s
        coarse_w, coarse_h = max(2, cover.shape[1] // step), max(2, cover.shape[0] // step)
        if layer.folds or layer.drape:
            ys, xs = np.mgrid[0:coarse_h, 0:coarse_w].astype(np.float32)
            xs = (xs * 2 + np.float32(box[0] / s + 1)).astype(np.float32)
            ys = (ys * 2 + np.float32(box[1] / s + 1)).astype(np.float32)
            coarse = np.zeros((coarse_h, coarse_w), np.float32)
            for fold in layer.folds:
                coarse += _ridge(fold, xs, ys)
            if layer.drape:
                coarse += layer.drape * _undulation(layer, xs, ys)
            smooth = cv2.resize(coarse, cover.shape[::-1], interpolation=cv2.INTER_CUBIC)
            relief += _blur(smooth, 0.4 * step) * s
        return relief


def _ridge(fold: Fold, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    curve = along(fold.curve, 8).astype(np.float32)
    reach = 4.2 * fold.width
    low, high = curve.min(0) - reach, curve.max(0) + reach
    out = np.zeros_like(xs)
    i0, i1 = np.searchsorted(ys[:, 0], (low[1], high[1]))
    j0, j1 = np.searchsorted(xs[0], (low[0], high[0]))
    if i1 <= i0 or j1 <= j0:
        return out
    x, y = xs[i0:i1, j0:j1], ys[i0:i1, j0:j1]
    steps = np.linalg.norm(np.diff(curve, axis=0), axis=1)
    length = np.concatenate([[0], np.cumsum(steps)]) / max(steps.sum(), 1e-6)
    best = np.full_like(x, np.inf)
    place = np.zeros_like(x)
    side = np.zeros_like(x)
    for k in range(len(curve) - 1):
        a, d = curve[k], curve[k + 1] - curve[k]
        t = np.clip(((x - a[0]) * d[0] + (y - a[1]) * d[1]) / max(float(d @ d), 1e-6), 0, 1)
        distance = (x - a[0] - t * d[0]) ** 2 + (y - a[1] - t * d[1]) ** 2
        nearer = distance < best
        best = np.where(nearer, distance, best)
        place = np.where(nearer, length[k] + t * (length[k + 1] - length[k]), place)
        side = np.where(nearer, d[0] * (y - a[1]) - d[1] * (x - a[0]), side)
    # Cloth breaks sharply on one side of a fold and runs out softly on the other.
    best *= np.where(side > 0, np.float32(1.9), np.float32(0.42))
    start, end = fold.fade
    strength = np.ones_like(x)
    if start > 0:
        strength *= np.clip(place / (0.35 * start), 0, 1)
    if end > 0:
        strength *= np.clip((1 - place) / (0.35 * end), 0, 1)
    strength = strength * strength * (3 - 2 * strength)
    out[i0:i1, j0:j1] = fold.height * strength * np.exp(-best / fold.width**2)
    return out


def _undulation(layer: Layer, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng([layer.seed, 77])
    cos, sin = np.cos(layer.angle), np.sin(layer.angle)
    dx, dy = xs - layer.origin[0], ys - layer.origin[1]
    u, v = cos * dx + sin * dy, -sin * dx + cos * dy
    out = np.zeros_like(xs)
    for octave, strength in ((1.0, 1.0), (0.5, 0.4)):
        table = rng.normal(size=(32, 32)).astype(np.float32)
        map_x = np.mod(u / (layer.grain[0] * octave) + 8, 31).astype(np.float32)
        map_y = np.mod(v / (layer.grain[1] * octave) + 8, 31).astype(np.float32)
        out += strength * cv2.remap(
            table, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_WRAP
        )
    return out


def _blur(image: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(image, (0, 0), max(sigma, 0.3))


def _moved(image: np.ndarray, dx: float, dy: float) -> np.ndarray:
    matrix = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    return cv2.warpAffine(image, matrix, image.shape[::-1])


def finish(
    canvas: Canvas,
    ground: tuple[float, float, float] = (0.965, 0.963, 0.958),
    shrink: bool = True,
) -> np.ndarray:
    """The picture on a light ground with a soft contact shadow: uint8 RGB at design size."""
    s = canvas.scale
    alpha = canvas.alpha
    near = _blur(_moved(alpha, 1.5 * s, 3.5 * s), 4 * s)
    far = _blur(_moved(alpha, 4 * s, 10 * s), 14 * s)
    shadow = (1 - 0.17 * near) * (1 - 0.13 * far)
    back = np.asarray(ground, np.float32) * shadow[..., None]
    full = canvas.colour + back * (1 - alpha[..., None])
    if shrink:
        full = cv2.resize(full, (canvas.width, canvas.height), interpolation=cv2.INTER_AREA)
    return np.clip(np.round(full * 255), 0, 255).astype(np.uint8)
