"""Sections of the popularity page: the scoreboard, and what goes with popularity."""

import pandas as pd
import streamlit as st

from app.popularity_view import (
    CONFIG,
    MODEL_NAMES,
    column_chart,
    coverage_sentence,
    effects_chart,
    feature_roles,
    pairs_sentence,
    player_label,
    scoreboard_chart,
)
from core.catalog.catalog import Catalog
from core.explain.linear import column_effects, mean_effects
from core.popularity.additive import AdditiveModel
from core.popularity.card import LABELS, format_metric
from core.popularity.scoreboard import Scoreboard


def scoreboard(board: Scoreboard) -> None:
    """The models side by side, what their scores mean, and how they were made."""
    chart, words = st.columns([3, 2], gap="large", vertical_alignment="center")
    figure, alt = scoreboard_chart(board)
    chart.plotly_chart(figure, config=CONFIG, alt=alt, key="scoreboard")
    with words:
        st.markdown(f"#### “{MODEL_NAMES[board.promoted]}” ranks this catalog")
        st.markdown(pairs_sentence(board, board.promoted))
        st.markdown(coverage_sentence(board, board.promoted))
        st.caption(
            f"{board.items:,} items of “{board.catalog}”, in {board.unit}. Trained"
            f" {board.date[:10]}. Data {board.data_hash[:12]}."
        )
        with st.popover("How is this computed?"):
            st.markdown(board.split)
            st.markdown(
                "Bars are 95 % ranges: the score when whole styles are drawn again, 500 times. The"
                " model that ranks is the one with the higher score; it was then fitted on all"
                " items. Ranges of predictions come from its errors on items that it had not seen."
            )
            rows = {
                LABELS[m]: {
                    MODEL_NAMES.get(name, name): format_metric(m, v["value"], board.unit)
                    for name, scores in board.models.items()
                    for v in [scores.headline[m]]
                }
                for m in LABELS
            }
            st.caption("All scores, on items that the models had not seen")
            st.table(pd.DataFrame(rows).T)
    for name, why in board.skipped.items():
        st.caption(f"“{MODEL_NAMES.get(name, name)}” is not there: {why}")


def effects(model: AdditiveModel, catalog: Catalog, board: Scoreboard) -> None:
    """Which fields move predictions most, and how one of them does."""
    st.subheader("What goes with popularity")
    roles = feature_roles(board)
    left, right = st.columns(2, gap="large")
    moves = mean_effects(model.contributions(catalog))
    figure, alt = effects_chart(moves, roles)
    left.caption("How much each field moves the prediction of an item, on average")
    left.plotly_chart(figure, config=CONFIG, alt=alt, key="effects")
    shown = {p: column_effects(model, p, catalog) for p in moves.index if moves[p] > 1e-9}
    shown = {p: table for p, table in shown.items() if not table.empty}
    if not shown:
        right.info("This model reads the photo as a whole; it has no fields to look into.")
        return
    with right:
        player = st.selectbox(
            "Look into", list(shown), format_func=lambda p: player_label(p, roles), key="column"
        )
        label = player_label(player, roles)
        currency = catalog.currency if label == "Price" else ""
        figure, alt = column_chart(shown[player], label, currency)
        st.caption(f"{label}: prediction against the average item, all else as it is")
        st.plotly_chart(figure, config=CONFIG, alt=alt, key="column-effects")
