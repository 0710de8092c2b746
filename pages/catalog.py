"""Catalog: the items ranked by predicted popularity; filter, search, select, export."""

import numpy as np
import pandas as pd
import streamlit as st

from app.catalog_filters import filters_panel
from app.catalog_grid import grid
from app.catalog_state import (
    filter_by,
    go,
    listing,
    read_query,
    select,
    selection,
    shown,
    undo_selection,
)
from app.catalog_table import table
from app.catalogs import current_catalog, current_models
from app.export_menu import export_menu
from app.item_detail import item_dialog
from app.look_search import look_line, look_menu
from app.words import MODEL_NAMES, capital
from core.catalog.query import PER_PAGE, Filters, Listing, Query, pages
from core.catalog.selection import Selection
from core.errors import FashionError
from core.resources import ranking

SORT_NAMES = {
    "rank": "Rank",
    "price": "Price, low first",
    "-price": "Price, high first",
    "newest": "Newest",
    "actual": "Actual {unit}",
    "certain": "Most certain",
    "uncertain": "Least certain",
    "similar": "Similarity",
}
VIEW_ICONS = {
    "grid": ":material/grid_view:",
    "table": ":material/table_rows:",
}


def header(shelf: Listing, order: pd.DataFrame | None) -> None:
    catalog = shelf.catalog
    st.title(catalog.name, anchor=False)
    if order is None:
        said = [f"{len(catalog):,} items, not ranked", catalog.notice]
    else:
        name = MODEL_NAMES.get(order.attrs["model"], order.attrs["model"])
        said = [
            f"{len(catalog):,} items ranked by expected {catalog.unit}, model “{name}” of"
            f" {order.attrs['date'][:10]}",
            catalog.notice,
        ]
    st.caption(" · ".join(part.rstrip(".") for part in said if part))
    if order is None:
        st.info(
            "No model has been trained for this catalog, so it is shown in its own order. Open"
            " **Setup** and choose *Train*, or rank it with another catalog's model there."
        )
    for note in [] if order is None else order.attrs["notes"]:
        st.info(note)


def toolbar(shelf: Listing, query: Query) -> st.container:
    """The controls above the grid; gives the place where the export menu goes."""
    state = st.session_state
    state["q"] = query.filters.text
    state["sort"] = query.sort
    state["view"] = query.view

    def searched() -> None:
        filters = shown().filters
        filter_by(Filters(state["q"].strip(), filters.levels, filters.ranges))

    with st.container(horizontal=True, vertical_alignment="center"):
        st.text_input(
            "Search",
            key="q",
            type="search",
            placeholder="Search names, descriptions, ids",
            label_visibility="collapsed",
            icon=":material/search:",
            on_change=searched,
            width=320,
        )
        look_menu(query)
        st.selectbox(
            "Sort by",
            [*shelf.sorts(), *(["similar"] if query.sort == "similar" else [])],
            key="sort",
            format_func=lambda s: SORT_NAMES[s].format(unit=shelf.catalog.unit),
            label_visibility="collapsed",
            on_change=lambda: go(sort=state["sort"]),
            width=180,
        )
        st.segmented_control(
            "View",
            list(VIEW_ICONS),
            key="view",
            required=True,
            format_func=VIEW_ICONS.__getitem__,
            label_visibility="collapsed",
            on_change=lambda: go(view=state["view"]),
        )
        return st.container(width="content")


def selection_line(shelf: Listing, query: Query, picked: Selection, found: int) -> None:
    size = int(picked.mask(shelf).sum())
    total = len(shelf.catalog)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{found:,}** items" if found == total else f"**{found:,}** of {total:,}")
        if query.filters:
            st.button("Clear filters", type="tertiary", on_click=filter_by, args=(Filters(),))
        st.space("stretch")
        if size:
            st.markdown(f"**{size:,}** selected")
            st.button("Clear selection", type="tertiary", on_click=select, args=(Selection(),))
        if st.session_state["selection_past"]:
            st.button("Undo", type="tertiary", on_click=undo_selection)
        st.button(
            f"Select all {found:,}",
            type="tertiary",
            on_click=select,
            args=(Selection(scope=query.filters),),
        )


def pager(found: int, query: Query, page: int) -> None:
    state = st.session_state
    state["per"] = query.per_page
    # A new key for new results starts at their page; only the Back button has to set it.
    key = f"page:{hash((query.filters, query.sort, query.per_page, query.look, query.like))}"
    if state.get(key, page) != page:
        state[key] = page
    with st.container(horizontal=True, vertical_alignment="center"):
        st.pagination(
            pages(found, query.per_page),
            default=page,
            key=key,
            on_change=lambda: go(page=state[key]),
        )
        st.space("stretch")
        st.segmented_control(
            "Items a page",
            PER_PAGE,
            key="per",
            required=True,
            label_visibility="collapsed",
            on_change=lambda: go(per_page=state["per"]),
        )


def page() -> None:
    catalog, models = current_catalog(), current_models()
    order = None if models is None else ranking(catalog, models)
    shelf = listing(catalog, models, order)
    query = read_query(shelf)
    picked = selection(shelf)
    header(shelf, order)
    export_place = toolbar(shelf, query)
    filters_panel(shelf, query)
    near = look_line(shelf, query)
    found: np.ndarray = shelf.order(shelf.match(query.filters), query.sort, near)
    with export_place:
        export_menu(shelf, order, found)
    selection_line(shelf, query, picked, len(found))
    if not len(found):
        st.info("No item matches these filters.")
        st.button("Clear the filters", on_click=filter_by, args=(Filters(),), type="primary")
    else:
        number = min(query.page, pages(len(found), query.per_page))
        rows = found[(number - 1) * query.per_page :][: query.per_page]
        if query.view == "table":
            table(shelf, rows, picked, near)
        else:
            grid(
                shelf,
                rows,
                key="grid",
                label="Items of the catalog",
                selection=picked,
                similarity=near,
            )
        pager(len(found), query, number)
    if query.item in catalog.ids:
        item_dialog(shelf, query.item)
    elif query.item:
        st.warning(f"{capital(catalog.name)} has no item “{query.item}”.")


try:
    page()
except FashionError as error:
    st.error(str(error))
