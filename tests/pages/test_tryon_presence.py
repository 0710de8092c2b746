"""Who closes the try-on page gives up what was asked for; who only lost the connection does not."""

import pytest
from streamlit.runtime.caching import clear_session_resource_cache

import app.tryon_presence
import app.tryon_run
from core.tryon.queue import SHARE
from tests.pages.helpers import by_label, component, progress, until, words


@pytest.fixture
def disconnect(monkeypatch):
    """Does what Streamlit does as the browser's connection to the sessions of AppTest is lost."""

    def lose(grace=0.4):
        monkeypatch.setattr(app.tryon_presence, "GRACE", grace)
        clear_session_resource_cache("test session id")

    return lose


@pytest.fixture(autouse=True)
def nothing_left(slow):
    """No work goes on after a test, least of all when Python ends."""
    yield
    for line in {id(line): line for line in app.tryon_run.lines().values()}.values():
        for ticket in [*line._waiting, *filter(None, [line._running])]:
            for who in list(ticket.wanted_by):
                line.cancel(ticket, who)
            slow.go.release()
            assert ticket.ended.wait(20)


def ticket_of(test):
    return next(iter(test.session_state["tryon_tickets"].values()))


def test_what_a_closed_page_asked_for_is_given_up(studio, slow, disconnect):
    test = studio(engine="slow", steps="10")
    by_label(test.button, "Try it on").click().run()
    until(lambda: slow.told)
    ticket = ticket_of(test)
    disconnect()
    assert not ticket.leaving.is_set()  # the connection may come back
    assert ticket.leaving.wait(10)
    slow.go.release()
    assert ticket.ended.wait(10) and ticket.state == "cancelled"
    assert not app.tryon_presence._going


def test_who_comes_back_in_time_finds_it_going_on(studio, slow, disconnect):
    test = studio(engine="slow", steps="10")
    by_label(test.button, "Try it on").click().run()
    until(lambda: slow.told)
    ticket = ticket_of(test)
    disconnect(30)
    assert app.tryon_presence._going
    test.run()
    assert "given up" in words(test)
    assert not app.tryon_presence._going and not ticket.leaving.is_set()
    for _ in range(10):
        slow.go.release()
    assert ticket.ended.wait(20) and ticket.state == "done"


def test_a_page_that_is_loaded_again_joins_what_it_had_asked_for(studio, slow, disconnect):
    before = studio(engine="slow", steps="10")
    by_label(before.button, "Try it on").click().run()
    until(lambda: slow.told)
    disconnect(6)
    after = studio(engine="slow", steps="10")
    assert "This very look is being made already" in words(after)
    by_label(after.button, "Try it on").click().run()
    ticket = ticket_of(after)
    assert ticket is ticket_of(before)
    until(lambda: len(ticket.wanted_by) == 1)  # the page from before has been given up
    assert ticket.state == "running" and not ticket.leaving.is_set()
    for _ in range(10):
        slow.go.release()
    assert ticket.ended.wait(20)
    after.run()
    assert len(slow.told) == 1 and component(after, "tryon_compare")


def test_who_stops_what_another_wants_too_stops_it_only_for_themselves(studio, slow):
    first, second = (studio(engine="slow", steps="10") for _ in range(2))
    for test in (first, second):
        by_label(test.button, "Try it on").click().run()
    until(lambda: slow.told)
    ticket = ticket_of(second)
    by_label(first.button, "Cancel").click().run()
    assert by_label(first.button, "Try it on") and not first.session_state["tryon_tickets"]
    second.run()
    assert progress(second) and not ticket.leaving.is_set()
    by_label(second.button, "Cancel").click().run()
    assert ticket.leaving.is_set()


def test_a_session_cannot_take_all_places(studio, slow):
    test = studio(engine="slow", steps="10")
    for seed in range(SHARE + 2):
        test.query_params["seed"] = str(seed)
        test.run()
        by_label(test.button, "Try it on").click().run()
        until(lambda: slow.told)
    assert not test.exception
    assert f"{SHARE} of your try-ons are waiting" in test.error[0].value
    other = studio(engine="slow", steps="10", garment="a2")
    by_label(other.button, "Try it on").click().run()
    # After the one that runs, before those that the other session has waiting.
    assert progress(other) == [(0, "In line. 1 look is made before yours.")]
