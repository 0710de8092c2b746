"""Weights: what exists, what is here, and fetching them from where they are published."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.checkpoints import doctor, pull, roots, size_text
from core.errors import FashionError
from scripts.command import run


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 2 after a sentence on stderr."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="one line for each checkpoint")
    fetch = commands.add_parser("pull", help="fetch a checkpoint; run again to resume")
    fetch.add_argument("name", metavar="NAME", help="a name that `list` prints")
    commands.add_parser("doctor", help="what each enables, its licence, what is missing")
    args = parser.parse_args(argv)
    try:
        if args.command == "pull":
            found = pull(args.name)
            print(f"{args.name} is in {found.root} ({size_text(found.size)}).")
            print(f"Licence: {found.checkpoint.licence}.")
        elif args.command == "list":
            _list()
        else:
            _doctor()
    except FashionError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _list() -> None:
    rows = doctor()
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        print(f"{row['name']:{width}}  {row['state']:8} {row['size']:>7}  {row['enables']}")


def _doctor() -> None:
    print(f"Checkpoints are looked for in {', '.join(map(str, roots()))}.")
    for row in doctor():
        print(f"\n{row['name']}: {row['title']} ({row['state']}, {row['size']})")
        lines = {
            "Enables": row["enables"],
            "Licence": row["licence"],
            "Source": row["source"],
            "Missing": row["missing"],
            "Get it": row["get"],
        }
        for label, text in lines.items():
            if text:
                print(f"  {label + ':':9} {text}")


if __name__ == "__main__":
    run(main)
