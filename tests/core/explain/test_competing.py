"""Near-identical items of a range, against the rules spelled out pair by pair."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from core.explain.competing import near_pairs
from core.popularity.twins import NEAR_COSINE
from tests.core.popularity.synthetic import make_catalog


@pytest.fixture(scope="module")
def made():
    catalog = make_catalog(120)
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(120, 24)).astype(np.float32)
    vectors[1::4] = vectors[::4] + 0.03 * rng.normal(size=(30, 24))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[7] = np.nan
    return catalog, vectors


def test_pairs_are_those_of_the_rules(made):
    catalog, vectors = made
    frame = catalog.frame
    expected = {}
    for a, b in combinations(range(len(frame)), 2):
        one, other = frame.iloc[a], frame.iloc[b]
        if abs((one["Launch"] - other["Launch"]).days) > 182:
            continue
        cosine = float(vectors[a] @ vectors[b])
        differ = [c for c in ("Type", "Colour") if one[c] != other[c]]
        gap = abs(one["Price"] - other["Price"]) / max(one["Price"], other["Price"])
        details = one["Type"] == other["Type"] and len(differ) <= 1 and gap <= 0.1
        if details or cosine >= NEAR_COSINE:
            expected[a, b] = (details, one["Style"] == other["Style"], set(differ))
    found = near_pairs(catalog, np.arange(len(frame)), vectors)
    assert {(p.one, p.other) for p in found} == set(expected)
    assert len({e[0] for e in expected.values()}) == 2, "both kinds occur"
    for pair in found:
        details, style, differ = expected[pair.one, pair.other]
        assert (pair.details, pair.same_style) == (details, style)
        assert set(pair.differ) - {"Price"} == differ
        if 7 in (pair.one, pair.other):
            assert pair.photo is None
        else:
            distance = 1 - float(vectors[pair.one] @ vectors[pair.other])
            assert pair.photo == pytest.approx(distance, abs=1e-5)


def test_the_nearest_come_first_and_only_what_is_asked_is_compared(made):
    catalog, vectors = made
    rows = np.arange(40)[::-1]
    found = near_pairs(catalog, rows, vectors)
    assert found and all(p.one > p.other and p.one < 40 for p in found)
    near = [p.photo is not None and p.photo <= 1 - NEAR_COSINE for p in found]
    kinds = [(n and p.details, n) for n, p in zip(near, found, strict=True)]
    assert kinds == sorted(kinds, reverse=True)


def test_without_photos_details_alone_count(made):
    catalog, _ = made
    found = near_pairs(catalog, np.arange(120), None)
    assert found and all(p.details and p.photo is None for p in found)


def test_seasons_apart_do_not_compete(made):
    catalog, vectors = made
    frame = catalog.frame.copy()
    frame["Launch"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(200 * np.arange(120), "D")
    assert near_pairs(replace(catalog, frame=frame), np.arange(120), vectors) == []
