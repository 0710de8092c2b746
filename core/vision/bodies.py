"""Bodies in a photo: which parser and which pose model find them, and the largest of several.

All parsers answer with the same ids and all pose models with the same 18 points, so any pair works.
The pair that comes with the project reads the points from the body map by geometry; the published
ones are loaded where their checkpoints are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from PIL import Image

from core.checkpoints import status
from core.errors import CheckpointMissing, NoPersonError
from core.vision.atr import ID
from core.vision.keypoints import keypoints

EMBEDDED = "parser-ccp-small"
GEOMETRY = "geometry"
"""Name of the pose model that needs no checkpoint: `core.vision.keypoints`."""

HEAD = [ID[name] for name in ("face", "hair", "hat", "sunglasses")]

LEAST_FACE = 0.2
"""A further person's face is at least this share of the largest face's pixels."""

LEAST_FIGURE = 0.15
"""A further person is at least this share of the largest."""

BESIDE = 0.6
"""A piece whose middle is further from the figure's, as a share of its width, is another's."""

LEVEL = 0.35
"""How much a way downwards counts against a way sideways when heads share touching bodies out."""


class Parser(Protocol):
    """Maps a photo to its body map."""

    def parse(self, image: Image.Image) -> np.ndarray:
        """(height, width) uint8 ATR ids, 18 for the neck where it is told, of an upright photo."""
        ...


class Pose(Protocol):
    """Finds body points."""

    def points(self, image: Image.Image, parse: np.ndarray) -> tuple[np.ndarray, int]:
        """Points of the largest person and the number of people.

        Args:
            image: upright photo.
            parse: (height, width) uint8 body map of the photo.

        Returns:
            (18, 2) float32 OpenPose points in pixels, NaN where missing, and how many people.

        Raises:
            NoPersonError: nobody is seen.
        """
        ...


class GeometryPose:
    """Reads the points from the body map; no weights."""

    def points(self, image: Image.Image, parse: np.ndarray) -> tuple[np.ndarray, int]:
        """As `Pose.points`; the photo itself is not looked at."""
        people = separate(parse)
        if not people:
            raise NoPersonError(NOBODY)
        return keypoints(np.where(people[0], parse, 0))[:, :2], len(people)


NOBODY = "No person was found in the photo. Choose one that shows a person from head to knees."


@dataclass(frozen=True)
class Body:
    """One person in a photo.

    Attributes:
        parse: (height, width) uint8 ATR ids; background where another person is.
        points: (18, 2) float32 OpenPose points in pixels, NaN where missing.
        people: how many people the photo shows.
    """

    parse: np.ndarray
    points: np.ndarray
    people: int


@dataclass(frozen=True)
class BodyFinder:
    """A parser and a pose model.

    Attributes:
        parser: makes the body map.
        pose: finds the points.
        name: of the two checkpoints, for people to read.
    """

    parser: Parser
    pose: Pose
    name: str

    def find(self, image: Image.Image) -> Body:
        """The largest person of an upright photo.

        Raises:
            NoPersonError: nobody is seen.
        """
        parse = self.parser.parse(image)
        people = separate(parse)
        if not people:
            raise NoPersonError(NOBODY)
        points, counted = self.pose.points(image, parse)
        # The pose model may take another person for the largest than the body map does.
        chosen = max(people, key=lambda mask: _holds(mask, points))
        return Body(np.where(chosen, parse, 0).astype(np.uint8), points, max(counted, len(people)))


def _holds(mask: np.ndarray, points: np.ndarray) -> int:
    x, y = np.round(points[np.isfinite(points).all(axis=1)]).astype(int).T
    return int(mask[y.clip(0, mask.shape[0] - 1), x.clip(0, mask.shape[1] - 1)].sum())


def separate(parse: np.ndarray) -> list[np.ndarray]:
    """The people of a body map, largest first, each (height, width) bool.

    A person is a head with what belongs to it: the piece that it is on, shared out by nearness
    where two heads are on one piece (in sizes of the head), and pieces without a head above or
    below that. With less than two heads there is at most one person: the largest piece and what is
    above or below it.
    """
    figure = parse > 0
    if not figure.any():
        return []
    heads = _heads(parse)
    if len(heads) < 2:
        return [_upright(figure)]
    y, x = np.mgrid[: parse.shape[0], : parse.shape[1]].astype(np.float32)
    distances = [np.hypot(x - hx, LEVEL * (y - hy)) / size for hx, hy, size in heads]
    nearest = np.argmin(distances, axis=0)
    _, pieces = cv2.connectedComponents(figure.astype(np.uint8))
    owner = nearest.copy()
    for piece in range(1, int(pieces.max()) + 1):
        inside = pieces == piece
        held = [n for n, (hx, hy, _) in enumerate(heads) if inside[round(hy), round(hx)]]
        if len(held) == 1:
            owner[inside] = held[0]
        elif not held:
            owner[inside] = np.bincount(nearest[inside]).argmax()
    people = [_upright(figure & (owner == n)) for n in range(len(heads))]
    people.sort(key=lambda mask: int(mask.sum()), reverse=True)
    least = LEAST_FIGURE * people[0].sum()
    return [mask for mask in people if mask.sum() >= least]


def _upright(mask: np.ndarray) -> np.ndarray:
    """The largest piece of a mask and those whose middle is not beside it."""
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if len(stats) < 3:
        return mask
    main = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    wide = stats[:, cv2.CC_STAT_WIDTH]
    middle = stats[:, cv2.CC_STAT_LEFT] + wide / 2
    kept = np.abs(middle - middle[main]) < BESIDE * wide[main]
    kept[0] = False
    return kept[pieces]


def _heads(parse: np.ndarray) -> list[tuple[float, float, float]]:
    """A place on each head (x, y) and the face's size, in pixels: of pieces that have a face."""
    head = np.isin(parse, HEAD).astype(np.uint8)
    side = max(3, round(0.012 * max(parse.shape)))
    closed = cv2.morphologyEx(head, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    count, pieces = cv2.connectedComponents(closed)
    found = []
    for piece in range(1, count):
        ys, xs = np.nonzero((pieces == piece) & (parse == ID["face"]))
        if len(xs):
            # The middle of a face may be glasses; a pixel of the face is surely on the person.
            middle = int(np.argmin(np.hypot(xs - xs.mean(), ys - ys.mean())))
            found.append((len(xs), (xs[middle], ys[middle])))
    least = LEAST_FACE * max((area for area, _ in found), default=0)
    return [(float(px), float(py), area**0.5) for area, (px, py) in found if area >= least]


def _human(folder: Path) -> Parser:
    from core.vision.parsing import HumanParser

    return HumanParser(folder)


def _schp(folder: Path) -> Parser:
    from core.vision.schp import SchpParser

    return SchpParser(folder)


def _segformer(folder: Path) -> Parser:
    from core.vision.segformer import SegformerParser

    return SegformerParser(folder)


def _openpose(folder: Path) -> Pose:
    from core.vision.openpose import OpenPose

    return OpenPose(folder / "body_pose_model.pth")


PARSERS: dict[str, Callable[[Path], Parser]] = {
    EMBEDDED: _human,
    "schp-parsing": _schp,
    "segformer-b2-clothes": _segformer,
}
"""What loads each parser, by the name of its checkpoint, from the folder of its files."""

POSES: dict[str, Callable[[Path], Pose] | None] = {GEOMETRY: None, "openpose-body": _openpose}
"""The same for pose models; None needs no checkpoint."""


def body_finder(parser: str = EMBEDDED, pose: str = GEOMETRY) -> BodyFinder:
    """A parser and a pose model, loaded once and kept; at most two pairs.

    Args:
        parser: a name from `PARSERS`.
        pose: a name from `POSES`.

    Raises:
        CheckpointMissing: there is none of this name, or its files are not on this machine.
    """
    for name, known in ((parser, PARSERS), (pose, POSES)):
        if name not in known:
            raise CheckpointMissing(f"There is no “{name}”. Choose one of: {', '.join(known)}.")
    load = POSES[pose]
    return _loaded(parser, _folder(parser), pose, None if load is None else _folder(pose))


@lru_cache(maxsize=2)
def _loaded(parser: str, parser_at: Path, pose: str, pose_at: Path | None) -> BodyFinder:
    load = POSES[pose]
    found: Pose = GeometryPose() if load is None or pose_at is None else load(pose_at)
    return BodyFinder(PARSERS[parser](parser_at), found, f"{parser}, {pose}")


def _folder(name: str) -> Path:
    """The folder of a checkpoint's files.

    Raises:
        CheckpointMissing: some are not there.
    """
    found = status(name)
    if found.state != "present":
        how = (
            f"Run: python scripts/checkpoints.py pull {name}"
            if found.checkpoint.repo
            else "Restore its folder from the repository."
        )
        raise CheckpointMissing(
            f"{found.checkpoint.title} is not on this machine: {found.root.name}/"
            f"{found.missing[0]} is missing. {how}"
        )
    return (found.root / found.checkpoint.files[0].split("|")[0]).parent
