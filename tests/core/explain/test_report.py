import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.catalog.catalog import load_catalog
from core.explain.evidence import evidence
from core.explain.linear import explain, pairs
from core.explain.report import Reporter, known_past
from core.popularity.ranking import load_model, rank
from core.popularity.scoreboard import load_scoreboard
from core.popularity.vectors import stored_vectors
from tests.core.explain.reports import HOSTILE, make_reporter
from tests.dashboard import ROOT


@pytest.fixture(scope="module")
def reporter(tmp_path_factory):
    return make_reporter(tmp_path_factory.mktemp("report"))


def test_it_holds_the_numbers_that_the_parts_of_the_dashboard_compute(reporter):
    report = reporter.item(7)
    assert report.explanation == explain(reporter.model, reporter.catalog, 7)
    own = reporter.order.set_index("item_id").loc[report.explanation.item_id]
    assert report.line["predicted"] == own["predicted"] == report.out_of_fold
    assert report.standing.rank == own["rank"] and report.standing.items == 60
    found = evidence(reporter.past, reporter.catalog, 7)
    assert report.evidence.to_json() == found.to_json()
    assert len(report.words) == 3 and f"Ranks {own['rank']}" in report.words[0]
    values = {p.player: abs(p.value) for p in report.explanation.parts}
    assert sum(report.shares.values()) == pytest.approx(1)
    assert report.shares["text"] == pytest.approx(values["description"] / sum(values.values()))
    assert report.drawn is None and report.undrawn == ""


def test_known_contributions_are_used_and_another_background_is_not_mixed_in(reporter):
    known = pd.Series(0.5, index=reporter.model.players)
    told = reporter.item(7, values=known).explanation
    assert {p.value for p in told.parts} == {0.5} and told.gap > 0.1
    inside = reporter.item(7, values=known, same_category=True)
    assert inside.explanation == explain(reporter.model, reporter.catalog, 7, same_category=True)


def test_plain_values_are_json_with_every_documented_key(reporter):
    values = json.loads(json.dumps(reporter.item(1).to_json(), allow_nan=False))
    assert {"words", "shares", "ranking", "evidence", "map", "parts", "gap"} <= set(values)
    assert values["ranking"]["rank_low_80"] <= values["ranking"]["rank"]
    assert values["map"] is None


def test_items_are_named_by_title_or_id(reporter):
    assert reporter.name(0) == HOSTILE
    assert reporter.name(1) == reporter.catalog.ids[1]


def test_without_a_past_there_is_no_evidence_and_it_is_said(reporter):
    alone = Reporter(reporter.model, reporter.board, reporter.catalog, reporter.order, None)
    report = alone.item(3)
    assert report.evidence is None and "not at hand" in report.words[2]


def test_pairs_are_the_models(reporter):
    assert reporter.pairs(3) == pairs(reporter.model, reporter.catalog, 3)


def test_shares_of_an_average_item_are_none(reporter):
    told = reporter.item(3).explanation
    still = replace(told, parts=tuple(replace(p, value=0.0) for p in told.parts))
    assert reporter._shares(still) is None
    assert np.isclose(sum(reporter._shares(told).values()), 1)


def test_the_photo_counts_in_the_evidence():
    demo = load_catalog("data")
    vectors, past = stored_vectors(demo), known_past(demo)
    models = ROOT / "checkpoints" / "popularity-demo"
    model, board = load_model(models, "linear"), load_scoreboard(models)
    report = Reporter(model, board, demo, rank(demo, models, "linear"), past).item(300)
    photo = np.asarray(vectors[300], dtype=np.float32)
    assert report.evidence.to_json() == evidence(past, demo, 300, photo).to_json()
    assert {k.by for k in report.evidence.kinds if k.items} == {"attributes", "photo", "both"}
