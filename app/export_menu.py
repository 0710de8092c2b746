"""The export menu: what to take, in which format, in one download."""

import numpy as np
import pandas as pd
import streamlit as st

from app import item_report
from app.catalog_state import selection
from core.catalog.export import Style, about_table, export_frame, file_name, table_bytes
from core.catalog.query import Listing
from core.errors import FashionError
from core.explain.report_file import MOST_ITEMS

FORMATS: dict[str, tuple[str, Style, str]] = {
    "Excel workbook": (".xlsx", "excel", "Text stays text, ids keep their zeros."),
    "CSV for Excel": (
        ".csv",
        "excel",
        "Opens with a double click. Text that Excel would run as a formula, or codes that it would"
        " read as numbers, start with an apostrophe.",
    ),
    "CSV for programs": (".csv", "machines", "Exact values, nothing added."),
    "Parquet": (".parquet", "machines", "Exact values with their types."),
}


def export_menu(
    shelf: Listing, ranking: pd.DataFrame | None, found: np.ndarray, *, filtered: bool
) -> None:
    """A popover with scope, format and the download.

    It offers what was narrowed down last: the selection, else the filtered view, else everything.

    Args:
        shelf: the catalog.
        ranking: its ranking, or None.
        found: row positions of the filtered view, in its order.
        filtered: whether that is less than the catalog.
    """
    picked = shelf.order(selection(shelf).mask(shelf))
    whole = "Whole ranking" if ranking is not None else "Whole catalog"
    scopes = {whole: len(shelf.catalog), "Filtered view": len(found), "Selection": len(picked)}
    narrowed = "Selection" if len(picked) else "Filtered view" if filtered and len(found) else whole
    offered = [name for name, size in scopes.items() if size]
    with st.popover("Export", icon=":material/download:"):
        scope = st.radio(
            "What",
            offered,
            index=offered.index(narrowed),
            format_func=lambda s: f"{s} · {scopes[s]:,} items",
            key=f"export_scope:{narrowed}",  # a new one starts at its index
        )
        kind = st.radio("Format", list(FORMATS), key="export_format")
        suffix, style, hint = FORMATS[kind]
        st.caption(hint)
        facts = about_table(shelf.catalog, ranking)
        rows = {whole: None, "Filtered view": found, "Selection": picked}[scope]

        def make() -> bytes:
            made_of = None if ranking is None else item_report.known_columns(shelf.catalog, ranking)
            frame = export_frame(shelf.catalog, ranking, rows, shelf.seen, made_of)
            return table_bytes(frame, suffix, style, facts)

        st.download_button(
            "Download",
            make,
            file_name=file_name(
                shelf.catalog.name,
                scope,
                facts.get("model", "unranked"),
                facts.get("date", "")[:10],
                suffix=suffix,
            ),
            type="primary",
            width="stretch",
            on_click="ignore",
        )
        if ranking is None:
            st.caption("No model ranks this catalog, so the file holds no predictions.")
        else:
            st.caption(
                f"Each row says its model, data hash and date ({facts['date'][:10]}), and what its"
                " prediction is most made of. Where the model takes long for that, explain all"
                " items on the **Popularity** page first."
            )
            _report(shelf, ranking, np.arange(len(shelf.catalog)) if rows is None else rows)


def _report(shelf: Listing, ranking: pd.DataFrame, rows: np.ndarray) -> None:
    """Draw the button that makes a report on the items, its progress, and its download."""
    count = min(len(rows), MOST_ITEMS)
    key = (shelf.catalog.content_hash, *(ranking.attrs[k] for k in ("model", "date")), *rows)
    st.divider()
    items = "1 item" if count == 1 else f"{count:,} items"
    if st.button(f"Make a report on {items}", icon=":material/print:", width="stretch"):
        bar = st.progress(0.0, "Opening the model")

        def progress(done: int, total: int) -> None:
            bar.progress(done / total, f"{done:,} of {total:,} pages")

        try:
            text = item_report.ranked_document(shelf.catalog, ranking, rows, progress)
            st.session_state["report"] = (hash(key), text)
        except FashionError as error:
            st.error(str(error))
        bar.empty()
    made = st.session_state.get("report")
    if made is not None and made[0] == hash(key):
        st.download_button(
            "Download the report",
            made[1],
            file_name=file_name(shelf.catalog.name, items, "report", suffix=".html"),
            mime="text/html",
            type="primary",
            width="stretch",
            on_click="ignore",
        )
    more = f" It holds the {MOST_ITEMS} best ranked." if len(rows) > MOST_ITEMS else ""
    st.caption(f"A page an item to print, or to save as PDF from the browser.{more}")
