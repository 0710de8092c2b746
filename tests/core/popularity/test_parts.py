import numpy as np
import pytest

from core.popularity.parts import held_out_parts
from core.popularity.splits import group_codes
from tests.core.popularity.synthetic import as_catalog, make_catalog

ROWS = np.arange(300)


@pytest.fixture(scope="module")
def catalog():
    return make_catalog(400)


def test_the_parts_held_out_are_periods_and_whole_styles(catalog):
    parts = held_out_parts(catalog, ROWS)
    assert np.array_equal(np.sort(np.concatenate(parts)), ROWS)
    groups = group_codes(catalog)
    homes = [set(groups[part]) for part in parts]
    assert all(a.isdisjoint(b) for i, a in enumerate(homes) for b in homes[:i])
    days = catalog.frame["Launch"]
    medians = [days.iloc[part].median() for part in parts]
    assert medians == sorted(medians)
    undated = as_catalog(catalog.frame.drop(columns="Launch"))
    assert len(held_out_parts(undated, ROWS)) == 4
