"""Charts and words of the popularity page: the scoreboard, effects, waterfalls."""

import math
import re
from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from app.suggestions import accepted_titles
from app.words import capital, colours, label
from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.explain.linear import REST, Explanation, Step
from core.explain.wording import MODEL_NAMES, about, times
from core.popularity.additive import IMAGE_PLAYER, REVIEW_PLAYER, TEXT_PLAYER
from core.popularity.scoreboard import REFERENCE, Scoreboard

CONFIG = {"displayModeBar": False}
_PLAYER_NAMES = {
    TEXT_PLAYER: "Name and description",
    REVIEW_PLAYER: "Review texts",
    IMAGE_PLAYER: "Photo",
    REST: "Everything else",
}
_ROLE_NAMES = {Role.PRICE: "Price", Role.RELEASE_DATE: "Release date", Role.TITLE: "Name"}


def player_label(player: str, roles: Mapping[str, Role] | None = None) -> str:
    """A player's name for people: never the raw column name."""
    return _PLAYER_NAMES.get(player) or column_label(player, roles)


def column_label(column: str, roles: Mapping[str, Role] | None = None) -> str:
    """A column's name for people: by its role where that says more, else its words."""
    role = (roles or {}).get(column)
    return _ROLE_NAMES[role] if role in _ROLE_NAMES else label(column)


def feature_roles(board: Scoreboard) -> dict[str, Role]:
    """Roles of the columns that the models learned from."""
    return {c["name"]: Role(c["role"]) for c in board.columns}


def pairs_sentence(board: Scoreboard, model: str) -> str:
    """What the ranking quality means: how often the more popular of two comes first."""
    share = board.models[model].headline["pairwise_accuracy"]["value"]
    if share is None:
        return "This model gives every item the same prediction."
    plain = board.models[REFERENCE].headline["pairwise_accuracy"]["value"] or 0.5
    return (
        f"Of two items{_one_season(board, model)}, the model puts the more popular one first"
        f" **{share * 100:.0f} times in 100** (the average of their categories: {plain * 100:.0f},"
        " a coin: 50)."
    )


def model_sentence(board: Scoreboard, model: str) -> str:
    """A model's ranking quality with its 95 % range, as a sentence that begins with its name."""
    scores = board.models[model].headline["pairwise_accuracy"]
    name = f"**{MODEL_NAMES.get(model, model)}**"
    share, low, high = (scores[k] for k in ("value", "low", "high"))
    if share is None:
        return f"{name} gives every item the same prediction."
    spread = f" ({low * 100:.0f} to {high * 100:.0f})" if low and high else ""
    return (
        f"{name} ranks two random items{_one_season(board, model)} in the right order"
        f" **{share * 100:.0f} times in 100**{spread}."
    )


def _one_season(board: Scoreboard, model: str) -> str:
    return " of the same season" if board.models[model].forward else ""


def coverage_sentence(board: Scoreboard, model: str) -> str:
    """How far the intervals kept their promise."""
    share = board.models[model].headline["coverage_90"]["value"]
    return (
        f"Its 90 % ranges held **{(share or 0) * 100:.0f} of 100** actual values of items that it"
        " had not seen."
    )


def scoreboard_chart(board: Scoreboard) -> tuple[go.Figure, str]:
    """A dot a model with its 95 % range on the rank correlation, and the chart in words."""
    tone = colours()
    figure = go.Figure()
    words = []
    names = [*board.trained, *board.compared]
    for name in reversed(names):
        scores = board.models[name].headline
        value, low, high = (scores["spearman"][k] for k in ("value", "low", "high"))
        label = MODEL_NAMES.get(name, name)
        if value is None or low is None or high is None:
            words.append(f"{label}: not defined")
            continue
        colour = tone["raises"] if name == board.promoted else tone["context"]
        dot = {"symbol": "circle-open", "line": {"width": 2}} if name in board.compared else {}
        pairs = (scores["pairwise_accuracy"]["value"] or 0.5) * 100
        figure.add_scatter(
            x=[low, high], y=[label, label], mode="lines",
            line={"color": colour, "width": 3}, hoverinfo="skip",
        )  # fmt: skip
        figure.add_scatter(
            x=[value], y=[label], mode="markers",
            marker={"color": colour, "size": 13, **dot},
            hovertemplate=f"{label}: {value:.2f} ({low:.2f} to {high:.2f}); {pairs:.0f} of 100"
            " pairs in the right order<extra></extra>",
        )  # fmt: skip
        figure.add_annotation(
            x=high, y=label, text=f"{value:.2f}", xanchor="left", xshift=8, showarrow=False
        )
        words.append(f"{label}: {value:.2f}, {low:.2f} to {high:.2f}")
    figure.add_vline(x=0, line={"color": tone["line"], "width": 1})
    layout(figure, 90 + 52 * len(names))
    figure.update_yaxes(range=[-0.5, len(names) - 0.5])
    figure.update_xaxes(
        title="Rank correlation: 0 is chance, 1 is perfect",
        gridcolor=tone["line"], zeroline=False, range=[-0.06, 1.0],
    )  # fmt: skip
    return figure, "Rank correlation by model. " + "; ".join(reversed(words)) + "."


def column_chart(effects: pd.DataFrame, label: str, currency: str = "") -> tuple[go.Figure, str]:
    """How a prediction changes along one column, against the average item, and in words."""
    tone = colours()
    percent = [(math.exp(v) - 1) * 100 for v in effects["effect"]]
    kinds = effects["value"]
    if pd.api.types.is_datetime64_any_dtype(kinds) or isinstance(kinds.iloc[0], pd.Timestamp):
        names = [f"{v:%b}" for v in kinds]
    elif pd.api.types.is_numeric_dtype(kinds):
        return _curve(effects, percent, label, currency)
    else:
        order = sorted(range(len(percent)), key=lambda i: percent[i])
        names = [str(kinds.iloc[i]) for i in order]
        percent = [percent[i] for i in order]
        effects = effects.iloc[order]
    signs = [tone["raises"] if p >= 0 else tone["lowers"] for p in percent]
    hover = [f"{p:+.0f} %, {n:,} items" for p, n in zip(percent, effects["items"], strict=True)]
    upright = len(names) == 12 and names[0] == "Jan"
    x, y, way = (names, percent, "v") if upright else (percent, names, "h")
    figure = go.Figure(
        go.Bar(x=x, y=y, orientation=way, marker_color=signs, text=None, hovertext=hover)
    )
    figure.update_traces(hovertemplate="%{hovertext}<extra></extra>")
    layout(figure, 320 if upright else 80 + 24 * len(names))
    axis = figure.update_yaxes if upright else figure.update_xaxes
    axis(ticksuffix=" %", gridcolor=tone["line"], zerolinecolor=tone["context"])
    words = [f"{n} {p:+.0f} %" for n, p in zip(names, percent, strict=True)]
    return figure, f"{label}, against the average item: " + ", ".join(words) + "."


def waterfall_chart(
    steps: Sequence[Step], explanation: Explanation, unit: str, roles: dict[str, Role]
) -> tuple[go.Figure, str]:
    """From the average item to this one's prediction, a bar a player, and in words."""
    base, predicted = explanation.base_units, explanation.predicted
    low, high = explanation.low, explanation.high
    final = about(predicted, low, high)
    span = f"{about(low, low, high)} to {about(high, low, high)}"
    tone = colours()
    names = ["Average item", *(_step_label(s, roles) for s in steps), f"This item, {span}"]
    starts = [0.0, *(s.start for s in steps), 0.0]
    ends = [base, *(s.end for s in steps), predicted]
    shades = [tone["context"]]
    shades += [tone["raises"] if s.end >= s.start else tone["lowers"] for s in steps]
    shades += [tone["context"]]
    texts = [about(base, low, high), *(times(s.factor) for s in steps), final]
    figure = go.Figure(
        go.Bar(
            x=[e - s for s, e in zip(starts, ends, strict=True)], base=starts, y=names,
            orientation="h", marker_color=shades, text=texts, textposition="outside",
            cliponaxis=False,
            hovertext=[f"{s:,.0f} to {e:,.0f} {unit}" for s, e in zip(starts, ends, strict=True)],
            hovertemplate="%{y}<br>%{hovertext}<extra></extra>",
        )
    )  # fmt: skip
    layout(figure, 70 + 38 * len(names))
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(
        title=unit[:1].upper() + unit[1:], gridcolor=tone["line"], zeroline=False,
        range=[0, max(*starts, *ends) * 1.15],
    )  # fmt: skip
    words = [f"{_step_label(s, roles)} {times(s.factor)}" for s in steps]
    return figure, (
        f"From the average item, {about(base, low, high)} {unit}: " + ", ".join(words)
        + f"; this item: about {final}, {span} {unit}."
    )  # fmt: skip


def item_names(catalog: Catalog, rows: Sequence[int] | None = None) -> list[str]:
    """A name for each item: its title, else an accepted suggestion, marked.

    Without either it is what and which colour the item is, and its id.
    """
    frame = catalog.frame if rows is None else catalog.frame.iloc[list(rows)]
    ids = [str(i) for i in frame[catalog.columns(Role.ID)[0]]]
    column = catalog.column(Role.TITLE)
    titles = frame[column].fillna("") if column else [""] * len(frame)
    kind = catalog.columns(Role.CATEGORY)[:1]
    colour = [c for c in catalog.columns(Role.ATTRIBUTE) if re.search("colou?r", c.lower())][:1]
    cells = [frame[c].astype(object).fillna("") for c in kind + colour]
    words = zip(*cells, strict=True) if cells else [()] * len(frame)
    suggested = accepted_titles(catalog)
    names = []
    for item, title, parts in zip(ids, titles, words, strict=True):
        made = capital(", ".join(str(p) for p in parts if p))
        title = str(title) or suggested.get(item, "")
        names.append(title or (f"{made} ({item})" if made else item))
    return names


def _curve(
    effects: pd.DataFrame, percent: list[float], label: str, currency: str
) -> tuple[go.Figure, str]:
    tone = colours()
    figure = go.Figure(
        go.Scatter(
            x=effects["value"], y=percent, mode="lines", line={"color": tone["raises"], "width": 3},
            hovertemplate="%{x:,.0f}: %{y:+.0f} %<extra></extra>",
        )
    )  # fmt: skip
    figure.add_hline(y=0, line={"color": tone["context"], "width": 1})
    layout(figure, 320)
    figure.update_yaxes(ticksuffix=" %", gridcolor=tone["line"], zeroline=False)
    figure.update_xaxes(title=f"{label}{f' ({currency})' if currency else ''}", showgrid=False)
    ends = (effects["value"].iloc[0], effects["value"].iloc[-1])
    return figure, (
        f"{label}, against the average item: {percent[0]:+.0f} % at {ends[0]:,.0f},"
        f" {percent[-1]:+.0f} % at {ends[1]:,.0f}."
    )


def _step_label(step: Step, roles: dict[str, Role]) -> str:
    label = player_label(step.player, roles)
    if step.player in (TEXT_PLAYER, REVIEW_PLAYER):
        return label  # its text is no value to read from an axis
    shown = step.shown if len(step.shown) <= 26 else step.shown[:24] + "…"
    return f"{label}: {shown}" if shown else label


def layout(figure: go.Figure, height: int) -> None:
    """Size, fonts and colours that all charts of the page share; neither zoom nor legend."""
    ink = colours()["ink"]
    figure.update_layout(
        height=height, showlegend=False, bargap=0.35,
        margin={"l": 8, "r": 24, "t": 16, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
        font={"size": 13, "color": ink}, dragmode=False, hoverlabel={"align": "left"},
    )  # fmt: skip
    # Streamlit's own theme writes ticks small and pale.
    ticks = {"size": 12, "color": ink}
    shared = {"automargin": True, "fixedrange": True, "tickfont": ticks, "separatethousands": True}
    figure.update_yaxes(**shared)
    figure.update_xaxes(**shared)
