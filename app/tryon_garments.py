"""What is worn: the garment's panel, the catalog's items and selection, and photos of one's own."""

from pathlib import Path

import streamlit as st

from app import tryon_own
from app.tryon_choice import WORN, Garment, choose, forget, own_choices, pick_garment
from app.tryon_people import IMAGE_TYPES, UPLOAD_MB
from app.tryon_rack import Rack
from app.tryon_strip import strip
from app.words import plain
from core.errors import FashionError
from core.tryon.engine import CATEGORIES

PAGES = Path(__file__).resolve().parents[1] / "pages"
ALONE = (
    "Works with photos of the garment alone: a person in the photo is cut out along with it, unless"
    " the photo shows a model from the front."
)
_TURN = "tryon_garment_turn"

MOST_PICKED = 200
"""Items of a selection that are offered, the highest-ranked."""


def panel(rack: Rack, garment: Garment) -> None:
    """Draw what is worn and where."""
    st.markdown(f"#### {plain(garment.title)}")
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        if garment.item is None:
            st.markdown("Your photo")
            st.button(
                "Forget it",
                icon=":material/delete:",
                type="tertiary",
                key="tryon_forget_garment",
                on_click=forget,
                args=("garments", garment.id),
            )
        else:
            rank = rack.rank(garment.item)
            if rank is not None:
                st.markdown(f"Rank {rank:,} of {len(rack.ids):,}")
            kept = {k: st.query_params[k] for k in ("catalog", "models") if k in st.query_params}
            st.page_link(
                PAGES / "catalog.py",
                label="Open in the catalog",
                icon=":material/grid_view:",
                query_params={**kept, "item": garment.item},
            )
    own = tryon_own.find("garments", garment.id)
    if own is not None and own.note:
        st.caption(own.note)
    key = f"tryon_worn:{garment.id}"
    st.session_state[key] = garment.worn  # the URL's, which the history may have changed
    st.segmented_control(
        "Worn as",
        list(CATEGORIES),
        required=True,
        format_func=WORN.__getitem__,
        help="Guessed from the garment's words. Change it where the guess is wrong.",
        key=key,
        on_change=lambda: choose(worn=st.session_state[key]),
    )


def picked(rack: Rack) -> list[str]:
    """The wearable items of the catalog page's selection, in rank order, at most `MOST_PICKED`."""
    if st.session_state.get("selection_of") != rack.catalog.content_hash:
        return []
    within = st.session_state["selection"].mask(rack.shelf)
    return rack.find("", within, count=MOST_PICKED) if within.any() else []


def choice(rack: Rack, garment: Garment | None, selection: list[str]) -> None:
    """Draw the garments to choose from; `selection` as `picked` has it."""
    within = None
    if selection:
        count = f"the first {MOST_PICKED}" if len(selection) == MOST_PICKED else len(selection)
        sources = {"all": "The whole catalog", "picked": f"Your selection ({count})"}
        source = st.segmented_control(
            "Garments from",
            list(sources),
            default="picked",
            required=True,
            format_func=sources.__getitem__,
            key="tryon_from",
        )
        within = rack.rows(selection) if source == "picked" else None
    words = st.text_input(
        "Another garment",
        placeholder="Search names, descriptions, ids",
        icon=":material/search:",
        key="tryon_search",
    )
    found = rack.find(words, within)
    if not found and words:
        st.info(f"No garment with a photo matches “{plain(words)}”. Try fewer or other words.")
    chosen = None if garment is None else garment.item
    if chosen is not None and chosen not in found and not words and within is None:
        found.insert(0, chosen)
    own = own_choices("garments", "Try on")
    if found or own:
        strip(
            own + rack.choices(found),
            None if garment is None else garment.id,
            key="tryon_garments",
            label="Your photos, then garments in rank order" if own else "Garments in rank order",
            on_pick=pick_garment,
            width=104,
        )


def upload(garment: Garment | None) -> None:
    """Draw the way to a photo of a garment of one's own."""
    key = f"tryon_garment:{st.session_state.setdefault(_TURN, 0)}"

    def chosen() -> None:
        file = st.session_state[key]
        if file is None:
            return
        st.session_state[_TURN] += 1
        try:
            own = tryon_own.keep("garments", file.getvalue(), file.name)
        except FashionError as error:
            tryon_own.remember_trouble("garments", error)
        else:
            tryon_own.remember_trouble("garments", None)
            pick_garment(own.id)

    with st.expander(
        "Use a photo of a garment", icon=":material/upload:", expanded=garment is None
    ):
        st.file_uploader(
            "Photo of one garment on a plain ground, or a PNG without background",
            type=IMAGE_TYPES,
            max_upload_size=UPLOAD_MB,
            key=key,
            on_change=chosen,
        )
        st.caption(
            f"{ALONE} Photos longer than {tryon_own.MAX_SIDE:,} pixels are made smaller. This"
            f" session keeps the last {tryon_own.MOST}."
        )
    if trouble := tryon_own.trouble("garments"):
        st.error(trouble)
