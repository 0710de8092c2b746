"""What all sessions of the dashboard share: catalogs, rankings and models, loaded once.

The only module of `core` that imports Streamlit. Every cache is bounded, and keyed by the content
of the files behind it, so that a new import or a new training shows at once.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.catalog.catalog import Catalog
from core.catalog.catalog import load_catalog as read_catalog

if TYPE_CHECKING:
    from core.vision.captions import Captioner
    from core.vision.clip import ClipEncoder


def load_catalog(directory: Path) -> Catalog:
    """A catalog directory, read once and shared; treat it as read-only.

    Raises:
        CatalogError: as `core.catalog.load_catalog`.
    """
    return _catalog(str(directory), _stamp(directory / "catalog.toml"))


@st.cache_resource(max_entries=4, show_spinner="Opening the catalog")
def _catalog(directory: str, stamp: int) -> Catalog:
    return read_catalog(directory)


def ranking(catalog: Catalog, model_dir: Path, model: str | None = None) -> pd.DataFrame:
    """The ranking of a catalog (see `core.popularity.ranking.rank`), computed once and shared.

    Raises:
        ModelError, CheckpointMissing: as `rank`.
    """
    return _ranking(
        catalog,
        str(catalog.directory),
        catalog.content_hash,
        str(model_dir),
        _stamp(model_dir / "scoreboard.json"),
        model,
    )


@st.cache_resource(max_entries=8, show_spinner="Ranking the catalog")
def _ranking(
    _catalog: Catalog,
    directory: str,
    content_hash: str,
    model_dir: str,
    stamp: int,
    model: str | None,
) -> pd.DataFrame:
    from core.popularity.ranking import rank

    return rank(_catalog, model_dir, model)


@st.cache_resource(max_entries=1, show_spinner="Loading the search model")
def clip_encoder() -> "ClipEncoder":
    """The best CLIP encoder on this machine.

    Raises:
        CheckpointMissing: there is none.
    """
    from core.checkpoints import best_clip
    from core.vision.clip import ClipEncoder

    return ClipEncoder(best_clip())


@st.cache_resource(max_entries=1, show_spinner="Loading the caption model")
def captioner() -> "Captioner":
    """The captioner that suggests titles.

    Raises:
        CheckpointMissing: there is none.
    """
    from core.checkpoints import best_captioner
    from core.vision.captions import Captioner

    return Captioner(best_captioner())


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
