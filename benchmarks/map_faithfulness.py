"""Which map of a photo can be believed: each is taken at its word on photos new to the model.

    python benchmarks/map_faithfulness.py [--catalog data/demo] [--photos 320] [--minutes 60]
        [--json FILE]

The model is the ridge on CLIP embeddings, fitted for each of the last four seasons on the items
before it; the photos are of that season. For each photo and map, patches are put into the emptied
photo in the map's order and taken out of the whole one (`core.explain.map_faithfulness`); emptied
means blurred, or the average photo of the items that the model learned from. Figures are in
standard deviations of the model's outputs over the season's photos. Ranges are 90 % of a paired
bootstrap over styles. Maps that know no direction (attention, the bell, the garment) are told
whether the photo as a whole raises or lowers the output, which flatters them. Outputs on masked
photos are computed in bfloat16 where that is fast; the maps never are.

Also printed: SaCo (average photo as fill), and how alike a map is to the same photo's map for a
model whose coefficients are shuffled (mean absolute rank correlation; a map that stays the same
does not tell what this model looks at).

``core/explain/map_scores.json`` is what ``--json`` wrote; the page shows it beside a map.
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor

from core.catalog.catalog import Catalog, load_catalog
from core.checkpoints import best_clip
from core.explain.map_faithfulness import (
    blurred,
    insertion_deletion,
    paired_range,
    ranked,
    saco,
)
from core.explain.maps_methods import centred, grad_eclip, last_attention, legrad, rollout
from core.explain.maps_parts import LinearHead, parts
from core.explain.maps_tower import VisionTower
from core.popularity.additive import AdditiveModel
from core.popularity.model import labelled_rows
from core.popularity.splits import forward_folds, group_codes
from core.popularity.vectors import embed_photos
from core.tryon.cutout import matte
from core.vision.clip import bf16_is_fast
from core.vision.embeddings import DECODED_SIDE
from core.vision.images import open_image

CANDIDATES = ("parts", "legrad", "grad_eclip")
"""Maps of the model's own number, from one look at the photo; the best of them is the default."""
BASELINES = ("rollout", "last_attention", "centred", "garment", "random")
MAPS = (*CANDIDATES, *BASELINES)
FILLS = ("blur", "mean")
MEAN_PHOTOS = 100
"""Photos that the learned season's average photo is made of."""


@dataclass(frozen=True)
class Season:
    """A season that a model had not seen, and the model.

    Attributes:
        rows: positions of the season's items with a photo.
        head: the model's number of an embedding, log units.
        shuffled: the same with its coefficients in another order.
        spread: standard deviation of the number over the season's photos.
        average: (3, side, side), mean of photos that the model learned from.
    """

    rows: np.ndarray
    head: LinearHead
    shuffled: LinearHead
    spread: float
    average: Tensor


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


def garment_shares(photo: Path, tower: VisionTower) -> np.ndarray:
    """Share of each patch (grid, grid) that is garment, by the try-on's cut-out."""
    from PIL import Image

    alpha = Image.fromarray(np.float32(matte(open_image(photo))[0]))
    box = tower.seen(*alpha.size)
    shares = alpha.crop(box).resize((tower.grid, tower.grid), Image.Resampling.BOX)
    return np.asarray(shares, dtype=np.float64)


def seasons(catalog: Catalog, tower: VisionTower, rng: np.random.Generator) -> list[Season]:
    """The last seasons, each with the ridge on embeddings of the items before it."""
    main = catalog.main_photos()
    found = []
    for fold in forward_folds(catalog, labelled_rows(catalog)):
        model = AdditiveModel("image", checkpoint=tower.checkpoint_id).fit(catalog, fold.train)
        known = [int(r) for r in fold.train if main[r] is not None]
        sample = rng.choice(known, min(MEAN_PHOTOS, len(known)), replace=False)
        found.append(
            Season(
                rows=np.array([r for r in fold.test if main[r] is not None]),
                head=LinearHead(model.coefficients, -float(model.coefficients @ model.centre)),
                shuffled=LinearHead(rng.permutation(model.coefficients), 0.0),
                spread=float(model.output(catalog, fold.test).std()),
                average=torch.cat([seen(tower, main[r]) for r in sample]).mean(0),
            )
        )
    return found


def seen(tower: VisionTower, photo: Path) -> Tensor:
    """A photo as it was embedded, (1, 3, side, side)."""
    return tower.pixels([open_image(photo, max_side=DECODED_SIDE * tower.side)])


def measure(
    catalog: Catalog, tower: VisionTower, photos: int, minutes: float, seed: int = 0
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Every map's figures on photos of seasons that the model had not seen, season by season.

    Returns:
        Arrays by ``map/blur``, ``map/mean``, ``map/saco`` (photos,) and ``map/shuffled``; and the
        style of each photo.
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
                          seasons(catalog, tower, rng)))  # fmt: skip
    queue = [turn for turns_of in turns for turn in turns_of if turn is not None][:photos]
    found: dict[str, list[float]] = {}
    groups: list[int] = []
    began = time.monotonic()
    for season, row in queue:
        if time.monotonic() - began > 60 * minutes:
            break
        for key, value in measured(tower, quick, season, main[row], rng).items():
            found.setdefault(key, []).append(value)
        groups.append(int(styles[row]))
        if len(groups) % 20 == 0:
            passed = time.monotonic() - began
            print(f"{len(groups)} of {len(queue)} photos, {passed:,.0f} s", file=sys.stderr)
    return {key: np.array(values) for key, values in found.items()}, np.array(groups)


def measured(
    tower: VisionTower, quick: VisionTower, season: Season, photo: Path, rng: np.random.Generator
) -> dict[str, float]:
    """Every map's figures on one photo."""

    def score(pixels: Tensor) -> np.ndarray:
        return season.head(quick.embed(pixels).float()).numpy() / season.spread

    pixels = seen(tower, photo)
    signed = candidates(tower, pixels, season.head)
    plain = baselines(tower, pixels, photo)
    chance = rng.normal(size=(tower.grid, tower.grid))
    figures = {}
    for name, other in candidates(tower, pixels, season.shuffled).items():
        alike = spearmanr(signed[name].ravel(), other.ravel()).statistic
        figures[f"{name}/shuffled"] = abs(float(alike))
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
            "shuffled": (
                round(float(np.nanmean(found[f"{name}/shuffled"])), 3)
                if f"{name}/shuffled" in found
                else None
            ),
        }
        for name in MAPS
    }


def table(scores: dict[str, dict[str, Any]]) -> str:
    """The figures as Markdown."""
    lines = [
        "| map | insertion − deletion, blur | average photo | over random, both fills | SaCo |"
        " likeness under shuffled model |",
        "|---|---|---|---|---|---|",
    ]
    for name, own in scores.items():
        over = own["over_random"]["both"]
        range_ = f"{over['value']:+.2f} ({over['low']:+.2f} to {over['high']:+.2f})"
        same = "" if own["shuffled"] is None else f"{own['shuffled']:.2f}"
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
    parser.add_argument("--json", metavar="FILE", help="also write the figures to this file")
    args = parser.parse_args()
    catalog = load_catalog(args.catalog)
    tower = VisionTower(best_clip())
    embed_photos(catalog, checkpoint=tower.checkpoint_id)
    found, groups = measure(catalog, tower, args.photos, args.minutes)
    scores = summary(found, groups)
    print(f"{len(groups)} photos of “{catalog.name}”, {tower.checkpoint_id}")
    print(table(scores))
    print(f"Default: {best(scores)}")
    if args.json:
        values = {
            "date": datetime.now(UTC).strftime("%Y-%m-%d"),
            "catalog": catalog.name,
            "data_hash": catalog.content_hash,
            "checkpoint": tower.checkpoint_id,
            "photos": len(groups),
            "unit": "standard deviations of the model's outputs",
            "default": best(scores),
            "methods": scores,
        }
        Path(args.json).write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
