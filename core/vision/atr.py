"""The names and numbers of a body map: 18 classes of the ATR data set, and the neck.

Left and right are the person's own: the left arm of a person who faces the camera is on the
picture's right.
"""

import numpy as np

ATR = ("background", "hat", "hair", "sunglasses", "upper_clothes", "skirt", "pants", "dress",
       "belt", "left_shoe", "right_shoe", "face", "left_leg", "right_leg", "left_arm", "right_arm",
       "bag", "scarf", "neck")  # fmt: skip
"""Names of the body map's ids, in order."""

ID = {name: number for number, name in enumerate(ATR)}


def mirror_ids() -> np.ndarray:
    """For each id, the id it becomes when the picture is flipped: left and right change places."""
    other = [
        name.replace("left", "RIGHT").replace("right", "left").replace("RIGHT", "right")
        for name in ATR
    ]
    return np.array([ID[name] for name in other], dtype=np.uint8)


def mirrored(parse: np.ndarray) -> np.ndarray:
    """A body map (..., height, width) of the picture flipped from left to right."""
    return mirror_ids()[parse][..., ::-1]
