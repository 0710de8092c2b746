"""Which pixels of a person a garment may repaint, and which are never touched."""

import cv2
import numpy as np

from core.tryon.agnostic import HEIGHT, WIDTH, agnostic_mask_ootd
from core.tryon.ootd_frame import Frame
from core.tryon.people import ELBOWS, SHOULDERS, WRISTS, Person
from core.vision.atr import ID

HEAD = [ID[name] for name in ("hat", "hair", "sunglasses", "face")]
ARMS = [ID["left_arm"], ID["right_arm"]]
SHOES = [ID["left_shoe"], ID["right_shoe"]]
REPAINTED = {
    "upper_body": ["upper_clothes", "dress", "scarf", "neck", "left_arm", "right_arm"],
    "lower_body": ["skirt", "pants", "dress", "belt", "left_leg", "right_leg"],
    "dresses": ["upper_clothes", "dress", "skirt", "pants", "belt", "scarf", "neck", "left_arm",
                "right_arm", "left_leg", "right_leg"],
}  # fmt: skip
"""Body parts that a garment of a category hides or shows anew."""


def hands(person: Person) -> np.ndarray:
    """(height, width) bool: what lies beyond the wrists."""
    arms = np.isin(person.parse, ARMS)
    found = np.zeros_like(arms)
    y, x = np.mgrid[0 : arms.shape[0], 0 : arms.shape[1]].astype(np.float32)
    for elbow, wrist in zip(ELBOWS, WRISTS, strict=True):
        start, end = person.keypoints[elbow], person.keypoints[wrist]
        if np.isnan(start).any() or np.isnan(end).any():
            continue
        forearm = end - start
        length = max(float(np.linalg.norm(forearm)), 1.0)
        forearm = forearm / length
        beyond = (x - end[0]) * forearm[0] + (y - end[1]) * forearm[1] > 0
        near = np.hypot(x - end[0], y - end[1]) < 0.95 * length
        found |= arms & beyond & near
    return found


def protected(person: Person) -> np.ndarray:
    """(height, width) bool: head, hands, shoes and bags, never repainted."""
    return np.isin(person.parse, [*HEAD, *SHOES, ID["bag"]]) | hands(person)


def agnostic_mask(person: Person, category: str) -> np.ndarray:
    """(height, width) bool: the body parts of a category, widened a little, less what is protected.

    Arms are widened as far as a loose sleeve reaches, from shoulder to wrist.
    """
    mask = np.isin(person.parse, [ID[name] for name in REPAINTED[category]]).astype(np.uint8)
    width = person.parse.shape[0] / 100
    if category != "lower_body":
        for joints in zip(SHOULDERS, ELBOWS, WRISTS, strict=True):
            line = person.keypoints[list(joints)]
            line = line[~np.isnan(line).any(axis=1)]
            points = np.round(line).astype(np.int32).reshape(-1, 1, 2)
            cv2.polylines(mask, [points], False, 1, max(1, round(7 * width)))
    radius = max(1, round(0.8 * width))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2)
    return (cv2.dilate(mask, kernel) > 0) & ~protected(person)


def published_mask(person: Person, category: str, model: str) -> np.ndarray:
    """(height, width) uint8, 255 where OOTDiffusion would repaint; its weights are not needed.

    Args:
        person: any size; fitted into the published frame first, nothing is stretched.
        category: where the garment is worn.
        model: ``hd`` or ``dc``, which were trained with arms of different widths.

    Raises:
        NoPersonError: the body map holds nothing that such a garment could take the place of.
    """
    frame = Frame.around(person.pixels.shape[:2], (HEIGHT, WIDTH))
    parse, points = frame.put_map(person.parse), frame.put_points(person.keypoints)
    return frame.take_map(agnostic_mask_ootd(parse, points, category, model)[0])
