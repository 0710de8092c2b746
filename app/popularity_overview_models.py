"""Where two models disagree: how far their orders lie apart, and on which items."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app.photos import photo_url
from app.popularity_view import CONFIG, item_names, layout
from app.words import colours
from core.catalog.catalog import Catalog
from core.explain.overview_fields import sample
from core.explain.overview_models import Disagreement, disagreement
from core.explain.wording import MODEL_NAMES, ordinal
from core.popularity.scoreboard import Scoreboard
from core.resources import ranking

ITEMS = 8
"""Items of the largest disagreement that are shown."""
DOTS = 2000
"""Most dots in the chart."""


def show(catalog: Catalog, board: Scoreboard, models: Path, order: pd.DataFrame) -> None:
    """Draw the choice of the other model, both orders against each other, and the items."""
    name = order.attrs["model"]
    others = [m for m in board.trained if m != name]
    if not others:
        st.info(
            "Only one model is trained for this catalog, so there is nothing to disagree with."
            " Open **Setup** and train another one, for example the one that reads the photos."
        )
        return
    labels = {m: MODEL_NAMES.get(m, m) for m in [name, *others]}
    other = others[0]
    if len(others) > 1:
        other = st.segmented_control(
            f"“{labels[name]}” against", others, format_func=labels.__getitem__, default=other,
            required=True, key="against",
        )  # fmt: skip
    found = _disagreement(
        (catalog.content_hash, board.date, name, other), order, ranking(catalog, models, other)
    )
    chart, words = st.columns([3, 2], gap="large", vertical_alignment="center")
    with chart:
        names = item_names(catalog, catalog.ids.get_indexer(pd.Index(_drawn(found)["item_id"])))
        figure, alt = places_chart(found, names, (labels[name], labels[other]))
        st.plotly_chart(figure, config=CONFIG, alt=alt, key="disagreement")
    with words:
        for line in sentences(found, (labels[name], labels[other])):
            st.markdown(line)
        if len(found.items) > DOTS:
            st.caption(f"{DOTS:,} of {len(found.items):,} items are drawn, chosen by lot.")
        st.caption(
            "Neither is right by itself: the scoreboard tells which one orders unseen items better."
            " Items that a model learned from are placed by one that had not seen them."
        )
    st.markdown("**Where they lie furthest apart**")
    st.html(cards(catalog, found.items.head(ITEMS), (labels[name], labels[other])))
    st.caption(
        f"Its place by “{labels[name]}” → by “{labels[other]}”. Photos open the item in a new tab."
    )


@st.cache_data(max_entries=8, show_spinner="Comparing the orders")
def _disagreement(
    key: tuple[str, ...], _first: pd.DataFrame, _second: pd.DataFrame
) -> Disagreement:
    return disagreement(_first, _second)


def _drawn(found: Disagreement) -> pd.DataFrame:
    """The items with a dot: those furthest apart, and others by lot."""
    rest = found.items.iloc[ITEMS:]
    chosen = rest.iloc[sample(len(rest), DOTS - ITEMS)]
    return pd.concat([found.items.head(ITEMS), chosen])


def places_chart(
    found: Disagreement, names: Sequence[str], models: tuple[str, str]
) -> tuple[go.Figure, str]:
    """A dot an item: its place by one model against its place by the other; and in words.

    Args:
        found: both orders.
        names: of the items of `_drawn`.
        models: names of the two.
    """
    tone, points = colours(), _drawn(found)
    total = len(found.items)
    figure = go.Figure()
    figure.add_scatter(
        x=[1, total], y=[1, total], mode="lines", hoverinfo="skip",
        line={"color": tone["ink"], "width": 1, "dash": "dot"},
    )  # fmt: skip
    text = [
        f"{escape(name, quote=False)}<br>{models[0]}: {ordinal(int(a))}<br>{models[1]}:"
        f" {ordinal(int(b))}"
        for name, a, b in zip(names, points["first"], points["second"], strict=True)
    ]
    far = np.arange(len(points)) < ITEMS
    for part, shade, size in ((~far, tone["context"], 6), (far, tone["lowers"], 10)):
        figure.add_scattergl(
            x=points["first"][part], y=points["second"][part], mode="markers",
            text=[t for t, keep in zip(text, part, strict=True) if keep],
            hovertemplate="%{text}<extra></extra>",
            marker={"color": shade, "size": size, "opacity": 0.7},
        )  # fmt: skip
    layout(figure, 420)
    axis = {"gridcolor": tone["line"], "zeroline": False, "tickformat": ",d"}
    margin = total * 0.03
    figure.update_xaxes(
        title=f"Place by “{models[0]}”, 1 is best", range=[1 - margin, total + margin], **axis
    )
    figure.update_yaxes(title=f"Place by “{models[1]}”", range=[total + margin, 1 - margin], **axis)
    return figure, (
        f"Places of {total:,} items by {models[0]} against {models[1]}:"
        f" {_correlation(found.correlation)}; the {min(ITEMS, total)} furthest apart are marked."
    )


def sentences(found: Disagreement, models: tuple[str, str]) -> list[str]:
    """How far the orders agree, and how far apart the middle item is placed."""
    apart = found.items["apart"].abs()
    lines = [f"**{models[0]}** and **{models[1]}**: {_correlation(found.correlation)}."]
    total = len(apart)
    top = max(1, total // 10)
    both = ((found.items["first"] <= top) & (found.items["second"] <= top)).sum()
    lines.append(
        f"Half of the items lie more than {apart.median():,.0f} places apart. Of the best"
        f" {top:,} of one, {both:,} are among the best {top:,} of the other."
    )
    return lines


def _correlation(value: float) -> str:
    if np.isnan(value):
        return "one of them gives every item the same prediction"
    return f"rank correlation {value:.2f} (1 is the same order, 0 none in common)"


def cards(catalog: Catalog, items: pd.DataFrame, models: tuple[str, str]) -> str:
    """HTML: photos that open their item, each with its place by both models."""
    rows = catalog.ids.get_indexer(pd.Index(items["item_id"]))
    cells = []
    for line, row, name in zip(items.itertuples(), rows, item_names(catalog, rows), strict=True):
        query = urlencode(dict(st.query_params) | {"item": line.item_id, "view": "This item"})
        url = photo_url(catalog, int(row), width=192)
        picture = (
            f'<img src="{escape(url)}" alt="" loading="lazy" style="width:100%;aspect-ratio:3/4;'
            'object-fit:contain;background:#fff;border-radius:4px">'
            if url
            else ""
        )
        places = [ordinal(int(place)) for place in (line.first, line.second)]
        told = f"{name}: {places[0]} by {models[0]}, {places[1]} by {models[1]}"
        cells.append(
            f'<a href="?{escape(query)}" target="_blank" title="{escape(told)}"'
            f' aria-label="{escape(told)}"'
            ' style="display:block;color:inherit;text-decoration:none">'
            f'{picture}<span style="display:block">{escape(name)}</span>'
            f'<span style="font-variant-numeric:tabular-nums">{places[0]} → {places[1]}</span></a>'
        )
    return (
        '<div style="display:grid;grid-template-columns:repeat(auto-fill,minmax(104px,1fr));'
        f'gap:12px;font-size:.8rem">{"".join(cells)}</div>'
    )
