"""Coverage and error by slice: season, category, price band, levels that were new."""

from html import escape

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app.popularity_view import CONFIG, column_label, feature_roles, layout
from app.words import colours, plain
from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.popularity.scoreboard import Scoreboard
from core.popularity.slices import FEW_STYLES, PROMISED, slice_scores

CATEGORIES = 12
"""Most categories in the chart: the largest, and all whose ranges fail; the table has the rest."""
KINDS = {"all": "", "season": "Season", "category": "Category", "price": "Price", "new": "New"}


def show(catalog: Catalog, board: Scoreboard, out_of_fold: pd.DataFrame, name: str) -> None:
    """Draw the coverage of each slice, which ones fall short, and the table behind it."""
    key = (catalog.content_hash, board.data_hash, board.date, name)
    table = labelled(_slices(key, catalog, out_of_fold), catalog, board)
    left, right = st.columns([3, 2], gap="large")
    with left:
        shown = chosen(table)
        figure, alt = coverage_chart(shown)
        st.caption("Actual values inside their 90 % range, with the 95 % range of that share")
        st.plotly_chart(figure, config=CONFIG, alt=alt, key="coverage")
    with right:
        for line in sentences(table):
            st.markdown(line)
        with st.popover("How is this computed?"):
            st.markdown(
                "Only items that the model had not seen count. Lines are 95 % ranges (Wilson) that"
                " take the variants of a style for one. A slice stands out where its whole range"
                f" lies on one side of 90 %; of {len(table)} slices about"
                f" {max(1, round(0.05 * len(table)))} would by chance. Price bands are quarters of"
                " the items. *New* is what the items to learn from did not have."
            )
    with st.expander("All slices, with their errors"):
        st.dataframe(
            table[["label", "items", "spearman", "wape", "coverage_80", "coverage_90", "width_90"]],
            hide_index=True,
            alt="Scores of each slice",
            column_config={
                "label": "Slice",
                "items": st.column_config.NumberColumn("Items", format="localized"),
                "spearman": st.column_config.NumberColumn("Rank correlation", format="%.2f"),
                "wape": st.column_config.NumberColumn("Error, share of total", format="percent"),
                "coverage_80": st.column_config.NumberColumn("In 80 % range", format="percent"),
                "coverage_90": st.column_config.NumberColumn("In 90 % range", format="percent"),
                "width_90": st.column_config.NumberColumn(
                    f"Mean width of the 90 % range ({board.unit})", format="localized", step=1
                ),
            },
        )


@st.cache_data(max_entries=8, show_spinner="Scoring each slice")
def _slices(key: tuple[str, ...], _catalog: Catalog, _out_of_fold: pd.DataFrame) -> pd.DataFrame:
    return slice_scores(_catalog, _out_of_fold, key[-1])


def labelled(table: pd.DataFrame, catalog: Catalog, board: Scoreboard) -> pd.DataFrame:
    """The table with a ``label`` for people on each slice; never a raw column name."""
    roles = feature_roles(board) | {c: Role(r) for c, r in catalog.roles.items()}
    currency = f" {catalog.currency}" if catalog.currency else ""

    def label(kind: str, column: str, name: str) -> str:
        if kind == "new":
            return f"{column_label(column, roles)} never seen before"
        if kind == "price" and name != "no price":
            return f"Price {name}{currency}"
        return {"all": "All items", "price": "No price"}.get(kind, name)

    cells = zip(table["kind"], table["column"], table["slice"], strict=True)
    return table.assign(label=[label(*cell) for cell in cells])


def chosen(table: pd.DataFrame) -> pd.DataFrame:
    """What the chart shows: all slices but small categories that keep the promise."""
    category = table["kind"] == "category"
    place = category.cumsum()
    return table[~category | (place <= CATEGORIES) | (table["verdict"] == "short")]


def coverage_chart(table: pd.DataFrame) -> tuple[go.Figure, str]:
    """A dot and its range a slice against the 90 % line, and the chart in words."""
    tone = colours()
    shades = {"short": tone["lowers"], "few": tone["context"]}
    places, labels, words = [], [], []
    figure, place, before = go.Figure(), 0.0, ""
    for line in table.itertuples():
        place -= 1.0 if line.kind == before or not before else 1.6
        before = str(line.kind)
        shade = shades.get(str(line.verdict), tone["raises"])
        figure.add_scatter(
            x=[line.coverage_low, line.coverage_high], y=[place, place], mode="lines",
            line={"color": shade, "width": 3}, hoverinfo="skip",
        )  # fmt: skip
        inside = _inside(line.coverage_90, line.items, line.coverage_low, line.coverage_high)
        hollow = {"symbol": "circle-open", "line": {"width": 2}} if line.verdict == "few" else {}
        figure.add_scatter(
            x=[line.coverage_90], y=[place], mode="markers", cliponaxis=False,
            marker={"color": shade, "size": 11, **hollow},
            hovertemplate=f"{escape(line.label, quote=False)}: {inside}<extra></extra>",
        )  # fmt: skip
        places.append(place)
        labels.append(escape(line.label, quote=False))
        words.append(f"{line.label} {inside}")
    figure.add_vline(x=PROMISED, line={"color": tone["ink"], "width": 1, "dash": "dot"})
    layout(figure, int(80 + 24 * -place))
    figure.update_yaxes(tickvals=places, ticktext=labels, range=[place - 0.7, -0.3], showgrid=False)
    figure.update_xaxes(
        tickformat=".0%", gridcolor=tone["line"], zeroline=False,
        range=[max(0.0, float(table["coverage_low"].min()) - 0.03), 1.01],
    )  # fmt: skip
    return figure, "Actual values inside their 90 % range. " + "; ".join(words) + "."


def sentences(table: pd.DataFrame) -> list[str]:
    """Which slices fall short, which have wider ranges than they need, which are too small."""
    lines = []
    short = table[table["verdict"] == "short"]
    if short.empty:
        lines.append("**No slice falls short** of 90 % by more than chance explains.")
    else:
        lines.append("**Ranges are too narrow here**: do not lean on them.")
        lines.append("\n".join(f"- {_line(s)}" for _, s in short.iterrows()))
    wide = table[table["verdict"] == "wide"]
    if len(wide):
        lines.append(
            "Ranges are wider than they need to be: "
            + ", ".join(plain(s["label"]) for _, s in wide.iterrows())
            + "."
        )
    many = (table["styles"] >= FEW_STYLES) & table["spearman"].notna() & (table["kind"] != "all")
    ranked = table[many].sort_values("spearman")
    if len(ranked) > 1:
        low, high = ranked.iloc[0], ranked.iloc[-1]
        lines.append(
            f"The order is told best for {plain(high['label'])} (rank correlation"
            f" {high['spearman']:.2f}) and worst for {plain(low['label'])} ({low['spearman']:.2f})."
        )
    few = int((table["verdict"] == "few").sum())
    if few:
        lines.append(
            f"{few} of {len(table)} slices have few items (hollow dots): nothing can be said of"
            " them yet."
        )
    return lines


def _line(row: pd.Series) -> str:
    inside = _inside(row["coverage_90"], row["items"], row["coverage_low"], row["coverage_high"])
    return f"{plain(row['label'])}: {inside}"


def _inside(share: float, items: int, low: float, high: float) -> str:
    return f"{share * 100:.0f} % of {items:,} items ({low * 100:.0f} to {high * 100:.0f} %)"
