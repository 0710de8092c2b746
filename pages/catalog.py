"""Catalog: the items ranked by predicted popularity; filter, search, select, export."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from app.catalog_bars import header, pager, selection_line, toolbar
from app.catalog_chart import chart, has_chart
from app.catalog_filters import filters_panel
from app.catalog_grid import grid
from app.catalog_state import filter_by, listing, read_query, selection
from app.catalog_table import table
from app.catalogs import current_catalog, current_models, no_catalog
from app.item_detail import item_dialog
from app.look_search import UPLOAD, look_line
from app.words import label, plain
from core.catalog.catalog import Catalog
from core.catalog.query import Filters, Listing, Query, pages
from core.catalog.selection import Selection
from core.errors import CatalogError, FashionError
from core.resources import ranking


def results(
    shelf: Listing, query: Query, found: np.ndarray, near: np.ndarray | None, picked: Selection
) -> None:
    if query.view == "chart":
        chart(shelf, found, picked)
        return
    number = min(query.page, pages(len(found), query.per_page))
    rows = found[(number - 1) * query.per_page :][: query.per_page]
    if query.view == "table":
        table(shelf, rows, picked, near)
    else:
        label = "Items of the catalog"
        grid(shelf, rows, key="grid", label=label, selection=picked, similarity=near)
    pager(len(found), query, number)


def nothing_found(filters: Filters) -> str:
    """Which filters, together, no item passes."""
    parts = [f"“{plain(filters.text)}”"] if filters.text else []
    parts += [plain(label(column)) for column, *_ in (*filters.levels, *filters.ranges)]
    if len(parts) > 1:
        return f"No item matches all of these: {', '.join(parts)}. Take one away, or clear them."
    return f"No item matches {parts[0] if parts else 'this'}. Try other words or another range."


def order_of(catalog: Catalog, models: Path | None) -> pd.DataFrame | None:
    if models is None:
        return None
    try:
        return ranking(catalog, models)
    except FashionError as error:
        st.warning(f"The items are not ranked. {error}")
        return None


def page() -> None:
    catalog, models = current_catalog(), current_models()
    order = order_of(catalog, models)
    shelf = listing(catalog, models, order)
    query = read_query(shelf)
    if query.sort == "similar" and not (query.look or query.like or st.session_state.get(UPLOAD)):
        query = replace(query, sort="rank")
    if query.view == "chart" and not has_chart(shelf):
        query = replace(query, view="grid")
    picked = selection(shelf)
    header(shelf, order, trained=models is not None)
    toolbar(shelf, query)
    filters_panel(shelf, query)
    near = look_line(shelf, query)
    found: np.ndarray = shelf.order(shelf.match(query.filters), query.sort, near)
    selection_line(shelf, query, picked, found, order)
    if not len(found):
        st.info(nothing_found(query.filters))
        st.button("Clear the filters", on_click=filter_by, args=(Filters(),), type="primary")
    else:
        results(shelf, query, found, near, picked)
    if query.item in catalog.ids:
        item_dialog(shelf, query.item)
    elif query.item:
        st.warning(f"{plain(catalog.name)} has no item “{plain(query.item)}”.")


try:
    page()
except CatalogError as error:
    no_catalog(error)
except FashionError as error:
    st.error(str(error))
