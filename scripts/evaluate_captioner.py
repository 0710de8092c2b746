"""Score a captioner on products that it was not trained on.

Attributes are read back from the text and compared with the products' labels: type, colour, gender
and use from `styles.csv`, the pattern where a product's name says one. Two ways of reading are
scored: `NAME_accuracy` counts every attribute that the model would say, however unsure, and takes
what is not said as wrong; `NAME_said` and `NAME_precision` are how often the cautious line of the
dashboard says the attribute, and how often it is right then. `NAME_majority` is the accuracy of
always saying the most frequent word.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd
from PIL import Image

from core.checkpoints import best_captioner
from core.errors import CatalogError, FashionError, ImageError
from core.vision.captions import Caption, Captioner
from core.vision.images import open_image
from scripts.caption_data import WORDS, brands, product_labels, shop_facts
from scripts.clip_data import Examples, read_styles
from scripts.command import run
from scripts.reports import line, means, unseen, write_json

MOST = 5000
SCORED = ("type", "colour", "gender", "usage", "pattern")
"""Attributes whose truth the products tell."""


def read_back(caption: Caption) -> dict[str, str]:
    """The attributes that a line's text names: the longest words of the closed list, in order.

    Use is what follows the comma, or what the article's name says (“casual shoes”).
    """
    head, _, use = caption.text.partition(", ")
    left, found = f"{head} ", {}
    for name in ("gender", "colour", "pattern", "sleeve", "neck", "type"):
        for word in sorted(WORDS[name], key=len, reverse=True):
            if left.startswith(f"{word} "):
                found[name], left = word, left[len(word) + 1 :]
                break
    use = use or next((w for w in WORDS["usage"] if w in found.get("type", "").split()), "")
    return found | ({"usage": use} if use else {})


def read_photos(table: pd.DataFrame) -> tuple[list[Image.Image], list[int]]:
    """Photos of products and the positions of those that can be read; others are named on stderr.

    Raises:
        CatalogError: fewer than 20 can be read.
    """
    photos, kept = [], []
    for position, path in enumerate(table["photo"]):
        try:
            photos.append(open_image(path, max_side=512))
            kept.append(position)
        except ImageError as error:
            print(error, file=sys.stderr)
    if len(kept) < 20:
        raise CatalogError(
            f"Only {len(kept)} products have a photo that can be read; 20 are needed."
        )
    return photos, kept


def evaluate(
    directory: Path, table: pd.DataFrame, ids: set[str] | None = None
) -> dict[str, float | int | str]:
    """Scores 0..1 with their 90 % bootstrap intervals (``NAME_low``, ``NAME_high``), n and speed.

    Args:
        directory: the captioner.
        table: products as `read_styles` gives them; brands come from all of it.
        ids: the products to score; all if None.

    Raises:
        CatalogError: fewer than 20 of the products have a readable photo.
        CheckpointMissing: the captioner cannot be loaded.
    """
    scored = table if ids is None else table[table["id"].isin(ids)]
    if len(scored) > MOST:
        scored = scored.sample(MOST, random_state=0)
    photos, kept = read_photos(scored)
    scored = scored.iloc[kept]
    names = scored["productDisplayName"].tolist()
    truth = shop_facts(Examples(np.empty(0), names, product_labels(scored)))
    bold, careful = Captioner(directory, cautious=False), Captioner(directory)
    began = time.perf_counter()
    lines = careful.captions(photos)
    speed = len(photos) / (time.perf_counter() - began)
    all_said = [read_back(c) for c in bold.captions(photos)]
    cautious = [read_back(c) for c in lines]
    parts: dict[str, np.ndarray] = {}
    scores: dict[str, float | int | str] = {"n": len(photos), "checkpoint": bold.checkpoint_id}
    for name in SCORED:
        # A pattern is only known where the product's name says it.
        known = [i for i, facts in enumerate(truth) if facts[name]]
        if not known:
            continue
        right = [truth[i][name] for i in known]
        parts[f"{name}_accuracy"] = np.array(
            [all_said[i].get(name) == word for i, word in zip(known, right, strict=True)]
        )
        told = [(i, word) for i, word in zip(known, right, strict=True) if name in cautious[i]]
        parts[f"{name}_said"] = np.array([name in cautious[i] for i in known])
        if told:
            parts[f"{name}_precision"] = np.array([cautious[i][name] == w for i, w in told])
        scores[f"{name}_majority"] = round(pd.Series(right).value_counts(normalize=True).iloc[0], 4)
        scores[f"{name}_n"] = len(known)
    parts["line_said"] = np.array([bool(c.text) for c in lines])
    known_brands = brands(table["productDisplayName"])
    parts["brand_free"] = np.array([not _words(c.text) & known_brands for c in lines])
    scores |= means(parts)
    return scores | {"brands": len(known_brands), "captions_per_second": round(speed, 1)}


def _words(text: str) -> set[str]:
    return set(text.lower().replace(",", " ").replace("-", " ").split())


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 2 after a sentence on stderr."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with styles.csv, images/")
    parser.add_argument("--json", type=Path, help="file to write the scores to")
    parser.add_argument("--checkpoint", type=Path, help="captioner (default: the small one)")
    parser.add_argument("--ids", type=Path, help="file of product ids to score, one a line")
    args = parser.parse_args(argv)
    try:
        directory, table = args.checkpoint or best_captioner(), read_styles(args.data)
        ids = set(
            args.ids.read_text().split() if args.ids else unseen(directory, table["id"], "products")
        )
        scores = evaluate(directory, table, ids)
        write_json(scores, args.json)
    except (FashionError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{scores['checkpoint']} on {scores['n']} products (90 % intervals by bootstrap)")
    for name in [key.removesuffix("_low") for key in scores if key.endswith("_low")]:
        print(line(scores, name))
    for name in SCORED:
        if f"{name}_majority" in scores:
            print(
                f"  {name}: {scores[f'{name}_n']} known, most frequent word"
                f" {scores[f'{name}_majority']:.3f}"
            )
    print(f"  {scores['captions_per_second']} captions a second, {scores['brands']} brands known")
    return 0


if __name__ == "__main__":
    run(main)
