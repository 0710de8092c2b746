"""How much of the predictions comes from photos, words and details, by category."""

from html import escape

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app.popularity_overview_values import Known
from app.popularity_view import CONFIG, layout
from app.words import colours, plain
from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.explain.modality import MODALITIES, modality_shares, player_modalities
from core.explain.overview import shares_by_category
from core.popularity.additive import BlockModel
from core.popularity.scoreboard import Scoreboard

CATEGORIES = 12
"""Most categories in the chart, the largest first."""
DETAILS, WORDS, PHOTO = MODALITIES
NAMES = {DETAILS: "Details", WORDS: "Name and description", PHOTO: "Photo"}


def show(model: BlockModel, catalog: Catalog, board: Scoreboard, found: Known) -> None:
    """Draw the shares over all items and in each category, and say what they mean."""
    kinds = player_modalities(model)
    if len(set(kinds.values())) < 2:
        st.info(
            f"This model reads {NAMES[next(iter(kinds.values()))].lower()} only, so there is"
            " nothing to divide. Train a model that also reads the photo or the words (Setup), or"
            " choose one above."
        )
        return
    shares = modality_shares(found.values, kinds)
    column = catalog.column(Role.CATEGORY)
    table = table_of(shares, None if column is None else catalog.frame[column].iloc[found.rows])
    chart, words = st.columns([3, 2], gap="large", vertical_alignment="center")
    with chart:
        figure, alt = shares_chart(table, sorted(set(kinds.values()), key=MODALITIES.index))
        st.caption("Share of what is said of an item that comes from each, on average")
        st.plotly_chart(figure, config=CONFIG, alt=alt, key="shares")
    with words:
        for line in sentences(table, kinds):
            st.markdown(line)
        if column is None:
            st.caption(
                "The catalog has no category column; give one that role when importing to see"
                " categories beside each other."
            )
        with st.popover("How is this computed?"):
            st.markdown(
                "For each item, the sizes of its fields' parts in the prediction (Shapley values,"
                " up or down) are added up for the photo, for the words and for all other fields,"
                " and divided by their total; then the mean over items. This is the share of"
                " MM-SHAP (Parcalabescu & Frank 2023), with whole fields for players. It tells what"
                " predictions rest on, not whether they are right."
            )


def table_of(shares: pd.DataFrame, categories: pd.Series | None) -> pd.DataFrame:
    """``category, items`` and the shares: all items first, then the largest categories."""
    mean = shares.dropna()
    first = pd.DataFrame([{"category": "All items", "items": len(mean), **mean.mean().to_dict()}])
    if categories is None:
        return first
    return pd.concat([first, shares_by_category(shares, categories)], ignore_index=True)


def shares_chart(table: pd.DataFrame, shown: list[str]) -> tuple[go.Figure, str]:
    """A bar a category, divided into photo, words and details, and in words."""
    tone = colours()
    shades = {DETAILS: tone["context"], WORDS: tone["ink"], PHOTO: tone["raises"]}
    top = table.head(CATEGORIES + 1)[::-1]
    labels = [f"{escape(c, quote=False)} ({n:,})" for c, n in zip(top["category"], top["items"],
                                                               strict=True)]  # fmt: skip
    figure = go.Figure()
    for kind in shown:
        figure.add_bar(
            x=top[kind], y=labels, orientation="h", name=NAMES[kind], marker_color=shades[kind],
            text=[_percent(v) if v >= 0.06 else "" for v in top[kind]],
            textposition="inside", insidetextanchor="middle", textangle=0,
            hovertemplate=f"{NAMES[kind]}: %{{x:.0%}} in %{{y}}<extra></extra>",
        )  # fmt: skip
    layout(figure, 110 + 30 * len(top))
    figure.update_layout(
        barmode="stack", showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
    )  # fmt: skip
    figure.update_xaxes(visible=False, range=[0, 1])
    words = [
        f"{line['category']} " + ", ".join(f"{NAMES[k].lower()} {_percent(line[k])}" for k in shown)
        for _, line in top[::-1].iterrows()
    ]
    return figure, "Share of the predictions by category. " + "; ".join(words) + "."


def sentences(table: pd.DataFrame, kinds: dict[str, str]) -> list[str]:
    """What predictions rest on, where most and where least on the photo; a warning near nothing."""
    all_items, rest = table.iloc[0], table.iloc[1:]
    there = sorted(set(kinds.values()), key=lambda k: -all_items[k])
    first, *others = (f"{_percent(all_items[k])} {{}} {_where(k)}" for k in there)
    told = ", ".join([first.format("comes from"), *(o.format("from") for o in others)])
    lines = [f"**Of what the model says of an item, {told}.**"]
    least = there[-1]
    if all_items[least] < 0.05:
        lines.append(
            f"The model hardly looks at {_where(least)}: a change there will move little, whatever"
            " it would do to sales."
        )
    kind = PHOTO if PHOTO in there else WORDS
    if len(rest) > 1:
        ordered = rest.sort_values(kind)
        low, high = ordered.iloc[0], ordered.iloc[-1]
        lines.append(
            f"{NAMES[kind]}: most in {plain(str(high['category']))} ({_percent(high[kind])}), least"
            f" in {plain(str(low['category']))} ({_percent(low[kind])})."
        )
    elif len(rest) == 1:
        lines.append("All items are of one category, so there is nothing to compare.")
    if len(rest) > CATEGORIES:
        lines.append(f"The {CATEGORIES} largest of {len(rest):,} categories are drawn.")
    return lines


def _where(kind: str) -> str:
    return {DETAILS: "its details", WORDS: "its name and description", PHOTO: "its photo"}[kind]


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
