"""The tab “The range” of the popularity page: views over all items."""

import re
import threading
from dataclasses import replace
from urllib.parse import parse_qs

import numpy as np
import pandas as pd
import pytest

from app import jobs, popularity_overview, popularity_overview_values
from app.popularity_overview_values import Known
from core.catalog.catalog import write_catalog
from core.explain.kept import KeptContributions
from core.explain.modality import modality_shares, player_modalities
from core.explain.overview import compare, importance
from core.explain.overview_models import disagreement
from core.popularity import metrics
from core.popularity.additive import BlockModel
from core.popularity.deep import DeepModel
from core.popularity.ranking import load_model, rank
from core.popularity.scoreboard import load_scoreboard
from core.popularity.splits import forward_folds, group_codes
from core.popularity.training import train
from tests.core.popularity.synthetic import make_catalog
from tests.pages.helpers import by_label, words


@pytest.fixture(scope="module")
def deep(tmp_path_factory):
    """A catalog of more items than a sample has, with two models, the deep one first."""
    original, metrics.DRAWS = metrics.DRAWS, 10
    folder = tmp_path_factory.mktemp("deep")
    catalog = write_catalog(make_catalog(130, seed=4), folder / "made")
    train(catalog, folder / "models", models=["linear", "deep"])
    metrics.DRAWS = original
    return catalog, folder / "models"


def open_tab(use, made, tab, **query):
    test = use(*made, view="The range", overview=tab, **query)
    assert not test.exception and not test.error
    return test


def told(test, key):
    return next(c.proto.alt for c in test.get("plotly_chart") if c.key == key)


def test_fields_are_told_with_their_ranges_and_a_dot_an_item(made, use):
    test = open_tab(use, made, "What counts most")
    catalog = made[0]
    values = load_model(made[1]).contributions(catalog)
    first = importance(values, group_codes(catalog)).iloc[0]
    label = {"Type": "Type", "description": "Name and description"}[first["player"]]
    cells = [100 * np.expm1(first[c]) for c in ("value", "low", "high")]
    want = f"by field: {label} {cells[0]:.0f} % ({cells[1]:.0f} to {cells[2]:.0f})"
    assert want in told(test, "importance")
    assert told(test, "swarm").startswith(f"Nine of ten items, against the average item: {label} ")
    assert "chosen by lot" not in words(test), "all 160 items have their dots"
    assert not [b for b in test.button if b.key == "explain-all"], "a sum needs no waiting"


def test_a_field_is_looked_into(made, use):
    test = open_tab(use, made, "Field by field")
    for player, part in (("Price", "% at "), ("Colour", "black +"), ("Launch", "Jan ")):
        by_label(test.selectbox, "Look into").set_value(player).run()
        assert not test.exception and not test.error
        assert part in told(test, "column-effects")
        assert "it adds fields up" in words(test)


def test_shares_are_those_of_the_items(made, use):
    test = open_tab(use, made, "Photo, words, details")
    model = load_model(made[1])
    shares = modality_shares(model.contributions(made[0]), player_modalities(model))
    own = shares.groupby(made[0].frame["Type"], observed=True)["text"].mean()
    assert f"says of an item, {100 * shares['metadata'].mean():.0f} % comes from its" in words(test)
    most, least = own.idxmax(), own.idxmin()
    assert f"most in {most} ({100 * own.max():.0f} %), least in {least}" in words(test)
    assert f"coat details {100 - 100 * own['coat']:.0f} %" in told(test, "shares")


def test_shares_without_or_with_one_category(made, use):
    catalog = made[0]
    roles = {c: r for c, r in catalog.roles.items() if c != "Type"}
    test = open_tab(use, (replace(catalog, roles=roles, content_hash="none"), made[1]),
                    "Photo, words, details")  # fmt: skip
    assert "no category column" in words(test)
    frame = catalog.frame.assign(Type="dress").astype({"Type": "category"})
    test = open_tab(use, (replace(catalog, frame=frame, content_hash="one"), made[1]),
                    "Photo, words, details")  # fmt: skip
    assert "All items are of one category" in words(test)


def test_the_last_season_stands_against_the_one_before(made, use):
    test = open_tab(use, made, "Season against season")
    catalog = made[0]
    before, now = forward_folds(catalog, np.arange(len(catalog)))[-2:]
    values = load_model(made[1]).contributions(catalog)
    table = compare(values, before.test, now.test, group_codes(catalog))
    text = words(test)
    assert f"{now.label} against {before.label}" in text and now.label == "S5"
    clear = table[table["clear"]]
    assert text.count(" for the items: ") == min(len(clear), 5)
    assert f"in {before.label}, " in told(test, "seasons")


def test_seasons_need_dates_and_enough_of_them(made, use):
    catalog = made[0]
    undated = replace(catalog, roles={"sku": "id", "Type": "category"}, content_hash="undated")
    assert "no release dates" in words(open_tab(use, (undated, made[1]), "Season against season"))
    few = replace(catalog, frame=catalog.frame.iloc[:30].reset_index(drop=True), content_hash="few")
    assert "too few seasons" in words(open_tab(use, (few, made[1]), "Season against season"))


def test_a_catalog_without_the_columns_has_no_field_to_look_into(made, use):
    bare = replace(
        made[0], frame=made[0].frame[["sku", "Name"]], roles={"sku": "id", "Name": "title"},
        content_hash="bare",
    )  # fmt: skip
    assert "None of the columns" in words(open_tab(use, (bare, made[1]), "Field by field"))


@pytest.mark.parametrize("tab", popularity_overview.TABS[:-1])
def test_a_model_of_the_photo_alone_has_no_fields(made, use, monkeypatch, tab):
    monkeypatch.setattr(BlockModel, "players", property(lambda _: ["image"]))
    nothing = Known(pd.DataFrame(), np.arange(0), whole=True)
    monkeypatch.setattr(popularity_overview, "known", lambda *_: nothing)
    test = open_tab(use, made, tab)
    assert "reads the photo as a whole" in words(test) and not test.get("plotly_chart")


def test_one_model_has_nothing_to_disagree_with(made, use):
    test = open_tab(use, made, "Where models disagree")
    assert "Only one model is trained" in words(test) and "**Setup**" in words(test)


def test_where_models_disagree_links_open_the_item(deep, use):
    test = open_tab(use, deep, "Where models disagree", item="4-00007")
    board = load_scoreboard(deep[1])
    name, other = board.trained[:2]
    found = disagreement(rank(*deep, name), rank(*deep, other))
    assert f"rank correlation {found.correlation:.2f}" in words(test)
    html = next(h.proto.body for h in test.get("html") if "<a " in h.proto.body)
    links = [parse_qs(q.replace("&amp;", "&")) for q in re.findall(r'href="\?([^"]*)"', html)]
    assert [q["item"][0] for q in links] == list(found.items["item_id"].head(8))
    assert all(q["view"] == ["This item"] for q in links)


def test_all_items_are_explained_in_the_background_and_stopped(deep, use, monkeypatch):
    assert load_scoreboard(deep[1]).promoted != "linear", "the test is of a model that takes long"
    test = open_tab(use, deep, "What counts most")
    assert "drawn from 100 of 130 items, chosen by lot" in words(test)
    seasons = open_tab(use, deep, "Season against season")
    assert "as soon as all items" in words(seasons)

    reached, go_on = threading.Event(), threading.Event()
    compute = KeptContributions.compute

    def slowly(self, on_progress=None):
        def told_of(done, total):
            if done == 64:
                reached.set()
                assert go_on.wait(60)
            on_progress(done, total)

        return compute(self, told_of)

    monkeypatch.setattr(KeptContributions, "compute", slowly)
    test.button(key="explain-all").click().run()
    assert reached.wait(60)
    test.run()
    assert "until all are explained" in words(test)
    test.button(key="explain-stop").click().run()
    go_on.set()
    name = next(n for n in jobs._jobs() if n.startswith("contributions"))
    assert jobs.job(name).ended.wait(60)
    test.run()
    assert "Stopped: 64 of 130 items are explained, and stay so." in words(test)
    monkeypatch.undo()

    test = open_tab(use, deep, "What counts most")
    assert test.button(key="explain-all").label == "Go on explaining"
    test.button(key="explain-all").click().run()
    assert jobs.job(name).ended.wait(60)
    test.run()
    assert not test.exception and "drawn from" not in words(test)
    assert not [b for b in test.button if b.key == "explain-all"]
    assert "S5 against " in words(open_tab(use, deep, "Season against season"))

    def never(*_args, **_kwargs):
        raise AssertionError("computed again")

    monkeypatch.setattr(DeepModel, "_values", never)
    item = use(*deep, item="4-00007")
    assert not item.exception and not item.error
    assert told(item, "waterfall").startswith("From the average item, ")


def test_fields_that_go_together_colour_the_dots(deep, use):
    test = open_tab(use, deep, "Field by field")
    for player in ("Price", "Colour", "Type"):
        by_label(test.selectbox, "Look into").set_value(player).run()
        assert not test.exception and not test.error
        assert "goes together with" in words(test)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(3, "a few seconds"), (30, "about half a minute"), (70, "about a minute"),
     (480, "about 8 minutes")],
)  # fmt: skip
def test_a_wait_in_words(seconds, said):
    assert popularity_overview_values.duration(seconds) == said
