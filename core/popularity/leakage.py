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
- A target is *censored* where another column bounds it and it reaches the bound, or where items
  pile up at its greatest value.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.importing.guessing import late_name
from core.catalog.roles import ALWAYS_POST_LAUNCH, LEVEL_ROLES, Role
from core.popularity.association import (
    agreement,
    held_out_means,
    held_out_sum,
    natural_order,
    numbers,
    rank_correlation_within,
    strength,
)
from core.popularity.columns import Feature, feature_columns
from core.popularity.metrics import spearman
from core.popularity.model import MIN_ITEMS
from core.popularity.splits import Fold, forward_folds, group_codes, grouped_folds
from core.popularity.twins import crossing, picture_codes

CHANCE = 4.0
"""Standard deviations from which a correlation is not chance."""
ORDER_KNOWS = 0.1
COPY_RANKS, COPY_LINE = 0.95, 0.995
ALONE, ALONE_TOO, ABOVE_REST = 0.85, 0.6, 0.25
SHARE = 0.01
"""Part of the scored items from which twins in the training part count."""
MIN_TWINS = 10
"""Fewest twins from which it is measured whether they know each other's target."""
MOST_STYLES = 5
"""A name that more styles have (“Blue shirt”) is no name of one product."""
AT_BOUND = 0.05
AT_MAXIMUM = 0.02
EXPOSURE = 0.3
SHOWN = 10
"""Most items that a finding names."""

DURATION = re.compile(
    r"(weeks?|days?|months?).*(sale|sold|online|live|listed|stores?|shop|site|market)"
)
SOLD_OUT = re.compile(r"out.?of.?stock|sold.?out|unavailable|not available", re.IGNORECASE)
MARKED_DOWN = re.compile(r"discount|markdown|marked.?down|sale|clearance", re.IGNORECASE)


class Severity(StrEnum):
    """How much a finding takes from the scores."""

    NOTE = "note"
    """Guarded against, or measured and harmless: nothing to do."""
    WARNING = "warning"
    """Scores may look better than the model will be."""
    SERIOUS = "serious"
    """Scores cannot be believed until it is mended."""


class Kind(StrEnum):
    """What a finding is about."""

    POST_LAUNCH = "post_launch"
    IDENTIFIER = "identifier"
    ORDER = "order"
    SPLIT = "split"
    PHOTOS = "photos"
    NAMES = "names"
    COUNTS = "counts"
    COLUMN = "column"
    COPY = "copy"
    CENSORED = "censored"
    EXPOSURE = "exposure"


@dataclass(frozen=True)
class Finding:
    """One thing that the radar saw.

    Attributes:
        kind, severity: what it is about, and how bad it is.
        columns: columns of the catalog that are meant; empty for rows and splits.
        items: ids of the items that are meant, at most `SHOWN`.
        value: the number that was measured, in terms of `measure`.
        text: what it is, in a sentence; columns stand in it as “name”.
        advice: what to do, in a sentence.
    """

    kind: Kind
    severity: Severity
    columns: tuple[str, ...]
    items: tuple[str, ...]
    value: float
    measure: str
    text: str
    advice: str

    @classmethod
    def from_json(cls, values: dict) -> "Finding":
        """A finding from the plain values that `dataclasses.asdict` makes of it.

        Raises:
            KeyError, TypeError, ValueError: they are not a finding's.
        """
        return cls(
            **{
                **values,
                "kind": Kind(values["kind"]),
                "severity": Severity(values["severity"]),
                "columns": tuple(values["columns"]),
                "items": tuple(values["items"]),
            }
        )


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
        seen = _Seen(catalog, rows, reads)
        if folds is None:
            folds = [*forward_folds(catalog, rows), *_grouped(seen)]
        found += [*_copies(seen), *_orders(seen), *_single_columns(seen)]
        found += [*_split(seen, folds), *_twins(seen, folds, vectors), *_shared_counts(seen, folds)]
        found += [*_bounds(seen), *_pile(seen), *_exposure(seen)]
    order = list(Severity)[::-1]
    return sorted(found, key=lambda f: order.index(f.severity))


class _Seen:
    """A catalog's labelled items as the checks look at them, each thing computed once."""

    def __init__(self, catalog: Catalog, rows: np.ndarray, reads: Sequence[Feature]) -> None:
        self.catalog, self.rows = catalog, rows
        self.read = [f.name for f in reads]
        self.frame: pd.DataFrame = catalog.frame.iloc[rows].reset_index(drop=True)
        self.target_column = str(catalog.column(Role.TARGET))
        self.target = self.frame[self.target_column].to_numpy(dtype=np.float64)
        ranks = self.frame[self.target_column].rank().to_numpy(dtype=np.float64)
        self.ranks = ranks / len(rows)
        self.all_groups = group_codes(catalog)
        self.groups = self.all_groups[rows]
        self.folds = grouped_folds(self.groups)
        category = catalog.column(Role.CATEGORY)
        blank = pd.Series("", index=self.frame.index)
        self.categories = (
            self.frame[category].astype(object).fillna("").astype(str) if category else blank
        ).to_numpy(dtype=object)
        self.copies: set[str] = set()
        self.explained = np.full(len(rows), ranks.mean() / len(rows))
        others = [
            c
            for c in map(str, self.frame.columns)
            if c != self.target_column
            and catalog.roles.get(c) not in (Role.ID, Role.IMAGE, Role.GROUP, Role.SERIES)
            and catalog.roles.get(c) not in (Role.TITLE, Role.DESCRIPTION, Role.REVIEW)
        ]
        self.numbers = {c: numbers(self.frame[c]) for c in others}
        few = max(MIN_ITEMS, len(rows) // 5)
        self.numbers = {c: x for c, x in self.numbers.items() if np.isfinite(x).sum() >= few}
        self.others = others

    def ids(self, positions: np.ndarray) -> tuple[str, ...]:
        return tuple(str(i) for i in self.catalog.ids[self.rows[positions[:SHOWN]]])

    def late(self, column: str) -> bool:
        roles = self.catalog.roles
        return column in self.catalog.post_launch or roles.get(column) in ALWAYS_POST_LAUNCH


def _grouped(seen: _Seen) -> list[Fold]:
    return [
        Fold(str(i + 1), np.delete(seen.rows, held_out), seen.rows[held_out])
        for i, held_out in enumerate(seen.folds)
    ]


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f"“{c}”" for c in columns)


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
                f"Models read what is known only after an item has begun to sell: {_names(used)}.",
                "Use these models only to rank again what already sells; to rank new items, train"
                " without post-launch columns.",
            )
        )  # fmt: skip
    if kept:
        found.append(
            Finding(
                Kind.POST_LAUNCH, Severity.NOTE, kept, (), float(len(kept)), "columns",
                f"Known only once an item has begun to sell, so no model reads it: {_names(kept)}.",
                "Nothing to do.",
            )
        )  # fmt: skip
    loud = tuple(f.name for f in reads if f.role in (*LEVEL_ROLES, Role.NUMBER))
    loud = tuple(c for c in loud if c not in late and late_name(c))
    if loud:
        found.append(
            Finding(
                Kind.POST_LAUNCH, Severity.WARNING, loud, (), float(len(loud)), "columns",
                f"By its name this is known only after launch, and models read it: {_names(loud)}.",
                "Import again with --post-launch for it, unless it is set before an item sells.",
            )
        )  # fmt: skip
    marked = tuple(f.name for f in reads if f.role == Role.PRICE and MARKED_DOWN.search(f.name))
    if marked:
        found.append(
            Finding(
                Kind.POST_LAUNCH, Severity.NOTE, marked, (), float(len(marked)), "columns",
                f"The price in {_names(marked)} may have been marked down because of how the item"
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
            f"Identifiers, which no model reads: {_names(kept)}.", "Nothing to do.",
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
                    f"Models read {_names([feature.name])}, which numbers the items.",
                    "Import again without a role for it: a number that was handed out tells when an"
                    " item was listed, not how it sells.",
                )
            )  # fmt: skip
    return found


def _copies(seen: _Seen) -> list[Finding]:
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
                f"{_names([column])} is nearly the target itself (correlation"
                f" {max(ranks, line):.2f})" + (", and models read it." if read else
                "; no model reads it."),
                "Import again without a role for it, or mark it as known only after launch." if read
                else "Nothing to do; never give it a role.",
            )
        )  # fmt: skip
    return found


def _orders(seen: _Seen) -> list[Finding]:
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
        what = "The order of the rows" if "" in names else f"The order of {_names(columns)}"
        also = f" (and of {_names(columns)})" if "" in names and columns else ""
        found.append(
            Finding(
                Kind.ORDER, Severity.SERIOUS if read else Severity.NOTE, columns, (), value,
                f"rank correlation with the target in one {alike}",
                f"{what}{also} knows the outcome: rank correlation {value:+.2f} with the target in"
                f" one {alike}, {spread:.2f} by chance" + (
                    f"; models read {_names(read)}." if read else "; no model reads it."),
                f"Import again without a role for {_names(read)}." if read else
                "Nothing to do; never give it a role, and let no other tool learn from it.",
            )
        )  # fmt: skip
    return found


def _along(one: np.ndarray, other: np.ndarray) -> float:
    known = np.isfinite(one) & np.isfinite(other)
    return float(np.nan_to_num(spearman(one[known], other[known]))) if known.sum() > 2 else 0.0


def _single_columns(seen: _Seen) -> list[Finding]:
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
                f"{_names([column])} alone ranks unseen items with {alone:.2f}, all other columns"
                f" that models read with {rest:.2f}" + ("." if used else "; no model reads it."),
                "Find out when it is filled in: if after an item sells, mark it as known only after"
                " launch." if used else "Nothing to do; never give it a role.",
            )
        )  # fmt: skip
    seen.explained = held_out_sum(read, seen.ranks, seen.folds)
    return found


def _split(seen: _Seen, folds: Sequence[Fold]) -> list[Finding]:
    """Styles that stand on both sides of a split: the splits of training never allow it."""
    shared: set[int] = set()
    for fold in folds:
        both = np.isin(seen.all_groups[fold.test], seen.all_groups[fold.train])
        shared |= set(map(int, fold.test[both]))
    if not shared:
        return []
    ids = tuple(str(i) for i in seen.catalog.ids[sorted(shared)[:SHOWN]])
    return [
        Finding(
            Kind.SPLIT, Severity.SERIOUS, tuple(seen.catalog.columns(Role.GROUP)), ids,
            float(len(shared)), "items",
            f"{len(shared):,} items are scored by a model that learned from them, or from another"
            " variant of their style.",
            "Split by style: keep all variants of one on the same side.",
        )
    ]  # fmt: skip


def _twins(seen: _Seen, folds: Sequence[Fold], vectors: np.ndarray | None) -> list[Finding]:
    found = []
    column = seen.catalog.column(Role.IMAGE)
    if column:
        codes = picture_codes(seen.catalog, vectors)
        found += _shared(seen, codes, folds, Kind.PHOTOS, (column,), "show the same photo as")
    title = seen.catalog.column(Role.TITLE)
    if title:
        names = seen.catalog.frame[title].fillna("").astype(str).str.strip().str.casefold()
        codes = np.where(names == "", -1, pd.factorize(names)[0])
        styles = pd.Series(seen.all_groups).groupby(codes).transform("nunique")
        codes = np.where(styles > MOST_STYLES, -1, codes)
        found += _shared(seen, codes, folds, Kind.NAMES, (title,), "have the same name as")
    return found


def _shared(
    seen: _Seen,
    codes: np.ndarray,
    folds: Sequence[Fold],
    kind: Kind,
    columns: tuple[str, ...],
    words: str,
) -> list[Finding]:
    rows = crossing(codes, seen.all_groups, folds)
    scored = len(np.unique(np.concatenate([f.test for f in folds]))) if folds else 0
    if not len(rows):
        return []
    share = len(rows) / scored
    own = np.full(len(codes), -1, dtype=np.int64)
    own[rows] = codes[rows]
    twins = np.where(np.isin(codes, codes[rows]), codes, -1)[seen.rows]
    alike, sure = agreement(twins, seen.ranks - seen.explained, seen.groups)
    measured = len(rows) >= MIN_TWINS
    knows = measured and sure >= CHANCE and alike >= 0.2
    if kind == Kind.NAMES and not knows:
        return []  # by name alone, items of two styles are not the same
    severity = Severity.WARNING if share >= SHARE and (knows or not measured) else Severity.NOTE
    told = (
        f", and their targets agree beyond what the columns say (correlation {alike:.2f})"
        if knows
        else ", but their targets agree no more than their columns say"
        if measured
        else ""
    )
    return [
        Finding(
            kind, severity, columns, tuple(str(i) for i in seen.catalog.ids[rows[:SHOWN]]), share,
            "share of the scored items",
            f"{len(rows):,} scored items ({share:.1%}) {words} an item of another style that was"
            f" learned from{told}.",
            "Give items that are the same product one style (--group when importing), so that they"
            " stay on one side of every split."
            if severity != Severity.NOTE else "Nothing to do, unless they are the same product:"
            " then give them one style (--group when importing).",
        )
    ]  # fmt: skip


def _shared_counts(seen: _Seen, folds: Sequence[Fold]) -> list[Finding]:
    """Items of different styles with exactly the same target and one more cell in common.

    Shops often count ratings by product and show them on each of its variants. Only targets above
    the median count, where equal ones are rare; as many as would be equal by chance are counted
    after shuffling the target between styles, and it takes five times as many.
    """
    high = seen.target > np.median(seen.target)
    equal = np.where(high, pd.factorize(seen.target)[0], -1)
    rng = np.random.default_rng(0)
    best: tuple[int, str, float, np.ndarray] | None = None
    shuffles = [rng.permutation(equal) for _ in range(5)]
    for column in seen.others + seen.catalog.columns(Role.TITLE):
        role = seen.catalog.roles.get(column)
        levels = pd.factorize(seen.frame[column])[0]
        if role not in (*LEVEL_ROLES, Role.TITLE) or levels.max(initial=0) < 20:
            continue
        positions = _both_alike(levels, equal, seen.groups)
        chance = float(np.mean([len(_both_alike(levels, s, seen.groups)) for s in shuffles]))
        enough = len(positions) >= max(MIN_TWINS, 2 * SHARE * len(seen.rows), 5 * chance)
        if enough and (best is None or len(positions) > best[0]):
            best = (len(positions), column, chance, positions)
    if best is None:
        return []
    count, column, chance, positions = best
    return [
        Finding(
            Kind.COUNTS, Severity.WARNING, (column, seen.target_column), seen.ids(positions),
            float(count), "items",
            f"{count:,} items share {_names([column])} and exactly the same target with an item of"
            f" another style ({chance:.0f} would by chance): variants that are counted together.",
            "Give variants of one product one style: import again with --group"
            f" '{column}+{seen.target_column}'.",
        )
    ]  # fmt: skip


def _both_alike(one: np.ndarray, other: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Positions of items that share both codes (none of them -1) with an item of another group."""
    frame = pd.DataFrame({"one": one, "other": other, "group": groups})
    known = frame[(frame["one"] >= 0) & (frame["other"] >= 0)]
    styles = known.groupby(["one", "other"], sort=False)["group"].transform("nunique")
    return known.index[styles > 1].to_numpy()


def _bounds(seen: _Seen) -> list[Finding]:
    found = []
    advice = (
        "Leave out items that sold out early, or count sales per week in stock: what sold out could"
        " have sold more."
    )
    y = seen.target
    for column, x in seen.numbers.items():
        known = np.isfinite(x)
        if column in seen.copies or len(np.unique(x[known])) < 10 or len(np.unique(y)) < 10:
            continue
        a, b = x[known], y[known]
        at = (b >= 0.99 * a) & (a > 0)
        if (b <= a * 1.001).mean() >= 0.99 and AT_BOUND <= at.mean() <= 0.9:
            found.append(
                Finding(
                    Kind.CENSORED, Severity.WARNING, (column,),
                    seen.ids(np.flatnonzero(known)[at]), float(at.mean()), "share of the items",
                    f"The target never passes {_names([column])} and {at.mean():.0%} of the items"
                    " reach it: they may have sold out.", advice,
                )
            )  # fmt: skip
    for column in seen.others:
        if seen.catalog.roles.get(column) in LEVEL_ROLES:
            out = seen.frame[column].astype(object).fillna("").astype(str).str.contains(SOLD_OUT)
            if out.mean() >= AT_BOUND:
                found.append(
                    Finding(
                        Kind.CENSORED, Severity.WARNING, (column,),
                        seen.ids(np.flatnonzero(out)), float(out.mean()), "share of the items",
                        f"By {_names([column])}, {out.mean():.0%} of the items are out of stock, so"
                        " their target stopped growing.", advice,
                    )
                )  # fmt: skip
    return found


def _pile(seen: _Seen) -> list[Finding]:
    """Items at one greatest value, many more than at any other value of the upper quarter."""
    values, counts = np.unique(seen.target, return_counts=True)
    if len(values) < 20:
        return []
    upper = counts[:-1][-max(5, len(values) // 4) :]
    at = int(counts[-1])
    if at < max(10, AT_MAXIMUM * len(seen.target)) or at < 3 * upper.max():
        return []
    return [
        Finding(
            Kind.CENSORED, Severity.WARNING, (seen.target_column,),
            seen.ids(np.flatnonzero(seen.target == values[-1])), at / len(seen.target),
            "share of the items",
            f"{at:,} items have exactly the greatest target, {values[-1]:,.10g}, as if it were cut"
            " off there.",
            "Use the target before it was cut; if there is none, take ranks among these items as"
            " ties.",
        )
    ]  # fmt: skip


def _exposure(seen: _Seen) -> list[Finding]:
    found = []
    times = {
        c: x for c, x in seen.numbers.items() if DURATION.search(re.sub(r"[\W_]+", " ", c.lower()))
    }
    series = seen.catalog.series()
    if series is not None:
        periods = series.groupby("item").size()
        times[""] = periods.reindex(seen.catalog.ids[seen.rows]).to_numpy(np.float64)
    for column, x in times.items():
        value, spread, _ = rank_correlation_within(x, seen.target, seen.categories, seen.groups)
        if value < EXPOSURE or value < CHANCE * spread:
            continue
        what = f"{_names([column])} says" if column else "the periods of the sales series say"
        found.append(
            Finding(
                Kind.EXPOSURE, Severity.WARNING, (column,) if column else (), (), value,
                "rank correlation with the target in one category",
                f"Items that were on sale longer have a greater target, as {what} (rank correlation"
                f" {value:.2f} in one category): it counts time as well as popularity.",
                "Count every item over the same number of weeks, or divide by the weeks on sale.",
            )
        )  # fmt: skip
    return found
