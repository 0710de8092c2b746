"""Leaks from item to item: styles, photos, names and counts on both sides of a split."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.catalog.roles import LEVEL_ROLES, Role
from core.popularity.association import agreement
from core.popularity.findings import CHANCE, SHOWN, Finding, Kind, Labelled, Severity, quoted
from core.popularity.splits import Fold
from core.popularity.twins import crossing, picture_codes

SHARE = 0.01
"""Part of the scored items from which twins in the training part count."""
MIN_TWINS = 10
"""Fewest twins from which it is measured whether they know each other's target."""
MOST_STYLES = 5
"""A name that more styles have (“Blue shirt”) is no name of one product."""


def parted_styles(seen: Labelled, folds: Sequence[Fold]) -> list[Finding]:
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


def twins_across(
    seen: Labelled, folds: Sequence[Fold], vectors: np.ndarray | None
) -> list[Finding]:
    """Photos and names that items of different styles share across a split."""
    found = []
    column = seen.catalog.column(Role.IMAGE)
    if column:
        codes, unseen = picture_codes(seen.catalog, vectors)
        found += _shared(seen, codes, folds, Kind.PHOTOS, (column,), "show the same photo as")
        found += _not_looked_at(unseen, column)
    title = seen.catalog.column(Role.TITLE)
    if title:
        names = seen.catalog.frame[title].fillna("").astype(str).str.strip().str.casefold()
        codes = np.where(names == "", -1, pd.factorize(names)[0])
        styles = pd.Series(seen.all_groups).groupby(codes).transform("nunique")
        codes = np.where(styles > MOST_STYLES, -1, codes)
        found += _shared(seen, codes, folds, Kind.NAMES, (title,), "have the same name as")
    return found


def _not_looked_at(photos: int, column: str) -> list[Finding]:
    """That photos were compared by their bytes alone, so that copies saved again are not found."""
    if not photos:
        return []
    return [
        Finding(
            Kind.PHOTOS, Severity.WARNING, (column,), (), float(photos), "photos",
            f"{photos:,} photos are too many to open without CLIP vectors, so they were compared by"
            " their bytes alone: a photo that was saved again or scaled is not recognised.",
            "Have the photos read first (scripts/embed_catalog.py, or training the image or the"
            " deep model, does it) and look again.",
        )
    ]  # fmt: skip


def _shared(
    seen: Labelled,
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


def shared_counts(seen: Labelled, folds: Sequence[Fold]) -> list[Finding]:
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
            f"{count:,} items share {quoted([column])} and exactly the same target with an item of"
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
