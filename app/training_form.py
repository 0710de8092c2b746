"""The models of the setup page: which ones rank, the form that trains, and their cards."""

import threading
from pathlib import Path

import streamlit as st

from app import leakage_report
from app.catalogs import (
    available_models,
    current_catalog,
    current_models,
    models_dir_for,
    select_models,
)
from app.popularity_view import pairs_sentence
from app.words import plain
from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.errors import FashionError
from core.explain.wording import MODEL_NAMES
from core.popularity.ranking import load_model
from core.popularity.scoreboard import Scoreboard, load_scoreboard
from core.popularity.versions import keep

HELP = {
    "linear": "learns from the fields and texts of the items",
    "image": "learns from the photos alone, as CLIP sees them",
    "deep": "learns from all of them, and how they play together",
}
RUNNING = "training"
"""Session state: what was pressed; the run that follows takes it, locks the form and trains."""
WAIT = 15.0
"""Seconds to wait for a run that is being stopped; it stops at its next step."""


def show() -> None:
    """Draw what ranks the open catalog, the choice of other models, the form, the cards."""
    catalog, models = current_catalog(), current_models()
    for level, text in st.session_state.pop("training_said", []):
        {"done": st.success, "stopped": st.warning, "failed": st.error}[level](text)
    if models is not None:
        try:
            _in_use(catalog, load_scoreboard(models), models)
        except FashionError as error:
            st.error(str(error))
    _choice(catalog, models)
    if catalog.column(Role.TARGET) is None:
        st.info(
            f"“{plain(catalog.name)}” has no popularity column (units sold, likes, number of"
            " ratings), so no model can learn from it. It can still be ranked by models trained on"
            " a catalog that has one: choose them above."
        )
    else:
        _form(catalog)
    if models is not None:
        _cards(models)


def _in_use(catalog: Catalog, board: Scoreboard, models: Path) -> None:
    st.markdown(
        f"**“{MODEL_NAMES[board.promoted]}” ranks “{plain(catalog.name)}”.**"
        f" {pairs_sentence(board, board.promoted)}"
    )
    late = ", ratings and reviews among them" if board.include_post_launch else ""
    st.caption(
        f"Trained {board.date[:10]} on {board.items:,} items of “{plain(board.catalog)}”{late}, to"
        f" predict {board.unit}."
    )
    for name, why in board.skipped.items():
        st.caption(f"“{MODEL_NAMES[name]}” was left out: {plain(why)}")
    if board.data_hash == catalog.content_hash:
        return
    text = (
        f"These models were trained on another version of “{plain(catalog.name)}”, or on another"
        " catalog."
    )
    missing = load_model(models).missing_columns(catalog)
    if missing:
        text += (
            " Columns that they learned from and this catalog lacks: "
            + ", ".join(missing)
            + ". Every item counts as average there."
        )
    if catalog.column(Role.TARGET) is not None:
        text += " Train again to learn from this one."
    st.warning(text)


def _choice(catalog: Catalog, models: Path | None) -> None:
    found = available_models()
    own = catalog.directory.name
    others = [slug for slug in found if slug != own]
    if not others:
        return
    options = [own, *others]
    current = next((slug for slug, folder in found.items() if folder == models), own)

    def named(slug: str) -> str:
        if slug == own:
            return "its own" if slug in found else "its own, once trained"
        try:
            return f"those of “{load_scoreboard(found[slug]).catalog}”"
        except FashionError:
            return f"{slug} (cannot be read)"

    chosen = st.selectbox(
        f"Models that rank “{plain(catalog.name)}”",
        options,
        index=options.index(current),
        format_func=named,
    )
    if chosen != current:
        select_models(None if chosen == own else chosen)
        st.rerun()


def _form(catalog: Catalog) -> None:
    running = st.session_state.pop(RUNNING, None)

    def start() -> None:
        state = st.session_state
        chosen = [name for name in HELP if state[f"train-{name}"]]
        state[RUNNING] = {"models": chosen, "late": state["train-late"]}

    with st.form("train", border=True):
        st.markdown(f"**Train on “{plain(catalog.name)}”** ({len(catalog):,} items)")
        for name, text in HELP.items():
            label = f"{MODEL_NAMES[name]}: {text}"
            # The deep model takes longest and has not beaten the others clearly: on demand.
            chosen = name != "deep"
            st.checkbox(label, value=chosen, key=f"train-{name}", disabled=bool(running))
        st.checkbox(
            "Also learn from what is known only after launch (ratings, reviews)",
            key="train-late",
            disabled=bool(running),
            help="To rank again what already sells: a new item has no ratings yet to be ranked by."
            " The scores without them are shown beside, as known at launch.",
        )
        st.caption("Two or more are also blended; the blend is kept where it ranks better.")
        st.form_submit_button(
            "Train",
            key="train-start",
            type="primary",
            disabled=bool(running),
            on_click=start,
        )
    if not running:
        late = st.session_state.get("train-late", False)
        leakage_report.show(leakage_report.before_training(catalog, include_post_launch=late))
    if running:
        _train(catalog, running["models"], running["late"])


@st.cache_resource
def _locks() -> dict[str, threading.Lock]:
    """One lock a model folder, so that two windows do not train the same models at once."""
    return {}


def _train(catalog: Catalog, chosen: list[str], late: bool) -> None:
    said = st.session_state.setdefault("training_said", [])
    out = models_dir_for(catalog)
    lock = _locks().setdefault(str(out), threading.Lock())
    stopped = ("stopped", "The training was stopped before its end; nothing has changed.")
    if not chosen:
        said.append(("failed", "Choose at least one model to train."))
    elif not lock.acquire(timeout=WAIT):
        said.append(
            ("failed", "Models of this catalog are being trained in another window. Wait for it.")
        )
    else:
        said.append(stopped)  # what is true if this run is interrupted
        try:
            result = _run(catalog, out, chosen, late)
            said.remove(stopped)
            said.append(result)
        finally:
            lock.release()
    st.rerun()


def _run(catalog: Catalog, out: Path, chosen: list[str], late: bool) -> tuple[str, str]:
    """Train with a bar on the page; how it ended, and the sentence that tells it."""
    from core.popularity.training import train

    bar = st.progress(0.0, "Starting")
    shown = available_models().get(catalog.directory.name)
    try:
        if shown is not None and shown != out:
            keep(shown, beside=out)  # the demo's: they come with the project, in another folder
        board = train(
            catalog,
            out,
            models=chosen,
            skip_unavailable={"linear", "image"} <= set(chosen),
            include_post_launch=late,
            on_progress=lambda share, message: bar.progress(min(share, 1.0), message),
        )
    except FashionError as error:
        return "failed", str(error)
    except OSError as error:
        return "failed", f"The models cannot be written to {out} ({error})."
    finally:
        bar.empty()
    select_models(None)
    return "done", f"Trained: “{MODEL_NAMES[board.promoted]}” ranks “{plain(catalog.name)}” now."


def _cards(models: Path) -> None:
    try:
        board = load_scoreboard(models)
    except FashionError:
        return  # told above
    for name in board.trained:
        card = models / name / "card.md"
        if card.is_file():
            with st.expander(f"Model card: {MODEL_NAMES[name]}"):
                st.markdown(card.read_text(encoding="utf-8").partition("\n")[2])
