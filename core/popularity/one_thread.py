"""Linear algebra on one thread for a while.

Hundreds of small products, each split among threads, mostly wait for one another: credit for an
item took 160 ms on two busy cores, and 25 ms on one thread.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock

_lock = Lock()
_limit = ExitStack()
_inside = 0


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep the process's BLAS to one thread until the last of those inside has left."""
    global _inside
    with _lock:
        if _inside == 0:
            from threadpoolctl import threadpool_limits

            _limit.enter_context(threadpool_limits(1, user_api="blas"))
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _limit.close()
