"""Try-on: a garment of the catalog, or a photo of one, on a person."""

from dataclasses import replace

import streamlit as st

from app import (
    tryon_batch,
    tryon_engine,
    tryon_garments,
    tryon_history,
    tryon_mask,
    tryon_people,
    tryon_run,
    tryon_take,
    tryon_views,
)
from app.catalog_state import listing
from app.catalogs import current_catalog, current_models, no_catalog
from app.tryon_choice import choose, chosen_garment, chosen_person, on_screen, told
from app.tryon_rack import rack_of
from app.tryon_run import Look
from app.words import plain
from core.errors import CatalogError, FashionError
from core.resources import ranking
from core.tryon.people import Person, people

MODES = {"look": "One look", "batch": "Many at once"}
NOTICE = (
    "Preview: a warped photo, not a simulation of fit. Arms and legs that the old outfit covered"
    " are painted in the person's skin tone."
)
PAINTED = "Painted by a network: colours and details may differ from the garment's."


def the_person(listed: list) -> Person | None:
    """Who is dressed; a photo that cannot be used any more is told."""
    try:
        return chosen_person(listed)
    except FashionError as error:
        st.error(str(error))
        return None


def mode() -> str:
    st.session_state["tryon_mode"] = told("mode", MODES, "look")
    return st.segmented_control(
        "What to make",
        list(MODES),
        required=True,
        format_func=MODES.__getitem__,
        label_visibility="collapsed",
        key="tryon_mode",
        on_change=lambda: choose(mode=st.session_state["tryon_mode"]),
    )


def page() -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.title("Try-on", anchor=False, width="content")
        chosen_mode = mode()
    catalog, models = current_catalog(), current_models()
    order = None if models is None else ranking(catalog, models)
    listed = people()
    rack = rack_of(listing(catalog, models, order))
    engine = tryon_engine.current_engine()
    settings = tryon_engine.current_settings(engine)
    tryon_people.take_pending()
    selection = tryon_garments.picked(rack)
    if chosen_mode == "batch":
        tryon_batch.show(rack, listed, selection, engine, settings)
        return
    large, panel = st.columns([5, 8], gap="large")
    look = None
    with large:
        garment, person = chosen_garment(rack), the_person(listed)
        on_screen(garment, person)
        if garment is None:
            st.info(
                f"No item of “{plain(catalog.name)}” is a garment with a photo. Upload a photo of"
                " one, or choose another catalog on the Setup page."
            )
        elif person is not None:
            look = Look(person, garment, engine, settings)
            look = replace(look, edit=tryon_mask.edit_of(look))
    # The choices are there before the picture, so that nobody has to wait for it to choose again.
    with panel:
        if garment is not None:
            tryon_garments.panel(rack, garment)
        tryon_garments.choice(rack, garment, selection)
        tryon_garments.upload(garment)
        tryon_people.panel(listed, person)
        tryon_engine.panel(engine, settings)
        here = None if look is None else look.key
        for other, made in tryon_run.finished(here):
            tryon_history.remember(other, made)
        tryon_run.others(here)
        history = st.container()
    with large:
        if look is not None:
            result = tryon_views.show(look)
            if result is not None:
                tryon_take.show(look, result, tryon_views.sample(result), rack, models)
                tryon_history.remember(look, result)
            if not engine.uses_sampling:
                st.caption(NOTICE)
            elif result is not None:
                st.caption(PAINTED)
        elif person is not None:
            st.image(person.pixels, alt=person.title, width="stretch")
    with history:
        tryon_history.show(look)


try:
    page()
except CatalogError as error:
    no_catalog(error)
except FashionError as error:
    st.error(str(error))
