"""What fields do to this season's items against the last season's."""

from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app.popularity_overview_values import Key, Known, key_of
from app.popularity_view import CONFIG, feature_roles, layout, player_label
from app.words import colours, plain
from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.explain.overview import compare
from core.explain.wording import times
from core.popularity.additive import BlockModel
from core.popularity.scoreboard import Scoreboard
from core.popularity.splits import forward_folds, group_codes

FIELDS = 12
"""Most fields in the chart, those that changed most."""


def show(model: BlockModel, catalog: Catalog, board: Scoreboard, found: Known) -> None:
    """Draw both seasons and what has changed, or say what is missing for it."""
    if catalog.column(Role.RELEASE_DATE) is None:
        st.info(
            "The catalog has no release dates to tell seasons by. Give a date column the role"
            " “release date” when importing."
        )
        return
    if not found.whole:
        st.info(
            "Two seasons are compared over all of their items. They stand here as soon as all items"
            " are explained: see the button above."
        )
        return
    compared = _compared(key_of(model, catalog, board), catalog, found)
    if compared is None:
        st.info(
            "The catalog has too few seasons to compare: it takes two with at least 20 items each"
            " and 40 items before them, nearly all with a release date."
        )
        return
    before, now, table = compared
    roles = feature_roles(board)
    table = table.assign(label=[player_label(str(p), roles) for p in table["player"]])
    chart, words = st.columns([3, 2], gap="large")
    with chart:
        figure, alt = seasons_chart(table, before, now)
        st.caption("What each field makes of an item, against the average item")
        st.plotly_chart(figure, config=CONFIG, alt=alt, key="seasons")
    with words:
        for line in sentences(table, before, now):
            st.markdown(line)
        with st.popover("How is this computed?"):
            st.markdown(
                "For each field the mean of its parts (Shapley values) in the predictions of a"
                " season's items. One model speaks of both seasons, so a difference is one of what"
                " is offered, not of what people like. A change counts as clear where its 95 %"
                " range, from styles drawn again 400 times, leaves out zero; of"
                f" {len(table)} fields about {max(1, round(0.05 * len(table)))} would by chance."
            )


@st.cache_data(max_entries=8, show_spinner="Comparing the seasons")
def _compared(key: Key, _catalog: Catalog, _found: Known) -> tuple[str, str, pd.DataFrame] | None:
    folds = forward_folds(_catalog, np.arange(len(_catalog)))
    if not folds:
        return None
    before, now = folds[-2:]
    table = compare(_found.values, before.test, now.test, group_codes(_catalog))
    return before.label, now.label, table


def seasons_chart(table: pd.DataFrame, before: str, now: str) -> tuple[go.Figure, str]:
    """Two dots a field joined by a line, the largest change on top; and in words.

    Args:
        table: of `core.explain.overview.compare`, with a ``label``.
        before, now: names of the seasons.
    """
    tone = colours()
    top = table.head(FIELDS)[::-1]
    labels = [escape(v, quote=False) for v in top["label"]]
    old, new = (100 * np.expm1(top[c].to_numpy()) for c in ("before", "now"))
    figure = go.Figure()
    for label, a, b, clear in zip(labels, old, new, top["clear"], strict=True):
        line = {"color": tone["raises"], "width": 4} if clear else {"color": tone["context"]}
        figure.add_scatter(
            x=[a, b], y=[label, label], mode="lines", hoverinfo="skip", showlegend=False, line=line
        )
    for name, x, marker in (
        (before, old, {"color": tone["context"], "symbol": "circle-open", "line": {"width": 2}}),
        (now, new, {"color": tone["raises"]}),
    ):
        shown = escape(name, quote=False)
        figure.add_scatter(
            x=x, y=labels, mode="markers", name=shown, marker={"size": 11, **marker},
            hovertemplate=f"%{{y}} in {shown}: %{{x:+.1f}} %<extra></extra>",
        )  # fmt: skip
    figure.add_vline(x=0, line={"color": tone["context"], "width": 1})
    layout(figure, 110 + 32 * len(top))
    figure.update_layout(
        showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    )
    figure.update_xaxes(
        title="Against the average item", ticksuffix=" %", gridcolor=tone["line"], zeroline=False
    )
    words = [
        f"{label} {a:+.1f} % in {before}, {b:+.1f} % in {now}"
        for label, a, b in zip(top["label"][::-1], old[::-1], new[::-1], strict=True)
    ]
    return figure, "Mean part of each field, against the average item: " + "; ".join(words) + "."


def sentences(table: pd.DataFrame, before: str, now: str) -> list[str]:
    """Which changes are clear, each with its range."""
    clear = table[table["clear"]].head(5)
    names = f"{plain(now)} against {plain(before)}"
    if clear.empty:
        return [f"**{names}: no field has changed** by more than chance explains."]
    lines = [f"**What is different in {names}**"]
    for _, line in clear.iterrows():
        change, low, high = (times(float(np.exp(line[c]))) for c in ("change", "low", "high"))
        lines.append(
            f"- {plain(line['label'])} does {'more' if line['change'] > 0 else 'less'} for the"
            f" items: {change} ({low} to {high})"
        )
    rest = int(table["clear"].sum()) - len(clear)
    if rest > 0:
        lines.append(f"- {rest} more, in the chart as thick lines")
    return ["\n".join(lines)] if len(lines) < 2 else [lines[0], "\n".join(lines[1:])]
