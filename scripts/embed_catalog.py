"""Embed the photos of a catalog with CLIP, for search and for models that look at photos."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.catalog.catalog import load_catalog
from core.checkpoints import best_clip, clip_by_id
from core.errors import FashionError
from core.vision.clip import ClipEncoder, bf16_is_fast
from core.vision.embeddings import embed_catalog
from scripts.command import run


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 2 after a sentence on stderr."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data_dir", required=True, help="catalog directory (data/ is the demo)")
    parser.add_argument(
        "--checkpoint", metavar="ID|DIR", help="CLIP checkpoint (default: the best here)"
    )
    args = parser.parse_args(argv)
    try:
        catalog = load_catalog(args.data_dir)
        encoder = ClipEncoder(_directory(args.checkpoint), bf16=bf16_is_fast())
        done = embed_catalog(catalog, encoder, on_progress=_progress)
    except FashionError as error:
        print(error, file=sys.stderr)
        return 2
    print(
        f"{catalog.name}: {done.computed} photos embedded with {encoder.checkpoint_id},"
        f" {done.kept} unchanged, {len(done.damaged)} damaged."
    )
    for photo in done.damaged:
        print(f"  item {photo.item}: {photo.problem}")
    return 0


def _directory(checkpoint: str | None) -> Path:
    if checkpoint is None:
        return best_clip()
    return Path(checkpoint) if Path(checkpoint).is_dir() else clip_by_id(checkpoint)


def _progress(done: int, total: int) -> None:
    print(f"\r{done}/{total} photos", end="\n" if done == total else "", flush=True)


if __name__ == "__main__":
    run(main)
