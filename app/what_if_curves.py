"""How an item's prediction goes with one of its fields: a curve for numbers, bars for levels."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app.item_evidence import past_of
from app.popularity_source import gone
from app.popularity_view import CONFIG, column_label, layout
from app.words import colours, plain
from core.catalog.catalog import Catalog
from core.catalog.roles import LEVEL_ROLES, Role
from core.errors import FashionError
from core.explain.response import date_response, level_response, number_response
from core.explain.what_if import edited
from core.explain.wording import about, money
from core.popularity.additive import BlockModel
from core.popularity.columns import match_columns
from core.popularity.scoreboard import Scoreboard

Respond = Callable[..., pd.DataFrame]
Draw = Callable[[pd.DataFrame, str, str, str], tuple[go.Figure, str]]
DRAWN = (Role.PRICE, Role.RELEASE_DATE, Role.NUMBER, Role.CATEGORY, Role.ATTRIBUTE)


@st.fragment
def show(
    model: BlockModel,
    catalog: Catalog,
    board: Scoreboard,
    row: int,
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Draw the choice of a field and its chart; nothing where the model reads only the photo.

    Args:
        model: that predicts.
        catalog, row: the item.
        board: of the folder that the model is from.
        changes: edits that the item is seen with.
    """
    labels = drawn_fields(model, catalog)
    past = past_of(catalog, board)
    if not labels:
        return
    if past is None:
        st.info(no_past(board))
        return
    st.markdown("**If one field were different**")
    column = st.selectbox(
        "Field", list(labels), format_func=labels.__getitem__, key="response-field", width=320
    )
    try:
        item = edited(catalog, row, changes or {})
        respond, chart = _kind(catalog.roles[column])
        response = respond(model, item, 0, column, past)
    except FashionError as error:
        st.error(str(error))
        return
    if response.empty:
        st.info(
            f"No past item has a known {plain(labels[column])}, so there is no range to draw."
            " Choose another field."
        )
        return
    currency = catalog.currency if catalog.roles.get(column) == Role.PRICE else ""
    figure, alt = chart(response, labels[column], currency, board.unit)
    st.plotly_chart(figure, config=CONFIG, alt=alt, key="response")
    st.caption(_caption(response, currency, bool(changes)))


def drawn_fields(model: BlockModel, catalog: Catalog) -> dict[str, str]:
    """The fields that can be an axis, price first: their names for people by column."""
    found = match_columns(model.features, catalog)
    columns = [
        (f, c)
        for f in model.features
        if (c := found[f.name]) and f.role in DRAWN and c in catalog.roles
    ]
    columns.sort(key=lambda pair: DRAWN.index(pair[0].role))
    return {c: column_label(c, catalog.roles) for _, c in columns}


def no_past(board: Scoreboard) -> str:
    """That the catalog that the models learned from is gone, and what to do."""
    return gone(board, "nobody knows which values were usual")


def _kind(role: Role) -> tuple[Respond, Draw]:
    if role in LEVEL_ROLES:
        return level_response, bars_chart
    if role == Role.RELEASE_DATE:
        return date_response, curve_chart
    return number_response, curve_chart


def told(value: Any, currency: str = "") -> str:
    """A number or a date as people read it."""
    if isinstance(value, pd.Timestamp):
        return f"{value:%d %B %Y}".lstrip("0")
    return money(round(float(value), 2), currency)


def _caption(response: pd.DataFrame, currency: str, changed: bool) -> str:
    stay = "as you edited them" if changed else "as they are"
    rest = (
        f" All other fields stay {stay}. This is what went together in past sales, not what a"
        " change would cause."
    )
    if "observed" in response:
        low, high, kind = (response.attrs[k] for k in ("low", "high", "category"))
        which = f"past items of “{plain(kind)}”" if kind else "all past items"
        return (
            f"Shaded: {told(low)} to {told(high, currency)}, what {which} had; beyond it the"
            " curve is dashed, as nothing is known there. The bands are the 80 % and 90 % ranges."
            + rest
        )
    pale = (
        " Pale bars: no past item of this category had it."
        if (response["items"] == 0).any()
        else ""
    )
    return "The thin lines are the 80 % ranges." + pale + rest


def curve_chart(
    response: pd.DataFrame, label: str, currency: str, unit: str
) -> tuple[go.Figure, str]:
    """A curve with its bands, the observed range shaded and the item's own value marked.

    Args:
        response: of `core.explain.response.number_response`.
        label: of the column.
        currency: of its values, or empty.
        unit: of the target.
    """
    tone = colours()
    x = response["value"].tolist()
    low, high = response.attrs["low"], response.attrs["high"]
    figure = go.Figure()
    figure.add_vrect(x0=low, x1=high, fillcolor=tone["context"], opacity=0.15, line_width=0)
    for bottom, top, shade in (("low", "high", 0.15), ("low_80", "high_80", 0.2)):
        figure.add_scatter(
            x=[*x, *x[::-1]], y=[*response[top], *response[bottom][::-1]], fill="toself",
            mode="lines", line={"width": 0}, fillcolor=tone["raises"], opacity=shade,
            hoverinfo="skip",
        )  # fmt: skip
    numbers = response[["predicted", "low", "high"]].to_numpy()
    hover = [
        f"{told(v, currency)}: about {about(p, a, b)}, {about(a, a, b)} to {about(b, a, b)} {unit}"
        for v, (p, a, b) in zip(x, numbers, strict=True)
    ]
    inside = response["observed"]
    for part, dash in (
        (inside, "solid"),
        (response["value"] <= low, "dot"),
        (response["value"] >= high, "dot"),
    ):
        figure.add_scatter(
            x=response["value"][part], y=response["predicted"][part], mode="lines",
            line={"color": tone["raises"], "width": 3, "dash": dash},
            text=[h for h, keep in zip(hover, part, strict=True) if keep],
            hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip
    own = response[response["own"]]
    figure.add_scatter(
        x=own["value"], y=own["predicted"], mode="markers",
        marker={"color": tone["ink"], "size": 11}, hovertemplate="as it is<extra></extra>",
    )  # fmt: skip
    layout(figure, 320)
    figure.update_xaxes(title=f"{label} ({currency})" if currency else label, showgrid=False)
    figure.update_yaxes(
        title=unit[:1].upper() + unit[1:], gridcolor=tone["line"], rangemode="tozero",
        zeroline=False,
    )  # fmt: skip
    ends = response[inside].iloc[[0, -1]]
    said = [
        f"{about(*line[['predicted', 'low', 'high']])} {unit} at {told(line['value'], currency)}"
        for _, line in ends.iterrows()
    ]
    return figure, f"Prediction by {label}: from " + " to ".join(said) + "."


def bars_chart(
    response: pd.DataFrame, label: str, currency: str, unit: str
) -> tuple[go.Figure, str]:
    """A bar a level with its range, the item's own in the accent colour.

    Args:
        response: of `core.explain.response.level_response`.
        label: of the column.
        currency: not used for levels.
        unit: of the target.
    """
    tone = colours()
    predicted = response["predicted"]
    spans = response[["low_80", "high_80"]].to_numpy()
    said = [
        f"{about(p, a, b)}, {about(a, a, b)} to {about(b, a, b)} {unit}"
        for p, (a, b) in zip(predicted, spans, strict=True)
    ]
    hover = [
        f"{v}: about {t}; {n:,} past items"
        for v, t, n in zip(response["value"], said, response["items"], strict=True)
    ]
    figure = go.Figure(
        go.Bar(
            x=predicted, y=response["value"], orientation="h",
            marker={
                "color": [tone["raises"] if own else tone["context"] for own in response["own"]],
                "opacity": [0.35 if n == 0 else 1.0 for n in response["items"]],
            },
            error_x={
                "type": "data", "array": spans[:, 1] - predicted,
                "arrayminus": predicted - spans[:, 0], "color": tone["ink"], "thickness": 1,
                "width": 3,
            },
            hovertext=hover, hovertemplate="%{hovertext}<extra></extra>",
        )
    )  # fmt: skip
    layout(figure, 90 + 26 * len(response))
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_xaxes(
        title=unit[:1].upper() + unit[1:], gridcolor=tone["line"], zeroline=False,
        range=[0, float(spans[:, 1].max()) * 1.05],
    )  # fmt: skip
    words = [f"{v} {t}" for v, t in zip(response["value"], said, strict=True)]
    return figure, f"Prediction by {label}: " + "; ".join(words) + "."
