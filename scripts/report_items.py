"""Write a printable report on one or several items: one self-contained HTML file.

A page of A4 an item (photo, words, what the prediction is made of, closest past items, what was
checked, the model's card) and, for several, a table before them. Open it in a browser and print it,
to paper or to PDF. The numbers are those of explain_item.py.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.catalog.catalog import load_catalog
from core.errors import FashionError
from core.explain.report import Reporter, known_past
from core.explain.report_file import MOST_ITEMS, report_html
from core.popularity.ranking import load_model, rank
from core.popularity.scoreboard import load_scoreboard
from scripts.command import run


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 2 after a sentence on stderr."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data_dir", required=True, help="catalog directory (data/ is the demo)")
    parser.add_argument("--model_dir", required=True, help="folder of trained models")
    parser.add_argument(
        "--item",
        required=True,
        nargs="+",
        metavar="ID",
        help=f"item ids; the {MOST_ITEMS} best ranked of them get a page",
    )
    parser.add_argument("--out", required=True, type=Path, metavar="FILE.html")
    parser.add_argument("--model", help="which model (default: the one that ranks)")
    parser.add_argument(
        "--past", metavar="DIR", help="catalog with known sales to compare with (default: the same)"
    )
    args = parser.parse_args(argv)
    try:
        catalog = load_catalog(args.data_dir)
        board = load_scoreboard(args.model_dir)
        model = load_model(args.model_dir, args.model)
        rows = [catalog.row(item) for item in args.item]
        order = rank(catalog, args.model_dir, args.model)
        past = known_past(load_catalog(args.past) if args.past else catalog)
        text = report_html(
            Reporter(model, board, catalog, order, past),
            rows,
            on_progress=lambda done, total: print(f"{done:,} of {total:,} pages", flush=True),
        )
        _write(text, args.out)
    except FashionError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or error
        print(f"The report cannot be written to {args.out} ({reason}).", file=sys.stderr)
        return 2
    left = len(set(rows)) - MOST_ITEMS
    if left > 0:
        print(f"{left:,} items ranked lower were left out: a report holds {MOST_ITEMS} pages.")
    print(f"Written: {args.out}")
    return 0


def _write(text: str, out: Path) -> None:
    """Write the file as a whole, or leave what stood there before."""
    handle, name = tempfile.mkstemp(prefix=".", suffix=out.suffix, dir=out.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(out)
    finally:
        Path(name).unlink(missing_ok=True)


if __name__ == "__main__":
    run(main)
