"""Charts of the assortment what-if: differences of totals, categories of the first places."""

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from app.popularity_view import layout
from app.words import capital, colours
from core.explain.assortment_totals import Total


def percent(value: float) -> str:
    """A signed percentage: ``+4.9 %``, ``−12 %``."""
    return f"{value:+.{1 if abs(value) < 10 else 0}f} %".replace("-", "−")


def differences_chart(totals: Sequence[tuple[str, Total]]) -> tuple[go.Figure, str]:
    """How far each total moves in per cent of what it is, with both ranges, and in words.

    The thick line is the range where items keep their errors, the thin one where edited items draw
    anew.

    Args:
        totals: a name and its total each, the first on top; each above 0 as it is.
    """
    tone = colours()
    figure = go.Figure()
    words = []
    for i, (name, total) in enumerate(totals):
        scale = 100 / total.before.middle
        kept, apart = total.difference, total.apart
        middle, low, high = (scale * v for v in (kept.middle, kept.low, kept.high))
        far = [scale * apart.low, scale * apart.high]
        shade = tone["raises"] if middle >= 0 else tone["lowers"]
        told = f"{percent(middle)}, {percent(low)} to {percent(high)}"
        words.append(f"{name}: {told}; with new errors {percent(far[0])} to {percent(far[1])}")
        figure.add_scatter(
            x=far, y=[i, i], mode="lines", line={"color": tone["context"], "width": 2},
            hoverinfo="skip",
        )  # fmt: skip
        figure.add_scatter(
            x=[low, high], y=[i, i], mode="lines", line={"color": shade, "width": 8},
            hoverinfo="skip",
        )  # fmt: skip
        figure.add_scatter(
            x=[middle], y=[i], mode="markers+text", marker={"color": shade, "size": 14},
            text=[percent(middle)], textposition=f"top {'right' if middle >= 0 else 'left'}",
            hovertemplate=f"{name}: {told}<extra></extra>",
        )  # fmt: skip
    layout(figure, 90 + 52 * len(totals))
    figure.add_vline(x=0, line={"color": tone["ink"], "width": 1})
    figure.update_yaxes(
        tickvals=list(range(len(totals))), ticktext=[name for name, _ in totals],
        range=[len(totals) - 0.5, -0.7],
    )  # fmt: skip
    figure.update_xaxes(
        title="Change in per cent of what it is",
        ticksuffix=" %",
        gridcolor=tone["line"],
        zeroline=False,
    )
    return figure, "Change of totals. " + "; ".join(words) + "."


def mix_chart(mix: pd.DataFrame, top: int, *, edited: bool) -> tuple[go.Figure, str]:
    """How many of the first places each category takes, and in words.

    Args:
        mix: of `core.explain.assortment.category_mix`.
        top: how many places.
        edited: whether there are edits, and so a second bar.
    """
    tone = colours()
    names = [capital(str(name)) for name in mix["category"]]
    sides = [("before", "As it is", tone["context"])]
    if edited:
        sides.append(("after", "With the edits", tone["raises"]))
    figure = go.Figure()
    for column, name, shade in reversed(sides):
        figure.add_bar(
            x=mix[column], y=names, orientation="h", name=name, marker_color=shade,
            text=mix[column], textposition="outside", cliponaxis=False,
            hovertemplate=f"%{{y}}, {name.lower()}: %{{x}} of {top}<extra></extra>",
        )  # fmt: skip
    layout(figure, 70 + (44 if edited else 30) * len(names))
    figure.update_layout(
        barmode="group", bargap=0.25, showlegend=edited, margin={"t": 40 if edited else 8},
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "traceorder": "reversed"},
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(visible=False)
    words = [
        f"{name} {line['before']}" + (f" to {line['after']}" if edited else "")
        for name, line in zip(names, mix.to_dict("records"), strict=True)
    ]
    return figure, f"Categories of the first {top} places. " + ", ".join(words) + "."
