"""Make the demo catalog in data/demo: rendered garments and people, simulated sales.

Only for those who change the catalog: its output is committed.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.demo.collection import SEED
from scripts.demo.studio import make_catalog


def main() -> None:
    """Parse the command line and make the catalog."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("data/demo"), help="catalog directory")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--scale", type=int, default=2, help="supersampling; 1 for a quick look")
    arguments = parser.parse_args()
    catalog = make_catalog(arguments.out, arguments.seed, arguments.workers, arguments.scale)
    print(f"{len(catalog)} items in {catalog.directory}")


if __name__ == "__main__":
    main()
