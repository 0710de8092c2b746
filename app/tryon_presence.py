"""Who is at the try-on page, and what is given up once somebody has closed it."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import uuid4

import streamlit as st

from core.tryon.queue import Line

GRACE = 60.0
"""Seconds that a lost connection has to come back, as a phone's does that was put away."""

_lock = threading.Lock()
_going: dict[str, threading.Timer] = {}
"""By visitor: what will give up their looks."""


@dataclass(frozen=True)
class Visit:
    """A session that is connected.

    Attributes:
        who: name of the session, the same after a lost connection.
        lines: where it may wait.
    """

    who: str
    lines: tuple[Line, ...]


def visitor(lines: Iterable[Line]) -> str:
    """The session's name in the lines, which it leaves once nobody is at the page any more.

    Call it wherever a page or a fragment asks for a ticket: that is what tells that somebody is
    back after a lost connection.
    """
    who: str = st.session_state.setdefault("tryon_visitor", uuid4().hex)
    return _visit(who, tuple(lines)).who


def _gone(visit: Visit) -> None:
    """The connection is lost; Streamlit says so as it clears the session's caches."""

    def give_up() -> None:
        with _lock:
            if _going.get(visit.who) is not timer:
                return  # somebody came back at the last moment
            del _going[visit.who]
        for line in visit.lines:
            line.leave(visit.who)

    timer = threading.Timer(GRACE, give_up)
    timer.daemon = True
    with _lock:
        if (before := _going.pop(visit.who, None)) is not None:
            before.cancel()
        _going[visit.who] = timer
    timer.start()


@st.cache_resource(scope="session", on_release=_gone, show_spinner=False)
def _visit(who: str, _lines: tuple[Line, ...]) -> Visit:
    with _lock:
        timer = _going.pop(who, None)
    if timer is not None:
        timer.cancel()
    return Visit(who, _lines)
