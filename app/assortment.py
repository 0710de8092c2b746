"""The assortment what-if: edits to many items, and what they change of the range."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from app import assortment_answer, assortment_form, assortment_pairs, assortment_saved
from app.assortment_state import tried
from app.catalog_state import listing
from app.item_evidence import past_of
from app.look_search import photo_vectors
from app.popularity_source import trained_catalog
from core.catalog.catalog import Catalog
from core.catalog.query import Listing
from core.errors import CheckpointMissing, FashionError
from core.explain.assortment import Step
from core.explain.assortment_outcome import Outcome, outcome
from core.explain.assortment_outside import Outside, outside
from core.explain.assortment_totals import ErrorShape, error_shape
from core.explain.competing import Pair, near_pairs
from core.popularity.additive import BlockModel
from core.popularity.scoreboard import Scoreboard, load_out_of_fold

if TYPE_CHECKING:
    from core.explain.past import Past

TOPS = (10, 25, 50, 100, 200)
ANSWERS = "assortment_answers"
"""Where the session keeps its last answers, so that an undo does not compute one again."""
KEPT = 8


@dataclass(frozen=True)
class Answer:
    """What edits come to, where they leave the past, and which pairs may compete."""

    found: Outcome
    outside: list[Outside]
    pairs: list[Pair]
    photos: bool


def show(
    model: BlockModel, catalog: Catalog, board: Scoreboard, models: Path, order: pd.DataFrame
) -> None:
    """Draw the assortment what-if.

    It is no fragment: a click while one is computing would wait for its end, while a run of the
    page is left at its next report of progress.

    Args:
        model: that predicts.
        catalog: the range.
        board, models: of the folder that the model is from.
        order: the range's ranking by the model.
    """
    shelf = listing(catalog, models, order)
    own = tried(catalog)
    try:
        errors = _errors(model, catalog, board, models)
    except FashionError as error:
        st.error(str(error))
        return
    past = past_of(catalog, board)
    tops = [top for top in TOPS if top < len(catalog)] or [len(catalog)]
    # The form is drawn first, as the answer is to hold an edit that it takes, and stands below.
    head, form, first, rest = (st.container() for _ in range(4))
    top = tops[min(2, len(tops) - 1)]
    if len(tops) > 1:
        top = first.segmented_control(
            "How many first places to look at",
            tops,
            default=top,
            required=True,
            key=f"assortment-top:{len(tops)}",
        )
    with form:
        assortment_form.show(model, shelf, own)

    def of(steps: tuple[Step, ...]) -> Answer:
        return _answer(model, shelf, board, order, steps, errors, int(top), past)

    try:
        with head:
            answer = of(own.current)
    except FashionError as error:
        with head:
            st.error(str(error))
        return
    found = answer.found
    with head:
        assortment_answer.totals(found, catalog, board, errors)
        assortment_answer.flags(answer.outside, catalog, past=past is not None)
        assortment_answer.photo_note(own.current, catalog, reads_photo=bool(model.checkpoint))
        if not own.current:
            assortment_answer.first_places(found, catalog, board.unit)
    with rest:
        if own.current:
            assortment_answer.places(found, catalog)
        assortment_answer.mix(found)
        assortment_pairs.show(answer.pairs, found, catalog, board.unit, photos=answer.photos)
        assortment_saved.show(catalog, own, board.unit, lambda steps: of(steps).found)
        assortment_saved.downloads(found, catalog, board, model.name)


def _errors(model: BlockModel, catalog: Catalog, board: Scoreboard, models: Path) -> ErrorShape:
    trained = trained_catalog(catalog, board)
    known = "" if trained is None else trained.content_hash
    return _error_shape(str(models), board.date, model.name, known, model, trained)


@st.cache_resource(max_entries=8, show_spinner=False)
def _error_shape(
    models: str, date: str, name: str, trained: str, _model: BlockModel, _trained: Catalog | None
) -> ErrorShape:
    assert _model.calibration is not None
    return error_shape(_model.calibration.shape, load_out_of_fold(models), name, _trained)


def _answer(
    model: BlockModel,
    shelf: Listing,
    board: Scoreboard,
    order: pd.DataFrame,
    steps: tuple[Step, ...],
    errors: ErrorShape,
    top: int,
    past: "Past | None",
) -> Answer:
    """The answer to these edits; computed with a progress bar where the session has another."""
    catalog = shelf.catalog
    vectors = _vectors(catalog)
    key = (catalog.content_hash, model.name, board.date, steps, top, vectors is None, past is None)
    kept: dict[Any, Answer] = st.session_state.setdefault(ANSWERS, {})
    if key in kept:
        kept[key] = kept.pop(key)  # the last used stands last
        return kept[key]
    bar = st.progress(0.0, "Starting")
    tell: Callable[[float, str], None] = lambda share, words: bar.progress(  # noqa: E731
        0.9 * share, words
    )
    try:
        found = outcome(model, shelf, order, steps, errors, top, tell)
        bar.progress(0.9, "Comparing with past items and with each other")
        flagged = [] if past is None else outside(past, catalog, found.edited)
        first = found.first("after")
        edited = found.items.loc[found.edited.changed, "rank_after"].sort_values().index
        rows = np.array(list(dict.fromkeys([*first.tolist(), *edited.tolist()])), dtype=np.int64)
        pairs = near_pairs(found.edited.catalog, rows, vectors)
    finally:
        bar.empty()
    kept[key] = Answer(found, flagged, pairs, vectors is not None)
    for old in list(kept)[:-KEPT]:
        del kept[old]
    return kept[key]


def _vectors(catalog: Catalog) -> np.ndarray | None:
    try:
        return photo_vectors(catalog)
    except CheckpointMissing:
        return None
