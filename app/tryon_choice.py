"""What the try-on page shows: the person, the garment and where it is worn, kept in the URL."""

from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from app import tryon_own
from app.photos import photo_url
from app.tryon_strip import Choice
from app.words import plain
from core.cache import artefacts
from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.errors import FashionError
from core.tryon.category import guess_category
from core.tryon.drawing import portrait
from core.tryon.engine import CATEGORIES, GarmentCategory
from core.tryon.people import Listed, Person, open_person
from core.vision.images import Source, open_image

SHOWN = 48
"""Garments in the strip at a time."""


@dataclass(frozen=True)
class Garment:
    """What is tried on: an item of the catalog or a photo of one's own.

    Attributes:
        id: of the item, or of the photo.
        photo: the file, or the bytes of an upload.
        title: for people to read.
        worn: the guessed or chosen category.
        item: id of the catalog item, or None for an upload.
    """

    id: str
    photo: Path | bytes
    title: str
    worn: GarmentCategory
    item: str | None


def choose(**params: str | None) -> None:
    """Put choices into the URL; None takes one out."""
    for name, value in params.items():
        if value is None:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != value:
            st.query_params[name] = value


def pick_garment(garment: str) -> None:
    """Try on another garment; a category chosen for the last one is forgotten."""
    choose(garment=garment, worn=None)


class Rack:
    """The catalog's garments in rank order."""

    def __init__(self, catalog: Catalog, order: pd.DataFrame | None) -> None:
        self.catalog = catalog
        ids = list(catalog.ids) if order is None else list(order["item_id"])
        self.ids: list[str] = ids
        self.ranks: dict[str, int] = (
            {} if order is None else dict(zip(order["item_id"], order["rank"], strict=True))
        )
        title = catalog.column(Role.TITLE)
        self._titles = None if title is None else catalog.frame[title]
        self._kinds = [catalog.frame[c] for c in catalog.columns(Role.CATEGORY)]

    def title(self, item: str) -> str:
        """The item's name, or its id where it has none."""
        if self._titles is None:
            return item
        name = self._titles.iloc[self.catalog.row(item)]
        return name if isinstance(name, str) and name else item

    def worn(self, item: str) -> GarmentCategory | None:
        """Where the item is worn, by its words; None for shoes and the like."""
        row = self.catalog.row(item)
        return guess_category(*(kind.iloc[row] for kind in self._kinds), self.title(item))

    def photo(self, item: str) -> Path | None:
        """The item's main photo."""
        paths = self.catalog.image_paths(self.catalog.row(item))
        return paths[0] if paths else None

    def wearable(self, item: str) -> bool:
        """Whether the item has a photo and is a garment."""
        return self.worn(item) is not None and self.photo(item) is not None

    def first(self) -> str | None:
        """The highest-ranked item that can be tried on."""
        return next((item for item in self.ids[:500] if self.wearable(item)), None)

    def find(self, words: str, within: set[str] | None = None, count: int = SHOWN) -> list[str]:
        """The highest-ranked wearable items whose name, category or id holds all the words.

        Args:
            words: may be empty.
            within: ids to look among; all if None.
            count: at most so many.
        """
        wanted = words.casefold().split()
        found = []
        for item in self.ids:
            if within is not None and item not in within:
                continue
            row = self.catalog.row(item)
            text = " ".join([self.title(item), item, *(str(k.iloc[row]) for k in self._kinds)])
            if all(word in text.casefold() for word in wanted) and self.wearable(item):
                found.append(item)
                if len(found) == count:
                    break
        return found

    def choices(self, items: list[str]) -> list[Choice]:
        """The strip's view of some items."""
        return [
            {
                "id": item,
                "title": self.title(item),
                "spoken": f"Try on {self.title(item)}"
                + (f", rank {self.ranks[item]:,}" if item in self.ranks else ""),
                "photo": photo_url(self.catalog, self.catalog.row(item), 192),
                "rank": f"{self.ranks[item]:,}" if item in self.ranks else "",
            }
            for item in items
        ]


def chosen_garment(rack: Rack) -> Garment | None:
    """The photo or item that the URL names, else the highest-ranked item; None without any."""
    told = st.query_params.get("worn")
    override: GarmentCategory | None = told if told in CATEGORIES else None  # type: ignore[assignment]
    item = st.query_params.get("garment")
    if tryon_own.is_own(item):
        own = tryon_own.find("garments", item)
        if own is not None:
            worn = override or guess_category(own.title) or "upper_body"
            return Garment(own.id, own.data, own.title, worn, None)
        st.warning(
            "The garment in this link is a photo that was uploaded in another session. Upload it"
            " again; an item of the catalog is shown meanwhile."
        )
        item = None
    if item is not None and item not in rack.ranks and item not in set(rack.ids):
        st.warning(
            f"This catalog has no item “{plain(item)}”; the link may be from another catalog."
        )
        item = None
    item = item or rack.first()
    if item is None:
        return None
    photo = rack.photo(item)
    if photo is None:
        st.warning(f"“{plain(rack.title(item))}” has no photo, so it cannot be tried on.")
        item = rack.first()
        photo = None if item is None else rack.photo(item)
        if item is None or photo is None:
            return None
    guess = rack.worn(item)
    if guess is None and override is None:
        st.warning(
            f"“{plain(rack.title(item))}” does not seem to be a garment for the body. It is laid on"
            " as a top; choose below where it is worn."
        )
    choose(garment=item)
    return Garment(item, photo, rack.title(item), override or guess or "upper_body", item)


def chosen_person(listed: list[Listed]) -> Person | None:
    """The photo or demo model that the URL names, else the first demo model, else none.

    Raises:
        ImageError, NoPersonError, CheckpointMissing: it cannot be dressed.
    """
    wanted = st.query_params.get("model")
    own = tryon_own.find("people", wanted)
    if own is not None:
        return tryon_own.read(own)
    entry = next((entry for entry in listed if entry.id == wanted), None)
    if entry is None:
        if not listed:
            return None
        if tryon_own.is_own(wanted):
            st.warning(
                "The person in this link is a photo that was uploaded in another session. Upload"
                f" it again; “{listed[0].title}” is shown meanwhile."
            )
        elif wanted is not None:
            st.warning(f"There is no model “{plain(wanted)}”. Showing “{listed[0].title}”.")
        entry = listed[0]
    choose(model=entry.id)
    return open_person(entry)


def people_choices(listed: list[Listed]) -> list[Choice]:
    """The strip's view of one's own photos and the demo models; a damaged picture is left blank."""
    return own_choices("people", "Dress the person in") + [
        {
            "id": entry.id,
            "title": entry.title,
            "spoken": f"Dress {entry.title}",
            "photo": small(entry.image, f"{entry.image}:{entry.image.stat().st_mtime_ns}")
            if entry.image.is_file()
            else None,
            "rank": "",
        }
        for entry in listed
    ]


def own_choices(kind: tryon_own.Kind, verb: str) -> list[Choice]:
    """The strip's view of the session's own photos."""
    return [
        {
            "id": own.id,
            "title": own.title,
            "spoken": f"{verb} {own.title}",
            "photo": small(own.data, own.id),
            "rank": "",
        }
        for own in tryon_own.kept(kind)
    ]


def small(source: Source, key: str) -> str | None:
    """A picture as the strip shows it, kept by its key; None where it cannot be opened."""
    key = f"portrait:{key}"
    data = artefacts().get(key)
    if data is None:
        try:
            data = portrait(np.asarray(open_image(source, max_side=768)))
        except FashionError:
            return None
        artefacts().set(key, data)
    return "data:image/webp;base64," + b64encode(data).decode()
