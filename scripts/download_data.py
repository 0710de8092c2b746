"""Download a public clothing data set from where its owner publishes it.

A stopped download goes on where it stopped. Kaggle's sets need an account there; its key is read
from KAGGLE_USERNAME and KAGGLE_KEY, KAGGLE_API_TOKEN, or ~/.kaggle/kaggle.json, and is never shown.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.errors import FashionError
from core.public_sets import SETS, download
from scripts.command import run


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 2 after a sentence on stderr."""
    listed = "\n".join(f"  {s.name:17} {s.about}; {s.licence}" for s in SETS.values())
    parser = argparse.ArgumentParser(
        description=f"{__doc__}\n{listed}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", metavar="NAME", choices=list(SETS), help=", ".join(SETS))
    parser.add_argument("--out", required=True, type=Path, help="folder to write into")
    parser.add_argument(
        "--photos", action="store_true", help="hm: everything, with the photos (30 GB)"
    )
    args = parser.parse_args(argv)
    chosen = SETS[args.name]
    print(f"{chosen.name}: {chosen.about}. Licence: {chosen.licence}. Terms: {chosen.page}")
    try:
        hashes = download(args.name, args.out, photos=args.photos, on_progress=_progress)
    except FashionError as error:
        print(f"\n{error}" if sys.stderr.isatty() else error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped. Run the command again; it goes on where it stopped.", file=sys.stderr)
        return 130
    for name, sha256 in hashes.items():
        print(f"{name}: SHA-256 {sha256}")
    print(
        "The owner publishes no hash to compare with; these are recorded in"
        f" {args.out / 'download.json'}."
    )
    source = args.out / "images.csv" if chosen.importer == "csv" else args.out
    print(
        f"Next: python scripts/import_catalog.py {source} --format {chosen.importer}"
        f" --out data/{chosen.name}"
    )
    return 0


def _progress(share: float, message: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{share:4.0%}  {message}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    run(main)
