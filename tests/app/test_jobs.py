"""Background jobs: one at a time for a name, progress, stopping, sentences for what goes wrong."""

import threading

import pytest

from app.jobs import forget, job, start
from core.errors import ModelError

WAIT = 20


@pytest.fixture
def name(request):
    yield request.node.name
    forget(request.node.name)


def test_a_job_tells_how_far_it_is_and_ends(name):
    told, go_on, done = threading.Event(), threading.Event(), []

    def work(progress):
        progress(0.5, "Half of it")
        told.set()
        go_on.wait(WAIT)
        done.append(True)

    running = start(name, work)
    assert told.wait(WAIT) and job(name) is running
    assert (running.share, running.message) == (0.5, "Half of it")
    assert start(name, lambda progress: done.append("twice")) is running, "one at a time"
    forget(name)
    assert job(name) is running, "still running"
    go_on.set()
    assert running.ended.wait(WAIT) and not running.error and done == [True]
    forget(name)
    assert job(name) is None


def test_a_job_that_is_stopped_ends_at_its_next_step(name):
    stopping, reached = threading.Event(), []

    def work(progress):
        stopping.wait(WAIT)
        progress(0.1, "Next")
        reached.append(True)

    running = start(name, work)
    running.stopping.set()
    stopping.set()
    assert running.ended.wait(WAIT)
    assert running.error == "Stopped before its end; nothing has changed." and not reached


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ModelError("There is no model."), "There is no model."),
        (OSError(28, "No space left on device"), "cannot be written (No space left on device)"),
        (ZeroDivisionError("a detail"), "the server's log says what"),
    ],
)
def test_what_goes_wrong_is_a_sentence_and_the_next_try_is_free(name, error, said):
    def work(progress):
        raise error

    running = start(name, work)
    assert running.ended.wait(WAIT) and said in running.error and "a detail" not in running.error
    again = start(name, lambda progress: None)
    assert again is not running and again.ended.wait(WAIT) and not again.error
