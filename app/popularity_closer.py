"""A closer look at the models: one tab a question, drawn only while it is open."""

from pathlib import Path

import pandas as pd
import streamlit as st

from app import (
    popularity_cards,
    popularity_curve,
    popularity_drift,
    popularity_scatter,
    popularity_slices,
    popularity_versions,
)
from app.popularity_source import trained_catalog
from app.words import plain
from core.catalog.catalog import Catalog
from core.popularity.scoreboard import Scoreboard, load_out_of_fold

TABS = (
    "Predicted and actual",
    "Slice by slice",
    "Would more items help?",
    "Change over seasons",
    "Which model ranks",
    "Model cards",
)


def show(catalog: Catalog, board: Scoreboard, models: Path, name: str) -> None:
    """Draw the tabs; the open one is part of the URL.

    Args:
        catalog: the open one.
        board: of the models that rank it.
        models: their folder.
        name: the model that is looked into.
    """

    trained = trained_catalog(catalog, board)

    def scatter() -> None:
        popularity_scatter.show(trained, board, _out_of_fold(str(models), board.date), name)

    def slices() -> None:
        if trained is None:
            st.info(
                f"The models learned from “{plain(board.catalog)}” as it was then, which is not on"
                " this machine any more, so its slices cannot be told. Train on this catalog to see"
                " them."
            )
            return
        popularity_slices.show(trained, board, _out_of_fold(str(models), board.date), name)

    drawers = (
        scatter,
        slices,
        lambda: popularity_curve.show(trained, board, models),
        lambda: popularity_drift.show(catalog, trained, board),
        lambda: popularity_versions.show(catalog, board, models),
        lambda: popularity_cards.show(board, models),
    )
    tabs = st.tabs(TABS, key="look", on_change="rerun", bind="query-params")
    for tab, draw in zip(tabs, drawers, strict=True):
        if tab.open:
            with tab:
                draw()


@st.cache_resource(max_entries=4, show_spinner=False)
def _out_of_fold(models: str, date: str) -> pd.DataFrame:
    """The stored predictions of a training run, read once and shared; treat it as read-only."""
    return load_out_of_fold(models)
