"""What a catalog can be filtered by: columns with levels, what photos show, columns with ranges."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import Role

MISSING = ""
"""The level of items without a value."""

MAX_LEVELS = 1_000
"""Columns with more levels are identifiers or free text; they can be searched, not listed."""

SEEN, WORN = "seen in photo", "worn by a person"
"""Facets of what the human parser saw in the photos; they stand beside the table's columns."""

ARTICLE_SEPARATOR = "|"
"""Between the articles seen in one photo."""

NOTHING = "nothing recognised"
"""The level of photos in which no article was seen."""

FIRST_FACETS = 4
FAMILIAR = ("colour", "color", "season", "brand")
"""Names that make an attribute one of the first filters a merchandiser looks for."""


@dataclass(frozen=True)
class Facet:
    """A column whose levels can be chosen.

    Attributes:
        column: its name in the table.
        levels: most frequent first, but seasons newest first where the items have release dates;
            `MISSING` last, where items lack a value.
        codes: each item's position in `levels`; or (items, levels) bool, where an item may have
            several.
        first: whether it is one of the filters to show without asking for more.
    """

    column: str
    levels: tuple[str, ...]
    codes: np.ndarray
    first: bool

    def having(self, levels: Sequence[str]) -> np.ndarray:
        """Which items have one of some levels."""
        wanted = np.isin(np.asarray(self.levels, dtype=object), list(levels))
        if self.codes.ndim == 2:
            return np.asarray(self.codes[:, wanted].any(axis=1))
        return wanted[self.codes]

    def counts(self, among: np.ndarray) -> np.ndarray:
        """How many items of a mask have each level."""
        if self.codes.ndim == 2:
            return self.codes[among].sum(axis=0)
        return np.bincount(self.codes[among], minlength=len(self.levels))


def column_facets(catalog: Catalog) -> tuple[Facet, ...]:
    """The columns with levels that tell items apart, the first filters first."""
    found = []
    released = catalog.column(Role.RELEASE_DATE)
    for role in (Role.CATEGORY, Role.ATTRIBUTE):
        for column in catalog.columns(role):
            values = catalog.frame[column].astype("str").fillna(MISSING)
            counts = values.value_counts().drop(MISSING, errors="ignore")
            if not 0 < len(counts) <= MAX_LEVELS:
                continue
            by_count = counts.rename_axis("level").reset_index(name="items")
            by_count = by_count.sort_values(["items", "level"], ascending=[False, True])
            levels = list(by_count["level"])
            if released is not None and "season" in column.lower():
                newest = (
                    catalog.frame[released].groupby(values).median().sort_values(ascending=False)
                )
                levels.sort(key=list(newest.index).index)
            if (values == MISSING).any():
                levels.append(MISSING)
            if len(levels) > 1:
                codes = pd.Index(levels).get_indexer(pd.Index(values)).astype(np.int32)
                found.append(Facet(column, tuple(levels), codes, False))
    first = [c for c in (catalog.column(Role.CATEGORY), *_familiar(catalog)) if c]
    place = {column: i for i, column in enumerate(dict.fromkeys(first))}
    found.sort(key=lambda f: (place.get(f.column, len(place)), len(f.levels)))
    return tuple(replace(f, first=i < FIRST_FACETS) for i, f in enumerate(found))


def photo_facets(catalog: Catalog, seen: pd.DataFrame) -> tuple[Facet, ...]:
    """What is seen in the photos, several articles an item, and whether a person wears them.

    Args:
        catalog: the items.
        seen: in row order, as `core.vision.detections.load_detections` gives it.
    """
    nothing = (seen["articles"] == "").fillna(False).to_numpy(dtype=bool)
    cells = seen["articles"].fillna(MISSING).mask(nothing, NOTHING)
    having = cells.str.get_dummies(ARTICLE_SEPARATOR).astype(bool)
    having[MISSING] = seen["articles"].isna().to_numpy()
    frequent = having.sum().sort_values(ascending=False, kind="stable")
    last = [level for level in (NOTHING, MISSING) if frequent.get(level, 0)]
    levels = [level for level in frequent.index if level not in (NOTHING, MISSING)] + last
    worn = seen["worn"].map({True: "yes", False: "no"}).fillna(MISSING).astype("str")
    answers = [level for level in ("yes", "no", MISSING) if (worn == level).any()]
    found = (
        Facet(SEEN, tuple(levels), having[levels].to_numpy(), True),
        Facet(WORN, tuple(answers), pd.Index(answers).get_indexer(pd.Index(worn)), True),
    )
    # A column of the table that is called the same is what a link means.
    return tuple(f for f in found if len(f.levels) > 1 and f.column not in catalog.frame.columns)


def spans(catalog: Catalog) -> dict[str, tuple[float, float]]:
    """The numeric columns that a range can be set on, with their finite extent."""
    found = {}
    for role in (Role.PRICE, Role.NUMBER, Role.RATING):
        for column in catalog.columns(role):
            values = catalog.frame[column].to_numpy()
            values = values[np.isfinite(values)]
            if len(values) and values.min() < values.max():
                found[column] = (float(values.min()), float(values.max()))
    return found


def _familiar(catalog: Catalog) -> list[str]:
    """For each familiar name, the first attribute that has it."""
    columns = catalog.columns(Role.ATTRIBUTE)
    named = [[c for c in columns if word in c.lower()] for word in FAMILIAR]
    return [matches[0] for matches in named if matches]
