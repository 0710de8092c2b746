"""Named scenarios of a range: save the edits, take them up again; and the files to take away."""

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from app.assortment_charts import differences_chart
from app.assortment_state import Tried
from app.assortment_words import difference_words
from app.popularity_view import CONFIG
from app.words import plain
from core.catalog.catalog import Catalog
from core.catalog.export import file_name, table_bytes
from core.errors import FashionError
from core.explain.assortment import Step
from core.explain.assortment_outcome import RANGE, Outcome, export, totals_table
from core.explain.assortment_store import Plan, put, remove, save, saved
from core.explain.scenarios import NAME_LENGTH
from core.popularity.scoreboard import Scoreboard

MOST_COMPARED = 5
REMOVED, TROUBLE = "assortment_removed", "assortment_trouble"


def show(
    catalog: Catalog, tried: Tried, unit: str, answer: Callable[[tuple[Step, ...]], Outcome]
) -> None:
    """Draw the saved scenarios of a range, and the line that saves the current edits.

    Args:
        catalog: the range.
        tried: the session's edits.
        unit: of the predictions.
        answer: what edits come to.
    """
    st.markdown("**Scenarios of the range**")

    def keep() -> None:
        try:
            save(catalog, st.session_state["assortment-name"], tried.current)
        except FashionError as error:
            st.session_state[TROUBLE] = str(error)
        else:
            st.session_state["assortment-name"] = ""

    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Name of a scenario",
            key="assortment-name",
            placeholder="summer sale",
            max_chars=NAME_LENGTH,
            width=320,
        )
        st.button(
            "Save these edits", key="assortment-save", on_click=keep, disabled=not tried.current
        )
    trouble = st.session_state.pop(TROUBLE, "")
    if trouble:
        st.error(trouble)
    gone = st.session_state.get(REMOVED)
    if gone and gone[0] == catalog.directory.name:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"“{plain(gone[1].name)}” was removed.")
            st.button("Put it back", key="assortment-back", on_click=_put_back, args=(catalog,))
    try:
        kept = {plan.name: plan for plan in saved(catalog)}
    except FashionError as error:
        if str(error) != trouble:
            st.error(str(error))
        return
    if not kept:
        st.caption("None yet. Add edits above, then save them under a name to come back to them.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Saved", list(kept), key="assortment-one", width=320)
        st.button(
            "Use these edits", key="assortment-use", on_click=tried.take, args=(kept[name].steps,)
        )
        st.button("Remove", key="assortment-out", on_click=_take_out, args=(catalog, kept[name]))
    if st.toggle("Compare the saved scenarios", key="assortment-compare"):
        try:
            _compare(list(kept.values())[-MOST_COMPARED:], unit, answer)
        except FashionError as error:
            st.error(str(error))


def _compare(plans: list[Plan], unit: str, answer: Callable[[tuple[Step, ...]], Outcome]) -> None:
    found = [(plan.name, answer(plan.steps)) for plan in plans]
    totals = [(name, one.simulated.totals[RANGE]) for name, one in found]
    figure, alt = differences_chart(totals)
    st.plotly_chart(figure, config=CONFIG, alt=alt, key="assortment-compared")
    st.table(comparison(found, unit))


def comparison(found: Sequence[tuple[str, Outcome]], unit: str) -> pd.DataFrame:
    """A line a scenario: items edited and dropped, change of the total, moves of first places."""
    lines = [
        {
            "Scenario": plain(name),
            "Items edited": f"{int(one.edited.changed.sum()):,}",
            "Dropped": f"{int(one.edited.dropped.sum()):,}",
            "Change of the total, 90 of 100 cases": difference_words(
                one.simulated.totals[RANGE].difference, unit
            ),
            "Enter the first places": f"{len(one.enter):,}",
        }
        for name, one in found
    ]
    return pd.DataFrame(lines).set_index("Scenario")


def downloads(found: Outcome, catalog: Catalog, board: Scoreboard, model: str) -> None:
    """Draw the buttons that save before and after of every item, and the totals, as CSV."""
    facts = {"model": model, "data_hash": catalog.content_hash, "date": board.date}

    def button(label: str, kind: str, make: Callable[[], pd.DataFrame]) -> None:
        st.download_button(
            label,
            lambda: table_bytes(make(), about=facts),
            file_name=file_name(catalog.name, kind, model, board.date[:10], suffix=".csv"),
            mime="text/csv",
            on_click="ignore",
            icon=":material/download:",
            key=f"assortment-csv:{kind}",
        )

    with st.container(horizontal=True):
        button("Every item (CSV)", "assortment", lambda: export(found, catalog, board.unit))
        button("Totals (CSV)", "totals", lambda: totals_table(found, board.unit, catalog.currency))


def _take_out(catalog: Catalog, plan: Plan) -> None:
    try:
        remove(catalog, plan.name)
    except FashionError as error:
        st.session_state[TROUBLE] = str(error)
    else:
        st.session_state[REMOVED] = (catalog.directory.name, plan)


def _put_back(catalog: Catalog) -> None:
    try:
        put(catalog, st.session_state.pop(REMOVED)[1])
    except FashionError as error:
        st.session_state[TROUBLE] = str(error)
