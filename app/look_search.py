"""Search by look: words, a photo or another item, compared with the catalog's photos."""

import hashlib

import numpy as np
import streamlit as st

from app.catalog_grid import titles
from app.catalog_state import go
from app.words import plain
from core.catalog.catalog import Catalog
from core.catalog.query import Listing, Query
from core.catalog.roles import Role
from core.checkpoints import best_clip, checkpoint_id
from core.errors import CatalogError, FashionError
from core.resources import clip_encoder
from core.vision.embeddings import FOLDER, embed_catalog, load_embeddings
from core.vision.images import open_image
from core.vision.search import top_k

UPLOAD = "look_photo"
SIMILAR = 6


@st.cache_resource(max_entries=4, show_spinner=False)
def _vectors(_catalog: Catalog, directory: str, content: str, clip: str, stamp: int) -> np.ndarray:
    found = load_embeddings(_catalog, clip)
    if found is None:
        raise CatalogError("The photos have not been read.")
    return found


def photo_vectors(catalog: Catalog) -> np.ndarray | None:
    """Unit vectors of the catalog's photos (NaN rows without one), or None before they are read.

    Raises:
        CheckpointMissing: no CLIP checkpoint is on this machine.
    """
    clip = checkpoint_id(best_clip())
    try:
        stamp = (catalog.directory / FOLDER / f"{clip}.npy").stat().st_mtime_ns
        return _vectors(catalog, str(catalog.directory), catalog.content_hash, clip, stamp)
    except (OSError, CatalogError):
        return None


def read_photos(catalog: Catalog) -> np.ndarray:
    """Read all photos once, with a progress bar; a run that was cut short goes on.

    Raises:
        CheckpointMissing: no CLIP checkpoint is on this machine.
        CatalogError: the vectors cannot be written.
    """
    bar = st.progress(0.0, "Loading the search model")

    def progress(done: int, total: int) -> None:
        bar.progress(done / max(total, 1), f"Reading the photos once: {done:,} of {total:,}")

    made = embed_catalog(catalog, clip_encoder(), progress)
    bar.empty()
    return made.vectors


@st.cache_data(max_entries=256, show_spinner=False)
def text_vector(words: str, clip: str) -> np.ndarray:
    """Unit vector of words by the best CLIP checkpoint, whose id is `clip`."""
    return clip_encoder().texts([words])[0]


@st.cache_data(max_entries=16, show_spinner=False)
def _photo_vector(digest: str, _data: bytes, name: str, clip: str) -> np.ndarray:
    return clip_encoder().images([open_image(_data, name)])[0]


def look_menu(query: Query) -> None:
    """A popover where words or a photo can be given."""
    state = st.session_state
    state["look"] = query.look

    def described() -> None:
        words = state["look"].strip()
        go(look=words, like="", sort="similar" if words else "rank")

    def uploaded() -> None:
        go(look="", like="", sort="similar" if state[UPLOAD] else "rank")

    with st.popover("By look", icon=":material/image_search:"):
        st.text_input(
            "Describe a look",
            key="look",
            placeholder="floral summer dress",
            max_chars=200,
            on_change=described,
        )
        st.file_uploader(
            "Or show a photo", type="image", key=UPLOAD, max_upload_size=20, on_change=uploaded
        )
        st.caption("Sorts the items by how near their photo comes. English words work best.")


def look_line(shelf: Listing, query: Query) -> np.ndarray | None:
    """Say what the photos are compared with, and return how near each item comes.

    Returns:
        Cosine similarity in row order, NaN without a photo; None where no look is asked for.
    """
    upload = st.session_state.get(UPLOAD)
    if query.look:
        said = f"Nearest to “{plain(query.look)}”"
    elif query.like:
        title = titles(shelf, np.array([shelf.catalog.row(query.like)]))[0]
        said = f"Nearest to “{plain(title)}”"
    elif upload:
        said = f"Nearest to your photo “{plain(upload.name)}”"
    else:
        return None

    def stop() -> None:
        go(look="", like="", sort="rank")

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(said)
        if query.look or query.like:
            st.button("Stop", key="stop_look", type="tertiary", on_click=stop)
        explained = st.container(width="content")
    try:
        with explained.popover("How is this computed?", type="tertiary"):
            st.markdown(
                f"The checkpoint `{best_clip().name}` turns photos and words into vectors; the"
                " number on each card is the cosine between them, 1 at most. It compares with other"
                " items of this list, and says nothing by itself."
            )
        vectors = photo_vectors(shelf.catalog)
        if vectors is None:
            vectors = read_photos(shelf.catalog)
        return _nearness(shelf, query, vectors)
    except FashionError as error:
        st.error(str(error))
        return None


def _nearness(shelf: Listing, query: Query, vectors: np.ndarray) -> np.ndarray:
    clip = checkpoint_id(best_clip())
    if query.look:
        with st.spinner("Reading the words"):
            wanted = text_vector(query.look, clip)
    elif query.like:
        wanted = np.asarray(vectors[shelf.catalog.row(query.like)], dtype=np.float32)
    else:
        upload = st.session_state[UPLOAD]
        data = upload.getvalue()
        with st.spinner("Reading the photo"):
            wanted = _photo_vector(hashlib.sha256(data).hexdigest(), data, upload.name, clip)
    rows, scores = top_k(vectors, wanted, len(vectors))
    near = np.full(len(vectors), np.nan, dtype=np.float32)
    near[rows] = scores
    return near


def similar_items(shelf: Listing, row: int, vectors: np.ndarray) -> np.ndarray:
    """Rows of the items whose photos come nearest, other variants of the same style left out."""
    keep = np.ones(len(vectors), dtype=bool)
    keep[row] = False
    for column in shelf.catalog.columns(Role.GROUP):
        groups = shelf.catalog.frame[column]
        keep &= (groups != groups.iloc[row]).fillna(True).to_numpy()
    wanted = np.asarray(vectors[row], dtype=np.float32)
    return top_k(vectors, wanted, SIMILAR, keep)[0]
