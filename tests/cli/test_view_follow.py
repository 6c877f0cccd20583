"""`langspan view --follow`: traces as they are written to a file."""

from __future__ import annotations

import json

import pytest

from langspan.cli import main
from langspan.cli.following import follow
from langspan.cli.terminal import CliError


def line(span_id, trace_id="feed", parent=""):
    span = {"traceId": trace_id, "spanId": span_id, "parentSpanId": parent, "name": f"step {span_id}"}
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}) + "\n"


class Writer:
    """Does one thing after the other to a file, each when the follower has read everything."""

    def __init__(self, path, *steps):
        self.path, self.steps, self.shown, self.now = path, list(steps), [], 0.0

    def wait(self):
        if not self.steps:
            return False
        self.steps.pop(0)(self)
        return True

    def append(self, text):
        with self.path.open("a") as file:
            file.write(text)

    def follow(self):
        def show(rows):
            self.shown.append([row.span_id for row in rows])

        follow(str(self.path), show, pytest.fail, wait=self.wait, clock=lambda: self.now)
        return self.shown


def add(text):
    return lambda writer: writer.append(text)


def expect(*shown):
    def check(writer):
        assert list(shown) == writer.shown

    return check


def test_what_is_there_and_what_comes_is_shown_when_the_root_has_arrived(tmp_path):
    path = tmp_path / "spans.jsonl"
    path.write_text(line("01"))
    writer = Writer(
        path, expect(["01"]), add(line("03", "beef", "02")), expect(["01"]), add(line("02", "beef"))
    )
    assert [["01"], ["03", "02"]] == writer.follow()


def test_half_a_line_is_waited_for(tmp_path):
    path = tmp_path / "spans.jsonl"
    text = line("01")
    path.write_text(text[:20])
    assert [["01"]] == Writer(path, expect(), add(text[20:])).follow()


def test_a_file_that_is_not_there_yet_is_waited_for(tmp_path):
    assert [["01"]] == Writer(tmp_path / "later", expect(), add(line("01"))).follow()


def test_a_file_that_is_begun_anew_is_read_from_its_beginning(tmp_path):
    path = tmp_path / "spans.jsonl"
    path.write_text(line("01"))

    def rotate(writer):
        path.rename(tmp_path / "spans.jsonl.1")
        writer.append(line("02", "beef"))

    assert [["01"], ["02"]] == Writer(path, rotate).follow()


def test_a_file_that_is_emptied_is_read_from_its_beginning(tmp_path):
    path = tmp_path / "spans.jsonl"
    path.write_text(line("01") * 2)
    assert [["01"], ["01"], ["02"]] == Writer(path, lambda _: path.write_text(line("02", "beef"))).follow()


def test_a_trace_without_its_root_is_shown_when_nothing_more_comes(tmp_path):
    path = tmp_path / "spans.jsonl"
    path.write_text(line("02", parent="01"))

    def later(writer):
        writer.now += 5

    writer = Writer(path, expect(), later, expect(["02"]))
    assert [["02"]] == writer.follow()


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "text"
    path.write_text("hello\n")
    with pytest.raises(CliError, match="line 1 is not JSON"):
        Writer(path).follow()


def test_the_command_goes_on_until_it_is_interrupted(tmp_path, monkeypatch, capsys):
    path = tmp_path / "spans.jsonl"
    path.write_text(line("01") + line("02", "beef") + line("03", "beef1"))

    def interrupt(_seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", interrupt)
    assert 130 == main(["view", str(path), "--follow", "--list", "--trace", "be"])
    assert ["what ran", "step 02", "step 03"] == [
        text.split("  ")[-1].strip() for text in capsys.readouterr().out.splitlines()
    ]


@pytest.mark.parametrize("arguments", [["-"], ["FILE", "--summary"]])
def test_what_cannot_be_followed_is_refused(arguments, capsys):
    assert 1 == main(["view", *arguments, "--follow"])
    assert "--follow takes a file" in capsys.readouterr().err
