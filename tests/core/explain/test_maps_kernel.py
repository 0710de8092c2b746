"""The photo's part in the deep model: against the explanation, the definition and small steps."""

from itertools import combinations
from math import comb

import numpy as np
import pytest

from core.catalog.catalog import load_catalog
from core.checkpoints import checkpoint_id
from core.explain.maps_kernel import PhotoGame, link_slope
from core.popularity.additive import IMAGE_PLAYER
from core.popularity.deep import DeepModel
from core.popularity.link import Link
from core.popularity.model import labelled_rows
from core.popularity.vectors import image_vectors
from tests.conftest import ROOT

ROW = 3
"""None of the training items."""


@pytest.fixture(scope="module")
def catalog():
    return load_catalog(ROOT / "data/demo")


@pytest.fixture(scope="module")
def model(catalog):
    checkpoint = checkpoint_id(ROOT / "checkpoints/clip-fashion-small")
    made = DeepModel("deep", checkpoint=checkpoint).fit(catalog, labelled_rows(catalog)[::8])
    # Near photos matter: nothing is a straight line.
    made.kernel.lengths[len(made.blocks) - 1] = 2.0
    made._game = None
    return made


@pytest.fixture(scope="module")
def game(model, catalog):
    return PhotoGame(model, catalog, ROW)


@pytest.fixture(scope="module")
def photo(model, catalog):
    return image_vectors(catalog, model.checkpoint)[ROW]


def test_its_value_is_that_of_the_explanation(game, model, catalog, photo):
    shown = model.contributions(catalog, np.array([ROW]))[IMAGE_PLAYER].iloc[0]
    assert game.value(photo) == pytest.approx(shown, abs=1e-9) and abs(shown) > 1e-3


def test_its_value_is_that_of_the_definition(game, model, catalog, photo):
    own, terms = model.terms(catalog, np.array([ROW]))[:, 0], model.game().terms
    place = model.players.index(IMAGE_PLAYER)
    others = [p for p in range(len(own)) if p != place]
    total = 0.0
    for item in range(5):
        for size in range(len(others) + 1):
            weight = 1 / (len(own) * comb(len(others), size))
            for inside in combinations(others, size):
                mixed = terms[:, item].copy()
                mixed[list(inside)] = own[list(inside)]
                without = float(model.head(mixed.sum(axis=0)))
                mixed[place] = own[place]
                total += weight * (float(model.head(mixed.sum(axis=0))) - without)
    few = PhotoGame(model, catalog, ROW)
    few.start = few.start[:5]
    assert few.value(photo) == pytest.approx(total / 5, abs=1e-9)


def test_its_slope_is_that_of_small_steps(game, photo):
    for seed in range(3):
        step = 1e-5 * np.random.default_rng(seed).normal(size=len(photo))
        moved = (game.value(photo + step) - game.value(photo - step)) / 2
        assert game.slope(photo) @ step == pytest.approx(moved, rel=1e-4, abs=1e-10)


def test_the_mean_slope_along_the_ways_adds_up_to_the_value(game, photo):
    total = 0.0
    for item in range(len(game.start)):
        alone = PhotoGame.__new__(PhotoGame)
        alone.__dict__ = dict(game.__dict__)
        alone.start = game.start[item : item + 1]
        alone._terms = game._terms[:, item : item + 1]
        total += alone.path_slope(photo) @ (photo - game.start[item])
    total /= len(game.start)
    assert total == pytest.approx(game.value(photo), abs=5e-4)
    straight = game.slope(photo) @ (photo - game.start.mean(axis=0))
    assert abs(straight - game.value(photo)) > 2 * abs(total - game.value(photo))


def test_its_output_is_the_models(game, model, catalog, photo):
    wanted = model.output(catalog, np.array([ROW]))[0]
    assert game.output(photo[None])[0] == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("power", [0.0, 0.25, 0.5])
def test_the_links_slope(power):
    link = Link(power, 3.0, 0.9, -2.0, 0.1)
    at = np.linspace(-1.9, 4, 9)
    moved = (link.output(at + 1e-6) - link.output(at - 1e-6)) / 2e-6
    np.testing.assert_allclose(link_slope(link, at), moved, rtol=1e-5)
    assert link_slope(link, np.array([-2.5]))[0] == 0


def test_with_many_players_it_is_the_photos_owen_value(monkeypatch, model, catalog, photo):
    for module in ("explain.maps_kernel", "popularity.kernel_game"):
        monkeypatch.setattr(f"core.{module}.MAX_EXACT", 3)
    told = model.contributions(catalog, np.array([ROW]))["image"][0]
    assert PhotoGame(model, catalog, ROW).value(photo) == pytest.approx(told, abs=1e-9)
