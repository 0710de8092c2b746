"""The closest past items of an item: what they sold, and how much they disagree."""

from collections.abc import Sequence
from html import escape
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app.catalogs import photo_url
from app.look_search import photo_vectors
from app.popularity_source import gone, trained_catalog
from app.popularity_view import CONFIG, item_names, layout
from app.words import colours
from core.catalog.catalog import Catalog
from core.errors import CheckpointMissing
from core.explain.evidence import Evidence, Nearest, PastItem, evidence
from core.explain.past import NEAR_SHARE, By, Past
from core.explain.wording import about
from core.popularity.scoreboard import Scoreboard

HEADINGS: dict[By, str] = {
    "attributes": "Alike by details",
    "photo": "Alike by photo",
    "both": "Alike by both",
}
MISSING = {
    "past": "Of no other item were the sales known when this one was released.",
    "photo": "This item has no photo that was read, so it cannot be compared by photo.",
    "photos": "The photos of past items have not been read yet. Open an item on the **Catalog**"
    " page and choose *Find similar items*.",
}


def past_of(catalog: Catalog, board: Scoreboard) -> Past | None:
    """The items whose sales are known: of the catalog that the models learned from; None if gone.

    Read once and shared; treat it as read-only.
    """
    trained = trained_catalog(catalog, board)
    if trained is None or trained.target() is None:
        return None
    vectors = _vectors(trained)
    shape = () if vectors is None else vectors.shape
    return _past(str(trained.directory), trained.content_hash, shape, trained, vectors)


@st.cache_resource(max_entries=2, show_spinner="Comparing past items")
def _past(
    directory: str,
    content_hash: str,
    shape: tuple[int, ...],
    _catalog: Catalog,
    _vectors: np.ndarray | None,
) -> Past:
    return Past.of(_catalog, _vectors)


def _vectors(catalog: Catalog) -> np.ndarray | None:
    try:
        return photo_vectors(catalog)
    except CheckpointMissing:
        return None


def show(catalog: Catalog, board: Scoreboard, line: pd.Series, row: int) -> None:
    """Draw the evidence for one item.

    Args:
        catalog, row: the item.
        board: of the models that rank the catalog.
        line: the item's line in the ranking.
    """
    st.markdown("**Closest past items**")
    past = past_of(catalog, board)
    if past is None:
        st.info(gone(board, "there are no past items to show"))
        return
    vectors = _vectors(catalog)
    photo = None if vectors is None else np.asarray(vectors[row], dtype=np.float32)
    found = evidence(past, catalog, row, photo)
    if all(kind.missing == "past" for kind in found.kinds):
        st.info(MISSING["past"])
        return
    if found.cold_start:
        st.badge("No similar past item", icon=":material/ac_unit:", color="orange")
        st.caption(
            "Even the closest past items are farther away than for"
            f" {NEAR_SHARE * 100:.0f} of 100 items of the past: read the prediction with care."
        )
    figure, alt = evidence_chart(found, line, board.unit)
    st.plotly_chart(figure, config=CONFIG, alt=alt, key="evidence")
    for place, kind in zip(st.columns(len(found.kinds), gap="medium"), found.kinds, strict=True):
        with place:
            _column(past, kind, board.unit, linked=past.catalog.directory == catalog.directory)
    if past.catalog.directory == catalog.directory:
        # The same tab would load the page anew, without the edits that it holds.
        st.caption("Photos open the item in a new tab.")
    with st.popover("How is this computed?", key="how-evidence"):
        _method(found)


def _column(past: Past, kind: Nearest, unit: str, *, linked: bool) -> None:
    st.markdown(f"**{HEADINGS[kind.by]}**")
    if kind.missing:
        st.caption(MISSING[kind.missing])
        return
    st.caption(sentence(kind, unit))
    names = item_names(past.catalog, [item.row for item in kind.items])
    st.html(_photos(past.catalog, kind.items, names, unit, linked=linked))


def sentence(kind: Nearest, unit: str) -> str:
    """What the closest sold: ``8 items mostly sold 130 to 366 units.``"""
    if len(kind.items) == 1:
        words = f"1 item sold {kind.median:,.0f} {unit}."
    else:
        ends = (kind.low, kind.high)
        low, middle, high = (about(v, *ends) for v in (kind.low, kind.median, kind.high))
        words = (
            f"{len(kind.items)} items mostly sold {low} to {high} {unit}, half of them over"
            f" {middle}."
        )
    return words + (" None of them is near." if kind.is_near is False else "")


def _photos(
    catalog: Catalog, items: Sequence[PastItem], names: list[str], unit: str, *, linked: bool
) -> str:
    figures = []
    for item, name in zip(items, names, strict=True):
        url = photo_url(catalog, item.row, width=192)
        told = f"{name}: {item.sold:,.0f} {unit}" + (
            f", released {item.released}" if item.released else ""
        )
        picture = (
            f'<img src="{escape(url)}" alt="" loading="lazy" style="width:100%;aspect-ratio:3/4;'
            'object-fit:contain;background:#fff;border-radius:4px">'
            if url
            else '<span style="display:flex;aspect-ratio:3/4;align-items:center;justify-content:'
            f'center;text-align:center;font-size:.7rem;opacity:.8">{escape(name)}</span>'
        )
        picture += f'<span style="font-variant-numeric:tabular-nums">{item.sold:,.0f}</span>'
        label = f'title="{escape(told)}" aria-label="{escape(told)}"'
        style = 'style="display:block;color:inherit;text-decoration:none"'
        if linked:
            query = urlencode(dict(st.query_params) | {"item": item.item_id})
            figures.append(
                f'<a href="?{escape(query)}" target="_blank" {label} {style}>{picture}</a>'
            )
        else:
            figures.append(f'<span role="img" {label} {style}>{picture}</span>')
    return (
        '<div style="display:grid;grid-template-columns:repeat(4,1fr);gap:8px;font-size:.8rem;'
        f'text-align:center">{"".join(figures)}</div>'
    )


def evidence_chart(found: Evidence, line: pd.Series, unit: str) -> tuple[go.Figure, str]:
    """The prediction, and below it what the closest items of each kind sold; and in words.

    Args:
        found: the closest past items.
        line: the item's ``predicted``, ``low`` and ``high``.
        unit: of the target.
    """
    tone = colours()
    numbers = (line["predicted"], line["low"], line["high"])
    rows = [("This item, predicted", *numbers, [])] + [
        (HEADINGS[k.by], k.median, k.low, k.high, [i.sold for i in k.items])
        for k in found.kinds
        if k.items
    ]
    figure = go.Figure()
    words = []
    for label, middle, low, high, sold in reversed(rows):
        shade = tone["context"] if sold else tone["raises"]
        span = (low, high)
        told = f"{about(middle, *span)}, {about(low, *span)} to {about(high, *span)} {unit}"
        words.append(f"{label}: {told}")
        figure.add_scatter(
            x=[low, high], y=[label, label], mode="lines", line={"color": shade, "width": 4},
            hoverinfo="skip",
        )  # fmt: skip
        figure.add_scatter(
            x=sold, y=[label] * len(sold), mode="markers",
            marker={"color": tone["ink"], "size": 7, "opacity": 0.7},
            hovertemplate=f"sold %{{x:,.0f}} {unit}<extra></extra>",
        )  # fmt: skip
        figure.add_scatter(
            x=[middle], y=[label], mode="markers",
            marker={"size": 16, "symbol": "line-ns", "line": {"width": 4, "color": shade}},
            hovertemplate=f"{told}<extra></extra>",
        )  # fmt: skip
    layout(figure, 70 + 36 * len(rows))
    figure.update_xaxes(
        title=unit[:1].upper() + unit[1:], gridcolor=tone["line"], rangemode="tozero",
        zeroline=False,
    )  # fmt: skip
    return figure, "Prediction and closest past items. " + "; ".join(reversed(words)) + "."


def _method(found: Evidence) -> None:
    st.markdown(
        "Past items are those whose sales were known when this one was released; items of its"
        " own style are left out, and of each other style the closest counts. Dots in the chart are"
        " what they sold, a bar holds the middle 80 % of them, its mark is the median. The bar of"
        " the prediction is its 90 % range."
    )
    st.markdown(
        "*Details* are the columns known at launch, each scaled so that two random past items"
        " differ by 1 in it (Gower's distance), the category with three times the weight; the"
        " photo is compared by its CLIP vector, scaled"
        " the same way. *Near* means closer than the closest earlier item was for"
        f" {NEAR_SHARE * 100:.0f} of 100 past items."
    )
    rows = [
        (
            HEADINGS[k.by],
            f"{k.items[0].distance:.2f}",
            "not known" if k.limit is None else f"{k.limit:.2f}",
        )
        for k in found.kinds
        if k.items
    ]
    if rows:
        columns = ["Kind", "Distance of the closest", "Near is up to"]
        st.table(pd.DataFrame(rows, columns=columns).set_index("Kind"))
