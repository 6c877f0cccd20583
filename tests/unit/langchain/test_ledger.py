"""The ledger of patches: exact undo, respect for others' wrappers, one warning for what is missing."""

from __future__ import annotations

import types
import weakref
from collections import defaultdict
from types import ModuleType
from typing import Any

import pytest
import wrapt
from hypothesis import given
from hypothesis import strategies as st

from langspan._guard import Guard
from langspan.langchain.patches.ledger import Ledger


def passing(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    return wrapped(*args, **kwargs)


def shouting(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    return str(wrapped(*args, **kwargs)).upper()


@pytest.fixture
def library() -> types.ModuleType:
    module = types.ModuleType("library")
    exec(
        """
def function(text): return text

class Base:
    def method(self, text): return text
    @classmethod
    def by_class(cls, text): return text
    @staticmethod
    def by_nobody(text): return text

class Sub(Base):
    pass
""",
        vars(module),
    )
    return module


GUARD = Guard(raising=True)
FEATURES: dict[str, str] = defaultdict(lambda: "cows cannot fly")
NAMES = ["method", "by_class", "by_nobody"]


def test_a_function_of_a_module_is_wrapped(library: Any) -> None:
    Ledger(FEATURES).wrap(library, "function", shouting)

    assert "HI" == library.function("hi")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("owner", ["Base", "Sub"])
def test_every_sort_of_method_is_wrapped_for_subclasses_too(library: Any, owner: str, name: str) -> None:
    Ledger(FEATURES).wrap(library.Base, name, shouting)

    assert "HI" == getattr(getattr(library, owner)(), name)("hi")


@pytest.mark.parametrize("name", NAMES)
def test_undo_puts_the_very_object_back(library: Any, name: str) -> None:
    original, ledger = vars(library.Base)[name], Ledger(FEATURES)
    ledger.wrap(library.Base, name, passing)
    ledger.undo(GUARD)

    assert original is vars(library.Base)[name]


def test_undo_takes_away_what_was_not_there(library: Any) -> None:
    ledger = Ledger(FEATURES)
    ledger.replace(library.Base, "added", 1)
    ledger.undo(GUARD)

    assert "added" not in vars(library.Base)


def test_undo_goes_back_through_several_patches_of_one_attribute(library: Any) -> None:
    original, ledger = library.function, Ledger(FEATURES)
    ledger.wrap(library, "function", shouting)
    ledger.wrap(library, "function", passing)
    ledger.undo(GUARD)

    assert original is library.function


def test_undo_twice_is_harmless(library: Any) -> None:
    ledger = Ledger(FEATURES)
    ledger.wrap(library, "function", shouting)
    ledger.undo(GUARD)
    library.function = str
    ledger.undo(GUARD)

    assert str is library.function


def test_undo_leaves_a_wrapper_that_somebody_put_over_ours(library: Any) -> None:
    ledger = Ledger(FEATURES)
    ledger.wrap(library, "function", shouting)
    theirs = library.function = wrapt.FunctionWrapper(library.function, passing)
    ledger.undo(GUARD)

    assert theirs is library.function


def test_undo_leaves_an_attribute_that_somebody_deleted(library: Any) -> None:
    ledger = Ledger(FEATURES)
    ledger.wrap(library, "function", shouting)
    del library.function
    ledger.undo(GUARD)

    assert not hasattr(library, "function")


def test_a_closed_ledger_says_so() -> None:
    ledger = Ledger(FEATURES)
    before = ledger.closed
    ledger.undo(GUARD)

    assert (False, True) == (before, ledger.closed)


def test_what_is_missing_is_told_with_what_is_lost(library: Any, caplog: pytest.LogCaptureFixture) -> None:
    Ledger(FEATURES).wrap(library.Base, "gone", passing)

    (record,) = caplog.records
    assert (
        "langspan: Base.gone is not there in this version of the library, so cows cannot fly. "
        "The tree of spans is not affected."
    ) == record.getMessage()


def test_what_is_missing_from_old_versions_is_passed_over_in_silence(
    library: Any, caplog: pytest.LogCaptureFixture
) -> None:
    library.Base.__qualname__ = "BaseChatModel"
    Ledger(FEATURES).wrap(library.Base, "_iter_v2_events", passing)

    assert [] == caplog.records


def test_a_patch_that_is_not_listed_fails(library: Any) -> None:
    with pytest.raises(KeyError, match=r"Base\.method"):
        Ledger({}).wrap(library.Base, "method", passing)


def test_what_a_class_inherits_is_left_to_its_base(library: Any, caplog: pytest.LogCaptureFixture) -> None:
    Ledger(FEATURES).wrap(library.Sub, "method", shouting)

    assert ("method" in vars(library.Sub), 1) == (False, len(caplog.records))


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers()), max_size=12))
def test_undo_restores_every_attribute_after_any_sequence(patches: list[tuple[str, int]]) -> None:
    owner = types.SimpleNamespace(a=object(), b=object())
    before, ledger = dict(vars(owner)), Ledger(FEATURES)
    for name, value in patches:
        ledger.replace(owner, name, value)
    ledger.undo(GUARD)

    assert before == vars(owner)


def test_a_patch_that_waits_for_an_import_is_let_go_when_undone() -> None:
    def patch(module: ModuleType) -> None:
        raise AssertionError

    ledger = Ledger(FEATURES)
    ledger.when_imported(Guard(), "never_imported_by_anybody", patch)
    waiting = weakref.ref(patch)
    ledger.undo(Guard())
    del patch

    assert waiting() is None
