"""Which model ranks: let another one rank, go back to an earlier training run, undo."""

from pathlib import Path

import streamlit as st

from app.words import plain
from core.catalog.catalog import Catalog
from core.errors import FashionError
from core.explain.wording import MODEL_NAMES
from core.popularity.scoreboard import Choice, Scoreboard, load_scoreboard
from core.popularity.versions import (
    KEPT,
    RankingChange,
    Version,
    compare,
    go_back,
    promote,
    versions,
)
from core.resources import ranking
from core.settings import checkpoints_dir, models_dir

SAID = "versions-said"
"""Session state: how it went, the sentence on it, and the action and value that undo it."""


def show(catalog: Catalog, board: Scoreboard, models: Path) -> None:
    """Draw what ranks and who decided it, the choice of another model, and the earlier runs."""
    _told(models)
    st.markdown(f"{decided(board)} What is chosen here ranks for everyone who uses this dashboard.")
    left, right = st.columns(2, gap="large")
    with left, st.container(border=True):
        _other_models(catalog, board, models)
    with right, st.container(border=True):
        _earlier_runs(catalog, models)
    who, why = st.columns([1, 2])
    who.text_input("Who decides (optional)", key="versions-who", max_chars=80)
    why.text_input("Why (optional)", key="versions-why", max_chars=300)
    if board.choices:
        with st.expander("What was decided"):
            st.markdown("\n".join(f"- {_choice(choice)}" for choice in reversed(board.choices)))


def _other_models(catalog: Catalog, board: Scoreboard, models: Path) -> None:
    st.markdown("**Let another model rank**")
    others = board.trained[1:]
    if not others:
        st.caption("Only one model was trained. Train more of them on the Setup page.")
        return
    name = st.radio("Model", others, format_func=lambda m: MODEL_NAMES.get(m, m), key="promote")
    new, now = (
        board.models[m].headline["pairwise_accuracy"]["value"] for m in (name, board.promoted)
    )
    if new is not None and now is not None:
        st.markdown(
            f"It puts {new * 100:.0f} of 100 pairs in the right order, the present one"
            f" {now * 100:.0f}."
        )
    can = _change(catalog, models, models, name)
    st.button(
        f"Let “{MODEL_NAMES.get(name, name)}” rank", key="promote-do", icon=":material/check:",
        disabled=not can, on_click=_act, args=(models, "promoted", name),
    )  # fmt: skip


def _earlier_runs(catalog: Catalog, models: Path) -> None:
    st.markdown("**Go back to earlier models**")
    found = {version.run: version for version in versions(models)}
    if not found:
        st.caption(f"There are none yet. When models are trained again, the last {KEPT} are kept.")
        return
    run = st.selectbox(
        "Trained", list(found), format_func=lambda r: _run_label(found[r]), key="restore"
    )
    can = _change(catalog, models, found[run].directory)
    st.button(
        "Go back to these", key="restore-do", icon=":material/history:",
        disabled=not can, on_click=_act, args=(models, "restored", run),
    )  # fmt: skip


def _change(catalog: Catalog, models: Path, other: Path, name: str | None = None) -> bool:
    """Say what would change in the ranking; whether the others can rank at all."""
    try:
        before, after = ranking(catalog, models), ranking(catalog, other, name)
    except FashionError as error:
        st.warning(f"These models cannot rank this catalog. {error}")
        return False
    st.markdown(change_sentence(compare(before, after)))
    return True


def change_sentence(change: RankingChange) -> str:
    """What another ranking would change, in words."""
    if change.spearman > 0.9999 and not change.entered:
        return "The order of the items would stay as it is."
    return (
        f"The first {change.top} would have **{change.entered}** others among them; over all"
        f" {change.items:,} items the two orders have a rank correlation of {change.spearman:.2f}"
        " (1 is the same order)."
    )


def _told(models: Path) -> None:
    said = st.session_state.pop(SAID, None)
    if said is None:
        return
    level, text, undo = said
    {"done": st.success, "failed": st.error}[level](text)
    if undo is not None:
        st.button(
            "Undo", key="versions-undo", icon=":material/undo:", on_click=_act,
            args=(models, *undo, "Taken back"),
        )  # fmt: skip


def _act(models: Path, action: str, value: str, why: str = "") -> None:
    """Do what was pressed; what came of it, and its undo, are shown by the run that follows."""
    who = st.session_state.get("versions-who", "")
    why = why or st.session_state.get("versions-why", "")
    try:
        before = load_scoreboard(models)
        if action == "promoted":
            promote(models, value, who=who, why=why, into=_own(models))
            text = f"“{MODEL_NAMES.get(value, value)}” ranks now."
            undo = (action, before.promoted)
        else:
            board = go_back(models, value, who=who, why=why)
            text = f"The models of {_when(board.date)} rank again."
            undo = (action, next(v.run for v in versions(models) if v.board == before))
    except FashionError as error:
        st.session_state[SAID] = ("failed", str(error), None)
    except OSError as error:
        text = f"The models in {models} cannot be changed ({error.strerror or error})."
        st.session_state[SAID] = ("failed", text, None)
    else:
        st.session_state[SAID] = ("done", text, undo)
        st.session_state["versions-why"] = ""


def _own(models: Path) -> Path | None:
    """Where a choice is written: the demo's models come with the project and stay as they are."""
    return models_dir() / "demo" if models.parent == checkpoints_dir() else None


def decided(board: Scoreboard) -> str:
    """What ranks, and why it does."""
    name = MODEL_NAMES.get(board.promoted, board.promoted)
    if not board.choices:
        return f"**“{name}” ranks**: it scored best when the models were trained."
    return f"**“{name}” ranks**: {_choice(board.choices[-1])}"


def _choice(choice: Choice) -> str:
    who = plain(choice.who) or "somebody"
    why = f": “{plain(choice.why)}”" if choice.why else ""
    if choice.action == "promoted":
        new, old = (MODEL_NAMES.get(m, m) for m in (choice.model, choice.before))
        what = f"chose “{new}” instead of “{old}”"
    else:
        what = f"went back from the models of {_when(choice.before)}"
    return f"{who} {what} on {_when(choice.date)}{why}."


def _when(date: str) -> str:
    """``2026-11-24, 18:31 UTC`` of an ISO date in UTC."""
    return f"{date[:10]}, {date[11:16]} UTC"


def _run_label(version: Version) -> str:
    board = version.board
    name = MODEL_NAMES.get(board.promoted, board.promoted)
    return f"{_when(board.date)}: “{name}”, {board.items:,} items"
