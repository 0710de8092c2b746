"""Records of an Excel workbook: its first sheet that holds anything."""

import datetime
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.catalog.importing.limits import check_unpacked
from core.catalog.importing.report import Log
from core.errors import CatalogError


def excel_records(path: Path, log: Log) -> Iterator[tuple[int, list[str]]]:
    """Row numbers and cells as text of the first sheet that holds cells.

    Numbers that Excel keeps as floats come back without ``.0``; a number shown with leading zeros
    (format ``00000``) gets them back; dates become ISO text. A formula counts with the value that
    Excel computed; where there is none, its text is kept.

    Raises:
        CatalogError: not a workbook, damaged, or too large once unpacked.
    """
    import openpyxl

    damaged = f"{path.name} is not a workbook that can be read. Save it as .xlsx or CSV again."
    try:
        with zipfile.ZipFile(path) as archive:
            check_unpacked(path.name, sum(entry.file_size for entry in archive.infolist()))
            formulas = _has_formulas(archive)
        values = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except CatalogError:
        raise
    except Exception as error:  # openpyxl raises many kinds on damaged files
        raise CatalogError(damaged) from error
    try:
        sheets = [s for s in values.worksheets if _filled(s)]
        if not sheets:
            raise CatalogError(f"{path.name} holds no cells. Export the table again.")
        sheet = sheets[0]
        if len(values.worksheets) > 1:
            others = [s.title for s in values.worksheets if s.title != sheet.title]
            log.note(
                f"{path.name}: the sheet “{sheet.title}” was read; not read: {', '.join(others)}."
            )
        rows: list[tuple[int, list[str]]] = []
        texts = None
        if formulas:
            written = openpyxl.load_workbook(path, read_only=True)
            texts = written[sheet.title].iter_rows()
        uncomputed = 0
        for number, cells in enumerate(sheet.iter_rows(), start=1):
            row = [_text(cell) for cell in cells]
            if texts is not None:
                for i, cell in enumerate(next(texts, ())):
                    if i < len(row) and not row[i] and str(cell.value or "").startswith("="):
                        row[i] = str(cell.value)
                        uncomputed += 1
            rows.append((number, row))
        if uncomputed:
            log.note(
                f"{path.name}: {uncomputed:,} formulas have no computed value; their text was kept."
            )
    except CatalogError:
        raise
    except Exception as error:
        raise CatalogError(damaged) from error
    finally:
        values.close()
    return iter(rows)


def _has_formulas(archive: zipfile.ZipFile) -> bool:
    for entry in archive.namelist():
        if entry.startswith("xl/worksheets/") and entry.endswith(".xml"):
            tail = b""
            with archive.open(entry) as file:
                while block := file.read(1 << 20):
                    if b"<f>" in tail + block or b"<f " in tail + block:
                        return True
                    tail = block[-4:]
    return False


def _filled(sheet: Any) -> bool:
    return hasattr(sheet, "iter_rows") and any(
        cell.value is not None for row in sheet.iter_rows(max_row=50) for cell in row
    )


def _text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    if isinstance(value, int | float):
        text = number_text(value)
        zeros = re.fullmatch(r"0{2,}", cell.number_format or "")
        return text.zfill(len(zeros.group())) if zeros and text.isdigit() else text
    return str(value)


def number_text(value: float) -> str:
    """A number as a person would write it: no ``.0``, no exponent for whole numbers."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(value) if isinstance(value, float) else str(value)
