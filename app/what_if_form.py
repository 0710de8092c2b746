"""The what-if form: edit an item's launch-time fields, see the new prediction beside the old."""

import math
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from app.popularity_view import column_label, times
from app.words import about, money, plain
from core.catalog.catalog import Catalog
from core.catalog.roles import LEVEL_ROLES, Role
from core.errors import FashionError
from core.explain.what_if import edited
from core.popularity.additive import BlockModel
from core.popularity.blocks import NumberBlock
from core.popularity.columns import match_columns

NOT_GIVEN = "not given"


def show(model: BlockModel, catalog: Catalog, row: int, unit: str) -> None:
    """Draw the form for one item; edits live in the session until they are reset."""
    item_id = str(catalog.ids[row])
    state = st.session_state.setdefault("what_if", {})
    if state.get("item") != (catalog.content_hash, item_id, model.name):
        version = state.get("version", 0) + 1
        state = {"item": (catalog.content_hash, item_id, model.name), "edits": [{}]}
        state["version"] = version
        st.session_state["what_if"] = state
    found = match_columns(model.features, catalog)
    columns = [c for f in model.features if (c := found[f.name])]
    if not columns:
        st.info("This model looks only at the photo, so changing the fields would change nothing.")
        return
    left, right = st.columns([3, 2], gap="large")
    with left, st.form(f"what-if-{state['version']}", border=False):
        current = catalog.frame.iloc[row].to_dict() | state["edits"][-1]
        cells = st.columns(2)
        values = {
            column: _field(catalog, column, current[column], cells[i % 2], state["version"])
            for i, column in enumerate(columns)
        }
        if st.form_submit_button("Predict again", type="primary"):
            original = catalog.frame.iloc[row]
            changes = {c: v for c, v in values.items() if not _same(v, original[c])}
            if changes != state["edits"][-1]:
                state["edits"].append(changes)
    with right:
        _comparison(model, catalog, row, unit, state["edits"][-1])
        undo, reset = st.columns(2)
        steps = len(state["edits"])
        if undo.button("Undo", disabled=steps < 2, width="stretch"):
            _restart(state, state["edits"][:-1])
        if reset.button("Reset", disabled=not state["edits"][-1], width="stretch"):
            _restart(state, [{}])


def _restart(state: dict[str, Any], edits: list[dict]) -> None:
    state["edits"], state["version"] = edits, state["version"] + 1
    st.rerun()


def _comparison(
    model: BlockModel, catalog: Catalog, row: int, unit: str, changes: dict[str, Any]
) -> None:
    before = model.predict(catalog, np.array([row])).iloc[0]
    try:
        after = model.predict(edited(catalog, row, changes)).iloc[0]
    except FashionError as error:
        st.error(str(error))
        return
    old, new = st.columns(2)
    for place, label, line in ((old, "As it is", before), (new, "After your edits", after)):
        numbers = (line["predicted"], line["low"], line["high"])
        change = None
        if place is new and changes:
            change = times((line["predicted"] + 1) / (before["predicted"] + 1))
        place.metric(label, f"{about(*numbers)} {unit}", change, delta_color="off")
        low, high = about(line["low"], *numbers[1:]), about(line["high"], *numbers[1:])
        place.caption(f"{low} to {high} in 90 of 100 cases")
    for sentence in _beyond(model, catalog, changes):
        st.caption(f":material/info: {sentence}")
    if changes:
        names = ", ".join(column_label(c, catalog.roles) for c in changes)
        st.caption(f"Changed: {names}.")
        if catalog.columns(Role.IMAGE):
            st.caption("The photo stays as it is: a new colour here does not recolour it.")
    st.caption(
        "What went with more or fewer sales in the past, item by item; not what a change would"
        " cause."
    )


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
