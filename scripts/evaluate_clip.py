"""Score a CLIP checkpoint on product photos: retrieval by name, zero-shot labels, similar photos.

DIR is like Kaggle's Fashion Product Images (`styles.csv`, `images/`). At most 1,000 products are
scored, drawn with a fixed seed. A checkpoint that was trained on part of DIR (it has a
`held_out.txt` that names products of DIR) is scored on the products that it has not seen.
With --own-photos it is also scored on photos that people took of their own clothes: those of its
`held_out_own_photos.txt`, or at most 1,000 of all.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd
from PIL import Image

from core.checkpoints import best_clip
from core.errors import CatalogError, FashionError, ImageError
from core.vision.clip import ClipEncoder
from core.vision.images import open_image
from scripts.clip_data import PROMPTS, read_own_photos, read_styles
from scripts.command import run
from scripts.reports import line, means, names_in, unseen, write_json

MOST = 1000
TYPES = 25

MEANING = {
    "recall_at_1": "the product's own photo is the first found for its name",
    "recall_at_10": "the product's own photo is among the first 10 found for its name",
    "type_accuracy": f"zero-shot type, of the {TYPES} most frequent in the folder",
    "colour_accuracy": "zero-shot base colour, of all in the folder",
    "gender_accuracy": "zero-shot gender, of all in the folder",
    "image_precision_at_10": "share of the 10 most similar other photos that are of the same type",
}

OWN_MEANING = "zero-shot label of photos that people took of their own clothes"


def hits(vectors: np.ndarray, queries: np.ndarray, k: int) -> np.ndarray:
    """For each row, 1 where fewer than k photos are closer to its text than its own photo.

    A photo exactly as close as its own counts as closer, so that a constant encoder scores 0.
    """
    scores = queries @ vectors.T
    own = np.diag(scores)[:, None]
    if not np.isfinite(scores).all():
        raise ValueError("The vectors are not all finite numbers.")
    closer = (scores >= own).sum(axis=1) - 1
    return (closer < k).astype(float)


def zero_shot(
    encoder: ClipEncoder, vectors: np.ndarray, labels: pd.Series, classes: list[str]
) -> np.ndarray:
    """For each row whose label is a class, 1 where the class's prompts are the closest."""
    texts = [prompt.format(name.lower()) for name in classes for prompt in PROMPTS]
    prompts = encoder.texts(texts).reshape(len(classes), len(PROMPTS), -1).mean(axis=1)
    prompts /= np.linalg.norm(prompts, axis=1, keepdims=True)
    among = labels.isin(classes).to_numpy()
    guess = np.array(classes)[(vectors[among] @ prompts.T).argmax(axis=1)]
    return (guess == labels[among].to_numpy()).astype(float)


def neighbours(vectors: np.ndarray, labels: pd.Series, k: int) -> np.ndarray:
    """For each row, the share of its k nearest other rows that have its label."""
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    nearest = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    codes = pd.factorize(labels)[0]
    return (codes[nearest] == codes[:, None]).mean(axis=1)


def evaluate(
    encoder: ClipEncoder, table: pd.DataFrame, ids: set[str] | None = None
) -> dict[str, float | int | str]:
    """Scores 0..1 with their 90 % bootstrap intervals (``NAME_low``, ``NAME_high``), and n.

    Args:
        encoder: the checkpoint.
        table: products as `read_styles` gives them; class lists come from all of it.
        ids: the products to score; all if None.

    Raises:
        CatalogError: fewer than 20 of the products have a readable photo.
    """
    scored = table if ids is None else table[table["id"].isin(ids)]
    if len(scored) > MOST:
        scored = scored.sample(MOST, random_state=0)
    photos, scored = _photos(scored)
    vectors = encoder.images(photos)
    queries = encoder.texts(scored["productDisplayName"].tolist())
    kinds = table["articleType"].value_counts().index[:TYPES].tolist()
    colours = sorted(set(table["baseColour"]) - {""})
    parts = {
        "recall_at_1": hits(vectors, queries, 1),
        "recall_at_10": hits(vectors, queries, 10),
        "type_accuracy": zero_shot(encoder, vectors, scored["articleType"], kinds),
        "colour_accuracy": zero_shot(encoder, vectors, scored["baseColour"], colours),
        "gender_accuracy": zero_shot(
            encoder, vectors, scored["gender"], sorted(set(table["gender"]))
        ),
        "image_precision_at_10": neighbours(vectors, scored["articleType"], 10),
    }
    return {"n": len(scored), "checkpoint": encoder.checkpoint_id} | means(parts)


def evaluate_own_photos(
    encoder: ClipEncoder, table: pd.DataFrame, names: set[str] | None = None
) -> dict[str, float | int]:
    """``own_photos_accuracy`` with its 90 % bootstrap interval, and ``own_photos_n``.

    Args:
        encoder: the checkpoint.
        table: photos as `read_own_photos` gives them; the classes are all of their labels.
        names: the photos to score (column ``image``); all if None.

    Raises:
        CatalogError: fewer than 20 of the photos can be read.
    """
    scored = table if names is None else table[table["image"].isin(names)]
    if len(scored) > MOST:
        scored = scored.sample(MOST, random_state=0)
    photos, scored = _photos(scored)
    right = zero_shot(encoder, encoder.images(photos), scored["label"], sorted(set(table["label"])))
    return {"own_photos_n": len(scored)} | means({"own_photos_accuracy": right})


def _photos(table: pd.DataFrame) -> tuple[list[Image.Image], pd.DataFrame]:
    photos, kept = [], []
    for row, path in zip(table.index, table["photo"], strict=True):
        try:
            photos.append(open_image(path, max_side=512))
            kept.append(row)
        except ImageError as error:
            print(error, file=sys.stderr)
    if len(kept) < 20:
        raise CatalogError(f"Only {len(kept)} of the photos can be read; 20 are needed.")
    return photos, table.loc[kept]


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 2 after a sentence on stderr."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with styles.csv, images/")
    parser.add_argument(
        "--own-photos", type=Path, metavar="DIR", help="folder with images.csv, images/"
    )
    parser.add_argument("--json", type=Path, help="file to write the scores to")
    parser.add_argument("--checkpoint", type=Path, help="CLIP directory (default: the best here)")
    parser.add_argument("--ids", type=Path, help="file of product ids to score, one a line")
    args = parser.parse_args(argv)
    try:
        directory, table = args.checkpoint or best_clip(), read_styles(args.data)
        ids = set(
            args.ids.read_text().split() if args.ids else unseen(directory, table["id"], "products")
        )
        encoder = ClipEncoder(directory)
        scores = evaluate(encoder, table, ids)
        if args.own_photos:
            own = read_own_photos(args.own_photos)
            names = names_in(directory / "held_out_own_photos.txt") & set(own["image"])
            scores |= evaluate_own_photos(encoder, own, names or None)
        write_json(scores, args.json)
    except (FashionError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{scores['checkpoint']} on {scores['n']} products (90 % intervals by bootstrap)")
    meanings = MEANING
    if args.own_photos:
        meanings = MEANING | {"own_photos_accuracy": f"{OWN_MEANING} ({scores['own_photos_n']})"}
    for name, meaning in meanings.items():
        print(line(scores, name, meaning))
    return 0


if __name__ == "__main__":
    run(main)
