"""An item in three sentences, and the printable report on one or several items."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import streamlit as st

from app.catalogs import current_models
from app.item_evidence import past_of
from app.item_map import vision_tower
from app.popularity_overview_values import item_values, kept_of
from app.words import plain
from core.catalog.catalog import Catalog
from core.catalog.export import file_name
from core.errors import ModelError
from core.explain.evidence import evidence
from core.explain.linear import Explanation
from core.explain.report import Reporter
from core.explain.report_file import report_html
from core.explain.strongest import contribution_columns
from core.explain.words import Fields, Standing, sentences
from core.popularity.additive import BlockModel
from core.popularity.ranking import load_model
from core.popularity.scoreboard import Scoreboard, load_scoreboard
from core.popularity.vectors import stored_vectors


def words(
    model: BlockModel, catalog: Catalog, board: Scoreboard, order: pd.DataFrame, told: Explanation
) -> None:
    """Draw the three sentences on an item.

    Args:
        model: what explained it.
        catalog: the item's.
        board: of the models.
        order: the ranking of the catalog.
        told: the item's explanation.
    """
    past, row = past_of(catalog, board), catalog.row(told.item_id)
    found = None
    if past is not None:
        vectors = stored_vectors(catalog)
        photo = None if vectors is None else np.asarray(vectors[row], dtype=np.float32)
        found = evidence(past, catalog, row, photo)
    fields = Fields.of(model, catalog.currency)
    standing = Standing.of(order, told.item_id)
    said = sentences(standing, told.parts, fields, found, board.unit)
    st.markdown(plain(" ".join(said)))


def download(
    model: BlockModel, catalog: Catalog, board: Scoreboard, order: pd.DataFrame, row: int
) -> None:
    """Draw the button that makes and downloads the report on an item."""
    item = str(catalog.ids[row])
    st.download_button(
        "Report to print",
        lambda: document(model, catalog, board, order, [row]),
        file_name=file_name(catalog.name, item, "report", suffix=".html"),
        mime="text/html",
        icon=":material/print:",
        help="One page with photo, chart, closest past items and the model's card. Open it in a"
        " browser and print it, to paper or to PDF.",
        on_click="ignore",
        key="item-report",
    )


def document(
    model: BlockModel,
    catalog: Catalog,
    board: Scoreboard,
    order: pd.DataFrame,
    rows: Sequence[int],
    on_progress: Callable[[int, int], None] | None = None,
) -> str:
    """The report on items as HTML (`core.explain.report_file.report_html`).

    Raises:
        FashionError: as `report_html`.
    """
    reporter = Reporter(model, board, catalog, order, past_of(catalog, board), vision_tower)
    return report_html(
        reporter,
        rows,
        known=lambda row: item_values(model, catalog, board, row),
        on_progress=on_progress,
    )


def ranked_document(
    catalog: Catalog,
    ranking: pd.DataFrame,
    rows: Sequence[int],
    on_progress: Callable[[int, int], None],
) -> str:
    """The report on items by the model that ranked them, of the session's models.

    Raises:
        FashionError: the models are gone, or as `report_html`.
    """
    model, board = _ranked_by(ranking)
    return document(model, catalog, board, ranking, rows, on_progress)


def known_columns(catalog: Catalog, ranking: pd.DataFrame) -> pd.DataFrame | None:
    """What predictions are most made of, for an export (`core.explain.strongest`).

    Only where that takes no longer than a ranking, or has been computed for all items; else None.

    Raises:
        FashionError: the models are gone.
    """
    model, board = _ranked_by(ranking)
    kept = kept_of(model, catalog, board)
    if kept is not None and kept.known() < len(catalog):
        return None
    return contribution_columns(model, catalog, board)


def _ranked_by(ranking: pd.DataFrame) -> tuple[BlockModel, Scoreboard]:
    models = current_models()
    if models is None:
        raise ModelError("The models that ranked this catalog are not on this machine any more.")
    return load_model(models, ranking.attrs["model"]), load_scoreboard(models)
