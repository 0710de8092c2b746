"""The words and the report of an item on the page, and those of a selection in the export menu."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

import app.catalogs
import core.resources
from app import item_report
from core.explain.linear import explain
from core.explain.strongest import contribution_columns
from core.popularity.ranking import rank
from tests.core.explain.reports import HOSTILE, make_reporter

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    return folder, make_reporter(folder)


@pytest.fixture
def session(work, monkeypatch):
    """The session looks at the small catalog and its models."""
    monkeypatch.setattr(app.catalogs, "current_catalog", lambda: work[1].catalog)
    monkeypatch.setattr(app.catalogs, "current_models", lambda: work[0] / "models")
    monkeypatch.setattr(item_report, "current_models", lambda: work[0] / "models")
    monkeypatch.setattr(core.resources, "ranking", rank)


def open_item(item):
    test = AppTest.from_file(str(ROOT / "pages" / "popularity.py"), default_timeout=60)
    test.query_params["item"] = item
    return test.run()


def test_the_item_panel_opens_with_the_words_of_the_report(work, session):
    reporter = work[1]
    test = open_item(reporter.catalog.ids[7])
    assert not test.exception
    told = [re.sub(r"\\(.)", r"\1", m.value) for m in test.markdown]
    assert " ".join(reporter.item(7).words) in told


def test_hostile_cells_are_no_markdown_in_the_words(work, session, monkeypatch):
    told = (f"Ranks 3rd of {HOSTILE}.",)
    monkeypatch.setattr(item_report, "sentences", lambda *_: told)
    test = open_item(work[1].catalog.ids[0])
    assert not test.exception
    said = next(m.value for m in test.markdown if m.value.startswith("Ranks"))
    assert not re.search(r"(?<!\\)[<>\[\]*_`$~|#]", said)
    assert re.sub(r"\\(.)", r"\1", said) == told[0]


def test_the_report_of_an_item_has_the_pages_numbers(work, session):
    reporter = work[1]
    model, board = reporter.model, reporter.board
    text = item_report.document(model, reporter.catalog, board, reporter.order, [7])
    assert text.count('class="page') == 1
    for words in reporter.item(7).words:
        assert words.split(" (")[0] in text
    told = explain(model, reporter.catalog, 7)
    assert f"{told.against.version}" in text


def test_a_selection_is_reported_with_progress_and_told_of_missing_models(
    work, session, monkeypatch
):
    reporter, told = work[1], []
    text = item_report.ranked_document(
        reporter.catalog, reporter.order, np.array([3, 4]), lambda *n: told.append(n)
    )
    assert text.count('class="page') == 3 and told == [(1, 2), (2, 2)]
    monkeypatch.setattr(item_report, "current_models", lambda: None)
    with pytest.raises(Exception, match="not on this machine"):
        item_report.known_columns(reporter.catalog, reporter.order)


def test_the_export_gains_contributions_where_they_are_known(work, session, monkeypatch):
    reporter = work[1]
    found = item_report.known_columns(reporter.catalog, reporter.order)
    wanted = contribution_columns(reporter.model, reporter.catalog, reporter.board)
    pd.testing.assert_frame_equal(found, wanted)

    class Partly:
        def known(self):
            return 1

    monkeypatch.setattr(item_report, "kept_of", lambda *_: Partly())
    assert item_report.known_columns(reporter.catalog, reporter.order) is None
