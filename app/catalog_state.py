"""What the catalog page shows: the URL holds the query, the session holds the selection.

The URL is written by hand and not through ``bind="query-params"``: a bound multiselect puts its
labels there, and these carry counts that change with every filter.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.catalog import suggestions
from core.catalog.catalog import Catalog
from core.catalog.query import OWN_PARAMS, PREFIX, Filters, Listing, Query
from core.catalog.selection import Selection
from core.errors import CatalogError
from core.vision.detections import load_detections, stamp

UNDO_STEPS = 20


@st.cache_resource(max_entries=4, show_spinner=False)
def _listing(_catalog: Catalog, _ranking: pd.DataFrame | None, key: tuple[str, ...]) -> Listing:
    return Listing(_catalog, _ranking, _seen(_catalog))


def _seen(catalog: Catalog) -> pd.DataFrame | None:
    try:
        return load_detections(catalog)
    except CatalogError:  # the setup page says so, where it can be mended
        return None


def listing(catalog: Catalog, models: Path | None, ranking: pd.DataFrame | None) -> Listing:
    """The catalog laid out for browsing, made once for all sessions."""
    key = [str(catalog.directory), catalog.content_hash, suggestions.stamp(catalog)]
    key += [stamp(catalog)]
    if ranking is not None:
        key += [str(models), ranking.attrs["model"], ranking.attrs["date"]]
    return _listing(catalog, ranking, tuple(key))


def read_query(shelf: Listing) -> Query:
    """The query that the URL holds; what the catalog does not know is left out of it.

    Who comes back from another page finds the view as it was left: by a plain link, or by a step
    back that still carries the other page's item and nothing else.
    """
    state = st.session_state
    params = {name: st.query_params.get_all(name) for name in st.query_params}
    own = set(filter(_own, params))
    coming_back = "q" not in state and own <= {"item"}
    if coming_back and state.get("catalog_query_of") == shelf.catalog.content_hash:
        go(item=st.query_params.get("item", ""))
        params = state["catalog_query"].to_params()
    query = Query.from_params(params, shelf)
    state["catalog_query"] = query
    state["catalog_query_of"] = shelf.catalog.content_hash
    return query


def _own(name: str) -> bool:
    return name in OWN_PARAMS or name.startswith(PREFIX)


def shown() -> Query:
    """The query behind what is on the screen. For callbacks, which run before the page."""
    return st.session_state.get("catalog_query", Query())


def go(**changes: Any) -> None:
    """Show the current query with some changes, from its first page unless one is given.

    Callbacks start from the query that was last shown and not from the URL, since the browser may
    send its next click before it has heard of the new URL.
    """
    if not changes.keys() & {"page", "item", "view"}:
        changes["page"] = 1
    query = replace(shown(), **changes)
    st.session_state["catalog_query"] = query
    kept = {name: st.query_params.get_all(name) for name in st.query_params if not _own(name)}
    st.query_params.from_dict({**kept, **query.to_params()})


def filter_by(filters: Filters) -> None:
    """Show what these filters match."""
    go(filters=filters)


def selection(shelf: Listing) -> Selection:
    """The session's selection in this catalog."""
    if st.session_state.get("selection_of") != shelf.catalog.content_hash:
        st.session_state["selection_of"] = shelf.catalog.content_hash
        st.session_state["selection"] = Selection()
        st.session_state["selection_past"] = []
    return st.session_state["selection"]


def select(new: Selection, *, redraw: bool = True) -> None:
    """Replace the selection; the old one can be brought back.

    Args:
        new: what is picked now.
        redraw: False where the table itself was ticked and shows it already.
    """
    old = st.session_state["selection"]
    if new == old:
        return
    past = [*st.session_state["selection_past"], old]
    st.session_state["selection_past"] = past[-UNDO_STEPS:]
    st.session_state["selection"] = new
    if redraw:
        redraw_table()


def undo_selection() -> None:
    """Bring back the selection before the last change."""
    past = st.session_state["selection_past"]
    if past:
        st.session_state["selection"] = past[-1]
        st.session_state["selection_past"] = past[:-1]
        redraw_table()


def redraw_table() -> None:
    """Have the table drawn anew with the selection, since a table keeps its own ticks."""
    st.session_state["table_version"] = st.session_state.get("table_version", 0) + 1
