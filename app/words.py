"""Numbers, names and colours that pages share."""

import re

import streamlit as st

from core.explain.wording import about


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


def interval(value: float, low: float, high: float) -> str:
    """A prediction in words: ``about 420, 310 to 560``."""
    return f"about {about(value, low, high)}, {about(low, low, high)} to {about(high, low, high)}"


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
