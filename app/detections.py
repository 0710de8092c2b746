"""What is seen in the photos: the line beside an item, and the setup page's part."""

import pandas as pd
import streamlit as st

from app.words import plain
from core.catalog.catalog import Catalog
from core.catalog.facets import ARTICLE_SEPARATOR
from core.catalog.query import Listing
from core.checkpoints import best_parser, checkpoint_id
from core.errors import FashionError
from core.vision.detections import detect_catalog, load_detections, outdated


def beside_item(shelf: Listing, row: int) -> None:
    """Draw one line on what is seen in an item's main photo, and which checkpoint saw it."""
    if shelf.seen is None or pd.isna(shelf.seen["articles"].iloc[row]):
        return
    articles, worn, checkpoint = shelf.seen.iloc[row][["articles", "worn", "checkpoint"]]
    named = ", ".join(articles.split(ARTICLE_SEPARATOR)) if articles else "nothing recognised"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(
            f"In the photo: {plain(named)}; {'worn by a person' if worn else 'no person in it'}"
        )
        with st.popover("How is this computed?", type="tertiary", key=f"seen:{row}"):
            st.markdown(
                f"The checkpoint `{checkpoint}` said for every pixel of the main photo which"
                " garment or body part it is. An article is listed if it covers enough of the"
                " figure; a person wears it if face, hair, arms or legs do. It errs on small"
                " things and on unusual photos."
            )


def note(shelf: Listing) -> None:
    """Say beside the filters where not all that they go by comes from one checkpoint."""
    if shelf.seen is not None and shelf.seen["checkpoint"].nunique() > 1:
        st.caption(
            "Some photos were looked at by another checkpoint than the rest; a new look on the"
            " Setup page makes them alike."
        )


def for_catalog(catalog: Catalog) -> None:
    """Draw the setup page's part: how many photos were looked at, and the button to look."""
    photos = sum(path is not None for path in catalog.main_photos())
    if not photos:
        return
    with st.expander("Articles seen in photos", key="detect-drawer"):
        try:
            _catalog_part(catalog, photos)
        except FashionError as error:
            st.warning(str(error))


def _catalog_part(catalog: Catalog, photos: int) -> None:
    directory = best_parser()
    current = checkpoint_id(directory)
    seen = load_detections(catalog)
    looked = 0 if seen is None else int((seen["checkpoint"] == current).sum())
    if outdated(catalog):
        st.info(
            "What counts as seen in a photo was settled anew since these photos were looked at."
            " Look at them again, and the filters on the Catalog page are complete."
        )
    elif seen is None:
        st.markdown(
            "Look at the photos once, and the Catalog page filters by the articles in them and by"
            " whether a person wears them."
        )
    if seen is not None:
        known = int(seen["checkpoint"].notna().sum())
        older = f", {known - looked:,} of them by another checkpoint" if known > looked else ""
        st.markdown(
            f"**{known:,}** of {photos:,} photos looked at{older} ·"
            f" **{int(seen['worn'].fillna(False).sum()):,}** show a person · the filters *Seen in"
            " photo* and *Worn by a person* are on the Catalog page"
        )
    for line in st.session_state.pop("detect-damaged", ())[:5]:
        st.caption(plain(line))
    pressed = st.button(
        "Look for new and changed photos" if looked else f"Look at {photos:,} photos",
        key="detect-all",
        icon=":material/image_search:",
        type="secondary" if looked == photos else "primary",
    )
    st.caption(
        f"The checkpoint `{directory.name}` takes up to a third of a second for each. A run that"
        " is stopped goes on where it stopped."
    )
    if pressed:
        _look(catalog)


def _look(catalog: Catalog) -> None:
    bar = st.progress(0.0, "Loading the human parser")
    # The model is not kept: a run is rare, and the memory is wanted elsewhere.
    from core.vision.parsing import HumanParser

    def progress(done: int, total: int) -> None:
        bar.progress(done / max(total, 1), f"Looking at the photos: {done:,} of {total:,}")

    done = detect_catalog(catalog, HumanParser(best_parser()), progress)
    bar.empty()
    st.session_state["detect-damaged"] = [photo.problem for photo in done.damaged]
    st.rerun()
