"""Score the try-on preview on rendered people, where the truth is known.

    python scripts/evaluate_preview.py [--people 4] [--scale 1] [--json FILE] [--sheet FILE.png]

The same garment is rendered as a product photo, on a ``form`` and laid ``flat``, and worn by each
person (`scripts.preview_truth`); the preview puts the photo on the person in the base outfit.
Scored inside the box around all that the truth changes, against the truth:

- ``ssim``: structural similarity on luminance (Wang et al. 2004, Gaussian of 1.5 px), higher is
  better;
- ``ms_ssim``: the same at five scales (Wang, Simoncelli and Bovik 2003), which does not ask that a
  stripe falls on the same pixel;
- ``gmsd``: gradient magnitude similarity deviation (Xue et al. 2014), lower is better;
- ``clip``: 1 minus the cosine of the embedded CLIP's vectors of the two boxes, lower is better; a
  perceptual distance only as far as that small network sees.

Beside it ``paste``: the same cut-out scaled to the body and laid over it, and ``none``: the
person unchanged. ``exact`` uses the rendered body map and joints, ``predicted`` those that the
embedded parser and geometry find. ``gain`` is the preview's score less the paste's, pair by pair.
Intervals are 90 % bootstrap ranges over pairs. The constants of `core.tryon.fit` were chosen on the
eight people that ``--people 4`` leaves out.
"""

import argparse
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cv2
import numpy as np
from PIL import Image

from core.checkpoints import best_clip, best_parser
from core.errors import FashionError
from core.tryon.cutout import Cutout, cut_out
from core.tryon.engine import CATEGORIES
from core.tryon.people import HIPS, KNEES, NECK, Person
from core.tryon.preview import PreviewEngine
from core.vision.clip import ClipEncoder
from core.vision.keypoints import keypoints
from core.vision.parsing import HumanParser
from scripts.command import run
from scripts.demo.people import PEOPLE, render_person
from scripts.preview_truth import GARMENTS, PHOTOS, product_photo, worn
from scripts.reports import line, means, write_json

METRICS = ("ssim", "ms_ssim", "gmsd", "clip")
NAMES = ("preview_exact", "preview_predicted", "paste", "none", "gain_exact", "gain_predicted")


SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the scales of ``ms_ssim``, finest first (Wang, Simoncelli and Bovik 2003)."""


def ssim(one: np.ndarray, other: np.ndarray) -> float:
    """Mean structural similarity of two RGB pictures, -1 to 1 (Wang et al. 2004)."""
    light, shape = _similarities(_grey(one), _grey(other))
    return float((light * shape).mean())


def ms_ssim(one: np.ndarray, other: np.ndarray) -> float:
    """Structural similarity over five scales, 0 to 1 (Wang, Simoncelli and Bovik 2003).

    Each scale halves the one before; lightness counts at the coarsest alone.
    """
    a, b = _grey(one), _grey(other)
    product = 1.0
    for scale, weight in enumerate(SCALE_WEIGHTS):
        light, shape = _similarities(a, b)
        last = scale == len(SCALE_WEIGHTS) - 1
        product *= max(float(((light * shape) if last else shape).mean()), 0.0) ** weight
        a, b = (cv2.resize(p, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for p in (a, b))
    return product


def _grey(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float64)


def _similarities(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Similarity of lightness, and of contrast and structure, at every pixel."""
    blur = lambda p: cv2.GaussianBlur(p, (11, 11), 1.5)  # noqa: E731
    mean_a, mean_b = blur(a), blur(b)
    var_a, var_b = blur(a * a) - mean_a**2, blur(b * b) - mean_b**2
    both = blur(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    light = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    return light, (2 * both + c2) / (var_a + var_b + c2)


def gmsd(one: np.ndarray, other: np.ndarray) -> float:
    """Gradient magnitude similarity deviation, 0 for equal pictures (Xue et al. 2014)."""
    slopes = []
    for picture in (one, other):
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
        half = cv2.blur(grey, (2, 2))[::2, ::2]
        kernel = np.array([[1, 0, -1]] * 3, np.float32) / 3
        slopes.append(np.hypot(cv2.filter2D(half, -1, kernel), cv2.filter2D(half, -1, kernel.T)))
    similar = (2 * slopes[0] * slopes[1] + 170) / (slopes[0] ** 2 + slopes[1] ** 2 + 170)
    return float(similar.std())


def paste(person: Person, garment: Cutout, category: str) -> np.ndarray:
    """The baseline: the cut-out scaled to the body, upright, over everything.

    Tops reach from neck to hips, dresses to the knees; a waistband is as wide as the hips, twice
    the distance of their joints, since its length says nothing of the body's.
    """
    points = person.keypoints
    hip = points[list(HIPS)].mean(axis=0)
    rows, columns = np.nonzero(garment.alpha > 0.5)
    if category == "lower_body":
        top = points[NECK] + 0.75 * (hip - points[NECK])
        band = columns[rows < rows.min() + 0.05 * np.ptp(rows)]
        factor = 2 * float(np.ptp(points[list(HIPS), 0])) / max(float(np.ptp(band)), 1.0)
    else:
        top = points[NECK]
        low = hip if category == "upper_body" else points[list(KNEES)].mean(axis=0)
        factor = float(low[1] - top[1]) / max(float(np.ptp(rows)), 1.0)
    middle = (columns.min() + columns.max()) / 2
    move = np.array([[factor, 0, hip[0] - factor * middle],
                     [0, factor, top[1] - factor * rows.min()]], np.float32)  # fmt: skip
    size = person.parse.shape[::-1]
    pixels = cv2.warpAffine(garment.pixels, move, size, flags=cv2.INTER_AREA).astype(np.float32)
    alpha = cv2.warpAffine(garment.alpha, move, size)[..., None]
    return np.round(person.pixels * (1 - alpha) + pixels * alpha).astype(np.uint8)


def box_of(changed: np.ndarray, margin: float = 0.02) -> tuple[slice, slice]:
    """Rows and columns around what is true, with a margin in heights of the picture."""
    rows, columns = np.nonzero(changed)
    rim = round(margin * changed.shape[0])
    return (
        slice(max(0, rows.min() - rim), rows.max() + rim + 1),
        slice(max(0, columns.min() - rim), columns.max() + rim + 1),
    )


def evaluate(
    count: int, scale: int, sheet: Path | None = None
) -> dict[str, float | int | list[str]]:
    """Scores against the truth: ``category_photo_picture_metric``, with range, count and worst."""
    engine, parser, clip = PreviewEngine(), HumanParser(best_parser()), ClipEncoder(best_clip())
    cuts = {
        (g.name, photo): cut_out(Image.fromarray(product_photo(g, photo)))
        for g in GARMENTS
        for photo in PHOTOS
    }
    values: dict[str, list[float]] = {}
    refused: list[str] = []
    rows = []
    for figure in PEOPLE[:: max(1, len(PEOPLE) // count)][:count]:
        pixels, parse, points = render_person(figure, scale)
        exact = Person(figure.id, figure.title, pixels, parse, np.array(points, np.float32))
        found = parser.parse(Image.fromarray(pixels))
        known = {"exact": exact, "predicted": replace(exact, parse=found,
                 keypoints=keypoints(found)[:, :2])}  # fmt: skip
        for garment in GARMENTS:
            truth, place = worn(figure, garment, scale)
            differs = np.abs(truth.astype(int) - pixels).max(axis=2) > 12
            box = box_of(place | differs)
            target = clip.images([Image.fromarray(truth[box])])[0]
            shown = [pixels, truth]
            for photo in PHOTOS:
                cut, category = cuts[garment.name, photo], garment.category
                pictures = {"none": pixels, "paste": paste(exact, cut, category)}
                for kind, person in known.items():
                    try:
                        made = engine.run(engine.prepare(person, cut, category))[0]
                    except FashionError as error:
                        refused.append(f"{figure.id}, {garment.name}, {photo}, {kind}: {error}")
                        continue
                    pictures[f"preview_{kind}"] = made
                scores = {}
                for name, picture in pictures.items():
                    vector = clip.images([Image.fromarray(picture[box])])[0]
                    pair = picture[box], truth[box]
                    measured = ssim(*pair), ms_ssim(*pair), gmsd(*pair), 1 - float(vector @ target)
                    scores[name] = np.array(measured)
                for kind in known:
                    if f"preview_{kind}" in scores:
                        scores[f"gain_{kind}"] = scores[f"preview_{kind}"] - scores["paste"]
                for name, measured in scores.items():
                    for metric, value in zip(METRICS, measured.tolist(), strict=True):
                        key = f"{category}_{photo}_{name}_{metric}"
                        values.setdefault(key, []).append(value)
                shown += [pictures.get(name, np.zeros_like(pixels)) for name in NAMES[:3]]
            rows.append(shown)
        print(f"{figure.id}: {len(GARMENTS)} garments, {len(PHOTOS)} photos each", flush=True)
    if sheet:
        whole = [np.hstack([p[::3, ::3] for p in row]) for row in rows]
        Image.fromarray(np.vstack(whole)).save(sheet)
    scores = means({name: np.array(found) for name, found in sorted(values.items())})
    for name, found in values.items():
        scores[f"{name}_n"] = len(found)
        scores[f"{name}_worst"] = round(min(found) if name.endswith("ssim") else max(found), 4)
    return {**scores, "refused": refused}


def main(argv: list[str] | None = None) -> int:
    """Print the scores; 0 where all could be made."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--people", type=int, default=4, help="rendered people, up to 12")
    arguments.add_argument("--scale", type=int, default=1, help="fineness of the renderings")
    arguments.add_argument("--json", type=Path)
    arguments.add_argument(
        "--sheet",
        type=Path,
        help="person, truth; for each photo preview (exact, predicted), paste",
    )
    chosen = arguments.parse_args(argv)
    scores = evaluate(chosen.people, chosen.scale, chosen.sheet)
    for category, photo, metric in product(CATEGORIES, PHOTOS, METRICS):
        print(f"{category}, photo {photo}, {metric}")
        for name in NAMES:
            key = f"{category}_{photo}_{name}_{metric}"
            if key in scores:
                note = f"worst {scores[f'{key}_worst']:.3f}, n {scores[f'{key}_n']}"
                print(line({**scores, **{name + end: scores[key + end] for end in
                            ("", "_low", "_high")}}, name, note))  # fmt: skip
    for sentence in scores["refused"]:
        print("refused:", sentence)
    write_json(scores, chosen.json)
    return 0


if __name__ == "__main__":
    run(main)
