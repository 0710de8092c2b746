"""The export menu: what to take, in which format, in one download."""

import io
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from app.catalog_state import selection
from core.catalog.export import Style, about_table, export_frame, file_name, write_table
from core.catalog.query import Listing

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

        def make() -> io.BytesIO:
            rows = {whole: None, "Filtered view": found, "Selection": picked}[scope]
            frame = export_frame(shelf.catalog, ranking, rows, shelf.seen)
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / f"table{suffix}"
                write_table(frame, path, style, facts)
                return io.BytesIO(path.read_bytes())

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
            st.caption(f"Each row says its model, data hash and date ({facts['date'][:10]}).")
