"""Golden cases of the published pre-processing, and how far this project's answers are off.

Each function takes a folder of golden files (``masks/``, ``openpose/`` or ``parsing/`` of a golden
set) and yields ``(name, worst difference, tolerance)``: a case passes where the difference is at
most the tolerance, and is infinite where one of the two raised and the other did not.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from core.errors import FashionError
from core.tryon.agnostic import agnostic_mask_ootd

Case = tuple[str, float, float]

OLD_CONTOURS = 75
"""Pixels per mask by which OpenCV before 4.11 approximates outlines otherwise."""


def mask_cases(folder: Path) -> Iterator[Case]:
    """The agnostic masks; the difference is a number of pixels.

    Held against the masks of current libraries (``current_libs/``) where the set has them.
    """
    current = folder / "current_libs"
    expected = current if (current / "cases.json").is_file() else folder
    tolerance = 0 if expected is current else OLD_CONTOURS
    for case in json.loads((expected / "cases.json").read_text(encoding="utf-8"))["cases"]:
        name = f"masks/{case['scene']}/{case['category']}/{case['model_type']}"
        with Image.open(folder / case["parse"]) as opened:
            parse = np.asarray(opened)
        points, category, model = (
            case[key] for key in ("pose_keypoints_2d", "category", "model_type")
        )
        try:
            mask, grey = agnostic_mask_ootd(parse, points, category, model, mend=False)
        except FashionError:
            yield name, 0.0 if "exception" in case else np.inf, tolerance
            continue
        if "exception" in case:
            yield name, np.inf, tolerance
            continue
        with Image.open(expected / case["mask"]) as opened:
            golden = np.asarray(opened)
        apart = (mask != golden).sum() + (grey != np.where(mask > 0, 127, 0)).sum()
        yield name, float(apart), tolerance
