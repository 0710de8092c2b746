"""Predicted against actual popularity, of items that the model had not seen."""

from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app.popularity_view import CONFIG, item_names, layout
from app.words import MODEL_NAMES, colours, interval
from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.popularity.scoreboard import Scoreboard, headline_rows

MAX_POINTS = 4000
"""Most points that are drawn; more would only hide each other, and slow a phone down."""
LEVELS = 5
"""Most categories or seasons with a colour of their own; the others share grey."""
PALETTE = ("#0F766E", "#C2410C", "#6D5BD0", "#B7791F", "#2F7FBF")
DARK_PALETTE = ("#2DD4BF", "#FB923C", "#A99BF5", "#F2C14E", "#6CB6F5")
OTHERS = "All others"
INSIDE, OUTSIDE = "Inside its 90 % range", "Outside"


def show(catalog: Catalog, board: Scoreboard, out_of_fold: pd.DataFrame, name: str) -> None:
    """Draw the chart of a model, the choice of its colours, and what it means."""
    table = headline_rows(out_of_fold, name)
    rows = catalog.ids.get_indexer(pd.Index(table["item_id"]))
    own = board.data_hash == catalog.content_hash
    options = ["Range"]
    if own and catalog.column(Role.CATEGORY) is not None:
        options.append("Category")
    if table["split"].iloc[0] == "forward":
        options.append("Season")
    by = st.segmented_control("Colour by", options, default="Range", required=True, key="colour")
    if by == "Category":
        column = catalog.column(Role.CATEGORY)
        kinds = catalog.frame[column].iloc[rows].astype(object).fillna("None given").to_numpy()
    else:
        inside = table["actual"].between(table["low"], table["high"])
        kinds = table["fold"].to_numpy() if by == "Season" else np.where(inside, INSIDE, OUTSIDE)
    drawn = np.arange(len(table))
    if len(table) > MAX_POINTS:
        drawn = np.sort(np.random.default_rng(0).choice(len(table), MAX_POINTS, replace=False))
    names = table["item_id"].iloc[drawn].astype(str).tolist()
    if own:
        names = item_names(catalog, rows[drawn])
    points = table.iloc[drawn].assign(kind=kinds[drawn], name=names)
    figure = scatter_chart(points, board.unit, ordered=by == "Season")
    chart, words = st.columns([3, 2], gap="large", vertical_alignment="center")
    chart.plotly_chart(figure, config=CONFIG, alt=alt_text(table, board.unit), key="scatter")
    words.markdown(spread_sentence(table, board.unit))
    words.caption(
        f"Each point is an item that “{MODEL_NAMES.get(name, name)}” had not seen when it predicted"
        " it; on the dotted line the prediction was right."
    )
    if len(drawn) < len(table):
        words.caption(f"{len(drawn):,} of {len(table):,} points are drawn, by lot.")


def scatter_chart(points: pd.DataFrame, unit: str, *, ordered: bool = False) -> go.Figure:
    """A point an item on log axes, and the line where both agree.

    Args:
        points: ``predicted, actual, low, high, kind, name, fold``; `kind` has the colour.
        unit: of the target.
        ordered: colours follow the order of the points, not how many a kind has.
    """
    tone = colours()
    dark = st.context.theme.type == "dark"
    sizes = points["kind"].value_counts(sort=not ordered)
    kinds = list(dict.fromkeys(points["kind"])) if ordered else list(sizes.index)
    if set(kinds) <= {INSIDE, OUTSIDE}:
        shades = {INSIDE: tone["context"], OUTSIDE: tone["lowers"]}
        kinds = [k for k in (INSIDE, OUTSIDE) if k in kinds]
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
        hover = [_hover(point, unit) for _, point in own.iterrows()]
        figure.add_scattergl(
            x=np.log1p(own["predicted"]), y=np.log1p(own["actual"]), mode="markers",
            name=f"{escape(str(kind), quote=False)} ({len(own):,})", text=hover,
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


def _hover(point: pd.Series, unit: str) -> str:
    return (
        f"{escape(point['name'], quote=False)}"
        f"<br>predicted {interval(point['predicted'], point['low'], point['high'])} {unit}"
        f"<br>actual {point['actual']:,.0f} {unit}"
    )


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
