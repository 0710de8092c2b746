"""The items that credit is measured against: a player that is absent is as in one of these.

They are training items, `SIZE` for all items and up to `SAME` a category for a comparison within
it: evenly spaced places of the training items in the order of category and target. So categories
have their own shares, and slow and fast sellers of each are among them. All models that learn from
the same items have the same background. What is kept of an item is its encoding.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.errors import ModelError
from core.popularity.model import log_target
from core.popularity.ridge import Design

SIZE = 100
"""Items that all items are held against."""
SAME = 30
"""Items of one category that its own items are held against, if that is wished."""
MIN_SAME = 10
"""Fewest of them: with fewer there is no comparison within the category."""
CATEGORIES = 20
"""Most categories that have a background of their own, those with most items."""


@dataclass(frozen=True)
class Background:
    """Encoded training items.

    Attributes:
        ids: their item ids.
        categories: of each, as `categories_of` writes them.
        common: which of them all items are held against.
        design: their encodings.
    """

    ids: tuple[str, ...]
    categories: tuple[str, ...]
    common: np.ndarray
    design: Design

    @property
    def version(self) -> str:
        """Which items these are, the same for all models that learned from the same ones."""
        known = (self.ids, self.categories, self.common.tolist())
        return hashlib.sha256(repr(known).encode()).hexdigest()[:12]

    @classmethod
    def draw(
        cls, catalog: Catalog, rows: np.ndarray, design: Design, *, size: int = SIZE, seed: int = 0
    ) -> "Background":
        """Choose from the training items.

        Args:
            catalog, rows: the training items; they have a target.
            design: their encodings, in the same order.
            size: items for all.
            seed: another one gives other items.
        """
        rng = np.random.default_rng(seed)
        categories, y = categories_of(catalog, rows), log_target(catalog, rows)
        order = np.lexsort((np.asarray(catalog.ids[rows], dtype=str), y, categories))
        common = np.zeros(len(rows), dtype=bool)
        common[_evenly(order, size, rng)] = True
        chosen = common.copy()
        for name in pd.Series(categories).value_counts().index[:CATEGORIES]:
            own = order[categories[order] == name]
            if len(own) >= MIN_SAME:
                chosen[_evenly(own, SAME, rng)] = True
        places = np.flatnonzero(chosen)
        matrices = [m[places] for m in design.matrices]
        return cls(
            tuple(map(str, catalog.ids[rows[places]])),
            tuple(map(str, categories[places])),
            common[places],
            Design(matrices, design.average[places]),
        )

    @classmethod
    def average_item(cls, widths: Sequence[int]) -> "Background":
        """The average item alone, which models trained before there were backgrounds used."""
        from scipy.sparse import csr_array

        matrices = [csr_array((1, width)) for width in widths]
        average = np.ones((1, len(widths)), dtype=bool)
        return cls(("",), ("",), np.ones(1, dtype=bool), Design(matrices, average))

    def among(self, category: str | None = None) -> Design:
        """The items that an item is held against: the common ones, or those of a category.

        Raises:
            ModelError: too few training items are of the category.
        """
        if category is None:
            chosen = self.common
        else:
            chosen = np.array(self.categories) == category
            if chosen.sum() < MIN_SAME:
                raise ModelError(
                    f"The model learned from too few items of the category “{category}” to hold"
                    " its items against each other. Hold them against all items instead."
                )
        return Design([m[chosen] for m in self.design.matrices], self.design.average[chosen])

    def tensors(self) -> dict[str, np.ndarray]:
        """Arrays to save; ids and categories are in `to_json`."""
        values, columns, ends = self._joint()
        return {
            "background.values": values,
            "background.columns": columns,
            "background.ends": ends,
            "background.average": self.design.average,
            "background.common": self.common,
        }

    def to_json(self) -> dict[str, Any]:
        """What of it is no array."""
        return {
            "ids": list(self.ids),
            "categories": list(self.categories),
            "widths": [int(m.shape[1]) for m in self.design.matrices],
        }

    @classmethod
    def restore(
        cls, tensors: dict[str, np.ndarray], values: dict[str, Any], widths: Sequence[int]
    ) -> "Background":
        """The background that `tensors` and `to_json` described, of blocks of these widths.

        Raises:
            KeyError, ValueError: they are not one's.
        """
        from scipy.sparse import csr_array

        names = ("values", "columns", "ends", "average", "common")
        data, columns, ends, average, common = (tensors[f"background.{n}"] for n in names)
        shape = (len(values["ids"]), len(widths))
        if values["widths"] != list(widths) or average.shape != shape:
            raise ValueError("background items do not fit the blocks")
        joint = csr_array((data, columns, ends), shape=(len(ends) - 1, sum(widths)))
        joint.check_format()  # slicing a damaged one would end the process
        joint = joint.tocsc()
        parts = pairwise(accumulate(widths, initial=0))
        matrices = [joint[:, a:b].tocsr() for a, b in parts]
        return cls(
            tuple(values["ids"]), tuple(values["categories"]), common, Design(matrices, average)
        )

    def _joint(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """All blocks beside each other: values, columns and row ends of a sparse matrix."""
        from scipy.sparse import hstack

        joint = hstack(self.design.matrices, format="csr")
        joint.sort_indices()
        joint.eliminate_zeros()
        return (
            joint.data,
            joint.indices.astype(np.int32),
            joint.indptr.astype(np.int32),
        )


def categories_of(catalog: Catalog, rows: np.ndarray) -> np.ndarray:
    """The first category column's cells, lower case without outer blanks; empty without one."""
    names = catalog.columns(Role.CATEGORY)
    if not names:
        return np.full(len(rows), "", dtype=object)
    cells = catalog.frame[names[0]].iloc[rows].astype(object)
    return np.array(["" if pd.isna(c) else str(c).strip().casefold() for c in cells], dtype=object)


def _evenly(order: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Evenly spaced members of an order, from a random start; all of them where there are fewer."""
    if len(order) <= size:
        return order
    return order[((rng.random() + np.arange(size)) * len(order) / size).astype(int)]
