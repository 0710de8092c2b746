"""Text cells to the type of their column's role, reporting what does not fit."""

import numpy as np
import pandas as pd

from core.catalog.importing.dates import parse_dates
from core.catalog.importing.numbers import MISSING, Kind, parse_numbers
from core.catalog.importing.prose import html_to_text, list_to_text
from core.catalog.importing.report import Log
from core.catalog.importing.tables import Table
from core.catalog.roles import LEVEL_ROLES, NUMBER_ROLES, Role

KINDS: dict[Role, Kind] = {Role.PRICE: "price", Role.TARGET: "count", Role.SERIES: "count"}
WORDS = {Role.PRICE: "price", Role.TARGET: "number (the target)", Role.RATING: "rating"}


def drop_unusable(table: Table, id_column: str, log: Log) -> Table:
    """Leave out rows without an item id, and all but the first row of an id.

    The id column becomes plain text on the way: ``123.0``, as some exports write whole numbers,
    is ``123``.
    """
    ids = clean_ids(table, id_column, log)
    table.frame[id_column] = ids
    missing = ids.isna().to_numpy()
    repeated = ids.duplicated().to_numpy() & ~missing
    first_rows = dict(zip(ids[~repeated & ~missing], table.rows[~repeated & ~missing], strict=True))
    for position in np.flatnonzero(missing | repeated).tolist():
        if missing[position]:
            message = "the cell is empty; without an item id the row was left out"
            table.skip(log, "no item id", message, position, id_column)
        else:
            item = ids.iloc[position]
            message = (
                f"the id “{item}” stands in row {first_rows[item]:,} already; the first was kept"
            )
            table.skip(log, "repeated item id", message, position, id_column)
    return table.take(~(missing | repeated))


def clean_ids(table: Table, column: str, log: Log) -> pd.Series:
    """Ids as text, with a note where a spreadsheet program has damaged them."""
    cells = table.frame[column].astype("str")
    filled = cells.dropna()
    if len(filled) and filled.str.fullmatch(r"\d+\.0+").all():
        cells = cells.str.replace(r"\.0+$", "", regex=True)
    short = int(filled.str.fullmatch(r"\d(?:[.,]\d+)?[eE]\+?\d{2}").sum())
    if short:
        log.note(
            f"{short:,} cells of “{column}” look like 1.23E+12: a spreadsheet program cut these"
            " ids. Format the column as text before exporting."
        )
    return cells


def type_columns(
    table: Table, roles: dict[str, Role], log: Log, *, day_first: bool | None = None
) -> str:
    """Give every column with a role its type, in place.

    A cell that does not fit (text in a price, a price below zero, a date that is none) is emptied
    and reported; its item is kept.

    Returns:
        The currency of the price column where its cells name one, else an empty string.
    """
    currency = ""
    for column, role in roles.items():
        cells = table.frame[column]
        if role in NUMBER_ROLES or role == Role.SERIES:
            if pd.api.types.is_numeric_dtype(cells):
                continue
            found = _numbers(table, column, role, log)
            if role == Role.PRICE:
                currency = found
        elif role == Role.RELEASE_DATE:
            _dates(table, column, day_first, log)
        elif role in LEVEL_ROLES:
            tidy = cells.astype("str").str.replace(r"\s+", " ", regex=True)
            nothing = tidy.str.lower().isin(MISSING - {"none"})
            table.frame[column] = tidy.where(~nothing)
        elif role == Role.GROUP:
            table.frame[column] = clean_ids(table, column, log)
        elif role == Role.TITLE:
            table.frame[column] = cells.astype("str").str.replace(r"\s+", " ", regex=True)
        elif role in (Role.DESCRIPTION, Role.REVIEW):
            table.frame[column] = cells.astype("str").map(_prose, na_action="ignore")
    return currency


def _prose(text: str) -> str:
    return html_to_text(list_to_text(text))


def _numbers(table: Table, column: str, role: Role, log: Log) -> str:
    cells = table.frame[column]
    parsed = parse_numbers(cells, KINDS.get(role, "number"))
    word = WORDS.get(role, "number")
    for position in parsed.bad.tolist():
        table.problem(
            log,
            f"not a {word.split(' ')[0]}",
            f"“{_short(cells.iloc[position])}” is not a {word}; the cell was left empty",
            position,
            column,
        )
    values = parsed.values
    if role in (Role.PRICE, Role.TARGET):
        below = np.flatnonzero(values < 0)
        for position in below.tolist():
            table.problem(
                log,
                f"{role} below zero",
                f"“{_short(cells.iloc[position])}” is below zero; the cell was left empty",
                position,
                column,
            )
        values = np.where(values < 0, np.nan, values)
    for note in parsed.notes:
        log.note(f"Column “{column}”: {note}.")
    table.frame[column] = values
    currencies = parsed.currencies.most_common()
    if len(currencies) > 1:
        listed = ", ".join(f"{code} ({count:,})" for code, count in currencies)
        log.note(f"Column “{column}” mixes currencies: {listed}. They were not converted.")
    return currencies[0][0] if currencies else ""


def _dates(table: Table, column: str, day_first: bool | None, log: Log) -> None:
    cells = table.frame[column].astype("str")
    parsed = parse_dates(cells, day_first=day_first)
    for position in parsed.bad.tolist():
        table.problem(
            log,
            "not a date",
            f"“{_short(cells.iloc[position])}” is not a date; the cell was left empty",
            position,
            column,
        )
    for note in parsed.notes:
        log.note(f"Column “{column}”: {note}.")
    table.frame[column] = parsed.values


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
