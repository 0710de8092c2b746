import threading

import numpy as np
import pytest

from core.errors import TryOnError
from core.tryon.queue import Line
from core.tryon.result import Result

DONE = Result((b"png",), b"", b"", {})


class Gate:
    """Work that waits until it is let go."""

    def __init__(self):
        self.open, self.begun = threading.Event(), threading.Event()

    def __call__(self, on_step):
        self.begun.set()
        assert self.open.wait(10)
        on_step(1, 2, np.ones((2, 2, 3), np.uint8))
        on_step(2, 2)
        return DONE


def test_work_is_done_one_at_a_time_in_order_and_places_are_told():
    line, gates = Line(), [Gate(), Gate(), Gate()]
    tickets = [line.submit(f"look {i}", gate) for i, gate in enumerate(gates)]
    assert gates[0].begun.wait(10)
    assert [line.ahead(t) for t in tickets] == [0, 1, 2]
    assert [t.state for t in tickets] == ["running", "waiting", "waiting"]
    assert not gates[1].begun.is_set()
    for gate in gates:
        gate.open.set()
    assert all(t.ended.wait(10) for t in tickets)
    assert [t.state for t in tickets] == ["done"] * 3 and tickets[2].result == DONE
    assert (tickets[0].step, tickets[0].steps) == (2, 2)
    after = line.submit("later", lambda on_step: DONE)  # the worker has gone home meanwhile
    assert after.ended.wait(10) and after.result == DONE


def test_who_waits_leaves_at_once_and_who_runs_after_the_step():
    line, first, second = Line(), Gate(), Gate()
    running, waiting = line.submit("a", first), line.submit("b", second)
    assert first.begun.wait(10)
    line.cancel(waiting)
    assert waiting.state == "cancelled" and waiting.ended.is_set()
    line.cancel(running)
    assert not running.ended.is_set()
    first.open.set()
    assert running.ended.wait(10) and running.state == "cancelled" and running.result is None
    assert not second.begun.is_set()


def test_a_full_line_says_so():
    line, gate = Line(most=2), Gate()
    line.submit("runs", gate)
    assert gate.begun.wait(10)
    tickets = [line.submit("waits", gate) for _ in range(2)]
    with pytest.raises(TryOnError, match="2 try-ons are waiting"):
        line.submit("too many", gate)
    gate.open.set()
    assert all(t.ended.wait(10) for t in tickets)


def test_a_failure_is_a_sentence_and_the_line_goes_on(caplog):
    def fails(on_step):
        raise TryOnError("The garment has no sleeves.")

    def breaks(on_step):
        raise ZeroDivisionError("secret")

    line = Line()
    failed, broken = line.submit("a", fails), line.submit("b", breaks)
    good = line.submit("c", lambda on_step: DONE)
    assert good.ended.wait(10) and good.state == "done"
    assert failed.state == "failed" and failed.problem == "The garment has no sleeves."
    assert broken.state == "failed" and "secret" not in broken.problem
    assert "A try-on failed" in caplog.text


def test_the_time_left_follows_the_pace(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("core.tryon.queue.time.monotonic", lambda: now[0])
    line, seen = Line(), []

    def work(on_step):
        on_step(0, 10)
        seen.append(ticket_ready.wait(10) and tickets[0].seconds_left())
        now[0] = 108.0
        on_step(4, 10)
        seen.append(tickets[0].seconds_left())
        return DONE

    ticket_ready, tickets = threading.Event(), []
    tickets.append(line.submit("a", work))
    ticket_ready.set()
    assert tickets[0].ended.wait(10) and tickets[0].problem == ""
    assert seen == [None, pytest.approx(12.0)]
    assert tickets[0].seconds_left() is None
