"""Which map of a photo shows where words are seen: against labels of street photos.

    python benchmarks/prompt_maps.py --data CCP [--photos 60] [--seed 0]

CCP is like Clothing Co-Parsing (`photos/`, `labels/`, `labels.json`, `classes12.json`); none of its
photos taught the embedded CLIP. For each photo and each garment that covers at least 1 % of what
the model sees, the map of the likeness to the garment's name is compared with the label: how often
a place on the garment has a higher value than a place beside it (ROC AUC by area; .5 is chance).
Words are taken as they are, or less the mean of all names, so that what all garments share counts
for none. The bell and last attention know no words. Ranges are 90 % of a bootstrap over photos.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from PIL import Image
from torch import Tensor

from core.checkpoints import best_clip
from core.explain.map_faithfulness import paired_range
from core.explain.maps_methods import centred, grad_eclip, last_attention, legrad
from core.explain.maps_parts import LinearHead, parts
from core.explain.maps_tower import VisionTower
from core.vision.clip import ClipEncoder
from core.vision.embeddings import DECODED_SIDE
from core.vision.images import open_image
from scripts.evaluate_parser import read_classes
from scripts.parser_data import photo_names, read_label, read_names

WORDS = ("hat", "skirt", "pants", "dress", "shoes", "bag", "scarf")
LEAST = 0.01

Method = Callable[[VisionTower, Tensor, LinearHead], np.ndarray]
METHODS: dict[str, Method] = {
    "parts": lambda tower, pixels, head: parts(tower, pixels, head).patches[0],
    "legrad": lambda tower, pixels, head: legrad(tower, pixels, head)[0][0],
    "grad_eclip": lambda tower, pixels, head: grad_eclip(tower, pixels, head)[0][0],
}


def area_auc(values: np.ndarray, shares: np.ndarray) -> float:
    """How often a place on a region has a higher value than one beside it; ties count a half.

    Args:
        values: (grid, grid) of a map.
        shares: (grid, grid) of each patch that the region covers, 0..1.
    """
    _, level = np.unique(values, return_inverse=True)
    inside = np.bincount(level.ravel(), shares.ravel())
    outside = np.bincount(level.ravel(), 1 - shares.ravel())
    below = np.cumsum(outside) - outside / 2
    return float((inside * below).sum() / (inside.sum() * outside.sum()))


Found = dict[str, list[tuple[int, str, float]]]
"""Each map's AUCs, as (photo, word, value)."""


def measure(data: Path, tower: VisionTower, texts: np.ndarray, photos: int, seed: int) -> Found:
    """Compare maps with labels on photos drawn by a seed."""
    names = read_names(data)
    classes, class_of, _ = read_classes(data, names)
    chosen = np.random.default_rng(seed).permutation(photo_names(data))[:photos]
    directions = {"": texts, ", less the mean": texts - texts.mean(axis=0)}
    found: Found = {}
    for number, name in enumerate(chosen):
        photo = open_image(data / "photos" / f"{name}.jpg", max_side=DECODED_SIDE * tower.side)
        label = class_of[read_label(data, name, len(names))]
        pixels = tower.pixels([photo])
        attention, bell = last_attention(tower, pixels)[0], centred(tower, 1)[0]
        for position, word in enumerate(WORDS):
            shares = covered(tower, label == classes.index(word))
            if shares.mean() < LEAST:
                continue
            maps = {"last_attention": attention, "centred": bell}
            for kind, way in directions.items():
                head = LinearHead(way[position].astype(np.float64), 0.0)
                maps |= {f"{m}{kind}": make(tower, pixels, head) for m, make in METHODS.items()}
            for own, values in maps.items():
                found.setdefault(own, []).append((number, word, area_auc(values, shares)))
    return found


def covered(tower: VisionTower, mask: np.ndarray) -> np.ndarray:
    """Share of each patch (grid, grid) that a mask (height, width) of a photo covers."""
    image = Image.fromarray(mask.astype(np.float32))
    size = (tower.grid, tower.grid)
    return np.asarray(image.resize(size, Image.Resampling.BOX, tower.seen(*image.size)))


def table(found: Found) -> str:
    """The figures as Markdown, all words together and each."""
    lines = [f"| map | all | {' | '.join(WORDS)} |", "|---" * (len(WORDS) + 2) + "|"]
    for name, rows in found.items():
        value, low, high = paired_range(
            np.array([r[2] for r in rows]), np.array([r[0] for r in rows])
        )
        each = [[r[2] for r in rows if r[1] == word] for word in WORDS]
        cells = " | ".join(f"{np.mean(own):.2f}" if own else "" for own in each)
        lines.append(f"| {name} | {value:.3f} ({low:.3f} to {high:.3f}) | {cells} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, metavar="CCP")
    parser.add_argument("--photos", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0, help="of the choice of photos")
    args = parser.parse_args()
    tower = VisionTower(best_clip())
    texts = ClipEncoder(best_clip(), device="cpu").texts(WORDS)
    found = measure(args.data, tower, texts, args.photos, args.seed)
    seen = len({row[0] for row in found["parts"]})
    print(f"{seen} photos, {len(found['parts'])} garments, {tower.checkpoint_id}")
    print(table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
