"""`langspan view` and its options, on a file that real runs have written."""

from __future__ import annotations

import json
import re

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.runnables import RunnableLambda
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

import langspan
from langspan.cli import main
from langspan.export.file import OtlpJsonFileExporter
from support.models import ScriptedChat, usage

MS = 1_000_000


@pytest.fixture
def record(tmp_path):
    """Run something and return the file with its traces."""

    def run(body, **settings):
        path = tmp_path / "spans.jsonl"
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(OtlpJsonFileExporter(path)))
        tracing = langspan.instrument(tracer_provider=provider, **settings)
        body()
        tracing.uninstrument()
        provider.shutdown()
        return str(path)

    return run


@pytest.fixture
def view_file(capsys):
    def run(*arguments):
        code = main(["view", *arguments])
        return code, *capsys.readouterr()

    return run


def parse(order):
    return int(order)


def price(number):
    return number * 9.5


def fifty_requests():
    handle = RunnableLambda(parse) | RunnableLambda(price)
    orders = [str(number) for number in range(50)]
    orders[23] = "twenty-three"
    for number, order in enumerate(orders):
        handle.batch([order], {"metadata": {"session_id": f"request-{number}"}}, return_exceptions=True)


def test_one_failing_request_of_fifty_is_one_command(record, view_file):
    code, out, err = view_file(record(fifty_requests), "--errors")
    assert (0, "") == (code, err)
    assert 1 == out.count("trace ")
    assert 1 == out.count("ValueError")
    assert re.search(r"parse .*✗ ValueError$", out, re.MULTILINE)


def test_the_list_has_a_line_for_each_trace_and_tells_the_failing_one(record, view_file):
    _, out, _ = view_file(record(fifty_requests), "--list")
    title, *lines = out.splitlines()
    assert ["start", "time", "spans", "trace", "what", "ran"] == title.split()
    assert 50 == len(lines)
    assert ["RunnableSequence  ✗ ValueError in parse"] == [
        line[line.index("RunnableSequence") :] for line in lines if "✗" in line
    ]


def test_of_many_traces_the_options_are_told(record, view_file):
    path = record(fifty_requests)
    assert "50 traces; --list shows each on a line" in view_file(path)[2]
    assert "" == view_file(path, "--errors")[2]


def test_a_request_is_found_by_its_id(record, view_file):
    _, out, _ = view_file(record(fifty_requests), "--conversation", "request-7")
    assert re.match(r"conversation request-7 · 1 turn · [\d.]+ \S+\n\n", out)


def test_a_file_without_such_a_trace_is_told_and_exit_code_1(record, view_file):
    path = record(fifty_requests)
    assert (1, "", f"langspan: {path}: no trace in it is like that\n") == view_file(path, "--slower", "1h")


def talk():
    for question, answer, tokens in (("Where?", "Here.", (10, 2)), ("When?", "Now.", (20, 3))):
        message = AIMessage(answer, usage_metadata=usage(*tokens))
        history = [SystemMessage("Be brief."), HumanMessage(question)]
        ScriptedChat(answers=[message]).invoke(history, {"metadata": {"conversation_id": "c-1"}})
    ScriptedChat(model_name="other-2").invoke("Else?", {"metadata": {"conversation_id": "c-2"}})


def test_a_conversation_is_its_turns_with_sums(record, view_file):
    _, out, _ = view_file(record(talk), "--conversation", "c-1")
    first, blank, title, *turns = out.splitlines()
    assert re.fullmatch(r"conversation c-1 · 2 turns · .* · 30 tokens in, 5 out", first)
    assert ("", "tokens") == (blank, title.split()[3])
    assert ["10+2", "20+3"] == [line.split()[-4] for line in turns]


def test_traces_are_found_by_name(record, view_file):
    path = record(talk)
    assert 1 == len(view_file(path, "--list", "--name", "OTHER")[1].splitlines()[1:])
    assert 2 == len(view_file(path, "--list", "--name", "chat*scripted")[1].splitlines()[1:])


def test_what_was_said_is_shown_where_it_was_recorded(record, view_file):
    _, out, _ = view_file(record(talk, capture_content=True), "--conversation", "c-1", "--content")
    assert [
        "chat scripted-1",
        "  system    Be brief.",
        "  user      Where?",
        "  assistant Here.",
    ] == out.split("\n\n")[2].splitlines()


def test_without_content_it_is_told_how_to_record_it(record, view_file):
    _, out, _ = view_file(record(talk), "--name", "other", "--content")
    assert "no content was recorded; instrument(capture_content=True) records it" == out.splitlines()[-1]


def test_earlier_messages_are_not_repeated(record, view_file):
    def run():
        def twice(_):
            ScriptedChat(answers=["one"]).invoke([HumanMessage("a")])
            ScriptedChat(answers=["two"]).invoke([HumanMessage("a"), AIMessage("one"), HumanMessage("b")])

        RunnableLambda(twice).invoke("x")

    _, out, _ = view_file(record(run, capture_content=True), "--content")
    assert ["  ...       2 earlier messages", "  user      b", "  assistant two"] == out.splitlines()[-3:]


def test_the_summary_has_models_with_their_sums(record, view_file):
    _, out, _ = view_file(record(talk), "--summary")
    first, _, title, other, scripted = out.splitlines()
    assert "3 traces, 0 failed" == first
    assert ["model", "calls", "tokens", "in", "out", "median", "95", "%", "longest"] == title.split()
    assert (["other-2", "1"], ["scripted-1", "2", "30", "5"]) == (other.split()[:2], scripted.split()[:4])


def test_json_has_a_line_for_each_trace(record, view_file):
    path = record(fifty_requests)
    lines = [json.loads(line) for line in view_file(path, "--json", "--errors")[1].splitlines()]
    assert [["parse"]] == [[error["span"] for error in line["errors"]] for line in lines]
    assert ("ValueError", True, ["request-23"]) == (
        lines[0]["errors"][0]["type"],
        lines[0]["failed"],
        lines[0]["conversations"],
    )
    assert {"RunnableSequence", "parse"} == {span["name"] for span in lines[0]["spans"]}
    assert "spans" not in json.loads(view_file(path, "--json", "--list", "--errors")[1])


def test_the_summary_is_also_json(record, view_file):
    found = json.loads(view_file(record(talk), "--summary", "--json")[1])
    assert (3, ["other-2", "scripted-1"]) == (found["traces"], [model["name"] for model in found["models"]])
    assert (30, 5) == (found["models"][1]["input_tokens"], found["models"][1]["output_tokens"])


def otlp(*spans):
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}) + "\n"


def span(span_id="01", trace_id="feed", name="step", took=2, **attributes):
    pairs = [
        {
            "key": key.replace("__", "."),
            "value": {"doubleValue": value} if isinstance(value, float) else {"stringValue": value},
        }
        for key, value in attributes.items()
    ]
    times = {"startTimeUnixNano": 10**18, "endTimeUnixNano": 10**18 + took * MS}
    return {"traceId": trace_id, "spanId": span_id, "name": name, **times, "attributes": pairs}


@pytest.mark.parametrize(
    ("least", "shown"), [("1s", ["slow"]), ("1ms", ["slow", "fast"]), ("0.001", ["slow", "fast"])]
)
def test_only_slow_traces_are_shown(view, least, shown):
    content = otlp(span(trace_id="a", name="slow", took=1500), span(trace_id="b", name="fast"))
    _, out, _ = view(content, "--slower", least, "--list")
    assert shown == [line.split()[-1] for line in out.splitlines()[1:]]


def test_a_time_that_is_none_is_refused(view, capsys):
    with pytest.raises(SystemExit):
        view(otlp(span()), "--slower", "soon")
    assert "'soon' is no duration; write it as 1s, 200ms or 2m" in capsys.readouterr().err


def test_costs_are_shown_where_they_are_recorded(view):
    call = {"gen_ai__operation__name": "chat", "gen_ai__request__model": "m", "langspan__cost__amount": 0.25}
    call |= {"langspan__cost__currency": "USD", "langspan__conversation__id": "c"}
    content = otlp(span(**call), span("02", "beef", **call), span("03", "beef", **call))
    assert ["$0.250", "$0.500"] == [
        re.search(r"\$[\d.]+", line)[0] for line in view(content, "--list")[1].splitlines()[1:]
    ]
    assert " · $0.750\n" in view(content, "--conversation", "c")[1]
    assert "$0.750" in view(content, "--summary")[1]
    assert [0.25, 0.5] == [
        json.loads(line)["cost_usd"] for line in view(content, "--json", "--list")[1].splitlines()
    ]


def test_hostile_text_is_harmless_in_every_form(view):
    evil = "\x1b[2J\u202e"
    call = {
        "gen_ai__operation__name": "chat",
        "gen_ai__request__model": evil,
        "gen_ai__input__messages": evil,
    }
    content = otlp(span(name=evil, **call, langspan__conversation__id="c"))
    for options in (["--list"], ["--summary"], ["--content"], ["--conversation", "c"], ["--json"]):
        code, out, _ = view(content, *options)
        assert (0, False, False) == (code, "\x1b" in out, "\u202e" in out)
