"""The training form of the setup page: train the models of a catalog, see their cards."""

from pathlib import Path

import streamlit as st
from app.catalogs import current_catalog, current_models

from app.popularity_view import MODEL_NAMES, pairs_sentence
from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.errors import FashionError
from core.popularity.scoreboard import Scoreboard, load_scoreboard

ROOT = Path(__file__).resolve().parents[1]
HELP = {
    "linear": "learns from the fields and texts of the items",
    "image": "learns from the photos alone, as CLIP sees them",
}


def show() -> None:
    """Draw what is trained for the current catalog, and the form that trains again."""
    catalog, models = current_catalog(), current_models()
    if models is not None:
        try:
            _trained(catalog, load_scoreboard(models), models)
        except FashionError as error:
            st.error(str(error))
    if catalog.column(Role.TARGET) is None:
        st.info(
            f"“{catalog.name}” has no popularity column (units sold, likes, number of ratings), so"
            " no model can learn from it. It can still be ranked by models trained on a catalog"
            " that has one."
        )
        return
    with st.form("train", border=True):
        st.markdown(f"**Train on “{catalog.name}”** ({len(catalog):,} items)")
        chosen = [
            name
            for name, text in HELP.items()
            if st.checkbox(f"{MODEL_NAMES[name]}: {text}", value=True, key=f"train-{name}")
        ]
        late = st.checkbox(
            "Also learn from what is known only after launch (ratings, reviews)",
            value=False,
            help="Scores look better, but a new item has no ratings yet to be ranked by.",
        )
        start = st.form_submit_button("Train", type="primary")
    if start:
        _train(catalog, chosen, late)


def models_directory(catalog: Catalog) -> Path:
    """Where the models of a catalog are written: `models/NAME` in the project's folder."""
    return ROOT / "models" / catalog.directory.name


def _train(catalog: Catalog, chosen: list[str], late: bool) -> None:
    from core.popularity.training import train

    if not chosen:
        st.warning("Choose at least one model to train.")
        return
    bar = st.progress(0.0, "Starting")
    try:
        board = train(
            catalog,
            models_directory(catalog),
            models=None if set(chosen) == set(HELP) else chosen,
            include_post_launch=late,
            on_progress=lambda share, message: bar.progress(min(share, 1.0), message),
        )
    except FashionError as error:
        bar.empty()
        st.error(str(error))
        return
    bar.empty()
    st.toast(f"Trained: “{MODEL_NAMES[board.promoted]}” ranks “{catalog.name}” now.")
    st.rerun()


def _trained(catalog: Catalog, board: Scoreboard, models: Path) -> None:
    st.markdown(
        f"**“{MODEL_NAMES[board.promoted]}” ranks.** {pairs_sentence(board, board.promoted)}"
    )
    st.caption(f"Trained {board.date[:10]} on {board.items:,} items of “{board.catalog}”.")
    if board.data_hash != catalog.content_hash:
        st.warning(
            f"The models were trained on another version of “{catalog.name}”, or on another"
            " catalog. Train again to learn from this one."
        )
    for name, why in board.skipped.items():
        st.caption(f"“{MODEL_NAMES[name]}” was left out: {why}")
    for name in board.trained:
        card = models / name / "card.md"
        if card.is_file():
            with st.expander(f"Model card: {MODEL_NAMES[name]}"):
                st.markdown(card.read_text(encoding="utf-8"))
