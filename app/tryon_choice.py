"""What the try-on page shows: the person, the garment and where it is worn, kept in the URL."""

from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from app.photos import photo_url
from app.tryon_strip import Choice
from core.cache import artefacts
from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.errors import FashionError
from core.tryon.category import guess_category
from core.tryon.drawing import portrait
from core.tryon.engine import CATEGORIES, GarmentCategory
from core.tryon.people import Listed, Person, open_person
from core.vision.images import open_image

SHOWN = 48
"""Garments in the strip at a time."""

UPLOAD_MB = 20


@dataclass(frozen=True)
class Garment:
    """What is tried on: an item of the catalog or an uploaded photo.

    Attributes:
        photo: the file, or the bytes of an upload.
        title: for people to read.
        worn: the guessed or chosen category.
        guessed: whether `worn` is a guess from the garment's words.
        item: id of the catalog item, or None for an upload.
    """

    photo: Path | bytes
    title: str
    worn: GarmentCategory
    guessed: bool
    item: str | None


def choose(**params: str | None) -> None:
    """Put choices into the URL; None takes one out."""
    for name, value in params.items():
        if value is None:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != value:
            st.query_params[name] = value


def pick_garment(item: str) -> None:
    """Try on an item of the catalog; a category chosen for the last garment is forgotten."""
    st.session_state["tryon_uploaded"] = False
    choose(garment=item, worn=None)


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

    def wearable(self, item: str) -> bool:
        """Whether the item has a photo and is a garment."""
        return self.worn(item) is not None and bool(
            self.catalog.image_paths(self.catalog.row(item))
        )

    def first(self) -> str | None:
        """The highest-ranked item that can be tried on."""
        return next((item for item in self.ids[:500] if self.wearable(item)), None)

    def find(self, words: str, count: int = SHOWN) -> list[str]:
        """The highest-ranked wearable items whose name, category or id holds all the words."""
        wanted = words.casefold().split()
        found = []
        for item in self.ids:
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


def chosen_garment(
    rack: Rack, upload: "st.runtime.uploaded_file_manager.UploadedFile | None"
) -> Garment | None:
    """The uploaded garment, else the item that the URL names, else the highest-ranked one."""
    told = st.query_params.get("worn")
    override: GarmentCategory | None = told if told in CATEGORIES else None  # type: ignore[assignment]
    if upload is not None and st.session_state.get("tryon_uploaded"):
        guess = guess_category(upload.name)
        worn = override or guess or "upper_body"
        return Garment(upload.getvalue(), upload.name, worn, override is None, None)
    item = st.query_params.get("garment")
    if item is not None and item not in rack.ranks and item not in set(rack.ids):
        st.warning(f"This catalog has no item “{item}”; the link may be from another catalog.")
        item = None
    item = item or rack.first()
    if item is None:
        return None
    paths = rack.catalog.image_paths(rack.catalog.row(item))
    if not paths:
        st.warning(f"“{rack.title(item)}” has no photo, so it cannot be tried on.")
        item = rack.first()
        if item is None:
            return None
        paths = rack.catalog.image_paths(rack.catalog.row(item))
    guess = rack.worn(item)
    if guess is None and override is None:
        st.warning(
            f"“{rack.title(item)}” does not seem to be a garment for the body. It is laid on as a"
            " top; choose below where it is worn."
        )
    choose(garment=item)
    worn = override or guess or "upper_body"
    return Garment(paths[0], rack.title(item), worn, override is None, item)


def chosen_person(listed: list[Listed]) -> Person:
    """The demo model that the URL names, else the first.

    Raises:
        ImageError, NoPersonError: its files are damaged.
    """
    wanted = st.query_params.get("model")
    entry = next((entry for entry in listed if entry.id == wanted), None)
    if entry is None:
        if wanted is not None:
            st.warning(f"There is no model “{wanted}”. Showing “{listed[0].title}”.")
        entry = listed[0]
    choose(model=entry.id)
    return open_person(entry)


def people_choices(listed: list[Listed]) -> list[Choice]:
    """The strip's view of the demo models; a picture that cannot be opened is left blank."""
    return [
        {
            "id": entry.id,
            "title": entry.title,
            "spoken": f"Dress {entry.title}",
            "photo": _portrait(entry),
            "rank": "",
        }
        for entry in listed
    ]


def _portrait(entry: Listed) -> str | None:
    try:
        key = f"portrait:{entry.image}:{entry.image.stat().st_mtime_ns}"
        data = artefacts().get(key)
        if data is None:
            import numpy as np

            data = portrait(np.asarray(open_image(entry.image)))
            artefacts().set(key, data)
    except (FashionError, OSError):
        return None
    return "data:image/webp;base64," + b64encode(data).decode()
