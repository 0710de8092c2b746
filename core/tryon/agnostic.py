"""The mask that OOTDiffusion was trained with: which pixels of a person a garment repaints.

Follows the published builder number by number (``reference/ootd.md``, section 4): with
``mend=False`` masks are bit-identical to it on OpenCV 4.11 and later. ``mend=True`` repairs four
slips: a wrist beyond the left or upper edge wrapped around and drew a band across the picture; a
missing elbow or shoulder was taken for the corner (0, 0); the largest piece alone was kept, so a
second leg was lost; and where no garment was seen the mask was silently empty.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw

from core.errors import NoPersonError, TryOnError
from core.vision.atr import ID

WIDTH, HEIGHT = 384, 512
"""Pixels of the mask."""

GREY = 127
"""Value under the mask in the grey picture."""

ARM_WIDTH = {"hd": 60, "dc": 45}
"""Pixels of a drawn arm for each of the two published models."""

REACH = 1.2
"""Where the drawn arm ends, from the elbow, as a share of the forearm: over the wrist."""

LEAST_POINTS = 8
"""Keypoints up to the second wrist, without which no arm is drawn."""

ARMS = (("right_arm", (2, 3, 4)), ("left_arm", (5, 6, 7)))
"""Each arm's name in the body map, and its shoulder, elbow and wrist among the keypoints."""

LEAST_PIECE = 0.01
"""A further piece of the mask is at least this share of the largest."""

BONES = ((2, 3), (3, 4), (5, 6), (6, 7), (8, 9), (9, 10), (11, 12), (12, 13), (1, 8), (1, 11))
"""Keypoints between which a person's own pieces of the mask lie."""

GARMENTS = {
    "upper_body": ("upper_clothes", "dress"),
    "lower_body": ("pants", "left_leg", "right_leg", "skirt"),
    "dresses": ("dress", "upper_clothes", "skirt", "pants"),
}
KEPT = ("left_shoe", "right_shoe", "hat", "sunglasses", "bag")
ALSO_KEPT = {
    "upper_body": ("skirt", "pants"),
    "lower_body": ("upper_clothes", "left_arm", "right_arm"),
    "dresses": (),
}
HEAD = ("hat", "sunglasses", "face")

Arm = np.ndarray
"""(3, 2) float64: shoulder, elbow and wrist in pixels; (0, 0) is missing."""


def agnostic_mask_ootd(
    parse: np.ndarray,
    keypoints: np.ndarray | Sequence[Sequence[float]],
    category: str,
    model: str,
    mend: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Mask of what the published models repaint.

    Args:
        parse: (height, width) uint8 body map, ATR ids with 18 for the neck, of any size; stretched
            to 384 x 512 by nearest neighbour.
        keypoints: (18, 2) OpenPose points in pixels of a picture 384 wide and 512 high; missing
            ones NaN or (0, 0).
        category: ``upper_body``, ``lower_body`` or ``dresses``.
        model: ``hd`` or ``dc``: how wide arms are drawn.
        mend: repair the published builder's slips (see above).

    Returns:
        ``(mask, grey)``, both (512, 384) uint8: 255 and 127 where the picture is repainted, else 0.

    Raises:
        NoPersonError: too few keypoints for the arms; with `mend`, nothing to repaint.
        TryOnError: `category` or `model` is unknown, or `keypoints` are no pairs of numbers.
    """
    if model not in ARM_WIDTH:
        raise TryOnError(f"There is no OOTDiffusion model “{model}”. Choose hd or dc.")
    if category not in GARMENTS:
        raise TryOnError(
            f"There is no garment category “{category}”. Choose one of: {', '.join(GARMENTS)}."
        )
    labels = np.asarray(Image.fromarray(parse).resize((WIDTH, HEIGHT), Image.Resampling.NEAREST))
    try:
        points = np.nan_to_num(np.asarray(keypoints, dtype=np.float64).reshape(-1, 2))
    except ValueError as error:
        raise TryOnError("Keypoints must be pairs of numbers, x and y in pixels.") from error
    fixed = _any(labels, *KEPT, *ALSO_KEPT[category])
    garment = _dilated(_any(labels, *GARMENTS[category]), 5)
    if category != "lower_body":
        if len(points) < LEAST_POINTS:
            raise NoPersonError(
                f"Only {len(points)} body points were found, and the arms need {LEAST_POINTS}."
                " Choose a photo that shows shoulders and arms."
            )
        arms = np.zeros_like(fixed)
        for name, joints in ARMS:
            seen = labels == ID[name]
            arm = _arm(points[list(joints)], seen, ARM_WIDTH[model], mend, name == "left_arm")
            arms |= arm
            fixed |= seen & ~arm  # the hand
        neck = _dilated(labels == ID["neck"], 1) & ~_any(labels, *HEAD)
        garment |= neck | _dilated(arms, 4)
    fixed |= _any(labels, *HEAD)
    mask = _piece(_filled(garment & ~fixed), points if mend else None)
    if mend and not mask.any():
        raise NoPersonError(
            "The photo shows no person wearing what a garment of this kind would cover. Choose a"
            " photo with one person, seen from the front."
        )
    on = mask > 0
    return mask, np.where(on, GREY, 0).astype(np.uint8)


def _any(labels: np.ndarray, *names: str) -> np.ndarray:
    return np.isin(labels, [ID[name] for name in names])


def _dilated(mask: np.ndarray, times: int) -> np.ndarray:
    kernel = np.ones((5, 5), np.uint8)
    return cv2.dilate(mask.astype(np.uint8), kernel, iterations=times) > 0


def _arm(arm: Arm, seen: np.ndarray, width: int, mend: bool, upwards: bool) -> np.ndarray:
    """One arm as a bent line with a round shoulder, or as the body map has it without a wrist.

    Lines of an even width lie one pixel off in the direction they are drawn, so it matters
    (`upwards`: from the wrist to the shoulder).
    """
    shoulder, elbow, wrist = arm
    if (wrist <= 1).all():
        return seen
    if mend:
        known = np.any(arm > 1, axis=1).tolist()
        line = [shoulder, elbow, wrist + (REACH - 1) * (wrist - elbow)]
        if not known[1]:
            line[2] = wrist
        # Cut fractions as the published builder does, and keep the sign, which it loses.
        path = [p.astype(np.int64) for p, there in zip(line, known, strict=True) if there]
        round_off = known[0]
    else:
        line = [shoulder, elbow, elbow + REACH * (wrist - elbow)]
        path = [p.astype(np.int64).astype(np.uint16) for p in line]
        round_off = True
    drawn = Image.new("L", (WIDTH, HEIGHT))
    draw = ImageDraw.Draw(drawn)
    if len(path) > 1:
        ordered = path[::-1] if upwards else path
        draw.line([int(v) for p in ordered for v in p], fill=255, width=width, joint="curve")
    if round_off:
        radius = width // 2
        box = [*(shoulder - radius), *(shoulder + radius)]
        draw.arc(box, 0, 360, fill=255, width=radius)
    return np.asarray(drawn) > 0


def _filled(mask: np.ndarray) -> np.ndarray:
    """(height, width) uint8, 0 or 255: a mask without holes and without the outermost pixels."""
    outside = np.pad(mask[1:-1, 1:-1], 1).astype(np.uint8) * 255
    inside = outside.copy()
    cv2.floodFill(outside, np.zeros((HEIGHT + 2, WIDTH + 2), np.uint8), (0, 0), 255)
    return inside | ~outside


def _piece(mask: np.ndarray, points: np.ndarray | None) -> np.ndarray:
    """The largest piece of a mask with its outline simplified (Teh and Chin, 1989).

    Given keypoints, the pieces that the person's bones cross: not another person's, be it larger.
    """
    outlines, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_TC89_L1)
    if not outlines:
        return np.zeros_like(mask)
    areas = [abs(cv2.contourArea(outline, True)) for outline in outlines]
    order = np.argsort(areas, kind="stable")[::-1].tolist()
    largest = _drawn(outlines, int(np.argmax(areas)), mask.shape)
    if points is None:
        return largest
    bones, kept, first = _bones(points), np.zeros_like(mask), 0.0
    for number in order:
        piece = _drawn(outlines, number, mask.shape)
        if areas[number] >= LEAST_PIECE * first and (piece & bones).any():
            kept |= piece
            first = first or areas[number]
    return kept if kept.any() else largest


def _drawn(outlines: Sequence[np.ndarray], number: int, shape: tuple[int, ...]) -> np.ndarray:
    piece = np.zeros(shape, np.uint8)
    cv2.drawContours(piece, outlines, number, color=255, thickness=-1)
    return piece


def _bones(points: np.ndarray) -> np.ndarray:
    drawn = np.zeros((HEIGHT, WIDTH), np.uint8)
    for a, b in BONES:
        if max(a, b) < len(points) and (points[[a, b]] > 1).any(axis=1).all():
            ends = [tuple(int(v) for v in np.round(points[i])) for i in (a, b)]
            cv2.line(drawn, ends[0], ends[1], 255, 1)
    return drawn
