"""Find the edits: the cheapest that bring an item to a wanted place."""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from app.item_evidence import past_of
from app.popularity_source import gone
from app.popularity_view import column_label
from app.what_if_state import Edits, Studied
from app.what_if_words import changes_sentence
from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.errors import FashionError
from core.explain.edits import SECONDS, Editable, Found, editable, find_edits, goal_of
from core.explain.past import SEASON_NAMES, Past
from core.explain.scenarios import place
from core.explain.wording import money, times

RESULT = "what_if_found"


def show(one: Studied, tried: Edits) -> None:
    """Draw the wish, what may be edited at which cost, and what was found.

    Args:
        one: the item.
        tried: the session's edits, which the result can take the place of.
    """
    catalog, order = one.catalog, one.order
    past = past_of(catalog, one.board)
    if past is None:
        st.info(gone(one.board, "nobody knows which edits are usual"))
        return
    fields = editable(past, catalog, one.row, one.model.features)
    if not fields:
        st.info("No field of this item has another value among its category's past items.")
        return
    predicted = float(one.model.predict(catalog, np.array([one.row]))["predicted"].iloc[0])
    now = place(order, one.item, predicted)
    with st.form(f"find-edits:{one.item}", border=False):
        kind, wish = st.columns(2)
        share = kind.radio(
            "Wanted", ["A place", "The top per cent"], horizontal=True, key=f"edits-kind:{one.item}"
        )
        value = wish.number_input(
            f"Place or per cent (now place {now:,} of {len(order):,})",
            min_value=1, max_value=len(order), value=max(1, now // 2), step=1,
            key=f"edits-wish:{one.item}",
        )  # fmt: skip
        st.caption(
            "Locked fields stay. A cost is what another level costs, or for a number its way"
            " across its whole range; values are those that past items of the category had."
        )
        table = st.data_editor(
            options_table(fields, catalog),
            hide_index=True,
            width="stretch",
            disabled=["Field", "Now", "Seen"],
            placeholder="",
            key=f"edits-options:{one.item}:{one.model.name}",
        )
        asked = st.form_submit_button("Find the edits", type="primary")
    wanted = (
        max(1, math.floor(len(order) * min(value, 100) / 100))
        if share == "The top per cent"
        else int(value)
    )
    if asked:
        _search(one, past, chosen(table, fields), wanted)
    _result(one, tried, predicted)


def _search(one: Studied, past: Past, fields: list[Editable], wanted: int) -> None:
    bar = st.progress(0.0, f"Searching, at most {SECONDS + 1:.0f} seconds")
    try:
        goal = goal_of(one.order, one.item, wanted)
        found = find_edits(
            one.model, past, one.catalog, one.row, fields, goal, on_progress=bar.progress
        )
    except FashionError as error:
        st.error(str(error))
        return
    finally:
        bar.empty()
    st.session_state[RESULT] = (one.key[:3], wanted, found)


def _result(one: Studied, tried: Edits, predicted: float) -> None:
    key, wanted, found = st.session_state.get(RESULT, (None, 0, None))
    if key != one.key[:3]:
        return
    after = float(max(np.expm1(found.output), 0.0))
    spot = place(one.order, one.item, after)
    if found.changes is None:
        st.info(none_found(found, wanted, spot))
        return
    if not found.changes:
        st.success(f"The item is predicted at place {spot:,} as it is: no edit is needed.")
        return
    factor = times((after + 1) / (predicted + 1))
    st.success(
        f"{changes_sentence(one.catalog, one.row, found.changes)}: predicted at place {spot:,},"
        f" {factor}. Cost {found.cost:.2f}."
    )
    st.caption(searched(found))
    st.button(
        "Try these edits",
        key="edits-try",
        on_click=lambda: tried.push(found.changes, refill=True),
        disabled=found.changes == tried.current,
    )


def none_found(found: Found, wanted: int, spot: int) -> str:
    """That nothing reaches the place, and how far the best edits come."""
    how = "every combination" if found.complete else "the likeliest combinations"
    return (
        f"None found: of {how} of these values ({found.tried:,} predictions in"
        f" {found.seconds:.1f} seconds) none reaches place {wanted:,} without leaving what was sold"
        f" before. The highest of all, edits that leave it included, would take place {spot:,}."
        " Unlock a field, widen a range, or aim lower."
    )


def searched(found: Found) -> str:
    """How far the result can be trusted to be the cheapest."""
    rest = (
        "no cheaper combination of the tried values reaches it"
        if found.complete
        else "the time was up before every cheaper combination was tried"
    )
    return (
        f"{found.tried:,} predictions in {found.seconds:.1f} seconds; {rest}. What went together in"
        " past sales: an edit need not bring what is predicted."
    )


def options_table(fields: Mapping[str, Editable], catalog: Catalog) -> pd.DataFrame:
    """A line a field, as a person edits it: locked, cost, and for numbers the allowed range."""
    lines = []
    for column, field in fields.items():
        number = not math.isnan(field.low)
        seen = (
            f"{money(field.low)} to {money(field.high)}"
            if number
            else f"{len(field.values)} other levels"
        )
        now = "not given" if pd.isna(field.current) else str(field.current)
        lines.append(
            {
                "Field": column_label(column, catalog.roles),
                "Now": money(field.current) if number and not pd.isna(field.current) else now,
                "Locked": locked(column, catalog),
                "Cost": field.cost,
                "From": field.low,
                "To": field.high,
                "Seen": seen,
            }
        )
    return pd.DataFrame(lines)


def locked(column: str, catalog: Catalog) -> bool:
    """Whether a field is locked at first: what an item is, and which season it is for."""
    named = column.casefold().strip() in SEASON_NAMES
    return catalog.roles.get(column) == Role.CATEGORY or named


def chosen(table: pd.DataFrame, fields: Mapping[str, Editable]) -> list[Editable]:
    """The fields that a person left open, with the costs and ranges of the table.

    Args:
        table: of `options_table`, a line a field in the order of `fields`, as edited.
        fields: by column.
    """
    found = []
    for field, line in zip(fields.values(), table.to_dict("records"), strict=True):
        if line["Locked"]:
            continue
        cost = 1.0 if pd.isna(line["Cost"]) else max(float(line["Cost"]), 0.0)
        own = replace(field, cost=cost)
        if not math.isnan(own.low):
            low = own.low if pd.isna(line["From"]) else float(line["From"])
            high = own.high if pd.isna(line["To"]) else float(line["To"])
            own = own.within(low, high)
        if own.values:
            found.append(own)
    return found
