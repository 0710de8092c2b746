"""The map of a photo as a table of what is in it; a chosen row is shown alone on the photo."""

import numpy as np
import pandas as pd
import streamlit as st

from core.checkpoints import best_parser
from core.errors import FashionError
from core.explain.maps import PhotoMap
from core.explain.maps_regions import (
    BODY,
    GARMENT,
    Region,
    body_labels,
    garment_labels,
    regions,
)
from core.explain.wording import times
from core.tryon.cutout import matte
from core.vision.parsing import HumanParser, detect

SOURCES = {
    "body": "A person wears it: garments and body as the human parser tells them apart. It errs on"
    " small things.",
    "garment": "No person is in the photo: the garment as it is cut out for trying on, in thirds of"
    " its height.",
}


def region_table(found: PhotoMap, key: tuple[str, ...]) -> Region | None:
    """Draw the table of a map's regions, and return the one whose row is chosen.

    Args:
        found: the map.
        key: changes whenever the map does.
    """
    try:
        told, source = _regions(key, found)
    except FashionError as error:
        st.caption(f"No table of the photo's parts: {error}")
        return None
    table = pd.DataFrame(
        {
            "Part of the photo": [region.name for region in told],
            "Goes with": [times(float(np.exp(region.value))) for region in told],
            "Share of the photo": [100 * region.share for region in told],
        }
    )
    chosen = st.dataframe(
        table,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        height="content",
        column_config={
            "Share of the photo": st.column_config.ProgressColumn(
                format="%.0f %%", min_value=0, max_value=100, color="gray"
            )
        },
        key="map-regions:" + ":".join(key),
    )
    st.caption(
        f"{SOURCES[source]} What belongs to no square is spread evenly over all, so a large part"
        " carries more of it. Choose a row to see that part alone."
    )
    rows = chosen.selection.rows
    return told[rows[0]] if rows and rows[0] < len(told) else None


@st.cache_resource(max_entries=32, show_spinner="Telling the photo's parts apart")
def _regions(key: tuple[str, ...], _found: PhotoMap) -> tuple[list[Region], str]:
    parse = _parser().parse(_found.photo)
    if detect(parse).worn:
        return regions(_found, body_labels(parse), list(BODY)), "body"
    alpha, _ = matte(_found.photo)
    return regions(_found, garment_labels(alpha), GARMENT), "garment"


@st.cache_resource(max_entries=1, show_spinner=False)
def _parser() -> HumanParser:
    return HumanParser(best_parser())
