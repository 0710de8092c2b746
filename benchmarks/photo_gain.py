"""Does the photo help the deep model, or lower it? Items with a photo only, with and without it.

    python benchmarks/photo_gain.py [CATALOG] [--seeds 3]

Both models learn from the same items, all of which have a photo, and are scored on the same styles
held out in five parts, parted anew for each seed, and on each season left out where there are
seasons. The difference has a 90 % interval of a bootstrap that draws whole styles, the same for
both.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from benchmarks.peers.task import SPLITS, make_folds
from core.catalog.catalog import Catalog, load_catalog
from core.errors import FashionError
from core.popularity.deep import DeepModel
from core.popularity.metrics import spearman
from core.popularity.model import labelled_rows, log_target
from core.popularity.splits import Fold, group_codes
from core.popularity.vectors import embed_photos, image_vectors

DRAWS = 1000


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalog", type=Path, nargs="?", default=Path("data/demo"))
    parser.add_argument("--seeds", type=int, default=3, help="times that styles are parted anew")
    args = parser.parse_args(argv)
    try:
        run(load_catalog(args.catalog), args.seeds)
    except FashionError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def run(catalog: Catalog, seeds: int) -> None:
    """Print a Markdown table, one line a split."""
    checkpoint = embed_photos(catalog)
    seen = np.isfinite(image_vectors(catalog, checkpoint)).all(axis=1)
    rows = labelled_rows(catalog)
    rows = rows[seen[rows]]
    print(
        f"{catalog.name}: {len(rows):,} items with a photo and a target, photos by {checkpoint}\n"
    )
    print(
        "| split | folds | without the photo | with it | difference (90 %) |\n|---|---|---|---|---|"
    )
    for split in SPLITS:
        folds = [
            fold
            for seed in range(seeds if split == "grouped" else 1)
            for fold in make_folds(split, catalog, rows, seed)
        ]
        if folds:
            scored = [score_fold(catalog, fold, checkpoint, split) for fold in folds]
            without, with_it, gain, low, high = compare(catalog, scored)
            print(
                f"| {split} | {len(folds)} | {without:.3f} | {with_it:.3f} |"
                f" {gain:+.3f} ({low:+.3f} to {high:+.3f}) |",
                flush=True,
            )


def score_fold(
    catalog: Catalog, fold: Fold, checkpoint: str, split: str
) -> tuple[Fold, np.ndarray, np.ndarray]:
    """Outputs of both models for a fold's held-out items."""
    print(f"{split} {fold.label}: {len(fold.train)} to learn from", file=sys.stderr, flush=True)
    outputs = [
        DeepModel(checkpoint=read).fit(catalog, fold.train).output(catalog, fold.test)
        for read in ("", checkpoint)
    ]
    return fold, outputs[0], outputs[1]


def compare(catalog: Catalog, scored: Sequence[tuple[Fold, np.ndarray, np.ndarray]]) -> tuple:
    """Mean Spearman without and with the photo, the difference, and its 90 % interval."""
    actual, groups = log_target(catalog), group_codes(catalog)

    def means(weights: np.ndarray | None) -> tuple[float, float]:
        found = []
        for fold, without, with_it in scored:
            picked = np.arange(len(fold.test))
            if weights is not None:
                picked = np.repeat(picked, weights[groups[fold.test]])
            y = actual[fold.test][picked]
            found.append([spearman(y, output[picked]) for output in (without, with_it)])
        without, with_it = np.nanmean(found, axis=0)
        return float(without), float(with_it)

    rng, styles = (
        np.random.default_rng(0),
        np.unique(np.concatenate([groups[s[0].test] for s in scored])),
    )
    gains = []
    for _ in range(DRAWS):
        weights = np.zeros(groups.max() + 1, dtype=int)
        np.add.at(weights, rng.choice(styles, len(styles)), 1)
        without, with_it = means(weights)
        gains.append(with_it - without)
    without, with_it = means(None)
    return without, with_it, with_it - without, *np.quantile(gains, [0.05, 0.95])


if __name__ == "__main__":
    sys.exit(main())
