"""Photos of one's own on the try-on page: kept in the session, the newest first."""

import hashlib
import io
from dataclasses import dataclass, replace
from typing import Literal

import streamlit as st

from core.errors import FashionError
from core.tryon.people import OWN, Person, read_person
from core.vision.images import check_image, open_cutout

Kind = Literal["people", "garments"]

MAX_SIDE = 1536
"""Longer side of a kept photo (pixels); larger ones are made smaller, since a session keeps several
and each look of them is sent to the browser at this size. A garment is cut out at fewer."""

MAX_BYTES = 4 * 2**20
"""Largest file that is kept as it is; a larger one is written anew (10 MB at the very most)."""

MOST = 6
"""Photos of each kind that a session keeps."""


@dataclass(frozen=True)
class Own:
    """A photo that was uploaded or taken.

    Attributes:
        id: begins with `OWN`; the same for the same photo.
        title: the file's name.
        data: the image file.
        note: what was done to it, a sentence or empty.
    """

    id: str
    title: str
    data: bytes
    note: str


def is_own(name: str | None) -> bool:
    """Whether the URL's id means a photo of one's own."""
    return name is not None and name.startswith(OWN)


def kept(kind: Kind) -> list[Own]:
    """The session's photos."""
    photos: list[Own] = st.session_state.setdefault(f"tryon_own_{kind}", [])
    return photos


def find(kind: Kind, name: str | None) -> Own | None:
    """The session's photo of an id."""
    return next((own for own in kept(kind) if own.id == name), None)


def keep(kind: Kind, data: bytes, title: str) -> Own:
    """Keep a photo, in front of the others: no longer than `MAX_SIDE`, upright where it was longer.

    Raises:
        ImageError: it cannot be read as an image.
    """
    image, alpha = open_cutout(data, title, max_side=MAX_SIDE)
    size, note = check_image(data, title), ""
    if max(size) > MAX_SIDE or len(data) > MAX_BYTES:
        if alpha is not None and kind == "garments":
            image.putalpha(alpha)  # the garment is cut out by it
        out = io.BytesIO()
        image.save(out, "PNG", compress_level=1)
        data = out.getvalue()
    if max(size) > MAX_SIDE:
        note = (
            f"The photo was made smaller, from {size[0]:,} × {size[1]:,} to"
            f" {image.width:,} × {image.height:,} pixels."
        )
    own = Own(OWN + hashlib.sha256(data).hexdigest()[:16], title, data, note)
    others = [other for other in kept(kind) if other.id != own.id]
    st.session_state[f"tryon_own_{kind}"] = [own, *others][:MOST]
    return own


def drop(kind: Kind, name: str) -> None:
    """Take a photo out of the session."""
    st.session_state[f"tryon_own_{kind}"] = [own for own in kept(kind) if own.id != name]


def read(own: Own) -> Person:
    """The person in a photo; the last few are kept for all sessions.

    Raises:
        ImageError, NoPersonError, CheckpointMissing: as `read_person`.
    """
    with st.spinner("Finding the person in the photo"):
        return read_quietly(own)


def read_quietly(own: Own) -> Person:
    """As `read`, for work that no page waits for."""
    return _read(own.id, own.title, own.data)


@st.cache_resource(max_entries=8, show_spinner=False)
def _read(name: str, title: str, _data: bytes) -> Person:
    # The link names the photo by the id it is kept under, and a look leads back by the person's.
    return replace(read_person(_data, title), id=name)


def remember_trouble(kind: Kind, error: FashionError | None) -> None:
    """Keep what is wrong with the last photo, to be told where it was chosen."""
    st.session_state[f"tryon_trouble_{kind}"] = "" if error is None else str(error)


def trouble(kind: Kind) -> str:
    """What is wrong with the last photo that was chosen, a sentence or empty."""
    return str(st.session_state.get(f"tryon_trouble_{kind}", ""))
