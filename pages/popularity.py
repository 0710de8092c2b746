"""Popularity: how good the models are, what goes with popularity, one item, what if."""

import pandas as pd
import streamlit as st

from app import what_if_form
from app.catalogs import current_catalog, current_models
from app.popularity_sections import effects, scoreboard
from app.popularity_view import (
    CONFIG,
    MODEL_NAMES,
    feature_roles,
    item_names,
    player_label,
    times,
    waterfall_chart,
)
from app.words import interval
from core.catalog.catalog import Catalog
from core.errors import FashionError
from core.explain.linear import explain, waterfall
from core.popularity.additive import AdditiveModel
from core.popularity.ranking import load_model
from core.popularity.scoreboard import Scoreboard, load_scoreboard
from core.resources import ranking

MATCHES = 100


def choose_item(catalog: Catalog, order: pd.DataFrame) -> int:
    names = dict(zip(catalog.ids, item_names(catalog), strict=True))
    rank_of = dict(zip(order["item_id"], order["rank"], strict=True))
    linked = st.query_params.get("item")
    search, choice = st.columns([1, 2])
    wanted = search.text_input("Find an item", placeholder="a word of its name, or its id")
    words = wanted.casefold().split()
    matches = [
        i for i in order["item_id"] if all(w in f"{names[i]} {i}".casefold() for w in words)
    ][:MATCHES]
    if wanted and not matches:
        st.info(f"No item has “{wanted}” in its name or id. Showing the first of the ranking.")
        matches = list(order["item_id"][:MATCHES])
    if linked in names and not words and linked not in matches:
        matches.insert(0, linked)
    item = choice.selectbox(
        "Item",
        matches,
        index=matches.index(linked) if linked in matches else 0,
        format_func=lambda i: f"{rank_of[i]}. {names[i]}",
    )
    if linked is not None and linked not in names:
        st.warning(f"This catalog has no item “{linked}”; the link may be from another catalog.")
    st.query_params["item"] = item
    return catalog.row(item)


def one_item(model: AdditiveModel, catalog: Catalog, board: Scoreboard, order: pd.DataFrame) -> int:
    st.subheader("One item")
    row = choose_item(catalog, order)
    explanation = explain(model, catalog, row)
    line = order.set_index("item_id").loc[explanation.item_id]
    photo, chart = st.columns([1, 3], gap="large")
    paths = catalog.image_paths(row)
    name = item_names(catalog)[row]
    if paths:
        photo.image(str(paths[0]), alt=f"Photo of {name}", width="stretch")
    photo.markdown(f"**{name}**")
    photo.markdown(f"{interval(line['predicted'], line['low'], line['high'])} {board.unit}")
    steps = waterfall(explanation)
    figure, alt = waterfall_chart(
        steps, explanation.base_units, explanation.predicted, board.unit, feature_roles(board)
    )
    chart.plotly_chart(figure, config=CONFIG, alt=alt, key="waterfall")
    with chart.popover("How is this computed?"):
        st.markdown(
            "Each bar multiplies the prediction of the average training item; together they give"
            f" exactly the model's prediction (measured difference: {explanation.gap:.0e} in log"
            " units). They are Shapley values: for this model, coefficient times distance from the"
            " average."
        )
        if line["basis"] == "out_of_fold":
            st.markdown(
                f"The ranking shows {line['predicted']:,.0f} {board.unit}, predicted by a model"
                " that had not seen this item; the bars explain the final model, which has, and"
                f" says {explanation.predicted:,.0f}."
            )
        roles = feature_roles(board)
        parts = [(player_label(p.player, roles), p.shown, times(p.factor)) for p in
                 explanation.ordered()]  # fmt: skip
        st.caption("Every part, strongest first")
        st.table(pd.DataFrame(parts, columns=["Field", "This item", "Times the average"]))
    return row


def page() -> None:
    st.title("Popularity")
    catalog, models = current_catalog(), current_models()
    if models is None:
        st.info(
            f"No model has been trained for “{catalog.name}” yet, so there is nothing to show."
            " Open **Setup** and choose *Train*, or run"
            " `python scripts/train_models.py --data_dir DIR --model_dir models/NAME`."
        )
        return
    board = load_scoreboard(models)
    scoreboard(board)
    name = board.promoted
    if len(board.trained) > 1:
        name = st.segmented_control(
            "Look into the model",
            board.trained,
            format_func=lambda m: MODEL_NAMES.get(m, m),
            default=board.promoted,
            required=True,
        )
    model = load_model(models, name)
    order = ranking(catalog, models, name)
    for note in order.attrs.get("notes", []):
        st.info(note)
    effects(model, catalog, board)
    row = one_item(model, catalog, board, order)
    st.subheader("What if?")
    what_if_form.show(model, catalog, row, board.unit)


try:
    page()
except FashionError as error:
    st.error(str(error))
