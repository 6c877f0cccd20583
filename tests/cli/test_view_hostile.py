"""`langspan view` on files that are broken or made to do harm: one line that says what is wrong, and 1."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pytest

from langspan.cli import main, otlp
from langspan.cli.lines import Lines
from langspan.cli.terminal import CliError

MIB = 1024 * 1024
HEAD = '{"resourceSpans": [{"scopeSpans": [{"spans": ['
TAIL = "]}]}]}\n"


def line_of(*spans):
    return HEAD + ", ".join(spans) + TAIL


def span(name="step", span_id="01", **more):
    times = {"startTimeUnixNano": "1000000000", "endTimeUnixNano": "1002000000"}
    return json.dumps({"traceId": "feed", "spanId": span_id, "name": name, **times, **more})


def with_field(name, text):
    """A span with a field whose JSON is this text."""
    return span()[:-1] + f', "{name}": {text}' + "}"


def with_value(text):
    """A span with an attribute whose value is this JSON text."""
    key = "gen_ai.response.time_to_first_chunk"
    return with_field("attributes", f'[{{"key": "{key}", "value": {text}}}]')


DEEP = 200_000


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param("[" * DEEP, "line 1 is not JSON: it is nested too deeply", id="brackets"),
        pytest.param("[" * DEEP + "]" * DEEP, "line 1 is not JSON: it is nested too deeply", id="closed"),
        pytest.param('{"a":' * DEEP + "1" + "}" * DEEP, "it is nested too deeply", id="braces"),
        pytest.param(
            line_of(span()) + "[" * DEEP, "line 2 is not JSON: it is nested too deeply", id="second line"
        ),
        pytest.param(HEAD, "line 1 is not JSON", id="half a line and nothing else"),
        pytest.param(b"\x00" * 4096, "not a text file", id="zeros"),
        pytest.param(bytes(range(256)) * 100, "not a text file", id="binary"),
        pytest.param(
            line_of(span()).encode() + b'{"a": "\xff"}\n',
            "line 2 is not UTF-8 text, at byte 8 of 10",
            id="UTF-8",
        ),
        pytest.param(
            line_of(with_field("startTimeUnixNano", "9" * 5000)), "line 1 is not JSON", id="endless number"
        ),
        pytest.param(line_of(with_field("endTimeUnixNano", "1e999")), "OverflowError", id="infinite time"),
        pytest.param(line_of(with_field("endTimeUnixNano", "NaN")), "ValueError", id="no number"),
        pytest.param(line_of(with_field("endTimeUnixNano", "-1")), "fit into 64 bits: -1", id="sign"),
        pytest.param(
            line_of(with_field("endTimeUnixNano", '"' + "9" * 400 + '"')), "does not fit", id="long time"
        ),
        pytest.param(line_of(with_value('{"intValue": "1e5"}')), "ValueError", id="text for a number"),
        pytest.param(
            line_of(with_value('{"intValue": "' + "9" * 30 + '"}')), "does not fit into 64 bits", id="integer"
        ),
        pytest.param(line_of(with_value("7")), "holds a span that is not OTLP", id="value"),
        pytest.param(line_of(with_field("attributes", "7")), "a span that is not OTLP", id="attributes"),
        pytest.param(line_of(with_field("attributes", '[{"key": ["a"]}]')), "expected text, found", id="key"),
        pytest.param(line_of(with_field("status", "7")), "holds a span that is not OTLP", id="status"),
        pytest.param(line_of(with_field("name", json.dumps(["x" * MIB]))), "expected text", id="long error"),
    ],
)
def test_a_hostile_file_is_answered_in_one_line(view, content, problem):
    code, out, err = view(content)
    assert (1, "", 1) == (code, out, len(err.splitlines()))
    assert err.startswith("langspan: ")
    assert problem in err
    assert len(err) < 500


@pytest.mark.parametrize(
    "value",
    [
        '{"doubleValue": 1e999}',
        '{"doubleValue": NaN}',
        '{"doubleValue": 1e300}',
        '{"doubleValue": "Infinity"}',
    ],
)
def test_a_time_that_is_none_is_not_drawn(view, value):
    """OTLP allows such doubles, so the rest of the span is."""
    code, out, _ = view(line_of(with_value(value)))
    assert (0, "step") == (code, out.splitlines()[-1].split("  ")[0])


def test_values_nested_a_thousand_deep_are_no_trouble(view):
    """Lists are not drawn."""
    nested = '{"arrayValue": {"values": [' * 300 + '{"intValue": "1"}' + "]}}" * 300
    assert 0 == view(line_of(with_value(nested)))[0]


def test_half_a_line_in_the_middle_is_left_out_with_a_warning(view):
    """A process that was killed leaves one, and another goes on after it."""
    half = line_of(span("lost", "02"))[:60]
    code, out, err = view(line_of(span("before", "01")) + half + "\n" + line_of(span("after", "03")))
    assert (0, ["before", "after"]) == (code, [line.split("  ")[0] for line in out.splitlines()[-2:]])
    assert err.endswith("spans.jsonl: line 2 is cut off and was left out\n")


def test_half_a_line_at_the_start_is_left_out_too(view):
    code, out, err = view(line_of(span("lost"))[:60] + "\n" + line_of(span("after")))
    assert (0, True) == (code, out.splitlines()[-1].startswith("after"))
    assert err.endswith("spans.jsonl: line 1 is cut off and was left out\n")


def test_a_line_cut_off_within_a_character_is_left_out_too(view):
    code, _, err = view((line_of(span()) + '{"resourceSpans": "é').encode()[:-1])
    assert 0 == code
    assert err.endswith("spans.jsonl: line 2 is cut off and was left out\n")


def test_a_line_longer_than_the_limit_is_refused_with_its_number():
    lines = Lines(io.BytesIO(b"{}\n" + b" " * (2 * MIB) + b"{}\n"), limit=MIB)
    with pytest.raises(CliError, match="line 2 is longer than 1 MiB, the longest that is read"):
        otlp.read_rows(lines, pytest.fail)


def test_a_line_as_long_as_the_limit_is_read():
    lines = Lines(io.BytesIO(b" " * (MIB - 2) + b"{}\n{}"), limit=MIB)
    assert [] == otlp.read_rows(lines, pytest.fail)


def test_lines_longer_than_a_chunk_are_put_together_again():
    text = line_of(span("x" * (3 * MIB))).encode()
    rows = otlp.read_rows(Lines(io.BytesIO(text * 2)), pytest.fail)
    assert ["x" * 1000] * 2 == [row.name for row in rows]


def test_more_spans_than_can_be_drawn_are_refused(view, monkeypatch):
    monkeypatch.setattr(otlp, "MAX_ROWS_BYTES", 2000)
    code, out, err = view(line_of(span()) * 4)
    assert (1, "") == (code, out)
    assert err.endswith("spans.jsonl: too many spans to draw at once, from line 3 on; choose a trace\n")


def test_one_trace_of_too_many_can_be_chosen(view, monkeypatch):
    monkeypatch.setattr(otlp, "MAX_ROWS_BYTES", 2000)
    code, out, _ = view(line_of(span()) * 4 + line_of(span("wanted", traceId="beef")), "--trace", "beef")
    assert (0, True) == (code, out.splitlines()[-1].startswith("wanted"))


def test_the_list_of_known_traces_has_an_end_and_no_control_characters(view):
    spans = (span(traceId=f"{number:x}\x1b[2J") for number in range(100))
    code, _, err = view("".join(map(line_of, spans)), "--trace", "z")
    assert (1, 22, False) == (code, len(err.splitlines()), "\x1b" in err)
    assert err.endswith("  ...\n")


def test_a_chain_of_spans_is_drawn_however_deep(view):
    """Beyond the width of any terminal, no further to the right."""
    chain = (span("deep", f"{n:x}", parentSpanId=f"{n - 1:x}" if n else "") for n in range(2000))
    code, out, _ = view("".join(map(line_of, chain)))
    assert (0, 2000) == (code, out.count("\u2514") + 1)
    assert max(map(len, out.splitlines())) < 1000


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_what_is_no_regular_file_is_not_waited_for(make, tmp_path, capsys):
    make(tmp_path / "x")
    assert 1 == main(["view", str(tmp_path / "x")])
    problem = "no regular file; what comes through a pipe is read with: view -"
    assert f"langspan: {tmp_path / 'x'}: {problem}\n" == capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_a_device_is_not_read(capsys):
    assert 1 == main(["view", "/dev/zero"])
    assert "no regular file" in capsys.readouterr().err


def test_a_name_that_no_file_can_have_is_an_error(capsys):
    assert 1 == main(["view", "a\0b"])
    assert "embedded null byte" in capsys.readouterr().err


LITTLE_MEMORY = """if True:
    import resource, sys
    from langspan.cli import main
    import langspan.cli.view
    taken = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + 300_000_000, taken + 300_000_000))
    sys.exit(main(["view", *sys.argv[1:]]))
"""


def view_in_little_memory(*arguments, **stdin):
    return subprocess.run(
        [sys.executable, "-c", LITTLE_MEMORY, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **stdin,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps such a limit")
def test_gigabytes_without_a_line_feed_are_refused(tmp_path):
    path = tmp_path / "spans.jsonl"
    with path.open("wb") as file:
        file.truncate(4 * 1024 * MIB)  # a hole: it takes no room on the disk
    done = view_in_little_memory(path)
    problem = "line 1 is longer than 32 MiB, the longest that is read"
    assert (1, f"langspan: {path}: {problem}\n") == (done.returncode, done.stderr)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps such a limit")
def test_gigabytes_through_a_pipe_are_refused():
    with open("/dev/zero", "rb") as zeros:  # noqa: PTH123 - no file that a path library knows
        done = view_in_little_memory("-", stdin=zeros)
    problem = "line 1 is longer than 32 MiB, the longest that is read"
    assert (1, f"langspan: standard input: {problem}\n") == (done.returncode, done.stderr)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps such a limit")
def test_a_file_larger_than_the_memory_is_searched_for_one_trace(tmp_path):
    path = tmp_path / "spans.jsonl"
    filler = line_of(span(attributes=[{"key": "text", "value": {"stringValue": "x" * 8 * MIB}}])).encode()
    with path.open("wb") as file:
        for _ in range(45):
            file.write(filler)
        file.write(line_of(span("wanted", traceId="beef")).encode())
    done = view_in_little_memory(path, "--trace", "beef")
    path.unlink()
    assert (0, True) == (done.returncode, "wanted" in done.stdout), done.stderr
