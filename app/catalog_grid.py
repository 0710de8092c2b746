"""The photo grid: one component for all cards of a page, so that 96 of them stay fluid."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from app.catalog_state import go, select, shown
from app.photos import photo_url
from app.suggestions import accepted_titles
from app.words import capital
from core.catalog.query import Listing
from core.catalog.roles import Role
from core.catalog.selection import Selection
from core.explain.wording import about, money

ASSETS = Path(__file__).parent / "assets"
_GRID = st.components.v2.component(
    "catalog_grid",
    html='<ul class="grid" role="list"></ul>',
    css=(ASSETS / "catalog_grid.css").read_text(encoding="utf-8"),
    js=(ASSETS / "catalog_grid.js").read_text(encoding="utf-8"),
)


def titles(shelf: Listing, rows: np.ndarray) -> list[str]:
    """A name for each item: its title, else an accepted suggestion, marked.

    Without either it is what and which colour the item is, and its id.
    """
    catalog = shelf.catalog
    column = catalog.column(Role.TITLE)
    given = catalog.frame[column].iloc[rows].fillna("") if column else [""] * len(rows)
    made = accepted_titles(catalog)
    return [
        title or made.get(catalog.ids[row]) or _made_up(shelf, row)
        for title, row in zip(given, rows, strict=True)
    ]


def _made_up(shelf: Listing, row: int) -> str:
    kind = shelf.catalog.column(Role.CATEGORY)
    named = [f for f in shelf.facets if f.column == kind or re.search("colou?r", f.column.lower())][
        :2
    ]
    words = [word for facet in named if (word := facet.levels[facet.codes[row]])]
    item = shelf.catalog.ids[row]
    return f"{capital(', '.join(words))} ({item})" if words else item


def cards(
    shelf: Listing, rows: np.ndarray, similarity: np.ndarray | None = None, width: int = 384
) -> list[dict[str, Any]]:
    """What the grid shows of some items, as plain values.

    Positions on the bar (``low``, ``at``, ``high``, ``actual``) are shares of one scale for the
    whole catalog, from nothing to the highest upper end.
    """
    catalog = shelf.catalog
    frame, ids = catalog.frame, catalog.ids
    price, target = catalog.column(Role.PRICE), catalog.target()
    scores = shelf.scores.iloc[rows]
    top = float(shelf.scores["high"].max()) if shelf.ranked else 1.0
    out = []
    for row, title, score in zip(rows, titles(shelf, rows), scores.to_dict("records"), strict=True):
        cost = None if price is None else frame[price].iloc[row]
        sold = None if target is None else target.iloc[row]
        card: dict[str, Any] = {
            "id": ids[row],
            "title": title,
            "photo": photo_url(catalog, int(row), width),
            "price": "" if cost is None or np.isnan(cost) else money(cost, catalog.currency),
            "rank": "",
            "score": "",
            "unit": "",
            "interval": "",
            "note": "",
            "low": None,
            "at": None,
            "high": None,
            "actual": None,
            "badge": "",
        }
        spoken = [title, card["price"]]
        if score and not np.isnan(score["rank"]):
            low, high, middle = score["low"], score["high"], score["predicted"]
            card |= {
                "rank": f"{score['rank']:,.0f}",
                "score": about(middle, low, high),
                "unit": shelf.unit,
                "interval": f"{about(low, low, high)} to {about(high, low, high)}",
                "low": _share(low, top),
                "at": _share(middle, top),
                "high": _share(high, top),
            }
            spoken.insert(0, f"Rank {card['rank']}")
            spoken.append(f"about {card['score']} {shelf.unit}, {card['interval']}")
        if sold is not None and not np.isnan(sold):
            card["badge"] = f"actual {sold:,.0f}"
            if shelf.comparable:
                card["actual"] = _share(sold, top)
            else:
                card["badge"] += f" {catalog.unit}"
            spoken.append(card["badge"])
        if similarity is not None and not np.isnan(similarity[row]):
            card["note"] = f"similarity {similarity[row]:.2f}"
            spoken.append(card["note"])
        card["spoken"] = ", ".join(part for part in spoken if part)
        out.append(card)
    return out


def _share(value: float, top: float) -> float:
    return round(float(min(max(value / top, 0.0), 1.0)), 4)


def grid(
    shelf: Listing,
    rows: np.ndarray,
    *,
    key: str,
    label: str,
    selection: Selection | None = None,
    similarity: np.ndarray | None = None,
    small: bool = False,
    on_open: Callable[[str], None] | None = None,
) -> None:
    """Draw cards; a click opens the item, a tick adds it to the selection.

    Args:
        shelf: the catalog.
        rows: row positions, in the order to show.
        key: of the component.
        label: what the grid is, for screen readers.
        selection: where cards can be ticked, what is ticked.
        similarity: a number an item, shown on its card.
        small: smaller cards, such as beside an item.
        on_open: called with the id of the item that was clicked; shows its details if None.
    """
    seen_key = f"{key}:seen"

    def opened() -> None:
        (on_open or _open)(st.session_state[key]["open"])

    def picked() -> None:
        picks = st.session_state[key]["picks"] or {}
        seen = st.session_state.get(seen_key, {})
        last = seen.get("last", 0) if seen.get("name") == picks.get("name") else 0
        new = [entry for entry in picks.get("log", []) if entry[0] > last]
        if new:
            changes = {str(item): bool(on) for _, item, on in new}
            select(st.session_state["selection"].pick(shelf, changes))
            st.session_state[seen_key] = {"name": picks["name"], "last": new[-1][0]}

    mask = None if selection is None else selection.mask(shelf)
    _GRID(
        key=key,
        data={
            "cards": cards(shelf, rows, similarity, width=192 if small else 384),
            "picked": [] if mask is None else [shelf.catalog.ids[r] for r in rows if mask[r]],
            "selectable": selection is not None,
            "seen": st.session_state.get(seen_key),
            "small": small,
            "label": label,
            "open": "" if small else shown().item,
        },
        on_open_change=opened,
        on_picks_change=picked,
    )


def _open(item: str) -> None:
    go(item=item)
