"""Try-on: a garment of the catalog, or a photo of one, previewed on a person."""

import re
from html import escape
from pathlib import Path

import streamlit as st

from app.catalogs import current_catalog, current_models
from app.tryon_choice import (
    UPLOAD_MB,
    Garment,
    Rack,
    choose,
    chosen_garment,
    chosen_person,
    people_choices,
    pick_garment,
)
from app.tryon_strip import strip
from core.cache import artefacts
from core.errors import FashionError
from core.resources import ranking
from core.tryon import drawing
from core.tryon.engine import CATEGORIES, Engine
from core.tryon.engines import ENGINES
from core.tryon.people import Person, people, read_person
from core.tryon.result import Result, try_on

WORN = {"upper_body": "Top", "lower_body": "Trousers or skirt", "dresses": "Dress"}
VIEWS = {
    "result": "Result",
    "person": "Person",
    "map": "Body map",
    "mask": "Mask",
    "garment": "Cut-out",
}
NOTICE = (
    "Preview: a warped photo, not a simulation of fit. Arms and legs that the base outfit covered"
    " are painted in the person's skin tone."
)
ALONE = "Works with photos of the garment alone: a person in the photo is cut out along with it."
PAGES = Path(__file__).parent
IMAGE_TYPES = ["jpg", "jpeg", "png", "webp"]


def dressed(person: Person, garment: Garment, engine: Engine) -> Result | None:
    """The result, or None after saying why there is none."""
    try:
        with st.spinner("Trying it on", show_time=False):
            return try_on(
                person,
                garment.photo,
                garment.worn,
                engine,
                cache=artefacts(),
                garment_name=garment.title,
            )
    except FashionError as error:
        st.error(str(error))
        return None


def picture(person: Person, garment: Garment, result: Result | None) -> None:
    """The large picture with its views."""
    view = st.query_params.get("view", "result")
    views = list(VIEWS) if result else ["person", "map"]
    view = st.segmented_control(
        "View",
        views,
        default=view if view in views else views[0],
        required=True,
        format_func=VIEWS.__getitem__,
        label_visibility="collapsed",
        key=f"tryon_view_{len(views)}",
        on_change=lambda: choose(view=st.session_state[f"tryon_view_{len(views)}"]),
    )
    worn = f"{person.title} wearing {garment.title}"
    if view == "person" or (result is None and view == "result"):
        st.image(person.pixels, alt=person.title, width="stretch")
    elif view == "map":
        st.image(drawing.body_map(person), alt=f"Body map of {person.title}", width="stretch")
        st.html(legend(person))
    elif view == "mask":
        st.image(drawing.masked(person, result), alt="The repainted region", width="stretch")
        st.caption("Only the tinted region is repainted; every other pixel stays as it was.")
    elif view == "garment":
        alt = f"{garment.title}, cut out, with the points that were pinned to the body"
        st.image(drawing.landmarks(result), alt=alt, width="stretch")
        st.caption(
            f"The garment as it was cut out of its photo, with {len(result.points)} of the points"
            " that are pinned to the body."
        )
    else:
        for data in result.pictures:
            st.image(data, alt=worn, width="stretch")
    if result is not None:
        name = re.sub(r"[^A-Za-z0-9._-]+", "_", f"{garment.item or garment.title}_on_{person.id}")
        st.download_button(
            "Download PNG",
            result.pictures[0],
            file_name=f"{name}.png",
            mime="image/png",
            icon=":material/download:",
            on_click="ignore",
        )


def legend(person: Person) -> str:
    """The body map's colours by name."""
    entries = "".join(
        '<li style="display:flex;align-items:center;gap:6px">'
        f'<span style="width:12px;height:12px;border-radius:3px;background:{colour}"></span>'
        f"{escape(name.capitalize())}</li>"
        for name, colour in drawing.legend(person)
    )
    return (
        '<ul style="list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:6px 16px;'
        f'font-size:.85rem">{entries}</ul>'
    )


def garment_panel(rack: Rack, garment: Garment) -> None:
    """What is worn, where, and what else could be."""
    st.markdown(f"#### {garment.title}" if garment.item else "#### Your photo")
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        if garment.item is not None:
            if garment.item in rack.ranks:
                st.markdown(f"Rank {rack.ranks[garment.item]:,} of {len(rack.ids):,}")
            kept = {k: st.query_params[k] for k in ("catalog", "models") if k in st.query_params}
            st.page_link(
                PAGES / "catalog.py",
                label="Open in the catalog",
                icon=":material/grid_view:",
                query_params={**kept, "item": garment.item},
            )
    key = f"tryon_worn:{garment.item or garment.title}"
    st.segmented_control(
        "Worn as",
        list(CATEGORIES),
        default=garment.worn,
        required=True,
        format_func=WORN.__getitem__,
        help="Guessed from the garment's words. Change it where the guess is wrong.",
        key=key,
        on_change=lambda: choose(worn=st.session_state[key]),
    )


def garment_choice(rack: Rack, garment: Garment) -> None:
    words = st.text_input(
        "Another garment",
        placeholder="Search names, categories, ids",
        icon=":material/search:",
        key="tryon_search",
    )
    found = rack.find(words)
    if not found:
        st.info(f"No garment with a photo has “{words}” in its name, category or id.")
    if garment.item is not None and garment.item not in found and not words:
        found.insert(0, garment.item)
    strip(
        rack.choices(found),
        garment.item,
        key="tryon_garments",
        label="Garments in rank order",
        on_pick=pick_garment,
        width=104,
    )


def engine_choice(current: Engine) -> None:
    """Which engine, with its licence and what it lacks."""
    names = list(ENGINES)
    captions = []
    for engine in ENGINES.values():
        missing = engine.available().missing
        use = "commercial use allowed" if engine.licence.commercial else "non-commercial"
        state = "ready" if not missing else f"not installed, {len(missing)} parts missing"
        captions.append(f"{state} · licence: {engine.licence.name}, {use}")
    with st.expander(f"Engine: {current.title}", icon=":material/tune:"):
        st.radio(
            "Engine",
            names,
            index=names.index(current.name),
            format_func=lambda name: ENGINES[name].title,
            captions=captions,
            label_visibility="collapsed",
            key="tryon_engine",
            on_change=lambda: choose(engine=st.session_state["tryon_engine"]),
        )


def own_garment() -> None:
    """A photo of a garment of one's own."""

    def uploaded() -> None:
        st.session_state["tryon_uploaded"] = st.session_state["tryon_upload"] is not None
        choose(worn=None)

    with st.expander("Use a photo of a garment", icon=":material/upload:"):
        st.file_uploader(
            "Photo of one garment on a plain ground, or a PNG without background",
            type=IMAGE_TYPES,
            max_upload_size=UPLOAD_MB,
            key="tryon_upload",
            on_change=uploaded,
        )
        st.caption(ALONE)


def own_person() -> None:
    """A photo of one's own: read and answered honestly."""
    with st.expander("Use a photo of your own", icon=":material/person_add:"):
        photo = st.file_uploader(
            "Photo of one person, from head to feet",
            type=IMAGE_TYPES,
            max_upload_size=UPLOAD_MB,
            key="tryon_person",
        )
        if photo is not None:
            try:
                read_person(photo.getvalue(), photo.name)
            except FashionError as error:
                st.warning(str(error))


def page() -> None:
    st.title("Try-on", anchor=False)
    catalog, models = current_catalog(), current_models()
    listed = people()
    if not listed:
        st.info(
            "The demo models are not on this machine, so there is nobody to dress. Make them with"
            " `python scripts/make_demo_catalog.py`."
        )
        return
    rack = Rack(catalog, None if models is None else ranking(catalog, models))
    engine = ENGINES.get(st.query_params.get("engine", ""), ENGINES["preview"])
    large, panel = st.columns([5, 8], gap="large")
    with large:
        garment = chosen_garment(rack, st.session_state.get("tryon_upload"))
        person = chosen_person(listed)
        if garment is None:
            st.info(
                f"No item of “{catalog.name}” is a garment with a photo. Upload a photo of one, or"
                " choose another catalog on the Setup page."
            )
        else:
            picture(person, garment, dressed(person, garment, engine))
            st.caption(NOTICE if catalog.notice else f"{NOTICE} {ALONE}")
    with panel:
        if garment is not None:
            garment_panel(rack, garment)
            garment_choice(rack, garment)
        own_garment()
        st.markdown("**Person**")
        strip(
            people_choices(listed),
            person.id,
            key="tryon_people",
            label="People",
            on_pick=lambda chosen: choose(model=chosen),
        )
        own_person()
        engine_choice(engine)


try:
    page()
except FashionError as error:
    st.error(str(error))
