"""Long computations that go on while the page is used, with progress, and can be stopped."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st

from core.errors import FashionError

log = logging.getLogger("fashion_diffusion")

Progress = Callable[[float, str], None]


class StoppedError(Exception):
    """A person stopped the job; raised where it reports its progress."""


@dataclass
class Job:
    """One computation.

    Attributes:
        share, message: how far it is, 0..1, and what is going on.
        error: a sentence, where it failed or was stopped.
        ended: it does nothing any more.
    """

    share: float = 0.0
    message: str = "Starting"
    error: str = ""
    ended: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)


@st.cache_resource
def _jobs() -> dict[str, Job]:
    """The last job of each name, for all sessions: a folder is computed on once at a time."""
    return {}


@st.cache_resource
def _guard() -> threading.Lock:
    return threading.Lock()


def job(name: str) -> Job | None:
    """The job of that name, running or ended; None where there is none or it was forgotten."""
    return _jobs().get(name)


def forget(name: str) -> None:
    """Drop a job that has ended and was told of."""
    with _guard():
        found = _jobs().get(name)
        if found is not None and found.ended.is_set():
            del _jobs()[name]


def start(name: str, work: Callable[[Progress], object]) -> Job:
    """Begin a job in the background, unless one of that name is running."""
    with _guard():
        running = _jobs().get(name)
        if running is not None and not running.ended.is_set():
            return running
        new = _jobs()[name] = Job()
    threading.Thread(target=_run, args=(new, work), name=f"job {name}", daemon=True).start()
    return new


@st.fragment(run_every=1.0)
def watch(name: str, key: str) -> None:
    """Draw how far a running job is, with a button that stops it; the page runs anew at its end.

    Args:
        name: of the job.
        key: of the button, unique on the page.
    """
    running = job(name)
    if running is None or running.ended.is_set():
        st.rerun()
        return
    st.progress(running.share, running.message)
    if running.stopping.is_set():
        st.caption("Stopping after this step.")
    elif st.button("Stop", key=key):
        running.stopping.set()


def _run(running: Job, work: Callable[[Progress], object]) -> None:
    def progress(share: float, message: str) -> None:
        if running.stopping.is_set():
            raise StoppedError
        running.share, running.message = min(share, 1.0), message

    try:
        work(progress)
    except StoppedError:
        running.error = "Stopped before its end; nothing has changed."
    except FashionError as error:
        running.error = str(error)
    except OSError as error:
        running.error = f"The result cannot be written ({error.strerror or error})."
    except Exception as error:
        log.error("A background job failed", exc_info=error)
        running.error = "Something went wrong; the server's log says what."
    finally:
        running.ended.set()
