"""Planted leaks of each kind are found, and clean catalogs raise no alarm."""

import json
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.catalog.catalog import conform
from core.catalog.roles import Role
from core.errors import ModelError
from core.popularity import twins
from core.popularity.additive import AdditiveModel
from core.popularity.association import natural_order, rank_correlation_within
from core.popularity.deep import DeepModel
from core.popularity.findings import Finding, Kind, Severity
from core.popularity.leakage import find_leaks
from core.popularity.presence import auc
from core.popularity.scoreboard import load_scoreboard
from core.popularity.scramble import scrambled_identifiers
from core.popularity.splits import Fold
from core.popularity.training import train
from tests.core.popularity.synthetic import as_catalog, make_catalog, make_frame


def alarms(found):
    return [f for f in found if f.severity != Severity.NOTE]


def of(found, kind):
    return [f for f in found if f.kind == kind]


def with_column(name, values, role=None, *, frame=None, late=False):
    catalog = as_catalog(make_frame(300) if frame is None else frame)
    roles = dict(catalog.roles) | ({name: role} if role else {})
    return replace(
        catalog,
        frame=conform(catalog.frame.assign(**{name: values}), roles),
        roles=roles,
        post_launch=catalog.post_launch | ({name} if late else set()),
    )


@pytest.mark.parametrize("seed", range(8))
def test_a_clean_catalog_raises_no_alarm(seed):
    catalog = make_catalog(300, seed)
    found = find_leaks(catalog)
    assert alarms(found) == []
    assert not of(found, Kind.ORDER)
    assert found == find_leaks(catalog)


def test_a_catalog_without_a_target_is_looked_at_too():
    found = find_leaks(make_catalog(100, drop=("Sold",)))
    assert {f.kind for f in found} == {Kind.POST_LAUNCH, Kind.IDENTIFIER}


def test_post_launch_columns_are_named_and_warned_of_when_they_are_read():
    (kept,) = of(find_leaks(make_catalog(200)), Kind.POST_LAUNCH)
    assert kept.severity == Severity.NOTE and set(kept.columns) == {"Stars", "Returns"}
    (used,) = of(find_leaks(make_catalog(200), include_post_launch=True), Kind.POST_LAUNCH)
    assert used.severity == Severity.WARNING and set(used.columns) == {"Stars", "Returns"}
    (loud,) = alarms(find_leaks(with_column("views", np.arange(300) % 7, Role.NUMBER)))
    assert loud.kind == Kind.POST_LAUNCH and loud.columns == ("views",)


def test_an_order_that_knows_the_outcome_is_found_and_no_model_reads_it():
    frame = make_frame(300).assign(Style=[f"s{i}" for i in range(300)])
    rng = np.random.default_rng(1)
    known = np.argsort(np.log(frame["Sold"]) + 2 * rng.normal(size=300)).to_numpy()
    frame = frame.iloc[known].reset_index(drop=True).assign(sku=[f"A-{i}" for i in range(300)])
    (found,) = of(find_leaks(as_catalog(frame)), Kind.ORDER)
    assert found.severity == Severity.NOTE and found.columns == ("sku",) and found.value > 0.1
    assert "no model reads it" in found.text


def test_a_number_that_counts_the_items_is_serious_when_models_read_it():
    found = find_leaks(with_column("position", np.arange(300), Role.NUMBER))
    assert [f.columns for f in alarms(found)] == [("position",)]
    assert alarms(found)[0].severity == Severity.SERIOUS
    assert not of(find_leaks(with_column("position", np.arange(300))), Kind.ORDER)


@pytest.mark.parametrize("kind", [lambda: AdditiveModel("linear"), DeepModel])
def test_no_prediction_depends_on_an_identifier_or_a_column_without_a_role(kind):
    catalog = make_catalog(200)
    model = kind().fit(catalog, np.arange(200))
    frame = catalog.frame.assign(
        sku=[f"other {i}" for i in range(200)], Style="one", Shelf=-1, Stars=1.0, Sold=5.0
    )
    np.testing.assert_array_equal(
        model.output(catalog), model.output(replace(catalog, frame=frame))
    )
    found = scrambled_identifiers({"own": model}, catalog, np.arange(200))
    assert found.severity == Severity.NOTE and found.columns == ("sku", "Style", "Shelf")


def test_a_model_that_reads_an_identifier_is_serious():
    class Reader:
        """Predicts by the number in the id."""

        def output(self, catalog, rows):
            return catalog.frame["sku"].str[-5:].astype(float).to_numpy()[rows]

    clean = AdditiveModel("linear").fit(make_catalog(60), np.arange(60))
    found = scrambled_identifiers(
        {"linear": clean, "reader": Reader()}, make_catalog(60), np.arange(60)
    )
    assert found.severity == Severity.SERIOUS and found.kind == Kind.IDENTIFIER
    assert "reader" in found.text and "linear" not in found.text


def with_texts(share_by_rank, *, column="Text"):
    """300 items of one style each; the chance to have a text depends on the rank of the sales."""
    frame = make_frame(300).assign(Style=[f"s{i}" for i in range(300)])
    rank = frame["Sold"].rank(pct=True).to_numpy()
    has = np.random.default_rng(5).uniform(size=300) < share_by_rank(rank)
    frame[column] = np.where(has, "A plain piece", "")
    return frame, has


def test_having_a_text_that_knows_the_outcome_is_warned_of():
    frame, has = with_texts(lambda rank: rank**2)
    (found,) = of(find_leaks(as_catalog(frame)), Kind.PRESENCE)
    sold = frame["Sold"].to_numpy()
    one, other = sold[has][:, None], sold[~has][None]
    outsells = ((one > other) + (one == other) / 2).mean()
    assert found.severity == Severity.WARNING and found.columns == ("Text",)
    assert found.value == pytest.approx(outsells) and found.value > 0.7
    assert f"{outsells:.0%} of the time" in found.text


@pytest.mark.parametrize("seed", range(4))
def test_texts_missing_by_chance_or_from_a_category_are_no_alarm(seed):
    frame, _ = with_texts(lambda rank: 0.5 + 0 * rank)
    assert not of(find_leaks(as_catalog(frame)), Kind.PRESENCE)
    frame = make_frame(300, seed).assign(Style=[f"s{i}" for i in range(300)])
    frame["Text"] = np.where(frame["Type"] == "dress", "A plain piece", "")  # the best category
    assert not of(find_leaks(as_catalog(frame)), Kind.PRESENCE)


def test_having_a_photo_that_knows_the_outcome_is_warned_of(tmp_path):
    frame, has = with_texts(lambda rank: rank > 0.7, column="photo")
    (tmp_path / "images").mkdir()
    for i in np.flatnonzero(has):
        (tmp_path / "images" / f"{i}.png").write_bytes(b"photo %d" % i)
    files = [f"{i}.png" if own else "" for i, own in enumerate(has)]
    catalog = with_column("photo", files, Role.IMAGE, frame=frame)
    (found,) = of(find_leaks(replace(catalog, directory=tmp_path)), Kind.PRESENCE)
    assert found.columns == ("photo",) and found.value > 0.95
    assert "have a photo" in found.text and "without this column's role" in found.advice


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=6, max_size=40))
@settings(max_examples=60)
def test_the_chance_to_outsell_is_counted_pair_by_pair(items):
    values = np.array([v for v, _ in items], dtype=float)
    own = np.array([o for _, o in items])
    if min(own.sum(), (~own).sum()) < 2:
        return
    one, other = values[own][:, None], values[~own][None]
    value, spread = auc(values, own)
    assert value == pytest.approx(((one > other) + (one == other) / 2).mean())
    assert 0 <= spread <= 0.75
    flipped, same = auc(values, ~own)
    assert flipped == pytest.approx(1 - value) and same == pytest.approx(spread)


def test_the_spread_of_the_chance_to_outsell_agrees_with_draws():
    rng = np.random.default_rng(0)
    own = np.arange(300) < 100
    drawn = [auc(rng.normal(size=300) + 0.5 * own, own) for _ in range(400)]
    values, spreads = np.array(drawn).T
    assert spreads.mean() == pytest.approx(values.std(), rel=0.1)


@pytest.mark.parametrize("copy", ["line", "log", "negative", "text"])
def test_a_copy_of_the_target_is_found(copy):
    sold = make_frame(300)["Sold"]
    values = {
        "line": sold * 3 + 2,
        "log": np.log1p(sold),
        "negative": -np.sqrt(sold),
        "text": sold.map("{:,.0f}".format),
    }[copy]
    (kept,) = of(find_leaks(with_column("Popular", values)), Kind.COPY)[-1:]
    assert kept.severity == Severity.NOTE and kept.columns == ("Popular",) and kept.value > 0.99
    if copy != "text":
        (read,) = alarms(find_leaks(with_column("Popular", values, Role.NUMBER)))
        assert read.kind == Kind.COPY and read.severity == Severity.SERIOUS


def test_levels_made_from_the_target_explain_too_much():
    tier = pd.qcut(make_frame(300)["Sold"], 6, labels=list("fedcba")).astype(str)
    (found,) = alarms(find_leaks(with_column("Tier", tier, Role.ATTRIBUTE)))
    assert (found.kind, found.columns) == (Kind.COLUMN, ("Tier",)) and found.value > 0.85


def test_levels_of_one_item_and_constants_explain_nothing():
    catalog = with_column("Code name", [f"n{i}" for i in range(300)], Role.ATTRIBUTE)
    assert alarms(find_leaks(catalog)) == []
    assert alarms(find_leaks(with_column("Shop", "one", Role.ATTRIBUTE))) == []


def test_a_stock_that_bounds_the_target_is_found():
    frame = make_frame(300)
    rng = np.random.default_rng(3)
    stock = np.ceil(np.exp(rng.normal(4.5, 0.8, 300)))
    frame["Sold"] = np.minimum(frame["Sold"], stock)
    (found,) = of(find_leaks(with_column("bought", stock, frame=frame)), Kind.CENSORED)
    assert found.columns == ("bought",) and 0.05 < found.value < 0.9 and found.items


def test_items_out_of_stock_and_a_pile_at_the_maximum_are_found():
    state = np.where(np.arange(300) % 5 == 0, "Out of stock", "In stock")
    (out,) = of(find_leaks(with_column("state", state, Role.ATTRIBUTE, late=True)), Kind.CENSORED)
    assert out.value == pytest.approx(0.2)
    frame = make_frame(300)
    frame["Sold"] = frame["Sold"].clip(upper=frame["Sold"].quantile(0.9))
    (pile,) = of(find_leaks(as_catalog(frame)), Kind.CENSORED)
    assert pile.columns == ("Sold",) and pile.value > 0.08


def test_time_on_sale_that_makes_the_target_is_found():
    frame = make_frame(300)
    weeks = np.random.default_rng(4).integers(2, 50, 300)
    frame["Sold"] = np.round(frame["Sold"] * weeks / 10)
    (found,) = of(find_leaks(with_column("weeks_on_sale", weeks, frame=frame)), Kind.EXPOSURE)
    assert found.value > 0.3 and found.severity == Severity.WARNING


def test_variants_that_are_counted_together_are_found():
    frame = make_frame(400)
    frame["Brand"] = [f"brand {i // 8}" for i in range(400)]
    frame["Style"] = [f"style {i}" for i in range(400)]
    frame["Sold"] = np.repeat(np.round(np.exp(np.random.default_rng(2).normal(6, 1, 200))), 2)
    catalog = with_column("Brand", frame["Brand"], Role.ATTRIBUTE, frame=frame)
    (found,) = of(find_leaks(catalog), Kind.COUNTS)
    assert found.columns == ("Brand", "Sold") and found.value > 100


def test_a_split_that_parts_a_style_is_serious():
    catalog = make_catalog(200)
    found = find_leaks(catalog, [Fold("1", np.arange(100), np.arange(100, 200))])
    assert found[0].kind == Kind.SPLIT and found[0].severity == Severity.SERIOUS


@pytest.fixture
def photographed(tmp_path):
    """A catalog of 120 styles with photos, the second half of which shows those of the first."""

    def make(*, same_sales, resaved=True):
        frame = make_frame(120).assign(Style=[f"s{i}" for i in range(120)])
        rng = np.random.default_rng(9)
        (tmp_path / "images").mkdir()
        for i in range(120):
            if i < 60:
                picture = Image.fromarray(rng.integers(0, 255, (6, 4, 3), dtype=np.uint8))
                picture = picture.resize((96, 144), Image.Resampling.BICUBIC)
                picture.save(tmp_path / "images" / f"{i}.png")
            elif resaved:
                copy = Image.open(tmp_path / "images" / f"{i - 60}.png").resize((80, 120))
                copy.save(tmp_path / "images" / f"{i}.jpg", quality=80)
            else:
                (tmp_path / "images" / f"{i}.jpg").write_bytes(
                    (tmp_path / "images" / f"{i - 60}.png").read_bytes()
                )
        if same_sales:
            frame["Sold"] = np.tile(np.round(np.exp(rng.normal(5, 1, 60))), 2)
        files = [f"{i}.{'png' if i < 60 else 'jpg'}" for i in range(120)]
        catalog = with_column("photo", files, Role.IMAGE, frame=frame)
        return replace(catalog, directory=tmp_path)

    return make


@pytest.mark.parametrize("resaved", [True, False])
@pytest.mark.parametrize("vectors", [True, False])
def test_photos_on_both_sides_of_a_split_are_found(photographed, resaved, vectors):
    catalog = photographed(same_sales=True, resaved=resaved)
    clip = np.random.default_rng(0).normal(size=(60, 32))
    clip = np.tile(clip / np.linalg.norm(clip, axis=1, keepdims=True), (2, 1))
    (found,) = of(find_leaks(catalog, vectors=clip if vectors else None), Kind.PHOTOS)
    assert found.severity == Severity.WARNING and 0.5 < found.value <= 1
    assert "agree beyond" in found.text and len(found.items) == 10


def test_photos_whose_items_sell_apart_are_a_note(photographed):
    (found,) = of(find_leaks(photographed(same_sales=False)), Kind.PHOTOS)
    assert found.severity == Severity.NOTE


def test_photos_too_many_to_open_are_said_to_be_compared_by_bytes(photographed, monkeypatch):
    catalog = photographed(same_sales=True, resaved=True)
    monkeypatch.setattr(twins, "MAX_OPENED", 100)
    (found,) = of(find_leaks(catalog), Kind.PHOTOS)
    assert found.severity == Severity.WARNING and found.value == 120
    assert "bytes alone" in found.text and "embed_catalog.py" in found.advice
    clip = np.random.default_rng(0).normal(size=(120, 32))
    clip /= np.linalg.norm(clip, axis=1, keepdims=True)
    assert not of(find_leaks(catalog, vectors=clip), Kind.PHOTOS)


def test_a_finding_lives_through_json():
    for finding in find_leaks(make_catalog(200), include_post_launch=True):
        assert Finding.from_json(asdict(finding)) == finding


@given(st.permutations(range(60)))
@settings(max_examples=30)
def test_the_spread_of_an_order_is_that_of_shuffling(order):
    rng = np.random.default_rng(0)
    x, cells = np.array(order, dtype=float), np.arange(60) % 3
    y = rng.normal(size=60)
    value, spread, count = rank_correlation_within(x, y, cells, np.arange(60))
    assert count == 60 and abs(value) <= 1 and 0.1 < spread < 0.17


def test_the_spread_agrees_with_shuffles():
    rng = np.random.default_rng(0)
    x, y, cells = rng.normal(size=80), rng.normal(size=80), np.repeat([0, 1, 2, 2], 20)
    _, spread, _ = rank_correlation_within(x, y, cells, np.arange(80))
    drawn = []
    for _ in range(1000):
        shuffled = y.copy()
        for cell in range(3):
            shuffled[cells == cell] = rng.permutation(y[cells == cell])
        drawn.append(rank_correlation_within(x, shuffled, cells, np.arange(80))[0])
    assert spread == pytest.approx(np.std(drawn), rel=0.1)


def test_ids_are_ordered_as_people_count():
    cells = pd.Series(["A-10", "A-9", None, "B-1", "A-9"])
    assert natural_order(cells).tolist() == [2, 1, 0, 3, 1]


def test_the_scoreboard_and_card_keep_the_findings_and_old_ones_load_without(tmp_path):
    board = train(make_catalog(120), tmp_path / "m", models=["linear"])
    assert board.findings and load_scoreboard(tmp_path / "m").findings == board.findings
    assert board.findings[0].text in (tmp_path / "m" / "linear" / "card.md").read_text()
    file = tmp_path / "m" / "scoreboard.json"
    values = json.loads(file.read_text())
    del values["findings"]
    file.write_text(json.dumps(values))
    assert load_scoreboard(tmp_path / "m").findings is None
    values["findings"] = [{"kind": "unheard of"}]
    file.write_text(json.dumps(values))
    with pytest.raises(ModelError, match="cannot be read"):
        load_scoreboard(tmp_path / "m")
