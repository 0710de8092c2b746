"""What edits to an item change: prediction, place and parts, and where they leave the past."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import what_if_photo
from app.item_evidence import past_of
from app.popularity_view import CONFIG, feature_roles, layout, player_label
from app.what_if_state import Edits, Studied
from app.what_if_words import changes_sentence, colour_column, flag_sentence, photo_sentence
from app.words import colours
from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.errors import FashionError
from core.explain.density import flags
from core.explain.scenarios import place
from core.explain.what_if import edited, photo_column
from core.explain.wording import about, times
from core.popularity.columns import match_columns

MOVED = 0.005
"""Smallest change of a part that is drawn, log units: half a percent."""


def show(one: Studied, tried: Edits, numbers: DeltaGenerator) -> None:
    """Draw the prediction beside the one before the edits, and what is to be said about them.

    Args:
        one: the item.
        tried: the edits.
        numbers: where the two predictions are drawn.
    """
    changes = tried.current
    try:
        before, parts = _before(*one.key, _one=one)
        what_if_photo.ready(one, changes)
        after = edited(one.catalog, one.row, changes)
        line = one.model.predict(after).iloc[0]
    except FashionError as error:
        st.error(str(error))
        return
    for spot, label, own in zip(
        numbers.columns(2), ("As it is", "After your edits"), (before, line), strict=True
    ):
        ends = (own["low"], own["high"])
        factor = (own["predicted"] + 1) / (before["predicted"] + 1)
        spot.metric(
            label,
            f"{about(own['predicted'], *ends)} {one.board.unit}",
            times(factor) if own is line and changes else None,
            delta_color="off",
            # Streamlit would take the sign of a minus that is no hyphen for a plus.
            delta_arrow="up" if factor > 1 else "down" if factor < 1 else "off",
        )
        low, high = (about(end, *ends) for end in ends)
        at = place(one.order, one.item, own["predicted"])
        spot.caption(f"{low} to {high} in 90 of 100 cases  \nPlace {at:,} of {len(one.order):,}")
    if changes:
        _about_edits(one, tried, after, parts)
    st.caption(
        "What went with more or fewer sales in the past, item by item; not what a change would"
        f" cause. Places are those that these predictions would take in the ranking.{_unseen(one)}"
    )


def _unseen(one: Studied) -> str:
    """Why the item as it is has other numbers here than in the ranking; empty where it has not."""
    line = one.order.set_index("item_id").loc[one.item]
    if line["basis"] != "out_of_fold":
        return ""
    numbers = (line["predicted"], line["low"], line["high"])
    return (
        f" The ranking says place {line['rank']:,}, about {about(*numbers)} {one.board.unit}, by a"
        " model that had not seen the item; only the final one, which has, can be asked about"
        " edits."
    )


@st.cache_resource(max_entries=64, show_spinner=False)
def _before(
    content_hash: str, item: str, model: str, date: str, *, _one: Studied
) -> tuple[pd.Series, pd.Series]:
    """The prediction and the parts of the item as it is."""
    rows = np.array([_one.row])
    parts = _one.model.contributions(_one.catalog, rows).iloc[0]
    return _one.model.predict(_one.catalog, rows).iloc[0], parts


def _about_edits(one: Studied, tried: Edits, after: Catalog, parts: pd.Series) -> None:
    catalog, row, changes = one.catalog, one.row, tried.current
    st.caption(f"Changed: {changes_sentence(catalog, row, changes)}.")
    past = past_of(catalog, one.board)
    if past is None:
        st.caption("The past items are not on this machine, so edits outside them are not marked.")
    elif found := flags(past, catalog, row, after):
        lines = "\n".join(f"- {flag_sentence(flag, catalog)}" for flag in found)
        st.warning(f"Outside what was sold before; the range may be too narrow here:\n{lines}")
    _about_colour(one, tried)
    moved = one.model.contributions(after).iloc[0] - parts
    moved = moved[moved.abs() >= MOVED].sort_values(key=np.abs, ascending=False)
    if len(moved):
        figure, alt = moved_chart(moved, feature_roles(one.board))
        st.caption("Change of each field's part in the prediction")
        st.plotly_chart(figure, config=CONFIG, alt=alt, key="moved")
    else:
        st.caption("No field's part in the prediction changes by half a per cent or more.")


def _about_colour(one: Studied, tried: Edits) -> None:
    """Say where the field and the photo disagree, and offer the photo in the field's colour."""
    catalog, changes, colour = one.catalog, tried.current, colour_column(one.catalog)
    if colour not in match_columns(one.model.features, catalog).values():
        return
    reads = bool(one.model.checkpoint)
    if told := photo_sentence(catalog, one.row, changes, reads):
        st.warning(told, icon=":material/palette:")
        wanted = changes.get(colour)
        if reads and photo_column(catalog) not in changes and isinstance(wanted, str):
            what_if_photo.recolour_button(wanted)


def moved_chart(moved: pd.Series, roles: Mapping[str, Role]) -> tuple[go.Figure, str]:
    """A bar for each player whose part changed, strongest on top, and in words.

    Args:
        moved: change of each player's Shapley value, log units.
        roles: of the columns that the models learned from.
    """
    tone = colours()
    labels = [player_label(str(player), roles) for player in moved.index]
    percent = [(np.exp(v) - 1) * 100 for v in moved]
    told = [times(float(np.exp(v))) for v in moved]
    figure = go.Figure(
        go.Bar(
            x=percent, y=labels, orientation="h", text=told, textposition="outside",
            cliponaxis=False,
            marker_color=[tone["raises"] if v > 0 else tone["lowers"] for v in moved],
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )  # fmt: skip
    layout(figure, 40 + 34 * len(moved))
    figure.update_yaxes(autorange="reversed")
    ends = (min(0.0, *percent), max(0.0, *percent))
    room = 0.3 * (ends[1] - ends[0])
    figure.update_xaxes(visible=False, range=[ends[0] - room, ends[1] + room])
    words = ", ".join(f"{a} {b}" for a, b in zip(labels, told, strict=True))
    return figure, f"Change of the parts by the edits: {words}."
