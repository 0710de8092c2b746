"""Predicted against actual popularity, of items that the model had not seen."""

from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app.popularity_view import CONFIG, item_names, layout
from app.words import colours, interval
from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.catalog.suggestions import stamp
from core.explain.wording import MODEL_NAMES
from core.popularity.scoreboard import Scoreboard, headline_rows

MAX_POINTS = 4000
"""Most points that are drawn; more would only hide each other, and slow a phone down."""
LEVELS = 5
"""Most categories or seasons with a colour of their own; the others share grey."""
PALETTE = ("#0F766E", "#C2410C", "#6D5BD0", "#B7791F", "#2F7FBF")
DARK_PALETTE = ("#2DD4BF", "#FB923C", "#A99BF5", "#F2C14E", "#6CB6F5")
OTHERS = "All others"
INSIDE, OUTSIDE = "Inside its 90 % range", "Outside"


def show(catalog: Catalog | None, board: Scoreboard, out_of_fold: pd.DataFrame, name: str) -> None:
    """Draw the chart of a model, the choice of its colours, and what it means.

    The catalog is the one that was learned from; without it, items are named by their ids.
    """
    table = headline_rows(out_of_fold, name)
    options = ["Range"]
    if catalog is not None and catalog.column(Role.CATEGORY) is not None:
        options.append("Category")
    if table["split"].iloc[0] == "forward":
        options.append("Season")
    by = st.segmented_control("Colour by", options, default="Range", required=True, key="colour")
    titles = "" if catalog is None else stamp(catalog)
    key = (titles, str(catalog is None), board.data_hash, board.date, name, by)
    figure = _figure(key, str(st.context.theme.type), catalog, table, board.unit)
    chart, words = st.columns([3, 2], gap="large", vertical_alignment="center")
    chart.plotly_chart(figure, config=CONFIG, alt=alt_text(table, board.unit), key="scatter")
    words.markdown(spread_sentence(table, board.unit))
    words.caption(
        f"Each point is an item that “{MODEL_NAMES.get(name, name)}” had not seen when it predicted"
        " it; on the dotted line the prediction was right."
    )
    if len(table) > MAX_POINTS:
        words.caption(f"{MAX_POINTS:,} of {len(table):,} points are drawn, by lot.")


@st.cache_data(max_entries=12, show_spinner=False)
def _figure(
    key: tuple[str, ...], theme: str, _catalog: Catalog | None, _table: pd.DataFrame, unit: str
) -> go.Figure:
    """The chart, drawn once for each model, colour and theme: an edit elsewhere need not wait."""
    drawn = np.arange(len(_table))
    if len(drawn) > MAX_POINTS:
        drawn = np.sort(np.random.default_rng(0).choice(drawn, MAX_POINTS, replace=False))
    points = _table.iloc[drawn]
    rows = None if _catalog is None else _catalog.ids.get_indexer(pd.Index(points["item_id"]))
    names = points["item_id"].astype(str)
    if _catalog is not None and rows is not None:
        names = item_names(_catalog, rows)
    by = key[-1]
    if by == "Category":
        assert _catalog is not None
        cells = _catalog.frame[_catalog.column(Role.CATEGORY)].iloc[rows]
        kinds = cells.astype(object).fillna("None given").to_numpy()
    elif by == "Season":
        kinds = points["fold"].to_numpy()
    else:
        inside = points["actual"].between(points["low"], points["high"])
        kinds = np.where(inside, INSIDE, OUTSIDE)
    return scatter_chart(points.assign(kind=kinds, name=names), unit, ordered=by == "Season")


def scatter_chart(points: pd.DataFrame, unit: str, *, ordered: bool = False) -> go.Figure:
    """A point an item on log axes, and the line where both agree.

    Args:
        points: ``predicted, actual, low, high, kind, name, fold``; `kind` has the colour.
        unit: of the target.
        ordered: colours follow the order of the points, not how many a kind has.
    """
    tone = colours()
    dark = st.context.theme.type == "dark"
    kinds = list(dict.fromkeys(points["kind"]) if ordered else points["kind"].value_counts().index)
    if set(kinds) <= {INSIDE, OUTSIDE}:
        shades = {INSIDE: tone["context"], OUTSIDE: tone["lowers"]}
    else:
        shades = dict(zip(kinds[-LEVELS:] if ordered else kinds[:LEVELS],
                          DARK_PALETTE if dark else PALETTE, strict=False))  # fmt: skip
    figure = go.Figure()
    both = np.log1p(points[["predicted", "actual"]].to_numpy(dtype=np.float64))
    bottom, top = max(0.0, both.min() - 0.1), both.max() + 0.1
    figure.add_scatter(
        x=[bottom, top], y=[bottom, top], mode="lines", hoverinfo="skip", showlegend=False,
        line={"color": tone["ink"], "width": 1, "dash": "dot"},
    )  # fmt: skip
    drawn = points.assign(shade=[k if k in shades else OTHERS for k in points["kind"]])
    for kind in [OTHERS, *shades]:
        own = drawn[drawn["shade"] == kind]
        if own.empty:
            continue
        figure.add_scattergl(
            x=np.log1p(own["predicted"]), y=np.log1p(own["actual"]), mode="markers",
            name=f"{escape(str(kind), quote=False)} ({len(own):,})", text=_hover(own, unit),
            hovertemplate="%{text}<extra></extra>",
            marker={"color": shades.get(kind, tone["context"]), "size": 6,
                    "opacity": 0.75 if len(points) < 1500 else 0.45},
        )  # fmt: skip
    layout(figure, 480)
    values, labels = ticks(bottom, top)
    axis = {"tickvals": values, "ticktext": labels, "gridcolor": tone["line"], "zeroline": False}
    figure.update_xaxes(title=f"Predicted {unit}", range=[bottom, top], **axis)
    figure.update_yaxes(title=f"Actual {unit}", range=[bottom, top], **axis)
    figure.update_layout(
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0,
                "itemsizing": "constant"},
        hovermode="closest",
    )  # fmt: skip
    return figure


def _hover(points: pd.DataFrame, unit: str) -> list[str]:
    cells = (points[c] for c in ("name", "predicted", "low", "high", "actual"))
    return [
        f"{escape(name, quote=False)}<br>predicted {interval(predicted, low, high)} {unit}"
        f"<br>actual {actual:,.0f} {unit}"
        for name, predicted, low, high, actual in zip(*cells, strict=True)
    ]


def ticks(bottom: float, top: float) -> tuple[list[float], list[str]]:
    """Places on an axis of ``log1p`` and their numbers: 0, 1, 10, 100; 3, 30 too where short."""
    steps = [0, *(10**i for i in range(9))]
    if top - bottom < np.log(2000):
        steps += [3 * step for step in steps[1:]]
    shown = [step for step in sorted(steps) if bottom <= np.log1p(step) <= top]
    return [float(np.log1p(step)) for step in shown], [f"{step:,}" for step in shown]


def spread_sentence(table: pd.DataFrame, unit: str) -> str:
    """How far predictions lie apart against what they predict: models stay near the average."""
    low, high = (np.quantile(table["predicted"], q) for q in (0.05, 0.95))
    least, most = (np.quantile(table["actual"], q) for q in (0.05, 0.95))
    text = (
        f"Nine of ten predictions lie between {_short(low)} and {_short(high)} {unit}, nine of ten"
        f" actual values between {_short(least)} and {_short(most)}."
    )
    if high - low < most - least:
        text += " Predictions stay closer to the average than what happens: that is what a"
        text += " cautious model does."
    return text


def alt_text(table: pd.DataFrame, unit: str) -> str:
    """The chart in words."""
    inside = table["actual"].between(table["low"], table["high"]).mean()
    above = (table["actual"] > table["predicted"]).mean()
    return (
        f"Predicted against actual {unit} of {len(table):,} unseen items, on log axes with the line"
        f" where both agree. {above * 100:.0f} % of the items lie above it; {inside * 100:.0f} %"
        " of the actual values are inside their 90 % range."
    )


def _short(value: float) -> str:
    digits = max(0, len(f"{value:.0f}") - 2)
    return f"{round(value / 10**digits) * 10**digits:,.0f}"
