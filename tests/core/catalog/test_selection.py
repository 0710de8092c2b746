"""A selection against a plain set of ids."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from core.catalog.catalog import Catalog, conform
from core.catalog.query import Filters, Listing
from core.catalog.roles import Role
from core.catalog.selection import Selection

ROLES = {"sku": Role.ID, "kind": Role.CATEGORY}
FRAME = pd.DataFrame({"sku": [f"{i:02d}" for i in range(12)], "kind": list("aaaabbbbcccc")})
LISTING = Listing(
    Catalog(directory=None, name="", frame=conform(FRAME, ROLES), roles=ROLES),  # type: ignore[arg-type]
    None,
)
IDS = list(FRAME["sku"])
STEP = st.tuples(st.sampled_from(IDS), st.booleans()) | st.sampled_from("abc")


@given(st.lists(STEP, max_size=20))
def test_it_holds_what_a_set_of_ids_would(steps):
    selection, plain = Selection(), set()
    for step in steps:
        if isinstance(step, str):
            selection = Selection(scope=Filters().with_levels("kind", [step]))
            plain = set(FRAME["sku"][FRAME["kind"] == step])
        else:
            item, on = step
            selection = selection.pick(LISTING, {item: on})
            (plain.add if on else plain.discard)(item)
    assert {IDS[i] for i in np.flatnonzero(selection.mask(LISTING))} == plain


def test_everything_that_matches_stays_small():
    everything = Selection(scope=Filters())
    assert everything.mask(LISTING).all()
    less = everything.pick(LISTING, {"03": False})
    assert less.mask(LISTING).sum() == 11
    assert less.removed == {"03"} and not less.added


def test_ids_of_another_catalog_are_ignored():
    assert Selection().pick(LISTING, {"elsewhere": True}) == Selection()
    assert not Selection(added=frozenset({"elsewhere"})).mask(LISTING).any()
