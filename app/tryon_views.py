"""The large picture: the result beside the person, and what lies behind it."""

import io
from base64 import b64encode

import numpy as np
import streamlit as st
from PIL import Image

from app import tryon_layers, tryon_mask, tryon_run
from app.tryon_choice import choose, told
from app.tryon_compare import compare
from app.tryon_run import Look
from app.tryon_strip import strip
from core.tryon import drawing
from core.tryon.result import Result

VIEWS = {
    "result": "Result",
    "person": "Person",
    "map": "Body map",
    "mask": "Mask",
    "garment": "Cut-out",
}
_KEY = "tryon_view"


def show(look: Look) -> Result | None:
    """Draw the view that the URL names; returns the result where it was needed and is there."""
    st.session_state[_KEY] = told("view", VIEWS, "result")
    view = st.segmented_control(
        "View",
        list(VIEWS),
        required=True,
        format_func=VIEWS.__getitem__,
        label_visibility="collapsed",
        key=_KEY,
        on_change=lambda: choose(view=st.session_state[_KEY]),
    )
    if view == "person":
        st.image(look.person.pixels, alt=look.person.title, width="stretch")
    elif view == "map":
        tryon_layers.body_map(look.person, lambda: tryon_mask.mask_of(look))
    elif view == "mask":
        tryon_mask.editor(look)
    else:
        result = tryon_run.result_of(look)
        if result is not None and view == "garment":
            cut_out(look, result)
        elif result is not None:
            picture(look, result)
        return result
    return None


def cut_out(look: Look, result: Result) -> None:
    """Draw the garment as it was cut out of its photo."""
    alt = f"{look.garment.title}, cut out"
    if result.points:
        alt += ", with the points that were pinned to the body"
    st.image(drawing.landmarks(result), alt=alt, width="stretch")
    words = "The garment as it was cut out of its photo"
    if result.points:
        words += f", with {len(result.points)} of the points that are pinned to the body"
    st.caption(words + ".")


def sample(result: Result) -> int:
    """Which of the result's pictures is looked at."""
    number = int(st.session_state.get("tryon_sample", 0))
    return number if number < len(result.pictures) else 0


def picture(look: Look, result: Result) -> None:
    """Draw the chosen picture beside the person, and the others to choose from."""
    number = sample(result)
    compare(
        look.person.pixels,
        result.pictures[number],
        person=look.person.title,
        look=look.title,
        key="tryon_compare",
    )
    count = len(result.pictures)
    if count > 1:

        def pick(chosen: str) -> None:
            st.session_state["tryon_sample"] = int(chosen)

        strip(
            [
                {
                    "id": str(i),
                    "title": f"Picture {i + 1}",
                    "spoken": f"Picture {i + 1} of {count}, seed {look.settings.seed}",
                    "photo": _thumbnail(data),
                    "rank": "",
                }
                for i, data in enumerate(result.pictures)
            ],
            str(number),
            key="tryon_sample_strip",
            label=f"Pictures of seed {look.settings.seed}",
            on_pick=pick,
        )


@st.cache_data(max_entries=128, show_spinner=False)
def _thumbnail(picture: bytes) -> str:
    return thumbnail(picture)


def thumbnail(picture: bytes) -> str:
    """A picture as a strip shows it."""
    with Image.open(io.BytesIO(picture)) as opened:
        data = drawing.portrait(np.asarray(opened.convert("RGB")))
    return "data:image/webp;base64," + b64encode(data).decode()
