"""Which items of a range are edited, and how: the form of the assortment what-if."""

import numpy as np
import pandas as pd
import streamlit as st

from app.assortment_state import Tried
from app.assortment_words import edit_sentence, ending_words, items_sentence, step_sentence
from app.catalog_state import selection
from app.popularity_view import column_label
from app.words import label, plain
from core.catalog.catalog import Catalog
from core.catalog.facets import MISSING
from core.catalog.query import Filters, Listing
from core.catalog.roles import LEVEL_ROLES, Role
from core.catalog.selection import Selection
from core.explain.assortment import ENDINGS, Edit, Step
from core.popularity.additive import BlockModel
from core.popularity.columns import match_columns

FILTER, PICKED = "A filter", "The catalog's selection"
PRICE, DETAIL, DATE, DROP = "Price", "A detail", "Release date", "Drop"
NOT_GIVEN = "not given"


def show(model: BlockModel, shelf: Listing, tried: Tried) -> None:
    """Draw the form and the edits so far; an edit that was asked for is taken at once.

    Args:
        model: that predicts.
        shelf: the catalog.
        tried: the session's edits.
    """
    left, right = st.columns([3, 2], gap="large")
    with left:
        items = _items(shelf)
        edit = _edit(model, shelf.catalog)
        count = 0 if items is None else int(items.mask(shelf).sum())
        if items is not None and edit is not None:
            words = f"{edit_sentence(edit, shelf.catalog)}: {items_sentence(items, shelf.catalog)}"
            st.caption(words)
        # No callback: it would still hold the edit of the run before a last change of a field.
        asked = st.button(
            f"Edit {count:,} items" if count != 1 else "Edit 1 item",
            type="primary",
            key="assortment-add",
            disabled=not count or edit is None,
        )
        if asked and items is not None and edit is not None:
            tried.take((*tried.current, Step(edit, items)))
    with right:
        st.markdown("**Edits so far**")
        if not tried.current:
            st.caption(
                "None yet. Choose items and a change. Several edits follow each other; each is made"
                " to the items that match in the range as it is today."
            )
        for i, step in enumerate(tried.current):
            size = int(step.items.mask(shelf).sum())
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"{i + 1}. {step_sentence(step, size, shelf.catalog)}")
                st.button(
                    "Remove",
                    key=f"assortment-remove:{i}",
                    type="tertiary",
                    icon=":material/close:",
                    on_click=tried.take,
                    args=((*tried.current[:i], *tried.current[i + 1 :]),),
                )
        undo, reset = st.columns(2)
        undo.button(
            "Undo",
            key="assortment-undo",
            disabled=len(tried.history) < 2,
            width="stretch",
            on_click=tried.undo,
        )
        reset.button(
            "Reset",
            key="assortment-reset",
            disabled=not tried.current,
            width="stretch",
            on_click=tried.take,
            args=((),),
        )


def _items(shelf: Listing) -> Selection | None:
    picked = selection(shelf)
    size = int(picked.mask(shelf).sum())
    kind = st.segmented_control(
        "Which items",
        [FILTER, PICKED],
        default=FILTER,
        required=True,
        format_func=lambda k: f"{k} ({size:,})" if k == PICKED else k,
        key="assortment-items",
    )
    if kind == PICKED:
        if not size:
            st.info("Nothing is selected yet. Tick items on the **Catalog** page, then come back.")
            return None
        return picked
    filters = Filters()
    cells = st.columns(2)
    everything = np.ones(len(shelf.catalog), dtype=bool)
    first = [facet for facet in shelf.facets if facet.first and facet.column in shelf.catalog.roles]
    for i, facet in enumerate(first):
        counts = dict(zip(facet.levels, facet.counts(everything), strict=True))
        chosen = cells[i % 2].multiselect(
            plain(label(facet.column)),
            facet.levels,
            format_func=lambda v, n=counts: f"{NOT_GIVEN if v == MISSING else v} · {n[v]:,}",
            placeholder=f"Any of {len(facet.levels):,}",
            key=f"assortment-levels:{shelf.catalog.content_hash[:8]}:{facet.column}",
        )
        filters = filters.with_levels(facet.column, chosen)
    price = shelf.catalog.column(Role.PRICE)
    if price in shelf.spans:
        low, high = shelf.spans[price]
        currency = f" ({shelf.catalog.currency})" if shelf.catalog.currency else ""
        spots = cells[len(first) % 2].columns(2)
        ends = [
            spot.number_input(
                f"{name}{currency}",
                value=None,
                min_value=0.0,
                placeholder=f"{end:,.2f}",
                key=f"assortment-{name}:{shelf.catalog.content_hash[:8]}",
            )
            for spot, name, end in zip(spots, ("Price from", "to"), (low, high), strict=True)
        ]
        filters = filters.with_span(price, ends[0], ends[1])
    return Selection(scope=filters)


def _edit(model: BlockModel, catalog: Catalog) -> Edit | None:
    read = set(match_columns(model.features, catalog).values())
    price, date = catalog.column(Role.PRICE), catalog.column(Role.RELEASE_DATE)
    details = [
        c for c, r in catalog.roles.items() if r in LEVEL_ROLES and c in catalog.frame.columns
    ]
    kinds = [
        kind
        for kind, there in ((PRICE, price), (DETAIL, details), (DATE, date), (DROP, True))
        if there
    ]
    kind = st.segmented_control(
        "What changes", kinds, default=kinds[0], required=True, key="assortment-kind"
    )
    edit = None
    if kind == PRICE and price:
        edit = _price(price)
    elif kind == DETAIL:
        edit = _detail(catalog, details)
    elif kind == DATE and date:
        weeks = st.number_input(
            "Weeks later (earlier below 0)",
            value=2,
            min_value=-104,
            max_value=104,
            key="assortment-weeks",
            width=240,
        )
        edit = Edit("shift", date, float(weeks)) if weeks else None
    elif kind == DROP:
        st.caption("The items leave the range; all others keep their predictions.")
        edit = Edit("drop")
    if edit is not None and edit.column and edit.column not in read:
        name = plain(column_label(edit.column, catalog.roles))
        st.caption(
            f":material/info: This model does not read {name}, so its predictions stay as they are."
        )
    return edit


def _price(column: str) -> Edit | None:
    change, ending = st.columns(2)
    percent = change.number_input(
        "Per cent", value=-10.0, min_value=-95.0, max_value=300.0, step=5.0, format="%g",
        key="assortment-percent",
    )  # fmt: skip
    end = ending.selectbox(
        "Prices are rounded",
        [ENDINGS[0], *ENDINGS[1:], None],
        format_func=ending_words,
        key="assortment-ending",
    )
    return Edit("scale", column, float(percent), end) if percent or end is not None else None


def _detail(catalog: Catalog, details: list[str]) -> Edit | None:
    names, values = st.columns(2)
    column = names.selectbox(
        "Detail",
        details,
        format_func=lambda c: column_label(c, catalog.roles),
        key=f"assortment-detail:{catalog.content_hash[:8]}",
    )
    counts = catalog.frame[column].value_counts()
    levels = [str(level) for level in counts.index[:200] if counts[level]]
    value = values.selectbox(
        "Becomes",
        [*sorted(levels), NOT_GIVEN],
        index=None,
        placeholder="Choose, or type another",
        accept_new_options=True,
        key=f"assortment-value:{column}",
    )
    if value is None or pd.isna(value) or not str(value).strip():
        return None
    return Edit("set", column, None if value == NOT_GIVEN else str(value).strip())
