"""The model cards: what each model is, learned from and scored, to read and to keep."""

from pathlib import Path

import streamlit as st

from core.explain.wording import MODEL_NAMES
from core.popularity.scoreboard import Scoreboard


def show(board: Scoreboard, models: Path) -> None:
    """Draw the card of each model with buttons to download it; the one that ranks first."""
    for name in board.trained:
        text, values = (models / name / f"card.{kind}" for kind in ("md", "json"))
        label = MODEL_NAMES.get(name, name)
        if not text.is_file():
            st.caption(f"“{label}” has no card; train the models again to have one written.")
            continue
        card = text.read_text(encoding="utf-8")
        with st.expander(f"Model card: {label}", expanded=name == board.promoted):
            with st.container(horizontal=True):
                _download("To read", card, f"{name}-card.md", "text/markdown")
                if values.is_file():
                    content = values.read_text(encoding="utf-8")
                    _download("For machines", content, f"{name}-card.json", "application/json")
            st.markdown(card.partition("\n")[2])


def _download(label: str, text: str, name: str, kind: str) -> None:
    st.download_button(
        label, text, name, kind, key=f"card:{name}", icon=":material/download:", on_click="ignore"
    )
