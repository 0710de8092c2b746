import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hn

from core.vision.search import top_k

# A few small integers make many ties; their products are exact in float32.
values = st.sampled_from([-2.0, -1.0, 0.0, 1.0, 2.0])


@st.composite
def searches(draw):
    n, d = draw(st.integers(0, 30)), draw(st.integers(1, 4))
    vectors = draw(hn.arrays(np.float16, (n, d), elements=values))
    vectors[draw(hn.arrays(bool, n))] = np.nan
    mask = draw(st.none() | hn.arrays(bool, n))
    return vectors, draw(hn.arrays(np.float32, d, elements=values)), draw(st.integers(0, 35)), mask


@given(searches())
def test_the_result_is_that_of_comparing_and_sorting_everything(search):
    vectors, query, k, mask = search
    rows, scores = top_k(vectors, query, k, mask)
    expected = sorted(
        (-float(np.dot(vector.astype(np.float32), query)), row)
        for row, vector in enumerate(vectors)
        if not np.isnan(vector).any() and (mask is None or mask[row])
    )[:k]
    assert rows.tolist() == [row for _, row in expected]
    assert scores.tolist() == [-score for score, _ in expected]


def test_types_of_an_empty_result_fit_those_of_a_full_one():
    vectors = np.eye(3, dtype=np.float16)
    for mask in (None, np.zeros(3, dtype=bool)):
        rows, scores = top_k(vectors, vectors[0], 2, mask)
        assert rows.dtype == np.int64 and scores.dtype == np.float32


def test_a_query_or_mask_of_another_shape_is_refused():
    vectors = np.eye(3, dtype=np.float32)
    with pytest.raises(ValueError, match="query"):
        top_k(vectors, np.ones(2), 1)
    with pytest.raises(ValueError, match="mask"):
        top_k(vectors, np.ones(3), 1, np.ones(2, dtype=bool))


def test_a_memory_map_is_searched_like_an_array(tmp_path):
    vectors = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float16)
    np.save(tmp_path / "v.npy", vectors)
    mapped = np.load(tmp_path / "v.npy", mmap_mode="r")
    rows, _ = top_k(mapped, vectors[7] / np.linalg.norm(vectors[7]), 5)
    assert rows.tolist() == top_k(vectors, vectors[7] / np.linalg.norm(vectors[7]), 5)[0].tolist()
