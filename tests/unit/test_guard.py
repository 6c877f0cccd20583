"""The error boundary: internal errors are logged once per kind and never reach the application."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from langspan._guard import Guard, contained

SECRET = "canary-4711"


def fails(error: BaseException = ValueError(SECRET)) -> None:  # noqa: B008 - one exception for all
    raise error


class Host:
    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.heard: list[Any] = []

    @contained
    def works(self, first: Any, second: Any = None) -> None:
        """Do it."""
        self.heard.append((first, second))

    @contained
    def breaks(self, error: BaseException) -> None:
        raise error


def test_a_call_gives_the_result() -> None:
    assert 5 == Guard().call(max, 3, 5)


def test_a_call_passes_keywords_on() -> None:
    assert {"function": 1, "self": 2} == Guard().call(dict, function=1, self=2)


def test_a_failing_call_gives_none(caplog: pytest.LogCaptureFixture) -> None:
    assert None is Guard().call(fails)


def test_an_error_is_logged_once_per_place_and_type(caplog: pytest.LogCaptureFixture) -> None:
    guard = Guard()
    for error in (ValueError("a"), ValueError("b"), KeyError("c"), ValueError("d")):
        guard.call(fails, error)
        guard.report("elsewhere", error)

    assert [
        ("fails", "ValueError"),
        ("elsewhere", "ValueError"),
        ("fails", "KeyError"),
        ("elsewhere", "KeyError"),
    ] == [record.args for record in caplog.records]


def test_an_error_that_two_threads_meet_at_once_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    meeting = threading.Barrier(2, timeout=30)

    class Meets(type):
        def __hash__(cls) -> int:  # called where the error is looked up: both threads are there by then
            meeting.wait()
            return 1

    class SharedError(Exception, metaclass=Meets):
        pass

    guard = Guard()
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(guard.call, [fails] * 2, [SharedError(), SharedError()]))

    assert 1 == len(caplog.records)


def test_the_text_of_an_error_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "langspan")
    Guard().call(fails)

    assert SECRET not in caplog.text


def test_the_traceback_can_be_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "langspan")
    Guard().call(fails)

    assert SECRET in caplog.text


def test_what_has_no_name_can_fail_too(caplog: pytest.LogCaptureFixture) -> None:
    class Nameless:
        def __call__(self) -> None:
            raise ValueError

    Guard().call(Nameless())

    assert 1 == len(caplog.records)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(), GeneratorExit()], ids=repr)
def test_what_is_no_error_passes_through(error: BaseException) -> None:
    with pytest.raises(type(error)):
        Guard().call(fails, error)
    with pytest.raises(type(error)):
        Host(Guard()).breaks(error)


def test_errors_surface_in_raising_mode() -> None:
    error = ValueError("mine")
    with pytest.raises(ValueError) as caught:
        Guard(raising=True).call(fails, error)

    assert error is caught.value


def test_a_contained_method_gets_its_arguments() -> None:
    host = Host(Guard())
    host.works(1, 2)

    assert [(1, 2)] == host.heard


def test_a_contained_method_cannot_fail(caplog: pytest.LogCaptureFixture) -> None:
    Host(Guard()).breaks(ValueError(SECRET))

    assert [("Host.breaks", "ValueError")] == [record.args for record in caplog.records]


def test_a_contained_method_cannot_be_called_wrongly(caplog: pytest.LogCaptureFixture) -> None:
    Host(Guard()).works(1, 2, 3)  # type: ignore[call-arg]

    assert [("Host.works", "TypeError")] == [record.args for record in caplog.records]


def test_a_contained_method_surfaces_errors_in_raising_mode() -> None:
    with pytest.raises(KeyError):
        Host(Guard(raising=True)).breaks(KeyError())


def test_a_contained_method_keeps_its_name_and_description() -> None:
    assert ("works", "Do it.") == (Host.works.__name__, Host.works.__doc__)
