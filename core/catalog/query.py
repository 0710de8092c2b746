"""Looking through a catalog: filters, counts, free text, sorting. Pure functions on arrays.

`Listing` lays a catalog and its ranking out once for browsing; `Filters` say which items are asked
for; `Query` adds order, page and view, and is what a link holds (`Query.to_params`,
`Query.from_params`). A change of filters on 20,000 items is a few masks over integer codes.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from core.catalog import suggestions
from core.catalog.catalog import Catalog
from core.catalog.facets import column_facets, photo_facets, spans
from core.catalog.roles import LEVEL_ROLES, Role

SORTS = ("rank", "price", "-price", "newest", "actual", "certain", "uncertain", "similar")
PER_PAGE = (24, 48, 96)
VIEWS = ("grid", "table", "chart")
PREFIX = "f."
"""Before a column's name in a link, so that no column collides with another parameter."""

OWN_PARAMS = ("q", "sort", "page", "per", "view", "look", "like", "item")


@dataclass(frozen=True)
class Filters:
    """Which items: all words of `text`, one of the levels of every column, inside every range.

    Attributes:
        text: words, each of which must occur in the item's id, title (or its accepted suggestion),
            description or levels.
        levels: column and the levels wanted of it, sorted by column; `facets.MISSING` is one.
        ranges: column, lowest and highest value (inclusive, None where open), sorted by column.
            An item without a value is outside every range.
    """

    text: str = ""
    levels: tuple[tuple[str, tuple[str, ...]], ...] = ()
    ranges: tuple[tuple[str, float | None, float | None], ...] = ()

    def chosen(self, column: str) -> tuple[str, ...]:
        """Levels wanted of a column; empty where any will do."""
        return dict(self.levels).get(column, ())

    def span(self, column: str) -> tuple[float | None, float | None]:
        """Lowest and highest value wanted of a column."""
        return next(((low, high) for c, low, high in self.ranges if c == column), (None, None))

    def with_levels(self, column: str, levels: Sequence[str]) -> "Filters":
        """The same with other levels of one column; none means any."""
        kept = {c: chosen for c, chosen in self.levels if c != column}
        if levels:
            kept[column] = tuple(sorted(set(levels)))
        return replace(self, levels=tuple(sorted(kept.items())))

    def with_span(self, column: str, low: float | None, high: float | None) -> "Filters":
        """The same with another range of one column; None is an open end."""
        kept = [r for r in self.ranges if r[0] != column]
        if low is not None or high is not None:
            kept.append((column, low, high))
        return replace(self, ranges=tuple(sorted(kept, key=lambda r: r[0])))

    def __len__(self) -> int:
        """How many filters are set."""
        return len(self.levels) + len(self.ranges) + bool(self.text.strip())

    def __bool__(self) -> bool:
        return len(self) > 0


@dataclass(frozen=True)
class Query:
    """What a catalog view shows: everything that a link to it holds.

    Attributes:
        filters: which items.
        sort: one of `SORTS`.
        page: from 1.
        per_page: one of `PER_PAGE`.
        view: one of `VIEWS`.
        look: words to compare photos with, or empty.
        like: id of an item whose photo is compared with the others, or empty.
        item: id of the item that is open, or empty.
    """

    filters: Filters = field(default_factory=Filters)
    sort: str = "rank"
    page: int = 1
    per_page: int = PER_PAGE[0]
    view: str = VIEWS[0]
    look: str = ""
    like: str = ""
    item: str = ""

    def to_params(self) -> dict[str, list[str]]:
        """Query parameters of a link; what is as at the start is left out."""
        params = {
            "q": self.filters.text.strip(),
            "sort": self.sort if self.sort != "rank" else "",
            "page": str(self.page) if self.page > 1 else "",
            "per": str(self.per_page) if self.per_page != PER_PAGE[0] else "",
            "view": self.view if self.view != VIEWS[0] else "",
            "look": self.look.strip(),
            "like": self.like,
            "item": self.item,
        }
        out = {key: [value] for key, value in params.items() if value}
        for column, levels in self.filters.levels:
            out[PREFIX + column] = list(levels)
        for column, low, high in self.filters.ranges:
            out[PREFIX + column] = [f"{_number(low)}..{_number(high)}"]
        return out

    @classmethod
    def from_params(cls, params: Mapping[str, Sequence[str]], listing: "Listing") -> "Query":
        """Read a link. What the catalog does not have, or cannot be read, is left out.

        Args:
            params: every value of every parameter.
            listing: what the link is about; it knows the columns and their levels.
        """

        def last(name: str) -> str:
            values = params.get(name) or [""]
            return values[-1].strip()

        filters = Filters(text=last("q"))
        for facet in listing.facets:
            wanted = set(params.get(PREFIX + facet.column, ()))
            known = [level for level in facet.levels if level in wanted]
            filters = filters.with_levels(facet.column, known)
        for column in listing.spans:
            low, _, high = last(PREFIX + column).partition("..")
            filters = filters.with_span(column, _read_number(low), _read_number(high))
        sort, view = last("sort"), last("view")
        page, per_page = last("page"), last("per")
        return cls(
            filters=filters,
            sort=sort if sort in (*listing.sorts(), "similar") else "rank",
            page=max(1, int(page)) if page.isdecimal() and len(page) < 9 else 1,
            per_page=next((n for n in PER_PAGE if str(n) == per_page), PER_PAGE[0]),
            view=view if view in VIEWS else VIEWS[0],
            look=last("look"),
            like=last("like") if last("like") in listing.catalog.ids else "",
            item=last("item"),
        )


class Listing:
    """A catalog and its ranking, laid out for filtering and sorting. Read-only; made once.

    Attributes:
        catalog: the items.
        scores: the ranking in the catalog's row order (NaN where an item is not ranked), or an
            empty table of the same length where no model ranks.
        seen: what the human parser saw in the photos (`articles`, `worn`, `checkpoint`, in row
            order, as `core.vision.detections.load_detections` gives it), or None.
        facets: the columns with levels, the first filters first; those of `seen` are the last.
        spans: the numeric columns that a range can be set on, with their finite extent.
        unit: what the predictions count; another catalog's model may not count what this one does.
    """

    def __init__(
        self,
        catalog: Catalog,
        ranking: pd.DataFrame | None,
        seen: pd.DataFrame | None = None,
    ) -> None:
        self.catalog = catalog
        self.seen = seen
        self.ranked = ranking is not None
        if ranking is None:
            self.scores = pd.DataFrame(index=range(len(catalog)))
            self.unit = catalog.unit
        else:
            self.unit = str(ranking.attrs.get("unit", catalog.unit))
            self.scores = ranking.set_index("item_id").reindex(catalog.ids).reset_index(drop=True)
        self.facets = column_facets(catalog)
        if seen is not None:
            self.facets += photo_facets(catalog, seen)
        self.spans = spans(catalog)

    @property
    def comparable(self) -> bool:
        """Whether predictions and known values count the same thing."""
        return self.unit == self.catalog.unit

    @cached_property
    def _text(self) -> pd.Series:
        columns = [
            c
            for c, role in self.catalog.roles.items()
            if role in (Role.ID, Role.TITLE, Role.DESCRIPTION) or role in LEVEL_ROLES
        ]
        texts = self.catalog.frame[columns].astype("str").fillna("")
        first, *rest = columns
        joined = texts[first].str.cat(texts[rest], sep="\n")
        made = pd.Series(suggestions.accepted_titles(self.catalog), dtype="str")
        added = made.reindex(self.catalog.ids).fillna("").set_axis(joined.index)
        return joined.str.cat(added, sep="\n").str.lower()

    def _passes(self, filters: Filters) -> dict[str, np.ndarray]:
        """For every filter that is set, which items pass it."""
        passes: dict[str, np.ndarray] = {}
        codes = {f.column: f for f in self.facets}
        for column, levels in filters.levels:
            passes[column] = codes[column].having(levels)
        for column, low, high in filters.ranges:
            values = self.catalog.frame[column].to_numpy()
            inside = ~np.isnan(values)
            inside &= values >= (-math.inf if low is None else low)
            inside &= values <= (math.inf if high is None else high)
            passes[column] = inside
        words = filters.text.lower().split()
        if words:
            found = np.ones(len(self.catalog), dtype=bool)
            for word in words:
                found &= self._text.str.contains(word, regex=False).to_numpy(dtype=bool)
            passes[""] = found
        return passes

    def match(self, filters: Filters) -> np.ndarray:
        """Which items pass all filters: a boolean array in row order."""
        mask = np.ones(len(self.catalog), dtype=bool)
        for passed in self._passes(filters).values():
            mask &= passed
        return mask

    def counts(self, filters: Filters) -> dict[str, np.ndarray]:
        """How many items each level would show, given all filters but those of its own column."""
        passes = self._passes(filters)
        failed = np.zeros(len(self.catalog), dtype=np.int16)
        for passed in passes.values():
            failed += ~passed
        out = {}
        for facet in self.facets:
            own = passes.get(facet.column)
            shown = failed == 0 if own is None else (failed - ~own) == 0
            out[facet.column] = facet.counts(shown)
        return out

    def order(
        self, mask: np.ndarray, sort: str = "rank", similarity: np.ndarray | None = None
    ) -> np.ndarray:
        """Row positions of the items of a mask, sorted; those without a value come last.

        Args:
            mask: which items.
            sort: one of `SORTS`; ``similar`` needs `similarity`.
            similarity: a number an item, larger is nearer, NaN where there is no photo.
        """
        rows = np.flatnonzero(mask)
        rank = self._scored("rank")[rows]
        key = self._sort_key(sort, similarity)[rows]
        return rows[np.lexsort((rows, _last(rank), _last(key)))]

    def _sort_key(self, sort: str, similarity: np.ndarray | None) -> np.ndarray:
        frame = self.catalog.frame
        if sort == "similar" and similarity is not None:
            return -similarity.astype(np.float64)
        if sort in ("price", "-price"):
            column = self.catalog.column(Role.PRICE)
            values = self._nothing if column is None else frame[column].to_numpy()
            return values if sort == "price" else -values
        if sort == "newest":
            column = self.catalog.column(Role.RELEASE_DATE)
            if column is None:
                return self._nothing
            days = frame[column].astype("datetime64[s]").astype("int64").to_numpy(dtype=np.float64)
            return np.where(frame[column].isna(), np.nan, -days)
        if sort == "actual":
            target = self.catalog.target()
            return self._nothing if target is None else -target.to_numpy()
        if sort in ("certain", "uncertain"):
            width = np.log1p(self._scored("high")) - np.log1p(self._scored("low"))
            return width if sort == "certain" else -width
        return self._scored("rank")

    @property
    def _nothing(self) -> np.ndarray:
        return np.full(len(self.catalog), np.nan)

    def _scored(self, column: str) -> np.ndarray:
        if not self.ranked:
            return self._nothing
        return self.scores[column].to_numpy(dtype=np.float64)

    def sorts(self) -> list[str]:
        """Orders that this catalog can be shown in (``similar`` aside)."""
        has = self.catalog.column
        able = {
            "rank": True,
            "price": has(Role.PRICE) is not None,
            "newest": has(Role.RELEASE_DATE) is not None,
            "actual": has(Role.TARGET) is not None,
            "certain": self.ranked,
        }
        able |= {"-price": able["price"], "uncertain": able["certain"], "similar": False}
        return [sort for sort in SORTS if able[sort]]


def pages(items: int, per_page: int) -> int:
    """How many pages that many items fill; one for none."""
    return max(1, math.ceil(items / per_page))


def _last(values: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(values), np.inf, values)


def _number(value: float | None) -> str:
    return "" if value is None else repr(value).removesuffix(".0")


def _read_number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
