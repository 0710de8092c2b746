"""Exact credit for the deep model: against its definition, and with what must hold of it."""

from dataclasses import replace

import numpy as np
import pytest

from core.catalog.roles import Role
from core.errors import ModelError
from core.popularity import kernel_game
from core.popularity.background import Background
from core.popularity.deep import DeepModel
from core.popularity.shapley import members, shapley_values
from tests.core.popularity.mixtures import (
    hold_against,
    interaction_by_definition,
    shapley_by_definition,
)
from tests.core.popularity.synthetic import as_catalog, make_frame

ROWS = np.arange(300)


def twisted(frame):
    twist = np.where(frame["Colour"] == "red", 1.0, -1.0) * np.where(
        frame["Type"].isin(["dress", "coat"]), 1.0, -1.0
    )
    return frame.assign(Sold=np.round(frame["Sold"] * np.exp(twist)))


@pytest.fixture(scope="module")
def catalog():
    """The colour sells or not by the type."""
    return as_catalog(twisted(make_frame(400)))


@pytest.fixture(scope="module")
def model(catalog):
    return DeepModel().fit(catalog, ROWS)


@pytest.fixture(scope="module")
def priced():
    """A price and a list price, whose ratio joins two players."""
    frame = twisted(make_frame(400))
    frame["List"] = np.round(frame["Price"].fillna(60) * 1.4 + 3, 2)
    frame["List"] += np.random.default_rng(2).gamma(2, 20, size=len(frame))
    return replace(
        as_catalog(frame),
        frame=frame[["sku", "Price", "List", "Type", "Colour", "Weight", "Sold"]],
        roles={
            "sku": Role.ID, "Price": Role.PRICE, "List": Role.NUMBER, "Type": Role.CATEGORY,
            "Colour": Role.ATTRIBUTE, "Weight": Role.NUMBER, "Sold": Role.TARGET,
        },
    )  # fmt: skip


@pytest.fixture(scope="module")
def joined(priced):
    model = DeepModel().fit(priced, ROWS)
    assert model.kernel.ratios
    return model


@pytest.mark.slow
def test_values_of_50_items_are_those_by_definition(catalog, model):
    background = hold_against(model, catalog, ROWS, size=8)
    rows = np.arange(345, 395)
    expected = [shapley_by_definition(model, catalog, row, background) for row in rows]
    np.testing.assert_allclose(model.contributions(catalog, rows), expected, rtol=0, atol=1e-9)


def test_values_are_those_by_definition_also_where_a_ratio_joins_two(priced, joined):
    background = hold_against(joined, priced, ROWS, size=15)
    rows = np.array([3, 310, 377])
    expected = [shapley_by_definition(joined, priced, row, background) for row in rows]
    np.testing.assert_allclose(joined.contributions(priced, rows), expected, rtol=0, atol=1e-9)


def test_interactions_are_those_by_definition(priced, joined):
    background = hold_against(joined, priced, ROWS, size=15)
    found = joined.interactions(priced, 320)
    for first, second in (("Price", "List"), ("Type", "Colour"), ("Weight", "Price")):
        expected = interaction_by_definition(joined, priced, 320, background, first, second)
        assert found.loc[first, second] == pytest.approx(expected, abs=1e-9)
    assert found.abs().max().idxmax() in ("Type", "Colour"), "these do interact"


def test_an_item_held_against_itself_has_no_values(catalog, model):
    own = model.terms(catalog, np.array([7]))
    game = kernel_game.KernelGame(own, model.kernel, model.weights, model.base, model.link)
    np.testing.assert_array_equal(game.values(own[:, 0]), 0)
    assert game.outputs == pytest.approx(model.output(catalog, np.array([7])))


def test_a_field_that_is_the_same_everywhere_gets_nothing(catalog, model):
    own, game = model.terms(catalog, np.array([7]))[:, 0], model.game()
    own[2] = game.terms[2, 0]
    same = kernel_game.KernelGame(
        game.terms[:, :1], model.kernel, model.weights, model.base, model.link
    )
    values = same.values(own)
    assert values[2] == 0 and (values != 0).any()


def test_players_alike_get_the_same(catalog, model):
    terms = np.random.default_rng(0).normal(0, 0.2, size=(5, 3, model.units))
    own = np.random.default_rng(1).normal(0, 0.2, size=(5, model.units))
    terms[3], own[3] = terms[1], own[1]
    kernel = replace(model.kernel, ratios=())
    game = kernel_game.KernelGame(terms, kernel, model.weights, model.base, model.link)
    values = game.values(own)
    assert values[1] == pytest.approx(values[3], abs=1e-12) and values[1] != values[0]


def test_shap_says_the_same(priced, joined):
    shap = pytest.importorskip("shap", reason="shap is a peer: requirements-peers.txt")
    hold_against(joined, priced, ROWS, size=30)
    game, own = joined.game(), joined.terms(priced, np.array([333]))[:, 0]
    both = np.concatenate([game.terms, own[:, None]], axis=1)
    players = np.arange(len(own))

    def output(sources):
        return game.head(sum(both[p, sources[:, p].astype(int)] for p in players))

    masker = shap.maskers.Independent(np.repeat(np.arange(30.0)[:, None], len(own), axis=1))
    exact = shap.explainers.Exact(output, masker)
    told = exact(np.full((1, len(own)), 30.0)).values[0]
    np.testing.assert_allclose(joined.contributions(priced, np.array([333]))[:1].to_numpy()[0],
                               told, atol=1e-6)  # fmt: skip


def test_more_players_than_can_be_tried_are_sampled_and_add_up(catalog, model, monkeypatch):
    hold_against(model, catalog, ROWS, size=100)
    rows = np.arange(340, 350)
    exact = model.contributions(catalog, rows)
    monkeypatch.setattr(kernel_game, "MAX_EXACT", 3)
    sampled = model.contributions(catalog, rows)
    total = sampled.sum(axis=1) + model.base_output()
    np.testing.assert_allclose(total, model.output(catalog, rows), atol=1e-9)
    assert 0 < np.abs(sampled - exact).max(axis=None) < 0.15 * exact.abs().max(axis=None)
    with pytest.raises(ValueError, match="more than"):
        model.game().interactions(model.terms(catalog, rows[:1])[:, 0])


def test_with_many_players_words_are_held_against_details_as_one(catalog, model, monkeypatch):
    """Whether a background item differs in few players or in many: always Owen's values."""
    hold_against(model, catalog, ROWS, size=8)
    game, own = model.game(), model.terms(catalog, np.array([345]))[:, 0]
    words = model.players.index("description")
    expected = []
    for k in range(8):
        other = game.terms[:, k]
        details = np.delete(other, words, axis=0).sum(axis=0)
        own_details = np.delete(own, words, axis=0).sum(axis=0)
        sums = np.array(
            [details + other[words], own_details + other[words], details + own[words],
             own_details + own[words]]
        )  # fmt: skip
        expected.append(shapley_values(game.head(sums))[1])
    assert game.values(own)[words] != pytest.approx(np.mean(expected), abs=1e-6)
    differing = (own[:, None] != game.terms).any(axis=2).sum(axis=0)
    for most in (2, int(differing.max()) - 1, len(own) - 1):
        monkeypatch.setattr(kernel_game, "MAX_EXACT", most)
        assert game.values(own)[words] == pytest.approx(np.mean(expected), abs=1e-12)


def test_tables_grow_as_every_coalition_summed_alone(priced, joined):
    own, game = joined.terms(priced, np.array([333]))[:, 0], joined.game()
    expected = np.zeros(len(own))
    for k in range(len(game.outputs)):
        sums = game.terms[:, k].sum(axis=0) + members(len(own)) @ (own - game.terms[:, k])
        expected += shapley_values(game.head(sums)) / len(game.outputs)
    np.testing.assert_allclose(game.values(own), expected, atol=1e-12)


def test_another_draw_of_the_background_moves_values_little(catalog, model):
    rows = np.arange(340, 380)
    draws = []
    for seed in (0, 2):
        hold_against(model, catalog, ROWS, size=100, seed=seed)
        draws.append(model.contributions(catalog, rows))
    moved, size = (draws[0] - draws[1]).abs().mean(axis=None), draws[0].abs().mean(axis=None)
    assert 0 < moved < 0.2 * size


def test_items_of_a_category_can_be_held_against_each_other(catalog, model):
    hold_against(model, catalog, ROWS, size=100)
    rows = np.array([341, 342, 343, 344])
    values = model.contributions(catalog, rows, same_category=True)
    assert (values["Type"] == 0).all()
    kinds = catalog.frame["Type"].iloc[rows]
    bases = [model.base_output(kind) for kind in kinds]
    np.testing.assert_allclose(bases + values.sum(axis=1), model.output(catalog, rows))
    frame = catalog.frame.assign(Type=catalog.frame["Type"].astype(object))
    frame.loc[341, "Type"] = "kilt"
    with pytest.raises(ModelError, match="too few items of the category “kilt”"):
        model.contributions(replace(catalog, frame=frame), rows, same_category=True)


def test_a_saved_model_gives_the_same_credit(catalog, model, tmp_path):
    hold_against(model, catalog, ROWS, size=100)
    model.save(tmp_path)
    again = DeepModel.load(tmp_path)
    assert again.background.version == model.background.version
    rows = np.arange(330, 335)
    np.testing.assert_allclose(
        again.contributions(catalog, rows), model.contributions(catalog, rows), atol=1e-12
    )


def test_a_model_without_a_background_is_held_against_the_average_item(catalog, model):
    kept = model.background
    try:
        model.background = Background.average_item([b.width for b in model.blocks])
        assert model.base_output() == pytest.approx(model.intercept)
        values = model.contributions(catalog, np.arange(5))
        np.testing.assert_allclose(
            model.intercept + values.sum(axis=1), model.output(catalog, np.arange(5))
        )
    finally:
        model.background = kept
