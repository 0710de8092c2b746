"""What was found of a body, in layers over the photo: its parts, its pose, what is repainted."""

from collections.abc import Callable
from html import escape

import numpy as np
import streamlit as st

from core.tryon import drawing
from core.tryon.people import Person

PARTS, POSE, MASK = "Parts", "Pose", "Mask"
_SWATCH = "width:12px;height:12px;border-radius:3px;flex:none;"
_STRIPES = "background:repeating-linear-gradient(135deg,#14181C 0 2px,#FFF 2px 4px,#B7BCC2 4px 8px)"
_JOINT = "border-radius:50%;background:#14181C;border:3px solid #FFF;box-shadow:0 0 0 1px #6B7280"


def body_map(person: Person, mask: Callable[[], np.ndarray | None]) -> None:
    """Draw the layers, each to be switched on and off, with their legend.

    Args:
        person: whose body.
        mask: gives what is repainted, (height, width) uint8, or None after telling why it cannot;
            asked only where the layer is on.
    """
    chosen = st.pills(
        "Shown",
        [PARTS, POSE, MASK],
        selection_mode="multi",
        default=[PARTS, POSE],
        label_visibility="collapsed",
        key="tryon_layers",
    )
    marked = mask() if MASK in chosen else None
    parts, pose = PARTS in chosen, POSE in chosen
    drawn = drawing.body_map(person, parts=parts, pose=pose, mask=marked)
    layers = [name for name in chosen if name != MASK or marked is not None]
    st.image(drawn, alt=alt(person, layers), width="stretch")
    if layers:
        st.html(legend(person, layers))


def alt(person: Person, layers: list[str]) -> str:
    """What the picture shows, for screen readers."""
    found = ", ".join(name for name, _ in drawing.legend(person))
    said = {
        PARTS: f"the parts of the body in colours ({found})",
        POSE: "the pose as joined points",
        MASK: "the part that is repainted striped",
    }
    told = [said[name] for name in said if name in layers]
    if not told:
        return person.title
    listed = f"{', '.join(told[:-1])} and {told[-1]}" if len(told) > 1 else told[0]
    return f"{person.title}, with {listed}"


def legend(person: Person, layers: list[str]) -> str:
    """The colours and signs of the layers by name, as HTML."""
    signs: list[tuple[str, str]] = []
    if PARTS in layers:
        signs += [(name, f"background:{colour}") for name, colour in drawing.legend(person)]
    if POSE in layers:
        signs.append(("joint of the pose", _JOINT))
    if MASK in layers:
        signs.append(("repainted", _STRIPES))
    entries = "".join(
        '<li style="display:flex;align-items:center;gap:6px">'
        f'<span style="{_SWATCH}{style}"></span>{escape(name.capitalize())}</li>'
        for name, style in signs
    )
    return (
        '<ul style="list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:6px 16px;'
        f'font-size:.85rem">{entries}</ul>'
    )
