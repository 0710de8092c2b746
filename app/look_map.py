"""Where in a found item's photo the words that were searched for are seen."""

from pathlib import Path

import numpy as np
import streamlit as st

from app.catalog_state import shown
from app.item_map import patch_figure, vision_tower
from app.look_search import text_vector
from app.popularity_view import CONFIG
from app.words import plain
from core.catalog.query import Listing
from core.checkpoints import best_clip, checkpoint_id
from core.errors import FashionError
from core.explain.maps import strongest
from core.explain.maps_words import WordMap, word_map


def beside_photo(shelf: Listing, row: int, name: str) -> None:
    """Draw a switch that shows the map, for an item that was found by words.

    Args:
        shelf: the catalog.
        row: of the item.
        name: of the item.
    """
    words = shown().look
    paths = shelf.catalog.image_paths(row)
    if not words or not paths:
        return
    if not st.toggle("Where is it seen?", key="look-map", help=f"“{plain(words)}” in the photo"):
        return
    try:
        found = _map(str(paths[0]), paths[0].stat().st_mtime_ns, words, checkpoint_id(best_clip()))
    except FashionError as error:
        st.warning(str(error))
        return
    place = st.container()
    opacity = st.slider(
        "Strength of the colours", 0, 100, 70, step=5, format="%d %%", key="look-map-opacity"
    )
    hover = [[f"{value:+.3f}".replace("-", "−") for value in line] for line in found.values]
    most = float(np.abs(found.values).max())
    figure = patch_figure(found.photo, found.box, found.values, most, opacity / 100, hover)
    place.plotly_chart(figure, config=CONFIG, alt=alt(found, name), key="look-map-chart")
    st.caption(
        f"Teal squares bring the photo nearer to “{plain(words)}”, orange ones take it away."
        " Likeness to words, not popularity."
    )
    with st.popover("How is this computed?", type="tertiary", key="look-map-how"):
        _method(found)


def alt(found: WordMap, name: str) -> str:
    """The map in words."""
    said = []
    for sign, word in ((1, "nearest"), (-1, "farthest")):
        place = strongest(found.values, sign)
        if place:
            said.append(f"{word} {place[0]}, {place[1]:+.3f}".replace("-", "−"))
    return f"Photo of {name}, parts near to “{found.words}” in teal: {'; '.join(said)}."


def _method(found: WordMap) -> None:
    made, rest = (f"{v:+.2f}".replace("-", "−") for v in (found.values.sum(), found.rest))
    st.markdown(
        f"The likeness of this photo to the words is {found.likeness:.2f} (a cosine, 1 at most), by"
        f" the checkpoint `{found.checkpoint}`. It is divided among the squares by what the network"
        f" gathers from each: together they make {made}, and {rest} belong to no square."
    )
    st.markdown(
        "It tells what the likeness is made of, which need not be where a person would point. Held"
        " against hand-drawn labels of street photos, such maps by the small checkpoint found a"
        " named garment less well than the middle of the photo does"
        " (`benchmarks/prompt_maps.py`)."
    )


@st.cache_resource(max_entries=32, show_spinner="Looking for the words in the photo")
def _map(path: str, stamp: int, words: str, clip: str) -> WordMap:
    return word_map(Path(path), words, text_vector(words, clip), vision_tower(clip))
