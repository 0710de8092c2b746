"""Suggest a title or a description for the items of a catalog that lack one, from their photos.

The lines are kept beside the catalog in suggestions.json; the dashboard shows them as suggestions,
to be accepted or rejected. A run that was stopped goes on where it stopped.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.catalog.catalog import load_catalog
from core.checkpoints import best_captioner
from core.errors import FashionError
from core.vision.caption_catalog import caption_items, pending
from core.vision.captions import Captioner
from scripts.command import run


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 2 after a sentence on stderr."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data_dir", required=True, help="catalog directory (data/ is the demo)")
    parser.add_argument("--checkpoint", type=Path, help="captioner (default: the small one)")
    args = parser.parse_args(argv)
    try:
        catalog = load_catalog(args.data_dir)
        captioner = Captioner(args.checkpoint or best_captioner())
        rows = pending(catalog, captioner.checkpoint_id)
        if not len(rows):
            print(f"{catalog.name}: no item with a photo waits for a suggestion.")
            return 0
        done = caption_items(catalog, captioner, rows, _progress)
    except FashionError as error:
        print(error, file=sys.stderr)
        return 2
    print(
        f"{catalog.name}: {done.suggested} suggestions by {captioner.checkpoint_id},"
        f" {done.unsure} photos not sure enough, {len(done.damaged)} not readable."
    )
    for problem in done.damaged:
        print(f"  {problem}")
    return 0


def _progress(done: int, total: int) -> None:
    print(f"\r{done}/{total} photos", end="\n" if done == total else "", flush=True)


if __name__ == "__main__":
    run(main)
