"""The catalog's garments to choose from, in rank order: searched without walking the catalog."""

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from app.photos import photo_url
from app.tryon_strip import Choice
from core.catalog.catalog import IMAGE_SEPARATOR, Catalog
from core.catalog.query import Filters, Listing
from core.catalog.roles import Role
from core.tryon.category import guess_category
from core.tryon.engine import CATEGORIES, GarmentCategory

SHOWN = 48
"""Garments in the strip at a time."""


class Rack:
    """The catalog's garments in rank order, or in the catalog's own where it is not ranked.

    Made once and shared by all sessions: what an item's words say of where it is worn is guessed
    for every item here, so that a search is a few masks.

    Attributes:
        shelf: the catalog and its ranking, laid out for browsing.
        catalog: the items.
        ids: of all items, in rank order.
    """

    def __init__(self, shelf: Listing) -> None:
        self.catalog = shelf.catalog
        self.shelf = shelf
        self._order = shelf.order(np.ones(len(shelf.catalog), dtype=bool))
        self.ids: pd.Index = shelf.catalog.ids[self._order]
        self._worn = _worn(self.catalog)
        self._wearable = (self._worn >= 0) & _with_photo(self.catalog)
        self._gone: set[int] = set()

    def title(self, item: str) -> str:
        """The item's name, or its id where it has none."""
        column = self.catalog.column(Role.TITLE)
        name = None if column is None else self.catalog.frame[column].iloc[self.catalog.row(item)]
        return name if isinstance(name, str) and name else item

    def worn(self, item: str) -> GarmentCategory | None:
        """Where the item is worn, by its words; None for shoes and the like."""
        code = self._worn[self.catalog.row(item)]
        return None if code < 0 else CATEGORIES[code]

    def rank(self, item: str) -> int | None:
        """The item's rank, or None where no model ranks it."""
        if not self.shelf.ranked:
            return None
        rank = self.shelf.scores["rank"].iloc[self.catalog.row(item)]
        return None if pd.isna(rank) else int(rank)

    def photo(self, item: str) -> Path | None:
        """The item's main photo."""
        paths = self.catalog.image_paths(self.catalog.row(item))
        return paths[0] if paths else None

    def first(self) -> str | None:
        """The highest-ranked item that can be tried on."""
        return next(iter(self.find("", count=1)), None)

    def rows(self, items: list[str]) -> np.ndarray:
        """Which rows are of these items: a boolean array in row order; unknown ids are ignored."""
        rows = self.catalog.ids.get_indexer(pd.Index(items, dtype=object))
        mask = np.zeros(len(self.catalog), dtype=bool)
        mask[rows[rows >= 0]] = True
        return mask

    def find(self, words: str, within: np.ndarray | None = None, count: int = SHOWN) -> list[str]:
        """The highest-ranked garments with a photo whose words hold all the words asked for.

        Args:
            words: looked for as on the catalog page (id, title, description, levels); may be empty.
            within: a boolean array in row order of the items to look among; all if None.
            count: at most so many.
        """
        mask = self._wearable & self.shelf.match(Filters(words))
        if within is not None:
            mask &= within
        found: list[str] = []
        for row in self._order[mask[self._order]]:
            if row in self._gone:
                continue
            # A file is looked for only where it would be shown; once missed, it is not again.
            if self.catalog.image_paths(row):
                found.append(self.catalog.ids[row])
                if len(found) == count:
                    break
            else:
                self._gone.add(int(row))
        return found

    def choices(self, items: list[str]) -> list[Choice]:
        """The strip's view of some items."""
        return [self._choice(item) for item in items]

    def _choice(self, item: str) -> Choice:
        title, rank = self.title(item), self.rank(item)
        place = "" if rank is None else f"{rank:,}"
        return {
            "id": item,
            "title": title,
            "spoken": f"Try on {title}" + (f", rank {place}" if place else ""),
            "photo": photo_url(self.catalog, self.catalog.row(item), 192),
            "rank": place,
        }


# A rack holds its listing, so that no other can get the same identity while the rack is kept.
@st.cache_resource(max_entries=4, show_spinner="Looking for garments", hash_funcs={Listing: id})
def rack_of(shelf: Listing) -> Rack:
    """The rack of a catalog as it is laid out for browsing, made once for all sessions."""
    return Rack(shelf)


def _worn(catalog: Catalog) -> np.ndarray:
    """Position in `CATEGORIES` of where each item is worn, -1 where its words do not say."""
    kinds = [catalog.frame[column] for column in catalog.columns(Role.CATEGORY)]
    ids = catalog.ids.to_series(index=catalog.frame.index)
    title = catalog.column(Role.TITLE)
    names = catalog.frame[title] if title is not None else ids
    worn = np.full(len(catalog), -1, dtype=np.int8)
    for words in (*kinds, names.where(names.notna() & (names != ""), ids)):
        unknown = np.flatnonzero(worn < 0)
        # Words are read once a level: half a million items have a few dozen categories.
        codes, levels = pd.factorize(words.iloc[unknown])
        guesses = [guess_category(str(level)) for level in levels]
        found = [-1 if guess is None else CATEGORIES.index(guess) for guess in guesses]
        worn[unknown] = np.array([*found, -1], dtype=np.int8)[codes]  # code -1, no words, is last
    return worn


def _with_photo(catalog: Catalog) -> np.ndarray:
    """Which items name a photo that could lie in the catalog, as an address elsewhere does not."""
    named = np.zeros(len(catalog), dtype=bool)
    for column in catalog.columns(Role.IMAGE):
        codes, cells = pd.factorize(catalog.frame[column])
        local = [
            any(part and "://" not in part for part in str(cell).split(IMAGE_SEPARATOR))
            for cell in cells
        ]
        named |= np.array([*local, False], dtype=bool)[codes]
    return named
