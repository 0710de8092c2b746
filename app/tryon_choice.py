"""What the try-on page shows: the person, the garment and where it is worn, kept in the URL."""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from app import tryon_own
from app.tryon_rack import Rack
from app.tryon_strip import Choice
from app.words import plain
from core.cache import artefacts
from core.errors import FashionError
from core.tryon.category import guess_category
from core.tryon.drawing import portrait
from core.tryon.engine import GarmentCategory
from core.tryon.people import Listed, Person, open_person
from core.vision.images import Source, open_image

WORN = {"upper_body": "Top", "lower_body": "Trousers or skirt", "dresses": "Dress"}
_SHOWN = "tryon_shown"


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
    """Put choices into the URL, with the person and the garment on the screen; None takes one out.

    It is one step of the browser's history. The page itself never writes there: a step back would
    lead to where it is written again, and so nowhere.
    """
    shown: dict[str, str] = st.session_state.get(_SHOWN, {})
    told = {**st.query_params.to_dict(), **shown, **params}
    st.query_params.from_dict({name: value for name, value in told.items() if value is not None})


def on_screen(garment: Garment | None, person: Person | None) -> None:
    """Note what is shown, for the link that the next choice makes."""
    shown = {"garment": garment, "model": person}
    st.session_state[_SHOWN] = {name: it.id for name, it in shown.items() if it is not None}


def told(param: str, known: Mapping[str, str], usual: str | None) -> str | None:
    """What the URL says of a parameter; what it cannot be is told, and the usual taken.

    Args:
        param: its name.
        known: what it can be, each with its name for people.
        usual: what it is where the URL says nothing.
    """
    value = st.query_params.get(param)
    if value is None or value in known:
        return usual if value is None else value
    names = ", ".join(f"“{name}”" for name in known.values())
    st.warning(f"The link says {param}={plain(value)}, which is none of {names}. It is ignored.")
    return usual


def forget(kind: tryon_own.Kind, name: str) -> None:
    """Take a photo of one's own out of the session, and out of the link."""
    tryon_own.drop(kind, name)
    if kind == "people":
        choose(model=None)
    else:
        choose(garment=None, worn=None)


def packed(ids: Iterable[str]) -> str:
    """Several ids as one value of a link; a comma in an id does not part it."""
    return ",".join(one.replace("%", "%25").replace(",", "%2C") for one in ids)


def unpacked(text: str) -> list[str]:
    """The ids of a `packed` value."""
    return [one.replace("%2C", ",").replace("%25", "%") for one in text.split(",") if one]


def pick_garment(garment: str) -> None:
    """Try on another garment; a category chosen for the last one is forgotten."""
    choose(garment=garment, worn=None)


def chosen_garment(rack: Rack) -> Garment | None:
    """The photo or item that the URL names, else the highest-ranked item; None without any."""
    override: GarmentCategory | None = told("worn", WORN, None)  # type: ignore[assignment]
    item = st.query_params.get("garment") or None
    if tryon_own.is_own(item):
        own = tryon_own.find("garments", item)
        if own is not None:
            worn = override or guess_category(own.title) or "upper_body"
            return Garment(own.id, own.data, own.title, worn, None)
        st.warning(
            "The garment in this link is a photo that was uploaded in another session or forgotten"
            " since. Upload it again; an item of the catalog is shown meanwhile."
        )
        item = None
    if item is not None and item not in rack.catalog.ids:
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
    return Garment(item, photo, rack.title(item), override or guess or "upper_body", item)


def chosen_person(listed: list[Listed]) -> Person | None:
    """The photo or demo model that the URL names, else the first demo model, else none.

    Raises:
        ImageError, NoPersonError, CheckpointMissing: it cannot be dressed.
    """
    wanted = st.query_params.get("model") or None
    own = tryon_own.find("people", wanted)
    if own is not None:
        return tryon_own.read(own)
    entry = next((entry for entry in listed if entry.id == wanted), None)
    if entry is None:
        if not listed:
            return None
        if tryon_own.is_own(wanted):
            st.warning(
                "The person in this link is a photo that was uploaded in another session or"
                f" forgotten since. Upload it again; “{listed[0].title}” is shown meanwhile."
            )
        elif wanted is not None:
            st.warning(f"There is no model “{plain(wanted)}”. Showing “{listed[0].title}”.")
        entry = listed[0]
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
