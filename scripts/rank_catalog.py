"""Rank a catalog by predicted popularity and write the ranking to a file, best first.

The file holds item_id, rank, predicted (the median), expected (the mean), low and high (90 %),
low_80 and high_80, all in the target's unit; the ranks that an item may end up with, rank_low and
rank_high (90 %), rank_low_80 and rank_high_80; which model made them; what the prediction is most
made of, contribution_1 to contribution_3 (a field: a column's heading, description for name and
description, image) with contribution_1_times to contribution_3_times (the factor that it makes of
the average item), and share_metadata, share_text and share_photo (0 to 1, of all contributions'
sizes); the catalog's own columns; then suggested titles and what is seen in the photos, where there
are such: the same table that the dashboard exports.

Contributions are of the final model. For a model that adds them up they are always written; for
another they take a while the first time, so only with --contributions, and are kept.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.catalog.catalog import load_catalog
from core.catalog.export import about_table, export_frame, write_table
from core.errors import FashionError
from core.explain.overview_fields import adds_up
from core.explain.strongest import contribution_columns
from core.popularity.ranking import load_model, rank
from core.popularity.scoreboard import load_scoreboard
from core.vision.detections import load_detections
from scripts.command import run


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 2 after a sentence on stderr."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data_dir", required=True, help="catalog directory (data/ is the demo)")
    parser.add_argument("--model_dir", required=True, help="folder of trained models")
    parser.add_argument(
        "--out", required=True, type=Path, metavar="FILE", help=".csv, .xlsx or .parquet"
    )
    parser.add_argument("--model", help="which model (default: the one that won on validation)")
    parser.add_argument(
        "--for",
        dest="style",
        choices=("excel", "machines"),
        default="machines",
        help="CSV dialect: for opening in Excel, or for programs (default)",
    )
    parser.add_argument(
        "--contributions",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="write what predictions are most made of (default: where it takes no time)",
    )
    args = parser.parse_args(argv)
    try:
        catalog = load_catalog(args.data_dir)
        print(f"Ranking {len(catalog):,} items of “{catalog.name}”", flush=True)
        ranking = rank(
            catalog,
            args.model_dir,
            args.model,
            on_progress=lambda done, total: print(
                f"Reading the photos: {done:,} of {total:,}", flush=True
            ),
        )
        model = load_model(args.model_dir, args.model)
        wanted = adds_up(model) if args.contributions is None else args.contributions
        made_of = None
        if wanted:
            made_of = contribution_columns(
                model,
                catalog,
                load_scoreboard(args.model_dir),
                lambda done, total: print(f"Contributions: {done:,} of {total:,}", flush=True),
            )
        table = export_frame(catalog, ranking, seen=load_detections(catalog), contributions=made_of)
        write_table(table, args.out, args.style, about_table(catalog, ranking))
    except FashionError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or error
        print(f"The ranking cannot be written to {args.out} ({reason}).", file=sys.stderr)
        return 2
    about = ranking.attrs
    unseen = int((ranking["basis"] == "out_of_fold").sum())
    print(f"Model: {about['model']}, trained on “{about['trained_on']}”, {about['date']}.")
    if unseen:
        print(
            f"{unseen:,} items are in the training data; their predictions come from models that"
            " had not seen them."
        )
    for note in about["notes"]:
        print(note)
    if not wanted and args.contributions is None:
        print("What predictions are made of is left out; --contributions adds it.")
    print(f"Written: {args.out}, {len(ranking):,} rows, in {about['unit']}.")
    return 0


if __name__ == "__main__":
    run(main)
