"""What the closest past items sold: by their columns, by their photos, and by both.

Past is what was released before the item; its own style is left out, and of every other style only
the closest variant counts, so that one style in five colours is not five pieces of evidence. How
near the closest is tells whether there is any: see `core.explain.past` for distances and limits.
"""

from dataclasses import asdict, dataclass
from typing import Any, get_args

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.explain.past import By, Past

NEAREST = 8
"""Past items that stand for the evidence."""


@dataclass(frozen=True)
class PastItem:
    """A past item: its row in the past catalog, and what it sold, in the target's unit.

    `distance` is as in `core.explain.past`; `released` is ``YYYY-MM-DD`` or empty.
    """

    row: int
    item_id: str
    distance: float
    sold: float
    released: str


@dataclass(frozen=True)
class Nearest:
    """The closest past items of one kind.

    Attributes:
        by: what was compared.
        items: closest first, one a style; at most `NEAREST`, none where `missing` says why.
        low, median, high: 10, 50 and 90 % quantiles of what they sold; NaN without items.
        limit: the largest distance that counts as near; None where that cannot be told.
        missing: ``past`` (nothing was sold before it), ``photo`` (the item has none that was read),
            ``photos`` (those of the past have not been read), or empty.
    """

    by: By
    items: tuple[PastItem, ...]
    low: float
    median: float
    high: float
    limit: float | None
    missing: str = ""

    @property
    def is_near(self) -> bool | None:
        """Whether the closest is near; None where that cannot be told."""
        if not self.items or self.limit is None:
            return None
        return self.items[0].distance <= self.limit


@dataclass(frozen=True)
class Evidence:
    """The closest past items by attributes, by photo and by both."""

    kinds: tuple[Nearest, ...]

    @property
    def cold_start(self) -> bool:
        """Whether nothing like the item was sold before, neither by columns nor by photo."""
        return not any(kind.is_near or (kind.items and kind.limit is None) for kind in self.kinds)

    def to_json(self) -> dict[str, Any]:
        """Plain values; None for a number that is not known."""
        return {
            "cold_start": self.cold_start,
            **{
                kind.by: {
                    "items": [asdict(item) for item in kind.items],
                    "near": kind.is_near,
                    "limit": kind.limit,
                    "missing": kind.missing,
                    **{
                        name: value if np.isfinite(value := getattr(kind, name)) else None
                        for name in ("low", "median", "high")
                    },
                }
                for kind in self.kinds
            },
        }


def evidence(past: Past, catalog: Catalog, row: int, photo: np.ndarray | None = None) -> Evidence:
    """The closest past items of an item.

    Args:
        past: items whose sales are known, of this catalog or of the one that models learned from.
        catalog, row: the item.
        photo: (dimensions,) unit vector of its photo by the encoder of the past's photos; None or
            NaN without one.
    """
    before = past.allowed(catalog, row)
    if photo is not None and not np.isfinite(photo).all():
        photo = None
    return Evidence(tuple(_nearest(past, catalog, row, by, photo, before) for by in get_args(By)))


def _nearest(
    past: Past, catalog: Catalog, row: int, by: By, photo: np.ndarray | None, before: np.ndarray
) -> Nearest:
    limit = past.limits.get(by)
    missing = "" if before.any() else "past"
    if by != "attributes" and not missing:
        missing = "photos" if past.vectors is None else "photo" if photo is None else ""
    if missing:
        return Nearest(by, (), np.nan, np.nan, np.nan, limit, missing)
    apart = np.where(before, past.distances(catalog, row, by, photo), np.inf)
    chosen: list[int] = []
    styles: set[str] = set()
    for position in np.argsort(apart, kind="stable"):
        if not np.isfinite(apart[position]) or len(chosen) == NEAREST:
            break
        style = past.styles[position]
        if not style or style not in styles:
            chosen.append(int(position))
            styles.add(style)
    if not chosen:
        return Nearest(by, (), np.nan, np.nan, np.nan, limit, "photos")
    low, median, high = (float(v) for v in np.quantile(past.sold[chosen], [0.1, 0.5, 0.9]))
    items = tuple(
        PastItem(
            int(past.rows[p]),
            str(past.catalog.ids[past.rows[p]]),
            float(apart[p]),
            float(past.sold[p]),
            _day(past.dates[p]) if past.dates is not None else "",
        )
        for p in chosen
    )
    return Nearest(by, items, low, median, high, limit)


def _day(date: np.datetime64) -> str:
    return "" if pd.isna(date) else str(date.astype("datetime64[D]"))
