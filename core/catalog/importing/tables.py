"""Source tables in memory: every cell as text, every row with its number in the file."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pandas as pd

from core.catalog.importing import delimited, encoding
from core.catalog.importing.limits import check_size
from core.catalog.importing.report import Log
from core.errors import CatalogError

Record = tuple[int, list[str]]
CHUNK = 50_000
HEADER_SEARCH = 20
"""Rows from the top in which the header is looked for (report titles may stand above it)."""

TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".tab", ".xlsx", ".xlsm", ".parquet", ".pq")


@dataclass
class Table:
    """A source table.

    Attributes:
        frame: text cells (missing where empty), the source's column names.
        rows: row number of each frame row, as a spreadsheet shows it (int64).
        files: name of the file that each frame row stands in.
        read: rows that the source holds under its headers, those already skipped among them.
    """

    frame: pd.DataFrame
    rows: np.ndarray
    files: np.ndarray
    read: int

    def take(self, keep: np.ndarray) -> "Table":
        """The rows where a boolean mask is true."""
        frame = self.frame[keep].reset_index(drop=True)
        return Table(frame, self.rows[keep], self.files[keep], self.read)

    def problem(self, log: Log, kind: str, message: str, position: int, column: str = "") -> None:
        """Report a cell at a frame position; its item is kept."""
        log.problem(kind, message, self.files[position], int(self.rows[position]), column)

    def skip(self, log: Log, kind: str, message: str, position: int, column: str = "") -> None:
        """Report a row at a frame position that does not become an item."""
        log.skip(kind, message, self.files[position], int(self.rows[position]), column)


def single_file(frame: pd.DataFrame, rows: np.ndarray, file: str, read: int) -> Table:
    """A table whose rows all stand in one file."""
    return Table(frame, rows, np.full(len(rows), file, dtype=object), read)


def stacked(tables: list[Table]) -> Table:
    """Several tables under one another; columns that one lacks are missing there."""
    return Table(
        pd.concat([t.frame for t in tables], ignore_index=True),
        np.concatenate([t.rows for t in tables]),
        np.concatenate([t.files for t in tables]),
        sum(t.read for t in tables),
    )


def read_table(path: Path, log: Log) -> Table:
    """Read CSV, TSV, Excel or Parquet; the kind is told from the content, then the name.

    Raises:
        CatalogError: missing, empty, too large, or not a table.
    """
    check_size(path)
    with path.open("rb") as file:
        magic = file.read(8)
    suffix = path.suffix.lower()
    if magic.startswith(b"PAR1"):
        from core.catalog.importing.parquet import read_parquet

        table = read_parquet(path, log)
    elif magic.startswith(b"PK\x03\x04") and suffix != ".zip":
        from core.catalog.importing.excel import excel_records

        table = assemble(excel_records(path, log), path.name, log)
    elif suffix in (".xls", ".ods") or magic.startswith(b"\xd0\xcf\x11\xe0"):
        raise CatalogError(
            f"{path.name} is in a spreadsheet format that is not read. Save it as .xlsx or CSV."
        )
    else:
        table = assemble(text_records(path, log), path.name, log)
    if table.read == 0:
        raise CatalogError(f"{path.name} holds a header but no rows. Export the table again.")
    return table


def text_records(path: Path, log: Log) -> Iterator[Record]:
    """Records of a delimited text file, after finding its encoding and delimiter."""
    text, warning = encoding.decode(path.read_bytes(), path.name)
    if warning:
        log.note(warning)
    delimiter = delimited.sniff(text)
    if delimiter != ",":
        named = delimited.DELIMITERS.get(delimiter, f"“{delimiter}”")
        log.note(f"{path.name}: cells are separated by {named}.")
    return delimited.records(text, delimiter, path.name, log)


def assemble(records: Iterable[Record], file: str, log: Log) -> Table:
    """Records to a table: find the header, fill short rows, skip rows that are too long.

    Raises:
        CatalogError: there is no header.
    """
    before = sum(log.skipped.values())
    records = iter(records)
    head = list(islice(records, HEADER_SEARCH))
    at = _header_position([cells for _, cells in head])
    if at is None:
        raise CatalogError(f"{file} holds no cells. Export the table again.")
    if head[at][0] > 1:
        log.note(f"{file}: the column names were found in row {head[at][0]}.")
    # A column without a name counts where the first rows fill it; empty ones at the end do not.
    width = max(_filled(cells) for _, cells in head[at:])
    names = column_names(head[at][1][:width], file, log)
    frames, rows, short, read = [], [], 0, 0
    blank: list[int] = []
    body = chain(head[at + 1 :], records)
    while chunk := list(islice(body, CHUNK)):
        kept = []
        for row, cells in chunk:
            if not cells:
                continue
            if not any(c and not c.isspace() for c in cells):
                blank.append(row)
                continue
            for empty in blank:
                log.skip("empty row", "the row holds no cells", file, empty)
            read += len(blank) + 1
            blank.clear()
            if len(cells) > len(names) and any(c.strip() for c in cells[len(names) :]):
                log.skip(
                    "more cells than the header",
                    f"{len(cells)} cells, but {len(names)} columns; a delimiter inside a text must"
                    " stand in quotation marks",
                    file,
                    row,
                )
                continue
            short += len(cells) < len(names)
            kept.append(cells[: len(names)] + [""] * (len(names) - len(cells)))
            rows.append(row)
        frames.append(pd.DataFrame(kept, columns=names, dtype="str"))
    if short:
        log.note(f"{file}: {short:,} rows end before the last column; their last cells are empty.")
    # Rows that the reader itself had to leave out (unclosed quotation marks) were read, too.
    left_out = sum(log.skipped.values()) - before
    long_or_blank = read - len(rows)
    read += left_out - long_or_blank
    frame = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=names)
    return single_file(tidy(frame.astype("str")), np.array(rows, dtype=np.int64), file, read)


def _header_position(head: list[list[str]]) -> int | None:
    filled = [sum(bool(c.strip()) for c in cells) for cells in head]
    widest = max(filled, default=0)
    if widest == 0:
        return None
    return next(i for i, n in enumerate(filled) if n * 2 >= widest)


def _filled(cells: list[str]) -> int:
    """Number of cells up to the last one that is not blank."""
    return max((i for i, c in enumerate(cells, start=1) if c.strip()), default=0)


def column_names(cells: list[str], file: str, log: Log) -> list[str]:
    """Unique, non-empty column names from header cells."""
    names: list[str] = []
    cells = [re.sub(r"\s+", " ", c).strip() for c in cells]
    for number, cell in enumerate(cells, start=1):
        name, copies = cell or f"column {number}", 2
        while name in names:
            name = f"{cell} ({copies})"
            copies += 1
        if cell and name != cell:
            log.note(f"{file}: the column “{cell}” stands more than once; one is now “{name}”.")
        names.append(name)
    return names


def tidy(frame: pd.DataFrame) -> pd.DataFrame:
    """Strip blanks around cells, make empty cells missing, undo the exporter's formula guard.

    A cell such as ``'=cmd`` was neutralised by an export; its apostrophe is taken off again.
    """
    for column in frame.columns:
        cells = frame[column].str.strip()
        guarded = cells.str.match(r"'[=+\-@\t\r]").fillna(False).astype(bool)
        if guarded.any():
            cells = cells.where(~guarded, cells.str[1:])
        frame[column] = cells.where(cells != "")
    return frame
