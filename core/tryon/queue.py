"""One line of work for each engine: everybody sees their place, and may leave.

An engine does one thing at a time. Who asks for something gets a `Ticket`, which tells the place
in the line, then the progress and what emerges, then the result or a sentence why there is none.
"""

import logging
import threading
import time
from collections import deque
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


class LineFull(TryOnError):  # noqa: N818 - a state of the line, as people would say it
    """Nobody more can wait."""


Work = Callable[[OnStep], Result]


@dataclass(eq=False)
class Ticket:
    """One try-on that was asked for.

    Attributes:
        title: what it is, for people to read.
        state: where it is; the last three are ends.
        step, steps: how far it is; 0 of 0 until the engine says.
        emerging: a small (h, w, 3) uint8 picture of what comes, where the engine shows one.
        result: where it is done.
        problem: a sentence, where it failed.
        ended: set once nothing more happens.
    """

    title: str
    work: Work
    state: Literal["waiting", "running", "done", "failed", "cancelled"] = "waiting"
    step: int = 0
    steps: int = 0
    emerging: np.ndarray | None = None
    result: Result | None = None
    problem: str = ""
    began: float = 0.0
    ended: threading.Event = field(default_factory=threading.Event)
    leaving: threading.Event = field(default_factory=threading.Event)

    def on_step(self, done: int, total: int, preview: np.ndarray | None = None) -> None:
        """Told by the engine.

        Raises:
            CancelledError: the person left meanwhile.
        """
        if self.leaving.is_set():
            raise CancelledError("Stopped; nothing was kept.")
        self.step, self.steps = done, total
        if preview is not None:
            self.emerging = preview

    def seconds_left(self) -> float | None:
        """By the pace so far; None before the first step has passed."""
        if self.state != "running" or not 0 < self.step <= self.steps:
            return None
        return (time.monotonic() - self.began) / self.step * (self.steps - self.step)


class Line:
    """The line of one engine, with one worker; safe to use from any thread."""

    def __init__(self, most: int = MOST) -> None:
        """`most` tickets wait at a time."""
        self._most = most
        self._waiting: deque[Ticket] = deque()
        self._running: Ticket | None = None
        self._working = False
        self._lock = threading.Lock()

    def submit(self, title: str, work: Work) -> Ticket:
        """Stand in line.

        Args:
            title: what it is, for people to read.
            work: makes the result; called with the `on_step` that it has to call, and that ends it.

        Raises:
            LineFull: nobody more can wait.
        """
        ticket = Ticket(title, work)
        with self._lock:
            if len(self._waiting) >= self._most:
                raise LineFull(
                    f"{self._most} try-ons are waiting for this engine already. Try again in a"
                    " minute, or use another engine."
                )
            self._waiting.append(ticket)
            if not self._working:
                self._working = True
                threading.Thread(target=self._work, name="try-on", daemon=True).start()
        return ticket

    def ahead(self, ticket: Ticket) -> int:
        """How many come before a waiting ticket; 0 once it runs or has ended."""
        with self._lock:
            if ticket not in self._waiting:
                return 0
            return self._waiting.index(ticket) + (self._running is not None)

    def cancel(self, ticket: Ticket) -> None:
        """Leave: at once while waiting, after the current step while running."""
        ticket.leaving.set()
        with self._lock:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
                ticket.state = "cancelled"
                ticket.ended.set()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._working = False
                    return
                ticket = self._running = self._waiting.popleft()
                ticket.state, ticket.began = "running", time.monotonic()
            _run(ticket)
            with self._lock:
                self._running = None


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
