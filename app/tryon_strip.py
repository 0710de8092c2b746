"""A row of photos of which one is chosen: people, or garments."""

from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

import streamlit as st

ASSETS = Path(__file__).parent / "assets"
_STRIP = st.components.v2.component(
    "tryon_strip",
    html='<ul class="strip" role="list"></ul>',
    css=(ASSETS / "tryon_strip.css").read_text(encoding="utf-8"),
    js=(ASSETS / "tryon_strip.js").read_text(encoding="utf-8"),
)


class Choice(TypedDict):
    """One photo of a strip; `rank` may be empty, `photo` is an address or None."""

    id: str
    title: str
    spoken: str
    photo: str | None
    rank: str


def strip(
    items: list[Choice],
    chosen: str | None,
    *,
    key: str,
    label: str,
    on_pick: Callable[[str], None],
    width: int = 92,
) -> None:
    """Draw the row.

    Args:
        items: the photos in order.
        chosen: id of the chosen one.
        key: of the component.
        label: what the row is, for screen readers.
        on_pick: called with the id of a photo that was clicked, before the page runs again.
        width: of a photo, in pixels.
    """

    def picked() -> None:
        on_pick(st.session_state[key]["pick"])

    _STRIP(
        key=key,
        data={"items": items, "chosen": chosen, "label": label, "width": width},
        on_pick_change=picked,
    )
