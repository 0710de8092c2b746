import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from core.catalog import Role, load_catalog
from core.catalog.importing import FORMATS, importer, inspect_source
from core.catalog.importing.report import write_issues
from core.errors import CatalogError

ROOT = Path(__file__).resolve().parents[4]
ITEMS = (
    "sku,name,description,brand,price,launch date,units_sold,stars,reviews,week\n"
    "1,Red dress,<p>Silk</p>,Acme,\"1.299,00 €\",25/03/2024,12,4.5,\"['nice one', 'ok then']\",3\n"
    '2,Blue coat,Wool and warm,Beta,"89,90 €",01/04/2024,7,4.0,,4\n'
    '3,Red dress,<p>Silk</p>,Acme,"1.199,00 €",02/04/2024,9,3.5,"[\'bad fit really\']",5\n'
)


def test_a_table_becomes_a_catalog_with_typed_columns(table, load):
    catalog = load(table(ITEMS)).catalog
    assert dict(catalog.roles) == {
        "sku": Role.ID,
        "name": Role.TITLE,
        "description": Role.DESCRIPTION,
        "brand": Role.ATTRIBUTE,
        "price": Role.PRICE,
        "launch date": Role.RELEASE_DATE,
        "units_sold": Role.TARGET,
        "stars": Role.RATING,
        "reviews": Role.REVIEW,
        "style": Role.GROUP,
    }
    frame = catalog.frame
    assert list(frame["price"]) == [1299.0, 89.9, 1199.0]
    assert list(frame["launch date"].dt.strftime("%Y-%m-%d")) == [
        "2024-03-25",
        "2024-04-01",
        "2024-04-02",
    ]
    assert frame["description"][0] == "Silk"
    assert frame["reviews"][0] == "nice one\nok then"
    assert list(frame["style"]) == ["Acme | Red dress", "Beta | Blue coat", "Acme | Red dress"]
    assert list(frame["week"]) == ["3", "4", "5"], "a column without a role is kept as it is"
    assert (catalog.currency, catalog.unit) == ("EUR", "units")
    assert catalog.post_launch == {"stars", "reviews"}


def test_the_report_is_stored_with_the_catalog(table, load):
    report = load(table("id,title,price\na,One,x\nb,Two,1\nb,Two,1\n,No,2\nc,T,3\n"))
    kept = load_catalog(report.catalog.directory).provenance
    assert kept["rows_read"] == 5
    assert kept["items"] == 3
    assert kept["skipped"] == {"repeated item id": 1, "no item id": 1}
    assert kept["problems"] == {"not a price": 1}
    assert kept["source"] == "range.csv"
    assert kept["format"] == "csv"


def test_the_report_reads_well_and_its_list_opens_in_a_spreadsheet(table, load, tmp_path):
    report = load(table("id,title,price\na,One,=1+1\n" + "".join(f"b,T{i},2\n" for i in range(6))))
    text = "\n".join(report.lines())
    assert text.startswith("7 rows read: 2 items, 5 skipped; 0 photos copied.")
    assert "5 x repeated item id" in text
    assert "... and 2 more" in text
    assert "price        price  (its name)" in text
    write_issues(report.issues, tmp_path / "issues.csv")
    listed = pd.read_csv(tmp_path / "issues.csv", encoding="utf-8-sig")
    assert list(listed.columns) == ["outcome", "file", "row", "column", "reason", "message"]
    assert len(listed) == 6
    assert not listed["message"].str.startswith("=").any()


def test_named_roles_go_before_guesses(table, load):
    report = load(
        table(ITEMS),
        roles=[("number", "week"), ("none", "brand"), ("title", "description"), ("id", "SKU")],
        group="brand+name",
    )
    roles = report.catalog.roles
    assert roles["week"] == Role.NUMBER
    assert "brand" not in roles
    assert roles["description"] == Role.TITLE
    assert "name" not in roles
    assert roles["brand + name"] == Role.GROUP
    assert "style" not in report.catalog.frame.columns
    assert {g.column for g in report.guesses}.isdisjoint({"week", "brand", "description", "sku"})


def test_one_column_can_be_the_title_and_the_group(table, load):
    roles = load(table(ITEMS), group="name").catalog.roles
    assert roles["name"] == Role.TITLE
    assert roles["name (group)"] == Role.GROUP
    roles = load(table(ITEMS), roles=[("title", "name"), ("group", "name")]).catalog.roles
    assert roles["name"] == Role.TITLE
    assert roles["name (group)"] == Role.GROUP


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"roles": [("colour", "name")]}, "There is no role “colour”. Choose one of: id, "),
        ({"roles": [("title", "nome")]}, "The table has no column “nome”. It has: sku, name"),
        ({"group": "brand+nome"}, "no column “nome”"),
        ({"roles": [("price", "price"), ("price", "week")]}, "Only one column can be the price"),
        ({"roles": [("target", "units_sold"), ("number", "units_sold")]}, "it cannot be a number"),
        ({"format": "excel"}, "There is no format “excel”"),
        ({"format": "hm"}, "holds no articles.csv"),
        ({"format": "shopify"}, "not a Shopify product export"),
        ({"format": "google"}, "not a Google Merchant feed"),
        ({"window": (1, 2)}, "only be chosen for H&M"),
        ({"post_launch": ["nome"]}, "no column “nome”"),
    ],
)
def test_a_wrong_option_is_said(table, load, options, said):
    with pytest.raises(CatalogError, match=r"^[^\n]*$") as refused:
        load(table(ITEMS), **options)
    assert said in str(refused.value)


def test_post_launch_marks_are_added_and_taken_away(table, load):
    catalog = load(
        table("id,title,color,availability,stock note\na,One,red,yes,x\nb,Two,blue,no,y\n"),
        post_launch=["color"],
        at_launch=["availability"],
    ).catalog
    assert catalog.post_launch == {"color", "stock note"}


def test_columns_by_week_become_series_and_their_sum_the_target(table, load):
    report = load(table("id,title,w1,w2,w3,w10,w4\na,One,1,2,3,9,4\nb,Two,0,,1,9,1\n"))
    assert report.catalog.target() is None, "a run with a gap is not a series"
    report = load(table("id,title,w1,w2,w4,w3\na,One,1,2,4,3\nb,Two,0,,1,1\n"))
    catalog = report.catalog
    assert catalog.column(Role.TARGET) == "sum of w1 to w4"
    assert list(catalog.target()) == [10.0, 2.0]
    series = catalog.series()
    assert list(series.columns) == ["item", "period", "value"]
    assert series[series["item"] == "a"].sort_values("period")["value"].tolist() == [1, 2, 3, 4]
    assert len(series) == 7


def test_photos_are_copied_and_found_by_path_name_or_id(table, load, photo):
    photo("images/sub/a.png")
    photo("images/b.jpg")
    report = load(table("id,title,photo\na,One,sub/a.png\nb,Two,images\\b.jpg|sub/a.png\n"))
    catalog = report.catalog
    assert report.photos == 2
    assert list(catalog.frame["photo"]) == ["sub/a.png", "b.jpg|sub/a.png"]
    assert [p.name for p in catalog.image_paths(1)] == ["b.jpg", "a.png"]

    report = load(table("id,title\nb,Two\nc,Three\n"))
    assert list(report.catalog.frame["photo"].fillna("")) == ["b.jpg", ""]
    assert report.catalog.roles["photo"] == Role.IMAGE


def test_photos_from_another_folder(table, load, photo, tmp_path):
    photo("elsewhere/a.png").parent.rename(tmp_path / "elsewhere")
    report = load(table("id,image\na,a.png\nb,b.png\n"), images=tmp_path / "elsewhere")
    assert report.photos == 1


def test_photos_of_a_shop_are_found_by_how_their_addresses_end(table, load, photo):
    photo("images/front one.jpg")
    photo("images/twice.jpg")
    photo("images/bad.jpg").write_bytes(b"no photo")
    shop = "https://cdn.example/files"
    cells = {
        "a": f"{shop}/front%20one.jpg?v=17",
        "b": f"{shop}/a/twice.jpg|{shop}/b/twice.jpg",
        "c": f"{shop}/elsewhere.jpg",
        "d": f"{shop}/..%2F..%2Fimages.jpg",
        "e": f"{shop}/bad.jpg",
    }
    report = load(table("id,photo\n" + "".join(f"{k},{v}\n" for k, v in cells.items())))
    catalog = report.catalog
    assert [[p.name for p in catalog.image_paths(row)] for row in range(5)] == [
        ["front one.jpg"],
        *[[]] * 4,
    ]
    assert catalog.frame["photo"][0] == f"front one.jpg|{cells['a']}", "the address is kept"
    assert catalog.frame["photo"][1:].tolist() == [cells[k] for k in "bcde"]
    assert [(i.kind, i.row) for i in report.issues] == [("photo not readable", 6)]
    assert any("4 of 6 photos that are web addresses" in note for note in report.notes)


def test_parquet_comes_in_as_it_is(tmp_path, load):
    path = tmp_path / "range.parquet"
    pd.DataFrame(
        {
            "id": [1, 2],
            "title": ["One", "=Two"],
            "price": [12.5, None],
            "images": [["http://a/1.jpg", "http://a/2.jpg"], []],
            "released": pd.to_datetime(["2024-01-02", "2024-02-03"]),
            "raw": [b"x", b"y"],
        }
    ).to_parquet(path)
    report = load(path)
    frame = report.catalog.frame
    assert list(report.catalog.ids) == ["1", "2"]
    assert frame["images"][0] == "http://a/1.jpg|http://a/2.jpg"
    assert str(frame["released"][1].date()) == "2024-02-03"
    assert "raw" not in frame.columns
    assert any("“raw” holds binary data" in n for n in report.notes)


def test_inspection_shows_rows_roles_and_reasons_and_writes_nothing(table, tmp_path):
    source = table(ITEMS)
    before = sorted(tmp_path.rglob("*"))
    seen = inspect_source(source)
    assert seen.format == "csv"
    assert seen.rows == 3
    assert seen.head["price"][0] == "1.299,00 €", "cells as they stand in the file"
    assert seen.roles["price"] == Role.PRICE
    assert seen.reasons["price"] == "its name"
    assert seen.post_launch == {"stars", "reviews"}
    assert sorted(tmp_path.rglob("*")) == before


def test_progress_rises_to_one(table, load):
    shares = []
    load(table(ITEMS), on_progress=lambda share, message: shares.append(share))
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_a_second_import_replaces_the_first(table, load):
    load(table(ITEMS))
    report = load(table("id,title\na,One\n"))
    assert len(load_catalog(report.catalog.directory)) == 1


def test_a_full_disk_is_a_sentence_and_the_old_catalog_stays(table, load, monkeypatch, tmp_path):
    old = load(table(ITEMS)).catalog

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(importer, "copy_photos", full)
    with pytest.raises(CatalogError, match=r"No space left on device.*unchanged"):
        load(table("id,title\na,One\n"))
    assert load_catalog(old.directory).content_hash == old.content_hash
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


SLOW_IMPORT = """
import sys, time
sys.path.insert(0, sys.argv[1])
from core.catalog.importing import importer
def stop(*args):
    print("copying", flush=True)
    time.sleep(60)
importer.copy_photos = stop
importer.import_catalog(sys.argv[2], sys.argv[3])
"""


def test_a_killed_import_leaves_the_old_catalog_and_runs_again(table, load):
    old = load(table(ITEMS)).catalog
    source = table("id,title\na,One\nb,Two\n", name="new.csv")
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_IMPORT, str(ROOT), str(source), str(old.directory)],
        stdout=subprocess.PIPE,
    )
    assert process.stdout.readline().strip() == b"copying"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert load_catalog(old.directory).content_hash == old.content_hash
    assert len(load(source).catalog) == 2


def test_every_format_has_a_reader(tmp_path):
    for format in FORMATS:
        with pytest.raises(CatalogError, match="is not there"):
            inspect_source(tmp_path / "nothing", format)


def test_five_thousand_rows_take_seconds(table, load):
    rows = "".join(f"{i},Item {i},{i % 90},{i % 7}\n" for i in range(5000))
    began = time.monotonic()
    assert load(table("id,title,price,units_sold\n" + rows)).items == 5000
    assert time.monotonic() - began < 20
