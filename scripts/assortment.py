"""Edit many items of a catalog at once and say what a model predicts before and after."""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.catalog.catalog import Catalog, load_catalog
from core.catalog.export import write_table
from core.catalog.query import Filters, Listing
from core.catalog.roles import NUMBER_ROLES, Role
from core.catalog.selection import Selection
from core.errors import CatalogError, FashionError
from core.explain.assortment import ENDINGS, Edit, Step
from core.explain.assortment_outcome import RANGE, Outcome, export, outcome, totals_table
from core.explain.assortment_outside import Outside, outside
from core.explain.assortment_totals import error_shape
from core.explain.past import Past
from core.popularity.ranking import load_model, rank
from core.popularity.scoreboard import load_out_of_fold, load_scoreboard
from core.popularity.vectors import stored_vectors
from scripts.command import run


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 2 after a sentence on stderr."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data_dir", required=True, help="catalog directory (data/ is the demo)")
    parser.add_argument("--model_dir", required=True, help="folder of trained models")
    parser.add_argument("--model", help="which model (default: the one that ranks)")
    parser.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="COLUMN=LEVEL",
        help="edit only these items; a column named twice takes either level",
    )
    parser.add_argument(
        "--between",
        nargs=3,
        action="append",
        default=[],
        metavar=("COLUMN", "LOW", "HIGH"),
        help="edit only items with a number in this range",
    )
    edits = parser.add_mutually_exclusive_group(required=True)
    edits.add_argument("--price", type=float, metavar="PERCENT", help="change prices, such as -10")
    edits.add_argument("--set", metavar="COLUMN=VALUE", help="make a cell this value")
    edits.add_argument("--weeks", type=float, help="release later by weeks, earlier below 0")
    edits.add_argument("--drop", action="store_true", help="take the items out")
    parser.add_argument(
        "--ending", type=float, choices=ENDINGS, help="what changed prices are rounded to end in"
    )
    parser.add_argument("--top", type=int, default=50, help="how many first places to look at")
    parser.add_argument("--out", metavar="FILE", help="write every item (.csv, .xlsx, .parquet)")
    parser.add_argument("--json", metavar="FILE", help="write the totals and the first places")
    args = parser.parse_args(argv)
    file = ""
    try:
        if args.top < 1:
            raise CatalogError("--top must be at least 1.")
        catalog, board = load_catalog(args.data_dir), load_scoreboard(args.model_dir)
        model = load_model(args.model_dir, args.model)
        order = rank(catalog, args.model_dir, args.model)
        shelf = Listing(catalog, order)
        step = Step(_edit(args, catalog), Selection(scope=_filters(args, shelf)))
        assert model.calibration is not None
        trained = catalog if board.data_hash == catalog.content_hash else None
        errors = error_shape(
            model.calibration.shape, load_out_of_fold(args.model_dir), model.name, trained
        )
        found = outcome(model, shelf, order, [step], errors, args.top)
        flagged = _outside(catalog, found)
        facts = {"model": model.name, "data_hash": catalog.content_hash, "date": board.date}
        totals = totals_table(found, board.unit, catalog.currency)
        if args.out:
            file = args.out
            write_table(export(found, catalog, board.unit), args.out, "machines", facts)
        if args.json:
            file = args.json
            values = facts | {
                "chosen": found.edited.matched[0],
                "edited": _edited(found),
                "totals": totals.to_dict("records"),
                "top": args.top,
                "enter": found.items["item_id"].iloc[found.enter].tolist(),
                "leave": found.items["item_id"].iloc[found.leave].tolist(),
                "outside": [{k: v for k, v in vars(one).items() if v == v} for one in flagged],
            }
            text = json.dumps(values, ensure_ascii=False, indent=1)
            Path(args.json).write_text(text + "\n", encoding="utf-8")
    except FashionError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"{file} cannot be written ({error.strerror or error}).", file=sys.stderr)
        return 2
    _tell(found, board.unit)
    for one in flagged[:5]:
        beside = f" with {one.other_column} {one.other_level}".rstrip() if one.other_column else ""
        print(
            f"Outside the past ({one.kind}): {one.count:,} of {one.of:,} edited items,"
            f" {one.column} {one.level}{beside}".rstrip(" ,")
            + "."
        )
    print("They say what goes with more or fewer sales in the past, not what an edit would cause.")
    return 0


def _outside(catalog: Catalog, found: Outcome) -> list[Outside]:
    """How edits leave the past; nothing can be said where the catalog knows no sales."""
    target = catalog.target()
    if target is None or target.isna().all():
        return []
    return outside(Past.of(catalog, stored_vectors(catalog)), catalog, found.edited)


def _edited(found: Outcome) -> int:
    """How many items have another cell now, or left."""
    return int((found.edited.changed | found.edited.dropped).sum())


def _round(value: float, sign: str = "") -> str:
    """Three digits are all that such ranges support."""
    return f"{float(f'{value:.3g}'):{sign},.0f}"


def _tell(found: Outcome, unit: str) -> None:
    total = found.simulated.totals[RANGE]
    here, there, kept, apart = total.before, total.after, total.difference, total.apart
    chosen, changed = found.edited.matched[0], _edited(found)
    already = f"; the other {chosen - changed:,} chosen ones stay as they are" * (chosen > changed)
    print(
        f"{changed:,} items edited{already}. All {len(found.items):,} items together: about"
        f" {_round(here.middle)} {unit} ({_round(here.low)} to {_round(here.high)} in 90 of 100"
        f" cases) as they are, {_round(there.middle)} ({_round(there.low)} to"
        f" {_round(there.high)}) with the edits."
    )
    print(
        f"Difference: {_round(kept.middle, '+')} ({_round(kept.low, '+')} to"
        f" {_round(kept.high, '+')}) if each item's error stays with it; {_round(apart.low, '+')}"
        f" to {_round(apart.high, '+')} if edited items draw anew."
    )
    ids = found.items["item_id"]
    for name, rows in (("enter", found.enter), ("leave", found.leave)):
        shown = ", ".join(ids.iloc[rows[:10]]) + (" ..." if len(rows) > 10 else "")
        print(f"{len(rows):,} {name} the first {found.top:,}" + (f": {shown}" if shown else "."))


def _edit(args: argparse.Namespace, catalog: Catalog) -> Edit:
    if args.drop:
        return Edit("drop")
    if args.weeks is not None:
        return Edit("shift", _column(catalog, Role.RELEASE_DATE), args.weeks)
    if args.price is not None:
        return Edit("scale", _column(catalog, Role.PRICE), args.price, args.ending)
    column, equals, value = args.set.partition("=")
    if not equals:
        raise CatalogError(f"“{args.set}” is not COLUMN=VALUE.")
    if catalog.roles.get(column) in NUMBER_ROLES and value:
        return Edit("set", column, value, args.ending)
    return Edit("set", column, value or None)


def _filters(args: argparse.Namespace, shelf: Listing) -> Filters:
    filters = Filters()
    facets = {facet.column: facet for facet in shelf.facets}
    for text in args.where:
        column, _, level = text.partition("=")
        if column not in facets or level not in facets[column].levels:
            raise CatalogError(
                f"No item can be found by “{text}”. Columns with levels: {', '.join(facets)}."
            )
        filters = filters.with_levels(column, [*filters.chosen(column), level])
    for column, low, high in args.between:
        if column not in shelf.spans:
            raise CatalogError(
                f"“{column}” is no column of numbers here. There are: {', '.join(shelf.spans)}."
            )
        try:
            filters = filters.with_span(column, float(low), float(high))
        except ValueError as error:
            raise CatalogError(f"{low} to {high} is no range of numbers.") from error
    return filters


def _column(catalog: Catalog, role: Role) -> str:
    column = catalog.column(role)
    if column is None:
        raise CatalogError(
            f"The catalog “{catalog.name}” has no {role.replace('_', ' ')} to change."
        )
    return column


if __name__ == "__main__":
    run(main)
