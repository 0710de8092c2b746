"""Setup: catalogs, models and checkpoints."""

import streamlit as st

from app import setup_catalogs, setup_checkpoints, training_form
from app.catalogs import current_catalog, list_catalogs
from core.errors import CatalogError, FashionError

SECTIONS = ("Catalogs", "Models", "Checkpoints")


def page() -> None:
    st.title("Setup", anchor=False)
    try:
        if list_catalogs():
            setup_catalogs.front(current_catalog())
        else:
            st.info("There is no catalog on this machine yet. Import the first one below.")
    except FashionError as error:
        st.error(str(error))
    tabs = st.tabs(SECTIONS, key="section", on_change="rerun", bind="query-params")
    drawers = (setup_catalogs.show, training_form.show, setup_checkpoints.show)
    for tab, draw in zip(tabs, drawers, strict=True):
        if tab.open:
            with tab:
                try:
                    draw()
                except CatalogError as error:
                    if list_catalogs():  # without any, the top of the page says what to do
                        st.error(str(error))
                except FashionError as error:
                    st.error(str(error))


page()
