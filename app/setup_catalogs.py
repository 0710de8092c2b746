"""The catalogs of the setup page: the one that is open, the others, what was read, import."""

from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from app import detections, import_form, suggestions
from app.catalogs import current_catalog, list_catalogs, photo_url, select_catalog
from app.popularity_view import item_names
from app.words import plain
from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.catalog.summary import summary
from core.errors import CatalogError

PHOTOS = 12


def front(catalog: Catalog) -> None:
    """Draw the open catalog: its name, a strip of its photos, and its counts."""
    st.subheader(plain(catalog.name), anchor=False)
    _strip(catalog)
    facts = [f"**{len(catalog):,}** items"]
    photos = _with_photo(catalog)
    if photos.any():
        facts.append(f"**{int(photos.sum()):,}** with a photo")
    target = catalog.target()
    if target is None:
        facts.append("no popularity column")
    else:
        facts.append(f"**{int(target.notna().sum()):,}** with known {catalog.unit}")
    day = catalog.column(Role.RELEASE_DATE)
    if day is not None and catalog.frame[day].notna().any():
        dates = catalog.frame[day]
        facts.append(f"released {dates.min():%b %Y} to {dates.max():%b %Y}")
    st.markdown(" · ".join(facts))
    if catalog.notice:
        st.caption(catalog.notice)


def _with_photo(catalog: Catalog) -> np.ndarray:
    found = np.zeros(len(catalog), dtype=bool)
    for column in catalog.columns(Role.IMAGE):
        cells = catalog.frame[column]
        found |= (cells.notna() & (cells != "")).to_numpy()
    return found


def _strip(catalog: Catalog) -> None:
    rows = np.flatnonzero(_with_photo(catalog))
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(PHOTOS, len(rows))).astype(int))]
    names = item_names(catalog, rows)
    shown = [
        (name, url)
        for name, row in zip(names, rows, strict=True)
        if (url := photo_url(catalog, int(row), 192))
    ]
    if not shown:
        return
    # st.image takes no address of this server itself.
    photos = "".join(
        f'<img src="{escape(url)}" alt="{escape(name)}" title="{escape(name)}" style="height:150px;'
        'border-radius:6px;background:#fff;flex:none">'
        for name, url in shown
    )
    # One row of whole photos; those that do not fit wrap out of sight.
    st.html(
        '<div style="display:flex;flex-wrap:wrap;gap:8px;height:150px;overflow:hidden">'
        f"{photos}</div>"
    )


def show() -> None:
    """Draw the list of catalogs, the import form, and what was read into the open one."""
    try:
        current = current_catalog()
    except CatalogError:  # told at the top of the page
        current = None
    for slug, directory in list_catalogs().items():
        is_open = current is not None and directory.name == current.directory.name
        _entry(slug, directory, is_open=is_open)
    # Kept, so that the drawer stays open for the report of the first import.
    first = st.session_state.setdefault("first_import", not list_catalogs())
    importing = st.expander(
        "Import a catalog", expanded=first, key="import-drawer", on_change="rerun"
    )
    if importing.open:
        with importing:
            import_form.show()
    if current is not None:
        suggestions.for_catalog(current)
        detections.for_catalog(current)
        _details(current)


def _entry(slug: str, directory: Path, *, is_open: bool) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        try:
            found = summary(directory)
        except CatalogError as error:
            st.warning(str(error))
            return
        known = f"{found.items:,} items"
        known += f", {found.unit} known" if found.target else ", no popularity column"
        origin = [str(found.provenance.get(k, "")) for k in ("source", "imported")]
        origin = [origin[0], f"imported {origin[1][:10]}" if origin[1] else ""]
        said = [known, *origin, found.notice]
        with st.container(gap=None):
            st.markdown(f"**{plain(found.name)}**")
            st.caption(" · ".join(plain(part.rstrip(".")) for part in said if part))
        st.button(
            "Open" if not is_open else "Is open",
            key=f"open:{slug}",
            disabled=is_open,
            on_click=select_catalog,
            args=(slug,),
            help=None if is_open else f"Show {plain(found.name)} on every page",
        )


def _details(catalog: Catalog) -> None:
    with st.expander(f"What was read into “{plain(catalog.name)}”"):
        kinds = {column: import_form.ROLE_WORDS[role] for column, role in catalog.roles.items()}
        kept = [c for c in catalog.frame.columns if c not in kinds]
        late = [c for c in catalog.frame.columns if c in catalog.post_launch]
        rows = [
            (column, kinds[column] + (", known only after launch" if column in late else ""))
            for column in catalog.frame.columns
            if column in kinds
        ]
        st.dataframe(
            pd.DataFrame(rows, columns=["Column of the source", "What it means"]),
            hide_index=True,
            alt="Columns of the source and what they mean",
        )
        if kept:
            st.caption("Kept for exports, never learned from: " + ", ".join(map(str, kept)) + ".")
        for line in _account(catalog.provenance):
            st.caption(line)
        st.caption(f"Data {catalog.content_hash[:12]}, in {catalog.directory}.")


def _account(provenance: Any) -> list[str]:
    """What the importer read, left out, and found wrong, in sentences."""
    lines = []
    rows = provenance.get("rows_read")
    if rows:
        lines.append(f"{rows:,} rows read, {provenance.get('items', rows):,} items.")
    for key, words in (("skipped", "Left out"), ("problems", "Kept with a problem")):
        counts = provenance.get(key) or {}
        if counts:
            told = ", ".join(f"{n:,} × {what}" for what, n in counts.items())
            lines.append(f"{words}: {told}.")
    return [*lines, *map(str, provenance.get("notes", []))]
