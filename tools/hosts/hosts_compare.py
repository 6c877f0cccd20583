"""Compare how a host's own tests end without tracing and with it, and tell what tracing left behind."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

Results = Mapping[str, Any]
# What may be left behind, by the name that it has in results.
LEFT = {"never_ended": "span never ended", "orphans": "span without its parent", "log_lines": "log line"}
PASSED = "passed"
_MISSING = "not run"


class Finding(NamedTuple):
    """One thing that tracing changed or left behind.

    Attributes:
        test: The test.
        what: What it is.
    """

    test: str
    what: str


@dataclass(frozen=True)
class Comparison:
    """What became of one suite.

    Attributes:
        tests: How many tests have run.
        passed: How many passed in every run.
        unstable: Tests that end differently without tracing too, or that measure time.
        explained: Tests that end differently, and the table of explained ones has them.
        unexplained: All others that do.
        outdated: Tests in that table that end alike.
        left: What tracing left behind; nothing explains that.
    """

    tests: int
    passed: int
    unstable: Sequence[str]
    explained: Sequence[Finding]
    unexplained: Sequence[Finding]
    outdated: Sequence[str]
    left: Sequence[Finding]

    @property
    def is_good(self) -> bool:
        """Whether nothing was left behind, and exactly those tests differ that are explained."""
        return bool(self.tests) and not (self.unexplained or self.outdated or self.left)


def compare(
    untraced: Sequence[Results],
    traced: Results,
    explained: Mapping[str, str],
    timed: Container[str] = (),
) -> Comparison:
    """Compare runs of one suite.

    Args:
        untraced: Results without tracing; where they differ among themselves a test is unstable.
        traced: Results with tracing.
        explained: Why a test differs, by the test.
        timed: Tests that measure time; those that do not always end alike are unstable, whichever run it was.
    """
    outcomes = [each["outcomes"] for each in (*untraced, traced)]
    tests = set().union(*outcomes)
    ended = {test: [each.get(test, _MISSING) for each in outcomes] for test in tests}
    unstable = sorted(
        test for test, every in ended.items() if len(set(every if test in timed else every[:-1])) > 1
    )
    changed = [
        Finding(test, f"{plain} untraced, {with_tracing} traced")
        for test, (plain, *_, with_tracing) in sorted(ended.items())
        if test not in unstable and plain != with_tracing
    ]
    return Comparison(
        tests=len(tests),
        passed=sum(set(each) == {PASSED} for each in ended.values()),
        unstable=unstable,
        explained=[each for each in changed if each.test in explained],
        unexplained=[each for each in changed if each.test not in explained],
        outdated=sorted(set(explained) - {each.test for each in changed}),
        left=list(_left_behind(traced)),
    )


def _left_behind(traced: Results) -> Iterable[Finding]:
    for kind, name in LEFT.items():
        for each in traced[kind]:
            yield Finding(each["test"], f"{name}: {each['what']}")
    # Every open run holds a span; one without would be found nowhere else.
    if traced["open_runs"] > len(traced["never_ended"]):
        yield Finding("the whole suite", f"{traced['open_runs']} runs left open")
