"""Which items a person has picked, across pages and filters."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core.catalog.query import Filters, Listing


@dataclass(frozen=True)
class Selection:
    """Everything that some filters match, less some items, plus others.

    Holding filters instead of thousands of ids keeps it small, and says what was meant.

    Attributes:
        scope: filters whose matches are all picked, or None.
        added: ids picked one by one outside the scope.
        removed: ids of the scope that were taken out again.
    """

    scope: Filters | None = None
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()

    def pick(self, listing: Listing, changes: dict[str, bool]) -> "Selection":
        """The selection after items were picked (True) or put back; unknown ids are ignored."""
        rows = listing.catalog.ids.get_indexer(pd.Index(list(changes), dtype=object))
        inside = self._scoped(listing)
        added, removed = set(self.added), set(self.removed)
        for (item, on), row in zip(changes.items(), rows, strict=True):
            if row < 0:
                continue
            (added.add if on and not inside[row] else added.discard)(item)
            (removed.add if not on and inside[row] else removed.discard)(item)
        return replace(self, added=frozenset(added), removed=frozenset(removed))

    def mask(self, listing: Listing) -> np.ndarray:
        """Which items are picked: a boolean array in row order."""
        mask = self._scoped(listing).copy()
        for ids, on in ((self.added, True), (self.removed, False)):
            rows = listing.catalog.ids.get_indexer(pd.Index(list(ids), dtype=object))
            mask[rows[rows >= 0]] = on
        return mask

    def _scoped(self, listing: Listing) -> np.ndarray:
        if self.scope is None:
            return np.zeros(len(listing.catalog), dtype=bool)
        return listing.match(self.scope)
