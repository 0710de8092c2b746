"""Sections of the popularity page: its headline and the scoreboard."""

import pandas as pd
import streamlit as st

from app.popularity_view import (
    CONFIG,
    MODEL_NAMES,
    coverage_sentence,
    model_sentence,
    pairs_sentence,
    scoreboard_chart,
)
from app.words import plain
from core.catalog.catalog import Catalog
from core.popularity.card import LABELS, WEEKLY, format_metric
from core.popularity.metrics import DRAWS
from core.popularity.scoreboard import Scoreboard

MODELS_TAB = "Models"
"""Label of the page's tab on the models, as it stands in links too."""


def headline(catalog: Catalog, board: Scoreboard, name: str) -> None:
    """What to know before reading a number: which model, how good, of when, on what data."""
    st.markdown(f"{pairs_sentence(board, name)} {coverage_sentence(board, name)}")
    said = [
        f"Model “{MODEL_NAMES.get(name, name)}”, trained {board.date[:10]} on {board.items:,} items"
        f" of “{plain(board.catalog)}”",
        board.notice or catalog.notice,
    ]
    parts = [part.rstrip(".") for part in said if part]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(" · ".join(parts), width="content")

        def open_models() -> None:
            st.session_state["view"] = MODELS_TAB

        st.button("How good are the models?", type="tertiary", on_click=open_models)


def scoreboard(board: Scoreboard) -> None:
    """The models side by side, what their scores mean, and how they were made."""
    chart, words = st.columns([3, 2], gap="large", vertical_alignment="center")
    figure, alt = scoreboard_chart(board)
    chart.plotly_chart(figure, config=CONFIG, alt=alt, key="scoreboard")
    names = [*board.trained, *board.compared]
    with words:
        st.markdown(f"#### “{MODEL_NAMES.get(board.promoted, board.promoted)}” ranks this catalog")
        st.markdown("\n".join(f"- {model_sentence(board, name)}" for name in names))
        st.caption(
            f"{board.items:,} items of “{plain(board.catalog)}”, in {board.unit}. Trained"
            f" {board.date[:10]}. Data {board.data_hash[:12]}."
        )
        with st.popover("How is this computed?"):
            st.markdown(board.split)
            st.markdown(
                f"Bars are 95 % ranges: the score when whole styles are drawn again, {DRAWS} times."
                " Unless a person chose another one, the model with the higher score ranks; it was"
                " then fitted on all items. Ranges of predictions come from its errors on items"
                " that it had not seen."
            )
    with st.expander("All scores, on items that the models had not seen"):
        st.table(_scores(board, names))
        st.caption("In brackets the 95 % range.")
    for name, why in board.skipped.items():
        st.caption(f"“{MODEL_NAMES.get(name, name)}” is not there: {why}")


def _scores(board: Scoreboard, names: list[str]) -> pd.DataFrame:
    """One line a metric, one column a model: value and 95 % range as text."""

    def cell(metric: str, name: str) -> str:
        own = board.models[name]
        score = (own.headline | own.weekly).get(metric)
        if score is None:  # trained before this metric was there
            return "not measured"
        value, low, high = (
            format_metric(metric, score[k], board.unit) for k in ("value", "low", "high")
        )
        return value if score["value"] is None else f"{value} ({low} to {high})"

    labels = LABELS | (WEEKLY if any(board.models[n].weekly for n in names) else {})
    return pd.DataFrame(
        {MODEL_NAMES.get(n, n): {labels[m]: cell(m, n) for m in labels} for n in names}
    )
