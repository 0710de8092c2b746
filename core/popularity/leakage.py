"""What in a catalog could make a score look better than the model will be: the leakage radar.

`find_leaks` looks at a catalog before anything is learned from it. Its thresholds:

- An *order* (rows, identifiers) is said to know the outcome where its rank correlation with the
  target among items of one category and half-year is at least .1 and four times its spread when
  the target is shuffled: one false alarm in about 16,000 looks.
- A column is a *copy* of the target at a rank correlation of .95, or a linear one of .995: counts
  of one thing (ratings and reviews) are that close, and nothing known at launch is.
- A *single column explains too much* where it alone ranks held-out items with .85, above what whole
  models reach on real launch-time data (.2 to .7), or with .6 and .25 more than all other columns
  together, as real signal is spread over several columns. Columns that never vary and levels that
  stand for one item explain nothing by this measure, as levels are averaged over other styles.
- *Pictures* and *names* that stand on both sides of a split leak only where items alike also have
  alike targets beyond what their columns say; if that is measured and not so, it is a note.
- *Having* a photo or a text knows the outcome where an item with it outsells one without 60 times
  in 100 (or 40), and four standard deviations more often than the columns say.
- A target is *censored* where another column bounds it and it reaches the bound, or where items
  pile up at its greatest value.
"""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.importing.guessing import late_name
from core.catalog.roles import ALWAYS_POST_LAUNCH, LEVEL_ROLES, Role
from core.popularity.association import (
    held_out_means,
    held_out_sum,
    natural_order,
    numbers,
    rank_correlation_within,
    strength,
)
from core.popularity.censoring import bounded, exposed, piled_up
from core.popularity.columns import Feature, feature_columns
from core.popularity.findings import CHANCE, Finding, Kind, Labelled, Severity, quoted
from core.popularity.metrics import spearman
from core.popularity.model import MIN_ITEMS
from core.popularity.presence import telling_presence
from core.popularity.sharing import parted_styles, shared_counts, twins_across
from core.popularity.splits import Fold, forward_folds

ORDER_KNOWS = 0.1
COPY_RANKS, COPY_LINE = 0.95, 0.995
ALONE, ALONE_TOO, ABOVE_REST = 0.85, 0.6, 0.25
MARKED_DOWN = re.compile(r"discount|markdown|marked.?down|sale|clearance", re.IGNORECASE)


def find_leaks(
    catalog: Catalog,
    folds: Sequence[Fold] | None = None,
    vectors: np.ndarray | None = None,
    *,
    include_post_launch: bool = False,
) -> list[Finding]:
    """All that could leak the target into the models of a catalog, the worst first.

    The same catalog gives the same findings. Without a target, or with one that too few items have,
    only columns are looked at.

    Args:
        catalog: what is learned from; its photos are read, at most 2,000 of them opened.
        folds: what is scored by what; those that training makes if None.
        vectors: CLIP unit vectors (items, dimensions) of the photos, where there are some.
        include_post_launch: whether models read ratings, reviews and post-launch columns.
    """
    reads = feature_columns(catalog, include_post_launch=include_post_launch)
    found = [*_post_launch(catalog, reads), *_identifiers(catalog, reads)]
    target = catalog.target()
    rows = np.array([], dtype=np.int64)
    if target is not None:
        rows = np.flatnonzero(np.isfinite(target.to_numpy(dtype=np.float64)))
    if len(rows) >= MIN_ITEMS:
        seen = Labelled(catalog, rows, reads)
        if folds is None:
            folds = [*forward_folds(catalog, rows), *_grouped(seen)]
        found += [*_copies(seen), *_orders(seen), *_single_columns(seen), *telling_presence(seen)]
        found += [
            *parted_styles(seen, folds),
            *twins_across(seen, folds, vectors),
            *shared_counts(seen, folds),
        ]
        found += [*bounded(seen), *piled_up(seen), *exposed(seen)]
    return worst_first(found)


def worst_first(findings: Sequence[Finding]) -> list[Finding]:
    """The findings as a report lists them."""
    order = list(Severity)[::-1]
    return sorted(findings, key=lambda f: order.index(f.severity))


def _grouped(seen: Labelled) -> list[Fold]:
    return [
        Fold(str(i + 1), np.delete(seen.rows, held_out), seen.rows[held_out])
        for i, held_out in enumerate(seen.folds)
    ]


def _post_launch(catalog: Catalog, reads: Sequence[Feature]) -> list[Finding]:
    late = [
        c
        for c in map(str, catalog.frame.columns)
        if (c in catalog.post_launch or catalog.roles.get(c) in ALWAYS_POST_LAUNCH)
        and catalog.roles.get(c) != Role.TARGET
    ]
    names = {f.name for f in reads}
    used = tuple(c for c in late if c in names)
    kept = tuple(c for c in late if c not in names)
    found = []
    if used:
        found.append(
            Finding(
                Kind.POST_LAUNCH, Severity.WARNING, used, (), float(len(used)), "columns",
                f"Models read what is known only after an item has begun to sell: {quoted(used)}.",
                "Use these models only to rank again what already sells; to rank new items, train"
                " without post-launch columns.",
            )
        )  # fmt: skip
    if kept:
        found.append(
            Finding(
                Kind.POST_LAUNCH, Severity.NOTE, kept, (), float(len(kept)), "columns",
                f"Known only once an item has begun to sell, so no model reads it: {quoted(kept)}.",
                "Nothing to do.",
            )
        )  # fmt: skip
    loud = tuple(f.name for f in reads if f.role in (*LEVEL_ROLES, Role.NUMBER))
    loud = tuple(c for c in loud if c not in late and late_name(c))
    if loud:
        found.append(
            Finding(
                Kind.POST_LAUNCH, Severity.WARNING, loud, (), float(len(loud)), "columns",
                f"By its name this is known only after launch, and models read it: {quoted(loud)}.",
                "Import again with --post-launch for it, unless it is set before an item sells.",
            )
        )  # fmt: skip
    marked = tuple(f.name for f in reads if f.role == Role.PRICE and MARKED_DOWN.search(f.name))
    if marked:
        found.append(
            Finding(
                Kind.POST_LAUNCH, Severity.NOTE, marked, (), float(len(marked)), "columns",
                f"The price in {quoted(marked)} may have been marked down because of how the item"
                " sold.",
                "Use the price at launch where the source has it.",
            )
        )  # fmt: skip
    return found


def _identifiers(catalog: Catalog, reads: Sequence[Feature]) -> list[Finding]:
    """Which identifiers are kept from models, and numbers that models read and that look like one.

    No model can read an identifier: all of them read `feature_columns`, which has no role of one.
    What is left is a number that was given a role; whole, never twice the same, and in the order
    of the rows or named like one.
    """
    kept = tuple(str(c) for role in (Role.ID, Role.GROUP) for c in catalog.columns(role))
    found = [
        Finding(
            Kind.IDENTIFIER, Severity.NOTE, kept, (), float(len(kept)), "columns",
            f"Identifiers, which no model reads: {quoted(kept)}.", "Nothing to do.",
        )
    ]  # fmt: skip
    for feature in reads:
        if feature.role != Role.NUMBER:
            continue
        values = numbers(catalog.frame[feature.name])
        known = values[np.isfinite(values)]
        if len(known) < MIN_ITEMS or (known % 1).any() or len(np.unique(known)) < 0.98 * len(known):
            continue
        along = abs(spearman(np.flatnonzero(np.isfinite(values)).astype(float), known))
        named = re.search(
            r"(^|[^a-z])(id|sku|ean|gtin|index|no|row|code)([^a-z]|$)", feature.name, re.I
        )
        if named or along >= 0.9:
            found.append(
                Finding(
                    Kind.IDENTIFIER, Severity.SERIOUS, (feature.name,), (), along,
                    "rank correlation with the order of the rows",
                    f"Models read {quoted([feature.name])}, which numbers the items.",
                    "Import again without a role for it: a number that was handed out tells when an"
                    " item was listed, not how it sells.",
                )
            )  # fmt: skip
    return found


def _copies(seen: Labelled) -> list[Finding]:
    found = []
    y = seen.target
    for column, x in seen.numbers.items():
        known = np.isfinite(x)
        a, b = x[known], y[known]
        if len(np.unique(a)) < 10 or len(np.unique(b)) < 10:
            continue
        ranks = abs(spearman(a, b))
        line = abs(float(np.corrcoef(a, b)[0, 1]))
        if ranks < COPY_RANKS and line < COPY_LINE:
            continue
        seen.copies.add(column)
        read = column in seen.read
        found.append(
            Finding(
                Kind.COPY, Severity.SERIOUS if read else Severity.NOTE, (column,), (),
                max(ranks, line), "correlation with the target",
                f"{quoted([column])} is nearly the target itself (correlation"
                f" {max(ranks, line):.2f})" + (", and models read it." if read else
                "; no model reads it."),
                "Import again without a role for it, or mark it as known only after launch." if read
                else "Nothing to do; never give it a role.",
            )
        )  # fmt: skip
    return found


def _orders(seen: Labelled) -> list[Finding]:
    """Orders that know the outcome; those that are the same order make one finding."""
    orders: list[tuple[str, np.ndarray]] = [("", seen.rows.astype(np.float64))]
    roles = seen.catalog.roles
    for column in map(str, seen.frame.columns):
        cells = seen.frame[column]
        if roles.get(column) == Role.ID:
            orders.append((column, natural_order(cells)))
        elif column in seen.numbers and column not in seen.copies and not seen.late(column):
            counted = roles.get(column) is None or roles.get(column) == Role.NUMBER
            x = seen.numbers[column]
            whole = not (x[np.isfinite(x)] % 1).any()
            if counted and whole and cells.nunique() >= len(cells) / 3:
                orders.append((column, x))
    alike_in: np.ndarray = seen.categories
    date = seen.catalog.column(Role.RELEASE_DATE)
    if date:
        shifted = seen.frame[date] + pd.DateOffset(months=1)
        half = shifted.dt.year.astype(str) + (shifted.dt.month > 6).astype(str)
        alike_in = np.array([f"{a}|{b}" for a, b in zip(alike_in, half, strict=True)], dtype=object)
    told: list[tuple[list[str], np.ndarray, float, float]] = []
    for name, order in orders:
        value, spread, _ = rank_correlation_within(order, seen.target, alike_in, seen.groups)
        if abs(value) < ORDER_KNOWS or abs(value) < CHANCE * spread:
            continue
        same = next((t for t in told if abs(_along(t[1], order)) >= 0.98), None)
        if same:
            same[0].append(name)
        else:
            told.append(([name], order, value, spread))
    found = []
    alike = "category and half-year" if date else "category"
    for names, _, value, spread in told:
        columns = tuple(n for n in names if n)
        read = tuple(c for c in columns if c in seen.read)
        what = "The order of the rows" if "" in names else f"The order of {quoted(columns)}"
        also = f" (and of {quoted(columns)})" if "" in names and columns else ""
        found.append(
            Finding(
                Kind.ORDER, Severity.SERIOUS if read else Severity.NOTE, columns, (), value,
                f"rank correlation with the target in one {alike}",
                f"{what}{also} knows the outcome: rank correlation {value:+.2f} with the target in"
                f" one {alike}, {spread:.2f} by chance" + (
                    f"; models read {quoted(read)}." if read else "; no model reads it."),
                f"Import again without a role for {quoted(read)}." if read else
                "Nothing to do; never give it a role, and let no other tool learn from it.",
            )
        )  # fmt: skip
    return found


def _along(one: np.ndarray, other: np.ndarray) -> float:
    known = np.isfinite(one) & np.isfinite(other)
    return float(np.nan_to_num(spearman(one[known], other[known]))) if known.sum() > 2 else 0.0


def _single_columns(seen: Labelled) -> list[Finding]:
    own = {}
    for column in seen.others:
        if column in seen.copies:
            continue
        cells = seen.frame[column]
        counted = column in seen.numbers and seen.catalog.roles.get(column) not in LEVEL_ROLES
        own[column] = held_out_means(
            pd.Series(seen.numbers[column]) if counted else cells, seen.ranks, seen.folds
        )
    read = {c: own[c] for c in seen.read if c in own}
    found = []
    for column, prediction in own.items():
        alone = strength(prediction, seen.ranks)
        used = column in read
        if alone < (ALONE_TOO if used else ALONE) or (seen.late(column) and not used):
            continue
        others = {c: p for c, p in read.items() if c != column}
        rest = strength(held_out_sum(others, seen.ranks, seen.folds), seen.ranks)
        if alone < ALONE and (len(others) < 2 or alone < rest + ABOVE_REST):
            continue
        severity = Severity.NOTE
        if used:
            severity = Severity.SERIOUS if alone >= ALONE else Severity.WARNING
        found.append(
            Finding(
                Kind.COLUMN, severity, (column,), (), alone,
                "rank correlation of held-out items by this column alone",
                f"{quoted([column])} alone ranks unseen items with {alone:.2f}, all other columns"
                f" that models read with {rest:.2f}" + ("." if used else "; no model reads it."),
                "Find out when it is filled in: if after an item sells, mark it as known only after"
                " launch." if used else "Nothing to do; never give it a role.",
            )
        )  # fmt: skip
    seen.explained = held_out_sum(read, seen.ranks, seen.folds)
    return found
