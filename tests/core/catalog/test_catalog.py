import os
import time
from pathlib import Path

import pandas as pd
import pytest

from core.catalog import Catalog, Role, catalog_directory, load_catalog, write_catalog
from core.errors import CatalogError

ROLES = {
    "id": Role.ID,
    "title": Role.TITLE,
    "color": Role.ATTRIBUTE,
    "price": Role.PRICE,
    "released": Role.RELEASE_DATE,
    "photo": Role.IMAGE,
    "units": Role.TARGET,
}


def small(**changes) -> Catalog:
    frame = pd.DataFrame(
        {
            "id": ["007", "8"],
            "title": ["One", None],
            "color": ["red", "blue"],
            "price": [9.5, None],
            "released": ["2024-01-02", None],
            "photo": ["a.png|sub/b.png|https://x/c.png", "../secret.png"],
            "units": [3, 0],
            "note": ["kept", "as it is"],
        }
    )
    values = {"directory": Path(), "name": "Small", "frame": frame, "roles": ROLES} | changes
    return Catalog(**values)


def test_a_catalog_comes_back_as_it_was_written(tmp_path):
    written = write_catalog(
        small(
            unit="likes",
            currency="EUR",
            notice="Made up.",
            post_launch=frozenset({"note"}),
            provenance={"source": "x.csv", "nothing": None},
        ),
        tmp_path / "c",
    )
    read = load_catalog(tmp_path / "c")
    pd.testing.assert_frame_equal(read.frame, written.frame)
    assert (read.name, read.unit, read.currency, read.notice) == (
        "Small",
        "likes",
        "EUR",
        "Made up.",
    )
    assert (read.roles, read.post_launch) == (ROLES, {"note"})
    assert read.provenance == {"source": "x.csv"}
    assert len(read.content_hash) == 64


def test_columns_get_the_type_of_their_role(tmp_path):
    frame = write_catalog(small(), tmp_path / "c").frame
    assert list(frame["id"]) == ["007", "8"]
    assert isinstance(frame["color"].dtype, pd.CategoricalDtype)
    assert frame["price"].dtype == frame["units"].dtype == "float64"
    assert frame["released"].dt.year[0] == 2024


def test_items_are_found_by_id(tmp_path):
    catalog = write_catalog(small(), tmp_path / "c")
    assert catalog.row("8") == 1
    with pytest.raises(CatalogError, match="no item with the id “9”"):
        catalog.row("9")


def test_photos_outside_the_catalog_are_never_listed(tmp_path):
    def add(directory):
        (directory / "images/sub").mkdir()
        (directory / "images/a.png").write_bytes(b"x")
        (directory / "images/sub/b.png").write_bytes(b"x")

    (tmp_path / "secret.png").write_bytes(b"x")
    catalog = write_catalog(small(), tmp_path / "c", add_files=add)
    (tmp_path / "c/secret.png").write_bytes(b"x")
    assert [p.name for p in catalog.image_paths(0)] == ["a.png", "b.png"]
    assert catalog.image_paths(1) == []


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        (
            {"id": Role.ID, "nome": Role.TITLE},
            "“nome” has the role “title” but is not in the table",
        ),
        ({"id": Role.ID, "note": Role.ID}, "Only one column can be the id"),
        ({"title": Role.TITLE}, "No column holds the item id"),
        ({"title": Role.ID}, "Row 2 of the column “title” has no item id"),
    ],
)
def test_roles_that_do_not_fit_are_refused(tmp_path, roles, said):
    with pytest.raises(CatalogError, match=said):
        write_catalog(small(roles=roles), tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_a_folder_that_is_no_catalog_is_not_replaced(tmp_path):
    (tmp_path / "holiday.txt").write_text("mine")
    with pytest.raises(CatalogError, match="not a catalog directory"):
        write_catalog(small(), tmp_path)
    assert (tmp_path / "holiday.txt").read_text() == "mine"


def test_a_writer_that_fails_leaves_the_old_catalog(tmp_path):
    old = write_catalog(small(), tmp_path / "c")

    def fail(directory):
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        write_catalog(small(name="New"), tmp_path / "c", add_files=fail)
    assert load_catalog(tmp_path / "c").name == old.name
    assert [p.name for p in tmp_path.iterdir()] == ["c"]


def test_a_catalog_that_was_being_replaced_when_the_power_went_is_found_again(tmp_path):
    write_catalog(small(), tmp_path / "c")
    (tmp_path / "c").rename(tmp_path / ".c.previous")
    assert load_catalog(tmp_path / "c").name == "Small"


def test_what_a_killed_import_left_is_cleared_by_the_next_one(tmp_path):
    left = tmp_path / ".c.new-abc"
    (left / "images").mkdir(parents=True)
    old = time.time() - 2 * 86400
    os.utime(left, (old, old))
    running = tmp_path / ".c.new-now"
    running.mkdir()
    write_catalog(small(), tmp_path / "c")
    assert sorted(p.name for p in tmp_path.iterdir()) == [".c.new-now", "c"]


def test_the_demo_is_meant_by_the_folder_around_it(tmp_path):
    write_catalog(small(), tmp_path / "demo")
    assert catalog_directory(tmp_path) == tmp_path / "demo"
    with pytest.raises(CatalogError, match="not a catalog directory"):
        catalog_directory(tmp_path / "other")


@pytest.mark.parametrize("name", ["catalog.toml", "catalog.parquet"])
def test_a_damaged_catalog_is_a_sentence(tmp_path, name):
    write_catalog(small(), tmp_path / "c")
    (tmp_path / "c" / name).write_bytes(b"\x00 damaged")
    with pytest.raises(CatalogError, match="cannot be read"):
        load_catalog(tmp_path / "c")
