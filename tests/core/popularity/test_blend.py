import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ModelError
from core.explain.linear import column_effects, explain
from core.popularity import additive
from core.popularity.additive import AdditiveModel
from core.popularity.blend import BlendModel, choose_weights, validate
from core.popularity.deep import held_out_parts
from core.popularity.metrics import spearman
from core.popularity.model import log_target
from tests.core.popularity.synthetic import make_catalog

ROWS = np.arange(200)


def vectors(catalog, checkpoint):
    """Photos that show half of what sold, and one item without."""
    rng = np.random.default_rng(5)
    found = rng.normal(size=(len(catalog), 6))
    found[:, 0] += log_target(catalog) - 4
    found[3] = np.nan
    return found


@pytest.fixture(scope="module")
def catalog():
    return make_catalog(240, noise=0.8)


@pytest.fixture(scope="module")
def photos():
    patch = pytest.MonkeyPatch()
    patch.setattr(additive, "image_vectors", vectors)
    yield
    patch.undo()


def members():
    return {
        "linear": AdditiveModel("linear"),
        "image": AdditiveModel("image", checkpoint="clip-test"),
    }


@pytest.fixture(scope="module")
def blend(catalog, photos):
    return BlendModel(members()).fit(catalog, ROWS)


@given(seed=st.integers(0, 999), count=st.integers(2, 3))
@settings(max_examples=30)
def test_no_other_weights_on_the_grid_err_less(seed, count):
    rng = np.random.default_rng(seed)
    target = rng.normal(size=25)
    outputs = target * rng.random((count, 1)) + rng.normal(size=(count, 25))
    weights = choose_weights(outputs, target)
    assert weights.min() >= 0 and weights.sum() == pytest.approx(1)
    least = ((target - weights @ outputs) ** 2).sum()
    for first in np.linspace(0, 1, 11):
        for second in [1 - first] if count == 2 else np.linspace(0, 1 - first, 11):
            other = np.array([first, second, 1 - first - second][:count])
            if np.allclose(other * 10, np.round(other * 10)):
                assert least <= ((target - other @ outputs) ** 2).sum() + 1e-9


def test_a_mixture_is_found_again():
    rng = np.random.default_rng(0)
    outputs = rng.normal(size=(3, 400))
    target = np.array([0.2, 0.0, 0.8]) @ outputs + 0.01 * rng.normal(size=400)
    np.testing.assert_allclose(choose_weights(outputs, target), [0.2, 0.0, 0.8])


def test_weights_are_scored_on_a_part_that_they_were_not_chosen_on():
    rng = np.random.default_rng(1)
    target = rng.normal(size=60)
    outputs = target + rng.normal(size=(2, 60)) * [[0.5], [1.5]]
    parts = [np.arange(30), np.arange(30, 60)]
    blended, alone = validate(outputs, target, parts)
    by_hand = [
        spearman(target[own], choose_weights(outputs[:, other], target[other]) @ outputs[:, own])
        for own, other in (parts, parts[::-1])
    ]
    assert blended == pytest.approx(np.mean(by_hand))
    expected = [np.mean([spearman(target[p], one[p]) for p in parts]) for one in outputs]
    np.testing.assert_allclose(alone, expected)


def test_the_output_is_the_weighted_mean_of_the_members(blend, catalog):
    assert sum(blend.weights.values()) == pytest.approx(1)
    assert min(blend.weights.values()) > 0, "both know something that the other does not"
    expected = sum(w * blend.members[m].output(catalog) for m, w in blend.weights.items())
    np.testing.assert_allclose(blend.output(catalog), expected)


def test_weights_are_of_a_last_period_that_the_members_had_not_seen(blend, catalog):
    last = held_out_parts(catalog, ROWS)[-1]
    rest = np.delete(ROWS, last)
    own = catalog.frame.iloc[ROWS]
    dates = own["Launch"].groupby(own["Style"]).transform("min")
    assert dates.iloc[rest].max() <= dates.iloc[last].min()
    forecasts = [m.fit(catalog, rest).output(catalog, ROWS[last]) for m in members().values()]
    chosen = choose_weights(np.array(forecasts), log_target(catalog)[last])
    assert list(blend.weights.values()) == pytest.approx(list(chosen))


def test_it_orders_new_items_better_than_either_member(blend):
    new = make_catalog(1500, seed=9, noise=0.8)
    y = log_target(new)
    alone = [spearman(y, m.output(new)) for m in blend.members.values()]
    assert spearman(y, blend.output(new)) > max(alone)
    assert blend.wins and "alone" in blend.verdict and "%" in blend.mix


def test_credit_adds_up_and_is_the_weighted_mean_of_the_members_credit(blend, catalog):
    rows = np.array([0, 3, 210])
    values = blend.contributions(catalog, rows)
    total = blend.base_output() + values.sum(axis=1)
    np.testing.assert_allclose(total, blend.output(catalog, rows))
    for name, member in blend.members.items():
        own = member.contributions(catalog, rows)
        for player in own:  # no player is read by both here
            np.testing.assert_allclose(values[player], blend.weights[name] * own[player])
    assert set(values) == {p for m in blend.members.values() for p in m.players}
    found = explain(blend, catalog, 210)
    assert found.gap < 1e-9 and {p.player for p in found.parts} == set(values)


def test_players_that_members_share_add_up(catalog, photos):
    same = BlendModel({"linear": AdditiveModel("linear"), "deep": AdditiveModel("linear")})
    same.fit(catalog, ROWS)
    alone = same.members["linear"].contributions(catalog, ROWS[:5])
    assert same.players == same.members["linear"].players
    np.testing.assert_allclose(same.contributions(catalog, ROWS[:5])[alone.columns], alone)
    assert not same.wins, "a model and itself are no better than the model"


def test_a_column_moves_it_as_it_moves_the_member_that_reads_it(blend, catalog):
    linear = blend.members["linear"]
    own, alone = (column_effects(m, "Type", catalog) for m in (blend, linear))
    np.testing.assert_allclose(own["effect"], blend.weights["linear"] * alone["effect"])
    pairs = blend.interactions(catalog, 0)
    assert list(pairs) == blend.players and not pairs.to_numpy().any()


def test_loaded_it_predicts_the_same_and_weights_lie_with_the_members(blend, catalog, tmp_path):
    blend.save(tmp_path / "blend")
    with pytest.raises(ModelError, match="cannot be read"):
        BlendModel.load(tmp_path / "blend")
    for name, member in blend.members.items():
        member.save(tmp_path / name)
    again = BlendModel.load(tmp_path / "blend")
    assert again.predict(catalog).equals(blend.predict(catalog))
    assert again.weights == blend.weights and again.players == blend.players
    assert again.checkpoint == "clip-test" and again.missing_columns(catalog) == []
    size = sum(f.stat().st_size for f in (tmp_path / "blend").iterdir() if f.suffix != ".json")
    assert size < 500, "no second copy of the members"


def test_a_damaged_one_gives_a_sentence(blend, tmp_path):
    for name, member in blend.members.items():
        member.save(tmp_path / name)
    blend.save(tmp_path / "blend")
    file = tmp_path / "blend" / "model.json"
    file.write_text(file.read_text().replace('"image"', '"linear"'))
    with pytest.raises(ModelError, match="is damaged"):
        BlendModel.load(tmp_path / "blend")


def test_ranges_hold_new_items_about_as_often_as_they_say(blend):
    new = make_catalog(1500, seed=9, noise=0.8)
    sold = np.expm1(log_target(new))
    predicted = blend.predict(new)
    inside = ((sold >= predicted["low"]) & (sold <= predicted["high"])).mean()
    assert 0.8 <= inside <= 0.97


def test_what_cannot_be_blended_is_refused():
    with pytest.raises(ValueError, match="two members"):
        BlendModel({"linear": AdditiveModel("linear")})
    with pytest.raises(ValueError, match="different checkpoints"):
        BlendModel(
            {
                "image": AdditiveModel("i", checkpoint="a"),
                "deep": AdditiveModel("d", checkpoint="b"),
            }
        )
