"""Items of a range that are near-identical, so that buyers may choose between them.

A model predicts every item by itself: it knows nothing of one item taking sales from another. So
pairs are only shown, with how near they are; no prediction is lowered for them.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import LEVEL_ROLES, Role
from core.explain.past import SEASON_NAMES
from core.popularity.splits import group_codes
from core.popularity.twins import NEAR_COSINE

MOST_ITEMS = 1000
"""Most items that are compared with each other: the first of those given."""
DETAILS_APART = 1
"""Most category and attribute columns in which items alike by details differ."""
PRICE_APART = 0.1
"""Largest difference of prices of items alike by details, as a share of the higher one."""
WEEKS_APART = 26
"""Items released farther apart than this do not stand beside each other in a shop."""


@dataclass(frozen=True)
class Pair:
    """Two items that are near-identical.

    Attributes:
        one, other: rows of the catalog; `one` came first in what was compared.
        photo: ``1 - cosine`` of the photos' vectors, 0 is the same; None where either has none.
        details: whether they are alike by details.
        differ: category and attribute columns in which they differ, and the price column.
        same_style: whether they are variants of one style.
    """

    one: int
    other: int
    photo: float | None
    details: bool
    differ: tuple[str, ...]
    same_style: bool


def near_pairs(catalog: Catalog, rows: np.ndarray, vectors: np.ndarray | None) -> list[Pair]:
    """The pairs among some items that are near-identical by photo or by details.

    Alike by photo: a cosine of `core.popularity.twins.NEAR_COSINE` or more. Alike by details: the
    same category, at most `DETAILS_APART` other attribute differs (seasons aside; empty cells are
    alike) and prices are within `PRICE_APART`. Pairs released more than `WEEKS_APART` weeks apart
    are left out where dates are known.

    Args:
        catalog: the items, edited or not.
        rows: which of them; the first `MOST_ITEMS` are compared.
        vectors: (items of the catalog, dimensions) CLIP unit vectors, NaN without a photo, or None.

    Returns:
        Those alike by both first, then by photo, then by details; the nearest photos first.
    """
    rows = np.asarray(rows)[:MOST_ITEMS]
    frame = catalog.frame.iloc[rows]
    columns = [
        c
        for c, role in catalog.roles.items()
        if role in LEVEL_ROLES and c.casefold().strip() not in SEASON_NAMES
    ]
    apart = {c: _unequal(pd.factorize(frame[c].astype(object))[0]) for c in columns}
    details = np.triu(np.ones((len(rows), len(rows)), dtype=bool), 1)
    together = details.copy()
    if columns:
        details &= np.sum(list(apart.values()), axis=0) <= DETAILS_APART
    for column in catalog.columns(Role.CATEGORY)[:1]:
        details &= ~apart[column]
    price = catalog.column(Role.PRICE)
    if price is not None:
        cost = frame[price].to_numpy(dtype=np.float64)
        gap = np.abs(cost[:, None] - cost)
        details &= ~(gap > PRICE_APART * np.maximum(cost[:, None], cost))
        apart[price] = gap > 0.005
    date = catalog.column(Role.RELEASE_DATE)
    if date is not None:
        days = frame[date].to_numpy(dtype="datetime64[D]").astype(np.float64)
        days[frame[date].isna().to_numpy()] = np.nan
        together &= ~(np.abs(days[:, None] - days) > 7 * WEEKS_APART)
    photo = np.full(details.shape, np.nan)
    if vectors is not None:
        own = np.asarray(vectors[rows], dtype=np.float32)
        photo = np.maximum(1 - own @ own.T, 0.0)
    alike = photo <= 1 - NEAR_COSINE
    if not columns:
        details[:] = False  # nothing but a price says little
    found = np.argwhere(together & (details | alike))
    styles = group_codes(catalog)[rows]
    pairs = [
        Pair(
            int(rows[i]),
            int(rows[j]),
            None if np.isnan(photo[i, j]) else float(photo[i, j]),
            bool(details[i, j]),
            tuple(c for c, unequal in apart.items() if unequal[i, j]),
            bool(styles[i] == styles[j]),
        )
        for i, j in found
    ]
    return sorted(pairs, key=_order)


def _unequal(codes: np.ndarray) -> np.ndarray:
    return np.asarray(codes[:, None] != codes)


def _order(pair: Pair) -> tuple[bool, bool, float, int, int]:
    near = pair.photo is not None and pair.photo <= 1 - NEAR_COSINE
    far = np.inf if pair.photo is None else pair.photo
    return (not (near and pair.details), not near, far, pair.one, pair.other)
