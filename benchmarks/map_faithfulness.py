"""Which map of a photo can be believed: each is taken at its word on photos new to the model.

    python benchmarks/map_faithfulness.py [--catalog data/demo] [--photos 320] [--minutes 60]
        [--models image deep] [--json FILE]

The models are the ridge on CLIP embeddings and the deep model, fitted for each of the last four
seasons on the items before it; the photos are of that season. For each photo and map, patches are
put into the emptied photo in the map's order and taken out of the whole one
(`core.explain.map_faithfulness`), the item's other fields staying as they are; emptied means
blurred, or the average photo of the items that the model learned from. Figures are in standard
deviations over the season's photos of what the photo makes of the output: of the output for the
ridge, of the photo's Shapley value for the deep model. Ranges are 90 % of a paired bootstrap over
styles. Maps that know no direction (attention, the bell, the garment) are told whether the photo as
a whole raises or lowers the output, which flatters them. Outputs on masked photos are computed in
bfloat16 where that is fast; the maps never are.

Also printed: SaCo (average photo as fill); how alike a map is to the same photo's map for a model
whose coefficients are shuffled (mean absolute rank correlation; a map that stays the same does not
tell what this model looks at); and how alike it is to that of the mirrored photo, mirrored back,
and of the photo with a twentieth cut from each side (mean rank correlation; 1 is steady).

``core/explain/map_scores.json`` is what ``--json`` wrote; the page shows it beside a map.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from PIL import Image, ImageOps
from scipy.stats import spearmanr
from torch import Tensor

from core.catalog.catalog import Catalog, load_catalog
from core.checkpoints import best_clip
from core.explain.map_faithfulness import (
    blurred,
    cropped_likeness,
    flipped_likeness,
    insertion_deletion,
    paired_range,
    ranked,
    saco,
    without_margins,
)
from core.explain.maps_kernel import PhotoGame
from core.explain.maps_methods import centred, grad_eclip, last_attention, legrad, rollout
from core.explain.maps_parts import LinearHead, parts
from core.explain.maps_tower import VisionTower
from core.popularity.additive import IMAGE_PLAYER, AdditiveModel
from core.popularity.deep import DeepModel
from core.popularity.model import labelled_rows
from core.popularity.splits import forward_folds, group_codes
from core.popularity.vectors import embed_photos, image_vectors
from core.tryon.cutout import matte
from core.vision.clip import bf16_is_fast
from core.vision.embeddings import DECODED_SIDE
from core.vision.images import open_image

CANDIDATES = ("parts", "legrad", "grad_eclip")
"""Maps of the model's own number, from one look at the photo; the best of them is the default."""
BASELINES = ("rollout", "last_attention", "centred", "garment", "random")
MAPS = (*CANDIDATES, *BASELINES)
FILLS = ("blur", "mean")
LIKENESS = ("shuffled", "flipped", "cropped")
MEAN_PHOTOS = 100
"""Photos that the learned season's average photo is made of."""


@dataclass(frozen=True)
class Season:
    """A season that a model had not seen, and the model.

    Attributes:
        rows: positions of the season's items with a photo.
        model: fitted on the items before it.
        spread: standard deviation, over the season's photos, of what the photo makes of the output.
        order: (dimensions,), another order of the embedding's dimensions.
        average: (3, side, side), mean of photos that the model learned from.
    """

    rows: np.ndarray
    model: AdditiveModel | DeepModel
    spread: float
    order: np.ndarray
    average: Tensor


@dataclass(frozen=True)
class Explained:
    """What maps of one item's photo are about.

    Attributes:
        head: the number that is followed back to patches, log units.
        shuffled: the same with its coefficients in another order.
        output: the model's outputs (n,) for embeddings (n, dimensions), log units.
    """

    head: LinearHead
    shuffled: LinearHead
    output: Callable[[np.ndarray], np.ndarray]


def explained(season: Season, catalog: Catalog, row: int) -> Explained:
    """The photo's number in a season's model, of one of its items."""
    model = season.model
    if isinstance(model, DeepModel):
        game = PhotoGame(model, catalog, row)
        slope = game.path_slope(image_vectors(catalog, model.checkpoint)[row])
        head, output = LinearHead(slope, 0.0), game.output
    else:
        head = LinearHead(model.coefficients, -float(model.coefficients @ model.centre))

        def output(vectors: np.ndarray) -> np.ndarray:
            return vectors @ head.weights + head.constant

    return Explained(head, LinearHead(head.weights[season.order], 0.0), output)


def candidates(tower: VisionTower, pixels: Tensor, head: LinearHead) -> dict[str, np.ndarray]:
    """The signed maps of one photo."""
    raises, lowers = legrad(tower, pixels, head)
    lifts, holds = grad_eclip(tower, pixels, head)
    return {
        "parts": parts(tower, pixels, head).patches[0],
        "legrad": (raises - lowers)[0],
        "grad_eclip": (lifts - holds)[0],
    }


def baselines(tower: VisionTower, pixels: Tensor, photo: Path) -> dict[str, np.ndarray]:
    """The maps of one photo that know neither number nor direction."""
    return {
        "rollout": rollout(tower, pixels)[0],
        "last_attention": last_attention(tower, pixels)[0],
        "centred": centred(tower, 1)[0],
        "garment": garment_shares(photo, tower),
    }


@lru_cache(maxsize=1024)
def garment_shares(photo: Path, tower: VisionTower) -> np.ndarray:
    """Share of each patch (grid, grid) that is garment, by the try-on's cut-out."""
    alpha = Image.fromarray(np.float32(matte(open_image(photo))[0]))
    box = tower.seen(*alpha.size)
    shares = alpha.crop(box).resize((tower.grid, tower.grid), Image.Resampling.BOX)
    return np.asarray(shares, dtype=np.float64)


def seasons(kind: str, catalog: Catalog, tower: VisionTower, seed: int) -> list[Season]:
    """The last seasons, each with a model that learned from the items before it.

    Args:
        kind: ``image`` or ``deep``.
        catalog: its photos are embedded by the tower's checkpoint.
        tower: makes the average photo.
        seed: of the photos in it, and of the other order of dimensions.
    """
    main, rng = catalog.main_photos(), np.random.default_rng(seed)
    make = {"image": AdditiveModel, "deep": DeepModel}[kind]
    found = []
    for fold in forward_folds(catalog, labelled_rows(catalog)):
        model = make(kind, checkpoint=tower.checkpoint_id).fit(catalog, fold.train)
        known = [int(r) for r in fold.train if main[r] is not None]
        sample = rng.choice(known, min(MEAN_PHOTOS, len(known)), replace=False)
        rows = np.array([r for r in fold.test if main[r] is not None])
        found.append(
            Season(
                rows=rows,
                model=model,
                spread=float(model.contributions(catalog, rows)[IMAGE_PLAYER].std()),
                order=rng.permutation(image_vectors(catalog, tower.checkpoint_id).shape[1]),
                average=torch.cat([seen(tower, opened(tower, main[r])) for r in sample]).mean(0),
            )
        )
        print(f"{kind}: learned a season from {len(fold.train):,} items", file=sys.stderr)
    return found


def opened(tower: VisionTower, photo: Path) -> Image.Image:
    """A photo as it was opened to be embedded."""
    return open_image(photo, max_side=DECODED_SIDE * tower.side)


def seen(tower: VisionTower, photo: Image.Image) -> Tensor:
    """A photo as it was embedded, (1, 3, side, side)."""
    return tower.pixels([photo])


def measure(
    kind: str, catalog: Catalog, tower: VisionTower, photos: int, minutes: float, seed: int = 0
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Every map's figures on photos of seasons that the model had not seen, season by season.

    Returns:
        Arrays (photos,) by ``map/blur``, ``map/mean``, ``map/saco`` and, of candidates,
        ``map/shuffled``, ``map/flipped``, ``map/cropped``; and the style of each photo.
    """
    rng = np.random.default_rng(seed)
    quick = VisionTower(best_clip())
    quick.model.set_attn_implementation("sdpa")  # the same numbers, and no attentions kept
    if bf16_is_fast():
        quick.model.bfloat16()
        quick.projection.bfloat16()
    main, styles = catalog.main_photos(), group_codes(catalog)
    # In turn from each season, so that a run that ends early has as many of each.
    turns = zip_longest(*([(s, r) for r in rng.permutation(s.rows)] for s in
                          seasons(kind, catalog, tower, seed)))  # fmt: skip
    queue = [turn for turns_of in turns for turn in turns_of if turn is not None][:photos]
    found: dict[str, list[float]] = {}
    groups: list[int] = []
    began = time.monotonic()
    for season, row in queue:
        if time.monotonic() - began > 60 * minutes:
            break
        for key, value in measured(
            tower, quick, season, explained(season, catalog, row), main[row], rng
        ).items():
            found.setdefault(key, []).append(value)
        groups.append(int(styles[row]))
        if len(groups) % 20 == 0:
            passed = time.monotonic() - began
            print(f"{kind}: {len(groups)} of {len(queue)} photos, {passed:,.0f} s", file=sys.stderr)
    return {key: np.array(values) for key, values in found.items()}, np.array(groups)


def measured(
    tower: VisionTower,
    quick: VisionTower,
    season: Season,
    number: Explained,
    path: Path,
    rng: np.random.Generator,
) -> dict[str, float]:
    """Every map's figures on one photo."""

    def score(pixels: Tensor) -> np.ndarray:
        return number.output(quick.embed(pixels).double().numpy()) / season.spread

    photo = opened(tower, path)
    pixels = seen(tower, photo)
    signed = candidates(tower, pixels, number.head)
    plain = baselines(tower, pixels, path)
    chance = rng.normal(size=(tower.grid, tower.grid))
    figures = {}
    mirrored = candidates(tower, seen(tower, ImageOps.mirror(photo)), number.head)
    cropped = candidates(tower, seen(tower, without_margins(photo)), number.head)
    for name, other in candidates(tower, pixels, number.shuffled).items():
        alike = spearmanr(signed[name].ravel(), other.ravel()).statistic
        figures[f"{name}/shuffled"] = abs(float(alike))
        figures[f"{name}/flipped"] = flipped_likeness(signed[name], mirrored[name])
        figures[f"{name}/cropped"] = cropped_likeness(signed[name], cropped[name])
    whole = score(pixels)[0]
    for fill, empty in (("blur", blurred(pixels)[0]), ("mean", season.average)):
        sign = np.sign(whole - score(empty[None])[0])
        maps = {**signed, **{k: v * sign for k, v in plain.items()}, "random": chance}
        orders = [ranked(values, rng) for values in maps.values()]
        for name, gain in zip(
            maps, insertion_deletion(score, pixels[0], empty, orders), strict=True
        ):
            figures[f"{name}/{fill}"] = float(gain)
        if fill == "mean":
            for name, agreed in zip(
                maps, saco(score, pixels[0], empty, list(maps.values())), strict=True
            ):
                figures[f"{name}/saco"] = float(agreed)
    return figures


def summary(found: dict[str, np.ndarray], groups: np.ndarray) -> dict[str, dict[str, Any]]:
    """Each map's mean figures, and its lead over the random map with its 90 % range."""
    for name in MAPS:
        found[f"{name}/both"] = (found[f"{name}/blur"] + found[f"{name}/mean"]) / 2

    def lead(name: str, figure: str) -> dict[str, float]:
        against = found[f"{name}/{figure}"] - found[f"random/{figure}"]
        value, low, high = paired_range(against, groups)
        return {"value": round(value, 3), "low": round(low, 3), "high": round(high, 3)}

    return {
        name: {
            **{f: round(float(found[f"{name}/{f}"].mean()), 3) for f in (*FILLS, "saco")},
            "over_random": {f: lead(name, f) for f in (*FILLS, "both", "saco")},
            **{
                f: round(float(np.nanmean(found[f"{name}/{f}"])), 3)
                for f in LIKENESS
                if f"{name}/{f}" in found
            },
        }
        for name in MAPS
    }


def table(scores: dict[str, dict[str, Any]]) -> str:
    """The figures as Markdown."""
    lines = [
        "| map | insertion − deletion, blur | average photo | over random, both fills | SaCo |"
        " likeness: shuffled model | mirrored photo | cropped photo |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, own in scores.items():
        over = own["over_random"]["both"]
        range_ = f"{over['value']:+.2f} ({over['low']:+.2f} to {over['high']:+.2f})"
        same = " | ".join(f"{own[f]:.2f}" if f in own else "" for f in LIKENESS)
        lines.append(
            f"| {name} | {own['blur']:.2f} | {own['mean']:.2f} |"
            f" {'' if name == 'random' else range_} | {own['saco']:.2f} | {same} |"
        )
    return "\n".join(lines)


def best(scores: dict[str, dict[str, Any]]) -> str:
    """The candidate that leads the random map most, over both fills."""
    return max(CANDIDATES, key=lambda name: scores[name]["over_random"]["both"]["value"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--catalog", default="data/demo", metavar="DIR")
    parser.add_argument("--photos", type=int, default=320, help="how many photos in all")
    parser.add_argument("--minutes", type=float, default=60, help="end after that many")
    parser.add_argument("--models", nargs="+", choices=("image", "deep"), default=["image", "deep"])
    parser.add_argument("--json", metavar="FILE", help="also write the figures to this file")
    args = parser.parse_args()
    catalog = load_catalog(args.catalog)
    tower = VisionTower(best_clip())
    embed_photos(catalog, checkpoint=tower.checkpoint_id)
    values: dict[str, Any] = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "catalog": catalog.name,
        "data_hash": catalog.content_hash,
        "checkpoint": tower.checkpoint_id,
        "unit": "standard deviations of what photos make of the model's outputs",
        "models": {},
    }
    for kind in args.models:
        found, groups = measure(kind, catalog, tower, args.photos, args.minutes)
        scores = summary(found, groups)
        values["models"][kind] = {
            "photos": len(groups),
            "steady_photos": len(groups),  # of ``flipped`` and ``cropped``
            "default": best(scores),
            "methods": scores,
        }
        print(f"{kind} model, {len(groups)} photos of “{catalog.name}”, {tower.checkpoint_id}")
        print(table(scores))
        print(f"Default: {best(scores)}", flush=True)
        if args.json:
            text = json.dumps(values, indent=1) + "\n"
            Path(args.json).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
