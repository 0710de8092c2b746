"""Score a human parser on street photos with labels, and write its body maps.

DIR is like Clothing Co-Parsing: `photos/`, `labels/`, `labels.json`, `classes12.json`. Without
`labels/` the body maps are written and nothing is scored. A checkpoint that was trained on part of
DIR (it has a `held_out.txt` that names photos of DIR) is scored on the photos that it has not seen.
All pixels of all photos go into one table of counts; intervals are by bootstrap over photos.
"""

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from PIL import Image

from core.checkpoints import best_parser
from core.errors import CatalogError, FashionError
from core.vision.atr import ATR
from core.vision.images import open_image
from core.vision.parsing import HumanParser
from scripts.command import run
from scripts.parser_data import photo_names, read_label, read_names
from scripts.parser_labels import class_table, divide
from scripts.reports import DRAWS, interval, line, unseen, write_json

PARTS = {
    "upper_clothes": ("upper_clothes",),
    "dress": ("dress",),
    "skirt": ("skirt",),
    "pants": ("pants",),
    "arms": ("left_arm", "right_arm"),
    "legs": ("left_leg", "right_leg"),
    "hair": ("hair",),
    "face": ("face",),
}
"""Parts that are scored by themselves, left and right as one."""

SIDED = ("left_arm", "right_arm", "left_leg", "right_leg", "left_shoe", "right_shoe")

MEANING = {
    "miou_12": "mean over the 12 classes present, of intersection over union",
    "pixel_accuracy": "share of pixels of the right class of the 12",
    **{f"iou_{part}": "" for part in PARTS},
    "miou_sides": "mean IoU of left and right arm, leg and shoe, each side by itself",
}


def read_classes(directory: Path, names: list[str]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """The 12 scored classes, and the class of each label id and of each body map id.

    Raises:
        CatalogError: `classes12.json` is missing, damaged or incomplete.
    """
    file = directory / "classes12.json"
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        classes = found["classes"]
        # A name that the file leaves out is of no class of clothes: background.
        labels = [classes.index(found["ccp"].get(name, classes[0])) for name in names]
        parts = [classes.index(name) for name in found["atr"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CatalogError(f"{file} is missing or damaged ({error}).") from error
    if len(parts) != len(ATR):
        raise CatalogError(f"{file} gives a class to {len(parts)} body map ids, not {len(ATR)}.")
    return classes, np.array(labels), np.array(parts)


def confusion(truth: np.ndarray, guess: np.ndarray, classes: int) -> np.ndarray:
    """Counts of pixels, (classes, classes): row is the true class, column the one found."""
    both = truth.ravel().astype(np.int64) * classes + guess.ravel()
    return np.bincount(both, minlength=classes * classes).reshape(classes, classes)


def ious(counts: np.ndarray) -> np.ndarray:
    """IoU of each class from tables (..., k, k); NaN where a class is neither true nor found."""
    own = np.diagonal(counts, axis1=-2, axis2=-1).astype(float)
    union = counts.sum(-1) + counts.sum(-2) - own
    with np.errstate(invalid="ignore"):
        return own / np.where(union > 0, union, np.nan)


def summary(scored: np.ndarray, parts: np.ndarray) -> dict[str, np.ndarray]:
    """Scores from tables of the scored classes (..., k, k) and of body map ids (..., 19, 19).

    A part that is nowhere is 1 IoU of nothing: NaN. Left and right are one part but in the last.
    """
    found = {
        "miou_12": np.nanmean(ious(scored), axis=-1),
        "pixel_accuracy": np.trace(scored, axis1=-2, axis2=-1) / scored.sum((-1, -2)),
    }
    for name, members in PARTS.items():
        ids = [ATR.index(member) for member in members]
        own = parts[..., ids, :][..., ids].sum((-1, -2))
        union = parts[..., ids, :].sum((-1, -2)) + parts[..., ids].sum((-1, -2)) - own
        with np.errstate(invalid="ignore"):
            found[f"iou_{name}"] = own / np.where(union > 0, union, np.nan)
    sides = ious(parts)[..., [ATR.index(name) for name in SIDED]]
    seen = np.isfinite(sides)
    found["miou_sides"] = np.where(seen, sides, 0).sum(-1) / np.where(
        seen.any(-1), seen.sum(-1), np.nan
    )
    return found


def with_intervals(scored: np.ndarray, parts: np.ndarray) -> dict[str, float]:
    """Scores of all photos' tables (n, ...) together, with 90 % bootstrap intervals over photos."""
    rng = np.random.default_rng(0)
    take = rng.multinomial(len(scored), np.full(len(scored), 1 / len(scored)), size=DRAWS)
    drawn = summary(
        np.tensordot(take, scored, axes=1).astype(np.int64),
        np.tensordot(take, parts, axes=1).astype(np.int64),
    )
    scores: dict[str, float] = {}
    for name, value in summary(scored.sum(0), parts.sum(0)).items():
        if np.isfinite(value):
            scores |= interval(name, float(value), drawn[name])
    return scores


def evaluate(
    parser: HumanParser, directory: Path, names: list[str], predictions: Path | None
) -> dict[str, float | int | str]:
    """Parse photos, write their body maps, and score them where there are labels.

    Args:
        parser: the checkpoint.
        directory: like Clothing Co-Parsing; labels may be missing.
        names: the photos, without ending.
        predictions: folder for the body maps (PNG of ids 0..18), or None.

    Raises:
        CatalogError: labels are there but damaged or of another size than their photo.
        ImageError: a photo cannot be read.
    """
    labelled = (directory / "labels").is_dir()
    if labelled:
        labels = read_names(directory)
        classes, label_class, part_class = read_classes(directory, labels)
        table = class_table(labels)
    scored, parts, took = [], [], []
    for i, name in enumerate(names):
        photo = open_image(directory / "photos" / f"{name}.jpg")
        began = time.perf_counter()
        parse = parser.parse(photo)
        took.append(time.perf_counter() - began)
        if predictions:
            Image.fromarray(parse).save(predictions / f"{name}.png")
        if labelled:
            label = read_label(directory, name, len(labels))
            if label.shape != parse.shape:
                raise CatalogError(
                    f"{directory / 'labels' / name}.png is {label.shape[1]} x {label.shape[0]}"
                    f" pixels and its photo {photo.width} x {photo.height}."
                )
            scored.append(confusion(label_class[label], part_class[parse], len(classes)))
            parts.append(confusion(divide(table[label]), parse, len(ATR)))
        if sys.stderr.isatty() or (i + 1) % 30 == 0 or i + 1 == len(names):
            print(
                f"\r{i + 1} of {len(names)} photos, {1000 * np.median(took):.0f} ms each",
                end="" if sys.stderr.isatty() and i + 1 < len(names) else "\n",
                file=sys.stderr,
                flush=True,
            )
    scores: dict[str, float | int | str] = {
        "n": len(names),
        "checkpoint": parser.checkpoint_id,
        "ms_per_image": round(1000 * float(np.median(took)), 1),
    }
    return scores | (with_intervals(np.stack(scored), np.stack(parts)) if labelled else {})


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 2 after a sentence on stderr."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--data", type=Path, required=True, help="folder with photos/, labels/")
    arguments.add_argument("--json", type=Path, help="file to write the scores to")
    arguments.add_argument("--predictions", type=Path, help="folder to write body maps to")
    arguments.add_argument("--checkpoint", type=Path, help="parser directory (default: the best)")
    args = arguments.parse_args(argv)
    try:
        directory = args.checkpoint or best_parser()
        names = unseen(directory, photo_names(args.data), "photos")
        if args.predictions:
            args.predictions.mkdir(parents=True, exist_ok=True)
        scores = evaluate(HumanParser(directory), args.data, names, args.predictions)
        write_json(scores, args.json)
    except (FashionError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{scores['checkpoint']} on {scores['n']} photos, {scores['ms_per_image']:.0f} ms each")
    if "miou_12" not in scores:
        print("There is no labels/ beside the photos: nothing was scored.")
    for name, meaning in MEANING.items():
        if name in scores:
            print(line(scores, name, meaning))
    return 0


if __name__ == "__main__":
    run(main)
