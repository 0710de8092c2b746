"""Numbers, names and colours that pages share."""

import math
import re

import streamlit as st

from core.popularity.scoreboard import AT_LAUNCH, NEIGHBOURS, REFERENCE

MODEL_NAMES = {
    "linear": "Details and text",
    "image": "Photo alone",
    "deep": "Details, text and photo",
    "blend": "Blend of the models",
    REFERENCE: "Category average",
    NEIGHBOURS: "Most alike items",
}
MODEL_NAMES |= {
    name + AT_LAUNCH: f"{MODEL_NAMES[name]}, as known at launch"
    for name in ("linear", "deep", "blend")
}
"""What each model, and each line to compare it with, is called on a page."""


def colours() -> dict[str, str]:
    """Raises, lowers, context, line and text colours for the theme that is on."""
    if st.context.theme.type == "dark":
        return {
            "raises": "#2DD4BF",
            "lowers": "#FB923C",
            "context": "#8B949E",
            "line": "#30363D",
            "ink": "#E6EAEF",
        }
    return {
        "raises": "#0F766E",
        "lowers": "#C2410C",
        "context": "#8A8F98",
        "line": "#E5E7EB",
        "ink": "#374151",
    }


def rounded(value: float, low: float, high: float) -> float:
    """A number rounded to what its interval supports: 423 between 310 and 560 is 420.

    At least two digits stay, so that the low end of a wide interval does not become 0.
    """
    step = 10 ** math.floor(math.log10(max((high - low) / 20, 1)))
    step = min(step, 10 ** max(0, math.floor(math.log10(max(abs(value), 1))) - 1))
    return float(round(value / step) * step)


def about(value: float, low: float, high: float) -> str:
    """A number in words, rounded to what its interval supports, such as ``420``."""
    return f"{rounded(value, low, high):,.0f}"


def interval(value: float, low: float, high: float) -> str:
    """A prediction in words: ``about 420, 310 to 560``."""
    return f"about {about(value, low, high)}, {about(low, low, high)} to {about(high, low, high)}"


def money(value: float, currency: str = "") -> str:
    """A price: ``49.90 EUR``, ``$1,200``."""
    text = f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"
    if not currency:
        return text
    return f"{currency}{text}" if not currency[0].isalpha() else f"{text} {currency}"


def label(column: str) -> str:
    """A column's name for people: ``articleType`` and ``ARTICLE_TYPE`` are ``Article type``.

    Short names in capitals (``SKU``, ``GTIN``) stay as they are.
    """
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", " ", column)
    words = re.sub(r"[_\-\s]+", " ", text).split()
    if column.isupper() and len(column) > 4:
        words = [w.lower() for w in words]
    words = [words[0], *(w if w.isupper() else w.lower() for w in words[1:])] if words else []
    joined = " ".join(words)
    return joined[:1].upper() + joined[1:]


def plain(text: str) -> str:
    """Text of a catalog or a user as Streamlit's labels and Markdown must get it: not a format."""
    return re.sub(r"([\\`*_{}\[\]<>#$~|:])", r"\\\1", text)


def capital(text: str) -> str:
    """The text with its first letter in upper case."""
    return text[:1].upper() + text[1:]
