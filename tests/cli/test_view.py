"""`langspan view` on files: what the exporters write, what is broken, what is missing."""

from __future__ import annotations

import io
import json
import sys

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import StatusCode

from langspan.cli import main
from langspan.export.file import OtlpJsonFileExporter


def otlp(*spans):
    """One line as the collector's file exporter writes it."""
    return json.dumps(
        {"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {}, "spans": list(spans)}]}]}
    )


def span(span_id="01", trace_id="feed", name="step", **more):
    times = {"startTimeUnixNano": "1000000000", "endTimeUnixNano": "1002000000"}
    return {"traceId": trace_id, "spanId": span_id, "name": name, **times, **more}


def test_what_langspan_exports_can_be_viewed(tmp_path, capsys):
    path = tmp_path / "spans.jsonl"
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(OtlpJsonFileExporter(path)))
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("outer"):
        attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.usage.input_tokens": 1234,
            "error.type": "Timeout",
        }
        with tracer.start_as_current_span("chat m", attributes=attributes) as inner:
            inner.set_status(StatusCode.ERROR)
    provider.shutdown()
    assert 0 == main(["view", str(path)])
    outer, inner_line = capsys.readouterr().out.splitlines()[-2:]
    assert outer.startswith("outer ")
    assert inner_line.startswith("└─ chat m ")
    assert inner_line.endswith("1234  ✗ Timeout")


def test_spans_of_one_trace_may_be_spread_over_lines(view):
    """Exporters write children before their parent, in as many batches as they like."""
    code, out, _ = view(f"{otlp(span('02', parentSpanId='01', name='child'))}\n{otlp(span('01'))}\n")
    assert (0, ["step", "└─ child"]) == (code, [line.split("  ")[0] for line in out.splitlines()[-2:]])


def test_every_trace_of_the_file_is_drawn(view):
    _, out, _ = view(otlp(span(), span(trace_id="beef")))
    assert ["trace feed", "trace beef"] == [
        line[:10] for line in out.splitlines() if line.startswith("trace")
    ]


def test_a_trace_is_chosen_by_the_beginning_of_its_id(view):
    code, out, _ = view(otlp(span(), span(trace_id="beef")), "--trace", "BE")
    assert (0, 1, "trace beef") == (code, out.count("trace "), out[:10])


def test_standard_input_is_read(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(otlp(span()).encode())))
    assert 0 == main(["view", "-"])
    assert "step" in capsys.readouterr().out


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(otlp(span()) + "\n", id="one line"),
        pytest.param(otlp(span()), id="no line feed at the end"),
        pytest.param("\n\n" + otlp(span()) + "\r\n\n", id="empty lines"),
        pytest.param(b"\xef\xbb\xbf" + otlp(span()).encode(), id="byte order mark"),
        pytest.param(json.dumps(json.loads(otlp(span())), indent=2), id="one object over many lines"),
        pytest.param(
            '{"resourceMetrics": []}\n' + otlp(span()) + '\n{"resourceLogs": []}\n', id="metrics and logs"
        ),
        pytest.param("{}\n" + otlp(span()), id="an empty request"),
        pytest.param(
            otlp(span(name="step", attributes=[{"key": "a", "value": {}}])), id="attribute without a value"
        ),
        pytest.param(
            otlp(span(name="step", status={"message": "\u2028"})), id="line separator inside a string"
        ),
        pytest.param(otlp(span(startTimeUnixNano=1000000000)), id="time as a number"),
    ],
)
def test_lawful_files_are_read(view, content):
    code, out, err = view(content)
    assert (0, "") == (code, err)
    assert out.splitlines()[-1].startswith("step ")


def test_unescaped_line_separators_do_not_end_a_line(view):
    """JSON allows them in a string, and exporters that do not escape UTF-8 write them."""
    line = otlp(span(name="a\u2028b\x85c")).encode().decode("unicode_escape")
    assert 0 == view(line)[0]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param("", "no spans in it", id="empty"),
        pytest.param('{"resourceSpans": []}', "no spans in it", id="no spans"),
        pytest.param("hello\n", "line 1 is not JSON", id="text"),
        pytest.param(otlp(span()) + "\nhello\n", "line 2 is not JSON", id="text on the second line"),
        pytest.param("[1, 2]\n", "line 1 is JSON but not OTLP", id="list"),
        pytest.param('{"trace": [{"traceID": "1"}]}', "line 1 is JSON but not OTLP", id="something else"),
        pytest.param('{"data": [7]}', "line 1 is not what Jaeger answers", id="something like Jaeger's"),
        pytest.param(
            otlp({"name": "x"}), "line 1 holds a span that is not OTLP: KeyError('traceId')", id="no ids"
        ),
        pytest.param(
            otlp(span(startTimeUnixNano="soon")), "line 1 holds a span that is not OTLP", id="bad time"
        ),
        pytest.param(
            '{"resourceSpans": [7]}', "line 1 holds a span that is not OTLP", id="number for an object"
        ),
        pytest.param(
            b"\x28\xb5\x2f\xfd\x00", "not a text file; is it compressed, or binary OTLP?", id="compressed"
        ),
    ],
)
def test_a_bad_file_is_named_with_its_problem_and_the_exit_code_is_1(view, content, problem):
    code, out, err = view(content)
    assert (1, "") == (code, out)
    assert err.startswith("langspan: ")
    assert f"spans.jsonl: {problem}" in err


def test_a_last_line_that_is_cut_off_is_left_out_with_a_warning(view):
    """A crash in the middle of a write must not hide what was written before."""
    code, out, err = view(otlp(span()) + "\n" + otlp(span("02"))[:50])
    assert (0, "step") == (code, out.splitlines()[-1].split("  ")[0])
    assert err.endswith("spans.jsonl: line 2 is cut off and was left out\n")


def test_a_file_that_is_not_there_is_exit_code_1(tmp_path, capsys):
    assert 1 == main(["view", str(tmp_path / "none.jsonl")])
    assert capsys.readouterr().err.endswith("none.jsonl: No such file or directory\n")


def test_an_unknown_trace_lists_the_known_ones(view):
    code, _, err = view(otlp(span()), "--trace", "abc")
    assert 1 == code
    assert err.endswith("no trace abc; it holds\n  feed\n")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param({"intValue": "1234"}, "1234", id="64-bit integer as text"),
        pytest.param({"intValue": 1234}, "1234", id="integer"),
        pytest.param({"doubleValue": 12.5}, "", id="fraction"),
        pytest.param({"stringValue": "1234"}, "", id="text"),
        pytest.param({"boolValue": True}, "", id="truth"),
        pytest.param({"arrayValue": {"values": [{"intValue": 1}]}}, "", id="list"),
        pytest.param({"kvlistValue": {"values": [{"key": "a", "value": {"intValue": 1}}]}}, "", id="map"),
    ],
)
def test_only_whole_numbers_count_as_tokens(view, value, shown):
    _, out, _ = view(otlp(span(attributes=[{"key": "gen_ai.usage.input_tokens", "value": value}])))
    assert shown == out.splitlines()[-1].split("ms")[1].strip()


JUDGEMENT = [
    {"key": "langspan.evaluation.name", "value": {"stringValue": "user_feedback"}},
    {"key": "langspan.evaluation.score.label", "value": {"stringValue": "thumbs-down"}},
    {"key": "langspan.evaluation.score.value", "value": {"doubleValue": 0.0}},
]
SECOND, DAY = 10**9, 86_400 * 10**9


def judged_a_day_later():
    late = str(DAY)
    return otlp(
        span("01", name="run", startTimeUnixNano="0", endTimeUnixNano=str(SECOND)),
        span(
            "02",
            name="evaluate",
            parentSpanId="01",
            startTimeUnixNano=late,
            endTimeUnixNano=late,
            attributes=JUDGEMENT,
        ),
    )


def test_a_judgement_shows_what_it_says(view):
    _, out, _ = view(judged_a_day_later())
    assert "thumbs-down 0" in next(line for line in out.splitlines() if "evaluate" in line)


def test_a_judgement_of_a_day_later_is_no_part_of_the_time_that_a_run_took(view):
    _, out, _ = view(judged_a_day_later())
    assert "2 spans · 1.00 s" in out
    assert 1 == view(judged_a_day_later(), "--slower", "2s")[0]
