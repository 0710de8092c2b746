"""One field over all items: its curve, a dot an item, and the field it goes together with most."""

from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app.popularity_overview_counts import (
    add_legend,
    cells_in_words,
    importance_of,
    scale,
    show_legend,
)
from app.popularity_overview_values import Key, Known, key_of
from app.popularity_scatter import DARK_PALETTE, PALETTE
from app.popularity_view import CONFIG, column_chart, feature_roles, item_names, player_label
from app.words import colours, plain
from core.catalog.catalog import Catalog
from core.catalog.roles import LEVEL_ROLES, Role
from core.explain.linear import column_effects
from core.explain.overview_fields import (
    adds_up,
    column_of,
    partner,
    sample,
    standing,
    strengths,
)
from core.explain.wording import times
from core.popularity.additive import BlockModel
from core.popularity.scoreboard import Scoreboard
from core.popularity.shapley import MAX_EXACT

DOTS = 500
"""Most dots in the chart."""
PAIRED = 24
"""Items whose interactions tell which fields go together."""
LEVELS = 4
"""Levels of the other field with a colour of their own; all others share grey."""


def show(model: BlockModel, catalog: Catalog, board: Scoreboard, found: Known) -> None:
    """Draw the choice of a field, its chart, and what it goes together with."""
    roles, key = feature_roles(board), key_of(model, catalog, board)
    table = importance_of(key, str(found.whole), catalog, found)
    moving = [str(p) for p in table["player"][table["value"] > 1e-9]]
    players = [p for p in moving if column_of(model, catalog, p) is not None]
    if not players:
        st.info(
            "None of the columns that this model learned from is in this catalog. Choose another"
            " model above, or train one on this catalog in **Setup**."
        )
        return
    player = st.selectbox(
        "Look into", players, format_func=lambda p: player_label(p, roles), key="column", width=320
    )
    label = player_label(player, roles)
    effects = _effects(key, player, model, catalog)
    if effects.empty:
        st.info(f"No item has a known {plain(label)}, so there is nothing to draw.")
        return
    other, why = _other(key, player, players, model, catalog, board)
    st.caption(f"{label}: prediction against the average item; a mark is an item of the catalog")
    currency = catalog.currency if roles.get(player) == Role.PRICE else ""
    figure, alt = column_chart(effects, label, currency)
    add_dots(figure, effects, player, other, model, catalog, found)
    st.plotly_chart(figure, config=CONFIG, alt=f"{alt} {_plain(why)}", key="column-effects")
    st.markdown(why)
    with st.popover("How is this computed?"):
        st.markdown(
            "The line or the bars show what the value alone makes of training items, all else as it"
            " is in them. A mark is what the value makes of one item of the catalog, alone and"
            " together with its other fields (its Shapley value). Marks away from it are where"
            " other fields matter for it; the colour shows the one that does most."
        )
        st.markdown(
            f"Which one it is, is told by the mean size of the Shapley interaction of both fields"
            f" over {PAIRED} items drawn by lot. At most {DOTS} items are drawn."
        )


def _plain(text: str) -> str:
    return text.replace("**", "").replace("\\", "")


@st.cache_data(max_entries=40, show_spinner=False)
def _effects(key: Key, player: str, _model: BlockModel, _catalog: Catalog) -> pd.DataFrame:
    return column_effects(_model, player, _catalog)


@st.cache_data(max_entries=8, show_spinner="Looking for fields that go together")
def _strengths(key: Key, _model: BlockModel, _catalog: Catalog) -> pd.DataFrame:
    return strengths(_model, _catalog, sample(len(_catalog), PAIRED).tolist())


def _other(
    key: Key,
    player: str,
    players: list[str],
    model: BlockModel,
    catalog: Catalog,
    board: Scoreboard,
) -> tuple[str | None, str]:
    """The field that gives dots their colour, or None, and a sentence on it."""
    roles = feature_roles(board)
    label = plain(player_label(player, roles))
    if adds_up(model):
        return None, (
            f"In this model {label} goes together with no other field: it adds fields up. Marks lie"
            " on the line; those of empty or rare values may lie beside it."
        )
    if len(model.players) > MAX_EXACT:
        return None, (
            f"This model reads {len(model.players)} fields; which two go together is computed for"
            f" up to {MAX_EXACT}."
        )
    strength = _strengths(key, model, catalog)
    best = partner(strength, player, players)
    overall = partner(strength, player, list(strength))
    if best is None or overall is None:
        return None, f"{label} goes together with no other field on the items that were looked at."
    name, value = best
    told = plain(player_label(name, roles))
    size = times(float(np.exp(value)))
    text = (
        f"Of the other fields, **{told}** goes together with {label} most: what both do together"
        f" beyond what each does alone moves an item by {size.lstrip('+')} on average, up or down."
        " The colours show it."
    )
    if overall[0] != name:
        with_it = plain(player_label(overall[0], roles).lower())
        text += f" (The {with_it} matters more for it, but has no order to colour by.)"
    return name, text


def add_dots(
    figure: go.Figure,
    effects: pd.DataFrame,
    player: str,
    other: str | None,
    model: BlockModel,
    catalog: Catalog,
    found: Known,
) -> None:
    """Lay a dot an item over the chart of a field, coloured by another field where one is named.

    On bars, dots are ticks across the bar. Items whose value is not in the chart have no dot.
    """
    column = column_of(model, catalog, player)
    assert column is not None
    chosen = sample(len(found.rows), DOTS)
    rows = found.rows[chosen]
    cells = catalog.frame[column].iloc[rows]
    percent = pd.Series(100 * np.expm1(found.values[player].to_numpy()[chosen]))
    kinds = effects["value"]
    upright = True
    if pd.api.types.is_datetime64_any_dtype(cells):
        place = pd.Series([f"{c:%b}" if pd.notna(c) else None for c in cells], dtype=object)
        symbol = "line-ew-open"
    elif pd.api.types.is_numeric_dtype(cells):
        inside = cells.between(kinds.iloc[0], kinds.iloc[-1])
        place, symbol = cells.where(inside).reset_index(drop=True), "circle"
    else:
        there = cells.astype(object).where(cells.astype(object).isin(list(kinds)))
        place, upright, symbol = there.reset_index(drop=True), False, "line-ns-open"
    names = item_names(catalog, rows)
    text = [f"{n}: {v}" for n, v in zip(names, cells_in_words(catalog, column, rows), strict=True)]
    if other is not None:
        with_it = cells_in_words(catalog, column_of(model, catalog, other), rows)
        text = [f"{t}, {w}" for t, w in zip(text, with_it, strict=True)]
    text = [escape(f"{t}, {p:+.0f} %", quote=False) for t, p in zip(text, percent, strict=True)]
    points = pd.DataFrame({"place": place, "percent": percent, "text": text})
    figure.update_traces(opacity=0.35, showlegend=False, selector={"type": "bar"})
    figure.update_traces(showlegend=False, selector={"type": "scatter"})
    ends: tuple[str, str] | None = None
    for name, part, colour in _groups(other, model, catalog, rows):
        own = points[part & points["place"].notna().to_numpy()]
        x, y = ("place", "percent") if upright else ("percent", "place")
        mark: dict = {"symbol": symbol, "size": 6 if symbol == "circle" else 12, "opacity": 0.8}
        if isinstance(colour, str):
            mark["color"] = colour
        else:
            mark |= {"color": colour[own.index], "colorscale": scale(), "cmin": 0, "cmax": 1}
            ends = (name, "late" if name.endswith("early") else "high")
        figure.add_scatter(
            x=own[x], y=own[y], mode="markers", marker=mark, text=own["text"], name=name,
            showlegend=isinstance(colour, str) and bool(name),
            hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip
    if ends is not None:
        add_legend(figure, *ends)
    elif other is not None:
        show_legend(figure)
    if other is not None:
        figure.update_layout(height=figure.layout.height + 40)


Shade = str | np.ndarray


def _groups(
    other: str | None, model: BlockModel, catalog: Catalog, rows: np.ndarray
) -> list[tuple[str, np.ndarray, Shade]]:
    """Name, which of the rows, and one colour or the standing of each row, of each group."""
    if other is None:
        return [("", np.ones(len(rows), dtype=bool), colours()["ink"])]
    column = column_of(model, catalog, other)
    assert column is not None
    grey = colours()["context"]
    if catalog.roles.get(column) in LEVEL_ROLES:
        cells = catalog.frame[column].astype(object)
        palette = DARK_PALETTE if st.context.theme.type == "dark" else PALETTE
        common = list(cells.dropna().value_counts().index[:LEVELS])
        own = cells.iloc[rows].to_numpy()
        groups: list[tuple[str, np.ndarray, Shade]] = [("Other", ~np.isin(own, common), grey)]
        for level, shade in zip(common, palette[: len(common)], strict=True):
            groups.append((escape(str(level), quote=False), own == level, shade))
        return [group for group in groups if group[1].any()]
    place = standing(model, catalog, other)[rows]
    known = np.isfinite(place)
    dates = pd.api.types.is_datetime64_any_dtype(catalog.frame[column])
    label = player_label(other, catalog.roles)
    name = f"{label}: {'early' if dates else 'low'}"
    return [("", ~known, grey), (name, known, place)]
