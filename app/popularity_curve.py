"""The learning curve: whether more items would make the models better; computed on demand."""

from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app.jobs import Progress, forget, job, start, watch
from app.popularity_view import CONFIG, layout
from app.words import colours, plain
from core.catalog.catalog import Catalog
from core.explain.wording import MODEL_NAMES
from core.popularity.learning_curve import (
    DRAWS,
    LearningCurve,
    compute_learning_curve,
    load_learning_curve,
)
from core.popularity.scoreboard import Scoreboard
from core.settings import checkpoints_dir

CLEAR = 0.02
"""Smallest change of the rank correlation that is called one."""


def show(trained: Catalog | None, board: Scoreboard, models: Path) -> None:
    """Draw the curve that is there, what it says, and the button that computes it.

    It can be computed while the catalog that was learned from is there.
    """
    name = f"learning curve of {models}"
    running = job(name)
    if running is not None and not running.ended.is_set():
        watch(name, "curve-stop")
        return
    if running is not None and running.error:
        st.warning(running.error)
    forget(name)
    curve = load_learning_curve(models)
    if curve is None:
        st.info(
            "Would more items help? Nobody has looked yet. The models learn again from 10 to 100 %"
            " of the items, and each time predict the same ones that they had not seen. With the"
            " deep model this takes several minutes; you can go on meanwhile."
        )
    else:
        _draw(curve, board)
    if trained is None:
        st.caption(
            "It can only be computed on the catalog that the models were trained on"
            f" (“{plain(board.catalog)}” as it was then), which is not on this machine any more."
        )
        return
    if curve is not None and models.parent == checkpoints_dir():
        return  # it came with the project, like the models
    label = "Compute the learning curve" if curve is None else "Compute again"
    kind = "primary" if curve is None else "secondary"
    if st.button(label, key="curve-start", type=kind, icon=":material/timeline:"):

        def work(progress: Progress) -> None:
            compute_learning_curve(trained, models, on_progress=progress)

        start(name, work)
        st.rerun()


def _draw(curve: LearningCurve, board: Scoreboard) -> None:
    table = summary(curve)
    left, right = st.columns([3, 2], gap="large")
    with left:
        figure, alt = curve_chart(table, curve, board.promoted)
        st.plotly_chart(figure, config=CONFIG, alt=alt, key="curve")
    with right:
        for line in sentences(table, curve, board):
            st.markdown(line)
        with st.popover("How is this computed?"):
            st.markdown(
                "Each model learns from shares of the items that came before, whole styles drawn by"
                f" lot, {DRAWS} times; then it predicts the same items each time. The band spans"
                " the draws. How the score itself would change with other items to predict is"
                " larger, and the same for all points."
            )
        st.caption(f"Computed {curve.date[:10]}.")


def summary(curve: LearningCurve) -> pd.DataFrame:
    """Mean, lowest and highest score by model and share: ``model, share, items, mean, low, high``.

    A fit that predicts the same for all items has no rank correlation and counts as 0.
    """
    points = pd.DataFrame([vars(p) for p in curve.points])
    points["spearman"] = points["spearman"].astype("float64").fillna(0.0)
    grouped = points.groupby(["model", "share"], sort=False)
    found = grouped["spearman"].agg(["mean", "min", "max"])
    found = found.rename(columns={"min": "low", "max": "high"})
    return found.assign(items=grouped["items"].mean().round()).reset_index()


def curve_chart(table: pd.DataFrame, curve: LearningCurve, promoted: str) -> tuple[go.Figure, str]:
    """A line a model over the number of items, a band for the draws, and the chart in words."""
    tone = colours()
    figure = go.Figure()
    words = []
    dashes = iter(("solid", "dash", "dot", "dashdot"))
    for model in table["model"].unique():
        own = table[table["model"] == model]
        label = MODEL_NAMES.get(model, model)
        shade = tone["raises"] if model == promoted else tone["context"]
        figure.add_scatter(
            x=[*own["items"], *own["items"][::-1]], y=[*own["high"], *own["low"][::-1]],
            fill="toself", mode="lines", line={"width": 0}, fillcolor=shade, opacity=0.18,
            hoverinfo="skip", showlegend=False,
        )  # fmt: skip
        figure.add_scatter(
            x=own["items"], y=own["mean"], mode="lines+markers", name=label,
            line={"color": shade, "width": 3, "dash": "solid" if model == promoted else
                  next(dashes)},
            marker={"size": 8}, customdata=np.column_stack([own["low"], own["high"]]),
            hovertemplate=f"{label}: %{{y:.2f}} (%{{customdata[0]:.2f}} to %{{customdata[1]:.2f}})"
            " from %{x:,} items<extra></extra>",
        )  # fmt: skip
        told = [f"{r['mean']:.2f} from {r['items']:,.0f} items" for _, r in own.iterrows()]
        words.append(f"{label}: " + ", ".join(told))
    layout(figure, 360)
    figure.update_layout(
        showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"}
    )
    figure.update_xaxes(title="Items learned from", rangemode="tozero", gridcolor=tone["line"])
    figure.update_yaxes(title="Rank correlation", gridcolor=tone["line"], zeroline=False)
    return figure, f"Rank correlation on {test_name(curve)} by items learned from. " + "; ".join(
        words
    ) + "."


def test_name(curve: LearningCurve) -> str:
    """What was predicted, in words."""
    if curve.split == "forward":
        return f"{curve.scored_on:,} items of {curve.label}"
    return f"{curve.scored_on:,} held-out items"


def sentences(table: pd.DataFrame, curve: LearningCurve, board: Scoreboard) -> list[str]:
    """What the curve says of each model, and how sure its height is."""
    lines = [f"All predict the same {plain(test_name(curve))}."]
    for model in table["model"].unique():
        own = table[table["model"] == model].sort_values("share")
        if len(own) < 2:
            lines.append(
                f"**{MODEL_NAMES.get(model, model)}**: too few items to leave some out; train on"
                " more first."
            )
            continue
        last, before = own.iloc[-1], own.iloc[-2]
        half = own.iloc[(own["share"] - 0.4).abs().argmin()]
        lines.append(
            f"**{MODEL_NAMES.get(model, model)}**: {half['mean']:.2f} from {half['items']:,.0f}"
            f" items, {before['mean']:.2f} from {before['items']:,.0f}, {last['mean']:.2f} from all"
            f" {last['items']:,.0f}; {_slope(half, before, last)}."
        )
    height = _height(board, curve)
    return [*lines, height] if height else lines


def _slope(half: pd.Series, before: pd.Series, last: pd.Series) -> str:
    """Whether the curve rises, against how far draws of styles lie apart."""

    def clear(start: pd.Series) -> float:
        gain = last["mean"] - start["mean"]
        by_lot = start["low"] <= last["mean"] <= start["high"]
        return 0.0 if by_lot or abs(gain) < CLEAR else gain

    if clear(before) > 0:
        return "still rising: more items of this kind would probably help"
    if clear(half) > 0:
        return "it rose and has levelled off: more items of this kind may help little"
    if clear(half) < 0 or clear(before) < 0:
        return "it fell: more of the same past did not help, what sells may have changed"
    return "no clear rise: more items of this kind would help little"


def _height(board: Scoreboard, curve: LearningCurve) -> str:
    fold = next(
        (
            f
            for f in board.models[board.promoted].folds
            if (f["split"], f["label"]) == (curve.split, curve.label)
        ),
        None,
    )
    if fold is None or fold["spearman"]["low"] is None:
        return ""
    low, high = fold["spearman"]["low"], fold["spearman"]["high"]
    return (
        f"With {fold['scored_on']:,} items to predict, a score is only known to about"
        f" {low:.2f} to {high:.2f}; look at the slope, not at single steps."
    )
