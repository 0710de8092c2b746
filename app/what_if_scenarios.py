"""Named scenarios of an item: save the edits, compare them side by side, take them away as CSV."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app import what_if_photo
from app.popularity_view import CONFIG, feature_roles, layout, player_label
from app.what_if_state import Edits, Studied
from app.what_if_words import changes_sentence
from app.words import colours, plain
from core.catalog.catalog import Catalog
from core.catalog.export import file_name, table_bytes
from core.errors import FashionError
from core.explain.scenarios import (
    NAME_LENGTH,
    Outcome,
    Scenario,
    outcomes,
    put,
    remove,
    save,
    saved,
    table,
)
from core.explain.wording import about, times
from core.popularity.scoreboard import Scoreboard

SHOWN = 6
"""Most scenarios beside each other."""
PARTS = 8
REMOVED, TROUBLE = "what_if_removed", "what_if_trouble"


def show(one: Studied, tried: Edits) -> None:
    """Draw the saved scenarios of an item.

    Args:
        one: the item.
        tried: the session's edits, which can be saved, and which a scenario can take the place of.
    """
    catalog, board, item = one.catalog, one.board, one.item
    _save(catalog, item, tried)
    trouble = st.session_state.pop(TROUBLE, "")
    if trouble:
        st.error(trouble)
    removed = st.session_state.get(REMOVED)
    if removed and removed[0] == (catalog.directory.name, item):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"“{plain(removed[1].name)}” was removed.")
            st.button("Put it back", key="scenario-back", on_click=_put_back, args=(catalog, item))
    try:
        kept = saved(catalog, item)
        if not kept:
            st.caption("None yet. Try an edit above, then save it under a name to compare several.")
            return
        names = [s.name for s in kept]
        chosen = st.multiselect(
            "Compare", names, names[-SHOWN:], max_selections=SHOWN,
            key=f"scenarios:{item}:{len(names)}:{hash(tuple(names))}",
        )  # fmt: skip
        picked = [s for s in kept if s.name in chosen]
        found = [
            _outcome_of(one, "As it is", {}),
            *(_outcome_of(one, s.name, s.changes) for s in picked),
        ]
    except FashionError as error:
        if str(error) != trouble:
            st.error(str(error))
        return
    figure, alt = scenarios_chart(found, board.unit)
    st.plotly_chart(figure, config=CONFIG, alt=alt, key="scenarios")
    st.table(side_by_side(found, catalog, one.row, board))
    _actions(catalog, item, picked, tried)
    st.download_button(
        "Download the comparison (CSV)",
        lambda: table_bytes(table(found, board.unit)),
        file_name=file_name(catalog.name, item, one.model.name, board.date[:10], suffix=".csv"),
        mime="text/csv",
        on_click="ignore",
        key="scenarios-csv",
    )
    st.caption(
        "All columns are by the final model, also “As it is”; places count how many other items of"
        " the ranking are predicted higher. What went together in the past, not what an edit would"
        " cause."
    )


def _outcome_of(one: Studied, name: str, changes: Mapping[str, Any]) -> Outcome:
    what_if_photo.ready(one, changes)
    return _outcome(*one.key, name, repr(changes), _one=one, _changes=changes)


@st.cache_resource(max_entries=64, show_spinner=False)
def _outcome(
    content_hash: str,
    item: str,
    model: str,
    date: str,
    name: str,
    changed: str,
    *,
    _one: Studied,
    _changes: Mapping[str, Any],
) -> Outcome:
    """One scenario's outcome, kept so that another edit does not simulate all of them again."""
    (found,) = outcomes(_one.model, _one.catalog, _one.row, [(name, _changes)], _one.order)
    return found


def _save(catalog: Catalog, item: str, tried: Edits) -> None:
    def keep() -> None:
        try:
            save(catalog, item, st.session_state["scenario-name"], tried.current)
        except FashionError as error:
            st.session_state[TROUBLE] = str(error)
        else:
            st.session_state["scenario-name"] = ""

    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Name of a scenario",
            key="scenario-name",
            placeholder="cheaper in blue",
            max_chars=NAME_LENGTH,
            width=320,
        )
        st.button(
            "Save these edits", key="scenario-save", on_click=keep, disabled=not tried.current
        )


def _actions(catalog: Catalog, item: str, picked: list[Scenario], tried: Edits) -> None:
    if not picked:
        return
    by_name = {s.name: s for s in picked}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Scenario", list(by_name), key=f"scenario-one:{item}", width=320)
        st.button(
            "Edit on from it",
            key="scenario-use",
            on_click=lambda: tried.push(by_name[name].changes, refill=True),
        )
        st.button(
            "Remove", key="scenario-remove", on_click=_take_out, args=(catalog, item, by_name[name])
        )


def _take_out(catalog: Catalog, item: str, scenario: Scenario) -> None:
    try:
        remove(catalog, item, scenario.name)
    except FashionError as error:
        st.session_state[TROUBLE] = str(error)
    else:
        st.session_state[REMOVED] = ((catalog.directory.name, item), scenario)


def _put_back(catalog: Catalog, item: str) -> None:
    try:
        put(catalog, item, st.session_state.pop(REMOVED)[1])
    except FashionError as error:
        st.session_state[TROUBLE] = str(error)


def side_by_side(
    found: list[Outcome], catalog: Catalog, row: int, board: Scoreboard
) -> pd.DataFrame:
    """A column a scenario: its edits, prediction, place and the parts that differ most."""
    roles = feature_roles(board)
    parts = pd.DataFrame([one.parts for one in found])
    spread = (parts.max() - parts.min()).sort_values(ascending=False, kind="stable")
    players = list(spread[spread > 1e-9].index[:PARTS])
    columns = {}
    for one in found:
        low, high = one.prediction["low"], one.prediction["high"]
        ends = (low, high)
        edits = changes_sentence(catalog, row, one.changes) if one.changes else "none"
        cells = {
            "Edits": edits,
            f"Predicted {board.unit}": about(one.prediction["predicted"], *ends),
            "In 80 of 100 cases": f"{about(one.prediction['low_80'], *ends)} to"
            f" {about(one.prediction['high_80'], *ends)}",
            "In 90 of 100 cases": f"{about(low, *ends)} to {about(high, *ends)}",
            "Place": f"{one.place:,}",
            "Place in 80 of 100 cases": f"{one.place_low:,} to {one.place_high:,}",
        }
        for player in players:
            label = f"{player_label(str(player), roles)}, its part"
            cells[label] = times(math.exp(one.parts[player]))
        columns[plain(one.name)] = cells
    return pd.DataFrame(columns)


def scenarios_chart(found: list[Outcome], unit: str) -> tuple[go.Figure, str]:
    """A dot a scenario with its 80 and 90 % range, in order, and in words."""
    tone = colours()
    figure = go.Figure()
    words = []
    for i, one in enumerate(found):
        p = one.prediction
        shade = tone["context"] if not one.changes else tone["raises"]
        ends = (p["low"], p["high"])
        told = f"{about(p['predicted'], *ends)}, {about(ends[0], *ends)} to {about(ends[1], *ends)}"
        words.append(f"{one.name}: {told}")
        for low, high, width in (("low", "high", 2), ("low_80", "high_80", 6)):
            figure.add_scatter(
                x=[p[low], p[high]], y=[i, i], mode="lines",
                line={"color": shade, "width": width}, hoverinfo="skip",
            )  # fmt: skip
        figure.add_scatter(
            x=[p["predicted"]], y=[i], mode="markers", marker={"color": shade, "size": 14},
            hovertemplate=f"about {told} {unit}, place {one.place:,}<extra></extra>",
        )  # fmt: skip
    layout(figure, 70 + 40 * len(found))
    figure.update_yaxes(
        tickvals=list(range(len(found))), ticktext=[one.name for one in found],
        range=[len(found) - 0.5, -0.5],
    )  # fmt: skip
    figure.update_xaxes(
        title=unit[:1].upper() + unit[1:], gridcolor=tone["line"], rangemode="tozero",
        zeroline=False,
    )  # fmt: skip
    return figure, f"Predicted {unit} by scenario. " + "; ".join(words) + "."
