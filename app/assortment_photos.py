"""Photos of items with a few words below, each a link to what is known of the item."""

from collections.abc import Sequence
from html import escape
from urllib.parse import urlencode

import streamlit as st

from app.photos import photo_url
from app.popularity_view import item_names
from core.catalog.catalog import Catalog

ITEM_VIEW = "This item"
"""Label of the page's tab that the links open."""
_PHOTO = (
    "width:100%;aspect-ratio:3/4;object-fit:contain;background:#fff;border-radius:6px;display:block"
)
_NONE = (
    "display:flex;aspect-ratio:3/4;align-items:center;justify-content:center;text-align:center;"
    "font-size:.75rem;border:1px solid rgba(128,128,128,.3);border-radius:6px;padding:4px"
)


def strip(
    catalog: Catalog, rows: Sequence[int], words: Sequence[Sequence[str]], width: int = 112
) -> None:
    """Draw items side by side, as many as fit in a row.

    Markdown gives the links a new tab of the browser, so that the edits of this one stay.

    Args:
        catalog: the items.
        rows: which of them.
        words: lines below each photo, the first one strong.
        width: least pixels of a photo.
    """
    cells = [
        cell(catalog, int(row), name, lines)
        for row, name, lines in zip(rows, item_names(catalog, rows), words, strict=True)
    ]
    st.markdown(
        f'<div style="display:grid;grid-template-columns:repeat(auto-fill,minmax({width}px,1fr));'
        f'gap:16px 12px;padding-bottom:24px">{"".join(cells)}</div>',
        unsafe_allow_html=True,
    )


def cell(catalog: Catalog, row: int, name: str, lines: Sequence[str]) -> str:
    """One item as HTML; every text is escaped here."""
    url = photo_url(catalog, row, width=192)
    picture = (
        f'<img src="{escape(url)}" alt="" loading="lazy" style="{_PHOTO}">'
        if url
        else f'<span style="{_NONE}">{_text(name)}</span>'
    )
    query = urlencode(dict(st.query_params) | {"item": str(catalog.ids[row]), "view": ITEM_VIEW})
    strong, *rest = lines
    told = "".join(f'<div style="opacity:.75">{_text(line)}</div>' for line in rest)
    label = _text(", ".join([name, *lines]))
    return (
        f'<a href="?{escape(query)}" title="{label}" aria-label="{label}" style="color:inherit;'
        f'text-decoration:none">{picture}<div style="font-size:.8rem;line-height:1.35;'
        f'font-variant-numeric:tabular-nums;margin-top:4px"><strong>{_text(strong)}</strong>{told}'
        "</div></a>"
    )


def _text(words: str) -> str:
    """Text inside HTML inside Markdown: on one line, with nothing that Markdown would format."""
    text = escape(" ".join(words.split()))
    for mark in "*_`$~[]:\\":
        text = text.replace(mark, f"&#{ord(mark)};")
    return text
