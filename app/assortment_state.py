"""The edits that a session tries on a range, every one of them undoable."""

from collections.abc import Sequence

import streamlit as st

from core.catalog.catalog import Catalog
from core.explain.assortment import Step

KEY = "assortment"


class Tried:
    """The steps of edits to one catalog; another catalog starts anew.

    Attributes:
        history: all steps after each change, the first without any.
    """

    def __init__(self, catalog: str) -> None:
        """Start with the range as it is.

        Args:
            catalog: its content hash.
        """
        self.catalog = catalog
        self.history: list[tuple[Step, ...]] = [()]

    @property
    def current(self) -> tuple[Step, ...]:
        """The steps, in order."""
        return self.history[-1]

    def take(self, steps: Sequence[Step]) -> None:
        """Take these steps in place of the current ones, as one change."""
        if tuple(steps) != self.current:
            self.history.append(tuple(steps))

    def undo(self) -> None:
        """Go back one change, as far as there is one."""
        if len(self.history) > 1:
            self.history.pop()


def tried(catalog: Catalog) -> Tried:
    """The session's edits to a catalog."""
    found = st.session_state.get(KEY)
    if found is None or found.catalog != catalog.content_hash:
        found = st.session_state[KEY] = Tried(catalog.content_hash)
    return found
