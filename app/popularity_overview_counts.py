"""Which fields move predictions most, with ranges, and a dot an item for each of them."""

from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app.popularity_overview_values import Key, Known, key_of
from app.popularity_view import CONFIG, feature_roles, item_names, layout, player_label
from app.words import colours
from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.explain.overview import importance
from core.explain.overview_fields import column_of, sample, standing, swarm
from core.explain.wording import times
from core.popularity.additive import BlockModel
from core.popularity.scoreboard import Scoreboard
from core.popularity.splits import group_codes

FIELDS = 10
"""Most fields in the charts."""
DOTS = 2000
"""Most dots in the chart of all fields together."""
SCALES = {"light": ("#D3D6DB", "#5B45C9"), "dark": ("#4A525C", "#B9ADFF")}
"""From the lowest to the highest of a field; not the colours of raises and lowers."""


def show(model: BlockModel, catalog: Catalog, board: Scoreboard, found: Known) -> None:
    """Draw the importance of the fields and a dot an item."""
    roles = feature_roles(board)
    key = key_of(model, catalog, board)
    table = importance_of(key, str(found.whole), catalog, found)
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.caption("How much each field moves the prediction of an item, up or down, on average")
        figure, alt = importance_chart(table, roles)
        st.plotly_chart(figure, config=CONFIG, alt=alt, key="importance")
    with right:
        st.caption("What each field makes of single items: a dot is an item")
        players = list(table["player"][table["value"] > 1e-9][:FIELDS])
        points = _points(key, str(found.whole), players, model, catalog, found)
        figure, alt = swarm_chart(points, roles)
        st.plotly_chart(figure, config=CONFIG, alt=alt, key="swarm")
        items = points["row"].nunique()
        if items < len(catalog):
            st.caption(f"{items:,} of {len(catalog):,} items are drawn, chosen by lot.")
    with st.popover("How is this computed?"):
        st.markdown(
            "A field's part in a prediction is its Shapley value: what it changes, alone and"
            " together with each choice of other fields, against training items. Bars are the mean"
            f" size over {len(found.rows):,} items; the thin lines are 95 % ranges: how that mean"
            " would differ with other styles of the same kind, drawn again 400 times."
        )
        st.markdown(
            "The colour of a dot tells where the item's own value stands in the catalog: a low or a"
            " high number, an early or a late date, a rare or a common colour or material. Names,"
            " descriptions and photos have no such order and are grey. All of this is what went"
            " together in past sales, not what causes them."
        )


@st.cache_data(max_entries=8, show_spinner=False)
def importance_of(key: Key, whole: str, _catalog: Catalog, _found: Known) -> pd.DataFrame:
    """The table of `importance`, computed once for each model and set of known items."""
    return importance(_found.values, group_codes(_catalog)[_found.rows])


def importance_chart(table: pd.DataFrame, roles: dict[str, Role]) -> tuple[go.Figure, str]:
    """A bar a field with its range, strongest on top, and in words."""
    tone = colours()
    top = table[table["value"] > 1e-9].head(FIELDS)[::-1]
    labels = [player_label(str(p), roles) for p in top["player"]]
    mean, low, high = (100 * np.expm1(top[c].to_numpy()) for c in ("value", "low", "high"))
    told = [
        f"{label} {m:.{_digits(m)}f} % ({a:.{_digits(m)}f} to {b:.{_digits(m)}f})"
        for label, m, a, b in zip(labels, mean, low, high, strict=True)
    ]
    figure = go.Figure(
        go.Bar(
            x=mean, y=labels, orientation="h", marker_color=tone["context"],
            error_x={"type": "data", "array": high - mean, "arrayminus": mean - low,
                     "color": tone["ink"], "thickness": 1.5, "width": 4},
            hovertext=[escape(t, quote=False) for t in told],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )  # fmt: skip
    for label, m, b in zip(labels, mean, high, strict=True):
        figure.add_annotation(
            x=b, y=label, text=f"{m:.{_digits(m)}f} %", xanchor="left", xshift=6, showarrow=False
        )
    layout(figure, 60 + 34 * len(labels))
    figure.update_xaxes(visible=False, range=[0, float(high.max(initial=1.0)) * 1.2])
    return figure, "Average move of the prediction by field: " + ", ".join(told[::-1]) + "."


def swarm_chart(points: pd.DataFrame, roles: dict[str, Role]) -> tuple[go.Figure, str]:
    """A dot an item and field against the average item, coloured by its value's standing.

    Args:
        points: of `_points`: ``player, value, side, standing, text``, the strongest player first.
        roles: of the columns.
    """
    tone = colours()
    players = list(dict.fromkeys(points["player"]))
    labels = [player_label(str(p), roles) for p in players]
    place = {player: len(players) - 1 - i for i, player in enumerate(players)}
    points = points.assign(y=points["player"].map(place) + points["side"])
    figure = go.Figure()
    known = points["standing"].notna()
    for part, marker in (
        (~known, {"color": tone["context"]}),
        (known, {"color": points["standing"][known], "colorscale": scale(), "cmin": 0, "cmax": 1}),
    ):  # fmt: skip
        own = points[part]
        figure.add_scattergl(
            x=own["value"], y=own["y"], mode="markers", text=own["text"],
            hovertemplate="%{text}<extra></extra>", marker={"size": 5, "opacity": 0.8, **marker},
            showlegend=False,
        )  # fmt: skip
    figure.add_vline(x=0, line={"color": tone["context"], "width": 1})
    layout(figure, 110 + 34 * len(players))
    if known.any():
        add_legend(figure, "low, early or rare", "high, late or common")
    places = list(place.values())
    figure.update_yaxes(
        tickvals=places, ticktext=labels, range=[-0.6, len(players) - 0.4], showgrid=False,
        zeroline=False,
    )  # fmt: skip
    values = points["value"]
    ticks, names = factor_ticks(float(values.min()), float(values.max()))
    figure.update_xaxes(
        title="Against the average item", tickvals=ticks, ticktext=names,
        gridcolor=tone["line"], zeroline=False,
    )  # fmt: skip
    words = []
    for player, label in zip(players, labels, strict=True):
        own = values[points["player"] == player]
        low, high = (times(float(np.exp(own.quantile(q)))) for q in (0.05, 0.95))
        words.append(f"{label} {low} to {high}")
    return figure, "Nine of ten items, against the average item: " + ", ".join(words) + "."


def scale() -> list[list]:
    """Colours from the lowest to the highest standing in the theme that is on."""
    ends = SCALES["dark" if st.context.theme.type == "dark" else "light"]
    return [[0.0, ends[0]], [1.0, ends[1]]]


def add_legend(figure: go.Figure, low: str, high: str) -> None:
    """Name the colours at both ends of the scale above the chart."""
    for (_, shade), name in zip(scale(), (low, high), strict=True):
        figure.add_scatter(
            x=[None], y=[None], mode="markers", name=escape(name, quote=False),
            marker={"color": shade, "size": 10}, showlegend=True,
        )  # fmt: skip
    show_legend(figure)


def show_legend(figure: go.Figure) -> None:
    """Show the legend in a line above the chart."""
    figure.update_layout(
        showlegend=True,
        legend={
            "orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "itemsizing": "constant",
            "itemclick": False, "itemdoubleclick": False,
        },
    )  # fmt: skip


def factor_ticks(low: float, high: float) -> tuple[list[float], list[str]]:
    """Places on an axis in log units, and what they are of the average item."""
    steps = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
    if high - low < np.log(6):
        steps = (0.25, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 4.0)
    if high - low < np.log(1.6):
        steps = (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5)
    if high - low < np.log(1.1):
        steps = tuple(1 + i / 100 for i in range(-10, 11, 2))
    shown = [s for s in steps if low - 0.02 <= np.log(s) <= high + 0.02 or s == 1.0]
    return [float(np.log(s)) for s in shown], ["average" if s == 1 else times(s) for s in shown]


def cells_in_words(catalog: Catalog, column: str | None, rows: np.ndarray) -> list[str]:
    """An item's own cells of a column as text; empty where there is none."""
    if column is None:
        return [""] * len(rows)
    cells = catalog.frame[column].iloc[rows]
    if pd.api.types.is_datetime64_any_dtype(cells):
        return [f"{c:%B %Y}" if pd.notna(c) else "not given" for c in cells]
    if pd.api.types.is_numeric_dtype(cells):
        return [f"{c:,.4g}" if pd.notna(c) else "not given" for c in cells]
    return [str(c) if pd.notna(c) and str(c) else "not given" for c in cells.astype(object)]


@st.cache_data(max_entries=8, show_spinner=False)
def _points(
    key: Key, whole: str, players: list[str], _model: BlockModel, _catalog: Catalog, _found: Known
) -> pd.DataFrame:
    """``row, player, value, side, standing, text`` of the dots, at most `DOTS`."""
    chosen = sample(len(_found.rows), DOTS // max(len(players), 1))
    rows = _found.rows[chosen]
    names = item_names(_catalog, rows)
    parts = []
    for player in players:
        values = _found.values[player].to_numpy()[chosen]
        cells = cells_in_words(_catalog, column_of(_model, _catalog, player), rows)
        text = [
            escape(f"{name}{f': {cell}' if cell else ''}, {times(float(np.exp(v)))}", quote=False)
            for name, cell, v in zip(names, cells, values, strict=True)
        ]
        parts.append(
            pd.DataFrame(
                {
                    "row": rows,
                    "player": player,
                    "value": values,
                    "side": swarm(values),
                    "standing": standing(_model, _catalog, player)[rows],
                    "text": text,
                }
            )
        )
    columns = ["row", "player", "value", "side", "standing", "text"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _digits(percent: float) -> int:
    return 0 if percent >= 1 else 1
