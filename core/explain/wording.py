"""How numbers, columns and cells are told to people, in sentences that no Markdown or HTML is in.

What comes from a catalog is returned as it stands there, on one line and without invisible
characters; who puts it on a page or in a document escapes it for that place.
"""

import math
import re
import unicodedata

from core.catalog.roles import Role
from core.explain.linear import Part
from core.explain.modality import Modality
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
"""What each model, and each line to compare it with, is called."""

NOT_GIVEN, NOT_THERE, NO_PHOTO = "not given", "not in this catalog", "no photo"
"""What `core.explain.linear` shows for a cell that is missing."""
_NAMES: dict[Role, str] = {Role.PRICE: "price", Role.RELEASE_DATE: "release date"}
_TEXTS = {"description": "name and description", "reviews": "review texts", "image": "photo"}


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


def ordinal(number: int) -> str:
    """A place in words: ``1st``, ``12th``, ``1,203rd``."""
    last = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10)
    return f"{number:,}{last or 'th'}"


def times(factor: float) -> str:
    """A factor in words: ``+12 %``, ``−8 %`` or ``+0.3 %``, or ``× 2.4`` where it is large."""
    if factor >= 2 or factor <= 0.5:
        return f"× {factor:.1f}" if factor >= 0.95 else f"× {factor:.2f}"
    percent = (factor - 1) * 100
    return f"{percent:+.{0 if abs(percent) >= 1 else 1}f} %".replace("-", "−")


def money(value: float, currency: str = "") -> str:
    """A price: ``49.90 EUR``, ``$1,200``."""
    text = f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"
    if not currency:
        return text
    return f"{currency}{text}" if not currency[0].isalpha() else f"{text} {currency}"


def label(column: str) -> str:
    """A column's name for people: ``articleType`` and ``ARTICLE_TYPE`` are ``article type``.

    Short names in capitals (``SKU``, ``GTIN``) stay as they are.
    """
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", " ", clean(column))
    words = re.sub(r"[_\-\s]+", " ", text).split()
    if column.isupper() and len(column) > 4:
        words = [word.lower() for word in words]
    return " ".join(w if w.isupper() and len(w) > 1 else w.lower() for w in words) or "field"


def clean(text: str) -> str:
    """Text on one line, without control characters and those that turn its direction around."""
    kept = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    return " ".join(kept.split())


def field(player: str, modality: Modality, role: Role | None = None) -> str:
    """A player's name in a sentence: ``price``, ``sleeve``, ``photo``, ``name and description``.

    Args:
        player: of a model.
        modality: of the player, which tells a text or photo from a column of that name.
        role: of the column, where it is one.
    """
    if modality != "metadata":
        return _TEXTS[player]
    return _NAMES[role] if role in _NAMES else label(player)


def part_words(part: Part, modality: Modality, role: Role | None, currency: str) -> str:
    """A part with the item's own cell: ``the price of 39.95 EUR``, ``the sleeve “short”``.

    Args:
        part: of an explanation.
        modality, role: of its player.
        currency: of the catalog's prices.
    """
    name, cell = field(part.player, modality, role), clean(part.shown)
    if modality == "photo":
        return "the missing photo" if part.shown == NO_PHOTO else "the photo"
    if modality == "text" and part.shown != NOT_THERE:
        return f"the {name}"  # where one of its columns is not given, another may be
    if part.shown in (NOT_GIVEN, NOT_THERE) or not cell:
        return f"the missing {name}"
    if role == Role.PRICE:
        return f"the price of {cell_words(part.shown, role, currency)}"
    if role == Role.RELEASE_DATE:
        return f"the release date {cell}"
    if role in (Role.NUMBER, Role.RATING):
        return f"the {name} of {cell}"
    return f"the {name} “{cell}”"


def cell_words(shown: str, role: Role | None, currency: str) -> str:
    """A cell as an explanation shows it, a price with its currency: ``39.90 EUR``."""
    if role == Role.PRICE and shown not in ("", NOT_GIVEN, NOT_THERE):
        return money(float(shown.replace(",", "")), currency)
    return clean(shown)
