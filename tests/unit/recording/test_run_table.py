"""The table of runs: bounded, exact about who ends a run, safe between threads and after a fork."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, count, islice
from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from langspan.recording.run_table import RunTable
from support.interpreters import ask

MAX_OPEN, MAX_AGE, MAX_ENDED = 5, 100.0, 4
SWEEP_EVERY = 64  # starts after which old runs are looked for at the latest


class Numbered(UUID):
    """An id as an application may make it."""


def ids() -> Any:
    """Run ids, all different."""
    return (UUID(int=number) for number in count(1))


def table(clock: Any = lambda: 0.0, **bounds: Any) -> RunTable[Any, Any]:
    options = {"max_open": MAX_OPEN, "max_age": MAX_AGE, "max_ended": MAX_ENDED, **bounds}
    return RunTable(ended_context=lambda entry: f"trail of {entry}", clock=clock, **options)


class RunsMachine(RuleBasedStateMachine):
    """Compares the table with what it is meant to hold, whatever is done in whatever order."""

    known = Bundle("known")

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.runs = table(lambda: self.now)
        self.ids, self.entries = ids(), count()
        self.open: dict[UUID, tuple[float, int]] = {}
        self.ended: list[UUID] = []
        self.handed_back: list[int] = []
        self.starts = 0
        self.drained = False

    def _hand_back(self, entries: list[int]) -> None:
        self.handed_back.extend(entries)

    def _add(self, run_id: UUID) -> None:
        entry, before = next(self.entries), dict(self.open)
        evicted = self.runs.add(run_id, entry)
        self._hand_back(evicted)
        if self.drained:
            assert [entry] == evicted
            return
        self.starts += 1
        former = before.pop(run_id, None)
        assert (former is not None) == (former is not None and former[1] in evicted)
        self.open = {key: value for key, value in before.items() if value[1] not in evicted}
        self.open[run_id] = (self.now, entry)
        if self.starts % SWEEP_EVERY == 0:
            assert all(self.now - started <= MAX_AGE for started, _ in self.open.values())
        for started, gone in before.values():
            too_old = self.now - started > MAX_AGE
            oldest = all(started <= other for other, _ in self.open.values())
            assert gone not in evicted or too_old or (oldest and len(before) >= MAX_OPEN)

    @rule(target=known)
    def start(self) -> UUID:
        run_id = next(self.ids)
        self._add(run_id)
        return run_id

    @rule(run_id=known)
    def start_again_under_the_same_id(self, run_id: UUID) -> None:
        self._add(run_id)

    @rule(number=st.integers(1, SWEEP_EVERY))
    def start_many(self, number: int) -> None:
        for _ in range(number):
            self._add(next(self.ids))

    @rule(run_id=known)
    def get(self, run_id: UUID) -> None:
        assert self.open.get(run_id, (0, None))[1] == self.runs.get(run_id)

    @rule(run_id=consumes(known))
    def take(self, run_id: UUID) -> None:
        expected = self.open.pop(run_id, (0, None))[1]
        assert expected == self.runs.take(run_id)
        if expected is not None:
            self._hand_back([expected])
            self.ended.append(run_id)
            assert f"trail of {expected}" == self.runs.ended(run_id)

    @rule(run_id=known)
    def take_what_another_has_replaced(self, run_id: UUID) -> None:
        assert None is self.runs.take(run_id, entry=-1)

    @rule(run_id=known)
    def take_exactly_this_one(self, run_id: UUID) -> None:
        held = self.open.get(run_id)
        if held is not None:
            assert held[1] == self.runs.take(run_id, entry=held[1])
            del self.open[run_id]
            self._hand_back([held[1]])
            self.ended.append(run_id)

    @rule(seconds=st.floats(0, 2 * MAX_AGE))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: not self.drained)
    @rule()
    def drain(self) -> None:
        newest_first = [entry for _, entry in reversed(self.open.values())]
        drained = self.runs.drain()
        assert newest_first == drained
        self._hand_back(drained)
        self.open.clear()
        self.drained = True

    @invariant()
    def it_holds_what_it_should_and_no_more(self) -> None:
        assert len(self.open) == len(self.runs) <= MAX_OPEN

    @invariant()
    def nothing_is_handed_back_twice(self) -> None:
        assert len(set(self.handed_back)) == len(self.handed_back)

    @invariant()
    def the_latest_ended_runs_are_remembered(self) -> None:
        assert all(self.runs.ended(run_id) is not None for run_id in self.ended[-MAX_ENDED:])

    @invariant()
    def no_more_than_twice_as_many_are_remembered(self) -> None:
        assert 2 * MAX_ENDED >= sum(self.runs.ended(run_id) is not None for run_id in set(self.ended))


TestRuns = RunsMachine.TestCase


def test_a_run_that_was_never_started_is_not_there() -> None:
    run_id = next(ids())

    assert (None, None, None) == (table().get(run_id), table().take(run_id), table().ended(run_id))


@pytest.mark.parametrize("run_id", [Numbered(int=7), "7", 7], ids=["a class of one's own", "text", "number"])
def test_an_id_of_any_type_is_found_again(run_id: Any) -> None:
    runs = table()
    runs.add(run_id, "a")
    assert ("a", "a", "trail of a") == (runs.get(run_id), runs.take(run_id), runs.ended(run_id))


def test_the_oldest_run_leaves_for_a_new_one() -> None:
    runs, names = table(), ids()
    evicted = [runs.add(next(names), number) for number in range(MAX_OPEN + 2)]

    assert [[]] * MAX_OPEN + [[0], [1]] == evicted


def test_runs_that_are_too_old_leave_with_the_sweep() -> None:
    now = [0.0]
    runs, names = table(lambda: now[0], max_open=1000), ids()
    runs.add(next(names), "old")
    now[0] = MAX_AGE + 1
    evicted = [entry for number in range(SWEEP_EVERY) for entry in runs.add(next(names), number)]

    assert ["old"] == evicted


def test_asking_for_another_entry_leaves_the_order_of_the_starts() -> None:
    runs, first, second = table(), *islice(ids(), 2)
    runs.add(first, 1)
    runs.add(second, 2)
    runs.take(first, entry=3)

    assert [2, 1] == runs.drain()


def test_the_real_clock_is_monotonic() -> None:
    runs = RunTable[str, str](max_open=1, max_age=3600, max_ended=1, ended_context=str)

    assert [] == runs.add(next(ids()), "new")


# -- threads

THREADS = 8


def _at_once(work: Any) -> list[Any]:
    """Do the same in every thread at the same time; return all that came of it."""
    together = threading.Barrier(THREADS)

    def begin(number: int) -> Any:
        together.wait()
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(chain.from_iterable(pool.map(begin, range(THREADS))))


def test_of_many_threads_one_ends_a_run() -> None:
    names = list(zip(range(200), ids(), strict=False))
    runs = table(max_open=1000, max_ended=1000)
    for number, run_id in names:
        runs.add(run_id, number)
    taken = _at_once(lambda _: [entry for _, run_id in names if (entry := runs.take(run_id)) is not None])

    assert list(range(200)) == sorted(taken)


def test_every_run_is_handed_back_once_whatever_threads_do() -> None:
    runs, per_thread = table(max_open=50), 300

    def work(number: int) -> list[int]:
        back = []
        for step in range(per_thread):
            run_id = UUID(int=number * per_thread + step + 1)
            back.extend(runs.add(run_id, run_id.int))
            if step % 3:
                entry = runs.take(run_id)
                back.extend([] if entry is None else [entry])
        return back

    back = sorted(_at_once(work) + runs.drain())

    assert list(range(1, THREADS * per_thread + 1)) == back


def test_runs_that_start_while_the_table_is_drained_come_back() -> None:
    runs, per_thread = table(max_open=10_000), 200

    def work(number: int) -> list[int]:
        if number == 0:
            return runs.drain()
        return [
            entry
            for step in range(per_thread)
            for entry in runs.add(UUID(int=number * per_thread + step), number * per_thread + step)
        ]

    back = sorted(_at_once(work))

    assert (list(range(per_thread, THREADS * per_thread)), 0) == (back, len(runs))


# -- forks


@pytest.mark.skipif("not hasattr(__import__('os'), 'fork')", reason="this system cannot fork")
def test_a_forked_child_starts_empty_even_if_the_lock_was_held() -> None:
    assert {"child": [0, None], "parent": [1, "entry"]} == ask(
        """
        import json, os
        from uuid import UUID
        from langspan.recording.run_table import RunTable

        runs = RunTable(max_open=9, max_age=9, max_ended=9, ended_context=str)
        runs.add(UUID(int=1), "entry")
        reading, writing = os.pipe()
        with runs._lock:
            pid = os.fork()
            if pid == 0:
                os.write(writing, json.dumps([len(runs), runs.get(UUID(int=1))]).encode())
                os._exit(0)
        os.waitpid(pid, 0)
        child = json.loads(os.read(reading, 1000))
        print(json.dumps({"child": child, "parent": [len(runs), runs.get(UUID(int=1))]}))
        """
    )
