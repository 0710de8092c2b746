"""What can be done with a result: take it, have it described, ask the popularity model."""

import io
import json
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

from app.tryon_choice import Rack
from app.tryon_engine import licence
from app.tryon_run import Look
from app.words import plain
from core.catalog.catalog import Catalog
from core.checkpoints import best_clip, clip_by_id
from core.errors import CheckpointMissing, FashionError
from core.explain.photos import keep_photo, read_photo
from core.explain.scenarios import photos_in_use
from core.explain.what_if import edited, photo_column
from core.explain.wording import MODEL_NAMES, about
from core.popularity.ranking import load_model
from core.popularity.scoreboard import load_scoreboard
from core.resources import captioner, clip_encoder
from core.tryon.batch import file_name
from core.tryon.provenance import provenance, stamped
from core.tryon.result import Result
from core.vision.clip import ClipEncoder

SEEING = ("deep", "image")
"""Models that read photos, the one to ask first before the others."""


def show(look: Look, result: Result, number: int, rack: Rack, models: Path | None) -> None:
    """Draw the buttons and their answers.

    Args:
        look, result: what was made.
        number: which of the pictures is looked at.
        rack: of the catalog that the garment is from.
        models: the popularity models that rank it, or None.
    """
    about_it = _about(look, result)
    name = file_name(f"{look.garment.item or look.garment.title}_on_{look.person.id}")
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "PNG",
            lambda: stamped(result.pictures[number], about_it),
            file_name=f"{name}.png",
            mime="image/png",
            icon=":material/download:",
            on_click="ignore",
            help="The file says inside what made it: engine, licence, inputs, settings, date.",
        )
        st.download_button(
            "JSON",
            json.dumps(about_it, indent=1, ensure_ascii=False),
            file_name=f"{name}.json",
            mime="application/json",
            icon=":material/data_object:",
            on_click="ignore",
            help="What made the picture, as a file of its own.",
        )
        asked = f"{look.key} {number}"
        if st.button("Describe", icon=":material/notes:", key="tryon_describe"):
            st.session_state["tryon_described"] = asked
        scored = look.garment.item is not None and models is not None
        if scored and st.button(
            "Score this look", icon=":material/leaderboard:", key="tryon_score"
        ):
            st.session_state["tryon_scored"] = asked
    licence(look.engine)
    if st.session_state.get("tryon_described") == asked:
        _describe(result.pictures[number])
    if scored and st.session_state.get("tryon_scored") == asked:
        assert models is not None
        _score(look, result.pictures[number], rack.catalog, models)


def _about(look: Look, result: Result) -> dict[str, object]:
    return provenance(
        look.person,
        look.garment.photo,
        look.garment.title,
        look.garment.worn,
        look.engine,
        look.settings,
        look.edit,
        result,
    )


def _describe(picture: bytes) -> None:
    try:
        with st.spinner("Describing the picture"), Image.open(io.BytesIO(picture)) as opened:
            model = captioner()
            said = model.captions([opened.convert("RGB")])[0]
    except CheckpointMissing as error:
        st.info(f"The picture cannot be described. {error}")
        return
    if said.text:
        st.markdown(f"“{plain(said.text)}”")
        st.caption(
            f"Written by {model.checkpoint_id.rsplit('-', 1)[0]}, which puts the chance that all of"
            f" it is right at {100 * said.confidence:.0f} %. It learned from photos of single"
            " articles, so on a person it may name another one."
        )
    else:
        st.caption("The model is not sure enough to say what this is.")


def _score(look: Look, picture: bytes, catalog: Catalog, models: Path) -> None:
    """Draw the prediction with the picture in place of the item's photo."""
    column = photo_column(catalog)
    board = load_scoreboard(models)
    names = [n for n in (board.promoted, *SEEING) if n in board.trained]
    assert look.garment.item is not None and column is not None
    row = catalog.row(look.garment.item)
    try:
        name = next((n for n in names if load_model(models, n).checkpoint), None)
        if name is None:
            st.info("None of the models of this catalog reads photos, so no look can be scored.")
            return
        with st.spinner("Scoring the look"):
            model = load_model(models, name)
            cell = keep_photo(picture, "uploaded", look.title, named=photos_in_use())
            read_photo(cell, model.checkpoint, lambda: _encoder(model.checkpoint))
            after = model.predict(edited(catalog, row, {column: cell})).iloc[0]
            before = model.predict(catalog, np.array([row])).iloc[0]
    except FashionError as error:
        st.error(str(error))
        return
    spots = st.columns(2)
    for spot, label, line in zip(
        spots, ("With its own photo", "With this look as its photo"), (before, after), strict=True
    ):
        numbers = (line["predicted"], line["low"], line["high"])
        spot.metric(label, f"{about(*numbers)} {board.unit}")
        spot.caption(
            f"{about(line['low'], *numbers[1:])} to {about(line['high'], *numbers[1:])}"
            " in 90 of 100 cases"
        )
    st.caption(
        f"By “{MODEL_NAMES.get(name, name)}”, trained {board.date[:10]}. It learned from the"
        " catalog's product photos and may never have seen one like this: the difference says how"
        " the model takes the picture, not how the look would sell."
    )


def _encoder(checkpoint: str) -> ClipEncoder:
    directory = clip_by_id(checkpoint)
    return clip_encoder() if directory == best_clip() else ClipEncoder(directory)
