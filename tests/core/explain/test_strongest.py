import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalog.export import export_frame, neutralise
from core.explain.strongest import strongest
from tests.core.popularity.synthetic import make_catalog

KINDS = {"Price": "metadata", "=cmd": "metadata", "description": "text", "image": "photo"}


def test_the_three_largest_by_size_with_their_factors():
    values = pd.DataFrame([[0.1, -0.4, 0.2, 0.3], [0, 0, 0, 0.2]], columns=[*KINDS])
    found = strongest(values, KINDS)
    assert list(found.columns) == [
        *("contribution_1", "contribution_1_times", "contribution_2", "contribution_2_times"),
        *("contribution_3", "contribution_3_times"),
        *("share_metadata", "share_text", "share_photo"),
    ]
    names = found[[f"contribution_{n}" for n in (1, 2, 3)]].to_numpy().tolist()
    assert names == [["=cmd", "image", "description"], ["image", None, None]]
    assert found["contribution_1_times"].tolist() == pytest.approx(np.exp([-0.4, 0.2]))
    assert found["contribution_2_times"].isna().tolist() == [False, True]
    assert found["share_photo"].tolist() == pytest.approx([0.3, 1])


def test_one_player_leaves_the_other_columns_empty():
    found = strongest(pd.DataFrame({"image": [0.5, 0.0]}), {"image": "photo"})
    assert found["contribution_1"].tolist() == ["image", None]
    assert found[["contribution_2", "contribution_3"]].isna().all(axis=None)
    assert found["contribution_3_times"].isna().all()


@given(st.lists(st.lists(st.floats(-3, 3), min_size=4, max_size=4), max_size=4))
def test_they_are_ordered_by_size(lines):
    values = pd.DataFrame(lines, columns=[*KINDS], dtype=float)
    found = strongest(values, KINDS)
    assert len(found) == len(values)
    for i, line in enumerate(lines):
        sizes = [abs(np.log(found[f"contribution_{n}_times"].iloc[i])) for n in (1, 2, 3)]
        known = [s for s in sizes if np.isfinite(s)]
        wanted = sorted((abs(v) for v in line if v != 0), reverse=True)[:3]
        np.testing.assert_allclose(known, wanted, atol=1e-9)


def test_in_an_export_they_keep_their_items_and_run_no_formula():
    catalog = make_catalog(4)
    values = pd.DataFrame(np.eye(4), columns=[*KINDS])
    made_of = strongest(values, KINDS)
    table = export_frame(catalog, None, np.array([2, 1]), contributions=made_of)
    assert table["item_id"].tolist() == list(catalog.ids[[2, 1]])
    assert table["contribution_1"].tolist() == ["description", "=cmd"]
    assert neutralise(table)["contribution_1"].tolist() == ["description", "'=cmd"]
