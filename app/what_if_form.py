"""The what-if form: edit an item's launch-time fields, see the new prediction beside the old."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from app import (
    what_if_answer,
    what_if_curves,
    what_if_edits,
    what_if_heat,
    what_if_photo,
    what_if_scenarios,
)
from app.popularity_view import column_label
from app.what_if_state import Edits, Studied, edits
from app.words import plain
from core.catalog.catalog import Catalog
from core.catalog.roles import LEVEL_ROLES, Role
from core.explain.wording import money
from core.popularity.additive import BlockModel
from core.popularity.blocks import NumberBlock
from core.popularity.columns import match_columns
from core.popularity.scoreboard import Scoreboard

NOT_GIVEN, VIEW = "not given", "what-if-view"


def show(
    model: BlockModel, catalog: Catalog, board: Scoreboard, order: pd.DataFrame, row: int
) -> None:
    """Draw the item's photo and fields to edit, what the edits change, and ways to look further.

    It is no fragment: a click in one is lost while the page around it is still being drawn.

    Args:
        model: that predicts.
        catalog, row: the item.
        board: of the folder that the model is from.
        order: the catalog's ranking by the model.
    """
    one = Studied(model, catalog, board, order, row)
    tried = edits(one)
    found = match_columns(model.features, catalog)
    # A column without a role is read by its name, but not how to edit it.
    columns = [c for f in model.features if (c := found[f.name]) and c in catalog.roles]
    left, right = st.columns([3, 2], gap="large")
    with left:
        what_if_photo.show(one, tried)
        if columns:
            _form(one, tried, columns)
        else:
            st.caption(
                "This model looks only at the photo, so changing the fields would change nothing."
            )
    with right:
        # Above what an edit adds, so that they stay where they are, and there where it fails.
        numbers = st.container()
        with st.container(horizontal=True):
            st.button("Undo", disabled=len(tried.steps) < 2, width="stretch", on_click=tried.undo)
            st.button(
                "Reset",
                disabled=not tried.current,
                width="stretch",
                on_click=lambda: tried.push({}, refill=True),
            )
        what_if_answer.show(one, tried, numbers)
        for sentence in _beyond(model, catalog, tried.current):
            st.caption(f":material/info: {sentence}")
    drawers: dict[str, Callable[[], None]] = {
        "One field": lambda: what_if_curves.show(model, catalog, board, row, tried.current),
        "Two fields": lambda: what_if_heat.show(one, tried),
        "Scenarios": lambda: what_if_scenarios.show(one, tried),
        "Find the edits": lambda: what_if_edits.show(one, tried),
    }
    if not columns:
        drawers = {"Scenarios": drawers["Scenarios"]}
    tabs = st.tabs(list(drawers), key=VIEW, on_change="rerun")
    for tab, draw in zip(tabs, drawers.values(), strict=True):
        if tab.open:
            with tab:
                draw()


def _form(one: Studied, tried: Edits, columns: list[str]) -> None:
    catalog = one.catalog
    with st.form(f"what-if-{tried.version}", border=False):
        original = catalog.frame.iloc[one.row]
        current = original.to_dict() | tried.current
        cells = st.columns(2)
        values = {
            column: _field(catalog, column, current[column], cells[i % 2], tried.version)
            for i, column in enumerate(columns)
        }
        if st.form_submit_button("Predict again", type="primary"):
            rest = {c: v for c, v in tried.current.items() if c not in columns}
            fields = {c: v for c, v in values.items() if not _same(v, original[c])}
            tried.push(rest | fields)


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
        levels = _levels(catalog.content_hash, column, catalog)
        current = NOT_GIVEN if missing else str(value)
        options = [current, *(v for v in levels if v != current)]
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


@st.cache_resource(max_entries=64, show_spinner=False)
def _levels(content_hash: str, column: str, _catalog: Catalog) -> list[str]:
    """The most frequent levels of a column, in order of their names."""
    return sorted(str(v) for v in _catalog.frame[column].value_counts().head(200).index)


def _same(value: Any, original: Any) -> bool:
    if pd.isna(value) or value == "":
        return bool(pd.isna(original) or original == "")
    return bool(not pd.isna(original) and value == original)
