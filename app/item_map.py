"""Which parts of an item's photo go with a higher or a lower prediction, drawn on the photo."""

import base64
from typing import Literal

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from PIL import Image

from app.map_regions import region_table
from app.popularity_view import CONFIG, item_names, layout
from app.words import plain
from core.catalog.catalog import Catalog
from core.checkpoints import clip_by_id
from core.errors import FashionError
from core.explain.maps import LOWERS, RAISES, MapScore, PhotoMap, has_map, pale, photo_map
from core.explain.maps_regions import Region
from core.explain.maps_tower import Box, VisionTower
from core.explain.wording import MODEL_NAMES, times
from core.popularity.additive import BlockModel
from core.popularity.scoreboard import Scoreboard
from core.vision.images import encode_webp

Side = Literal["both", "raises", "lowers"]
SIDES: dict[Side, str] = {"both": "Both", "raises": "Lifts", "lowers": "Lowers"}
HEIGHT = 460
"""Of the drawn photo, in pixels."""


@st.fragment
def show(model: BlockModel, catalog: Catalog, board: Scoreboard, row: int) -> None:
    """Draw the map of the item's photo, or say in a line which model has one."""
    if not has_map(model):
        if "image" in board.trained:
            st.caption(
                f"Which parts of the photo count: choose “{MODEL_NAMES['image']}” above to see"
                " them on the photo."
            )
        return
    if not catalog.image_paths(row):
        return
    key = (str(catalog.directory), catalog.content_hash, board.data_hash, board.date, model.name)
    stamp = _stamp(catalog, row)
    try:
        found = _map(key, row, stamp, model, catalog)
    except FashionError as error:
        st.warning(str(error))
        return
    name = item_names(catalog, [row])[0]
    st.markdown("**Which parts of the photo count**")
    drawn, words = st.columns([2, 3], gap="large")
    with words:
        side = st.segmented_control(
            "Show",
            list(SIDES),
            default="both",
            required=True,
            format_func=SIDES.__getitem__,
            key="map-side",
        )
        opacity = st.slider(
            "Strength of the colours", 0, 100, 70, step=5, format="%d %%", key="map-opacity"
        )
        st.markdown(sentence(found))
        st.caption(score_sentence(found, catalog))
        with st.popover("How is this computed?"):
            _method(found)
        region = region_table(found, (*key, str(row), str(stamp)))
    figure, alt = map_chart(found, name, side, opacity / 100, region)
    drawn.plotly_chart(figure, config=CONFIG, alt=alt, key="photo-map")


def sentence(found: PhotoMap) -> str:
    """What the photo as a whole and its strongest parts go with."""
    against = "the average photo" if found.kind == "ridge" else "the photos of other items"
    said = [f"The whole photo: **{times(float(np.exp(found.total)))}** against {against}."]
    for sign, word in ((1, "Lifts"), (-1, "Lowers")):
        strongest = found.strongest(sign)
        if strongest:
            place, value = strongest
            said.append(f"{word} most: the {place} ({times(float(np.exp(value)))}).")
    return " ".join(said).replace(" %", "\N{NO-BREAK SPACE}%")


def score_sentence(found: PhotoMap, catalog: Catalog) -> str:
    """How far such maps were right when they were put to the test, and on what."""
    score = found.score
    if score is None:
        return "Maps of this model's kind have not been put to the test."
    text = (
        f"Put to the test on {score.photos:,} photos that the model had not learned from:"
        " uncovering and covering a photo's parts in the order of such a map moves the model's"
        f" number by {score.value:.2f} ({score.low:.2f} to {score.high:.2f}) standard deviations"
        " more than a random order does."
    )
    elsewhere = []
    if found.kind == "blend":
        elsewhere.append(f"with “{MODEL_NAMES[score.model]}” and not with a blend")
    if catalog.name != score.catalog or found.checkpoint != score.checkpoint:
        elsewhere.append(f"on “{plain(score.catalog)}”, not on this catalog and model")
    if elsewhere:
        text += f" That was measured {' and '.join(elsewhere)}."
    return text


def map_chart(
    found: PhotoMap, name: str, side: Side, opacity: float, region: Region | None = None
) -> tuple[go.Figure, str]:
    """The photo under its coloured patches, each with its part on hover, and the map in words.

    Args:
        found: the map.
        name: of the item.
        side: what to colour.
        opacity: of the strongest patch, 0..1.
        region: colour this part of the photo alone.
    """
    values = found.values
    shown = {
        "both": values,
        "raises": np.maximum(values, 0),
        "lowers": np.minimum(values, 0),
    }[side]
    if region:
        shown = shown * region.patches
    hover = [[times(float(np.exp(v))) for v in line] for line in values]
    most = float(np.abs(values).max())
    figure = patch_figure(found.photo, found.box, shown, most, opacity, hover)
    said = []
    for sign, word in ((1, "teal, strongest"), (-1, "orange, strongest")):
        strongest = found.strongest(sign)
        if strongest and side in ("both", "raises" if sign > 0 else "lowers"):
            said.append(f"{word} {strongest[0]}, {times(float(np.exp(strongest[1])))}")
    kind = {
        "both": "parts that go with a higher prediction in teal, with a lower one in orange",
        "raises": "parts that go with a higher prediction in teal",
        "lowers": "parts that go with a lower prediction in orange",
    }[side]
    if region:
        value = times(float(np.exp(region.value)))
        return figure, f"Photo of {name}, {region.name.lower()} alone, {value}, {kind}."
    return figure, f"Photo of {name}, {kind}: {'; '.join(said) or 'none'}."


def patch_figure(
    photo: Image.Image,
    box: Box,
    shown: np.ndarray,
    most: float,
    opacity: float,
    hover: list[list[str]],
) -> go.Figure:
    """A photo in pale grey under coloured patches, teal above 0 and orange below.

    Args:
        photo: RGB.
        box: the part of the photo that the patches divide, pixels.
        shown: (grid, grid) values to colour.
        most: the size of value that is coloured with full opacity.
        opacity: of such a patch, 0..1.
        hover: what each patch says.
    """
    width, height = photo.size
    left, top, right, bottom = box
    grid = len(shown)
    most = max(most, 1e-12)
    figure = go.Figure(
        go.Heatmap(
            z=shown,
            x0=left + (right - left) / grid / 2, dx=(right - left) / grid,
            y0=top + (bottom - top) / grid / 2, dy=(bottom - top) / grid,
            zmin=-most, zmax=most, showscale=False,
            colorscale=[
                [0, f"rgba{(*LOWERS, opacity)}"], [0.5, f"rgba{(*LOWERS, 0)}"],
                [0.5, f"rgba{(*RAISES, 0)}"], [1, f"rgba{(*RAISES, opacity)}"],
            ],
            text=hover,
            hovertemplate="This part of the photo: %{text}<extra></extra>",
        )
    )  # fmt: skip
    source = base64.b64encode(encode_webp(pale(photo))).decode()
    figure.add_layout_image(
        source=f"data:image/webp;base64,{source}", xref="x", yref="y", x=0, y=0,
        sizex=width, sizey=height, sizing="stretch", layer="below",
    )  # fmt: skip
    layout(figure, HEIGHT)
    figure.update_xaxes(visible=False, range=[0, width], constrain="domain")
    figure.update_yaxes(
        visible=False, range=[height, 0], scaleanchor="x", constrain="domain", automargin=False
    )
    figure.update_layout(margin={"l": 0, "r": 0, "t": 0, "b": 0})
    return figure


def _method(found: PhotoMap) -> None:
    how = {
        "ridge": "followed to the prediction",
        "deep": "followed to the photo's part of the prediction, by how that part changes on the"
        " way from the photos of the items that credit is held against to this one",
        "blend": "followed to the photo's part in each blended model, weighted as they are",
    }[found.kind]
    st.markdown(
        "The model reads the photo by a vision network that looks at it in"
        f" {found.values.size} squares. What the network gathers from each square is {how}, so the"
        " squares add up to what the photo contributes in the chart above"
        f" (measured difference: {found.gap:.0e} in log units). Of the photo's"
        f" {found.total:+.2f} log units, {found.rest:+.2f} belong to no square and are spread"
        " evenly over all.".replace("-", "−")
    )
    score = found.score
    if score:
        st.markdown(
            "The test: squares are put into an emptied photo from the most lifting to the most"
            " lowering, and taken out of the whole photo in the same order. A map that is right"
            " makes the model's own number rise fast and fall fast; the area between the two"
            " curves, in standard deviations of what photos make of the model's numbers, is"
            " compared with that of a random order. 90 % ranges over styles; measured"
            f" {score.date} on “{plain(score.catalog)}” with models that had not seen the season."
        )
        st.markdown(likeness_sentence(score))
    st.markdown(
        "It shows what the model looks at, not what made people buy, and is no better than the"
        " model itself."
    )


def likeness_sentence(score: MapScore) -> str:
    """The other checks in words: order of groups, another model, a mirrored and a cropped photo."""
    said = (
        f"Taking groups of squares out agrees with their order in the map by {score.saco:.2f}"
        " (SaCo; 1 is always, 0 is chance). For a model with its coefficients shuffled the map is"
        f" another: the two agree by {score.shuffled:.2f} (rank correlation, either sign; low is"
        f" good). On {score.steady_photos:,} photos, the map of the mirrored photo, mirrored back,"
        f" agrees by {score.flipped:.2f}, that of the photo with a twentieth cut from each side by"
        f" {score.cropped:.2f} (1 is the same)."
    )
    return said.replace("-", "−")


def _stamp(catalog: Catalog, row: int) -> int:
    return catalog.image_paths(row)[0].stat().st_mtime_ns


@st.cache_resource(max_entries=32, show_spinner="Looking at the photo")
def _map(
    key: tuple[str, ...], row: int, stamp: int, _model: BlockModel, _catalog: Catalog
) -> PhotoMap:
    return photo_map(_model, _catalog, row, vision_tower(_model.checkpoint))


@st.cache_resource(max_entries=1, show_spinner=False)
def vision_tower(checkpoint: str) -> VisionTower:
    """The network that maps look through, by the id of its checkpoint, loaded once.

    Raises:
        CheckpointMissing: it is not on this machine.
    """
    return VisionTower(clip_by_id(checkpoint))
