import pytest

from core.tryon.pace import Clock, Pace


@pytest.fixture
def now(monkeypatch):
    """A clock that a test moves by hand."""
    time = [1000.0]
    monkeypatch.setattr("core.tryon.pace.time.monotonic", lambda: time[0])
    return time


def run(now, *, load, garment, step, steps, decode, in_memory, samples=1, rows=2, before=None):
    told = []
    clock = Clock(lambda *step: told.append(step), in_memory)
    now[0] += load
    clock(0, steps)
    now[0] += garment
    for done in range(1, steps + 1):
        now[0] += step
        clock(done, steps, None)
    now[0] += decode
    assert [t[:2] for t in told] == [(i, steps) for i in range(steps + 1)]
    return clock.pace(samples, rows, before)


def test_the_load_is_counted_apart_from_what_every_run_does(now):
    cold = run(now, load=30, garment=4, step=2, steps=10, decode=3, in_memory=False)
    assert cold == Pace(pytest.approx(30), pytest.approx(4), pytest.approx(1), pytest.approx(3))
    assert cold.run(10, 1, 2) == pytest.approx(27)
    # Preparing takes a second when nothing has to be read, and the load is remembered.
    warm = run(now, load=1, garment=4, step=2, steps=10, decode=3, in_memory=True, before=cold)
    assert warm == Pace(pytest.approx(30), pytest.approx(5), pytest.approx(1), pytest.approx(3))


def test_the_time_grows_with_steps_pictures_and_guidance_alone(now):
    pace = run(now, load=9, garment=4, step=8, steps=20, decode=6, in_memory=False, samples=2)
    assert pace.run(20, 2, 2) == pytest.approx(4 + 160 + 6)
    assert pace.run(20, 4, 2) == pytest.approx(4 + 320 + 12)
    assert pace.run(20, 2, 1) == pytest.approx(4 + 80 + 6)
    assert pace.run(40, 1, 2) == pytest.approx(4 + 160 + 3)


def test_a_run_of_a_single_step_or_of_none_is_counted_whole(now):
    single = run(now, load=9, garment=4, step=2, steps=1, decode=3, in_memory=False)
    assert single.run(1, 1, 2) == pytest.approx(9)
    quiet = Clock(None, True)
    now[0] += 7
    assert quiet.pace(1, 2, None) == Pace(0.0, 7.0)


def test_a_pace_is_kept_as_text():
    pace = Pace(1.5, 2.0, 0.25, 4.0)
    assert Pace.from_json(pace.to_json()) == pace


def test_what_the_listener_raises_comes_out():
    def stop(*_):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        Clock(stop, True)(0, 4)
