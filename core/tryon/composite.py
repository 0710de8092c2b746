"""Laying a warped garment over a person: what is in front of what, shading, contact shadows.

The garment is brought into the photo's light, sharpness and grain by `core.tryon.match`.
"""

import cv2
import numpy as np

from core.tryon.fit import Fit
from core.tryon.match import grainy, light, softness
from core.tryon.outline import BODY
from core.tryon.people import ELBOWS, SHOULDERS, WRISTS, Person
from core.tryon.warp import Layer
from core.vision.atr import ID

CONTACT = 0.34
"""Darkness of the shadow that a garment casts on what lies right beside its edge."""

OPEN = 0.5
"""Share of a neckline that the garment covers, from which that is the inside of its back."""

EDGE = 0.08
"""Darkness of a garment's very edge."""


def compose(
    person: Person, bared: Person, layers: list[Layer], fit: Fit, lined: bool, mask: np.ndarray
) -> np.ndarray:
    """The person wearing the layers, (height, width, 3) uint8; outside the mask nothing changes.

    Args:
        person: the picture and body map as they are.
        bared: the same without the base outfit's sleeves or trouser legs.
        layers: warped parts of the garment, trunk first.
        fit: where its landmarks lie.
        lined: whether the inside of the neckline was already taken out of the layers.
        mask: (height, width) uint8, 255 where the picture may change.
    """
    picture = person.pixels.astype(np.float32)
    shade = shading(person)
    covered = union(layers)
    opening = np.zeros_like(covered) if lined else neck_opening(bared, fit, covered)
    arms = arms_in_front(person, bared, fit)
    # Nothing behind an arm casts a shadow on it.
    shadow = CONTACT * _cast(covered, bared) * (bared.parse > 0) * (1 - arms)
    out = bared.pixels.astype(np.float32) * (1 - shadow)[..., None]
    main = layers[0]
    lit, blur = light(person), softness(person, main.pixels, main.alpha)
    # The trunk tells how smooth the cloth is; its parts share the grain.
    noise = grainy(person, main.pixels, main.alpha) - main.pixels
    # Sleeves are sewn on and lie over the trunk; legs are one with it, without an edge between.
    joined = main.alpha if "crotch" in fit.targets else np.zeros_like(covered)
    for layer in layers:
        alpha, colours = layer.alpha, layer.pixels
        if blur:
            colours = cv2.GaussianBlur(colours, (0, 0), blur)
            alpha = cv2.GaussianBlur(alpha, (0, 0), blur)
        whole = covered if layer is main and joined.any() else np.maximum(alpha, joined)
        colours = colours * lit * (shade * _volume(whole) * _edge(whole))[..., None]
        colours = colours + noise
        if layer.part == BODY:
            alpha = alpha * (1 - arms)
            over = np.max([other.alpha for other in layers[1:]], axis=0, initial=0.0)
            over = over * (not joined.any())
            dark = 0.8 * CONTACT * _cast(np.maximum(arms, over), bared)
            colours = colours * (1 - dark)[..., None]
        alpha = alpha * (1 - opening)
        out = out * (1 - alpha)[..., None] + colours * alpha[..., None]
    allowed = (mask > 0).astype(np.float32)
    soft = np.minimum(cv2.GaussianBlur(allowed, (0, 0), 0.8) * allowed, 1.0)
    soft = np.where(soft > 0.99, 1.0, soft)[..., None]
    result = picture * (1 - soft) + out * soft
    result = np.clip(np.round(result), 0, 255).astype(np.uint8)
    return np.where(allowed[..., None] > 0, result, person.pixels)


def union(layers: list[Layer]) -> np.ndarray:
    """Where any layer lies, (height, width) float32."""
    clear = np.ones_like(layers[0].alpha)
    for layer in layers:
        clear = clear * (1 - layer.alpha)
    return 1 - clear


def shading(person: Person) -> np.ndarray:
    """How light or dark each place of the body is beside its part's usual lightness, about 1.

    In plain clothes what varies is light: folds, and the turn of the body. Prints and checks vary
    too, in steep steps and in colour: the more there is of these, the less the shading is believed.
    """
    lab = cv2.cvtColor(person.pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    light = lab[..., 0] + 6
    tall = person.parse.shape[0]
    ratio = np.ones_like(light)
    weight = np.zeros_like(light)
    for part in np.unique(person.parse[person.parse > 0]):
        inside = person.parse == part
        if part == ID["hair"] or inside.sum() < 200 * (tall / 1024) ** 2:
            continue
        core = cv2.erode(inside.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        if not core.any():
            continue
        usual = float(np.median(light[inside]))
        steps = np.abs(light - cv2.blur(light, (2 * (tall // 160) + 1,) * 2))[core].mean() / usual
        colours = float(lab[core][:, 1:].std(axis=0).mean())
        plain = np.clip(1.6 - 16 * steps, 0, 1) * np.clip(1.5 - colours / 12, 0, 1)
        ratio[inside] = 1 + plain * np.clip(light[inside] / usual - 1, -0.6, 0.4)
        weight[core] = 1
    sigma = tall / 220
    smooth = cv2.GaussianBlur((ratio - 1) * weight, (0, 0), sigma) / (
        cv2.GaussianBlur(weight, (0, 0), sigma) + 0.15
    )
    return np.clip(1 + 0.75 * smooth, 0.72, 1.14)


def _volume(alpha: np.ndarray) -> np.ndarray:
    """Darkening towards a part's edges, as of cloth that turns away around a body."""
    radius = alpha.shape[0] / 64
    inner = cv2.GaussianBlur(alpha, (0, 0), radius)
    return 0.86 + 0.14 * np.clip((inner - 0.45) / 0.5, 0, 1)


def _edge(alpha: np.ndarray) -> np.ndarray:
    """The narrow dark line of a cut edge, where cloth has thickness and turns away."""
    near = cv2.GaussianBlur(alpha, (0, 0), max(1.0, alpha.shape[0] / 640))
    return 1 - EDGE * np.clip((0.95 - near) / 0.45, 0, 1)


def _cast(alpha: np.ndarray, person: Person) -> np.ndarray:
    """The soft shadow of something, a little below it, 0..1; nothing under the thing itself."""
    unit = person.parse.shape[0] / 1024
    shift = np.array([[1, 0, 0], [0, 1, 5 * unit]], np.float32)
    moved = cv2.warpAffine(alpha.astype(np.float32), shift, alpha.shape[::-1])
    return cv2.GaussianBlur(moved, (0, 0), 6 * unit) * (1 - alpha)


def arms_in_front(seen: Person, person: Person, fit: Fit) -> np.ndarray:
    """Arms that lie in front of the trunk, from below the shoulder or the cuff; 0..1.

    Args:
        seen: the person as photographed: a bare arm that is seen is in front.
        person: the same without the clothes that are replaced. Of an arm that these hid it is the
            forearm alone: the upper arm hangs beside the trunk, whose cloth reaches around it.
        fit: where the garment's cuffs lie.
    """
    y, x = np.mgrid[0 : person.parse.shape[0], 0 : person.parse.shape[1]].astype(np.float32)
    front = np.zeros(person.parse.shape, bool)
    for side, part in ((0, "right_arm"), (1, "left_arm")):
        start, end = person.keypoints[SHOULDERS[side]], person.keypoints[ELBOWS[side]]
        if np.isnan(end).any() or np.isnan(person.keypoints[WRISTS[side]]).any():
            continue  # an arm that is not seen to its end is behind something
        least = 0.45 * float(np.linalg.norm(end - start))
        cuff = [fit.targets.get(f"cuff_{which}_{side}") for which in ("outer", "inner")]
        if cuff[0] is not None and cuff[1] is not None:
            least = 0.95 * float(np.linalg.norm((cuff[0] + cuff[1]) / 2 - start))
        far = np.hypot(x - start[0], y - start[1]) > least
        lower = np.hypot(x - start[0], y - start[1]) > float(np.linalg.norm(end - start))
        front |= (person.parse == ID[part]) & far & ((seen.parse == ID[part]) | lower)
    return cv2.GaussianBlur(front.astype(np.float32), (0, 0), 0.8)


def neck_opening(person: Person, fit: Fit, covered: np.ndarray) -> np.ndarray:
    """Bare neck in front of the inside of a neckline, 0..1.

    Where the photo shows the neckline open, so that little of it is `covered`, nothing lies behind
    the neck, and there is no such place.
    """
    if "neck_0" not in fit.targets:
        return np.zeros(person.parse.shape, np.float32)
    left, right = fit.targets["neck_0"], fit.targets["neck_1"]
    half = max(float(right[0] - left[0]) / 2, 1.0)
    y, x = np.mgrid[0 : person.parse.shape[0], 0 : person.parse.shape[1]].astype(np.float32)
    t = (x - (left[0] + right[0]) / 2) / half
    level = (left[1] + right[1]) / 2 + (right[1] - left[1]) / 2 * t
    inside = (np.abs(t) < 1) & (y < level + 0.55 * half * np.sqrt(np.maximum(1 - t * t, 0)))
    skin = np.isin(person.parse, [ID["neck"], ID["face"]])
    below = inside & skin & (y > level)
    if covered[below].sum() < OPEN * below.sum():
        return np.zeros(person.parse.shape, np.float32)
    return cv2.GaussianBlur((inside & skin).astype(np.float32), (0, 0), 0.8)
