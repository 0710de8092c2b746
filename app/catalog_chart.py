"""The chart view: price against the prediction; a click opens an item, a box selects items."""

import numpy as np
import plotly.graph_objects as plot
import streamlit as st

from app.catalog_grid import titles
from app.catalog_state import go, select
from app.words import capital, colours, interval
from core.catalog.query import Listing
from core.catalog.roles import Role
from core.catalog.selection import Selection
from core.explain.wording import money

POINTS = 5_000
"""More slow the browser down and hide each other; every n-th item of the order is drawn then."""


def has_chart(shelf: Listing) -> bool:
    """Whether there is something to draw: prices, and predictions for them."""
    return shelf.ranked and shelf.catalog.column(Role.PRICE) in shelf.spans


def chart(shelf: Listing, found: np.ndarray, picked: Selection) -> None:
    """Draw the items of the filtered view.

    Args:
        shelf: a catalog for which `has_chart` holds.
        found: row positions, in order.
        picked: the selection, drawn in the second colour.
    """
    catalog, tone = shelf.catalog, colours()
    step = -(-len(found) // POINTS)
    rows = found[::step]
    prices = catalog.frame[catalog.column(Role.PRICE)].to_numpy()[rows]
    scores = shelf.scores.iloc[rows]
    chosen = picked.mask(shelf)[rows]
    hover = [
        f"{title}<br>{'' if np.isnan(price) else money(price, catalog.currency)}"
        f"<br>{interval(*ends)} {shelf.unit}"
        for title, price, *ends in zip(
            titles(shelf, rows), prices, scores["predicted"], scores["low"], scores["high"],
            strict=True,
        )
    ]  # fmt: skip
    figure = plot.Figure(
        plot.Scattergl(
            x=prices, y=scores["predicted"], mode="markers",
            customdata=[catalog.ids[row] for row in rows],
            hovertext=hover, hovertemplate="%{hovertext}<extra></extra>",
            marker={
                "size": np.where(chosen, 10, 7), "opacity": 0.7, "line": {"width": 0},
                "color": np.where(chosen, tone["lowers"], tone["raises"]),
            },
        )
    )  # fmt: skip
    currency = f" ({catalog.currency})" if catalog.currency else ""
    figure.update_layout(
        height=560, margin={"l": 8, "r": 8, "t": 8, "b": 8}, dragmode="select",
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
        font={"size": 13, "color": tone["ink"]},
        hoverlabel={"align": "left"},
    )  # fmt: skip
    figure.update_xaxes(title=f"Price{currency}", gridcolor=tone["line"], zeroline=False)
    figure.update_yaxes(
        title=f"{capital(shelf.unit)} expected", gridcolor=tone["line"], zeroline=False,
        rangemode="tozero",
    )  # fmt: skip

    def touched() -> None:
        points = st.session_state["chart"].selection.points
        items = [str(point["customdata"]) for point in points]
        if len(items) == 1:
            go(item=items[0])
        elif items:
            everything = dict.fromkeys(items, True)
            select(st.session_state["selection"].pick(shelf, everything))

    st.plotly_chart(
        figure,
        key="chart",
        on_select=touched,
        selection_mode=("points", "box", "lasso"),
        config={"displayModeBar": False},
        alt=f"Price against expected {shelf.unit} of {len(rows):,} items",
    )
    drawn = f"Every {step}th item is drawn, {len(rows):,} in all. " if step > 1 else ""
    st.caption(f"{drawn}Click a point to open the item; draw a box to select the items in it.")
