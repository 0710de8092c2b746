"""One item of the popularity page: which one, what its prediction is made of, and what happened."""

from html import escape

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import item_evidence, item_map, item_report
from app.catalogs import photo_url
from app.popularity_overview_values import item_values
from app.popularity_view import CONFIG, feature_roles, item_names, player_label, waterfall_chart
from app.words import interval, plain
from core.catalog.catalog import Catalog
from core.catalog.suggestions import stamp
from core.explain.checks import load_checks
from core.explain.linear import SAMPLED, Explanation, explain, waterfall
from core.explain.wording import about, times
from core.popularity.additive import BlockModel
from core.popularity.scoreboard import Scoreboard

MATCHES = 100
"""Most items that the list of matches holds at once."""
CHOICE = "item-choice"
FIELD = 260
"""Width of the search, pixels."""


def choose(catalog: Catalog, order: pd.DataFrame, bar: DeltaGenerator) -> int:
    """Draw the search and the list of matches; returns the row of the chosen item.

    The item is part of the URL, so that a link reopens it.

    Args:
        catalog, order: the items and their ranking.
        bar: a horizontal container for both fields.
    """
    version = catalog.content_hash + stamp(catalog)
    names = _names(version, order.attrs["model"], order.attrs["date"], catalog, order)
    linked = st.query_params.get("item")
    wanted = bar.text_input(
        "Find an item", placeholder="a word of its name, or its id", width=FIELD
    )
    found = np.ones(len(names), dtype=bool)
    for word in wanted.casefold().split():
        found &= names["search"].str.contains(word, regex=False).to_numpy()
    matches = list(names.index[found][:MATCHES])
    if not matches:
        st.info(
            f"No item has “{plain(wanted)}” in its name or id. Showing the first of the ranking."
        )
        matches = list(names.index[:MATCHES])
    if linked in names.index and not wanted.strip() and linked not in matches:
        matches.insert(0, linked)

    def chosen() -> None:
        st.query_params["item"] = st.session_state[CHOICE]

    # The URL is the state: an index that follows it would make a new field of each choice, and the
    # browser's next choice would be for the old one.
    st.session_state[CHOICE] = linked if linked in matches else matches[0]
    item = bar.selectbox(
        "Item",
        matches,
        format_func=names["label"].to_dict().__getitem__,
        width="stretch",
        key=CHOICE,
        on_change=chosen,
    )
    if linked is not None and linked not in names.index:
        st.warning(
            f"This catalog has no item “{plain(linked)}”; the link may be from another catalog."
        )
    # Each write reaches the browser late and would undo a quick step back to another page.
    if st.query_params.get("item") != item:
        st.query_params["item"] = item
    return catalog.row(item)


@st.cache_resource(max_entries=4, show_spinner=False)
def _names(
    version: str, model: str, date: str, _catalog: Catalog, _order: pd.DataFrame
) -> pd.DataFrame:
    """Label and searchable text of every item by id, best first."""
    rows = _catalog.ids.get_indexer(pd.Index(_order["item_id"]))
    names = np.array(item_names(_catalog), dtype=object)[rows]
    ids = _order["item_id"].to_numpy()
    return pd.DataFrame(
        {
            "label": [f"{r}. {n}" for r, n in zip(_order["rank"], names, strict=True)],
            "search": pd.Series(
                [f"{n} {i}".casefold() for n, i in zip(names, ids, strict=True)], dtype="str"
            ).to_numpy(),
        },
        index=pd.Index(ids),
    )


def show(
    model: BlockModel, catalog: Catalog, board: Scoreboard, order: pd.DataFrame, row: int
) -> None:
    """Draw an item's photo, prediction and the parts that the prediction is made of."""
    values = item_values(model, catalog, board, row)
    explanation = explain(model, catalog, row, values=values)
    line = order.set_index("item_id").loc[explanation.item_id]
    item_report.words(model, catalog, board, order, explanation)
    photo, chart = st.columns([1, 3], gap="large")
    name = item_names(catalog, [row])[0]
    with photo:
        url = photo_url(catalog, row, width=768)
        if url:
            # st.image takes no address of this server itself.
            st.html(
                f'<img src="{escape(url)}" alt="{escape(f"Photo of {name}")}"'
                ' style="display:block;width:100%;max-height:60vh;object-fit:contain;'
                'background:#fff;border-radius:6px">'
            )
        st.markdown(f"**{plain(name)}**")
        st.markdown(
            f"Rank {line['rank']:,} of {len(order):,}:"
            f" {interval(line['predicted'], line['low'], line['high'])} {board.unit}"
        )
        _actual(catalog, row, line, board)
        if line["basis"] == "out_of_fold":
            st.caption(
                "Rank and range come from a model that had not seen this item; the chart and the"
                " what-if are of the final one."
            )
        item_report.download(model, catalog, board, order, row)
    steps = waterfall(explanation)
    figure, alt = waterfall_chart(steps, explanation, board.unit, feature_roles(board))
    with chart:
        st.plotly_chart(figure, config=CONFIG, alt=alt, key="waterfall")
        with st.popover("How is this computed?"):
            _method(explanation, line, board)
    item_evidence.show(catalog, board, line, row)
    item_map.show(model, catalog, board, row)  # last: a first map of a deep model takes seconds


def _actual(catalog: Catalog, row: int, line: pd.Series, board: Scoreboard) -> None:
    target = catalog.target()
    if target is None or target.name != board.target or pd.isna(target.iloc[row]):
        return
    value = float(target.iloc[row])
    inside = "inside" if line["low"] <= value <= line["high"] else "outside"
    st.caption(f"Known by now: {value:,.0f} {board.unit}, {inside} the 90 % range.")


def _how(explanation: Explanation) -> str:
    against = explanation.against
    if against.items == 1:
        return "what a field makes of the average item (the model was trained before 2026-11-27)"
    kind = f" of the category “{plain(against.category)}”" if against.category else ""
    sampled = "" if explanation.exact else f", {SAMPLED}"
    return (
        f"what a field changes, alone and together with each choice of other fields, when the rest"
        f" is as in {against.items} training items{kind}, on average{sampled} (background"
        f" {against.version})"
    )


def _method(explanation: Explanation, line: pd.Series, board: Scoreboard) -> None:
    st.markdown(
        "Each bar multiplies the prediction of the average item; together they give"
        f" exactly the model's prediction (measured difference: {explanation.gap:.0e} in log"
        f" units). They are {'Shapley' if explanation.exact else 'Owen'} values:"
        f" {_how(explanation)}. They tell what went with more or fewer sales, not what caused them."
    )
    st.markdown(plain(load_checks().sentence))
    if line["basis"] == "out_of_fold":
        numbers = (explanation.predicted, explanation.low, explanation.high)
        st.markdown(
            "The model learned from this item. So that no number is fitted on its own answer, the"
            " rank and the range beside the photo come from a model that had not seen it; the bars"
            f" explain the final model, which has, and says about {about(*numbers)}."
        )
    st.markdown(
        "The places were simulated: 1,000 times, every item drew its own outcome from its range,"
        " and all were ranked. What would lift or lower a whole season alike is left out."
    )
    roles = feature_roles(board)
    parts = [
        (player_label(part.player, roles), part.shown, times(part.factor))
        for part in explanation.ordered()
    ]
    st.caption("Every part, strongest first")
    st.table(pd.DataFrame(parts, columns=["Field", "This item", "Times the average"]))
