"""What a what-if is about, and the edits that a session tries on it, every one undoable."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from core.catalog.catalog import Catalog
from core.popularity.additive import BlockModel
from core.popularity.scoreboard import Scoreboard

KEY, VERSION = "what_if", "what_if_version"
ITEMS = 50
"""Most items whose edits a session keeps."""


@dataclass(frozen=True)
class Studied:
    """The item that a what-if is about, and what it is seen with.

    Attributes:
        model: that predicts.
        catalog, row: the item.
        board: of the folder that the model is from.
        order: the catalog's ranking by the model.
    """

    model: BlockModel
    catalog: Catalog
    board: Scoreboard
    order: pd.DataFrame
    row: int

    @property
    def item(self) -> str:
        """The item's id."""
        return str(self.catalog.ids[self.row])

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What a cached answer about the item depends on, edits aside."""
        return (self.catalog.content_hash, self.item, self.model.name, self.board.date)


class Edits:
    """The steps of edits to one item, whichever model looks at them.

    Attributes:
        steps: all edits after each step, the first without any.
        version: changes where the fields of the form must take other values; no two items of a
            session have the same.
    """

    def __init__(self) -> None:
        """Start with the item as it is."""
        self.steps: list[dict[str, Any]] = [{}]
        self.version = _next_version()

    @property
    def current(self) -> dict[str, Any]:
        """New cells by column."""
        return self.steps[-1]

    def push(self, changes: Mapping[str, Any], *, refill: bool = False) -> None:
        """Take these edits in place of the current ones, as one step.

        Args:
            changes: new cells by column; none is the item as it is.
            refill: whether they come from elsewhere than the form's fields.
        """
        if dict(changes) != self.current:
            self.steps.append(dict(changes))
        if refill:
            self.version = _next_version()

    def undo(self) -> None:
        """Go back one step, as far as there is one."""
        if len(self.steps) > 1:
            self.steps.pop()
            self.version = _next_version()


def _next_version() -> int:
    st.session_state[VERSION] = st.session_state.get(VERSION, 0) + 1
    return st.session_state[VERSION]


def edits(one: Studied) -> Edits:
    """The session's edits to an item, kept while other items and other models are looked at."""
    kept: dict[tuple[str, str], Edits] = st.session_state.setdefault(KEY, {})
    item = one.key[:2]
    kept[item] = kept.pop(item) if item in kept else Edits()  # the last used stands last
    for old in list(kept)[:-ITEMS]:
        del kept[old]
    return kept[item]
