"""Score the garment cut-out on garments of known outline, on plain, graded and busy ground.

Garments are RGBA cut-outs (``images/*.webp`` of VISUELLE); each is composited on one ground of
every kind and cut out as the try-on does. Busy grounds are real photos: a folder like Clothing
Co-Parsing (``photos/``, ``labels/``; people are replaced by what is around them), like the clothing
data set (``images/``; one corner, mirrored), or of plain photos. Where a folder holds photos named
in the checkpoint's ``held_out.txt``, only those are used: the others were grounds in training.

IoU compares alpha above one half. Boundary F is the harmonic mean of the shares of either outline
that lie within 2 px of the other at a photo height of 400 px (scaled with the photo). A photo that
is refused counts as 0 in both.
"""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cv2
import numpy as np
from PIL import Image

from core.checkpoints import best_cutout
from core.errors import CatalogError, CheckpointMissing, FashionError, TryOnError
from core.tryon.cutout import matte
from core.vision.images import open_cutout, open_image
from scripts.command import run
from scripts.cutout_data import corner_ground, covering, street_ground, street_names
from scripts.reports import line, means, names_in, write_json

GROUNDS = ("plain", "gradient", "busy")
PLAIN = ((255, 255, 255), (247, 247, 247), (228, 228, 228), (176, 178, 180), (244, 232, 226),
         (222, 234, 240), (226, 238, 222), (240, 228, 242))  # fmt: skip
NOISE = 0.8
"""Of the camera, on every photo (levels of 255)."""


def iou(found: np.ndarray, truth: np.ndarray) -> float:
    """Overlap of two masks over their union; 1 where both are empty."""
    either = (found | truth).sum()
    return float((found & truth).sum() / either) if either else 1.0


def boundary_f(found: np.ndarray, truth: np.ndarray) -> float:
    """Agreement of two masks' outlines, 0 to 1; see the top of this file for the tolerance."""
    tolerance = 2 * truth.shape[0] / 400
    one, other = _outline(found), _outline(truth)
    if not one.any() or not other.any():
        return float(not one.any() and not other.any())
    precision = float((_distance_to(other)[one] <= tolerance).mean())
    recall = float((_distance_to(one)[other] <= tolerance).mean())
    return 2 * precision * recall / max(precision + recall, 1e-9)


def _outline(mask: np.ndarray) -> np.ndarray:
    padded = np.pad(mask.astype(np.uint8), 1)
    return mask & (cv2.erode(padded, np.ones((3, 3), np.uint8))[1:-1, 1:-1] == 0)


def _distance_to(mask: np.ndarray) -> np.ndarray:
    return cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def read_garments(folder: Path, most: int, seed: int) -> list[tuple[str, np.ndarray]]:
    """RGBA garments (uint8) with their file names, drawn by `seed`.

    Raises:
        CatalogError: the folder has no pictures with transparency.
    """
    images = folder / "images" if (folder / "images").is_dir() else folder
    paths = sorted(p for p in images.glob("*") if p.suffix.lower() in (".webp", ".png"))
    found: list[tuple[str, np.ndarray]] = []
    for i in np.random.default_rng(seed).permutation(len(paths)):
        rgb, alpha = open_cutout(paths[i])
        if alpha is None:
            continue
        # The colour itself, not as it looks on white.
        with Image.open(paths[i]) as opened:
            rgb = opened.convert("RGBA").convert("RGB")
        found.append((paths[i].name, np.dstack([np.asarray(rgb), np.asarray(alpha)])))
        if len(found) == most:
            return found
    if not found:
        raise CatalogError(f"{images} holds no WebP or PNG pictures with transparency.")
    return found


def photo_grounds(folders: list[Path], listed: set[str]) -> list[tuple[Path, str, str]]:
    """The photos to use as ground: folder, file name and kind (street, corner or whole).

    Raises:
        CatalogError: a folder holds no photos.
    """
    found: list[tuple[Path, str, str]] = []
    for folder in folders:
        if (folder / "labels").is_dir():
            kind, names = "street", street_names(folder)
        else:
            kind = "corner" if (folder / "images").is_dir() else "whole"
            inner = folder / "images" if kind == "corner" else folder
            names = sorted(
                p.name for p in inner.glob("*")
                if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp")
            )  # fmt: skip
        if not names:
            raise CatalogError(f"{folder} holds no photos.")
        unseen = [name for name in names if name in listed]
        found += [(folder, name, kind) for name in unseen or names]
    return found


def busy_ground(
    source: tuple[Path, str, str], size: tuple[int, int], rng: np.random.Generator
) -> np.ndarray:
    """A photographic ground of `size` (height, width): (height, width, 3) uint8."""
    folder, name, kind = source
    if kind == "street":
        return covering(street_ground(folder, name), size, rng)
    if kind == "corner":
        return covering(corner_ground(np.asarray(open_image(folder / "images" / name)), rng),
                        size, rng)  # fmt: skip
    return covering(np.asarray(open_image(folder / name)), size, rng)


def laid(piece: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A garment on a portrait canvas (3:4) of which it fills four fifths one way: RGBA uint8."""
    rows, columns = np.nonzero(piece[..., 3] > 127)
    piece = piece[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    h, w = piece.shape[:2]
    height = round(max(h / 0.8, w / 0.8 / 0.75))
    width = round(0.75 * height)
    out = np.zeros((height, width, 4), np.uint8)
    top = round((height - h) * rng.uniform(0.3, 0.7))
    left = round((width - w) * rng.uniform(0.3, 0.7))
    out[top : top + h, left : left + w] = piece
    return out


def composed(
    garment: np.ndarray,
    kind: str,
    sources: list[tuple[Path, str, str]],
    rng: np.random.Generator,
) -> Image.Image:
    """A garment (RGBA canvas) on a ground of a kind, with the noise of a camera."""
    height, width = garment.shape[:2]
    alpha = garment[..., 3:].astype(np.float32) / 255
    first = np.array(PLAIN[rng.integers(len(PLAIN))], np.float32)
    if kind == "busy":
        source = sources[rng.integers(len(sources))]
        ground = busy_ground(source, (height, width), rng).astype(np.float32)
    else:
        ground = np.broadcast_to(first, (height, width, 3))
    if kind == "gradient":
        # Two colours, the corners darker, and a soft shadow below.
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        x, y = x / width - 0.5, y / height - 0.5
        turn = rng.uniform(0, 2 * np.pi)
        mix = (x * np.cos(turn) + y * np.sin(turn)) / 1.4 + 0.5
        second = np.clip(first + rng.uniform(-60, 20, 3), 0, 255)
        ground = first + mix[..., None] * (second - first)
        ground = ground * (1 - rng.uniform(0.1, 0.35) * 2 * (x**2 + y**2))[..., None]
    if kind == "gradient" or (kind == "busy" and rng.random() < 0.5):
        reach = 0.015 * height
        thrown = cv2.warpAffine(alpha[..., 0], np.array([[1, 0, reach / 2], [0, 1, reach]]),
                                (width, height))  # fmt: skip
        thrown = cv2.GaussianBlur(thrown, (0, 0), reach)
        ground = ground * (1 - rng.uniform(0.15, 0.4) * thrown)[..., None]
    photo = garment[..., :3] * alpha + ground * (1 - alpha)
    photo = photo + rng.normal(0, NOISE, photo.shape)
    return Image.fromarray(np.clip(np.round(photo), 0, 255).astype(np.uint8))


def evaluate(
    garments: list[tuple[str, np.ndarray]],
    sources: list[tuple[Path, str, str]],
    seed: int,
    sheet: Path | None = None,
    kinds: tuple[str, ...] = GROUNDS,
) -> dict[str, float | int | str]:
    """Scores 0..1 a ground, with 90 % bootstrap intervals over garments (``_low``, ``_high``)."""
    scores: dict[str, float | int | str] = {"n": len(garments)}
    shown: dict[str, list[np.ndarray]] = {kind: [] for kind in kinds}
    for kind in kinds:
        values, methods, seconds = [], Counter[str](), []
        for number, (_, piece) in enumerate(garments):
            rng = np.random.default_rng([seed, number, GROUNDS.index(kind)])
            canvas = laid(piece, rng)
            photo = composed(canvas, kind, sources, rng)
            truth = canvas[..., 3] > 127
            began = time.perf_counter()
            try:
                alpha, method = matte(photo)
            except TryOnError:
                alpha, method = np.zeros(truth.shape, np.float32), "refused"
            seconds.append(time.perf_counter() - began)
            methods[method] += 1
            if alpha.shape != truth.shape:
                alpha = cv2.resize(alpha, truth.shape[::-1], interpolation=cv2.INTER_AREA)
            values.append((iou(alpha > 0.5, truth), boundary_f(alpha > 0.5, truth)))
            if sheet:
                shown[kind].append(_tile(np.asarray(photo), alpha))
        table = np.array(values)
        for column, name in enumerate(("iou", "boundary_f")):
            scores |= means({f"{kind}_{name}": table[:, column]}, seed)
            scores[f"{kind}_{name}_median"] = round(float(np.median(table[:, column])), 4)
        scores |= {f"{kind}_{name}": count for name, count in sorted(methods.items())}
        scores[f"{kind}_seconds"] = round(float(np.median(seconds)), 3)
    if sheet:
        rows = [np.hstack(tiles[i : i + 10]) for tiles in shown.values()
                for i in range(0, len(tiles) - 9, 10)]  # fmt: skip
        if rows:
            Image.fromarray(np.vstack(rows)).save(sheet)
    return scores


def _tile(photo: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The photo, and what was cut from it on magenta, side by side."""
    cut = photo * alpha[..., None] + np.array([255, 0, 255]) * (1 - alpha[..., None])
    both = np.hstack([photo, cut.astype(np.uint8)])
    return cv2.resize(both, (180, 120), interpolation=cv2.INTER_AREA)


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 2 after a sentence on stderr."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--visuelle", type=Path, required=True, help="folder with images/*.webp")
    parser.add_argument("--backgrounds", type=Path, nargs="+", required=True,
                        help="folders of photos for the busy grounds")  # fmt: skip
    parser.add_argument("--json", type=Path, help="file to write the scores to")
    parser.add_argument("--sheet", type=Path, help="PNG to draw photos and cut-outs into")
    parser.add_argument("--most", type=int, default=60, help="garments to score")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--grounds", nargs="+", choices=GROUNDS, default=GROUNDS)
    args = parser.parse_args(argv)
    try:
        try:
            listed = names_in(best_cutout() / "held_out.txt")
        except CheckpointMissing as error:
            print(f"{error} Scoring without the network.", file=sys.stderr)
            listed = set()
        sources = photo_grounds(args.backgrounds, listed)
        garments = read_garments(args.visuelle, args.most, args.seed)
        scores = evaluate(garments, sources, args.seed, args.sheet, tuple(args.grounds))
        write_json(scores, args.json)
    except (FashionError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{scores['n']} garments on each ground (90 % intervals by bootstrap)")
    for kind in args.grounds:
        for name in ("iou", "boundary_f"):
            key = f"{kind}_{name}"
            print(line(scores, key, f"median {scores[f'{key}_median']:.3f}"))
        print(
            f"  {kind}: refused {scores.get(f'{kind}_refused', 0)}, by the network"
            f" {scores.get(f'{kind}_network', 0)}, {scores[f'{kind}_seconds']:.2f} s a photo"
        )
    return 0


if __name__ == "__main__":
    run(main)
