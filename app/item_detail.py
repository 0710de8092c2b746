"""One item in a dialog: photos, prediction, fields, similar items, and where to go next."""

from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from app import detections, look_map
from app.catalog_grid import grid, titles
from app.catalog_state import go, select, selection, shown
from app.look_search import photo_vectors, read_photos, similar_items
from app.photos import photo_url
from app.suggestions import beside_item
from app.words import capital, colours, interval, label, plain
from core.catalog.query import Listing
from core.catalog.roles import Role
from core.errors import FashionError
from core.explain.wording import about, money

PAGES = Path(__file__).resolve().parents[1] / "pages"
LONG = {Role.DESCRIPTION, Role.REVIEW}


def item_dialog(shelf: Listing, item: str) -> None:
    """Open the dialog of an item; closing it takes the item out of the URL."""
    row = shelf.catalog.row(item)
    title = titles(shelf, np.array([row]))[0]

    def closed() -> None:
        go(item="")

    @st.dialog(plain(title), width="large", on_dismiss=closed)
    def dialog() -> None:
        if shown().item != item:
            st.rerun()
        _body(shelf, row)

    dialog()


def _body(shelf: Listing, row: int) -> None:
    item = shelf.catalog.ids[row]
    left, right = st.columns([3, 6], gap="large")
    with left:
        _photos(shelf, row)
    with right:
        _prediction(shelf, row)
        _actions(shelf, item)
        beside_item(shelf.catalog, row)
        _fields(shelf, row)
        detections.beside_item(shelf, row)
    _similar(shelf, row)


def _similar(shelf: Listing, row: int) -> None:
    catalog = shelf.catalog
    if not catalog.image_paths(row):
        return
    try:
        vectors = photo_vectors(catalog)
        if vectors is None:
            asked = st.button("Find similar items", icon=":material/image_search:")
            st.caption(f"Reads the photos of all {len(catalog):,} items once.")
            if not asked:
                return
            read_photos(catalog)
            st.rerun(scope="fragment")
        rows = similar_items(shelf, row, vectors)
    except FashionError as error:
        st.warning(str(error))
        return
    if not len(rows):
        return
    item = catalog.ids[row]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Similar items**")
        st.space("stretch")
        st.button(
            "Sort all by likeness",
            type="tertiary",
            key=f"like:{item}",
            on_click=lambda: go(like=item, look="", item="", sort="similar", page=1),
        )
    grid(shelf, rows, key=f"similar:{item}", label="Similar items", small=True)


def _photos(shelf: Listing, row: int) -> None:
    catalog = shelf.catalog
    count = len(catalog.image_paths(row))
    if not count:
        st.info("This item has no photo in the catalog.")
        return
    place = st.container()
    chosen = 0
    if count > 1:
        chosen = st.segmented_control(
            "Photo",
            list(range(count)),
            default=0,
            required=True,
            format_func=lambda i: f"Photo {i + 1}",
            label_visibility="collapsed",
            key=f"photo:{catalog.ids[row]}",
        )
    name = titles(shelf, np.array([row]))[0]
    url = photo_url(catalog, row, 768, int(chosen or 0)) or ""
    # st.image takes no address of this server itself.
    place.html(
        f'<img src="{escape(url)}" alt="{escape(f"Photo of {name}")}" style="display:block;'
        "width:100%;max-height:70vh;object-fit:contain;background:#fff;"
        'border-radius:6px;border:1px solid rgba(128,128,128,.25)">'
    )
    look_map.beside_photo(shelf, row, name)


def _prediction(shelf: Listing, row: int) -> None:
    catalog = shelf.catalog
    price, target = catalog.column(Role.PRICE), catalog.target()
    facts = []
    if price is not None and pd.notna(catalog.frame[price].iloc[row]):
        facts.append(money(catalog.frame[price].iloc[row], catalog.currency))
    score = shelf.scores.iloc[row]
    ranked = shelf.ranked and pd.notna(score["rank"])
    if ranked:
        facts.insert(0, f"Rank {score['rank']:,.0f} of {len(catalog):,}")
    if facts:
        st.markdown(plain(" · ".join(facts)))
    actual = None if target is None or pd.isna(target.iloc[row]) else float(target.iloc[row])
    if ranked:
        low, middle, high = (float(score[c]) for c in ("low", "predicted", "high"))
        words = interval(middle, low, high)
        st.markdown(f"#### {capital(words)} {shelf.unit}")
        st.html(_bar(low, middle, high, actual if shelf.comparable else None))
        if actual is not None:
            st.caption(f"Actual: {actual:,.0f} {catalog.unit}")
        with st.popover("How is this computed?", type="tertiary"):
            st.markdown(_basis(score, shelf.unit))
    elif actual is not None:
        st.markdown(f"#### {actual:,.0f} {catalog.unit}")


def _basis(score: pd.Series, unit: str) -> str:
    low, high = float(score["low"]), float(score["high"])
    inner = [about(float(score[c]), low, high) for c in ("low_80", "high_80")]
    seen = (
        "This item is in the training data, so the number comes from a model that had not seen it"
        " or its style."
        if score["basis"] == "out_of_fold"
        else "The model had not seen this item."
    )
    return (
        f"The number is the middle prediction: half of such items should sell more, half less. Of"
        f" 100 items predicted like this, about 90 should end between {about(low, low, high)} and"
        f" {about(high, low, high)} {unit}, and about 80 between {inner[0]} and {inner[1]}. The"
        f" mean is {about(float(score['expected']), low, high)} {unit}. {seen}"
    )


def _bar(low: float, middle: float, high: float, actual: float | None) -> str:
    tone = colours()
    top = 1.08 * max(high, actual or 0.0)

    def at(value: float) -> str:
        return f"{100 * value / top:.2f}%"

    ticks = [(middle, tone["raises"])] + ([] if actual is None else [(actual, tone["lowers"])])
    marks = "".join(
        f'<div style="position:absolute;top:-4px;width:3px;height:14px;border-radius:2px;'
        f'left:{at(value)};margin-left:-1.5px;background:{colour}"></div>'
        for value, colour in ticks
    )
    return (
        f'<div aria-hidden="true" style="position:relative;height:6px;margin:6px 0 10px;'
        f'border-radius:3px;background:{tone["line"]}"><div style="position:absolute;inset:0 auto'
        f" 0 {at(low)};width:{at(high - low)};border-radius:3px;opacity:.45;"
        f'background:{tone["raises"]}"></div>{marks}</div>'
    )


def _actions(shelf: Listing, item: str) -> None:
    kept = {k: st.query_params[k] for k in ("catalog", "models") if k in st.query_params}
    picked = bool(selection(shelf).mask(shelf)[shelf.catalog.row(item)])
    with st.container(horizontal=True, vertical_alignment="center"):
        if shelf.ranked:
            st.page_link(
                PAGES / "popularity.py",
                label="Explain",
                icon=":material/bar_chart:",
                query_params={**kept, "item": item},
            )
        st.page_link(
            PAGES / "tryon.py",
            label="Try on",
            icon=":material/checkroom:",
            query_params={**kept, "garment": item},
        )

        def toggle() -> None:
            select(st.session_state["selection"].pick(shelf, {item: not picked}))

        st.button(
            "Selected" if picked else "Select",
            icon=":material/check_box:" if picked else ":material/check_box_outline_blank:",
            type="tertiary",
            key=f"pick:{item}",
            on_click=toggle,
        )


def _fields(shelf: Listing, row: int) -> None:
    catalog = shelf.catalog
    pairs: list[tuple[str, str]] = []
    longer: list[tuple[str, str]] = []
    for column in catalog.frame.columns:
        role = catalog.roles.get(column)
        value = catalog.frame[column].iloc[row]
        if role in (Role.IMAGE, Role.TITLE, Role.PRICE, Role.TARGET) or pd.isna(value):
            continue
        text = _text(value)
        if role in LONG or len(text) > 80:
            longer.append((label(column), text))
        elif text:
            pairs.append(("Id" if role == Role.ID else label(column), text))
    for name, text in longer:
        if name == label(catalog.column(Role.DESCRIPTION) or ""):
            st.html(f'<p style="margin:0;white-space:pre-line">{escape(text)}</p>')
    muted = "opacity:.62;font-size:.85em"
    st.html(
        '<dl style="display:grid;grid-template-columns:repeat(auto-fill,minmax(140px,1fr));'
        'gap:12px 16px;margin:8px 0 0;padding:0">'
        + "".join(
            f'<div><dt style="{muted}">{escape(name)}</dt>'
            f'<dd style="margin:0;overflow-wrap:anywhere">{escape(text)}</dd></div>'
            for name, text in pairs
        )
        + "</dl>"
    )
    for name, text in longer:
        if name != label(catalog.column(Role.DESCRIPTION) or ""):
            with st.expander(plain(name)):
                st.text(text)


def _text(value: object) -> str:
    if isinstance(value, pd.Timestamp):
        return f"{value.day} {value:%B %Y}"
    if isinstance(value, float):
        return f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"
    return str(value).strip()
