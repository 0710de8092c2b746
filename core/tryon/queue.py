"""One line of work for each engine: everybody sees their place, and may leave.

An engine does one thing at a time. Who asks for something gets a `Ticket`, which tells the place
in the line, then the progress and what emerges, then the result or a sentence why there is none.

Turns go round: whoever asks for one thing waits for one thing of each of the others, not for all
that somebody asked for before (start-time fair queueing, Goyal, Vin and Cheng 1996, with every
ticket counted as one). Who asks for what is being made already joins in instead of making it again.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from core.errors import CancelledError, FashionError, TryOnError
from core.tryon.engine import OnStep
from core.tryon.result import Result

log = logging.getLogger("fashion_diffusion")

MOST = 12
"""Tickets that may wait in a line."""

SHARE = 4
"""Of them, those that one person may have asked for."""


class LineFull(TryOnError):  # noqa: N818 - a state of the line, as people would say it
    """Nobody more can wait."""


class ShareUsed(LineFull):
    """This person's places are taken; others may still come."""


Work = Callable[[OnStep], Result]


@dataclass(eq=False)
class Ticket:
    """One try-on that was asked for.

    Attributes:
        title: what it is, for people to read.
        key: the same for the same picture; empty where it is like no other.
        wanted_by: who is waiting for it; once nobody is, it is not made.
        state: where it is; the last three are ends.
        step, steps: how far it is; 0 of 0 until the engine says.
        emerging: a small (h, w, 3) uint8 picture of what comes, where the engine shows one.
        result: where it is done.
        problem: a sentence, where it failed.
        ended: set once nothing more happens.
        leaving: set once it is to be stopped.
    """

    title: str
    work: Work
    key: str = ""
    wanted_by: set[str] = field(default_factory=set)
    state: Literal["waiting", "running", "done", "failed", "cancelled"] = "waiting"
    step: int = 0
    steps: int = 0
    emerging: np.ndarray | None = None
    result: Result | None = None
    problem: str = ""
    ended: threading.Event = field(default_factory=threading.Event)
    leaving: threading.Event = field(default_factory=threading.Event)
    _turn: int = 0
    _since: tuple[int, float] = (0, 0.0)
    _latest: tuple[int, float] = (0, 0.0)

    def on_step(self, done: int, total: int, preview: np.ndarray | None = None) -> None:
        """Told by the engine.

        Raises:
            CancelledError: the person left meanwhile.
        """
        if self.leaving.is_set():
            raise CancelledError("Stopped; nothing was kept.")
        self._latest = (done, time.monotonic())
        if self.steps == 0 or done == 1:
            # What is done once, such as reading the garment, comes before the end of step 1.
            self._since = self._latest
        self.step, self.steps = done, total
        if preview is not None:
            self.emerging = preview

    def seconds_left(self) -> float | None:
        """By the pace of the steps so far; None until there is one."""
        (since, start), (latest, now) = self._since, self._latest
        if self.state != "running" or not since < latest <= self.steps:
            return None
        pace = (now - start) / (latest - since)
        return max(0.0, pace * (self.steps - latest) - (time.monotonic() - now))


class Line:
    """The line of one engine, with one worker; safe to use from any thread."""

    def __init__(self, most: int = MOST, share: int = SHARE) -> None:
        """`most` tickets wait at a time, `share` of them for the same person."""
        self._most, self._share = most, share
        self._waiting: list[Ticket] = []
        self._running: Ticket | None = None
        self._working = False
        self._lock = threading.Lock()
        self._turn = 0
        self._turns: dict[str, int] = {}
        """The turn of each person's next ticket, where it is later than that of what runs."""

    def submit(self, title: str, work: Work, who: str, key: str = "") -> Ticket:
        """Stand in line, or join those who wait for the same.

        Args:
            title: what it is, for people to read.
            work: makes the result; called with the `on_step` that it has to call, and that ends it.
            who: asks for it; the same text for the same person.
            key: of the picture, the same for the same picture; empty where it is like no other.

        Raises:
            LineFull: nobody more can wait.
            ShareUsed: this person has as many waiting as may be.
        """
        with self._lock:
            if (found := self._find(key)) is not None:
                found.wanted_by.add(who)
                return found
            own = sum(who in ticket.wanted_by for ticket in self._waiting)
            if own >= self._share:
                raise ShareUsed(
                    f"{own} of your try-ons are waiting for this engine already, as many as one"
                    " person may have. Wait until one is made, or stop one."
                )
            if len(self._waiting) >= self._most:
                raise LineFull(
                    f"{self._most} try-ons are waiting for this engine already. Try again in a"
                    " minute, or use another engine."
                )
            ticket = Ticket(title, work, key, {who})
            ticket._turn = max(self._turn, self._turns.get(who, 0))
            self._turns[who] = ticket._turn + 1
            self._waiting.append(ticket)
            self._waiting.sort(key=lambda t: t._turn)  # stable: first come first within a turn
            if not self._working:
                self._working = True
                threading.Thread(target=self._work, name="try-on", daemon=True).start()
        return ticket

    def find(self, key: str) -> Ticket | None:
        """The ticket of that key, where one waits or runs."""
        with self._lock:
            return self._find(key)

    def ahead(self, ticket: Ticket) -> int:
        """How many come before a waiting ticket; 0 once it runs or has ended."""
        with self._lock:
            if ticket not in self._waiting:
                return 0
            return self._waiting.index(ticket) + (self._running is not None)

    def cancel(self, ticket: Ticket, who: str) -> None:
        """Leave: at once while waiting, after the current step while running.

        Where others want the same picture it is still made, for them.
        """
        with self._lock:
            self._leave(ticket, who)

    def leave(self, who: str) -> None:
        """Cancel everything that this person asked for."""
        with self._lock:
            running = [] if self._running is None else [self._running]
            for ticket in [*self._waiting, *running]:
                self._leave(ticket, who)

    def _find(self, key: str) -> Ticket | None:
        running = [] if self._running is None else [self._running]
        return next(
            (t for t in [*running, *self._waiting] if key and t.key == key and t.wanted_by), None
        )

    def _leave(self, ticket: Ticket, who: str) -> None:
        ticket.wanted_by.discard(who)
        if ticket.wanted_by:
            return
        ticket.leaving.set()
        if ticket in self._waiting:
            self._waiting.remove(ticket)
            ticket.state = "cancelled"
            ticket.ended.set()

    def _work(self) -> None:
        while True:
            with self._lock:
                self._running = None
                if not self._waiting:
                    self._working, self._turn = False, 0
                    self._turns.clear()
                    return
                ticket = self._running = self._waiting.pop(0)
                self._turn = ticket._turn
                self._turns = {who: t for who, t in self._turns.items() if t > self._turn}
                ticket.state = "running"
            _run(ticket)


def _run(ticket: Ticket) -> None:
    """Do the work of a ticket; whatever happens, it ends."""
    state: Literal["done", "failed", "cancelled"] = "failed"
    try:
        ticket.result = ticket.work(ticket.on_step)
        state = "done"
    except CancelledError:
        state = "cancelled"
    except FashionError as error:
        ticket.problem = str(error)
    except Exception as error:
        log.error("A try-on failed", exc_info=error)
        ticket.problem = "Something went wrong; the server's log says what."
    finally:
        ticket.state = state
        ticket.emerging = None
        ticket.ended.set()
