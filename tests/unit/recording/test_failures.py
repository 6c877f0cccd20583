"""An exception is recognised wherever it passes through, and is not kept alive for it."""

from __future__ import annotations

import weakref

import pytest

from langspan.recording.failures import is_same, sighting_of


class OwnError(Exception):
    """A class of the application's, which takes weak references."""


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return caught


@pytest.mark.parametrize("cls", [ValueError, OwnError, KeyError, OSError])
def test_an_exception_that_is_raised_again_is_the_same(cls: type[Exception]) -> None:
    error = raised(cls("x"))
    seen = sighting_of(error)

    assert is_same(raised(error), seen)


@pytest.mark.parametrize("cls", [ValueError, OwnError])
def test_another_exception_is_not_the_same(cls: type[Exception]) -> None:
    first, second = raised(cls("x")), raised(cls("x"))

    assert not is_same(second, sighting_of(first))


def test_an_exception_that_was_never_raised_is_recognised() -> None:
    error = ValueError("x")

    assert is_same(error, sighting_of(error))


def test_nothing_seen_is_never_the_same() -> None:
    assert not is_same(ValueError("x"), None)


def test_an_exception_at_the_address_of_one_that_is_gone_is_told_by_where_it_was_raised() -> None:
    gone = raised(ValueError("x"))
    address, code, instruction = sighting_of(gone)

    assert not is_same(gone, (address, code, instruction + 2))


def test_an_exception_that_was_seen_is_not_kept_alive() -> None:
    error = OwnError("x")
    seen, alive = sighting_of(error), weakref.ref(error)
    del error

    assert (None, False) == (alive(), is_same(OwnError("x"), seen))
