"""Dates as people write them; whether the day or the month comes first is decided per column."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.catalog.importing.numbers import MISSING

_SPLIT = re.compile(r"^(\d{1,2})([./\- ])(\d{1,2})\2(\d{4}|\d{2})(?:[ T].*)?$")
_NAMED = ("%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y", "%d-%b-%Y", "%d-%b-%y", "%b %Y", "%B %Y")


@dataclass(frozen=True)
class Dates:
    """Parsed cells of a column.

    Attributes:
        values: datetime64, NaT where a cell is empty or not a date; times of day are dropped.
        bad: positions of cells that hold something, but not a date.
        notes: what was assumed, as sentences without the column's name.
    """

    values: pd.Series
    bad: np.ndarray
    notes: tuple[str, ...] = ()


def parse_dates(cells: pd.Series, *, day_first: bool | None = None) -> Dates:
    """Dates of a column of text: ISO, day or month first, month names, years, Excel's day numbers.

    Args:
        cells: text, missing where empty.
        day_first: how ``03/04/2024`` is meant; None decides from the cells that leave no doubt, and
            takes the day first where there are none.
    """
    texts = cells.astype("object").where(cells.notna(), None)
    known = [t for t in set(texts) - {None} if t.strip().lower() not in MISSING]
    notes: list[str] = []
    parsed = _numeric(known, day_first, notes)
    rest = [t for t in known if t not in parsed]
    parsed |= _iso(rest)
    rest = [t for t in rest if t not in parsed]
    parsed |= _named(rest)
    parsed |= _bare([t for t in rest if t not in parsed], notes)
    values = pd.Series(
        [parsed.get(t, pd.NaT) for t in texts], index=cells.index, dtype="datetime64[s]"
    )
    held = {t for t in known if t not in parsed}
    bad = np.flatnonzero(np.array([t in held for t in texts], dtype=bool))
    return Dates(values, bad, tuple(notes))


def _numeric(known: list[str], day_first: bool | None, notes: list[str]) -> dict[str, pd.Timestamp]:
    """Dates of the form 3/4/2024."""
    parts = {t: m for t in known if (m := _SPLIT.match(t.strip()))}
    if not parts:
        return {}
    first = sum(int(m[1]) > 12 for m in parts.values())
    second = sum(int(m[3]) > 12 for m in parts.values())
    if day_first is None:
        day_first = first >= second
        order = "day first" if day_first else "month first"
        example = next(iter(parts))
        if first and second:
            notes.append(
                f"days and months are mixed; dates like {example} were read with the {order}"
            )
        elif first or second:
            notes.append(f"dates like {example} were read with the {order}")
        else:
            notes.append(
                f"dates like {example} were read with the {order}; no cell shows which it is, so"
                " check"
            )
    found = {}
    for text, m in parts.items():
        day, month = (int(m[1]), int(m[3])) if day_first else (int(m[3]), int(m[1]))
        year = int(m[4]) + (2000 if len(m[4]) == 2 else 0)
        date = _date(year, month, day)
        if date is not None:
            found[text] = date
    return found


def _date(year: int, month: int, day: int) -> pd.Timestamp | None:
    try:
        return pd.Timestamp(year=year, month=month, day=day) if 1900 <= year <= 2200 else None
    except ValueError:
        return None


def _iso(texts: list[str]) -> dict[str, pd.Timestamp]:
    found = {}
    pattern = re.compile(r"^(\d{4})([-/.]?)(\d{1,2})\2(\d{1,2})(?:[ T].*)?$")
    for text in texts:
        m = pattern.match(text.strip())
        if m and (m[2] or re.match(r"^\d{8}(\D|$)", text.strip())):
            date = _date(int(m[1]), int(m[3]), int(m[4]))
        else:
            m = re.match(r"^(\d{4})[-/](\d{1,2})$", text.strip())
            date = _date(int(m[1]), int(m[2]), 1) if m else None
        if date is not None:
            found[text] = date
    return found


def _named(texts: list[str]) -> dict[str, pd.Timestamp]:
    if not texts:
        return {}
    plain = pd.Series(texts).str.replace(r"(?<=\d)(st|nd|rd|th)\b|,", "", regex=True)
    # RFC 822, as feeds write it: Mon, 25 Mar 2024 10:00:00 GMT
    plain = plain.str.replace(
        r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]* (?=\d)|\s\d{1,2}:\d{2}.*$",
        "",
        regex=True,
        case=False,
    )
    plain = plain.str.replace(r"\s+", " ", regex=True).str.strip()
    values = pd.Series(pd.NaT, index=plain.index, dtype="datetime64[s]")
    for form in _NAMED:
        values = values.fillna(pd.to_datetime(plain, format=form, errors="coerce"))
    return {t: v for t, v in zip(texts, values, strict=True) if not pd.isna(v)}


def _bare(texts: list[str], notes: list[str]) -> dict[str, pd.Timestamp]:
    """Years, and the day numbers that Excel stores."""
    found = {}
    years = days = False
    for text in texts:
        if not re.fullmatch(r"\d{4,5}(?:\.\d+)?", text.strip()):
            continue
        number = float(text)
        if 1950 <= number <= 2100:
            found[text] = pd.Timestamp(year=int(number), month=1, day=1)
            years = True
        elif 20000 <= number <= 80000:
            found[text] = pd.Timestamp("1899-12-30") + pd.Timedelta(days=int(number))
            days = True
    if years:
        notes.append("cells that hold only a year were taken as its 1 January")
    if days:
        notes.append("numbers were read as Excel's day numbers (45000 is 2023-03-15)")
    return found
