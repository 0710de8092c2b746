"""Records of a delimited text table: CSV with any usual delimiter, quoted newlines, ragged rows."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator

from core.catalog.importing.report import Log
from core.errors import CatalogError

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
MAX_CELL = 1_000_000
"""Longest cell, in characters; a longer one means a quotation mark that is never closed."""

RESTARTS = 100
"""Rows with an unclosed quotation mark after which a table is given up."""

csv.field_size_limit(MAX_CELL)


def sniff(text: str) -> str:
    """The delimiter: the one that cuts the first rows into the most equal number of cells.

    A one-column table has none; a comma is returned.
    """
    marked = re.match(r"sep=(.)\r?\n", text)
    if marked:
        return marked.group(1)
    head = text[:65536]
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        try:
            widths = [
                len(r)
                for r, _ in zip(
                    csv.reader(io.StringIO(head, newline=""), delimiter=delimiter),
                    range(60),
                    strict=False,
                )
                if r
            ]
        except csv.Error:
            continue
        if len(widths) > 2 and len(head) < len(text):
            widths.pop()  # the last one may be cut
        width, count = Counter(widths).most_common(1)[0] if widths else (1, 1)
        if width > 1:
            score = count / len(widths) + min(width, 50) / 1000
            if score > best_score:
                best, best_score = delimiter, score
    return best


def records(text: str, delimiter: str, name: str, log: Log) -> Iterator[tuple[int, list[str]]]:
    """Row numbers as a spreadsheet shows them, and the cells of each row.

    A quotation mark that is not closed would swallow the rows after it: its row is skipped and
    reported, and reading goes on in the next line.

    Raises:
        CatalogError: too many such rows.
    """
    lines = list(io.StringIO(text, newline=""))
    start, row = 0, 0
    if lines and re.fullmatch(r"sep=.\r?\n?", lines[0]):
        start, row = 1, 1
    for _ in range(RESTARTS):
        reader = csv.reader(lines[start:], delimiter=delimiter)
        broken = None
        while broken is None:
            begin = reader.line_num
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                broken = begin
            row += 1
            span = lines[start + begin : start + reader.line_num]
            if broken is None and len(span) > 1 and not _well_quoted(span, delimiter):
                broken = begin
            if broken is None:
                yield row, cells
        log.skip(
            "unclosed quotation mark",
            "a quotation mark is opened and not closed; the row was left out",
            name,
            row,
        )
        start += broken + 1
    raise CatalogError(
        f"{name}: row {row:,} is the {RESTARTS}th with a quotation mark that is not closed."
        " Export the table again with quoted texts."
    )


def _well_quoted(lines: list[str], delimiter: str) -> bool:
    """Whether lines that were read as one record are one by the strict rules as well."""
    try:
        for _ in csv.reader(lines, delimiter=delimiter, strict=True):
            pass
    except csv.Error:
        return False
    return True
