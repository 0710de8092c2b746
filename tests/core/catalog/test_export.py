"""What leaves the dashboard: exact for programs, safe and faithful for spreadsheets."""

import csv
import io
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.catalog.catalog import Catalog, conform
from core.catalog.export import (
    EXCEL_CELL,
    FORMULA_STARTS,
    about_table,
    export_frame,
    file_name,
    neutralise,
    table_bytes,
    write_table,
)
from core.catalog.roles import Role
from core.errors import CatalogError

CALM = settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12
) | st.sampled_from(["=1+1", "+49", "-5", "@SUM(A1)", "\tx", "\rx", "007", "1e5", 'a"b', "a\r\nb"])
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TABLE = st.lists(
    st.tuples(TEXT, FLOATS, st.integers(-(2**53), 2**53), TEXT), min_size=1, max_size=8
)


def frame_of(rows) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["title", "price", "stock", "kind"])
    return frame.astype({"title": "str", "price": "float64", "stock": "int64"}).assign(
        kind=frame["kind"].astype("str").astype("category")
    )


def read_csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))


@CALM
@given(TABLE)
def test_csv_for_programs_reads_back_exactly(tmp_path, rows):
    frame = frame_of(rows)
    write_table(frame, tmp_path / "t.csv", "machines")
    data = (tmp_path / "t.csv").read_bytes()
    assert not data.startswith(b"\xef\xbb\xbf")
    header, *lines = read_csv(data)
    assert header == list(frame.columns)
    assert [line[0] for line in lines] == [r[0] for r in rows]
    assert [float(line[1]) for line in lines] == [r[1] for r in rows]
    assert [int(line[2]) for line in lines] == [r[2] for r in rows]
    assert [line[3] for line in lines] == [r[3] for r in rows]


@CALM
@given(TABLE)
def test_csv_for_excel_runs_nothing_and_loses_nothing(tmp_path, rows):
    frame = frame_of(rows)
    write_table(frame, tmp_path / "t.csv", "excel")
    data = (tmp_path / "t.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    _, *lines = read_csv(data[3:])
    for line, row in zip(lines, rows, strict=True):
        for cell, text in ((line[0], row[0]), (line[3], row[3])):
            assert not cell.startswith(FORMULA_STARTS)
            assert cell in (text, f"'{text}")
            assert cell == f"'{text}" or not text.startswith(FORMULA_STARTS)
        assert float(line[1]) == row[1], "numbers are data, negative ones too"
        assert not line[1].startswith("'") and not line[2].startswith("'")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\x00", "＝", "＠"])
def test_every_start_that_a_spreadsheet_runs_is_neutralised(start):
    frame = pd.DataFrame({f"{start}head": [f"{start}cmd|'/c calc'!A1"]})
    safe = neutralise(frame)
    assert list(safe.columns) == [f"'{start}head"]
    assert safe.iloc[0, 0] == f"'{start}cmd|'/c calc'!A1"


def test_codes_that_excel_would_damage_stay_text_as_a_whole_column():
    frame = pd.DataFrame(
        {
            "ean": ["4006381333931", "123"],
            "sku": ["00123", "00450"],
            "plain": ["123", "456"],
            "name": ["007", "Model 8"],
            "mixed": [None, "1E5"],
        }
    )
    safe = neutralise(frame)
    assert safe["ean"].tolist() == ["'4006381333931", "'123"]
    assert safe["sku"].tolist() == ["'00123", "'00450"]
    assert safe["plain"].tolist() == ["123", "456"]
    assert safe["name"].tolist() == ["'007", "Model 8"]
    assert safe["mixed"].tolist()[1] == "'1E5" and pd.isna(safe["mixed"].iloc[0])


@CALM
@given(TABLE)
def test_excel_has_text_cells_and_no_formula(tmp_path, rows):
    frame = frame_of(rows)
    write_table(frame, tmp_path / "t.xlsx", about={"model": "=1+1"})
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    sheet = book["Catalog"]
    cells = list(sheet.iter_rows(min_row=2, max_col=4))
    assert len(cells) == len(rows)
    for line, row in zip(cells, rows, strict=True):
        for cell, text in ((line[0], row[0]), (line[3], row[3])):
            assert cell.data_type in ("s", "inlineStr") or (cell.value is None and text == "")
            assert cell.hyperlink is None
        assert float(line[1].value) == pytest.approx(row[1], rel=1e-14)
        assert int(line[2].value) == row[2], "longer numbers than Excel keeps are text"
    assert all(c.data_type != "f" for line in sheet.iter_rows() for c in line)
    assert book["About"]["B1"].value == "=1+1" and book["About"]["B1"].data_type == "s"


def test_excel_keeps_zeros_dates_and_links_as_they_are(tmp_path):
    frame = pd.DataFrame(
        {
            "item_id": ["00042"],
            "link": ["https://example.com/a"],
            "day": [pd.Timestamp("2025-03-01")],
            "missing": [np.nan],
            "infinite": [np.inf],
            "flag": [True],
        }
    )
    write_table(frame, tmp_path / "t.xlsx")
    row = next(openpyxl.load_workbook(tmp_path / "t.xlsx")["Catalog"].iter_rows(min_row=2))
    assert [c.value for c in row[:2]] == ["00042", "https://example.com/a"]
    assert row[1].hyperlink is None
    assert row[2].value == pd.Timestamp("2025-03-01").to_pydatetime()
    assert row[3].value is None and row[4].value == "inf" and row[5].value is True


def test_excel_says_what_it_had_to_cut(tmp_path):
    write_table(pd.DataFrame({"text": ["x" * (EXCEL_CELL + 5)]}), tmp_path / "t.xlsx")
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    assert len(book["Catalog"]["A2"].value) == EXCEL_CELL
    assert "1 texts longer" in [c.value for c in book["About"]["B"]][-1]


def test_a_table_too_long_for_excel_is_refused_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("core.catalog.export.EXCEL_ROWS", 3)
    with pytest.raises(CatalogError, match="Excel holds 2 rows and this table has 3"):
        write_table(pd.DataFrame({"a": [1, 2, 3]}), tmp_path / "t.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_facts_become_columns_and_travel_with_the_file(tmp_path):
    frame = pd.DataFrame({"item_id": ["1"], "model": ["linear"]})
    facts = {"model": "other", "data_hash": "abc", "date": "2026-01-02", "unit": ""}
    write_table(frame, tmp_path / "t.csv", about=facts)
    assert read_csv((tmp_path / "t.csv").read_bytes()) == [
        ["item_id", "model", "data_hash", "date"],
        ["1", "linear", "abc", "2026-01-02"],
    ]
    write_table(frame, tmp_path / "t.parquet", about=facts)
    metadata = pq.read_schema(tmp_path / "t.parquet").metadata
    assert metadata[b"data_hash"] == b"abc"
    assert pd.read_parquet(tmp_path / "t.parquet")["date"].tolist() == ["2026-01-02"]


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text("old")
    monkeypatch.setattr(pd.DataFrame, "to_csv", lambda *a, **k: (_ for _ in ()).throw(OSError()))
    with pytest.raises(OSError):
        write_table(pd.DataFrame({"a": [1]}), path)
    assert path.read_text() == "old" and len(list(tmp_path.iterdir())) == 1
    with pytest.raises(CatalogError, match=r"\.csv, \.xlsx or \.parquet"):
        write_table(pd.DataFrame({"a": [1]}), tmp_path / "t.xls")


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
def test_who_reads_the_old_file_keeps_it_whole(tmp_path, suffix):
    path = tmp_path / f"t{suffix}"
    path.write_bytes(b"old")
    with path.open("rb") as reader:
        write_table(pd.DataFrame({"a": [1]}), path)
        assert reader.read() == b"old"
    assert path.read_bytes() != b"old"


def made() -> tuple[Catalog, pd.DataFrame]:
    roles = {"sku": Role.ID, "kind": Role.CATEGORY, "sold": Role.TARGET}
    frame = pd.DataFrame(
        {"sku": ["01", "02", "03"], "kind": ["a", "b", "a"], "sold": [1.0, None, 3.0], "rank": "x"}
    )
    catalog = Catalog(
        directory=Path("none"),
        name="Spring",
        frame=conform(frame, roles),
        roles=roles,
        content_hash="c0ffee",
    )
    ranking = pd.DataFrame(
        {"item_id": ["03", "01", "02"], "rank": [1, 2, 3], "predicted": [9.0, 5.0, 2.0]}
    )
    ranking["model"] = "linear"
    ranking.attrs = {"model": "linear", "date": "2026-01-02T00:00:00", "unit": "units"}
    return catalog, ranking


def test_the_whole_ranking_comes_by_rank_with_the_catalogs_own_columns():
    catalog, ranking = made()
    frame = export_frame(catalog, ranking)
    assert list(frame) == [
        "item_id", "rank", "predicted", "model", "sku", "kind", "sold", "rank_catalog",
    ]  # fmt: skip
    assert frame["item_id"].tolist() == frame["sku"].tolist() == ["03", "01", "02"]
    assert frame["rank"].tolist() == [1, 2, 3] and frame["rank_catalog"].tolist() == ["x"] * 3
    assert about_table(catalog, ranking) == {
        "model": "linear", "data_hash": "c0ffee", "date": "2026-01-02T00:00:00", "unit": "units",
    }  # fmt: skip


def test_a_view_keeps_its_order_and_an_unranked_catalog_its_own():
    catalog, ranking = made()
    assert export_frame(catalog, ranking, np.array([1, 0]))["item_id"].tolist() == ["02", "01"]
    assert export_frame(catalog, ranking, np.array([], dtype=int)).empty
    plain = export_frame(catalog, None)
    assert plain["item_id"].tolist() == ["01", "02", "03"] and "predicted" not in plain
    assert about_table(catalog, None) == {"data_hash": "c0ffee"}


def test_an_item_that_is_not_ranked_keeps_its_row():
    catalog, ranking = made()
    whole = export_frame(catalog, ranking[:2])
    assert whole["item_id"].tolist() == ["03", "01", "02"], "unranked items come last"
    assert whole["rank"].dtype == "Int64"
    frame = export_frame(catalog, ranking[:2], np.array([0, 1, 2]))
    assert frame["item_id"].tolist() == ["01", "02", "03"]
    assert frame["predicted"].isna().tolist() == [False, True, False]


def test_file_names_are_plain():
    name = file_name("Été / 2026", "Filtered view", "linear", suffix=".csv")
    assert name == "ete-2026-filtered-view-linear.csv"
    assert file_name("🙂", suffix=".csv") == "catalog.csv"


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
def test_a_browser_is_given_what_a_file_would_hold(tmp_path, suffix):
    frame = pd.DataFrame({"item_id": ["=1+1", "007"], "n": [-1.5, 2.0]})
    write_table(frame, tmp_path / f"t{suffix}", "excel", {"model": "linear"})
    read = {".csv": pd.read_csv, ".xlsx": pd.read_excel, ".parquet": pd.read_parquet}[suffix]
    given = io.BytesIO(table_bytes(frame, suffix, about={"model": "linear"}))
    pd.testing.assert_frame_equal(read(given), read(tmp_path / f"t{suffix}"))
