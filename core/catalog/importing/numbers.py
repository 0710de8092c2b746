"""Numbers and prices as people write them, in either decimal convention.

``1.299`` is one thousand in a Berlin price list and little more than one in a Boston one, so the
convention is decided for a column as a whole, from the cells that leave no doubt.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import numpy as np
import pandas as pd

MISSING = frozenset(
    {"", "na", "n/a", "#n/a", "nan", "null", "none", "-", "--", "–", "—", "?", "tbd", "<na>"}
)
"""Cells, in lower case, that mean “no value”."""

SIGNS = {
    "€": "EUR",
    "£": "GBP",
    "₹": "INR",
    "$": "USD",
    "¥": "JPY",
    "₩": "KRW",
    "₺": "TRY",
    "₽": "RUB",
    "₴": "UAH",
    "₫": "VND",
    "₪": "ILS",
    "₱": "PHP",
    "฿": "THB",
}
WORDS = {
    "rs": "INR",
    "rs.": "INR",
    "us$": "USD",
    "au$": "AUD",
    "a$": "AUD",
    "ca$": "CAD",
    "c$": "CAD",
    "nz$": "NZD",
    "hk$": "HKD",
    "s$": "SGD",
    "r$": "BRL",
    "mx$": "MXN",
    "kr": "kr",
    "kr.": "kr",
    "zł": "PLN",
    "zl": "PLN",
    "kč": "CZK",
    "ft": "HUF",
    "lei": "RON",
    "fr": "CHF",
    "fr.": "CHF",
    "sfr": "CHF",
    "euro": "EUR",
    "euros": "EUR",
    "tl": "TRY",
}
_ISO = """
    COD EUR USD GBP CHF SEK NOK DKK ISK PLN CZK HUF RON BGN TRY RUB UAH INR PKR BDT
    LKR CNY RMB JPY KRW HKD TWD SGD MYR THB IDR PHP VND AUD NZD CAD MXN BRL ARS CLP
    COP PEN ZAR EGP MAD NGN KES AED SAR QAR KWD BHD OMR ILS
"""
CODES = frozenset(_ISO.split())
_AFFIX = r"(?:[^\W\d_]{1,5}\$?\.?|[^\W\d_]{0,2}\$|[€£₹$¥₩₺₽₴₫₪₱฿])"
_PRICE = re.compile(
    rf"^(?P<a>{_AFFIX})?\s*(?P<n>[-+(]*\s*[\d.,][\d.,'’\s]*[)\-–—]*)\s*(?P<b>{_AFFIX})?$"
)
_FLOAT = re.compile(r"^[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+$")
_GROUPS = {
    s: re.compile(rf"^\d{{1,3}}(?:{re.escape(s)}\d{{2,3}})*{re.escape(s)}\d{{3}}$") for s in ".,"
}

MAX_LENGTH = 40
"""Longest cell that can be a number, in characters."""

Kind = Literal["price", "count", "number"]


@dataclass(frozen=True)
class Numbers:
    """Parsed cells of a column.

    Attributes:
        values: float64, NaN where a cell is empty or not a number.
        bad: positions of cells that hold something, but not a number.
        currencies: how often each currency was written.
        decimal_comma: a comma was read as the decimal sign.
        notes: what was assumed, as sentences without the column's name.
    """

    values: np.ndarray
    bad: np.ndarray
    currencies: Counter[str] = field(default_factory=Counter)
    decimal_comma: bool = False
    notes: tuple[str, ...] = ()


def parse_numbers(cells: pd.Series, kind: Kind = "number") -> Numbers:
    """Numbers of a column of text.

    Args:
        cells: text, missing where empty.
        kind: what the numbers are; decides cells that fit both conventions (``1.299``) where no
            cell of the column leaves no doubt: a price or a count is then one thousand and more,
            another number is not.
    """
    texts = cells.astype("object").where(cells.notna(), None)
    if kind == "number":
        texts = texts.str.removesuffix("%")
    parts = {t: _split(t) for t in set(texts) - {None} if t.strip().lower() not in MISSING}
    comma, notes = _convention([p.body for p in parts.values() if p is not None], kind)
    parsed = {t: (None if p is None else p.value(comma)) for t, p in parts.items()}
    values = np.array([np.nan if parsed.get(t) is None else parsed[t] for t in texts], dtype=float)
    bad = np.array([t in parsed and parsed[t] is None for t in texts], dtype=bool)
    currencies = Counter(
        p.currency for t in texts if t in parts and (p := parts[t]) is not None and p.currency
    )
    return Numbers(values, np.flatnonzero(bad), currencies, comma, tuple(notes))


@dataclass(frozen=True)
class _Parts:
    body: str
    negative: bool
    currency: str

    def value(self, comma: bool) -> float | None:
        body, other = self.body, "." if comma else ","
        if _FLOAT.match(body):
            number = float(body)
        else:
            decimal = "," if comma else "."
            if "." in body and "," in body:
                # Where both stand, the last one is the decimal sign, whatever the column does.
                decimal, other = (",", ".") if body.rfind(",") > body.rfind(".") else (".", ",")
            whole, _, fraction = body.partition(decimal)
            if body.count(decimal) > 1:
                if not _GROUPS[decimal].match(body):
                    return None
                whole, fraction = body.replace(decimal, ""), ""
            elif other in whole:
                if _GROUPS[other].match(whole):
                    whole = whole.replace(other, "")
                elif decimal in body or whole.count(other) > 1:
                    return None
                else:  # 12,5 in a column of decimal points: no group of thousands
                    whole, _, fraction = whole.partition(other)
            if not re.fullmatch(r"\d*", whole) or not re.fullmatch(r"\d*", fraction):
                return None
            if not whole + fraction:
                return None
            number = float(f"{whole or 0}.{fraction or 0}")
        return -number if self.negative else number


@lru_cache(maxsize=4096)
def _currency(text: str) -> str | None:
    """Currency code of a sign, word or code; None if the text is none of them."""
    if text in SIGNS:
        return SIGNS[text]
    low = text.lower()
    if low in WORDS:
        return WORDS[low]
    return text.upper() if text.upper() in CODES else None


def _split(text: str) -> _Parts | None:
    text = unicodedata.normalize("NFKC", text).replace("−", "-").strip()
    if len(text) > MAX_LENGTH:
        return None
    if _FLOAT.match(text):
        finite = np.isfinite(float(text))
        return _Parts(text.lstrip("+-"), text.startswith("-"), "") if finite else None
    sign = ""
    if re.match(r"^[-+]\s*\D", text):  # -€5
        sign, text = text[0], text[1:].strip()
    found = _PRICE.match(text)
    if not found:
        return None
    currency = ""
    for affix in (found["a"], found["b"]):
        if affix:
            known = _currency(affix)
            if known is None:
                return None
            currency = currency or known
    body = found["n"].strip()
    body = re.sub(r"[.,]\s*[-–—]+$", "", body)  # 12,- is a whole price
    negative = sign == "-" or body.startswith("-") or bool(re.fullmatch(r"\(.*\)|.*\d-", body))
    body = body.strip("()+-–— ")
    body = re.sub(r"(?<=\d)[\s'’](?=\d{3}(?!\d))", "", body)
    if not re.fullmatch(r"[\d.,]*\d[\d.,]*", body):
        return None
    return _Parts(body, negative, currency)


def _convention(bodies: list[str], kind: Kind) -> tuple[bool, list[str]]:
    point = comma = doubt_point = doubt_comma = small = 0
    for body in bodies:
        points, commas = body.count("."), body.count(",")
        if _FLOAT.match(body):
            point += 1
        elif points and commas:
            if body.rfind(",") > body.rfind("."):
                comma += 1
            else:
                point += 1
        elif points + commas > 1:
            comma += points > 1
            point += commas > 1
        elif points or commas:
            left, _, right = body.partition("." if points else ",")
            if len(right) == 3 and 1 <= len(left) <= 3 and not left.startswith("0"):
                doubt_point += points
                doubt_comma += commas
            else:
                point += points
                comma += commas
        else:
            small += len(body) <= 3
    notes = []
    if point and comma:
        notes.append(
            f"decimal points ({point:,} values) and decimal commas ({comma:,}) are mixed; check"
            " the values"
        )
    if point or comma:
        return comma > point, notes
    if doubt_point and not doubt_comma and (kind == "price" or (kind == "count" and small)):
        notes.append("points were read as thousands separators (1.299 is 1299)")
        return True, notes
    if doubt_comma and not doubt_point:
        notes.append("commas were read as thousands separators (1,299 is 1299)")
    return False, notes
