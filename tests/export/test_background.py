from __future__ import annotations

import threading

import pytest

from langspan.export.background import Background


@pytest.fixture
def background():
    background = Background("test")
    yield background
    background.stop()


def test_a_call_returns_its_result(background):
    assert 3 == background.submit(lambda: 3).result(5)


def test_a_call_hands_on_what_it_raised(background):
    future = background.submit(lambda: 1 // 0)
    assert isinstance(future.exception(5), ZeroDivisionError)


def test_a_failing_call_does_not_end_the_thread(background):
    background.submit(lambda: 1 // 0)
    assert 3 == background.submit(lambda: 3).result(5)


def test_callers_who_gave_up_cost_no_thread_each(background):
    gate = threading.Event()
    stuck = [background.submit(gate.wait) for _ in range(50)]
    threads = [thread for thread in threading.enumerate() if thread.name == "test"]
    gate.set()
    assert all(future.result(5) for future in stuck)
    assert 1 == len(threads)


def test_a_call_cancelled_before_its_turn_is_not_run(background):
    gate, ran = threading.Event(), []
    background.submit(gate.wait)
    late = background.submit(lambda: ran.append(1))
    assert late.cancel()
    gate.set()
    background.submit(lambda: None).result(5)
    assert [] == ran


def test_no_thread_is_started_before_there_is_a_call():
    Background("idle")
    assert "idle" not in [thread.name for thread in threading.enumerate()]


def test_stopping_runs_what_was_submitted_before(background):
    future = background.submit(lambda: 3)
    background.stop()
    assert 3 == future.result(5)


def test_a_stopped_thread_ends(background):
    thread = background.submit(threading.current_thread).result(5)
    background.stop()
    thread.join(5)
    assert not thread.is_alive()


def test_a_call_after_a_stop_gets_a_new_thread(background):
    background.stop()
    assert 3 == background.submit(lambda: 3).result(5)


def test_a_forked_child_gets_a_thread_of_its_own(background):
    """The child inherits the object but not the thread; the fork itself is in test_exit."""
    inherited = background.submit(threading.current_thread).result(5)
    calls = background._calls
    background._after_fork()
    threads = [thread for thread in threading.enumerate() if thread.name == "test"]
    calls.put(None)
    assert 2 == len(threads), "started at once, since at exit it may be too late"
    assert inherited is not background.submit(threading.current_thread).result(5)


def test_a_forked_child_gets_no_thread_that_its_parent_did_not_have():
    background = Background("idle")
    background._after_fork()
    assert "idle" not in [thread.name for thread in threading.enumerate()]
