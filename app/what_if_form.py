"""The what-if form: edit an item's launch-time fields, see the new prediction beside the old."""

import math
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from app import what_if_answer, what_if_edits, what_if_scenarios
from app.popularity_view import column_label
from app.what_if_state import edits
from app.words import money, plain
from core.catalog.catalog import Catalog
from core.catalog.roles import LEVEL_ROLES, Role
from core.popularity.additive import BlockModel
from core.popularity.blocks import NumberBlock
from core.popularity.columns import match_columns
from core.popularity.scoreboard import Scoreboard

NOT_GIVEN = "not given"


@st.fragment
def show(
    model: BlockModel, catalog: Catalog, board: Scoreboard, order: pd.DataFrame, row: int
) -> None:
    """Draw the form for one item, what its edits change, its scenarios, and the search for edits.

    Args:
        model: that predicts.
        catalog, row: the item.
        board: of the folder that the model is from.
        order: the catalog's ranking by the model.
    """
    found = match_columns(model.features, catalog)
    # A column without a role is read by its name, but not how to edit it.
    columns = [c for f in model.features if (c := found[f.name]) and c in catalog.roles]
    if not columns:
        st.info("This model looks only at the photo, so changing the fields would change nothing.")
        return
    tried = edits(catalog, row, model.name)
    left, right = st.columns([3, 2], gap="large")
    with left, st.form(f"what-if-{tried.version}", border=False):
        current = catalog.frame.iloc[row].to_dict() | tried.current
        cells = st.columns(2)
        values = {
            column: _field(catalog, column, current[column], cells[i % 2], tried.version)
            for i, column in enumerate(columns)
        }
        if st.form_submit_button("Predict again", type="primary"):
            original = catalog.frame.iloc[row]
            tried.push({c: v for c, v in values.items() if not _same(v, original[c])})
    with right:
        what_if_answer.show(model, catalog, board, order, row, tried.current)
        for sentence in _beyond(model, catalog, tried.current):
            st.caption(f":material/info: {sentence}")
        undo, reset = st.columns(2)
        undo.button("Undo", disabled=len(tried.steps) < 2, width="stretch", on_click=tried.undo)
        reset.button(
            "Reset",
            disabled=not tried.current,
            width="stretch",
            on_click=lambda: tried.push({}, refill=True),
        )
    what_if_scenarios.show(model, catalog, board, order, row, tried)
    what_if_edits.show(model, catalog, board, order, row, tried)


def _beyond(model: BlockModel, catalog: Catalog, changes: dict[str, Any]) -> list[str]:
    """What the model makes of numbers that it has never learned from."""
    found = match_columns(model.features, catalog)
    said = []
    for block in model.blocks:
        column = found.get(block.feature.name) if isinstance(block, NumberBlock) else None
        if column not in changes or pd.isna(changes[column]):
            continue
        name, value = plain(column_label(column, catalog.roles)), float(changes[column])
        low, high = block.low, block.high
        if block.logarithm:
            low, high = math.exp(low), math.exp(high)
        if block.logarithm and value <= 0:
            said.append(f"{name} {money(value)} counts as not given.")
        elif not low * (1 - 1e-9) <= value <= high * (1 + 1e-9):
            end = low if value < low else high
            said.append(
                f"{name} {money(value)} is outside what the model learned from, {money(low)} to"
                f" {money(high)}; the prediction takes it as {money(end)}."
            )
    return said


def _field(catalog: Catalog, column: str, value: Any, place: Any, version: int) -> Any:
    role = catalog.roles[column]
    label = column_label(column, catalog.roles)
    key = f"what-if:{version}:{column}"
    missing = value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value))
    if role in LEVEL_ROLES:
        levels = [str(v) for v in catalog.frame[column].value_counts().head(200).index]
        current = NOT_GIVEN if missing else str(value)
        options = [current, *(v for v in sorted(levels) if v != current)]
        if NOT_GIVEN not in options:
            options.append(NOT_GIVEN)
        chosen = place.selectbox(label, options, key=key)
        return None if chosen == NOT_GIVEN else chosen
    if role == Role.RELEASE_DATE:
        day = place.date_input(
            label,
            None if missing else pd.Timestamp(value).date(),
            min_value=pd.Timestamp("1990-01-01").date(),
            max_value=pd.Timestamp("2100-12-31").date(),
            key=key,
        )
        return pd.NaT if day is None else pd.Timestamp(day)
    if role in (Role.TITLE, Role.DESCRIPTION, Role.REVIEW):
        widget = place.text_input if role == Role.TITLE else place.text_area
        return widget(label, "" if missing else str(value), key=key, max_chars=4000)
    if role == Role.PRICE and catalog.currency:
        label = f"{label} ({catalog.currency})"
    start = None if missing else float(value)
    lowest = min(0.0, start or 0.0) if role == Role.PRICE else None
    number = place.number_input(label, value=start, min_value=lowest, key=key)
    return np.nan if number is None else number


def _same(value: Any, original: Any) -> bool:
    if pd.isna(value) or value == "":
        return bool(pd.isna(original) or original == "")
    return bool(not pd.isna(original) and value == original)
