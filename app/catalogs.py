"""The catalog and the models that a session looks at; both are part of the URL."""

from pathlib import Path

import streamlit as st

from app.catalog_folders import catalog_folders
from app.photos import photo_url
from core.catalog.catalog import Catalog
from core.errors import CatalogError
from core.resources import load_catalog
from core.settings import checkpoints_dir, models_dir

__all__ = [
    "available_models",
    "current_catalog",
    "current_models",
    "list_catalogs",
    "models_dir_for",
    "no_catalog",
    "photo_url",
    "select_catalog",
    "select_models",
]


SETUP = Path(__file__).resolve().parents[1] / "pages" / "setup.py"


def list_catalogs() -> dict[str, Path]:
    """Catalog directories by short name; the first is what the dashboard opens with."""
    return catalog_folders()


def select_catalog(slug: str) -> None:
    """Make a catalog the session's; the models follow it."""
    st.session_state["catalog"] = slug
    st.session_state.pop("models", None)
    st.query_params.pop("models", None)
    _keep_in_url(slug)


def current_catalog() -> Catalog:
    """The session's catalog: named by the URL, else chosen before, else the first.

    Raises:
        CatalogError: there is none, the URL names one that is not there, or it is damaged.
    """
    folders = catalog_folders()
    if not folders:
        raise CatalogError(
            "There is no catalog on this machine yet. Import one on the Setup page, or with"
            " scripts/import_catalog.py."
        )
    slug = st.query_params.get("catalog") or st.session_state.get("catalog") or next(iter(folders))
    if slug not in folders:
        st.session_state.pop("catalog", None)
        raise CatalogError(
            f"There is no catalog “{slug}” on this machine. Choose one on the Setup page: "
            + ", ".join(folders)
            + "."
        )
    st.session_state["catalog"] = slug
    _keep_in_url(slug)
    return load_catalog(folders[slug])


def no_catalog(error: CatalogError) -> None:
    """Say why there is no catalog to show, and lead to where one is imported or chosen."""
    there = list_catalogs()
    (st.error if there else st.info)(str(error))
    st.page_link(
        SETUP,
        label="Choose a catalog" if there else "Import a catalog",
        icon=":material/arrow_forward:",
        query_params={"section": "Catalogs"},
    )


def _keep_in_url(slug: str) -> None:
    if slug != next(iter(catalog_folders()), None):
        if st.query_params.get("catalog") != slug:
            st.query_params["catalog"] = slug
    elif "catalog" in st.query_params:
        del st.query_params["catalog"]


def models_dir_for(catalog: Catalog) -> Path:
    """Where this catalog's own models are trained to."""
    return models_dir() / catalog.directory.name


def available_models() -> dict[str, Path]:
    """Folders of trained models by short name: those trained here, and the demo's."""
    found: dict[str, Path] = {}
    root = models_dir()
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        if not folder.name.startswith(".") and (folder / "scoreboard.json").is_file():
            found[folder.name] = folder
    demo = checkpoints_dir() / "popularity-demo"
    if (demo / "scoreboard.json").is_file():
        found.setdefault("demo", demo)
    return found


def select_models(slug: str | None) -> None:
    """Rank with another catalog's models; None goes back to the catalog's own."""
    if slug is None:
        st.session_state.pop("models", None)
        st.query_params.pop("models", None)
    else:
        st.session_state["models"] = slug
        st.query_params["models"] = slug


def current_models() -> Path | None:
    """The models that rank the session's catalog: the chosen ones, else its own, else None."""
    found = available_models()
    slug = st.query_params.get("models") or st.session_state.get("models")
    if slug in found:
        st.session_state["models"] = slug
        if st.query_params.get("models") != slug:
            st.query_params["models"] = slug
        return found[slug]
    return found.get(current_catalog().directory.name)
