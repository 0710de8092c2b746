"""How many edited items leave what past items are like, counted by what they leave.

The rules are those of one item's what-if (`core.explain.density`): a number outside the range of
its category, a level that no past item has, two levels or a level and a time of the year that never
came together though chance alone would have brought some, and few past items near. The last is
looked at for items drawn by lot, as it compares each with the whole past.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import LEVEL_ROLES, Role
from core.explain.assortment import Edited
from core.explain.density import DAYS, FEW_NEAR, MIN_CATEGORY, MIN_EXPECTED
from core.explain.past import Past
from core.popularity.columns import Feature, match_columns

Kind = Literal["below", "above", "level", "together", "season", "far"]
LOOKED_AT = 30
"""Most edited items whose neighbours are counted."""
YEAR = 366


@dataclass(frozen=True)
class Outside:
    """Some edited items that leave the past in one way.

    Attributes:
        kind: ``below`` or ``above`` what past items of the category (`level`; empty: all) had in a
            number; ``level``: no past item has `level`; ``together``: none has it with
            `other_level`; ``season``: none was released at that time of the year; ``far``: few past
            items are near, and more were before the edit.
        column: of the catalog; none where `kind` is ``far``.
        level, other_column, other_level: as above.
        limit: the end of the past's range that is passed; NaN for other kinds.
        count: items that leave it so.
        of: edited items that were looked at: of the same category, or with the same level.
    """

    kind: Kind
    column: str
    level: str
    count: int
    of: int
    other_column: str = ""
    other_level: str = ""
    limit: float = np.nan


def outside(past: Past, before: Catalog, edited: Edited, *, seed: int = 0) -> list[Outside]:
    """In which ways edits leave the past, those with the most items first.

    Args:
        past: items whose sales are known.
        before: the catalog as it is.
        edited: with its edits; dropped items are not looked at.
        seed: of the lot.
    """
    rows = np.flatnonzero(edited.changed)
    if not len(rows):
        return []
    features = [column.feature for column in past.neighbours.columns]
    named = {p: c for p, c in match_columns(features, before).items() if c}
    seen = past.catalog.frame.iloc[past.rows]
    old, new = before.frame.iloc[rows], edited.catalog.frame.iloc[rows]
    moved = {p: _moved(old[c], new[c]) for p, c in named.items()}
    tables = _Levels(features, named, seen, new)
    found: list[Outside] = []
    for feature in features:
        if feature.name not in named or not moved[feature.name].any():
            continue
        column, mine = named[feature.name], moved[feature.name]
        if feature.role in (Role.PRICE, Role.NUMBER):
            category = past.catalog.column(Role.CATEGORY)
            found += _numbers(seen[feature.name], new[column], mine, column, tables, category)
        elif feature.role in LEVEL_ROLES:
            found += tables.unseen(feature.name, mine)
        elif feature.role == Role.RELEASE_DATE:
            found += tables.seasons(seen[feature.name], new[column], mine, column)
    found += tables.together(moved)
    found += _far(past, before, edited, rows, np.random.default_rng(seed))
    return sorted(found, key=lambda one: -one.count)


class _Levels:
    """Levels of past and edited items as codes, a column at a time; -1 where a cell is empty."""

    def __init__(
        self,
        features: list[Feature],
        named: Mapping[str, str],
        seen: pd.DataFrame,
        new: pd.DataFrame,
    ) -> None:
        self.named = named
        self.seen: dict[str, np.ndarray] = {}
        self.new: dict[str, np.ndarray] = {}
        self.names: dict[str, list[str]] = {}
        for feature in features:
            if feature.role not in LEVEL_ROLES or feature.name not in named:
                continue
            cells = [
                frame[column].astype(object).map(lambda v: "" if pd.isna(v) else str(v).strip())
                for frame, column in ((seen, feature.name), (new, named[feature.name]))
            ]
            both = pd.concat(cells, ignore_index=True)
            codes, keys = pd.factorize(both.str.casefold().where(both != "", None))
            first = pd.Series(both.to_numpy()).groupby(codes).last()
            self.names[feature.name] = [str(first[i]) for i in range(len(keys))]
            self.seen[feature.name] = codes[: len(seen)]
            self.new[feature.name] = codes[len(seen) :]

    def unseen(self, name: str, mine: np.ndarray) -> list[Outside]:
        """Edited levels that no past item has."""
        codes, known = self.new[name], set(self.seen[name].tolist())
        return [
            Outside("level", self.named[name], self.names[name][code], int(count), int(count))
            for code, count in zip(*np.unique(codes[mine], return_counts=True), strict=True)
            if code >= 0 and code not in known
        ]

    def together(self, moved: Mapping[str, np.ndarray]) -> list[Outside]:
        """Levels, one of them edited, that never stood together."""
        found: list[Outside] = []
        for pair in combinations(self.new, 2):
            name, other = sorted(pair, key=lambda column: not moved[column].any())
            looked = moved[name] | moved[other]
            if not looked.any():
                continue
            looked = looked & (self.new[name] >= 0) & (self.new[other] >= 0)
            hit = looked & self._never(name, other)[self.new[name], self.new[other]]
            levels = np.column_stack([self.new[name][hit], self.new[other][hit]])
            for (one, two), count in zip(
                *np.unique(levels, axis=0, return_counts=True), strict=True
            ):
                of = int((looked & (self.new[name] == one)).sum())
                found.append(
                    Outside(
                        "together", self.named[name], self.names[name][one], int(count), of,
                        self.named[other], self.names[other][two],
                    )
                )  # fmt: skip
        return found

    def seasons(
        self, dates: pd.Series, new: pd.Series, mine: np.ndarray, column: str
    ) -> list[Outside]:
        """Levels at a time of the year at which no past item with them was released."""
        found: list[Outside] = []
        days = dates.dt.day_of_year.to_numpy(dtype=np.float64, na_value=np.nan)
        own = new.dt.day_of_year.to_numpy(dtype=np.float64, na_value=np.nan)
        dated, usable = np.isfinite(days), mine & np.isfinite(own)
        near = np.abs(np.arange(1, YEAR + 1)[:, None] - days[dated])
        near = np.minimum(near, 365 - near) <= DAYS
        for name, codes in self.seen.items():
            count = len(self.names[name])
            having = codes[dated][:, None] == np.arange(count)
            at = near.astype(np.float32) @ having.astype(np.float32)
            chance = near.sum(axis=1)[:, None] * (codes[:, None] == np.arange(count)).sum(axis=0)
            never = (chance / max(len(codes), 1) >= MIN_EXPECTED) & (at == 0)
            looked = usable & (self.new[name] >= 0)
            hit = np.zeros(len(looked), dtype=bool)
            hit[looked] = never[own[looked].astype(int) - 1, self.new[name][looked]]
            for code, number in zip(
                *np.unique(self.new[name][hit], return_counts=True), strict=True
            ):
                of = int((looked & (self.new[name] == code)).sum())
                level = self.names[name][code]
                found.append(Outside("season", self.named[name], level, int(number), of, column))
        return found

    def _never(self, name: str, other: str) -> np.ndarray:
        shape = (len(self.names[name]), len(self.names[other]))
        one, two = self.seen[name], self.seen[other]
        known = (one >= 0) & (two >= 0)
        joint = np.zeros(shape)
        np.add.at(joint, (one[known], two[known]), 1)
        alone = [
            np.bincount(c[c >= 0], minlength=n) for c, n in zip((one, two), shape, strict=True)
        ]
        return (np.outer(*alone) / max(len(one), 1) >= MIN_EXPECTED) & (joint == 0)


def _numbers(
    seen: pd.Series,
    new: pd.Series,
    mine: np.ndarray,
    column: str,
    tables: _Levels,
    category: str | None,
) -> list[Outside]:
    """Numbers outside the range of their category, or of all items where it has few."""
    past, values = seen.to_numpy(dtype=np.float64), new.to_numpy(dtype=np.float64)
    usable = mine & np.isfinite(values)
    known = np.isfinite(past)
    if not known.any():
        return []
    kinds = tables.seen.get(category or "", np.full(len(past), -1))
    own = tables.new.get(category or "", np.full(len(values), -1))
    found: list[Outside] = []
    alone = np.zeros(len(values), dtype=bool)
    for code in np.unique(own[usable]):
        inside = known & (kinds == code) & (code >= 0)
        if inside.sum() >= MIN_CATEGORY and category:
            items = usable & (own == code)
            found += _ends(past[inside], values[items], column, tables.names[category][code])
        else:
            alone |= usable & (own == code)
    return found + _ends(past[known], values[alone], column, "")


def _ends(past: np.ndarray, values: np.ndarray, column: str, level: str) -> list[Outside]:
    low, high = float(past.min()), float(past.max())
    both = (
        Outside("below", column, level, int((values < low).sum()), len(values), limit=low),
        Outside("above", column, level, int((values > high).sum()), len(values), limit=high),
    )
    return [one for one in both if one.count]


def _far(
    past: Past, before: Catalog, edited: Edited, rows: np.ndarray, rng: np.random.Generator
) -> list[Outside]:
    some = np.sort(rng.permutation(rows)[:LOOKED_AT])
    count = 0
    for row in some:
        near, nearest = past.density(edited.catalog, int(row))
        if near >= FEW_NEAR:
            continue
        was, nearest_before = past.density(before, int(row))
        count += near < was and nearest > nearest_before
    found = Outside("far", "", "", count, len(some))
    return [found] if count else []


def _moved(old: pd.Series, new: pd.Series) -> np.ndarray:
    one, other = old.astype(object).to_numpy(), new.astype(object).to_numpy()
    return np.asarray((one != other) & ~(pd.isna(one) & pd.isna(other)), dtype=bool)
