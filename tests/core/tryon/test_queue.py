import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import TryOnError
from core.tryon.queue import Line, ShareUsed
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
    tickets = [line.submit(f"look {i}", gate, "anna") for i, gate in enumerate(gates)]
    assert gates[0].begun.wait(10)
    assert [line.ahead(t) for t in tickets] == [0, 1, 2]
    assert [t.state for t in tickets] == ["running", "waiting", "waiting"]
    assert not gates[1].begun.is_set()
    for gate in gates:
        gate.open.set()
    assert all(t.ended.wait(10) for t in tickets)
    assert [t.state for t in tickets] == ["done"] * 3 and tickets[2].result == DONE
    assert (tickets[0].step, tickets[0].steps) == (2, 2)
    after = line.submit("later", lambda on_step: DONE, "anna")  # the worker has gone home meanwhile
    assert after.ended.wait(10) and after.result == DONE


def test_who_waits_leaves_at_once_and_who_runs_after_the_step():
    line, first, second = Line(), Gate(), Gate()
    running, waiting = line.submit("a", first, "anna"), line.submit("b", second, "ben")
    assert first.begun.wait(10)
    line.cancel(waiting, "ben")
    assert waiting.state == "cancelled" and waiting.ended.is_set()
    line.cancel(running, "anna")
    assert not running.ended.is_set()
    first.open.set()
    assert running.ended.wait(10) and running.state == "cancelled" and running.result is None
    assert not second.begun.is_set()


def test_a_full_line_says_so():
    line, gate = Line(most=2), Gate()
    line.submit("runs", gate, "anna")
    assert gate.begun.wait(10)
    tickets = [line.submit("waits", gate, who) for who in ("ben", "cleo")]
    with pytest.raises(TryOnError, match="2 try-ons are waiting"):
        line.submit("too many", gate, "dora")
    gate.open.set()
    assert all(t.ended.wait(10) for t in tickets)


def test_nobody_takes_all_places_and_the_others_still_come():
    line, gate = Line(most=12, share=2), Gate()
    running = line.submit("runs", gate, "anna")
    assert gate.begun.wait(10)
    own = [line.submit(f"own {i}", gate, "anna") for i in range(2)]
    with pytest.raises(ShareUsed, match="2 of your try-ons are waiting"):
        line.submit("too many", gate, "anna")
    other = line.submit("other", gate, "ben")
    line.cancel(own[0], "anna")
    again = line.submit("again", gate, "anna")  # a place is free
    gate.open.set()
    assert all(t.ended.wait(10) for t in (running, *own, other, again))


def noted(done, name):
    return lambda on_step: done.append(name) or DONE


def test_turns_go_round_so_that_a_newcomer_waits_for_one_thing_of_each():
    line, gate, done = Line(share=9), Gate(), []
    line.submit("runs", gate, "anna")
    assert gate.begun.wait(10)
    for i in range(3):
        line.submit(f"a{i}", noted(done, f"a{i}"), "anna")
    first = line.submit("b0", noted(done, "b0"), "ben")
    line.submit("b1", noted(done, "b1"), "ben")
    line.submit("c0", noted(done, "c0"), "cleo")
    assert line.ahead(first) == 1  # after what runs, which is Anna's
    gate.open.set()
    assert line.submit("last", lambda on_step: DONE, "anna").ended.wait(10)
    assert done == ["b0", "c0", "a0", "b1", "a1", "a2"]


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=30))
def test_what_somebody_asked_for_as_the_nth_comes_after_at_most_n_of_each_other(people):
    line, gate, done = Line(most=99, share=99), Gate(), []
    line.submit("runs", gate, "x")
    assert gate.begun.wait(10)
    tickets = [line.submit(who, noted(done, who), who) for who in people]
    gate.open.set()
    assert all(t.ended.wait(10) for t in tickets)
    assert sorted(done) == sorted(people)
    for who in set(people):
        places = [i for i, other in enumerate(done) if other == who]
        for nth, place in enumerate(places, 1):
            assert all(done[:place].count(other) <= nth for other in set(people) - {who})


def test_who_asks_again_and_again_does_not_hold_up_who_waits():
    line, gate, done, tickets = Line(), Gate(), [], []

    def again(turn):
        def work(on_step):
            done.append(f"a{turn}")
            if turn < 3:
                tickets.append(line.submit("a", again(turn + 1), "anna"))
            return DONE

        return work

    runs = line.submit("runs", gate, "x")
    assert gate.begun.wait(10)
    tickets.append(line.submit("a", again(0), "anna"))
    tickets += [line.submit("b", noted(done, f"b{i}"), "ben") for i in range(3)]
    gate.open.set()
    assert runs.ended.wait(10)
    for ticket in tickets:  # grows meanwhile
        assert ticket.ended.wait(10)
    assert done == ["a0", "b0", "b1", "a1", "b2", "a2", "a3"]


def test_who_is_gone_leaves_with_everything_and_nobody_else_does():
    line, first, rest = Line(), Gate(), Gate()
    running = line.submit("a", first, "anna")
    assert first.begun.wait(10)
    waiting, other = line.submit("b", rest, "anna"), line.submit("c", rest, "ben")
    line.leave("anna")
    assert waiting.state == "cancelled" and running.leaving.is_set() and not other.leaving.is_set()
    first.open.set()
    rest.open.set()
    assert running.ended.wait(10) and running.state == "cancelled"
    assert other.ended.wait(10) and other.state == "done"


def test_who_wants_what_is_being_made_joins_in_and_it_goes_on_until_nobody_wants_it():
    line, gate, later = Line(share=1), Gate(), Gate()
    running = line.submit("a", gate, "anna", key="look")
    assert gate.begun.wait(10)
    assert line.find("look") is running and line.find("other") is None is line.find("")
    assert line.submit("a", later, "ben", key="look") is running
    waiting = line.submit("b", later, "anna", key="next")
    assert line.submit("b", later, "ben", key="next") is waiting
    with pytest.raises(ShareUsed):  # what one joined counts
        line.submit("c", later, "ben", key="third")
    line.leave("anna")
    assert not running.leaving.is_set() and waiting.state == "waiting"
    line.cancel(waiting, "ben")
    assert waiting.state == "cancelled" and line.find("next") is None
    line.cancel(running, "ben")
    assert running.leaving.is_set() and line.find("look") is None  # too late to join
    fresh = line.submit("a", later, "cleo", key="look")
    assert fresh is not running
    gate.open.set()
    later.open.set()
    assert running.ended.wait(10) and running.state == "cancelled"
    assert fresh.ended.wait(10) and fresh.state == "done"


def test_a_failure_is_a_sentence_and_the_line_goes_on(caplog):
    def fails(on_step):
        raise TryOnError("The garment has no sleeves.")

    def breaks(on_step):
        raise ZeroDivisionError("secret")

    line = Line()
    failed, broken = line.submit("a", fails, "anna"), line.submit("b", breaks, "anna")
    good = line.submit("c", lambda on_step: DONE, "anna")
    assert good.ended.wait(10) and good.state == "done"
    assert failed.state == "failed" and failed.problem == "The garment has no sleeves."
    assert broken.state == "failed" and "secret" not in broken.problem
    assert "A try-on failed" in caplog.text


def test_the_time_left_counts_what_is_done_once_not_among_the_steps(monkeypatch):
    now, seen = [100.0], []
    monkeypatch.setattr("core.tryon.queue.time.monotonic", lambda: now[0])

    def work(on_step):
        for done, seconds in ((0, 60), (1, 30), (2, 2), (3, 2)):  # the model, the garment, steps
            now[0] += seconds
            on_step(done, 10)
            seen.append(tickets[0].seconds_left())
        now[0] += 1
        seen.append(tickets[0].seconds_left())
        return DONE

    ready, tickets, line = threading.Event(), [], Line()
    tickets.append(line.submit("a", lambda on_step: ready.wait(10) and work(on_step), "anna"))
    ready.set()
    assert tickets[0].ended.wait(10) and tickets[0].problem == ""
    assert seen == [None, None, 16.0, 14.0, 13.0]


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
    tickets.append(line.submit("a", work, "anna"))
    ticket_ready.set()
    assert tickets[0].ended.wait(10) and tickets[0].problem == ""
    assert seen == [None, pytest.approx(12.0)]
    assert tickets[0].seconds_left() is None
