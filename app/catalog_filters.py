"""The filters beside the grid: levels with counts, ranges. In a drawer on a phone."""

import math

import numpy as np
import streamlit as st

from app import detections
from app.catalog_state import filter_by, shown
from app.words import label, plain
from core.catalog.facets import MISSING, SEEN, WORN, Facet
from core.catalog.query import Filters, Listing, Query
from core.catalog.roles import Role

PILLS = 8
"""Up to so many levels are all shown; more are listed on demand."""


def filters_panel(shelf: Listing, query: Query) -> None:
    """Draw the filters into the sidebar."""
    counts = shelf.counts(query.filters)
    price = shelf.catalog.column(Role.PRICE)
    with st.sidebar:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader("Filters", anchor=False)
            st.space("stretch")
            st.button(
                "Clear",
                key="clear_filters",
                type="tertiary",
                disabled=not query.filters,
                on_click=filter_by,
                args=(Filters(),),
            )
        for facet in shelf.facets:
            if facet.first:
                _levels(facet, counts[facet.column], query)
        detections.note(shelf)
        if price in shelf.spans:
            _span(shelf, price, query)
        more = [f for f in shelf.facets if not f.first]
        spans = [column for column in shelf.spans if column != price]
        if more or spans:
            used = sum(bool(query.filters.chosen(f.column)) for f in more)
            used += sum(query.filters.span(column) != (None, None) for column in spans)
            with st.expander(f"More filters ({used} set)" if used else "More filters"):
                for facet in more:
                    _levels(facet, counts[facet.column], query)
                for column in spans:
                    _span(shelf, column, query)


def _levels(facet: Facet, counts: np.ndarray, query: Query) -> None:
    chosen = query.filters.chosen(facet.column)
    count_of = dict(zip(facet.levels, counts.tolist(), strict=True))
    options = [level for level in facet.levels if count_of[level] or level in chosen]
    key = f"levels:{facet.column}"
    # The URL is what is true. Labels hold counts, so the widget is told its value every time.
    st.session_state[key] = [level for level in options if level in chosen]

    def changed() -> None:
        filter_by(shown().filters.with_levels(facet.column, st.session_state[key] or ()))

    nothing = "Not looked at" if facet.column in (SEEN, WORN) else "Not given"

    def named(level: str) -> str:
        return f"{nothing if level == MISSING else level} · {count_of[level]:,}"

    if len(facet.levels) <= PILLS:
        st.pills(
            plain(label(facet.column)),
            options,
            selection_mode="multi",
            format_func=lambda level: plain(named(level)),
            key=key,
            on_change=changed,
        )
    else:
        st.multiselect(
            plain(label(facet.column)),
            options,
            format_func=named,
            key=key,
            on_change=changed,
            placeholder=f"Any of {len(options):,}",
        )


def _span(shelf: Listing, column: str, query: Query) -> None:
    step, low, high = _scale(*shelf.spans[column])
    wanted = query.filters.span(column)
    ends = [low if wanted[0] is None else wanted[0], high if wanted[1] is None else wanted[1]]
    key = f"span:{column}"
    st.session_state[key] = tuple(sorted(min(max(type(low)(end), low), high) for end in ends))

    def changed() -> None:
        a, b = st.session_state[key]
        filters = shown().filters
        filter_by(filters.with_span(column, None if a <= low else a, None if b >= high else b))

    currency = shelf.catalog.currency if shelf.catalog.roles[column] == Role.PRICE else ""
    name = f"{label(column)} ({currency})" if currency else label(column)
    st.slider(plain(name), low, high, step=step, key=key, on_change=changed)


def _scale(low: float, high: float) -> tuple[float, float, float]:
    """A round step, and the ends of a slider in whole steps; integers where that is enough."""
    power = math.floor(math.log10((high - low) / 50))
    step = 10.0**power
    below, above = math.floor(low / step), math.ceil(high / step)
    if power >= 0:
        return int(step), below * int(step), above * int(step)
    return step, round(below * step, -power), round(above * step, -power)
