"""The table view: one page of rows with thumbnails, ticks and a button that opens the item."""

import hashlib
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from app.catalog_grid import titles
from app.catalog_state import go, redraw_table, select
from app.photos import photo_url
from app.words import capital, label
from core.catalog.query import Listing
from core.catalog.roles import Role
from core.catalog.selection import Selection
from core.explain.wording import rounded

HIDDEN = {Role.ID, Role.IMAGE, Role.TITLE, Role.DESCRIPTION, Role.REVIEW, Role.TARGET, Role.PRICE}


def table(
    shelf: Listing, rows: np.ndarray, selection: Selection, similarity: np.ndarray | None = None
) -> None:
    """Draw rows as a table; ticking a row selects it."""
    catalog = shelf.catalog
    ids = [catalog.ids[row] for row in rows]
    picked = selection.mask(shelf)[rows]
    version = st.session_state.get("table_version", 0)
    mark = hashlib.sha256("\n".join([catalog.content_hash, *ids]).encode()).hexdigest()[:12]
    key = f"table:{mark}:{version}"

    def ticked() -> None:
        chosen = set(st.session_state[key].selection.rows)
        select(
            st.session_state["selection"].pick(
                shelf, {item: i in chosen for i, item in enumerate(ids)}
            ),
            redraw=False,
        )

    def opened() -> None:
        go(item=ids[st.session_state["table_open"].row])
        redraw_table()

    shown, config = _columns(shelf, rows, similarity)
    open_column = st.column_config.ButtonColumn(
        "", key="table_open", on_click=opened, type="tertiary", width="small"
    )
    st.dataframe(
        shown.assign(**{"": "Open"})[["", *shown.columns]],
        key=key,
        hide_index=True,
        row_height=64,
        height=min(64 * len(rows) + 38, 720),
        column_config=config | {"": open_column},
        on_select=ticked,
        selection_mode="multi-row",
        placeholder="",
        selection_default={"selection": {"rows": np.flatnonzero(picked).tolist()}},
        alt=f"{len(rows)} items of the catalog as a table",
    )


def _columns(
    shelf: Listing, rows: np.ndarray, similarity: np.ndarray | None
) -> tuple[pd.DataFrame, dict[str, object]]:
    catalog = shelf.catalog
    frame, number = catalog.frame.iloc[rows], st.column_config.NumberColumn
    unit = capital(shelf.unit)
    data: dict[str, Any] = {
        "Photo": [photo_url(catalog, int(row), 96) for row in rows],
        "Name": titles(shelf, rows),
    }
    config: dict[str, object] = {
        "Photo": st.column_config.ImageColumn("Photo", width="small"),
        "Name": st.column_config.TextColumn("Name", width="medium"),
    }
    if shelf.ranked:
        scores = shelf.scores.iloc[rows]
        data["Rank"] = scores["rank"].astype("Int64").array
        for name, part, meaning in (
            (f"{unit} expected", "predicted", "Half of such items should end above, half below"),
            ("At least", "low", "Lower end of the range that should hold 90 of 100 items"),
            ("At most", "high", "Upper end of the range that should hold 90 of 100 items"),
        ):
            ends = zip(scores[part], scores["low"], scores["high"], strict=True)
            data[name] = [v if np.isnan(v) else rounded(v, low, high) for v, low, high in ends]
            config[name] = number(format="localized", help=meaning)
    if similarity is not None:
        data["Similarity"] = similarity[rows]
        config["Similarity"] = number("Similarity", format="%.2f")
    target, price = catalog.column(Role.TARGET), catalog.column(Role.PRICE)
    if target is not None:
        data[f"Actual {catalog.unit}"] = frame[target].array
        config[f"Actual {catalog.unit}"] = number(format="localized")
    if price is not None:
        name = f"Price ({catalog.currency})" if catalog.currency else "Price"
        data[name] = frame[price].array
        config[name] = number(format="%.2f")
    data["Id"] = frame[catalog.columns(Role.ID)[0]].array
    for column in frame.columns:
        if catalog.roles.get(column) in HIDDEN:
            continue
        name = label(column)
        if name in data:
            name = f"{name} ({column})"
        data[name] = frame[column].array
        if catalog.roles.get(column) == Role.RELEASE_DATE:
            config[name] = st.column_config.DateColumn(format="YYYY-MM-DD")
    if not any(data["Photo"]):
        del data["Photo"]
    return pd.DataFrame(data), config
