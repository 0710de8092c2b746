"""Look at the photos of a catalog with the human parser: which articles are in them, worn or not.

Fills `detections.parquet` beside the catalog, which the dashboard offers as filters and exports. A
run that is stopped goes on where it stopped; only new and changed photos are looked at again.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.catalog.catalog import load_catalog
from core.checkpoints import best_parser
from core.errors import FashionError
from core.vision.detections import detect_catalog, load_detections
from core.vision.parsing import HumanParser
from scripts.command import run


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 2 after a sentence on stderr."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data_dir", required=True, help="catalog directory (data/demo: the demo)")
    parser.add_argument(
        "--checkpoint", type=Path, metavar="DIR", help="parser directory (default: the best here)"
    )
    args = parser.parse_args(argv)
    try:
        catalog = load_catalog(args.data_dir)
        model = HumanParser(args.checkpoint or best_parser())
        done = detect_catalog(catalog, model, _progress)
        seen = load_detections(catalog)
    except FashionError as error:
        print(error, file=sys.stderr)
        return 2
    print(
        f"{catalog.name}: {done.computed} photos looked at with {model.checkpoint_id},"
        f" {done.kept} unchanged, {len(done.damaged)} damaged."
    )
    for photo in done.damaged:
        print(f"  item {photo.item}: {photo.problem}")
    if seen is not None:
        counts = seen["articles"].dropna().str.split("|").explode().value_counts()
        for article, count in counts.items():
            print(f"  {article or 'nothing recognised'}: {count}")
        print(f"  worn by a person: {int(seen['worn'].fillna(False).sum())}")
    return 0


def _progress(done: int, total: int) -> None:
    print(f"\r{done}/{total} photos", end="\n" if done == total else "", flush=True)


if __name__ == "__main__":
    run(main)
