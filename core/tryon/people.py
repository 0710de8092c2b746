"""The people who wear a garment: demo models with exact body maps, and people in any photo."""

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from core.errors import NoPersonError
from core.settings import ROOT
from core.tryon.joints import ANKLES as ANKLES
from core.tryon.joints import ELBOWS as ELBOWS
from core.tryon.joints import HIPS as HIPS
from core.tryon.joints import KNEES as KNEES
from core.tryon.joints import NECK as NECK
from core.tryon.joints import NEEDED as NEEDED
from core.tryon.joints import NOSE as NOSE
from core.tryon.joints import SHOULDERS as SHOULDERS
from core.tryon.joints import WRISTS as WRISTS
from core.tryon.stance import seen_from_behind
from core.vision.atr import ATR, ID
from core.vision.bodies import Body, BodyFinder, body_finder
from core.vision.images import Source, check_image, open_image

PEOPLE_DIR = ROOT / "data" / "demo" / "models"

SEEN_SIDE = 768
"""Pixels of a photo's longer side at which the body is looked for."""

LEAST_HEIGHT = 160
"""Pixels of the photo that a person is high."""

LEAST_SKIN = 0.02
"""Skin and hair as a share of the figure, below which nobody wears the clothes."""

SKIN = [ID[part] for part in
        ("face", "hair", "neck", "left_arm", "right_arm", "left_leg", "right_leg")]  # fmt: skip

OWN = "photo-"
"""How the ids of people begin who are on a photo of somebody's own."""


@dataclass(frozen=True)
class Person:
    """A picture of one person with what is known of the body.

    Attributes:
        id: short name, unique among the demo models.
        title: for people to read.
        pixels: (height, width, 3) uint8 RGB.
        parse: (height, width) uint8 ATR ids (18 = neck).
        keypoints: (18, 2) float32 OpenPose points in pixels, NaN where not visible.
        note: a sentence on what was chosen in the photo, or empty.
    """

    id: str
    title: str
    pixels: np.ndarray
    parse: np.ndarray
    keypoints: np.ndarray
    note: str = ""


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


def read_person(
    source: Source, name: str | None = None, *, finder: BodyFinder | None = None
) -> Person:
    """The largest person of any photo, at the photo's own resolution, upright and RGB.

    Args:
        source: a path, or the bytes of a file.
        name: what to call the photo; the file's name if None.
        finder: what finds the body; if None, the parser that comes with the project.

    Raises:
        ImageError: the photo cannot be read.
        NoPersonError: it shows nobody, or a body that no garment can be placed on; says why.
        CheckpointMissing: the parser is not on this machine.
    """
    image = open_image(source, name)
    if finder is None:
        finder = body_finder()
    scale = min(1.0, SEEN_SIDE / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    seen = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0) if scale < 1 else image
    body = finder.find(seen)
    factor = np.array(image.size) / size
    check_body(body, image.size)
    parse = np.asarray(Image.fromarray(body.parse).resize(image.size, Image.Resampling.NEAREST))
    points = ((body.points + 0.5) * factor - 0.5).astype(np.float32)
    if name is None:
        name = "photo" if isinstance(source, bytes) else Path(source).name
    note = f"{body.people} people are in the photo; the largest is used." * (body.people > 1)
    pixels = np.asarray(image)
    digest = hashlib.sha256(pixels.tobytes()).hexdigest()[:16]
    return Person(f"{OWN}{digest}", name, pixels, parse.copy(), points, note)


def check_body(body: Body, size: tuple[int, int]) -> None:
    """Do nothing where some garment can be placed on a body by some engine.

    What an engine asks for beyond that is its own affair (see `core.tryon.stance`).

    Args:
        body: as found in the photo or in a smaller copy.
        size: width and height of the photo itself (pixels).

    Raises:
        NoPersonError: it is too small, cut off or seen from behind.
    """
    counts = np.bincount(body.parse.ravel(), minlength=len(ATR))
    if counts[SKIN].sum() < LEAST_SKIN * counts[1:].sum():
        raise NoPersonError(
            "The photo shows clothes, but nobody who wears them. Choose one of a person."
        )
    rows = np.flatnonzero((body.parse > 0).any(axis=1))
    height = (rows[-1] - rows[0] + 1) * size[1] / len(body.parse)
    if height < LEAST_HEIGHT:
        raise NoPersonError(
            f"The person is {height:.0f} pixels high in the photo, and at least {LEAST_HEIGHT} are"
            " needed. Choose a larger photo, or cut it to the person."
        )
    points = body.points.astype(np.float64)
    for pair, what in ((SHOULDERS, "shoulders are"), (HIPS, "hips are")):
        if np.isnan(points[list(pair)]).any():
            raise NoPersonError(
                f"The {what} not visible in the photo, so a garment cannot be placed. Choose one"
                " that shows the person from head to knees."
            )
    if np.isnan(points[NECK]).any():
        raise NoPersonError("The neck is not visible in the photo. Choose another.")
    if seen_from_behind(body.parse, points):
        raise NoPersonError(
            "The person is seen from behind. Choose a photo in which the face is seen."
        )
