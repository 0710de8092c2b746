"""Who wears it: demo models, photos of one's own, and the camera."""

import streamlit as st

from app import tryon_own
from app.tryon_choice import choose, forget, people_choices
from app.tryon_strip import strip
from core.errors import FashionError
from core.tryon.people import Listed, Person

UPLOAD_MB = 20
IMAGE_TYPES = ["jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff"]
WAYS = {"upload": "From a file", "camera": "With the camera"}
_PENDING, _TURN = "tryon_pending_person", "tryon_person_turn"


def take_pending() -> None:
    """Look for the person in a photo that was just chosen. Call it before anything is drawn.

    A photo that shows nobody who can be dressed is told by `panel`, and changes nothing else.
    """
    pending = st.session_state.pop(_PENDING, None)
    if pending is None:
        return
    data, title = pending
    try:
        own = tryon_own.keep("people", data, title)
        try:
            tryon_own.read(own)
        except FashionError:
            tryon_own.drop("people", own.id)
            raise
    except FashionError as error:
        tryon_own.remember_trouble("people", error)
    else:
        tryon_own.remember_trouble("people", None)
        choose(model=own.id)


def _pick(person: str) -> None:
    """Dress somebody else; what was wrong with the last photo is past."""
    tryon_own.remember_trouble("people", None)
    choose(model=person)


def panel(listed: list[Listed], person: Person | None) -> None:
    """Draw the people to choose from and the ways to add one."""
    st.markdown("**Person**")
    choices = people_choices(listed)
    if choices:
        strip(
            choices,
            None if person is None else person.id,
            key="tryon_people",
            label="People",
            on_pick=_pick,
        )
    else:
        st.info(
            "The demo models are not on this machine. Choose a photo of your own below, or make"
            " them with `python scripts/make_demo_catalog.py`."
        )
    own = None if person is None else tryon_own.find("people", person.id)
    if own is not None and person is not None:
        for note in (person.note, own.note):
            if note:
                st.caption(note)
        st.button(
            "Forget this photo",
            icon=":material/delete:",
            type="tertiary",
            key="tryon_forget_person",
            on_click=forget,
            args=("people", own.id),
        )
    trouble = tryon_own.trouble("people")
    with st.expander("Use a photo of your own", icon=":material/person_add:", expanded=not choices):
        way = st.segmented_control(
            "Where the photo is from",
            list(WAYS),
            default="upload",
            required=True,
            format_func=WAYS.__getitem__,
            label_visibility="collapsed",
            key="tryon_person_way",
        )
        key = f"tryon_person_{way}:{st.session_state.setdefault(_TURN, 0)}"

        def chosen() -> None:
            file = st.session_state[key]
            if file is not None:
                title = file.name if way == "upload" else "Camera photo"
                st.session_state[_PENDING] = (file.getvalue(), title)
                # A new widget takes the place of this one, so that the same file can come again.
                st.session_state[_TURN] += 1

        if way == "camera":
            st.camera_input("Photo of one person, from head to knees", key=key, on_change=chosen)
        else:
            st.file_uploader(
                "Photo of one person, from head to knees",
                type=IMAGE_TYPES,
                max_upload_size=UPLOAD_MB,
                key=key,
                on_change=chosen,
            )
        st.caption(
            "One person, standing, seen from the front. The photo is read on this server and sent"
            " nowhere else. This session keeps the last few; what is made of them stays in the"
            " server's cache until newer pictures need the room."
        )
    if trouble:
        st.warning(trouble)
