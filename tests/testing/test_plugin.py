"""The pytest plugin, in runs of pytest as a user starts them."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

SUITE = """
import pytest
from langchain_core.language_models import FakeListChatModel

model = FakeListChatModel(responses=["yes", "no"])


def test_one(traces):
    model.invoke("hi")
    traces.assert_tree("chat")


def test_two(traces):
    model.invoke("hi")
    model.invoke("hi")
    traces.assert_tree("chat\\nchat")


@pytest.mark.anyio
async def test_with_anyio(traces):
    await model.ainvoke("hi")
    traces.assert_tree("chat")


@pytest.mark.asyncio
async def test_with_asyncio(traces):
    await model.ainvoke("hi")
    traces.assert_tree("chat")


class TestSome:
    @pytest.mark.parametrize("word", ["a/b", "a:b", "plain"])
    def test_many(self, traces, word):
        model.invoke(word)
        traces.assert_snapshot()
        model.invoke(word)
        traces.assert_snapshot()
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makeini(
        "[pytest]\nfilterwarnings = error\naddopts = -p no:cacheprovider\n"
        "asyncio_default_fixture_loop_scope = function\n"
    )
    pytester.makeconftest("import pytest\n@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'\n")
    pytester.makepyfile(test_suite=SUITE)
    return pytester


def test_snapshots_are_missing_written_and_found(suite: pytest.Pytester) -> None:
    """And the other tests pass each time: synchronous ones, with anyio, with asyncio."""
    first = suite.runpytest_subprocess()
    first.assert_outcomes(passed=4, failed=3)
    first.stdout.fnmatch_lines(["*no snapshot in *--langspan-update writes it*"])
    suite.runpytest_subprocess("--langspan-update").assert_outcomes(passed=7)
    suite.runpytest_subprocess().assert_outcomes(passed=7)
    kept = sorted(path.name for path in (suite.path / "snapshots" / "test_suite").iterdir())
    assert 6 == len(kept)
    assert ["TestSome.test_many[plain]-2.tree", "TestSome.test_many[plain].tree"] == kept[-2:]


def test_a_snapshot_that_differs_fails_and_is_written_anew(suite: pytest.Pytester) -> None:
    suite.runpytest_subprocess("--langspan-update", "-k", "plain").assert_outcomes(passed=1)
    path = suite.path / "snapshots" / "test_suite" / "TestSome.test_many[plain].tree"
    path.write_text("chat\nchat\n", "utf-8")
    failed = suite.runpytest_subprocess("-k", "plain")
    failed.assert_outcomes(failed=1)
    failed.stdout.fnmatch_lines(["E *- chat", "E *snapshot: *plain?.tree"])
    suite.runpytest_subprocess("--langspan-update", "-k", "plain").assert_outcomes(passed=1)
    assert "chat\n" == path.read_text("utf-8")


def test_it_works_in_several_processes(suite: pytest.Pytester) -> None:
    pytest.importorskip("xdist", reason="pip install pytest-xdist")
    suite.runpytest_subprocess("-n", "2", "--langspan-update").assert_outcomes(passed=7)
    suite.runpytest_subprocess("-n", "2").assert_outcomes(passed=7)


def test_a_failure_shows_the_lines_that_differ(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        test_other="""
        from langchain_core.language_models import FakeListChatModel

        def test_wrong(traces):
            FakeListChatModel(responses=["yes"]).invoke("hi")
            traces.assert_tree("chat m")
        """
    )
    failed = suite.runpytest_subprocess("test_other.py")
    failed.assert_outcomes(failed=1)
    failed.stdout.fnmatch_lines(["E *(- expected, + found):", "E *- chat m", "E *+ chat"])
    failed.stdout.no_fnmatch_line("*langspan/testing/traces.py*")


def test_nothing_is_imported_until_a_test_asks_for_it(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        test_other="""
        import sys

        def test_nothing_of_ours():
            packages = {name.partition(".")[0] for name in sys.modules}
            assert not {"langspan", "langchain_core"} & packages
        """
    )
    suite.runpytest_subprocess("test_other.py").assert_outcomes(passed=1)


def test_a_fixture_of_the_same_name_wins(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        test_other="""
        import pytest

        @pytest.fixture
        def traces():
            return "mine"

        def test_it(traces):
            assert traces == "mine"
        """
    )
    suite.runpytest_subprocess("test_other.py").assert_outcomes(passed=1)


def test_unittest_runs_it_without_pytest(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        test_cases="""
        import sys
        import unittest

        from langchain_core.language_models import FakeListChatModel
        from langspan.testing import record

        class Cases(unittest.TestCase):
            def setUp(self):
                self.traces = self.enterContext(record())

            def test_it(self):
                FakeListChatModel(responses=["yes"]).invoke("hi")
                self.traces.assert_tree("chat")
                assert "pytest" not in sys.modules
        """
    )
    done = suite.runpython_c("import unittest; unittest.main('test_cases', argv=['x'])")
    assert 0 == done.ret, done.stderr.str()
