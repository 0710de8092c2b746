"""How a person stands: towards the camera, upright, arms free, so that a garment can be laid on.

The only place where this is judged. The points that come without weights are placed by the usual
proportions of a standing body, so that sitting shows less in them than in the size of the whole.
"""

from typing import TYPE_CHECKING

import numpy as np

from core.errors import NoPersonError, TryOnError
from core.tryon.joints import HIPS, KNEES, NECK, NEEDED, SHOULDERS, WRISTS
from core.vision.atr import ID

if TYPE_CHECKING:
    from core.tryon.people import Person

NARROWEST = 0.36
"""Distance between the shoulders, in distances from neck to hips, below which one sees a side."""
FLATTEST = 0.42
"""Height of the thighs, likewise, below which a person sits or squats."""
BENT = 0.6
"""Height of the thighs, in their own lengths, below which a person sits: they point sideways."""
BELOW_FACE, BELOW_SHOULDERS = 10.9, 4.95
"""Height of a standing person from the chin to the soles, in sides of a square as large as the face
and in distances between the shoulders: medians of 239 street photos."""
SHORTEST = 0.83
"""Mean of the two, as a share of these, below which the thighs point to the camera. Small children
have such proportions too."""
LEAST_SHOE = 1 / 5000
"""Shoes, as a share of the picture, from which a person is seen down to the soles."""
ACROSS = 0.12
"""How far past the middle, in shoulder widths, both wrists are when arms are crossed."""
LEAST_FACE = 0.09
"""Face, as a share of face and hair, below which one sees the back of a head."""


def seen_from_behind(parse: np.ndarray, points: np.ndarray) -> bool:
    """Whether a body shows its back: left and right are swapped, or there is hair and no face.

    Args:
        parse: (height, width) ATR ids.
        points: (18, 2) keypoints (pixels).
    """
    face, hair = ((parse == ID[name]).sum() for name in ("face", "hair"))
    swapped = points[SHOULDERS[0], 0] > points[SHOULDERS[1], 0]
    return bool(swapped or (hair > 0 and face < LEAST_FACE * (face + hair)))


def seen_from_side(points: np.ndarray) -> bool:
    """Whether the shoulders lie one behind the other; points as in `seen_from_behind`."""
    trunk = _trunk(points)
    width = float(np.linalg.norm(points[SHOULDERS[0]] - points[SHOULDERS[1]]))
    return trunk < 8 or width < NARROWEST * trunk


def sits(parse: np.ndarray, points: np.ndarray) -> bool:
    """Whether the thighs do not hang down: to the side, or foreshortened towards the camera.

    Args:
        parse: (height, width) ATR ids.
        points: (18, 2) keypoints (pixels); the knees may be missing.
    """
    thighs = points[list(KNEES)] - points[list(HIPS)]
    if not np.isnan(thighs).any():
        drop = float(thighs[:, 1].max())
        long = np.linalg.norm(thighs, axis=1)
        if drop < FLATTEST * _trunk(points) or (thighs[:, 1] < BENT * long).all():
            return True
    shoes = np.isin(parse, [ID["left_shoe"], ID["right_shoe"]])
    face = np.isin(parse, [ID["face"], ID["sunglasses"]])
    if shoes.sum() < LEAST_SHOE * parse.size or not face.any():
        return False
    below = float(np.flatnonzero(shoes.any(axis=1))[-1] - np.flatnonzero(face.any(axis=1))[-1])
    width = float(np.linalg.norm(points[SHOULDERS[0]] - points[SHOULDERS[1]]))
    by_face = below / float(np.sqrt(face.sum())) / BELOW_FACE
    by_shoulders = below / max(width, 1.0) / BELOW_SHOULDERS
    return by_face * by_shoulders < SHORTEST**2


def _trunk(points: np.ndarray) -> float:
    return float(np.linalg.norm(points[list(HIPS)].mean(axis=0) - points[NECK]))


def require_front(person: "Person", category: str) -> None:
    """Do nothing where a garment of a category can be laid on a person.

    Raises:
        NoPersonError: shoulders, hips or (for anything worn on the legs) knees are not seen.
        TryOnError: the person is seen from the side or from behind, sits, or crosses the arms.
    """
    points = person.keypoints.astype(np.float64)
    if np.isnan(points[list(NEEDED)]).any():
        raise NoPersonError(
            "Shoulders and hips are not both seen in the photo of the person, so a garment cannot"
            " be placed. Choose a photo that shows a standing person from head to knees."
        )
    legs = category != "upper_body"
    if legs and np.isnan(points[list(KNEES)]).any():
        raise NoPersonError(
            "The photo of the person ends above the knees, or hides them, so nothing can be placed"
            " on the legs. Choose a photo down to the feet, or a top."
        )
    neck, hip = points[NECK], points[list(HIPS)].mean(axis=0)
    if seen_from_side(points):
        raise TryOnError(
            "The person is seen from the side, and the preview can only dress people from the"
            " front. Choose a photo in which both shoulders face the camera."
        )
    if seen_from_behind(person.parse, points):
        raise TryOnError(
            "The person is seen from behind, and the preview shows garments from the front. Choose"
            " a photo in which the face is seen."
        )
    if legs and sits(person.parse, points):
        raise TryOnError(
            "The person seems to sit or squat, so nothing can be laid on the legs. Choose a photo"
            " of the person standing, or a top."
        )
    wrists = points[list(WRISTS)]
    width = float(np.linalg.norm(points[SHOULDERS[0]] - points[SHOULDERS[1]]))
    if not legs or category == "dresses":
        past = (wrists[:, 0] - (neck[0] + hip[0]) / 2) * np.array([1.0, -1.0])
        if (past > ACROSS * width).all() and (wrists[:, 1] < hip[1]).all():
            raise TryOnError(
                "The person's arms are crossed in front of the body, so a top would lie under them"
                " unseen. Choose a photo with the arms at the sides."
            )
