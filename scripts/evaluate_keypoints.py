"""Score the body points that `core.vision.keypoints` reads from body maps.

Exactly, on rendered people whose joints are known: the share of points within 10 % and 20 % of the
torso's length (PCK@0.1, PCK@0.2), on the demo models and on people rendered at random with other
builds, poses and clothes. By consistency, on photos with labels (DIR is like Clothing Co-Parsing:
`photos/`, `labels/`, `labels.json`): whether the points lie on what they belong to. The points come
from the labels, or with --parser from the parser's own map of the photo; they are held against the
labels either way. Distances are shares of the figure's height.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cv2
import numpy as np

from core.errors import CatalogError, FashionError, NoPersonError
from core.tryon.people import (
    ANKLES,
    ELBOWS,
    HIPS,
    KNEES,
    NECK,
    PEOPLE_DIR,
    SHOULDERS,
    WRISTS,
    open_person,
    people,
)
from core.vision.atr import ID
from core.vision.images import open_image
from core.vision.keypoints import NAMES, keypoints
from scripts.command import run
from scripts.parser_data import photo_names, read_label, read_names
from scripts.parser_labels import class_table, divide
from scripts.reports import write_json

BODY = range(1, 14)
"""The points below the head."""

BONES = ((0, 1), (1, 2), (2, 3), (3, 4), (1, 5), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11),
         (11, 12), (12, 13))  # fmt: skip

NEAR = 0.05
"""How far a point may be from what it belongs to, as a share of the figure's height."""

ARM_PARTS = ("left_arm", "right_arm")
SLEEVES = (*ARM_PARTS, "upper_clothes", "dress", "scarf", "bag")
LEG_PARTS = ("left_leg", "right_leg", "pants", "skirt", "dress", "upper_clothes")
FOOT_PARTS = ("left_leg", "right_leg", "pants", "left_shoe", "right_shoe", "skirt", "dress")

Known = tuple[np.ndarray, np.ndarray]
"""A body map and the 18 points (x, y) that are true of it."""


def demo_people(directory: Path) -> Iterator[Known]:
    """The demo models.

    Raises:
        CatalogError: there are none.
    """
    listed = people(directory)
    if not listed:
        raise CatalogError(f"{directory} holds no models.json with demo models.")
    for entry in listed:
        person = open_person(entry)
        yield person.parse, person.keypoints


def random_people(count: int, seed: int) -> Iterator[Known]:
    """People rendered with builds, poses and clothes drawn at random, wider than the demo's."""
    from scripts.demo.people import PEOPLE, render_person

    rng = np.random.default_rng(seed)
    for _ in range(count):
        wide = rng.uniform(72, 112)
        arms = rng.uniform(0.02, 1.0, 2)
        fore = np.clip(arms + rng.uniform(-0.9, 0.5, 2), -0.5, 1.4)
        person = replace(
            PEOPLE[rng.integers(len(PEOPLE))],
            shoulder=wide,
            chest=wide * rng.uniform(0.78, 0.88),
            waist=wide * rng.uniform(0.6, 0.85),
            hip=wide * rng.uniform(0.75, 1.1),
            limb=rng.uniform(0.85, 1.3),
            head_y=rng.uniform(30, 130),
            arms=(arms[0], arms[1]),
            fore=(fore[0], fore[1]),
            stance=tuple(rng.uniform(0, 0.22, 2)),
            shift=rng.uniform(-12, 12),
            tilt=rng.uniform(-0.15, 0.15),
            sleeve=str(rng.choice(["short", "long", "sleeveless"])),
            legs=str(rng.choice(["long", "straight", "knee", "short"])),
            seed=int(rng.integers(1_000_000)),
        )
        _, parse, points = render_person(person, scale=1)
        yield parse, np.array(points)


def pck(known: Iterable[Known]) -> dict[str, dict[str, float]]:
    """For each point and for the body's 13: the share within 10 % and 20 % of the torso.

    The torso reaches from the neck to the middle of the hips. A point that is not found counts as
    wrong.
    """
    errors = []
    for parse, truth in known:
        torso = np.linalg.norm(truth[NECK] - truth[list(HIPS)].mean(axis=0))
        error = np.linalg.norm(keypoints(parse)[:, :2] - truth, axis=1) / torso
        errors.append(np.nan_to_num(error, nan=np.inf))
    table = np.array(errors)
    rows = {name: table[:, i] for i, name in enumerate(NAMES)}
    rows["body"] = table[:, BODY].ravel()
    return {
        name: {"0.1": round(float((e <= 0.1).mean()), 4), "0.2": round(float((e <= 0.2).mean()), 4)}
        for name, e in rows.items()
    }


def consistent(points: np.ndarray, parse: np.ndarray) -> dict[str, list[bool]]:
    """For each check, whether each point that was found passes it.

    Args:
        points: (18, 3) as `keypoints` gives them.
        parse: (height, width) the body map to hold them against.
    """
    rows = np.flatnonzero((parse > 0).any(axis=1))
    height = rows[-1] - rows[0] + 1

    def on(numbers: tuple[int, int], parts: tuple[str, ...], within: float) -> list[bool]:
        mask = np.isin(parse, [ID[part] for part in parts])
        away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
        return [bool(mask.any() and away[y, x] <= within * height) for x, y in _places(numbers)]

    def _places(numbers: tuple[int, int]) -> list[tuple[int, int]]:
        return [(int(points[n, 0]), int(points[n, 1])) for n in numbers if points[n, 2] > 0]

    def at_top(numbers: tuple[int, int]) -> list[bool]:
        cover = np.isin(parse, [ID[p] for p in (*SLEEVES, "neck")])
        passed = []
        for x, y in _places(numbers):
            column = np.flatnonzero(cover[:, x])
            passed.append(bool(len(column) and abs(y - column[0]) <= NEAR * height))
        return passed

    arms = [np.linalg.norm(points[e, :2] - points[s, :2])
            for s, e in zip(SHOULDERS, ELBOWS, strict=True)]  # fmt: skip
    seen = points[[*SHOULDERS, *HIPS], 2] > 0
    across = points[[SHOULDERS[1], HIPS[1]], 0] - points[[SHOULDERS[0], HIPS[0]], 0]
    return {
        "wrist_near_arm": on(WRISTS, ARM_PARTS, NEAR),
        "elbow_on_arm_or_sleeve": on(ELBOWS, SLEEVES, 0.01),
        "shoulder_at_garment_top": at_top(SHOULDERS),
        "knee_on_leg": on(KNEES, LEG_PARTS, 0.01),
        "ankle_on_leg_or_shoe": on(ANKLES, FOOT_PARTS, 0.02),
        "shoulders_and_hips_in_order": [bool(across[0] * across[1] > 0)] if seen.all() else [],
        "upper_arms_alike": [bool(min(arms) > 0.6 * max(arms))] if np.isfinite(arms).all() else [],
    }


def labelled(directory: Path, ids: set[str] | None) -> Iterator[tuple[str, np.ndarray]]:
    """Name and body map of each labelled photo of a folder like Clothing Co-Parsing.

    Raises:
        CatalogError: the folder or a label file is not as expected.
    """
    names = read_names(directory)
    table = class_table(names)
    for name in photo_names(directory):
        if ids is None or name in ids:
            yield name, divide(table[read_label(directory, name, len(names))])


def evaluate(
    directory: Path,
    ids: set[str] | None = None,
    parser: Path | None = None,
    sheet: "Sheet | None" = None,
) -> dict[str, float | int]:
    """Shares of the found points that pass each check, and of the points that are found.

    Args:
        directory: photos with labels.
        ids: the photos to look at; all if None.
        parser: directory of the parser that makes the maps; the labels are the maps if None.
        sheet: collects drawings.

    Raises:
        CatalogError, CheckpointMissing: as `labelled` and `core.vision.parsing.HumanParser`.
    """
    if parser is not None:
        from core.vision.parsing import HumanParser

        model = HumanParser(parser)
    passed: dict[str, list[bool]] = {}
    found, sure, count, nobody = np.zeros(18), np.zeros(18), 0, 0
    for name, truth in labelled(directory, ids):
        photo = directory / "photos" / f"{name}.jpg"
        image = None
        if parser is not None or sheet is not None:
            image = open_image(photo).resize(truth.shape[::-1])
        count += 1
        try:
            points = keypoints(truth if parser is None else model.parse(image))
        except NoPersonError:
            nobody += 1
            continue
        found += points[:, 2] > 0
        sure += points[:, 2] >= 0.5
        for check, values in consistent(points, truth).items():
            passed.setdefault(check, []).extend(values)
        if sheet is not None and image is not None:
            sheet.add(name, np.asarray(image), points)
    if not count:
        raise CatalogError(f"None of the photos asked for is in {directory}.")
    out: dict[str, float | int] = {"photos": count, "without_a_person": nobody}
    out |= {check: round(float(np.mean(v)), 4) for check, v in passed.items() if v}
    for i in BODY:
        out[f"found: {NAMES[i]}"] = round(float(found[i] / count), 4)
        out[f"score at least 0.5: {NAMES[i]}"] = round(float(sure[i] / count), 4)
    return out


class Sheet:
    """A contact sheet of photos with their skeletons: the person's right orange, left blue."""

    WIDE, HIGH, COLUMNS, MOST = 200, 512, 10, 40

    def __init__(self) -> None:
        self.tiles: list[np.ndarray] = []

    def add(self, name: str, photo: np.ndarray, points: np.ndarray) -> None:
        """Draw one more photo; those beyond `MOST` are left out."""
        if len(self.tiles) == self.MOST:
            return
        scale = self.HIGH / photo.shape[0]
        drawn = cv2.resize(photo, None, fx=scale, fy=scale)
        places = np.nan_to_num(points[:, :2] * scale).astype(int).tolist()
        for a, b in BONES:
            if points[a, 2] > 0 and points[b, 2] > 0:
                tone = (255, 140, 0) if "right" in NAMES[b] else (0, 110, 255)
                cv2.line(drawn, places[a], places[b], tone, 2, cv2.LINE_AA)
        for place, score in zip(places, points[:, 2], strict=True):
            if score > 0:
                tone = (0, 220, 0) if score >= 0.5 else (255, 60, 60)
                cv2.circle(drawn, place, 3, tone, -1, cv2.LINE_AA)
        middle = int(np.nanmean(points[:, 0]) * scale)
        left = int(np.clip(middle - self.WIDE // 2, 0, max(0, drawn.shape[1] - self.WIDE)))
        tile = np.full((self.HIGH, self.WIDE, 3), 255, np.uint8)
        part = drawn[:, left : left + self.WIDE]
        tile[:, : part.shape[1]] = part
        cv2.putText(tile, name, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 0, 0), 1)
        self.tiles.append(tile)

    def write(self, file: Path) -> None:
        """Save the sheet as a picture."""
        blank = np.full((self.HIGH, self.WIDE, 3), 255, np.uint8)
        rows = [self.tiles[i : i + self.COLUMNS] for i in range(0, len(self.tiles), self.COLUMNS)]
        whole = [np.hstack(row + [blank] * (self.COLUMNS - len(row))) for row in rows]
        if not cv2.imwrite(str(file), np.vstack(whole)[:, :, ::-1]):
            raise CatalogError(f"The sheet cannot be written to {file}. Use .png in a folder.")


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 2 after a sentence on stderr."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder with photos/, labels/, labels.json")
    parser.add_argument("--models", type=Path, default=PEOPLE_DIR, help="the demo models' folder")
    parser.add_argument("--rendered", type=int, default=100, help="people to render at random")
    parser.add_argument("--parser", type=Path, help="parser directory that makes the body maps")
    parser.add_argument("--ids", type=Path, help="file of photo names to look at, one a line")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    parser.add_argument("--sheet", type=Path, help="contact sheet of up to 40 photos to write")
    args = parser.parse_args(argv)
    try:
        scores: dict[str, object] = {"demo_models": pck(demo_people(args.models))}
        if args.rendered:
            scores["rendered"] = pck(random_people(args.rendered, seed=0))
        if args.data:
            ids = set(args.ids.read_text().split()) if args.ids else None
            sheet = Sheet() if args.sheet else None
            scores["photos"] = evaluate(args.data, ids, args.parser, sheet)
            if sheet is not None:
                sheet.write(args.sheet)
        write_json(scores, args.json)
    except (FashionError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    _show(scores)
    return 0


def _show(scores: dict[str, object]) -> None:
    for title, table in scores.items():
        print(title)
        assert isinstance(table, dict)
        for name, value in table.items():
            if isinstance(value, dict):
                value = f"PCK@0.1 {value['0.1']:.3f}  PCK@0.2 {value['0.2']:.3f}"
            print(f"  {name:<40} {value}")


if __name__ == "__main__":
    run(main)
