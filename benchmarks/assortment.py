"""The assortment what-if: whether totals keep their promise, and how long an edit takes.

    python benchmarks/assortment.py [--data_dir DIR] [--model_dir DIR] [--items 20000]

Totals on items that a model had not seen: those of each category of each held-out part of the
styles, simulated with what errors share on the other parts, with and without the correlation of
styles; and those of each later season, with the shift drawn after the other seasons. Speed: a
price edit of all items of the catalog, and of the catalog repeated up to so many items (with other
ids), on one thread. The table goes to stdout.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog, load_catalog
from core.catalog.query import Filters, Listing
from core.catalog.roles import Role
from core.catalog.selection import Selection
from core.errors import FashionError
from core.explain.assortment import Edit, Step, apply_steps, compare
from core.explain.assortment_outcome import outcome
from core.explain.assortment_outside import outside
from core.explain.assortment_totals import ErrorShape, Lines, error_shape, simulate
from core.explain.competing import near_pairs
from core.explain.past import Past
from core.popularity.additive import BlockModel
from core.popularity.one_thread import one_thread
from core.popularity.ranking import load_model, rank
from core.popularity.scoreboard import load_out_of_fold, load_scoreboard
from core.popularity.splits import group_codes
from core.popularity.vectors import stored_vectors

LEAST = 5
"""Items that a total is of at least."""
TOP = 50


def main() -> int:
    """Print the tables; 2 after a sentence on stderr."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data_dir", default="data", metavar="DIR")
    parser.add_argument("--model_dir", default="checkpoints/popularity-demo", metavar="DIR")
    parser.add_argument("--model", help="which model (default: the one that ranks)")
    parser.add_argument("--items", type=int, default=20_000)
    args = parser.parse_args()
    try:
        catalog, board = load_catalog(args.data_dir), load_scoreboard(args.model_dir)
        if board.data_hash != catalog.content_hash:
            print("The models learned from another catalog.", file=sys.stderr)
            return 2
        model = load_model(args.model_dir, args.model)
        table = load_out_of_fold(args.model_dir)
        print(f"{catalog.name}, {len(catalog):,} items, model {model.name}\n")
        _promise(model, catalog, table[table["model"] == model.name])
        order = rank(catalog, args.model_dir, args.model)
        errors = _errors(model, table, catalog)
        with one_thread():
            print(f"\nLoad {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
            print("Milliseconds by the clock (on the core)\n")
            print("| items | apply | compare | all of the answer | outside the past | pairs |")
            print("|---|---|---|---|---|---|")
            _speed(model, catalog, order, errors, catalog)
            if args.items > len(catalog):
                big, ranked = _repeated(catalog, order, args.items)
                _speed(model, big, ranked, errors, catalog)
    except FashionError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _errors(model: BlockModel, table: pd.DataFrame, catalog: Catalog) -> ErrorShape:
    assert model.calibration is not None
    return error_shape(model.calibration.shape, table, model.name, catalog)


def _promise(model: BlockModel, catalog: Catalog, table: pd.DataFrame) -> None:
    """Shares of totals inside their 80 and 90 % ranges."""
    grouped, forward = (table[table["split"] == split] for split in ("grouped", "forward"))
    kinds: Mapping[str, list[tuple[bool, bool]]] = {"styles tied": [], "items independent": []}
    category = catalog.column(Role.CATEGORY)
    for fold in grouped["fold"].unique():
        own = grouped[grouped["fold"] == fold]
        rest = pd.concat([grouped[grouped["fold"] != fold], forward])
        errors = _errors(model, rest, catalog)
        rows = catalog.ids.get_indexer(pd.Index(own["item_id"]))
        cells = (
            catalog.frame[category].iloc[rows].astype(str).to_numpy()
            if category
            else np.full(len(rows), "all")
        )
        for name, some in (
            ("styles tied", errors),
            ("items independent", replace(errors, style=0.0)),
        ):
            kinds[name].extend(_inside(own, cells, some, group_codes(catalog)[rows], True))
    print("| totals of | simulated with | totals | in the 80 % range | in the 90 % range |")
    print("|---|---|---|---|---|")
    for name, found in kinds.items():
        _line("category in a held-out part of the styles", name, found)
    seasons = forward["fold"].unique()
    found = []
    for season in seasons if len(seasons) > 2 else ():
        own = forward[forward["fold"] == season]
        errors = _errors(model, pd.concat([grouped, forward[forward["fold"] != season]]), catalog)
        rows = catalog.ids.get_indexer(pd.Index(own["item_id"]))
        cells = np.full(len(own), str(season))
        found += _inside(own, cells, errors, group_codes(catalog)[rows], False)
    if found:
        _line("later season", "the other seasons' shifts", found)


def _inside(
    own: pd.DataFrame, cells: np.ndarray, errors: ErrorShape, styles: np.ndarray, held_out: bool
) -> list[tuple[bool, bool]]:
    names = [name for name in np.unique(cells) if (cells == name).sum() >= LEAST]
    masks = {name: (cells == name).astype(np.float64) for name in names}
    shown = own[["predicted", "low_80", "high_80"]].astype(np.float64).reset_index(drop=True)
    labels = np.full(len(own), "season", dtype=object)
    lines = Lines(
        shown,
        shown,
        np.zeros(len(own), dtype=bool),
        np.full(len(own), held_out),
        styles,
        labels,
        labels,
        frozenset({"season"} if held_out else ()),
    )
    sums = {name: (mask, mask) for name, mask in masks.items()}
    found = simulate(lines, errors, sums, 1).totals
    actual = own["actual"].to_numpy(dtype=np.float64)
    return [
        (
            found[name].before.low_80 <= actual @ mask <= found[name].before.high_80,
            found[name].before.low <= actual @ mask <= found[name].before.high,
        )
        for name, mask in masks.items()
    ]


def _line(what: str, how: str, found: list[tuple[bool, bool]]) -> None:
    shares = np.array(found).mean(axis=0) if found else (np.nan, np.nan)
    print(f"| {what} | {how} | {len(found)} | {shares[0]:.2f} | {shares[1]:.2f} |")


def _repeated(catalog: Catalog, order: pd.DataFrame, count: int) -> tuple[Catalog, pd.DataFrame]:
    """The catalog and its ranking repeated up to so many items."""
    rows = np.arange(count) % len(catalog)
    frame = catalog.frame.iloc[rows].reset_index(drop=True)
    key = catalog.columns(Role.ID)[0]
    ids = frame[key] + "-" + pd.Series(np.arange(count) // len(catalog)).astype(str)
    shown = order.set_index("item_id").loc[catalog.ids[rows]].reset_index(drop=True)
    shown.insert(0, "item_id", ids.to_numpy())
    shown = shown.sort_values(["predicted", "item_id"], ascending=[False, True])
    shown["rank"] = np.arange(1, count + 1)
    made = replace(catalog, frame=frame.assign(**{key: ids}), content_hash="")
    return made, shown.reset_index(drop=True)


def _speed(
    model: BlockModel,
    catalog: Catalog,
    order: pd.DataFrame,
    errors: ErrorShape,
    trained: Catalog,
) -> None:
    price = catalog.column(Role.PRICE)
    if price is None:
        return
    shelf = Listing(catalog, order)
    vectors = stored_vectors(trained)
    if vectors is not None:
        vectors = vectors[np.arange(len(catalog)) % len(trained)]
    past = Past.of(trained)
    steps = [Step(Edit("scale", price, -10.0, 0.95), Selection(scope=Filters()))]
    model.predict(catalog, np.arange(1))
    spent: list[tuple[float, float]] = []

    def timed(work: Callable[[], Any]) -> Any:
        clock, core = time.perf_counter(), time.process_time()
        found = work()
        spent.append((time.perf_counter() - clock, time.process_time() - core))
        return found

    edited = timed(lambda: apply_steps(shelf, steps))
    timed(lambda: compare(model, order, catalog, edited))
    found = timed(lambda: outcome(model, shelf, order, steps, errors, TOP))
    timed(lambda: outside(past, catalog, found.edited))
    best = np.argsort(found.items["rank_after"].to_numpy(dtype=float))
    timed(lambda: near_pairs(catalog, best, vectors))
    cells = " | ".join(f"{1000 * clock:,.0f} ({1000 * core:,.0f})" for clock, core in spent)
    print(f"| {len(catalog):,} | {cells} |")


if __name__ == "__main__":
    sys.exit(main())
