"""Setup: catalogs, models and checkpoints."""

import streamlit as st

from app import setup_catalogs, setup_checkpoints, training_form
from app.catalogs import current_catalog
from core.errors import FashionError

SECTIONS = ("Catalogs", "Models", "Checkpoints")


def page() -> None:
    st.title("Setup", anchor=False)
    try:
        setup_catalogs.front(current_catalog())
    except FashionError as error:
        st.error(str(error))
    tabs = st.tabs(SECTIONS, key="section", on_change="rerun", bind="query-params")
    drawers = (setup_catalogs.show, training_form.show, setup_checkpoints.show)
    for tab, draw in zip(tabs, drawers, strict=True):
        if tab.open:
            with tab:
                try:
                    draw()
                except FashionError as error:
                    st.error(str(error))


page()
