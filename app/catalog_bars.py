"""The lines around the catalog's items: heading, tools, selection, pages."""

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from app.catalog_chart import has_chart
from app.catalog_state import filter_by, go, select, shown, undo_selection
from app.export_menu import export_menu
from app.look_search import look_menu
from app.words import plain
from core.catalog.query import PER_PAGE, Filters, Listing, Query, pages
from core.catalog.selection import Selection
from core.explain.wording import MODEL_NAMES

PAGES = Path(__file__).resolve().parents[1] / "pages"

MOST_LINKED = 50
"""Garments of a selection that a link to their try-on holds, the highest-ranked."""

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
VIEW_NAMES = {"grid": "Photos", "table": "Table", "chart": "Chart"}


def header(shelf: Listing, order: pd.DataFrame | None, *, trained: bool) -> None:
    """What is shown, ranked by what, and what has to be said about it.

    Args:
        shelf: the catalog.
        order: its ranking, or None.
        trained: whether there are models for it.
    """
    catalog = shelf.catalog
    st.title(plain(catalog.name), anchor=False)
    if order is None:
        said = [f"{len(catalog):,} items, not ranked", catalog.notice]
    else:
        name = MODEL_NAMES.get(order.attrs["model"], order.attrs["model"])
        said = [
            f"{len(catalog):,} items ranked by expected {shelf.unit}, model “{name}” of"
            f" {order.attrs['date'][:10]}",
            catalog.notice,
        ]
    st.caption(" · ".join(plain(part.rstrip(".")) for part in said if part))
    if not trained:
        st.info(
            "No model has been trained for this catalog, so it is shown in its own order. Open"
            " **Setup** and choose *Train*, or rank it with another catalog's model there."
        )
    for note in [] if order is None else order.attrs["notes"]:
        st.caption(f":material/info: {plain(note)}")


def toolbar(shelf: Listing, query: Query) -> None:
    """Search, order and view."""
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
            width="stretch",
        )
        look_menu(query)
        st.selectbox(
            "Sort by",
            [*shelf.sorts(), *(["similar"] if query.sort == "similar" else [])],
            key="sort",
            format_func=lambda s: (
                SORT_NAMES[s].format(unit=shelf.catalog.unit)
                if shelf.ranked or s != "rank"
                else "Catalog order"
            ),
            label_visibility="collapsed",
            on_change=lambda: go(sort=state["sort"]),
            width=150,
        )
        st.segmented_control(
            "View",
            [view for view in VIEW_NAMES if view != "chart" or has_chart(shelf)],
            key="view",
            required=True,
            format_func=VIEW_NAMES.__getitem__,
            label_visibility="collapsed",
            on_change=lambda: go(view=state["view"]),
        )


def selection_line(
    shelf: Listing,
    query: Query,
    picked: Selection,
    found: np.ndarray,
    order: pd.DataFrame | None,
) -> None:
    """How many items are shown and selected, and what can be done with them.

    Args:
        shelf: the catalog.
        query: what is asked for.
        picked: the selection.
        found: row positions of what is shown.
        order: the ranking, for exports.
    """
    mask = picked.mask(shelf)
    size = int(mask.sum())
    total, shown_items = len(shelf.catalog), len(found)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f"**{shown_items:,}** items"
            if shown_items == total
            else f"**{shown_items:,}** of {total:,} items"
        )
        if query.filters:
            st.button("Clear filters", type="tertiary", on_click=filter_by, args=(Filters(),))
        st.space("stretch")
        if size:
            st.markdown(f"**{size:,}** selected")
            _try_on(shelf, mask)
            st.button("Clear selection", type="tertiary", on_click=select, args=(Selection(),))
        if st.session_state["selection_past"]:
            st.button("Undo", type="tertiary", on_click=undo_selection)
        st.button(
            f"Select all {shown_items:,}",
            type="tertiary",
            disabled=not shown_items,
            on_click=select,
            args=(Selection(scope=query.filters),),
        )
        export_menu(shelf, order, found, filtered=shown_items < total)


def _try_on(shelf: Listing, mask: np.ndarray) -> None:
    """Lead to a try-on of the garments of a selection, where there is one."""
    # Not before something is selected: the page opens without the try-on's libraries.
    from app.tryon_choice import packed
    from app.tryon_rack import rack_of

    garments = rack_of(shelf).find("", mask, count=MOST_LINKED + 1)
    if not garments:
        return
    count = f"the first {MOST_LINKED}" if len(garments) > MOST_LINKED else f"{len(garments):,}"
    kept = {
        name: st.query_params[name] for name in ("catalog", "models") if name in st.query_params
    }
    st.page_link(
        PAGES / "tryon.py",
        label=f"Try on {count}",
        icon=":material/checkroom:",
        query_params={**kept, "mode": "batch", "garments": packed(garments[:MOST_LINKED])},
        help="Its garments with a photo, in rank order, on several people.",
    )


def pager(found: int, query: Query, page: int) -> None:
    """Page numbers, and how many items a page has."""
    state = st.session_state
    state["per"] = query.per_page
    # A new key starts at its page: for new results, and where the Back button moved the page. (To
    # set a value beside the default makes Streamlit warn.)
    results = hash((query.filters, query.sort, query.per_page, query.look, query.like))
    turn = state.get("page_turn", 0)
    if state.get(f"page:{results}:{turn}", page) != page:
        state["page_turn"] = turn = turn + 1
    key = f"page:{results}:{turn}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.pagination(
            pages(found, query.per_page),
            default=page,
            key=key,
            # As wide as its content it hides pages for want of room that it gave up itself.
            width="stretch",
            on_change=lambda: go(page=state[key]),
        )
        st.segmented_control(
            "Items a page",
            PER_PAGE,
            key="per",
            required=True,
            label_visibility="collapsed",
            on_change=lambda: go(per_page=state["per"]),
        )
