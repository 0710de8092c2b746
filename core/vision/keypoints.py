"""Body points read from a human parse map by geometry: no weights, no downloads.

The map says which pixels are face, sleeve, arm, trouser or shoe; proportions of the standing figure
(Drillis and Contini, "Body segment parameters", 1964: head 0.13 of the stature, upper arm 0.19,
forearm 0.15, thigh and shank 0.25 each) say where on them the joints lie. Each joint is read from
evidence where there is some, and left out, or given a low score, where there is none.

The steps, on a copy of the figure that is 288 pixels long: the stature from head and feet; the
shoulders at the upper outer corners of what covers the trunk; the wrist a hand's length before
the far end of the arm, by geodesic distance from the shoulder; the ankles where the shoes begin;
the hips between neck and ankles; elbows and knees where two links of the right lengths stay inside
sleeve or leg (`core.vision.limbs`).
"""

from itertools import pairwise

import cv2
import numpy as np

from core.vision.figure import (
    ARMS,
    BAG,
    BELT,
    DRESS,
    LEGS,
    NECK,
    PANTS,
    SCARF,
    SHOES,
    SKIRT,
    UPPER,
    Figure,
    Found,
    figure_of,
    largest,
    run_at,
    runs,
    without_specks,
)
from core.vision.limbs import distances, middle_joint
from core.vision.shoulders import shoulders_of

NAMES = (
    "nose", "neck", "right shoulder", "right elbow", "right wrist", "left shoulder", "left elbow",
    "left wrist", "right hip", "right knee", "right ankle", "left hip", "left knee", "left ankle",
    "right eye", "left eye", "right ear", "left ear",
)  # fmt: skip
"""The points in COCO-18 (OpenPose) order; right and left are the person's."""

UPPER_ARM, FOREARM, HAND = 0.155, 0.14, 0.085
THIGH, SHANK = 0.242, 0.228
"""Lengths between the joints as seen in pictures, as shares of the stature."""


def keypoints(parse: np.ndarray) -> np.ndarray:
    """Find the 18 body points of the largest person in a parse map.

    Args:
        parse: (height, width) uint8 ATR ids, 0 to 18 (18 = neck).

    Returns:
        float32 (18, 3) in the order of `NAMES`: x and y in pixels, inside the image, and a score
        from 0 to 1. A point that cannot be found is NaN with score 0.

    Raises:
        NoPersonError: no body part or garment covers enough of the image.
    """
    figure = figure_of(parse)
    found = _head(figure)
    shoulders = shoulders_of(figure)
    ankles = _ankles(figure)
    found["neck"] = _neck(figure, shoulders)
    hips = _hips(figure, found["neck"], ankles)
    wrists = [_wrist(figure, side, shoulders[side]) for side in (0, 1)]
    for side in (0, 1):
        name = figure.names[side]
        found[f"{name} shoulder"] = shoulders[side]
        found[f"{name} wrist"] = wrists[side]
        found[f"{name} elbow"] = _elbow(figure, side, shoulders[side], wrists[side])
        found[f"{name} hip"] = hips[side]
        found[f"{name} ankle"] = ankles[side]
        found[f"{name} knee"] = _knee(figure, side, hips[side], ankles[side])
    out = np.full((len(NAMES), 3), np.nan, dtype=np.float32)
    out[:, 2] = 0
    limits = np.array(parse.shape[::-1]) - 1
    for number, name in enumerate(NAMES):
        place = found.get(name)
        if place is not None and np.isfinite(place[0]).all():
            out[number, :2] = np.clip(figure.to_image(place[0]), 0, limits)
            out[number, 2] = np.clip(place[1], 0.05, 1)
    return out


def _head(figure: Figure) -> dict[str, Found]:
    if figure.face is None:
        return {}
    left, top, right, _ = figure.face
    high, wide = figure.chin - top, right - left
    x = (left + right) / 2
    score = 0.5 if 0.6 < high / max(wide, 1) < 2.2 else 0.25
    out: dict[str, Found] = {"nose": (np.array([x, top + 0.56 * high]), score)}
    for side, way in ((0, -1), (1, 1)):
        name = figure.names[side]
        out[f"{name} eye"] = (np.array([x + way * 0.22 * wide, top + 0.38 * high]), score)
        out[f"{name} ear"] = (np.array([x + way * 0.5 * wide, top + 0.42 * high]), 0.6 * score)
    return out


def _neck(figure: Figure, shoulders: tuple[Found, Found]) -> Found:
    s = figure.stature
    a, b = shoulders
    if a is None or b is None:
        if figure.face is None and not figure.mask(NECK).any():
            return None
        return np.array([figure.middle, figure.chin + 0.045 * s]), 0.4
    between = (a[0] + b[0]) / 2
    x = 0.5 * between[0] + 0.5 * figure.middle
    return np.array([x, between[1] - 0.02 * s]), min(a[1], b[1])


def _ankles(figure: Figure) -> tuple[Found, Found]:
    s = figure.stature
    # What a map calls a shoe above the thighs is none.
    below = (np.arange(len(figure.map)) > figure.chin + 0.5 * s)[:, None]
    least = 0.00025 * s * s
    feet: list[np.ndarray | None] = [figure.sided(SHOES, side) & below for side in (0, 1)]
    apart = _apart(figure.mask(*SHOES) & below, 0.04 * s, least)
    if apart is not None and not _told_apart(feet, apart):
        feet = list(apart)
    if any(f is not None and f.sum() < least for f in feet):
        feet = _feet(figure, figure.mask(*SHOES) & below, least)
    limbs = figure.mask(*LEGS, *SHOES, PANTS)
    out: list[Found] = []
    for side, foot in enumerate(feet):
        if foot is None:
            out.append(_bare_ankle(figure, side, feet[1 - side]))
            continue
        part = largest(foot)
        ys, xs = np.nonzero(part)
        low, high = float(ys.max()), float(np.quantile(ys, 0.02))
        y = max(high, low - 0.052 * s)
        band = np.abs(np.arange(len(limbs)) - y) <= max(1.0, 0.012 * s)
        reach = max(0.045 * s, (xs.max() - xs.min()) * 0.5)
        centre = xs[ys <= y + 0.02 * s].mean() if (ys <= y + 0.02 * s).any() else xs.mean()
        lx = np.nonzero(limbs & band[:, None])[1]
        lx = lx[np.abs(lx - centre) < min(reach, 0.05 * s)]
        x = float(lx.mean()) if len(lx) else float(centre)
        cut = figure.cut[3] and low >= figure.bottom - 1
        out.append((np.array([x, y]), 0.6 if cut else 0.9))
    return out[0], out[1]


def _apart(shoes: np.ndarray, wide: float, least: float) -> tuple[np.ndarray, np.ndarray] | None:
    """The two largest pieces, left to right in the picture, if they stand beside each other."""
    _, labels, stats, centres = cv2.connectedComponentsWithStats(shoes.astype(np.uint8))
    order = 1 + np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")[:2]
    if len(order) < 2 or stats[order, cv2.CC_STAT_AREA].min() < least:
        return None
    a, b = sorted(order.tolist(), key=lambda i: float(centres[i][0]))
    return (labels == a, labels == b) if centres[b][0] - centres[a][0] > wide else None


def _told_apart(feet: list[np.ndarray | None], apart: tuple[np.ndarray, np.ndarray]) -> bool:
    """Whether a map gives each of two shoes to one side, and not a half of each to both."""
    shares = [float((piece & feet[0]).sum() / piece.sum()) for piece in apart]
    return min(shares) < 0.25 and max(shares) > 0.75


def _feet(figure: Figure, shoes: np.ndarray, least: float) -> list[np.ndarray | None]:
    """Two shoes that the map does not tell apart, or one that stands under one of two legs."""
    s = figure.stature
    xs = np.nonzero(shoes)[1]
    if len(xs) < least:
        return [None, None]
    low, high = np.quantile(xs, (0.02, 0.98))
    y = int(np.nonzero(shoes)[0].max() - 0.11 * s)
    legs = [r for r in runs(figure.mask(*LEGS, PANTS)[y]) if r[1] - r[0] > 0.02 * s]
    if len(legs) == 2:
        apart = [max(a - high, low - b) > 0 for a, b in legs]
        if apart[0] != apart[1]:
            return [None, shoes] if apart[0] else [shoes, None]
    return _split(shoes, 0.065 * s, least, figure.middle)


def _split(mask: np.ndarray, wide: float, least: float, middle: float) -> list[np.ndarray | None]:
    """Two feet from pixels that do not know their side, by columns; None for one not seen."""
    xs = np.nonzero(mask)[1]
    if len(xs) < least:
        return [None, None]
    low, high = np.quantile(xs, (0.02, 0.98))
    columns = np.arange(mask.shape[1])
    if high - low > wide:
        edge = (low + high) / 2
        return [mask & (columns <= edge), mask & (columns > edge)]
    return [mask, None] if xs.mean() <= middle else [None, mask]


def _bare_ankle(figure: Figure, side: int, other: np.ndarray | None) -> Found:
    """From the lower end of a leg without a shoe; nothing where the image cuts the leg."""
    s = figure.stature
    legs = figure.mask(*LEGS, PANTS)
    if other is not None:
        # The other foot's leg is not this one's.
        centre = np.nonzero(other)[1].mean()
        columns = np.arange(legs.shape[1])
        legs &= (columns < centre - 0.03 * s) if side == 0 else (columns > centre + 0.03 * s)
    else:
        own = figure.sided(LEGS, side)
        if own.sum() > 0.0005 * s * s:
            legs = own
        else:
            halves = _split(legs, 0.1 * s, 0.001 * s * s, figure.middle)
            half = halves[side]
            if half is None:
                return None
            legs = half
    legs = largest(legs)
    ys, xs = np.nonzero(legs)
    if len(ys) < 0.001 * s * s:
        return None
    low = float(ys.max())
    if low < figure.chin + 0.6 * s or (figure.cut[3] and low >= figure.bottom - 2):
        return None
    y = low - 0.03 * s
    near = np.abs(ys - y) < 0.015 * s
    return np.array([xs[near].mean() if near.any() else xs.mean(), y]), 0.45


def _hips(figure: Figure, neck: Found, ankles: tuple[Found, Found]) -> tuple[Found, Found]:
    if neck is None:
        return None, None
    s, (x0, y0) = figure.stature, neck[0]
    feet = [a[0] for a in ankles if a is not None]
    y = float(y0 + 0.3 * s)
    score = 0.6
    if feet:
        foot = np.mean(feet, axis=0)
        fall = max(f[1] for f in feet) - y0
        if fall > 0.6 * s:  # standing
            y, score = 0.5 * y + 0.5 * (y0 + 0.395 * fall), 0.8
    waist = _waist(figure, x0)
    if waist is not None:
        y = float(np.clip(y, y0 + 0.2 * s, max(waist + 0.13 * s, y0 + 0.2 * s)))
    fork = _fork(figure, y0 + 0.24 * s)
    if fork is not None:
        y = min(y, fork - 0.03 * s)
    if y > figure.bottom or (figure.cut[3] and y > figure.bottom - 0.02 * s):
        return None, None
    trunk = figure.mask(UPPER, SKIRT, PANTS, DRESS, BELT, *LEGS)
    expected = x0
    if feet and score > 0.7:
        expected = x0 + 0.4 * (foot[0] - x0)
    left, right = run_at(trunk, y, expected, 0.012 * s)
    if left is None or right is None:
        return None, None
    wide = right - left
    if wide > 0.26 * s:  # an open coat or a full skirt says little about the body's middle
        centre = 0.7 * expected + 0.3 * (left + right) / 2
        score *= 0.8
    else:
        centre = 0.35 * expected + 0.65 * (left + right) / 2
    half = float(np.clip(0.25 * wide, 0.03 * s, 0.05 * s))
    return (
        (np.array([centre - half, y]), score),
        (np.array([centre + half, y]), score),
    )


def _waist(figure: Figure, x: float) -> float | None:
    """Where trousers or a skirt begin, near the body's middle."""
    s = figure.stature
    lower = figure.mask(PANTS, SKIRT)
    near = lower[:, max(0, round(x - 0.07 * s)) : round(x + 0.07 * s) + 1]
    tops = [np.nonzero(column)[0][0] for column in near.T if column.sum() > 0.05 * s]
    return float(np.median(tops)) if len(tops) >= 4 else None


def _fork(figure: Figure, below: float) -> float | None:
    """The row from which two legs are seen apart, the crotch or lower."""
    s = figure.stature
    legs = figure.mask(*LEGS, PANTS)
    covered = figure.mask(SKIRT, DRESS)
    for y in range(max(0, round(below)), len(legs)):
        if covered[y].sum() > 0.05 * s:
            continue
        spans = [r for r in runs(legs[y]) if r[1] - r[0] + 1 > 0.035 * s]
        gaps = pairwise(spans)
        if any((figure.map[y, a[1] + 1 : b[0]] == 0).all() for a, b in gaps):
            return float(y)
    return None


def _wrist(figure: Figure, side: int, shoulder: Found) -> Found:
    s = figure.stature
    arm = _arm(figure, side)
    if shoulder is None or arm is None:
        return None
    ways = figure.mask(*ARMS, UPPER, DRESS, BAG, SCARF, BELT)
    cost = np.where(arm, 1.0, np.where(figure.mask(UPPER, DRESS), 1.6, 3.0))
    away = distances(ways | arm, cost, shoulder[0])
    ys, xs = np.nonzero(arm & np.isfinite(away))
    if not len(ys):
        ys, xs = np.nonzero(arm)
        along = np.hypot(xs - shoulder[0][0], ys - shoulder[0][1])
    else:
        along = away[ys, xs]
    first, last = float(np.quantile(along, 0.01)), float(np.quantile(along, 0.99))
    hand_only = last - first < 0.13 * s
    at = first + 0.012 * s if hand_only else last - HAND * s
    near = np.abs(along - at) <= max(1.5, 0.012 * s)
    if not near.any():
        near = np.abs(along - at) <= np.abs(along - at).min() + 1e-6
    place = np.array([xs[near].mean(), ys[near].mean()])
    far = float(np.linalg.norm(place - shoulder[0]))
    if far > 1.35 * (UPPER_ARM + FOREARM) * s:
        return place, 0.25
    if last < 0.1 * s:  # the stump of an arm under a sleeve
        return None
    return place, 0.85 if len(ys) > 0.0008 * s * s else 0.5


def _arm(figure: Figure, side: int) -> np.ndarray | None:
    """Skin of the arm on one side, without specks; None where there is none."""
    least = max(6.0, 0.0003 * figure.stature**2)
    own, other = (without_specks(figure.sided(ARMS, k), least) for k in (side, 1 - side))
    if own.any():
        return own
    # A map may call both arms the same: take the piece that lies on this side.
    count, labels, _, centres = cv2.connectedComponentsWithStats(other.astype(np.uint8))
    way = -1 if side == 0 else 1
    mine = [
        i for i in range(1, count) if way * (centres[i][0] - figure.middle) > 0.04 * figure.stature
    ]
    return np.isin(labels, mine) if mine and len(mine) < count - 1 else None


def _elbow(figure: Figure, side: int, shoulder: Found, wrist: Found) -> Found:
    if shoulder is None:
        return None
    s = figure.stature
    arm = _arm(figure, side)
    sleeve = figure.mask(UPPER, DRESS)
    return middle_joint(
        start=shoulder[0],
        end=None if wrist is None else wrist[0],
        lengths=(UPPER_ARM * s, FOREARM * s),
        inside=sleeve | figure.mask(*ARMS, BAG, SCARF),
        sure=np.zeros_like(sleeve) if arm is None else arm,
        radius=0.024 * s,
        out=-1 if side == 0 else 1,
    )


def _knee(figure: Figure, side: int, hip: Found, ankle: Found) -> Found:
    if hip is None:
        return None
    s = figure.stature
    return middle_joint(
        start=hip[0],
        end=None if ankle is None else ankle[0],
        lengths=(THIGH * s, SHANK * s),
        inside=figure.mask(PANTS, SKIRT, DRESS, *LEGS, *SHOES, UPPER),
        sure=figure.mask(PANTS, *LEGS, *SHOES),
        radius=0.036 * s,
        out=0,
    )
