"""How the inputs of the models change from season to season: a heat map, and what stands out."""

from collections.abc import Iterable
from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app.popularity_view import CONFIG, column_label, layout
from app.words import colours, plain
from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.popularity.drift import CHANGED, LARGE, PHOTO, catalog_drift, season_drift
from core.popularity.scoreboard import Scoreboard

SAID = 6
"""Most lines on what stands out in the newest season."""
LEVEL = {"steady": 0, "changed": 1, "large": 2}


def show(catalog: Catalog, trained: Catalog | None, board: Scoreboard) -> None:
    """Draw how the open catalog differs from what was learned from, and its seasons from before."""
    late = board.include_post_launch
    if trained is None:
        st.info(
            f"The models learned from “{plain(board.catalog)}” as it was then, which is not on this"
            " machine any more; how this catalog differs from it cannot be told."
        )
    elif trained.content_hash != catalog.content_hash:
        key = (trained.content_hash, catalog.content_hash)
        table = _against(*key, late, _trained=trained, _catalog=catalog)
        _panel(table, trained, f"the items of “{plain(trained.name)}”", "against")
    table = _drift(catalog.content_hash, late, _catalog=catalog)
    if not table.empty:
        _panel(table, catalog, "the seasons before", "drift")
    elif board.data_hash == catalog.content_hash:
        st.info(
            "Drift compares each season with what came before, and this catalog has no release"
            " dates, or too few, to tell seasons by. If it has such a column, give it the role"
            " *release date* when importing."
        )


def _panel(table: pd.DataFrame, named: Catalog, before: str, key: str) -> None:
    """One heat map; `named` is the catalog whose column names the table has."""
    roles = {column: Role(role) for column, role in named.roles.items()}
    table = table.assign(label=[_label(c, roles) for c in table["column"]])
    left, right = st.columns([3, 2], gap="large")
    with left:
        figure, alt = drift_chart(table)
        st.caption(f"How far each column differs from {before} (stability index)")
        st.plotly_chart(figure, config=CONFIG, alt=alt, key=f"chart-{key}")
    with right:
        for line in sentences(table, before):
            st.markdown(line)
        with st.popover("How is this computed?", key=f"how-{key}"):
            st.markdown(
                "Population stability index: the shares of a column's levels (or of its value"
                " bands, or of the number of words of a text) here against before."
                f" By convention {CHANGED} is a change and {LARGE} a large one; that is a habit,"
                " not a law. With few items chance alone passes it, so a cell is coloured only"
                " where it also passes what chance reaches in 1 of 20 cases. Spring and autumn"
                " differ by nature: a change that comes back each year is no news to a model that"
                " has seen both."
            )


@st.cache_data(max_entries=8, show_spinner="Comparing seasons")
def _drift(content_hash: str, include_post_launch: bool, *, _catalog: Catalog) -> pd.DataFrame:
    return season_drift(_catalog, include_post_launch=include_post_launch)


@st.cache_data(max_entries=8, show_spinner="Comparing catalogs")
def _against(
    trained_hash: str,
    content_hash: str,
    include_post_launch: bool,
    *,
    _trained: Catalog,
    _catalog: Catalog,
) -> pd.DataFrame:
    return catalog_drift(_trained, _catalog, include_post_launch=include_post_launch)


def _label(column: str, roles: dict[str, Role]) -> str:
    if column == PHOTO and column not in roles:
        return "Has a photo"
    role = roles.get(column)
    if role in (Role.TITLE, Role.DESCRIPTION, Role.REVIEW):
        return f"Length of “{column_label(column, roles)}”"
    return column_label(column, roles)


def drift_chart(table: pd.DataFrame) -> tuple[go.Figure, str]:
    """Columns by seasons, coloured where a change stands out, and the chart in words."""
    tone = colours()
    seasons = list(dict.fromkeys(table["season"]))
    order = table.groupby("label")["psi"].max().sort_values()
    grid = table.set_index(["label", "season"]).reindex(
        pd.MultiIndex.from_product([order.index, seasons])
    )
    shape = (len(order), len(seasons))

    def cells(values: Iterable[object]) -> np.ndarray:
        return np.array(list(values), dtype=object).reshape(shape)

    between = _between(tone["line"], tone["lowers"])
    figure = go.Figure(
        go.Heatmap(
            z=cells(grid["verdict"].map(LEVEL)).astype(float),
            x=[escape(name, quote=False) for name in seasons],
            y=[escape(name, quote=False) for name in order.index],
            text=cells(f"{v:.2f}" for v in grid["psi"]), texttemplate="%{text}",
            customdata=cells(_hover(line) for _, line in grid.iterrows()),
            zmin=0, zmax=2, showscale=False, xgap=2, ygap=2,
            colorscale=[[0, tone["line"]], [0.5, between], [1, tone["lowers"]]],
            hovertemplate="%{y}, %{x}<br>%{customdata}<extra></extra>",
        )
    )  # fmt: skip
    layout(figure, 70 + 30 * len(order))
    figure.update_xaxes(type="category", side="top", showgrid=False)
    figure.update_yaxes(showgrid=False)
    words = [f"{x.label} in {x.season} {x.psi:.2f}" for x in _standing_out(table).itertuples()]
    told = ", ".join(words) if words else "nothing"
    return figure, (
        f"Stability index of {len(order)} columns in {', '.join(seasons)}, each against what came"
        f" before. What stands out: {told}."
    )


def _between(first: str, second: str) -> str:
    """The colour half way; solid, so that plotly chooses a number's colour that is read on it."""
    pairs = ((int(c[i : i + 2], 16) for c in (first, second)) for i in (1, 3, 5))
    return "#" + "".join(f"{sum(pair) // 2:02x}" for pair in pairs)


def _hover(line: pd.Series) -> str:
    return (
        f"index {line['psi']:.2f}; by chance up to {line['chance']:.2f}"
        f"<br>{line['items']:,.0f} items against {line['items_before']:,.0f} before"
    )


def _standing_out(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["verdict"] != "steady"].sort_values("psi", ascending=False)


def sentences(table: pd.DataFrame, before: str = "the seasons before") -> list[str]:
    """What stands out in the newest season, and how often the same column did before."""
    newest = table["season"].iloc[-1]
    own = table[table["season"] == newest]
    found = _standing_out(own)
    lines = []
    if found.empty:
        lines.append(
            f"**{plain(newest)} looks like {before}**: no column changed by more than chance"
            " explains."
        )
    else:
        lines.append(f"**What is different in {plain(newest)}**, largest first:")
        told = []
        for _, row in found.head(SAID).iterrows():
            past = table[(table["label"] == row["label"]) & (table["season"] != newest)]
            often = int((past["verdict"] != "steady").sum())
            usual = f"; as in {often} of {len(past)} seasons before" if often else ""
            size = "large change" if row["verdict"] == "large" else "change"
            told.append(f"- {plain(row['label'])}: {size} ({row['psi']:.2f}){_extra(row)}{usual}")
        lines.append("\n".join(told))
    new = own[own["new_share"] > 0].sort_values("new_share", ascending=False)
    rest = new[~new["label"].isin(found.head(SAID)["label"])]
    if len(rest):
        said = [f"{plain(r['label'])} {_percent(r['new_share'])}" for _, r in rest.iterrows()]
        lines.append("Items with a level never seen before: " + ", ".join(said) + ".")
    lines.append(
        "Where inputs differ from what the models learned from, scores of earlier seasons promise"
        " less."
    )
    return lines


def _extra(row: pd.Series) -> str:
    parts = []
    if row["new_share"] > 0:
        parts.append(f"{_percent(row['new_share'])} of items have a level never seen before")
    if abs(row["missing_share"] - row["missing_before"]) >= 0.05:
        parts.append(
            f"not given for {_percent(row['missing_share'])} of items, before"
            f" {_percent(row['missing_before'])}"
        )
    return ", " + ", ".join(parts) if parts else ""


def _percent(share: float) -> str:
    return "under 1 %" if 0 < share < 0.01 else f"{share * 100:.0f} %"
