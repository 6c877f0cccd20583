"""`langspan.testing.record`: what it tells of real runs, and that nothing of it stays."""

from __future__ import annotations

import os
import unittest

import pytest
from langchain_core.runnables import RunnableLambda
from opentelemetry import trace

import langspan
from langspan.testing import SpanError, Tokens, record
from support.agents import ASK, agent, is_edge
from support.models import ScriptedChat, tool_call, usage
from support.otlp import receive
from support.recording import Recording

pytest.importorskip("langchain", reason="the agents here are LangChain's: pip install langchain")


def double(number: int) -> int:
    """Double it."""
    return 2 * number


def fail(number: int) -> int:
    """Fail at it."""
    raise ValueError("no luck")


def ask(*answers, tools=(double,)):
    agent(None, *tools, model=ScriptedChat(answers=answers)).invoke(ASK)


def test_an_agent_is_a_tree_without_times():
    with record() as traces:
        ask(tool_call("double", number=2), "four")
    shown = [line for line in traces.tree().splitlines() if not is_edge(line.lstrip("│├└─ "))]
    assert [
        "invoke_agent math",
        "├─ node model",
        "│  └─ chat scripted-1",
        "├─ node tools",
        "│  └─ execute_tool double",
        "└─ node model",
        "   └─ chat scripted-1",
    ] == shown


def test_the_tree_that_is_drawn_is_the_tree_that_is_asserted():
    with record() as traces:
        RunnableLambda(lambda x: x).with_retry().batch([1, 2, 3])
        traces.assert_tree(traces.tree())


def test_another_tree_fails_and_shows_both():
    with record() as traces:
        RunnableLambda(lambda x: x, name="step").invoke(1)
    with pytest.raises(AssertionError) as failure:
        traces.assert_tree("stop")
    assert [
        "the tree is another one (- expected, + found):",
        "",
        "- stop",
        "+ step",
        "",
        "found:",
        "step",
    ] == str(failure.value).splitlines()


def test_spans_are_found_by_kind_and_name():
    with record() as traces:
        ask(tool_call("double", number=2), "four")
    assert ["chat scripted-1"] * 2 == [span.name for span in traces.spans(kind="chat")]
    assert ["execute_tool double"] == [span.name for span in traces.spans(name="double")]
    assert ["execute_tool double"] == [span.name for span in traces.spans(name="execute_tool d*")]
    assert [] == traces.spans(kind="chat", name="double")
    assert {"node model", "node tools"} == {span.name for span in traces.spans(kind="node")}


def test_tools_and_tokens_are_told():
    first = tool_call("double", number=2)
    first.usage_metadata = usage(10, 3)
    with record() as traces:
        ask(first, "four")
    assert (["double"], Tokens(10, 3), 13) == (traces.tools_called(), traces.tokens, traces.tokens.total)


def test_an_error_is_told_once_by_the_span_it_began_in():
    with record() as traces, pytest.raises(ValueError, match="no luck"):
        ask(tool_call("fail", number=2), tools=(fail,))
    assert [SpanError("execute_tool fail", "ValueError", "no luck")] == traces.errors


def test_content_is_there_unless_it_is_turned_off():
    for on in (True, False):
        with record(capture_content=on) as traces:
            ScriptedChat().invoke("a question")
        (chat,) = traces.spans(kind="chat")
        assert on is ("a question" in chat.attributes.get("gen_ai.input.messages", ""))


def test_further_settings_are_those_of_instrument():
    with record(spans="genai") as traces:
        (RunnableLambda(lambda x: x) | ScriptedChat()).invoke("hi")
    traces.assert_tree("RunnableSequence\n  chat scripted-1")


def test_spans_of_the_tests_own_belong_to_the_tree():
    with record() as traces:
        tracer = traces.tracer_provider.get_tracer("shop")
        with tracer.start_as_current_span("request"):
            ScriptedChat(body=tracer).invoke("hi")
    traces.assert_tree("request\n  chat scripted-1\n    http")


def test_what_is_cleared_is_forgotten():
    with record() as traces:
        ScriptedChat().invoke("hi")
        traces.clear()
    assert ("", []) == (traces.tree(), traces.spans())


def test_the_environment_decides_nothing_and_stays(monkeypatch):
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    monkeypatch.setenv("LANGSPAN_SPANS", "nonsense")
    before = dict(os.environ)
    with record() as traces:
        assert before == dict(os.environ)
        ScriptedChat().invoke("hi")
    traces.assert_tree("chat scripted-1")


def test_nothing_is_left_behind():
    with record():
        pass
    assert langspan.LangSpanInstrumentor().instrumentation is None
    assert isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def test_a_setting_that_is_refused_leaves_nothing_behind():
    with pytest.raises(ValueError, match="spans='some'"), record(spans="some"):
        pass
    assert langspan.LangSpanInstrumentor().instrumentation is None


def test_tracing_that_was_on_pauses_and_goes_on(recording: Recording):
    langspan.instrument(tracer_provider=recording.provider)
    with record() as traces:
        ScriptedChat(model_name="inside").invoke("hi")
    ScriptedChat(model_name="after").invoke("hi")
    assert (["chat after"], "chat inside") == (recording.names(), traces.tree())


def test_tracing_to_an_endpoint_goes_on_too(monkeypatch):
    with receive() as server:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.endpoint)
        langspan.instrument()
        with record():
            ScriptedChat(model_name="inside").invoke("hi")
        ScriptedChat(model_name="after").invoke("hi")
        assert langspan.instrument().flush()
        assert ["chat after"] == [span.name for span in server.received.spans]
        langspan.instrument().shutdown()


def test_one_recording_inside_another_sees_only_its_own():
    with record() as outer:
        with record() as inner:
            ScriptedChat(model_name="inner").invoke("hi")
        ScriptedChat(model_name="outer").invoke("hi")
    assert ("chat inner", "chat outer") == (inner.tree(), outer.tree())


def test_an_application_that_instruments_itself_is_recorded_all_the_same(caplog):
    with record() as traces:
        langspan.instrument()
        ScriptedChat().invoke("hi")
    assert ("chat scripted-1", []) == (traces.tree(), caplog.records)


def test_a_snapshot_is_written_when_asked_and_compared_from_then_on(tmp_path):
    path = tmp_path / "kept" / "one.tree"
    with record() as traces:
        with pytest.raises(AssertionError, match="no snapshot in"):
            traces.assert_snapshot(path)
        ScriptedChat().invoke("hi")
        traces.assert_snapshot(path, update=True)
        traces.assert_snapshot(path)
        ScriptedChat().invoke("hi")
        with pytest.raises(AssertionError, match=r"\+ chat scripted-1\n(.*\n)*\nsnapshot: .*one\.tree"):
            traces.assert_snapshot(path)
    assert "chat scripted-1\n" == path.read_text("utf-8")


def test_a_snapshot_with_wildcards_is_kept_while_it_fits(tmp_path):
    path = tmp_path / "one.tree"
    path.write_text("chat *\n", "utf-8")
    with record() as traces:
        ScriptedChat().invoke("hi")
        traces.assert_snapshot(path, update=True)
    assert "chat *\n" == path.read_text("utf-8")


def test_outside_pytest_a_snapshot_needs_a_name():
    with record() as traces, pytest.raises(ValueError, match="name the file"):
        traces.assert_snapshot()


class WithUnittest(unittest.TestCase):
    """As `python -m unittest` runs it."""

    def setUp(self):
        self.traces = self.enterContext(record())

    def test_each_test_has_its_own_recording(self):
        ScriptedChat().invoke("hi")
        self.traces.assert_tree("chat scripted-1")

    def test_and_another_one_as_well(self):
        assert self.traces.spans() == []


async def test_asynchronous_runs_are_recorded(traces):
    """With the fixture."""
    await ScriptedChat().ainvoke("hi")
    traces.assert_tree("chat scripted-1")
