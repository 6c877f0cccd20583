"""Compare two snapshots of telemetry, test by test, and sum up what differs."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from snapshot_records import Records, read

_NOTHING: Counter[str] = Counter()
_SHOWN_TESTS = 3
_LISTED_TESTS = 100
_SHOWN_LENGTH = 100


class Difference(NamedTuple):
    """One place in which a record differs.

    Attributes:
        place: What differs, alike in all tests where the same does.
        detail: How it differs here.
    """

    place: str
    detail: str


def compare(before: Path, after: Path, *, again: Path | None, limit: int) -> int:
    """Print how two snapshots differ.

    Args:
        before: The directory of the first.
        after: The directory of the second.
        again: A second snapshot of what the first shows. In tests where these two differ, only what they
            have in common is looked for.
        limit: How many kinds of difference to print.

    Returns:
        1 if there are differences, 0 if not.
    """
    old, new = read(before), read(after)
    repeated = read(again) if again else old
    pairs = dict(_pairs(old, new))
    _print_names("only before", sorted(set(old) - set(pairs)))
    _print_names("only after", sorted(set(new) - set(pairs.values())))
    unstable = sorted(test for test in pairs if old[test] != repeated.get(test, old[test]))
    _print_names("unstable, compared in part", unstable)
    found = defaultdict(list)
    differing = 0
    for test, moved in pairs.items():
        missing, added = old[test] - new[moved], new[moved] - old[test]
        if test in unstable:
            missing, added = (old[test] & repeated[test]) - new[moved], _NOTHING
        differing += bool(missing or added)
        for place, detail in differences(missing, added):
            found[place].append((test, detail))
    _print_found(found, limit)
    records = sum(old[test].total() for test in pairs)
    print(f"{len(pairs)} tests compared, {records} records before; {differing} tests differ")
    return int(bool(found) or len(pairs) < max(len(old), len(new)))


def _pairs(old: Records, new: Records) -> Iterator[tuple[str, str]]:
    """Tests of both sides that are the same: by their path, else by their file's name, else by their own."""
    left, right = set(old), set(new)
    for name_of in (str, _without_folder, _without_file):
        known = _unambiguous(right, name_of)
        for name, test in _unambiguous(left, name_of).items():
            if name in known:
                yield test, known[name]
                left.discard(test)
                right.discard(known[name])


def _unambiguous(tests: Iterable[str], name_of: Any) -> dict[str, str]:
    groups = defaultdict(list)
    for test in tests:
        groups[name_of(test)].append(test)
    return {name: group[0] for name, group in groups.items() if len(group) == 1}


def _without_folder(test: str) -> str:
    path, separator, name = test.partition("::")
    return path.rpartition("/")[2] + separator + name


def _without_file(test: str) -> str:
    return test.partition("::")[2]


def differences(missing: Counter[str], added: Counter[str]) -> Iterator[Difference]:
    """Tell what became of records: each that is missing is set against the added one that is most like it.

    Args:
        missing: Records of before that are not there after.
        added: Records of after that were not there before.
    """
    left = [_flat(json.loads(record)) for record in added.elements()]
    for text in missing.elements():
        record = _flat(json.loads(text))
        alike = [other for other in left if other["type"] == record["type"]]
        if alike:
            nearest = max(alike, key=lambda other: len(other.items() & record.items()))
            left.remove(nearest)
            yield from _changes(record, nearest)
        else:
            yield Difference(f"{record['type']} only before", record["name"])
    for record in left:
        yield Difference(f"{record['type']} only after", record["name"])


def _changes(before: dict[str, str], after: dict[str, str]) -> Iterator[Difference]:
    where = f"{before['type']} {before['name']}"
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) != after.get(path):
            kind = "only before" if path not in after else "only after" if path not in before else "changed"
            values = (_short(side[path]) for side in (before, after) if path in side)
            yield Difference(f"{before['type']} {path} {kind}", f"{where}: {' -> '.join(values)}")


def _flat(value: Any, path: str = "") -> dict[str, str]:
    """Every leaf of a record by the path to it, as JSON."""
    if isinstance(value, dict):
        items: Iterable[tuple[Any, Any]] = value.items()
    elif isinstance(value, list) and value:
        items = enumerate(value)
    else:
        return {path: json.dumps(value)}
    return {
        leaf: text
        for key, each in items
        for leaf, text in _flat(each, f"{path}.{key}" if path else str(key)).items()
    }


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}..."


def _print_names(title: str, tests: list[str]) -> None:
    if tests:
        more = ["..."] if len(tests) > _LISTED_TESTS else []
        print(f"{title} ({len(tests)}):", *tests[:_LISTED_TESTS], *more, sep="\n  ", end="\n\n")


def _print_found(found: dict[str, list[tuple[str, str]]], limit: int) -> None:
    ranked = sorted(found.items(), key=lambda item: -len(item[1]))
    for place, where in ranked[:limit]:
        tests = dict(where)
        print(f"{place}: {len(where)} times in {len(tests)} tests")
        for test, detail in list(tests.items())[:_SHOWN_TESTS]:
            print(f"  {test}\n    {detail}")
        print()
    if len(ranked) > limit:
        print(f"... and {len(ranked) - limit} more kinds of difference\n")
