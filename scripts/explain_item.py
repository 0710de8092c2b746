"""Say what a model's prediction for one item is made of.

With --json FILE the same numbers are written as JSON. Keys, which stay:

  item_id, model, predicted, low, high   of the final model: median and 90 % interval, in `unit`
  base, base_units, output, gap          log units (base_units in `unit`): mean over the background,
                                         the model's output, and how far the parts are from adding
                                         up to it
  parts        one a field: player, value (log units), factor (exp of it), shown (the cell)
  against      the background: items, category (empty: all), version
  exact        whether no order of fields was sampled
  method       of the values: shapley, or owen where fields are more than 15 (details, words and
               photo are each taken together)
  pairs        Shapley interactions of each two fields, strongest first: first, second, value (log
               units), factor; against the whole background always; null where fields are too many
  shares       of metadata, text, photo in the sum of |value|, 0..1; null where all are 0
  words        sentences on the item
  ranking      rank, items, the ranges of ranks and the prediction that the ranking shows
  out_of_fold  that prediction, where it is by a model that had not seen the item, else null
  evidence     the closest past items by attributes, photo and both: items, low, median, high, near
  map          with --map: values of the photo's patches, log units, and how such maps were tested
  checks       how such values were tested
  unit, trained_on, data_hash, date      of the models
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.catalog.catalog import load_catalog
from core.errors import FashionError
from core.explain.maps import PhotoMap, image_scalar
from core.explain.report import ItemReport, Reporter, known_past
from core.explain.wording import about
from core.explain.words import noise
from core.popularity.ranking import load_model, rank
from core.popularity.scoreboard import load_scoreboard
from scripts.command import run

SHOWN_PAIRS = 3


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 2 after a sentence on stderr."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data_dir", required=True, help="catalog directory (data/ is the demo)")
    parser.add_argument("--model_dir", required=True, help="folder of trained models")
    parser.add_argument("--item", required=True, metavar="ID", help="item id")
    parser.add_argument("--model", help="which model (default: the one that ranks)")
    parser.add_argument("--json", metavar="FILE", help="also write the explanation to this file")
    parser.add_argument(
        "--same-category",
        action="store_true",
        help="hold the item against training items of its category only",
    )
    parser.add_argument(
        "--past", metavar="DIR", help="catalog with known sales to compare with (default: the same)"
    )
    parser.add_argument(
        "--map",
        metavar="FILE",
        help="also write a PNG of the photo: teal lifts the prediction, orange lowers it",
    )
    args = parser.parse_args(argv)
    file = ""
    try:
        catalog = load_catalog(args.data_dir)
        board = load_scoreboard(args.model_dir)
        model = load_model(args.model_dir, args.model)
        row = catalog.row(args.item)
        ranked = rank(catalog, args.model_dir, args.model)  # reads the photos where a model must
        if args.map:
            image_scalar(model, catalog, row)  # says why there is none, before a checkpoint is read
        past = known_past(load_catalog(args.past) if args.past else catalog)
        reporter = Reporter(model, board, catalog, ranked, past)
        report = reporter.item(row, same_category=args.same_category, with_map=bool(args.map))
        pairs = reporter.pairs(row)
        if args.map:
            file = args.map
            _drawn(report).overlay().save(file, "PNG")
        if args.json:
            file = args.json
            values = report.to_json() | {
                "pairs": None
                if pairs is None
                else [asdict(pair) | {"factor": pair.factor} for pair in pairs],
                "unit": board.unit,
                "trained_on": board.catalog,
                "data_hash": board.data_hash,
                "date": board.date,
            }
            text = json.dumps(values, ensure_ascii=False, indent=1)
            Path(args.json).write_text(text + "\n", encoding="utf-8")
    except FashionError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or error
        print(f"The explanation cannot be written to {file} ({reason}).", file=sys.stderr)
        return 2
    print("\n".join(report.words))
    told = report.explanation
    kind = f" of the category “{told.against.category}”" if told.against.category else ""
    print(
        f"Item {told.item_id}, {told.model} model: about {told.predicted:,.0f} {board.unit}"
        f" ({told.low:,.0f} to {told.high:,.0f} in 90 of 100 cases);"
        f" the average item{kind}: {told.base_units:,.0f}."
    )
    if report.out_of_fold is not None:
        print(
            "This model learned from the item too. The ranking shows about"
            f" {report.out_of_fold:,.0f}, by a model that had not seen it."
        )
    for part in told.ordered():
        print(f"  x {part.factor:5.2f}  {part.player}: {part.shown}")
    print(f"The parts add up to the prediction within {told.gap:.1e} log units.")
    for pair in [p for p in pairs or () if abs(p.value) > noise()][:SHOWN_PAIRS]:
        print(f"  x {pair.factor:5.2f}  {pair.first} and {pair.second} together, beyond each alone")
    if report.shares:
        shares = ", ".join(f"{kind} {share:.0%}" for kind, share in report.shares.items())
        print(f"Share of the parts' sizes: {shares}.")
    for near in report.evidence.kinds if report.evidence else ():
        if near.items:
            low, middle, high = (
                about(v, near.low, near.high) for v in (near.low, near.median, near.high)
            )
            print(
                f"The {len(near.items)} closest past items by {near.by} mostly sold {low} to {high}"
                f" {board.unit}, half of them over {middle}"
                f"{'; none of them is near' if near.is_near is False else ''}."
            )
    if report.drawn:
        print(f"The map adds up to the photo's part within {report.drawn.gap:.1e} log units.")
        score = report.drawn.score
        if score:
            print(
                f"On {score.photos:,} photos new to the {score.model} model, such maps beat random"
                f" ones by {score.value:.2f} ({score.low:.2f} to {score.high:.2f}) standard"
                " deviations of what photos make of its numbers (insertion minus deletion)."
            )
    print("They say what goes with more or fewer sales in the past, not what causes them.")
    return 0


def _drawn(report: ItemReport) -> PhotoMap:
    """The map that was asked for.

    Raises:
        FashionError: there is none, in a sentence that says why.
    """
    if report.drawn is None:
        raise FashionError(
            report.undrawn or f"The item “{report.explanation.item_id}” has no photo to map."
        )
    return report.drawn


if __name__ == "__main__":
    run(main)
