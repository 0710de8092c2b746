"""The people who wear a garment: the demo models with their exact body maps."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from core.errors import CheckpointMissing, NoPersonError
from core.settings import ROOT
from core.vision.atr import ATR
from core.vision.images import Source, check_image, open_image

PEOPLE_DIR = ROOT / "data" / "demo" / "models"

NOSE, NECK = 0, 1
SHOULDERS, ELBOWS, WRISTS = (2, 5), (3, 6), (4, 7)
HIPS, KNEES, ANKLES = (8, 11), (9, 12), (10, 13)
"""OpenPose keypoints of the person's right and left side (the right is on the picture's left)."""

NEEDED = (NECK, *SHOULDERS, *HIPS)


@dataclass(frozen=True)
class Person:
    """A picture of one person with what is known of the body.

    Attributes:
        id: short name, unique among the demo models.
        title: for people to read.
        pixels: (height, width, 3) uint8 RGB.
        parse: (height, width) uint8 ATR ids (18 = neck).
        keypoints: (18, 2) float32 OpenPose points in pixels, NaN where not visible.
    """

    id: str
    title: str
    pixels: np.ndarray
    parse: np.ndarray
    keypoints: np.ndarray


@dataclass(frozen=True)
class Listed:
    """A demo model before its picture is opened."""

    id: str
    title: str
    image: Path
    parse: Path
    keypoints: tuple[tuple[float, float] | None, ...]


def people(directory: Path = PEOPLE_DIR) -> list[Listed]:
    """The demo models in their order; an empty list where there are none.

    Raises:
        NoPersonError: the list is damaged.
    """
    path = directory / "models.json"
    try:
        stamp = path.stat().st_mtime_ns
    except OSError:
        return []
    return list(_people(directory, stamp))


@lru_cache(maxsize=4)
def _people(directory: Path, stamp: int) -> tuple[Listed, ...]:
    path = directory / "models.json"
    root = directory.resolve()
    try:
        listed = []
        for entry in json.loads(path.read_text(encoding="utf-8"))["models"]:
            files = [(root / entry[key]).resolve() for key in ("image", "parse")]
            if not all(f.is_relative_to(root) for f in files):
                raise ValueError(f"“{entry['id']}” points outside its folder")
            points = tuple(None if p is None else (float(p[0]), float(p[1]))
                           for p in entry["keypoints"])  # fmt: skip
            if len(points) != 18:
                raise ValueError(f"“{entry['id']}” has {len(points)} keypoints instead of 18")
            title = entry.get("title") or entry["id"]
            listed.append(Listed(str(entry["id"]), str(title), files[0], files[1], points))
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise NoPersonError(f"The list of demo models in {path} is damaged ({error}).") from error
    return tuple(listed)


def open_person(listed: Listed) -> Person:
    """Open a demo model's picture and body map.

    Raises:
        ImageError: a file is missing or damaged.
        NoPersonError: the map does not belong to the picture, or the body is not visible.
    """
    pixels = np.asarray(open_image(listed.image))
    check_image(listed.parse)
    with Image.open(listed.parse) as opened:
        parse = np.asarray(opened)
    points = np.array([(np.nan, np.nan) if p is None else p for p in listed.keypoints], np.float32)
    if parse.ndim != 2 or parse.shape != pixels.shape[:2] or parse.max() >= len(ATR):
        raise NoPersonError(f"The body map of “{listed.title}” does not fit the picture.")
    if np.isnan(points[list(NEEDED)]).any():
        raise NoPersonError(
            f"“{listed.title}” does not show shoulders and hips, so a garment cannot be placed."
            " Choose another person."
        )
    return Person(listed.id, listed.title, pixels, parse.astype(np.uint8), points)


def demo_person(person_id: str, directory: Path = PEOPLE_DIR) -> Person:
    """A demo model by id.

    Raises:
        NoPersonError: there is none of this id.
        ImageError: its files are damaged.
    """
    listed = people(directory)
    for entry in listed:
        if entry.id == person_id:
            return open_person(entry)
    known = ", ".join(entry.id for entry in listed) or "none are installed"
    raise NoPersonError(f"There is no demo model “{person_id}”. Choose one of: {known}.")


def read_person(source: Source, name: str | None = None) -> Person:
    """A person from any photo.

    Raises:
        ImageError: the photo cannot be read.
        CheckpointMissing: always so far, since finding a body in a photo needs a human parser and
            a pose model, and neither is part of this version.
    """
    open_image(source, name)
    raise CheckpointMissing(
        "A photo of your own needs a human parser and a pose model, and this version has neither"
        " yet: the body cannot be found in the photo. Choose one of the demo models, whose body"
        " maps are known."
    )
