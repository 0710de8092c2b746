"""What goes with popularity over the whole range: five questions, drawn one at a time."""

from pathlib import Path

import pandas as pd
import streamlit as st

from app import (
    popularity_overview_counts,
    popularity_overview_field,
    popularity_overview_models,
    popularity_overview_seasons,
    popularity_overview_shares,
)
from app.popularity_overview_values import known, status
from core.catalog.catalog import Catalog
from core.popularity.additive import BlockModel
from core.popularity.scoreboard import Scoreboard

TABS = (
    "What counts most",
    "Field by field",
    "Photo, words, details",
    "Season against season",
    "Where models disagree",
)


def show(
    model: BlockModel, catalog: Catalog, board: Scoreboard, models: Path, order: pd.DataFrame
) -> None:
    """Draw the tabs; the open one is part of the URL.

    Args:
        model: the one that is looked into.
        catalog: the open one.
        board: of the models that rank it.
        models: their folder.
        order: the ranking by `model`.
    """
    above = st.container()
    tabs = st.tabs(TABS, key="overview", on_change="rerun", bind="query-params")
    if tabs[-1].open:
        with tabs[-1]:
            popularity_overview_models.show(catalog, board, models, order)
        return
    found = known(model, catalog, board)
    with above:
        status(model, catalog, board, found)
    views = (
        popularity_overview_counts.show,
        popularity_overview_field.show,
        popularity_overview_shares.show,
        popularity_overview_seasons.show,
    )
    for tab, view in zip(tabs, views, strict=False):
        if not tab.open:
            continue
        with tab:
            if len(model.players) > 1:
                view(model, catalog, board, found)
            else:
                st.info(
                    "This model reads the photo as a whole, so there are no fields to hold against"
                    " each other. Choose a model above that reads details, or open *Where models"
                    " disagree*."
                )
