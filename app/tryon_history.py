"""The looks that a session has made, to go back to."""

from dataclasses import dataclass

import streamlit as st

from app import tryon_mask, tryon_own
from app.tryon_choice import choose
from app.tryon_run import Look
from app.tryon_strip import strip
from app.tryon_views import thumbnail
from core.tryon.mask_edit import MaskEdit
from core.tryon.result import Result

MOST = 24
KINDS: tuple[tryon_own.Kind, ...] = ("people", "garments")
_KEY = "tryon_history"


@dataclass(frozen=True)
class Entry:
    """One look.

    Attributes:
        key: of the look.
        about: what the edit of the mask belongs to.
        title: for people to read.
        photo: a small picture as a ``data:`` address.
        params: what the URL held.
        edit: of the mask.
    """

    key: str
    about: str
    title: str
    photo: str
    params: dict[str, str | None]
    edit: MaskEdit


def remember(look: Look, result: Result) -> None:
    """Put a look in front of the others, unless it is there already."""
    entries: list[Entry] = st.session_state.setdefault(_KEY, [])
    if any(entry.key == look.key for entry in entries):
        return
    params: dict[str, str | None] = {
        "model": look.person.id,
        "garment": look.garment.id,
        "worn": look.garment.worn,
        "engine": look.engine.name,
        "view": None,
    }
    if look.engine.uses_sampling:
        params |= {name: str(value) for name, value in look.settings.told().items()}
    photo = thumbnail(result.pictures[0])
    about = tryon_mask.about(look)
    entry = Entry(look.key, about, look.title, photo, params, look.edit)
    st.session_state[_KEY] = [entry, *entries][:MOST]


def _entries() -> list[Entry]:
    """The looks that can be gone back to: those of a photo that was forgotten go with it."""
    own = {photo.id for kind in KINDS for photo in tryon_own.kept(kind)}
    made: list[Entry] = st.session_state.get(_KEY, [])
    st.session_state[_KEY] = entries = [
        entry
        for entry in made
        if all(
            name in own
            for name in (entry.params["model"], entry.params["garment"])
            if tryon_own.is_own(name)
        )
    ]
    return entries


def show(look: Look | None) -> None:
    """Draw the looks, where there is more than the one that is on the screen."""
    entries = _entries()
    here = None if look is None else look.key
    if not [entry for entry in entries if entry.key != here]:
        return

    def go_back(key: str) -> None:
        entry = next((e for e in entries if e.key == key), None)
        if entry is not None:
            tryon_own.remember_trouble("people", None)
            tryon_own.remember_trouble("garments", None)
            choose(**entry.params)
            tryon_mask.keep_edit(entry.about, entry.edit, redraw=True)

    st.markdown("**This session's looks**")
    strip(
        [
            {"id": e.key, "title": e.title, "spoken": f"Back to {e.title}", "photo": e.photo,
             "rank": ""}
            for e in entries
        ],
        here,
        key="tryon_history_strip",
        label="Looks of this session, the latest first",
        on_pick=go_back,
    )  # fmt: skip
