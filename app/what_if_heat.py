"""How an item's prediction goes with two of its fields at once, as a heat map."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from plotly.colors import hex_to_rgb

from app.item_evidence import past_of
from app.popularity_view import CONFIG, layout
from app.what_if_curves import drawn_fields, no_past, told
from app.what_if_state import Edits, Studied
from app.words import colours, plain
from core.catalog.roles import LEVEL_ROLES, Role
from core.errors import FashionError
from core.explain.heat import Axis, Heat, heat
from core.explain.what_if import edited
from core.explain.wording import about

DOTS = 1000
"""Most past items that are drawn, by lot."""
ROW = 30
"""Height of a cell in pixels."""
LONGEST = 16
"""Letters of a level on the axis."""


@st.fragment
def show(one: Studied, tried: Edits) -> None:
    """Draw the choice of two fields and their map, with the session's edits to all other fields."""
    catalog = one.catalog
    labels = drawn_fields(one.model, catalog)
    past = past_of(catalog, one.board)
    if past is None:
        st.info(no_past(one.board))
        return
    if len(labels) < 2:
        st.info("This model reads fewer than two fields of this catalog, so there is no map.")
        return
    left, right = st.columns(2)
    across = left.selectbox("Across", list(labels), format_func=labels.get, key="heat-across")
    others = [c for c in labels if c != across]
    first = next((i for i, c in enumerate(others) if catalog.roles[c] in LEVEL_ROLES), 0)
    down = right.selectbox("Down", others, first, format_func=labels.get, key="heat-down")
    try:
        item = edited(catalog, one.row, tried.current)
        found = heat(one.model, item, 0, across, down, past)
    except FashionError as error:
        st.error(str(error))
        return
    if found is None:
        st.info(
            f"No past item has a known {plain(labels[across])} and {plain(labels[down])}. Choose"
            " other fields."
        )
        return
    currency = {c: catalog.currency if catalog.roles[c] == Role.PRICE else "" for c in labels}
    names = ((labels[across], currency[across]), (labels[down], currency[down]))
    figure, alt = heat_chart(found, *names, one.board.unit)
    st.plotly_chart(figure, config=CONFIG, alt=alt, key="heat")
    st.caption(caption(found, bool(tried.current)))


def caption(found: Heat, changed: bool) -> str:
    """What the map shows and does not show, in sentences."""
    which = f"past items of “{plain(found.category)}”" if found.category else "past items"
    marks = "the numbers count" if _levels(found.across) and _levels(found.down) else "the dots are"
    stay = "as you edited them" if changed else "as they are"
    here = (
        "the frame is this item. "
        if found.across.own is not None and found.down.own is not None
        else ""
    )
    return (
        f"Stronger colour: more predicted; {marks} {which}; {here}Grey crossed cells had none, so"
        f" nothing is known there. All other fields stay {stay}. This is what went together in past"
        " sales, not what a change would cause."
    )


def heat_chart(
    found: Heat, across: tuple[str, str], down: tuple[str, str], unit: str
) -> tuple[go.Figure, str]:
    """The map with past items on it, and in words.

    Args:
        found: predictions.
        across, down: of each axis its name and its currency, or an empty one.
        unit: of the target.
    """
    tone = colours()
    x, y = _ticks(found.across, across[1]), _ticks(found.down, down[1])
    said = [
        [
            _cell_words(
                f"{across[0]} {a}, {down[0]} {b}",
                [float(v[j, i]) for v in (found.predicted, found.low, found.high)],
                int(found.items[j, i]),
                unit,
            )
            for i, a in enumerate(x)
        ]
        for j, b in enumerate(y)
    ]
    figure = go.Figure()
    seen, ends = found.items > 0, (float(found.predicted.min()), float(found.predicted.max()))
    for part, full, strength in ((seen, tone["raises"], 1.0), (~seen, tone["context"], 0.5)):
        figure.add_heatmap(
            z=np.where(part, found.predicted, np.nan), zmin=ends[0], zmax=ends[1],
            text=said, hovertemplate="%{text}<extra></extra>", hoverongaps=False, xgap=1, ygap=1,
            colorscale=[[0, f"rgba{(*hex_to_rgb(full), 0.15)}"], [1, full]], opacity=strength,
            showscale=part is seen,
            colorbar={"title": {"text": unit, "side": "top"}, "thickness": 10, "outlinewidth": 0},
        )  # fmt: skip
    _crosses(figure, found, tone)
    _past_items(figure, found, tone)
    if found.across.own is not None and found.down.own is not None:
        i, j = found.across.own, found.down.own
        figure.add_shape(
            type="rect", x0=i - 0.5, x1=i + 0.5, y0=j - 0.5, y1=j + 0.5,
            line={"color": tone["ink"], "width": 3},
        )  # fmt: skip
    layout(figure, 130 + ROW * max(len(y), 8))
    figure.update_xaxes(
        title=across[0], tickvals=list(range(len(x))), ticktext=[_short(v) for v in x],
        showgrid=False, zeroline=False, range=[-0.5, len(x) - 0.5],
    )  # fmt: skip
    figure.update_yaxes(
        title=down[0], tickvals=list(range(len(y))), ticktext=[_short(v) for v in y],
        showgrid=False, zeroline=False,
        # Levels read from the top, numbers grow upwards.
        range=[len(y) - 0.5, -0.5] if _levels(found.down) else [-0.5, len(y) - 0.5],
    )  # fmt: skip
    words = [
        f"{kind} about {about(p[k], found.low.flat[k], found.high.flat[k])} {unit} at {across[0]}"
        f" {x[k % len(x)]} and {down[0]} {y[k // len(x)]}"
        for p in [found.predicted.ravel()]
        for kind, k in (("highest", int(p.argmax())), ("lowest", int(p.argmin())))
    ]
    return figure, (
        f"Prediction by {across[0]} and {down[0]}: {', '.join(words)}."
        f" {int(seen.sum())} of {seen.size} cells have past items."
    )


def _crosses(figure: go.Figure, found: Heat, tone: dict[str, str]) -> None:
    """A cross on each cell without past items, for those who do not tell it from a colour."""
    down, across = np.nonzero(found.items == 0)
    figure.add_scatter(
        x=across, y=down, mode="markers", hoverinfo="skip",
        marker={"symbol": "x-thin", "size": 7, "line": {"color": tone["context"], "width": 1}},
    )  # fmt: skip


def _past_items(figure: go.Figure, found: Heat, tone: dict[str, str]) -> None:
    """Past items as dots, or as counts where both axes are levels."""
    if _levels(found.across) and _levels(found.down):
        down, across = np.nonzero(found.items)
        figure.add_scatter(
            x=across, y=down, mode="text", text=[f"{n:,}" for n in found.items[down, across]],
            textfont={"color": tone["ink"], "size": 12}, hoverinfo="skip",
        )  # fmt: skip
        return
    seen = found.seen
    if len(seen) > DOTS:
        seen = seen.sample(DOTS, random_state=0)
    rng = np.random.default_rng(0)
    figure.add_scatter(
        x=_spots(found.across, seen["across"], rng), y=_spots(found.down, seen["down"], rng),
        mode="markers", hoverinfo="skip",
        marker={"color": tone["ink"], "size": 5, "opacity": 0.7},
    )  # fmt: skip


def _spots(axis: Axis, cells: pd.Series, rng: np.random.Generator) -> np.ndarray:
    """Where on an axis of cells items lie; those of one level side by side."""
    if _levels(axis):
        return axis.places(cells) + rng.uniform(-0.35, 0.35, len(cells))
    steps = pd.Series(axis.values)
    numbers, values = (
        c.astype("int64") if isinstance(axis.values[0], pd.Timestamp) else c for c in (steps, cells)
    )
    return np.interp(values.astype(float), numbers.astype(float), np.arange(len(steps)))


def _ticks(axis: Axis, currency: str) -> list[str]:
    if isinstance(axis.values[0], pd.Timestamp):
        months = len(axis.values) > 1 and axis.values[1] - axis.values[0] > pd.Timedelta(days=20)
        return [f"{v:%b %Y}" if months else f"{v:%d %b %Y}" for v in axis.values]
    if _levels(axis):
        return [str(v) for v in axis.values]
    low, high = axis.values[0], axis.values[-1]
    digits = 0 if high - low > 20 else 2
    return [told(round(float(v), digits), currency) for v in axis.values]


def _levels(axis: Axis) -> bool:
    return isinstance(axis.values[0], str)


def _cell_words(place: str, numbers: list[float], items: int, unit: str) -> str:
    ends = numbers[1:]
    middle, low, high = (about(v, *ends) for v in numbers)
    return (
        f"{place}: about {middle}, {low} to {high} {unit}; {items:,} past item{'s' * (items != 1)}"
    )


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
