"""Catalog: being built."""

import streamlit as st

from app.catalogs import current_catalog

st.title("Catalog")
catalog = current_catalog()
st.caption(f"{len(catalog):,} items in “{catalog.name}”. This page is being built.")
