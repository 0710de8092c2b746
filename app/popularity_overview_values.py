"""The contributions that the views over all items read: all of them, or a sample until then."""

import time
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from app.jobs import Progress, forget, job, start, watch
from core.catalog.catalog import Catalog
from core.explain.kept import KeptContributions
from core.explain.overview_fields import adds_up, sample
from core.popularity.additive import BlockModel
from core.popularity.scoreboard import Scoreboard

SAMPLE = 100
"""Items that stand for all where each takes thousands of coalitions and not all are known yet."""

Key = tuple[str, ...]
"""Names the catalog's content, the training run and the model."""


@dataclass(frozen=True)
class Known:
    """Contributions that can be shown now.

    Attributes:
        values: (items, players), log units; treat as read-only.
        rows: which items of the catalog, in the same order.
        whole: whether these are all.
        seconds: what an item took, where they are a sample; else 0.
    """

    values: pd.DataFrame
    rows: np.ndarray
    whole: bool
    seconds: float = 0.0


def key_of(model: BlockModel, catalog: Catalog, board: Scoreboard) -> Key:
    """What the contributions of a catalog depend on."""
    return (catalog.content_hash, board.data_hash, board.date, model.name)


def kept_of(model: BlockModel, catalog: Catalog, board: Scoreboard) -> KeptContributions | None:
    """What is kept on disk of a model whose contributions take long; None for one that adds up."""
    if adds_up(model) or not catalog.content_hash:
        return None
    return KeptContributions.of(model, catalog, board)


def item_values(
    model: BlockModel, catalog: Catalog, board: Scoreboard, row: int
) -> pd.Series | None:
    """An item's contributions where they are on disk, a value a player; else None."""
    kept = kept_of(model, catalog, board)
    return None if kept is None else kept.item(row)


def known(model: BlockModel, catalog: Catalog, board: Scoreboard) -> Known:
    """All contributions where they are there or take a moment, else those of a sample."""
    key = key_of(model, catalog, board)
    if adds_up(model) or len(catalog) <= SAMPLE:
        return _at_once(key, model, catalog)
    kept = kept_of(model, catalog, board)
    if kept is not None and kept.known() == len(catalog):
        return _whole(key, kept)
    return _sample(key, model, catalog)


def status(model: BlockModel, catalog: Catalog, board: Scoreboard, found: Known) -> None:
    """Say what the views are drawn from; draw the button that explains all items, or how far it is.

    Nothing is drawn where all are known.
    """
    kept = kept_of(model, catalog, board)
    if found.whole or kept is None:
        return
    name = f"contributions {key_of(model, catalog, board)}"
    running = job(name)
    said = f"What follows is drawn from {len(found.rows)} of {len(catalog):,} items, chosen by lot"
    if running is not None and not running.ended.is_set():
        st.caption(f"{said}, until all are explained. You can go on meanwhile.")
        watch(name, "explain-stop")
        return
    there = kept.known()
    if running is not None and running.error:
        if running.stopping.is_set():
            st.info(f"Stopped: {there:,} of {len(catalog):,} items are explained, and stay so.")
        else:
            st.warning(running.error)
    forget(name)
    wait = duration((len(catalog) - there) * found.seconds)
    st.info(
        f"{said}. To explain all of them takes {wait}, once; you can go on meanwhile, and stop it"
        " at any time without losing what is done."
    )
    label = "Explain all items" if not there else "Go on explaining"
    if st.button(label, key="explain-all", type="primary", icon=":material/functions:"):

        def work(progress: Progress) -> None:
            kept.compute(
                lambda done, total: progress(done / total, f"Explained {done:,} of {total:,} items")
            )

        start(name, work)
        st.rerun()


def duration(seconds: float) -> str:
    """A time to wait in words: ``about half a minute``, ``about 8 minutes``."""
    if seconds < 15:
        return "a few seconds"
    if seconds < 45:
        return "about half a minute"
    minutes = round(seconds / 60)
    return "about a minute" if minutes <= 1 else f"about {minutes:,} minutes"


@st.cache_resource(max_entries=4, show_spinner="Adding up what moves the predictions")
def _at_once(key: Key, _model: BlockModel, _catalog: Catalog) -> Known:
    return Known(_model.contributions(_catalog), np.arange(len(_catalog)), whole=True)


@st.cache_resource(max_entries=4, show_spinner="Opening what is known of all items")
def _whole(key: Key, _kept: KeptContributions) -> Known:
    return Known(_kept.compute(), np.arange(len(_kept.catalog)), whole=True)


@st.cache_resource(max_entries=4, show_spinner="Explaining a few items, drawn by lot")
def _sample(key: Key, _model: BlockModel, _catalog: Catalog) -> Known:
    rows, started = sample(len(_catalog), SAMPLE), time.perf_counter()
    values = _model.contributions(_catalog, rows)
    return Known(values, rows, whole=False, seconds=(time.perf_counter() - started) / len(rows))
