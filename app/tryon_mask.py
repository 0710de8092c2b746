"""The mask on the person: shown, and edited by style, sides, brush and eraser."""

import io
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import streamlit as st
from PIL import Image

from app.tryon_choice import choose
from app.tryon_compare import jpeg_url
from app.tryon_layers import PARTS, POSE, alt
from app.tryon_run import Look
from core.cache import artefacts
from core.errors import FashionError, TryOnError
from core.tryon.drawing import body_map
from core.tryon.mask_edit import (
    NO_EDIT,
    OFFSETS,
    STYLES,
    MaskEdit,
    Style,
    edited,
    read_strokes,
)
from core.tryon.masks import protected, published_mask
from core.tryon.ootd import OotdEngine
from core.tryon.result import own_mask

ASSETS = Path(__file__).parent / "assets"
_CANVAS = st.components.v2.component(
    "tryon_mask",
    html='<div class="editor"></div>',
    css=(ASSETS / "tryon_mask.css").read_text(encoding="utf-8"),
    js=(ASSETS / "tryon_mask.js").read_text(encoding="utf-8"),
)

STYLE_NAMES: dict[Style, str] = {
    "engine": "As the engine",
    "tight": "Tight",
    "relaxed": "Relaxed",
    "square": "Square",
}
STYLE_HELP = (
    "Tight keeps close to what is worn now. Relaxed leaves room for a looser garment, and square"
    " for any: an engine that paints then has room where the old outline would show, such as a"
    " short sleeve under a long one. Face, hair, hands, shoes and bags are never covered by them."
)
PAINTED = "Only the tinted part is repainted; every other pixel stays as it was."
WHOLE = (
    "The tinted part is repainted; the rest passes through the network too, and changes a little."
)
LAID_ON = (
    "Nothing changes outside the tinted part. Inside it the preview lays the garment's own photo,"
    " and skin or ground where the old clothes stood out, and paints nothing else: erasing keeps"
    " the old picture, and brushing beyond the garment adds nothing."
)
SIDES = {"top": "Upwards", "bottom": "Downwards", "left": "To the left", "right": "To the right"}
SHOWN_SIDE = 1024
"""Longer side of the picture that is drawn on (pixels); strokes fit any."""
_EDITS, _VERSION = "tryon_edits", "tryon_mask_version"


def about(look: Look) -> str:
    """What an edit belongs to: this garment, worn so, on this person, with this engine."""
    return f"{look.person.id} {look.garment.id} {look.garment.worn} {look.engine.name}"


def edit_of(look: Look) -> MaskEdit:
    """The session's edit of the look's mask."""
    edits: dict[str, MaskEdit] = st.session_state.setdefault(_EDITS, {})
    return edits.get(about(look), NO_EDIT)


def keep_edit(belongs: str, edit: MaskEdit, *, redraw: bool = False) -> None:
    """Keep an edit of a mask.

    Args:
        belongs: what it is `about`.
        edit: the new one.
        redraw: whether the canvas and the sliders have to take theirs from it.
    """
    st.session_state.setdefault(_EDITS, {})[belongs] = edit
    if redraw:
        st.session_state[_VERSION] = st.session_state.get(_VERSION, 0) + 1


def mask_of(look: Look) -> np.ndarray | None:
    """What is repainted after the session's edit, (height, width) uint8; None after saying why not.

    Args:
        look: whose mask; its own `edit` is not looked at, the session's is.
    """
    own = _own_mask(look)
    return None if own is None else edited(own, edit_of(look), protected(look.person))


def _own_mask(look: Look) -> np.ndarray | None:
    """What the engine itself would repaint; None after saying why it cannot be known."""
    engine, worn = look.engine, look.garment.worn
    try:
        if isinstance(engine, OotdEngine) and not engine.available():
            if worn not in engine.categories:
                raise TryOnError(
                    f"{engine.title} was trained for tops alone. Choose another engine for this"
                    " garment."
                )
            return published_mask(look.person, worn, engine.model)
        with st.spinner("Finding what is repainted", show_time=False):
            own = own_mask(
                look.person,
                look.garment.photo,
                worn,
                engine,
                cache=artefacts(),
                garment_name=look.garment.title,
            )
    except FashionError as error:
        st.error(str(error))
        return None
    with Image.open(io.BytesIO(own)) as opened:
        return np.asarray(opened.convert("L"))


@st.fragment
def editor(look: Look) -> None:
    """Draw the mask on the person, and what changes it.

    Args:
        look: whose mask; its own `edit` is not looked at, the session's is.
    """
    own = _own_mask(look)
    if own is None:
        st.image(look.person.pixels, alt=look.person.title, width="stretch")
        return
    ready = bool(look.engine.available())
    if not ready:
        st.info(
            f"{look.engine.title} is not installed. This is what it would repaint; what you change"
            " is kept for it in this session. For a picture now, choose the preview under “Engine”."
        )
    edit = edit_of(look)
    base = edited(own, replace(edit, strokes=()), protected(look.person))
    drawn_on = st.container()
    layers = st.pills(
        "Under the mask",
        [PARTS, POSE],
        selection_mode="multi",
        key="tryon_mask_layers",
        help="What was found of the body, to draw along.",
    )
    with drawn_on:
        _canvas(look, base, edit, layers)
    _sliders(look, edit, ready)


def _canvas(look: Look, base: np.ndarray, edit: MaskEdit, layers: list[str]) -> None:
    key = "tryon_canvas"

    def drawn() -> None:
        try:
            strokes = read_strokes(st.session_state[key]["strokes"])
        except FashionError as error:
            st.session_state["tryon_mask_trouble"] = str(error)
        else:
            keep_edit(about(look), replace(edit_of(look), strokes=strokes))

    photo = Image.fromarray(look.person.pixels)
    if layers:
        data = body_map(look.person, parts=PARTS in layers, pose=POSE in layers)
        photo = Image.open(io.BytesIO(data))
    _CANVAS(
        key=key,
        data={
            "photo": jpeg_url(photo, SHOWN_SIDE),
            "mask": _alpha_url(base),
            "strokes": [
                {"points": [list(p) for p in s.points], "radius": s.radius, "adds": s.adds}
                for s in edit.strokes
            ],
            # The canvas keeps its own strokes, since the next may be drawn before the last has
            # come back; it takes these only where they are another edit's.
            "version": f"{about(look)} {st.session_state.get(_VERSION, 0)}",
            "width": photo.width,
            "height": photo.height,
            "label": f"{alt(look.person, layers)}; the tinted part is repainted",
        },
        on_strokes_change=drawn,
    )
    if trouble := st.session_state.pop("tryon_mask_trouble", ""):
        st.error(trouble)


def _alpha_url(mask: np.ndarray) -> str:
    """A mask as a ``data:`` address of a picture that is opaque where it is marked."""
    scale = min(1.0, SHOWN_SIDE / max(mask.shape))
    size = (max(1, round(mask.shape[1] * scale)), max(1, round(mask.shape[0] * scale)))
    alpha = Image.fromarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA))
    out = io.BytesIO()
    Image.merge("LA", (Image.new("L", size), alpha)).save(out, "PNG", compress_level=6)
    return "data:image/png;base64," + b64encode(out.getvalue()).decode()


def _sliders(look: Look, edit: MaskEdit, ready: bool) -> None:
    version = f"{about(look)} {st.session_state.get(_VERSION, 0)}"

    def change(field: str, key: str) -> None:
        keep_edit(about(look), replace(edit_of(look), **{field: st.session_state[key]}))

    key = f"tryon_mask_style:{version}"
    st.segmented_control(
        "Outline",
        list(STYLES),
        default=edit.style,
        required=True,
        format_func=STYLE_NAMES.__getitem__,
        help=STYLE_HELP,
        key=key,
        on_change=change,
        args=("style", key),
    )
    for pair in (("top", "bottom"), ("left", "right")):
        for spot, side in zip(st.columns(2), pair, strict=True):
            key = f"tryon_mask_{side}:{version}"
            spot.slider(
                f"{SIDES[side]}, % of the height",
                *OFFSETS,
                value=float(getattr(edit, side)),
                step=0.5,
                format="%.1f",
                key=key,
                on_change=change,
                args=(side, key),
            )

    def reset() -> None:
        keep_edit(about(look), NO_EDIT, redraw=True)

    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Show the result", type="primary", key="tryon_mask_apply", disabled=not ready):
            choose(view="result")
            st.rerun()
        st.button(
            "Back to the engine's mask",
            key="tryon_mask_reset",
            type="tertiary",
            disabled=not edit,
            on_click=reset,
        )
    if look.settings.whole:
        st.caption(WHOLE)
    else:
        st.caption(PAINTED if look.engine.uses_sampling else LAID_ON)
