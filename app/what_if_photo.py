"""Another photo of an item: uploaded, of another item, or its own with the garment recoloured."""

import base64
from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from PIL import ImageColor

from app.catalogs import photo_url
from app.popularity_view import item_names
from app.what_if_region import garment_photo
from app.what_if_state import Edits, Studied
from app.what_if_words import colour_column
from app.words import plain
from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.checkpoints import best_clip, clip_by_id
from core.errors import FashionError
from core.explain.photos import Kind, base_of, keep_photo, kind_of, photo_file, read_photo
from core.explain.recolour import recolour, shade
from core.explain.scenarios import photos_in_use
from core.explain.what_if import photo_column
from core.explain.wording import MODEL_NAMES
from core.popularity.scoreboard import Scoreboard
from core.resources import clip_encoder
from core.vision.clip import ClipEncoder
from core.vision.images import encode_webp, open_image

TROUBLE, UPLOADS, ASKED = "what_if_photo_trouble", "what_if_uploads", "what_if_recolour"
PICKER = "what-if-picker"
MATCHES = 50
"""Most items that the list of matches holds at once."""
NAMED = 24
"""Most colour names that are offered, the most frequent."""
WIDTH = 384
TITLES: dict[Kind, str] = {
    "uploaded": "Your photo",
    "other": "Photo of another item",
    "recoloured": "Recoloured",
}


def show(one: Studied, tried: Edits) -> None:
    """Draw the photo, the one that is tried beside it, and the ways to try another.

    Where the model does not read photos, say so and which one does.
    """
    column = photo_column(one.catalog)
    if column is None:
        return
    if not one.model.checkpoint:
        _pictures(one, tried.current.get(column))
        st.caption(blind(one.board))
        return
    if asked := st.session_state.pop(ASKED, None):
        # Done here and not where the button is, so that all that is drawn knows the new photo.
        _recolour(one, tried, *asked)
    cell = tried.current.get(column)
    _pictures(one, cell)
    with st.container(horizontal=True, gap="small"):
        other = st.popover(
            "Another photo", icon=":material/photo_camera:", key="what-if-other", on_change="rerun"
        )
        colour = st.popover(
            "Another colour", icon=":material/palette:", key="what-if-colour", on_change="rerun"
        )
        if cell is not None:
            without = {c: v for c, v in tried.current.items() if c != column}
            st.button(
                "Its own photo again",
                key="what-if-own",
                type="tertiary",
                on_click=lambda: tried.push(without),
            )
    if trouble := st.session_state.pop(TROUBLE, ""):
        # An open drawer lies over what is below it.
        (other if other.open else colour if colour.open else st).error(trouble)
    if other.open:
        with other:
            _upload(tried, column)
            _other_item(one, tried, column)
    if colour.open:
        with colour:
            _colour(one)


def blind(board: Scoreboard) -> str:
    """That a model does not read photos, and which one does."""
    seeing = [MODEL_NAMES[n] for n in ("deep", "blend", "image") if n in board.trained]
    rest = (
        f" Choose “{seeing[0]}” above to try another one." if seeing else " No trained model does."
    )
    return "This model does not read the photo, so another one would change nothing." + rest


def ready(one: Studied, changes: Mapping[str, Any]) -> None:
    """Make sure that the model can read the photo that an edit names.

    Raises:
        CatalogError, ImageError, CheckpointMissing: it cannot.
    """
    column, checkpoint = photo_column(one.catalog), one.model.checkpoint
    if column in changes and checkpoint:
        with st.spinner("Reading the photo"):
            read_photo(changes[column], checkpoint, lambda: _encoder(checkpoint))


def recolour_button(name: str) -> None:
    """Draw the button that gives the photo the colour that its field has now."""
    wanted = shade(name)
    if wanted is None:
        st.caption(f"“{plain(name)}” is no single colour, so the photo cannot be recoloured to it.")
    else:
        st.button(
            "Recolour the photo too",
            key="what-if-recolour-too",
            icon=":material/palette:",
            on_click=_ask,
            args=(wanted, False),
        )


def _encoder(checkpoint: str) -> ClipEncoder:
    directory = clip_by_id(checkpoint)
    return clip_encoder() if directory == best_clip() else ClipEncoder(directory)


def _pictures(one: Studied, cell: str | None) -> None:
    name = item_names(one.catalog, [one.row])[0]
    shown = []
    if url := photo_url(one.catalog, one.row, width=WIDTH):
        shown.append((url, f"Photo of {name}", "As it is" if cell else ""))
    if cell is not None:
        try:
            title = TITLES[kind_of(cell)]
            data = _thumbnail(cell)
            shown.append((f"data:image/webp;base64,{data}", f"{title}, tried for {name}", title))
        except FashionError as error:
            st.error(str(error))
    if not shown:
        st.info("This item has no photo yet. Choose one to see what the model makes of it.")
        return
    figures = "".join(
        '<figure style="margin:0;flex:0 1 220px;min-width:0">'
        f'<img src="{escape(source)}" alt="{escape(alt)}" style="display:block;'
        'max-width:100%;max-height:280px;background:#fff;border-radius:6px">'
        f'<figcaption style="font-size:.875rem;opacity:.75;padding-top:4px">{escape(title)}'
        "</figcaption></figure>"
        for source, alt, title in shown
    )
    st.html(f'<div style="display:flex;gap:16px">{figures}</div>')


@st.cache_data(max_entries=64, show_spinner=False)
def _thumbnail(cell: str) -> str:
    image = open_image(photo_file(cell), "that was tried", max_side=2 * WIDTH)
    return base64.b64encode(encode_webp(image)).decode()


def _upload(tried: Edits, column: str) -> None:
    turn = st.session_state.setdefault(UPLOADS, 0)
    key = f"what-if-upload:{turn}"

    def uploaded() -> None:
        file = st.session_state[key]
        if file is not None:
            # A new uploader takes the place of this one, so that the same file can come again.
            st.session_state[UPLOADS] += 1
            _try(tried, column, file.getvalue(), "uploaded", file.name)

    st.file_uploader(
        "A photo from your computer", type="image", key=key, max_upload_size=20, on_change=uploaded
    )


def _other_item(one: Studied, tried: Edits, column: str) -> None:
    names = _names(one.catalog.content_hash, one.catalog)
    wanted = st.text_input(
        "Or the photo of another item", placeholder="a word of its name, or its id",
        key="what-if-find",
    )  # fmt: skip
    found = names["photo"].to_numpy(copy=True)
    found[one.row] = False
    for word in wanted.casefold().split():
        found &= names["search"].str.contains(word, regex=False).to_numpy()
    rows = np.flatnonzero(found)[:MATCHES]
    if not len(rows):
        st.caption("No other item with a photo has these words in its name or id.")
        return
    row = st.selectbox(
        "Item",
        rows.tolist(),
        format_func=names["label"].tolist().__getitem__,
        key=f"what-if-item:{one.item}:{wanted}",
    )
    if url := photo_url(one.catalog, row, width=192):
        alt = f"Photo of {names['label'].iloc[row]}"
        st.html(
            f'<img src="{escape(url)}" alt="{escape(alt)}"'
            ' style="height:140px;border-radius:6px;background:#fff">'
        )

    def use() -> None:
        path = one.catalog.image_paths(row)[0]
        try:
            _try(tried, column, path.read_bytes(), "other", path.name)
        except OSError as error:
            st.session_state[TROUBLE] = f"The photo “{path.name}” is missing ({error.strerror})."

    st.button("Try its photo", key="what-if-item-use", on_click=use)


@st.cache_resource(max_entries=2, show_spinner=False)
def _names(content_hash: str, _catalog: Catalog) -> pd.DataFrame:
    """Label, searchable text and whether there is a photo, of every item in row order."""
    labels = item_names(_catalog)
    return pd.DataFrame(
        {
            "label": labels,
            "search": [f"{n} {i}".casefold() for n, i in zip(labels, _catalog.ids, strict=True)],
            "photo": [path is not None for path in _catalog.main_photos()],
        }
    )


def _colour(one: Studied) -> None:
    column = colour_column(one.catalog)
    names = [] if column is None else _shades(one.catalog.content_hash, column, one.catalog)
    st.session_state.setdefault(PICKER, "#bf2a33")

    def chosen() -> None:
        name = st.session_state["what-if-shade"]
        if name is not None and (found := shade(name)):
            st.session_state[PICKER] = "#{:02x}{:02x}{:02x}".format(*found)

    if names:
        st.pills("Colours of the catalog", names, key="what-if-shade", on_change=chosen)
    picked = st.color_picker("Any colour", key=PICKER)
    keep = st.checkbox(
        "Keep it as light or dark as it is", key="what-if-lightness",
        help="Only the hue changes then: a white shirt becomes pale red, not red.",
    )  # fmt: skip
    red, green, blue = ImageColor.getrgb(picked)[:3]
    st.button(
        "Recolour the garment",
        key="what-if-recolour",
        type="primary",
        on_click=_ask,
        args=((red, green, blue), keep),
    )
    st.caption(
        "Folds, white and black stay; the hues of a print turn with the cloth. The field that"
        " names the colour is yours to change."
    )


@st.cache_data(max_entries=4, show_spinner=False)
def _shades(content_hash: str, column: str, _catalog: Catalog) -> list[str]:
    """The catalog's colour names that mean a colour, the most frequent first."""
    counts = _catalog.frame[column].value_counts()
    levels = [str(v) for v in counts.index[counts > 0]]
    return [v for v in levels if shade(v)][:NAMED]


def _ask(colour: tuple[int, int, int], keep_lightness: bool) -> None:
    st.session_state[ASKED] = (colour, keep_lightness)


def _recolour(
    one: Studied, tried: Edits, colour: tuple[int, int, int], keep_lightness: bool
) -> None:
    """Try the photo with its garment in a colour."""
    column = photo_column(one.catalog)
    assert column is not None
    try:
        with st.spinner("Recolouring the garment"):
            cell, source = _base(one, tried.current.get(column))
            frame = one.catalog.frame
            columns = (*one.catalog.columns(Role.CATEGORY), *one.catalog.columns(Role.TITLE))
            names = [str(frame[c].iloc[one.row]) for c in columns]
            image, garment = garment_photo(source, *names)
            made = recolour(image, garment, colour, keep_lightness=keep_lightness)
            _try(tried, column, encode_webp(made, quality=95), "recoloured", base=cell)
    except (FashionError, OSError) as error:
        st.session_state[TROUBLE] = str(error)


def _base(one: Studied, cell: str | None) -> tuple[str, bytes]:
    """The photo that is recoloured: the tried one before it was recoloured, or the item's own.

    Raises:
        ImageError, CatalogError: there is none, or it cannot be read or kept.
        OSError: it is missing.
    """
    if cell is not None:
        source = base_of(cell).read_bytes()
    else:
        paths = one.catalog.image_paths(one.row)
        if not paths:
            raise FashionError("This item has no photo to recolour. Choose one first.")
        source = paths[0].read_bytes()
    return keep_photo(source, "other"), source


def _try(
    tried: Edits, column: str, source: bytes, kind: Kind, name: str | None = None, base: str = ""
) -> None:
    """Keep a photo and take it as the next edit; what is wrong with it is told by `show`."""
    try:
        cell = keep_photo(source, kind, name, base=base, named=photos_in_use())
    except FashionError as error:
        st.session_state[TROUBLE] = str(error)
    else:
        tried.push({**tried.current, column: cell})
