"""The garments to choose from: against walking the catalog item by item."""

import numpy as np
import pandas as pd
import pytest

import app.tryon_rack
from app.tryon_rack import Rack
from core.catalog.catalog import Catalog, conform
from core.catalog.query import Listing
from core.catalog.roles import Role
from core.tryon.category import guess_category

ROLES = {
    "sku": Role.ID,
    "name": Role.TITLE,
    "kind": Role.CATEGORY,
    "sub": Role.CATEGORY,
    "photo": Role.IMAGE,
}
KINDS = ["Shoes", "Shirts", "Jeans", "Dresses", None, "Accessories"]
NAMES = ["Blue tee", "Red skirt", "Cup", "", None, "Maxi gown"]


def made(folder, size=300, ranked=True):
    rng = np.random.default_rng(3)
    (folder / "images").mkdir(exist_ok=True)
    (folder / "images" / "a.png").write_bytes(b"")
    photos = ["a.png", "gone.png", "http://x/b.png", "http://x/b.png|a.png", None, ""]
    frame = pd.DataFrame(
        {
            "sku": [f"{'dress' if i % 7 == 0 else 'it'}-{i}" for i in range(size)],
            "name": rng.choice(np.array(NAMES, dtype=object), size),
            "kind": rng.choice(np.array(KINDS, dtype=object), size),
            "sub": rng.choice(np.array(["Tops", "Pants", None, "x"], dtype=object), size),
            "photo": rng.choice(np.array(photos, dtype=object), size),
        }
    )
    catalog = Catalog(folder, "made", conform(frame, ROLES), ROLES)
    order = None
    if ranked:
        order = pd.DataFrame({"item_id": rng.permutation(catalog.ids)})
        order["rank"] = np.arange(1, size + 1)
    return catalog, order


def walked(catalog, order):
    """Wearable items in rank order, one at a time."""
    found = []
    for item in list(catalog.ids) if order is None else list(order["item_id"]):
        row = catalog.frame.iloc[catalog.row(item)]
        name = row["name"] if isinstance(row["name"], str) and row["name"] else item
        worn = guess_category(row["kind"], row["sub"], name)
        if worn is not None and catalog.image_paths(catalog.row(item)):
            found.append((item, worn, name))
    return found


@pytest.mark.parametrize("ranked", [True, False])
def test_it_finds_what_a_walk_over_the_items_finds(tmp_path, ranked):
    catalog, order = made(tmp_path, ranked=ranked)
    rack, expected = Rack(Listing(catalog, order)), walked(catalog, order)
    assert len(expected) > 40 and {worn for _, worn, _ in expected} == {
        "upper_body",
        "lower_body",
        "dresses",
    }
    assert rack.find("", count=len(catalog)) == [item for item, _, _ in expected]
    assert rack.find("", count=5) == [item for item, _, _ in expected][:5]
    assert rack.first() == expected[0][0]
    for item, worn, name in expected:
        assert rack.worn(item) == worn and rack.title(item) == name
    skirts = [item for item, _, name in expected if "skirt" in name.lower()]
    assert rack.find("SKIRT red", count=len(catalog)) == skirts
    assert rack.find("astronaut") == []


def test_it_looks_only_among_the_items_that_are_asked_for(tmp_path):
    catalog, order = made(tmp_path)
    rack = Rack(Listing(catalog, order))
    some = rack.find("", count=9)[3:6]
    assert rack.find("", rack.rows([some[2], "no such item", some[0]])) == [some[0], some[2]]
    assert rack.find("", np.zeros(len(catalog), bool)) == []


def test_ranks_are_those_of_the_ranking(tmp_path):
    catalog, order = made(tmp_path)
    rack = Rack(Listing(catalog, order))
    assert [rack.rank(i) for i in order["item_id"][:9]] == list(range(1, 10))
    assert list(rack.ids) == list(order["item_id"])
    assert Rack(Listing(catalog, None)).rank(catalog.ids[0]) is None


def test_a_first_garment_behind_many_other_things_is_found(tmp_path):
    catalog, _ = made(tmp_path, size=900)
    frame = catalog.frame.assign(name="Cup", kind="Shoes", sub="x", photo="a.png")
    frame.loc[899, "name"] = "Blue tee"
    catalog = Catalog(tmp_path, "made", conform(frame, ROLES), ROLES)
    assert Rack(Listing(catalog, None)).first() == catalog.ids[899]


def test_files_that_are_not_there_are_looked_for_once(tmp_path, monkeypatch):
    catalog, order = made(tmp_path)
    (tmp_path / "images" / "a.png").unlink()
    rack, asked = Rack(Listing(catalog, order)), []
    monkeypatch.setattr(
        Catalog, "image_paths", lambda self, row: asked.append(row) or [], raising=True
    )
    assert rack.find("") == []
    first = len(asked)
    assert first and rack.find("") == [] and len(asked) == first


def test_a_rack_is_made_once_for_a_catalog_and_its_ranking(tmp_path, monkeypatch):
    catalog, order = made(tmp_path)
    shelf = Listing(catalog, order)
    built = []
    monkeypatch.setattr(app.tryon_rack, "Rack", lambda shelf: built.append(shelf) or Rack(shelf))
    one = app.tryon_rack.rack_of(shelf)
    assert app.tryon_rack.rack_of(shelf) is one and len(built) == 1
    assert app.tryon_rack.rack_of(Listing(catalog, None)) is not one and len(built) == 2


def test_words_are_read_once_a_level_and_not_once_an_item(tmp_path, monkeypatch):
    catalog, order = made(tmp_path, size=3000)
    asked = []
    monkeypatch.setattr(
        app.tryon_rack, "guess_category", lambda *w: asked.append(w) or guess_category(*w)
    )
    Rack(Listing(catalog, order))
    # Levels of two columns, and the titles and ids of those whose category says nothing.
    assert len(asked) < 600
