"""Bad input: one clear sentence with file, row and column, and the rest loads."""

import os
import struct
import zipfile
import zlib

import openpyxl
import pytest

from core.catalog.importing import import_catalog, limits
from core.catalog.importing.limits import MAX_BYTES
from core.errors import CatalogError


def only_issue(report):
    assert len(report.issues) == 1, [str(i) for i in report.issues]
    return str(report.issues[0])


def test_missing_id(table, load):
    report = load(table("id,title\na,One\n,Two\nc,Three\n"))
    assert list(report.catalog.ids) == ["a", "c"]
    assert only_issue(report).startswith("range.csv, row 3, column “id”: ")
    assert report.skipped == {"no item id": 1}


def test_duplicate_ids_keep_the_first(table, load):
    report = load(table("id,title\na,One\na,Two\nc,Three\n"))
    assert list(report.catalog.frame["title"]) == ["One", "Three"]
    assert "range.csv, row 3, column “id”: the id “a” stands in row 2" in only_issue(report)


def test_no_column_for_the_id_says_what_to_do(table, load):
    with pytest.raises(CatalogError, match=r"--role id=COLUMN; it has: title, price"):
        load(table("title,price\nOne dress,5\nOne dress,6\n"))


def test_missing_target_is_accepted_and_said(table, load):
    report = load(table("id,title,price\na,One,5\nb,Two,6\n"))
    assert report.catalog.target() is None
    assert any("no target" in note for note in report.notes)


def test_text_in_a_price_empties_the_cell(table, load):
    report = load(table("id,title,price\na,One,5\nb,Two,on request\nc,Three,6\nd,Four,7\ne,F,8\n"))
    assert only_issue(report) == (
        "range.csv, row 3, column “price”: “on request” is not a price; the cell was left empty"
    )
    assert report.catalog.frame["price"].isna().tolist() == [False, True, False, False, False]


def test_a_price_and_a_target_below_zero_empty_their_cells(table, load):
    report = load(table("id,price,units_sold\na,-5,3\nb,6,-1\nc,7,2\n"))
    assert [(i.row, i.column) for i in report.issues] == [(2, "price"), (3, "units_sold")]
    assert report.catalog.frame.isna().sum().to_dict() == {"id": 0, "price": 1, "units_sold": 1}


def test_windows_1252_is_read_with_a_warning_that_names_the_line(table, load):
    report = load(table("id,title\na,One\nb,Müller’s café\n", encoding="cp1252"))
    assert report.catalog.frame["title"][1] == "Müller’s café"
    assert any("range.csv is not UTF-8 (first seen in line 3)" in n for n in report.notes)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_encodings_that_are_known(table, load, encoding):
    report = load(table("id,title\na,Zoë €\nb,Two\n", encoding=encoding))
    assert list(report.catalog.frame.columns) == ["id", "title"]
    assert report.catalog.frame["title"][0] == "Zoë €"
    assert not [n for n in report.notes if "UTF-8" in n]


def test_a_few_damaged_bytes_do_not_turn_utf8_into_another_encoding(table, load):
    text = "id,title\n" + "".join(f"{i},Größe é\n" for i in range(20))
    report = load(table(text.encode() + b"x,bad \xff byte\n"))
    assert report.catalog.frame["title"][0] == "Größe é"
    assert report.catalog.frame["title"][20] == "bad � byte"
    assert any("1 damaged characters" in n for n in report.notes)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n\n", "holds no cells"),
        (b"id,title,price\n", "holds a header but no rows"),
        (bytes(range(256)) * 40, "not a text table"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 100, "is a picture"),
        (b"PK\x03\x04" + b"junk" * 50, "not a workbook"),
        (b"PAR1" + b"junk" * 50, "is damaged"),
        (b"\xd0\xcf\x11\xe0" + b"\x00" * 600, "Save it as .xlsx or CSV"),
        (b"%PDF-1.7\n", "is a PDF"),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(table, load, content, said):
    source = table(content)
    with pytest.raises(CatalogError, match=said) as refused:
        load(source)
    assert "range.csv" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there(tmp_path, load):
    with pytest.raises(CatalogError, match="is not there"):
        load(tmp_path / "nothing.csv")


@pytest.mark.parametrize("name", ["range.csv", "range.xlsx", "feed.xml", "range.parquet"])
def test_a_file_of_200_mb_is_refused_before_it_is_read(tmp_path, load, name):
    source = tmp_path / name
    with source.open("wb") as file:
        file.write(b"id,title\n")
    os.truncate(source, MAX_BYTES + 1)
    with pytest.raises(CatalogError, match=rf"{name} is 200 MB; tables of up to 200 MB are read"):
        load(source)


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path, load, monkeypatch):
    monkeypatch.setattr(limits, "MAX_UNPACKED", 9_000_000)
    source = tmp_path / "bomb.xlsx"
    with (
        zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as file,
    ):
        for _ in range(10):
            file.write(b"\x00" * 1_000_000)
    with pytest.raises(CatalogError, match=r"bomb.xlsx unpacks to 10 MB; at most 9 MB"):
        load(source)


def test_ragged_rows(table, load):
    report = load(table("id,title,color\na,One,red\nb,Two\nc,Three,blue,left over\nd,Four,red,,\n"))
    assert list(report.catalog.ids) == ["a", "b", "d"]
    assert report.catalog.frame["color"].isna().tolist() == [False, True, False]
    assert only_issue(report).startswith("range.csv, row 4: 4 cells, but 3 columns")
    assert any("1 rows end before the last column" in n for n in report.notes)


def test_empty_rows_between_are_counted_and_those_at_the_end_are_not(table, load):
    report = load(table("id,title\na,One\n,\n\nb,Two\n,\n,\n"))
    assert (report.read, report.items, report.skipped) == (3, 2, {"empty row": 1})
    assert report.issues[0].row == 3


def test_a_formula_in_a_title_is_kept_as_it_is(table, load):
    report = load(table('id,title\na,"=HYPERLINK(""http://x"",""y"")"\nb,@sum\nc,+1\n'))
    assert list(report.catalog.frame["title"]) == ['=HYPERLINK("http://x","y")', "@sum", "+1"]


def test_the_apostrophe_that_an_export_put_before_a_formula_is_taken_off(table, load):
    report = load(table("id,title\na,'=SUM(A1)\nb,'til dawn\n"))
    assert list(report.catalog.frame["title"]) == ["=SUM(A1)", "'til dawn"]


def test_ids_keep_their_zeros_and_lose_a_programs_decimals(table, load):
    assert list(load(table("id,title\n007,a\n008,b\n")).catalog.ids) == ["007", "008"]
    assert list(load(table("id,title\n123.0,a\n124.0,b\n")).catalog.ids) == ["123", "124"]


def test_ids_that_a_spreadsheet_cut_are_pointed_out(table, load):
    report = load(table("id,title\n1.23E+12,a\n1.24E+12,b\n"))
    assert any("cut these ids" in n for n in report.notes)


def test_columns_without_a_name_or_with_the_same_one(table, load):
    report = load(table("id,,color,color\na,x,red,blue\nb,y,red,green\n"))
    assert list(report.catalog.frame.columns) == ["id", "column 2", "color", "color (2)"]
    assert any("“color” stands more than once" in n for n in report.notes)


def test_cells_under_no_name_are_kept_and_empty_columns_at_the_end_are_not(table, load):
    frame = load(table("id,title,,,\na,One,note,,\nb,Two,,,\n")).catalog.frame
    assert list(frame.columns) == ["id", "title", "column 3"]
    assert frame["column 3"][0] == "note"


def test_a_report_title_above_the_header_is_passed_over(table, load):
    report = load(table("Range plan\n\nid,title,price\na,One,5\nb,Two,6\n"))
    assert list(report.catalog.frame.columns) == ["id", "title", "price"]
    assert any("found in row 3" in n for n in report.notes)


# --- photos -----------------------------------------------------------------------------------


def huge_png(width, height) -> bytes:
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\x00" * 10))


def test_each_bad_photo_has_its_sentence_and_the_rest_loads(table, load, photo, tmp_path):
    photo("good.png")
    whole = photo("cut.jpg", size=(200, 200)).read_bytes()
    source = table(
        "id,image\ngood,good.png\ngone,gone.png\ncut,cut.jpg\nout,../secret.png\nhuge,huge.png\n"
        "text,range.csv\nroot,/etc/hostname\nnone,\nurl,https://shop.example/a.jpg\n"
    )
    (source.parent / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (source.parent / "huge.png").write_bytes(huge_png(30_000, 30_000))
    (tmp_path / "secret.png").write_bytes((source.parent / "good.png").read_bytes())
    report = load(source)
    assert report.items == 9
    assert report.photos == 1
    found = {i.row: str(i) for i in report.issues}
    assert set(found) == {3, 4, 5, 6, 7, 8}
    assert all(t.startswith(f"range.csv, row {r}, column “image”: ") for r, t in found.items())
    assert "“gone.png” is not in source/" in found[3]
    assert "damaged or cut short" in found[4]
    assert "lies outside source/" in found[5]
    assert "too many pixels" in found[6]
    assert "not an image" in found[7]
    assert "lies outside source/" in found[8]
    cells = report.catalog.frame["image"]
    assert cells[8] == "https://shop.example/a.jpg"
    assert cells.isna().tolist() == [False] + [True] * 7 + [False]
    assert [p.name for p in report.catalog.image_paths(0)] == ["good.png"]


def test_a_link_that_leads_out_of_the_folder_is_not_followed(table, load, photo, tmp_path):
    source = table("id,image\na,link.png\nb,good.png\n")
    photo("good.png").rename(tmp_path / "secret.png")
    photo("good.png")
    (source.parent / "link.png").symlink_to(tmp_path / "secret.png")
    report = load(source)
    assert "lies outside source/" in only_issue(report)
    assert report.photos == 1


# --- Excel ------------------------------------------------------------------------------------


def workbook(path, rows, sheet="Range", formats=None):
    book = openpyxl.Workbook()
    book.active.title = "Notes"
    page = book.create_sheet(sheet)
    for row in rows:
        page.append(row)
    for cell, form in (formats or {}).items():
        page[cell].number_format = form
    path.parent.mkdir(exist_ok=True)
    book.save(path)
    return path


def test_a_workbook_reads_its_first_sheet_that_holds_cells(tmp_path, load):
    source = workbook(
        tmp_path / "range.xlsx",
        [["id", "title", "price", "launch date"], [1.0, "One", 12.5, None], [22, "Two", 3, None]],
        formats={"A2": "00000", "A3": "00000"},
    )
    report = load(source)
    assert list(report.catalog.ids) == ["00001", "00022"]
    assert list(report.catalog.frame["price"]) == [12.5, 3.0]
    assert any("the sheet “Range” was read; not read: Notes" in n for n in report.notes)


def test_a_formula_in_a_workbook_without_a_value_keeps_its_text(tmp_path, load):
    source = workbook(tmp_path / "range.xlsx", [["id", "title"], ["a", "=1+1"], ["b", "Two"]])
    report = load(source)
    assert list(report.catalog.frame["title"]) == ["=1+1", "Two"]
    assert any("1 formulas have no computed value" in n for n in report.notes)


def test_an_empty_workbook(tmp_path, load):
    path = tmp_path / "empty.xlsx"
    openpyxl.Workbook().save(path)
    with pytest.raises(CatalogError, match=r"empty.xlsx holds no cells"):
        load(path)


def test_nothing_is_written_when_a_source_is_refused(table, tmp_path):
    out = tmp_path / "catalog"
    import_catalog(table("id,title\na,One\nb,Two\n"), out)
    before = (out / "catalog.toml").read_bytes()
    with pytest.raises(CatalogError):
        import_catalog(table(b""), out)
    assert (out / "catalog.toml").read_bytes() == before
