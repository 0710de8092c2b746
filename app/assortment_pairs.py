"""Near-identical items of a range side by side, with how near they are and both predictions."""

from html import escape

import streamlit as st

from app.assortment_photos import cell
from app.popularity_view import column_label, item_names
from core.catalog.catalog import Catalog
from core.explain.assortment_outcome import Outcome
from core.explain.competing import MOST_ITEMS, PRICE_APART, WEEKS_APART, Pair
from core.explain.wording import about, ordinal
from core.popularity.twins import NEAR_COSINE

SHOWN = 8


def show(pairs: list[Pair], found: Outcome, catalog: Catalog, unit: str, *, photos: bool) -> None:
    """Draw the pairs, those of different styles before variants of one.

    Args:
        pairs: of `core.explain.competing.near_pairs`.
        found: the predictions with the edits.
        catalog: the range.
        unit: of the predictions.
        photos: whether photos have been read, so that they are compared.
    """
    st.markdown("**Near-identical items that may compete**")
    if not photos:
        st.caption(
            "Photos have not been read yet, so only details are compared. Open an item on the"
            " Catalog page and choose *Find similar items* to have them read."
        )
    if not pairs:
        st.caption("None among the items that were compared.")
        return
    others = [pair for pair in pairs if not pair.same_style]
    variants = [pair for pair in pairs if pair.same_style]
    st.caption(
        f"{len(others):,} {'pair' if len(others) == 1 else 'pairs'} of different styles and"
        f" {len(variants):,} of variants of one style."
        " The model predicts each item by itself and knows nothing of one taking sales from"
        " another: if buyers choose between the two, both predictions may be too high."
    )
    chosen = others or variants
    if others and variants:
        which = st.segmented_control(
            "Pairs", ["Different styles", "Variants of one style"],
            default="Different styles", required=True, key="assortment-pairs",
            label_visibility="collapsed",
        )  # fmt: skip
        chosen = others if which == "Different styles" else variants
    cards = [_card(pair, found, catalog, unit) for pair in chosen[:SHOWN]]
    st.markdown(
        '<div style="display:grid;grid-template-columns:repeat(auto-fill,minmax(260px,1fr));'
        f'gap:16px;padding-bottom:24px">{"".join(cards)}</div>',
        unsafe_allow_html=True,
    )
    if len(chosen) > SHOWN:
        st.caption(f"The nearest {SHOWN} of {len(chosen):,}.")
    with st.popover("How is this computed?", key="how-pairs"):
        st.markdown(
            f"The items in the first places with the edits and the edited ones, at most"
            f" {MOST_ITEMS:,}, are compared with each other. Near by photo: the cosine of their"
            f" CLIP vectors is at least {NEAR_COSINE}, so the distance at most"
            f" {1 - NEAR_COSINE:.2f}. Near by details: one category, at most one other detail"
            f" differs, and prices are within {PRICE_APART:.0%}. Items released more than"
            f" {WEEKS_APART} weeks apart are left out."
        )


def _card(pair: Pair, found: Outcome, catalog: Catalog, unit: str) -> str:
    names = item_names(catalog, [pair.one, pair.other])
    cells = "".join(
        cell(catalog, row, name, [_place(found, row), _units(found, row, unit)])
        for row, name in zip((pair.one, pair.other), names, strict=True)
    )
    return (
        '<div style="border:1px solid rgba(128,128,128,.25);border-radius:8px;padding:12px">'
        f'<div style="display:grid;grid-template-columns:1fr 1fr;gap:12px">{cells}</div>'
        f'<div style="font-size:.8rem;opacity:.8;margin-top:8px">{_told(pair, catalog)}</div></div>'
    )


def _place(found: Outcome, row: int) -> str:
    return ordinal(int(found.items["rank_after"].iloc[row]))


def _units(found: Outcome, row: int, unit: str) -> str:
    line = found.items.iloc[row]
    numbers = (float(line[f"{c}_after"]) for c in ("predicted", "low", "high"))
    return f"about {about(*numbers)} {unit}"


def _told(pair: Pair, catalog: Catalog) -> str:
    photo = "Photos not compared" if pair.photo is None else f"Photo distance {pair.photo:.3f}"
    names = [column_label(column, catalog.roles) for column in pair.differ]
    details = f"differ in {', '.join(names)}" if names else "the same in every detail"
    return escape(f"{photo}; {details}.")
