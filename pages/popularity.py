"""Popularity: one item and why, what if, the whole range, the models; one tab drawn at a time."""

import streamlit as st

from app import (
    assortment,
    leakage_report,
    popularity_closer,
    popularity_item,
    popularity_overview,
    popularity_weeks,
    what_if_form,
)
from app.catalogs import SETUP, current_catalog, current_models, no_catalog
from app.popularity_sections import MODELS_TAB, headline, scoreboard
from app.words import plain
from core.errors import CatalogError, FashionError
from core.explain.wording import MODEL_NAMES
from core.popularity.ranking import load_model
from core.popularity.scoreboard import load_scoreboard
from core.resources import ranking


def page() -> None:
    st.title("Popularity", anchor=False)
    catalog, models = current_catalog(), current_models()
    if models is None:
        st.info(
            f"No model has been trained for “{plain(catalog.name)}” yet, so there is nothing to"
            " show. Train one here, or run"
            " `python scripts/train_models.py --data_dir DIR --model_dir models/NAME`."
        )
        st.page_link(
            SETUP,
            label="Train models",
            icon=":material/arrow_forward:",
            query_params={"section": "Models"},
        )
        return
    board = load_scoreboard(models)
    name = board.promoted
    top = st.container()
    bar = st.container(horizontal=True, vertical_alignment="top")
    if len(board.trained) > 1:
        name = bar.segmented_control(
            "Look into the model",
            board.trained,
            format_func=lambda m: MODEL_NAMES.get(m, m),
            default=board.promoted,
            required=True,
            key="model",
            bind="query-params",
        )
    with top:
        headline(catalog, board, name)
    model = load_model(models, name)
    order = ranking(catalog, models, name)
    for note in order.attrs["notes"]:
        st.info(note)
    row = popularity_item.choose(catalog, order, bar)

    def item() -> None:
        popularity_item.show(model, catalog, board, order, row)
        popularity_weeks.show(catalog, board, models, order, row)

    def what_if() -> None:
        what_if_form.show(model, catalog, board, order, row)

    def several() -> None:
        assortment.show(model, catalog, board, models, order)

    def whole_range() -> None:
        st.subheader("What goes with popularity", anchor="effects")
        popularity_overview.show(model, catalog, board, models, order)

    def trained() -> None:
        st.subheader("How good are the models?", anchor="scoreboard")
        scoreboard(board)
        popularity_closer.show(catalog, board, models, name)
        st.subheader("Can the scores be believed?", anchor="leaks")
        leakage_report.show(board.findings)

    drawers = {
        "This item": item,
        "What if": what_if,
        "Assortment": several,
        "The range": whole_range,
        MODELS_TAB: trained,
    }
    tabs = st.tabs(list(drawers), key="view", on_change="rerun", bind="query-params")
    for tab, draw in zip(tabs, drawers.values(), strict=True):
        if tab.open:
            with tab:
                draw()


try:
    page()
except CatalogError as error:
    no_catalog(error)
except FashionError as error:
    st.error(str(error))
