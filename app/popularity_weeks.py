"""How an item's sales are forecast to spread over its first weeks, beside what is known."""

from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app.popularity_view import CONFIG, layout
from app.words import colours
from core.catalog.catalog import Catalog
from core.popularity.curves import Curves
from core.popularity.scoreboard import Scoreboard
from core.popularity.weekly import item_curves, load_curves


def show(catalog: Catalog, board: Scoreboard, models: Path, order: pd.DataFrame, row: int) -> None:
    """Draw the weeks of an item; nothing where the models have not learned from weekly sales."""
    curves = _curves(str(models), board.date)
    if curves is None:
        return
    item = str(catalog.ids[row])
    line = order[order["item_id"] == item].iloc[0]
    total = np.array([line["predicted"]])
    name = str(line["model"])
    weeks = item_curves(curves, catalog, np.array([row]), total, name)
    known = known_weeks(_series(str(catalog.directory), catalog.content_hash, catalog), item)
    figure, alt = weeks_chart(weeks, known, board.unit)
    st.caption(f"Forecast of each week, in {board.unit}, with its 80 % and 90 % range")
    st.plotly_chart(figure, config=CONFIG, alt=alt, key="weeks")
    score = board.models[name].weekly.get("weekly_wape", {}).get("value")
    said = ["Each is a week's median, so that together they are less than the total."]
    if score is not None:
        said.append(
            "On items that had not been seen, weekly forecasts were off by"
            f" {score * 100:.0f} % of all units."
        )
    if line["basis"] == "out_of_fold":
        said.append("What happens in which week was learned from this item, too.")
    st.caption(" ".join(said))


@st.cache_resource(max_entries=4, show_spinner=False)
def _curves(models: str, date: str) -> Curves | None:
    return load_curves(models)


@st.cache_resource(max_entries=2, show_spinner=False)
def _series(directory: str, content_hash: str, _catalog: Catalog) -> pd.DataFrame | None:
    """The sales series by item, read once."""
    series = _catalog.series()
    return None if series is None else series.set_index("item").sort_index()


def known_weeks(series: pd.DataFrame | None, item: str) -> pd.Series:
    """Known units of an item by week, from 1; empty where there are none."""
    if series is None or item not in series.index:
        return pd.Series(dtype="float64")
    own = series.loc[[item]]
    values = own.groupby("period")["value"].sum()
    return values.set_axis(values.index + 1)


def weeks_chart(weeks: pd.DataFrame, known: pd.Series, unit: str) -> tuple[go.Figure, str]:
    """A line with its ranges and what happened as dots, and the chart in words.

    Args:
        weeks: one item's lines of `core.popularity.weekly.item_curves`.
        known: units by week, may be empty.
        unit: of the target.
    """
    tone = colours()
    x = weeks["period"].tolist()
    figure = go.Figure()
    ranged = bool(weeks["high"].notna().all())
    for low, high, shade in (("low", "high", 0.15), ("low_80", "high_80", 0.2)):
        if ranged:
            figure.add_scatter(
                x=[*x, *x[::-1]], y=[*weeks[high], *weeks[low][::-1]], fill="toself",
                mode="lines", line={"width": 0}, fillcolor=tone["raises"], opacity=shade,
                hoverinfo="skip", showlegend=False,
            )  # fmt: skip
    spans = [f", {a:,.0f} to {b:,.0f}" if ranged else "" for a, b in weeks[["low", "high"]].values]
    hover = [
        f"week {week}: {value:,.0f}{span} {unit}"
        for week, value, span in zip(x, weeks["predicted"], spans, strict=True)
    ]
    figure.add_scatter(
        x=x, y=weeks["predicted"], mode="lines", name="Forecast", text=hover,
        line={"color": tone["raises"], "width": 3}, hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    if len(known):
        figure.add_scatter(
            x=known.index, y=known, mode="markers", name="Known by now",
            marker={"color": tone["ink"], "size": 8}, cliponaxis=False,
            hovertemplate=f"week %{{x}}: %{{y:,.0f}} {unit} sold<extra></extra>",
        )  # fmt: skip
    layout(figure, 260)
    figure.update_layout(
        showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    )
    figure.update_xaxes(title="Week after the release", dtick=1, showgrid=False)
    figure.update_yaxes(gridcolor=tone["line"], rangemode="tozero", zeroline=False)
    told = ", ".join(f"{v:,.0f}" for v in weeks["predicted"])
    text = f"Forecast {unit} of weeks 1 to {len(weeks)}: {told}."
    if len(known):
        text += " Known: " + ", ".join(f"{v:,.0f}" for v in known) + "."
    return figure, text
