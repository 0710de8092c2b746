import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from core.popularity.one_thread import one_thread


def threads():
    assert np.ones(2) @ np.ones(2) == 2
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_the_last_to_leave_gives_the_threads_back():
    with threadpool_limits(2, user_api="blas"):
        before = threads()
        first, second = one_thread(), one_thread()
        first.__enter__()
        second.__enter__()
        assert threads() == {1}
        first.__exit__(None, None, None)
        assert threads() == {1}, "the other is still inside"
        second.__exit__(None, None, None)
        assert threads() == before
        with pytest.raises(ZeroDivisionError), one_thread():
            _ = 1 / 0
        assert threads() == before
        with one_thread():
            assert threads() == {1}
