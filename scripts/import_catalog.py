"""Import a shop's export or a public data set as a catalog directory.

SOURCE is a file (CSV, TSV, Excel, Parquet, Shopify products, Google Merchant feed) or a folder
(H&M, styles.csv with images/, VISUELLE). Roles of columns are guessed unless named; the report says
how many rows were read, skipped and why.
"""

import argparse
import datetime
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.catalog.importing import FORMATS, import_catalog, write_issues
from core.errors import CatalogError, FashionError
from scripts.command import run


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 2 after a sentence on stderr."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", metavar="SOURCE", type=Path)
    parser.add_argument("--format", default="auto", choices=["auto", *FORMATS])
    parser.add_argument("--out", required=True, type=Path, help="catalog directory to write")
    parser.add_argument(
        "--role",
        action="append",
        default=[],
        metavar="ROLE=COLUMN",
        help="what a column means, for example price=Cost; may be repeated; none=COLUMN takes a"
        " guessed role away",
    )
    parser.add_argument(
        "--group", metavar="COLUMN[+COLUMN]", help="columns whose cells tell the style group"
    )
    parser.add_argument("--images", type=Path, help="folder that image cells are relative to")
    parser.add_argument("--name", help="what the catalog is called")
    parser.add_argument("--unit", help="what the target counts, in the plural")
    parser.add_argument("--currency", help="currency of the price column")
    parser.add_argument(
        "--window",
        metavar="FIRST..LAST",
        help="H&M: days whose sales count, 2020-06-01..2020-08-31",
    )
    parser.add_argument(
        "--post-launch",
        action="append",
        default=[],
        metavar="COLUMN",
        help="column that is known only after an item began to sell; may be repeated",
    )
    parser.add_argument(
        "--at-launch",
        action="append",
        default=[],
        metavar="COLUMN",
        help="column that is known at launch, whatever its name suggests; may be repeated",
    )
    parser.add_argument(
        "--dates", choices=["day-first", "month-first"], help="how 03/04/2024 is meant"
    )
    parser.add_argument(
        "--report", type=Path, metavar="FILE", help="also write every issue, as CSV"
    )
    args = parser.parse_args(argv)
    try:
        report = import_catalog(
            args.source,
            args.out,
            format=args.format,
            roles=[_role(pair) for pair in args.role],
            group=args.group,
            images=args.images,
            name=args.name,
            unit=args.unit,
            currency=args.currency,
            window=_window(args.window),
            post_launch=args.post_launch,
            at_launch=args.at_launch,
            day_first=None if args.dates is None else args.dates == "day-first",
            on_progress=_progress if sys.stderr.isatty() else None,
        )
        print("\n".join(report.lines()))
        print(f"Catalog “{report.catalog.name}” in {args.out} after {report.seconds:.1f} s.")
        if args.report:
            write_issues(report.issues, args.report)
    except FashionError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"{error.filename or args.out}: {error.strerror}.", file=sys.stderr)
        return 2
    return 0


def _role(pair: str) -> tuple[str, str]:
    role, separator, column = pair.partition("=")
    if not separator:
        raise CatalogError(f"--role {pair}: write ROLE=COLUMN, for example price=Cost.")
    return role, column


def _window(text: str | None) -> tuple[datetime.date, datetime.date] | None:
    if text is None:
        return None
    try:
        first, last = (datetime.date.fromisoformat(day) for day in text.split(".."))
    except ValueError as error:
        raise CatalogError(
            f"--window {text}: write FIRST..LAST, for example 2020-06-01..2020-08-31."
        ) from error
    if first > last:
        raise CatalogError(f"--window {text}: the first day is after the last.")
    return first, last


def _progress(share: float, message: str) -> None:
    print(f"\r\033[K{share:4.0%}  {message}", end="" if share < 1 else "\n", file=sys.stderr)


if __name__ == "__main__":
    run(main)
