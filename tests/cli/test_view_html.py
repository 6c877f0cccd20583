"""`langspan view --html` and `--open`: a page with the traces of a file, and where it goes."""

from __future__ import annotations

import base64
import json
import os
import stat
import subprocess
import sys

import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from langspan.cli import main
from langspan.cli.terminal import CliError
from langspan.cli.whole_spans import read_spans
from support.interpreters import environment
from support.page_spans import line, request, span

TWO = line(span(trace="feed", name="first"), span(trace="beef", name="second"))


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "spans.jsonl"
    path.write_text(TWO)
    return path


def test_the_page_is_written_and_its_place_is_printed(source, tmp_path, capsys):
    target = tmp_path / "out.html"
    assert 0 == main(["view", "--html", str(target), str(source)])
    assert (f"{target}\n", "") == capsys.readouterr()
    written = target.read_text("utf-8")
    assert "<title>spans.jsonl</title>" in written
    assert [True, True] == [name in written for name in ('"first"', '"second"')]


def test_the_page_does_not_tell_where_the_file_is(source, tmp_path):
    target = tmp_path / "out.html"
    main(["view", "--html", str(target), str(source)])
    assert str(tmp_path) not in target.read_text("utf-8")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_the_page_is_for_its_owner_alone(source, tmp_path):
    target = tmp_path / "out.html"
    main(["view", "--html", str(target), str(source)])
    assert 0o600 == stat.S_IMODE(target.stat().st_mode)


def test_a_page_that_is_there_is_replaced(source, tmp_path):
    target = tmp_path / "out.html"
    target.write_text("former " * 1_000_000)
    main(["view", "--html", str(target), str(source)])
    assert "former" not in target.read_text("utf-8")


def test_a_trace_is_chosen_by_the_beginning_of_its_id(source, tmp_path):
    target = tmp_path / "out.html"
    main(["view", "--html", str(target), "--trace", "BE", str(source)])
    assert [False, True] == [name in target.read_text("utf-8") for name in ('"first"', '"second"')]


def test_the_page_goes_to_standard_output(source, capsys):
    assert 0 == main(["view", "--html", "-", str(source)])
    assert capsys.readouterr().out.startswith("<!doctype html>")


@pytest.mark.skipif(os.name == "nt", reason="the browser here is a shell script")
@pytest.mark.parametrize("options", [["--open"], ["--open", "--html", "out.html"]])
def test_the_page_is_opened_from_disk(source, tmp_path, options):
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)
    done = _view(source, tmp_path, *options, BROWSER=f"{browser} %s")
    assert 0 == done.returncode, done.stderr
    assert f"file://{done.stdout.strip()}" == (tmp_path / "opened").read_text()
    assert done.stdout.startswith(str(tmp_path))


@pytest.mark.skipif(os.name == "nt", reason="the browser here is a shell command")
def test_without_a_browser_it_says_where_the_page_is(source, tmp_path):
    done = _view(source, tmp_path, "--open", BROWSER="false %s", PATH="/nowhere")
    assert (1, f"langspan: no browser to open it with; open {done.stdout}") == (done.returncode, done.stderr)


def _view(source, folder, *options, **variables):
    return subprocess.run(
        [sys.executable, "-m", "langspan.cli", "view", *options, str(source)],
        env=environment(TMPDIR=str(folder), **variables),
        cwd=folder,
        capture_output=True,
        timeout=60,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "no spans in it"),
        ("hello\n", "line 1 is not JSON"),
        (line({"name": "x"}), "line 1 holds a span that is not OTLP: KeyError('traceId')"),
        (line(span()), "no trace beef; it holds\n  feed"),
    ],
)
def test_what_cannot_be_shown_is_one_line_and_no_page(tmp_path, capsys, content, problem):
    source, target = tmp_path / "spans.jsonl", tmp_path / "out.html"
    source.write_text(content)
    assert 1 == main(["view", "--html", str(target), "--trace", "beef", str(source)])
    assert problem in capsys.readouterr().err
    assert not target.exists()


def test_a_place_that_cannot_be_written_is_named(source, tmp_path, capsys):
    target = tmp_path / "missing" / "out.html"
    assert 1 == main(["view", "--html", str(target), str(source)])
    assert f"langspan: {target}: No such file or directory\n" == capsys.readouterr().err


def test_the_traces_are_those_that_are_asked_for(tmp_path, capsys):
    source = tmp_path / "spans.jsonl"
    source.write_text(line(span(trace="a", name="fine"), span(trace="b", name="broken", error="no", at=5)))
    assert 0 == main(["view", "--html", "-", "--errors", str(source)])
    shown = capsys.readouterr().out
    assert [False, True] == [name in shown for name in ('"fine"', '"broken"')]


def test_where_no_trace_is_like_that_it_says_so(source, capsys):
    assert 1 == main(["view", "--html", "-", "--errors", str(source)])
    assert f"langspan: {source}: no trace in it is like that\n" == capsys.readouterr().err


@pytest.mark.parametrize("option", ["--list", "--summary", "--json", "--follow"])
def test_what_is_no_page_is_refused(source, capsys, option):
    assert 1 == main(["view", "--html", "-", option, str(source)])
    assert f"langspan: --html shows all there is to see; leave out {option}\n" == capsys.readouterr().err


EVENT = {"name": "noted", "timeUnixNano": "1764316800500000000", "attributes": []}
LINK = {"traceId": "0a" * 16, "spanId": "0b" * 8}
LOG = {"timestamp": 1764316800500000, "fields": [{"key": "event", "type": "string", "value": "noted"}]}
ELSEWHERE = {"refType": "FOLLOWS_FROM", "traceID": "0a" * 16, "spanID": "0b" * 8}
OF_JAEGER = {
    "traceID": "aa" * 16,
    "spanID": "bb" * 8,
    "operationName": "step",
    "startTime": 1764316800000000,
    "duration": 1000000,
    "processID": "p1",
    "logs": [LOG],
    "references": [ELSEWHERE],
}


def _as_protobuf():
    made = span("bb" * 8, trace="aa" * 16, events=[EVENT], links=[LINK])
    for each in (made, *made["links"]):
        each["traceId"], each["spanId"] = (
            base64.b64encode(bytes.fromhex(each[name])).decode() for name in ("traceId", "spanId")
        )
    return ParseDict(request(made), ExportTraceServiceRequest()).SerializeToString()


def _as_jaeger():
    traces = [{"traceID": "aa" * 16, "processes": {"p1": {"serviceName": "shop"}}, "spans": [OF_JAEGER]}]
    return json.dumps({"data": traces}).encode()


@pytest.mark.parametrize("content", [_as_protobuf, _as_jaeger])
def test_events_and_links_come_from_every_format(tmp_path, content):
    source = tmp_path / "spans"
    source.write_bytes(content())
    (found,) = read_spans(str(source))
    ((event,), (link,)) = found.events, found.links
    assert ("noted", 1764316800500000000) == (event.name, event.time_ns)
    assert ("0a" * 16, "0b" * 8) == (link.trace_id, link.span_id)


def test_standard_output_cannot_be_opened(source, capsys):
    assert 1 == main(["view", "--open", "--html", "-", str(source)])
    assert "--open needs a file" in capsys.readouterr().err


def test_more_than_a_browser_shows_is_refused(source):
    with pytest.raises(CliError, match="too many spans to show at once, from line 1 on; choose a trace"):
        read_spans(str(source), most=1)
