"""The script behind every page: page chrome and navigation."""

import sys
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

ASSETS = ROOT / "app" / "assets"

PAGES = [
    st.Page(
        ROOT / "pages" / "catalog.py",
        title="Catalog",
        url_path="catalog",
        default=True,
        help="The catalog ranked by predicted popularity: filter, search, select, export.",
    ),
    st.Page(
        ROOT / "pages" / "popularity.py",
        title="Popularity",
        url_path="popularity",
        help="How good the models are, why an item ranks where it does, and what an edit changes.",
    ),
    st.Page(
        ROOT / "pages" / "tryon.py",
        title="Try-on",
        url_path="tryon",
        help="A garment of the catalog, or your own, previewed on a person.",
    ),
    st.Page(
        ROOT / "pages" / "setup.py",
        title="Setup",
        url_path="setup",
        help="Import and switch catalogs, train models, see which checkpoints are here.",
    ),
]

st.set_page_config(
    page_title="Fashion Diffusion", page_icon=str(ASSETS / "icon.png"), layout="wide"
)
st.logo(str(ASSETS / "logo.svg"), size="medium")
# On a phone pages and filters share a drawer, whose button is a bare pair of arrows.
st.html(
    "<style>@media (max-width: 767px) {[data-testid=stExpandSidebarButton]"
    " {width: auto; padding: 0 8px} [data-testid=stExpandSidebarButton]::after"
    " {content: 'Menu'; margin-left: 4px; font-size: .875rem}}</style>"
)
st.navigation(PAGES, position="top").run()
