"""Whether a person stands so that a flat garment can be laid on: towards the camera, arms free."""

import numpy as np

from core.errors import NoPersonError, TryOnError
from core.tryon.people import HIPS, KNEES, NECK, NEEDED, SHOULDERS, WRISTS, Person
from core.vision.atr import ID

NARROWEST = 0.36
"""Distance between the shoulders, in distances from neck to hips, below which one sees a side."""
FLATTEST = 0.42
"""Height of the thighs, likewise, below which a person sits or squats."""
ACROSS = 0.12
"""How far past the middle, in shoulder widths, both wrists are when arms are crossed."""
LEAST_FACE = 0.06
"""Face, as a share of face and hair, below which one sees the back of a head."""


def require_front(person: Person, category: str) -> None:
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
    knees = points[list(KNEES)]
    if legs and np.isnan(knees).any():
        raise NoPersonError(
            "The photo of the person ends above the knees, or hides them, so nothing can be placed"
            " on the legs. Choose a photo down to the feet, or a top."
        )
    right, left = points[list(SHOULDERS)]
    neck, hip = points[NECK], points[list(HIPS)].mean(axis=0)
    trunk = float(np.linalg.norm(hip - neck))
    width = float(np.linalg.norm(left - right))
    if trunk < 8 or width < NARROWEST * trunk:
        raise TryOnError(
            "The person is seen from the side, and the preview can only dress people from the"
            " front. Choose a photo in which both shoulders face the camera."
        )
    face, hair = ((person.parse == ID[name]).sum() for name in ("face", "hair"))
    if right[0] > left[0] or (hair > 0 and face < LEAST_FACE * (face + hair)):
        raise TryOnError(
            "The person is seen from behind, and the preview shows garments from the front. Choose"
            " a photo in which the face is seen."
        )
    if legs and (knees[:, 1] - hip[1]).max() < FLATTEST * trunk:
        raise TryOnError(
            "The person sits or squats, so nothing can be laid on the legs. Choose a photo of the"
            " person standing, or a top."
        )
    wrists = points[list(WRISTS)]
    if not legs or category == "dresses":
        past = (wrists[:, 0] - (neck[0] + hip[0]) / 2) * np.array([1.0, -1.0])
        if (past > ACROSS * width).all() and (wrists[:, 1] < hip[1]).all():
            raise TryOnError(
                "The person's arms are crossed in front of the body, so a top would lie under them"
                " unseen. Choose a photo with the arms at the sides."
            )
