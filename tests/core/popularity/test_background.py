import numpy as np
import pytest

from core.errors import ModelError
from core.popularity.additive import AdditiveModel
from core.popularity.background import MIN_SAME, SAME, Background
from core.popularity.deep import DeepModel
from core.popularity.model import log_target
from tests.core.popularity.synthetic import make_catalog

ROWS = np.arange(300)


@pytest.fixture(scope="module")
def catalog():
    return make_catalog(400)


@pytest.fixture(scope="module")
def linear(catalog):
    return AdditiveModel("linear").fit(catalog, ROWS)


def places(catalog, background):
    return catalog.ids.get_indexer(np.array(background.ids)[background.common])


def test_it_has_categories_and_sellers_in_their_shares(catalog, linear):
    chosen = places(catalog, linear.background)
    assert len(set(chosen)) == 100 and chosen.max() < 300
    kinds = catalog.frame["Type"]
    shares = kinds.iloc[chosen].value_counts() - 100 * kinds.iloc[ROWS].value_counts(normalize=True)
    assert shares.abs().max() <= 1
    y = log_target(catalog)
    assert y[chosen].mean() == pytest.approx(y[ROWS].mean(), abs=0.02)
    assert y[chosen].std() == pytest.approx(y[ROWS].std(), rel=0.05)


def test_all_models_of_the_same_items_have_the_same(catalog, linear):
    deep = DeepModel().fit(catalog, ROWS).background
    assert (deep.ids, deep.version) == (linear.background.ids, linear.background.version)
    fewer = AdditiveModel("linear").fit(catalog, ROWS[:280]).background
    assert fewer.version != deep.version


def test_another_seed_draws_others_and_few_items_are_all_taken(catalog, linear):
    design = linear._design(catalog, ROWS)
    assert Background.draw(catalog, ROWS, design, seed=2).version != linear.background.version
    some = ROWS[:50]
    few = Background.draw(catalog, some, linear._design(catalog, some))
    assert few.common.all() and len(few.ids) == 50


def test_a_category_has_its_own_items_or_a_sentence(catalog, linear):
    background = linear.background
    kinds = catalog.frame["Type"].iloc[ROWS]
    for kind, count in kinds.value_counts().items():
        held = len(background.among(kind).average)
        assert min(count, SAME) <= held and set(background.categories) == set(kinds)
    with pytest.raises(ModelError, match="too few items of the category “kilt”"):
        background.among("kilt")
    some = np.flatnonzero(kinds == "dress")[: MIN_SAME - 1]
    rows = np.concatenate([some, np.flatnonzero(kinds != "dress")])
    with pytest.raises(ModelError, match="Hold them against all items"):
        AdditiveModel("linear").fit(catalog, rows).background.among("dress")


def test_a_catalog_without_categories_has_one(catalog):
    bare = make_catalog(200, drop=("Type",))
    model = AdditiveModel("linear").fit(bare, np.arange(200))
    assert set(model.background.categories) == {""} and model.background.common.sum() == 100
    values = model.contributions(bare, np.arange(3), same_category=True)
    np.testing.assert_allclose(model.base_output("") + values.sum(axis=1), model.output(bare)[:3])


def test_it_is_saved_small_and_whole(catalog, linear, tmp_path):
    linear.save(tmp_path)
    again = AdditiveModel.load(tmp_path).background
    assert again.version == linear.background.version
    for a, b in zip(again.among().matrices, linear.background.among().matrices, strict=True):
        np.testing.assert_array_equal(a.toarray(), b.toarray())
    np.testing.assert_array_equal(again.among().average, linear.background.among().average)
    assert (tmp_path / "model.safetensors").stat().st_size < 200_000


def test_a_damaged_one_gives_a_sentence(linear):
    background = linear.background
    widths = [b.width for b in linear.blocks]
    tensors, values = background.tensors(), background.to_json()
    with pytest.raises(ValueError, match="do not fit the blocks"):
        Background.restore(tensors, values, [*widths[:-1], widths[-1] - 1])
    columns = tensors["background.columns"] + sum(widths)
    with pytest.raises(ValueError, match="indices"):
        Background.restore({**tensors, "background.columns": columns}, values, widths)
