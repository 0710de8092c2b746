"""Sentences on edits of a range: what is edited, what leaves the past, what a total may be."""

from app.popularity_view import column_label
from app.words import label, plain
from core.catalog.catalog import Catalog
from core.catalog.facets import MISSING
from core.catalog.roles import Role
from core.catalog.selection import Selection
from core.explain.assortment import Edit, Step
from core.explain.assortment_outside import Outside
from core.explain.assortment_totals import Range
from core.explain.wording import about, money, rounded


def edit_sentence(edit: Edit, catalog: Catalog) -> str:
    """What an edit does: ``Price −10 %, ending in .95``, ``Colour set to “blue”``."""
    if edit.kind == "drop":
        return "Dropped"
    name = plain(column_label(edit.column, catalog.roles))
    if edit.kind == "shift":
        weeks = float(edit.value or 0)
        count = f"{abs(weeks):g} week" + ("s" if abs(weeks) != 1 else "")
        return f"{name} {count} {'later' if weeks > 0 else 'earlier'}"
    price = catalog.roles.get(edit.column) == Role.PRICE
    ending = "" if edit.ending is None or not price else f", {ending_words(edit.ending)}"
    if edit.kind == "scale":
        return f"{name} {float(edit.value or 0):+g} %{ending}".replace("-", "−")
    if edit.value is None:
        return f"{name} not given"
    if isinstance(edit.value, str):
        return f"{name} set to “{plain(edit.value)}”"
    currency = catalog.currency if price else ""
    return f"{name} set to {money(float(edit.value), currency)}{ending}"


def ending_words(ending: float | None) -> str:
    """How prices end, in words."""
    if ending is None:
        return "to the cent"
    return "whole" if not ending else f"ending in .{round(100 * ending):02d}"


def items_sentence(items: Selection, catalog: Catalog) -> str:
    """Which items are edited, in words: ``Category Dress, Price up to 40 EUR``."""
    if items.scope is None:
        return "picked on the Catalog page"
    parts = [f"with “{plain(items.scope.text)}”"] if items.scope.text.strip() else []
    for column, levels in items.scope.levels:
        shown = ["not given" if level == MISSING else plain(level) for level in levels]
        parts.append(f"{plain(label(column))} {' or '.join(shown)}")
    for column, low, high in items.scope.ranges:
        currency = catalog.currency if catalog.roles.get(column) == Role.PRICE else ""
        name = plain(column_label(column, catalog.roles))
        ends = [None if end is None else money(end, currency) for end in (low, high)]
        span = f"from {ends[0]}" if ends[1] is None else f"up to {ends[1]}"
        parts.append(f"{name} {f'{ends[0]} to {ends[1]}' if all(ends) else span}")
    picked = len(items.added) + len(items.removed)
    if picked:
        parts.append(f"{picked:,} picked by hand")
    return ", ".join(parts) or "the whole range"


def step_sentence(step: Step, matched: int, catalog: Catalog) -> str:
    """One edit and its items: ``Price −10 % · 75 items: Category Dress``."""
    count = f"{matched:,} item" + ("s" if matched != 1 else "")
    words = edit_sentence(step.edit, catalog)
    return f"{words} · {count}: {items_sentence(step.items, catalog)}"


def outside_sentence(one: Outside, catalog: Catalog) -> str:
    """In which way some edited items leave the past, with counts."""
    name = plain(column_label(one.column, catalog.roles)) if one.column else ""
    share = f"{one.count:,} of {one.of:,} edited items"
    if one.kind in ("below", "above"):
        kind = f" of “{plain(one.level)}”" if one.level else ""
        currency = catalog.currency if catalog.roles.get(one.column) == Role.PRICE else ""
        limit = money(one.limit, currency)
        which = "past item of that kind" if one.level else "past item"
        if catalog.roles.get(one.column) == Role.PRICE:
            words = "cost less" if one.kind == "below" else "cost more"
            return f"{share}{kind} would {words} than any {which} ({limit})."
        words = "less" if one.kind == "below" else "more"
        return f"{share}{kind} would have {words} in {name} than any {which} ({limit})."
    level = plain(one.level)
    if one.kind == "level":
        return f"{share} would have {name} “{level}”, which no past item has."
    if one.kind == "together":
        other = plain(column_label(one.other_column, catalog.roles))
        return (
            f"{share} with {name} “{level}” have {other} “{plain(one.other_level)}”; no past item"
            " has both."
        )
    if one.kind == "season":
        return (
            f"{share} with {name} “{level}” would come out at a time of the year when no past item"
            " with it did."
        )
    return (
        f"{one.count:,} of {one.of:,} edited items that were looked at, drawn by lot, would have"
        " fewer than 3 past items near them; more are near as they are."
    )


def total_words(total: Range, unit: str) -> str:
    """A total: ``about 12,300 units, 11,000 to 13,800``."""
    ends = (total.low, total.high)
    low, high = about(total.low, *ends), about(total.high, *ends)
    return f"about {about(total.middle, *ends)} {unit}, {low} to {high}"


def signed(value: float, ends: Range) -> str:
    """A difference rounded to what its range supports: ``+1,380``, ``−110,000``."""
    return f"{rounded(value, ends.low, ends.high):+,.0f}".replace("-", "−")


def difference_words(total: Range, unit: str) -> str:
    """A difference: ``+1,380 units, +1,100 to +1,740``."""
    low, high = signed(total.low, total), signed(total.high, total)
    return f"{signed(total.middle, total)} {unit}, {low} to {high}"
