import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.explain.modality import MODALITIES, modality_shares, player_modalities
from core.popularity.additive import AdditiveModel
from core.popularity.blocks import ImageBlock
from tests.core.popularity.synthetic import make_catalog

KINDS = {"Price": "metadata", "Colour": "metadata", "description": "text", "image": "photo"}


def test_shares_of_known_values():
    values = pd.DataFrame([[1.0, -1.0, 0.5, -1.5], [0, 0, 0, 0.2], [0, 0, 0, 0]], columns=[*KINDS])
    values.index = [7, 3, 5]
    shares = modality_shares(values, KINDS)
    assert list(shares.columns) == list(MODALITIES) == ["metadata", "text", "photo"]
    assert list(shares.index) == [7, 3, 5]
    np.testing.assert_allclose(shares.to_numpy()[:2], [[0.5, 0.125, 0.375], [0, 0, 1]])
    assert shares.loc[5].isna().all()


@given(st.lists(st.lists(st.floats(-5, 5), min_size=4, max_size=4), min_size=1, max_size=5))
def test_they_add_up_and_neither_sign_nor_scale_counts(lines):
    values = pd.DataFrame(lines, columns=[*KINDS])
    values = values.where(values.abs() > 1e-9, 0.0)
    shares = modality_shares(values, KINDS)
    known = (values != 0).any(axis=1)
    assert (shares.notna().all(axis=1) == known).all()
    np.testing.assert_allclose(shares[known].sum(axis=1), 1)
    assert ((shares[known] >= 0) & (shares[known] <= 1)).all(axis=None)
    np.testing.assert_allclose(shares, modality_shares(-3 * values, KINDS), equal_nan=True)


def test_a_player_without_a_modality_is_an_error():
    with pytest.raises(KeyError, match="Size"):
        modality_shares(pd.DataFrame({"Size": [1.0]}), KINDS)


def test_players_of_a_model_by_what_they_read():
    catalog = make_catalog(60)
    linear = AdditiveModel("linear").fit(catalog, np.arange(60))
    found = player_modalities(linear)
    assert list(found) == linear.players
    assert found["description"] == "text"
    assert {found[p] for p in found if p != "description"} == {"metadata"}
    shares = modality_shares(linear.contributions(catalog), found)
    assert len(shares) == 60 and (shares["photo"] == 0).all() and (shares["text"] > 0).any()
    seeing = AdditiveModel("image", checkpoint="clip")
    seeing.blocks = [ImageBlock("clip", 4)]
    assert player_modalities(seeing) == {"image": "photo"}
