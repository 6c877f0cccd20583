"""What is drawn depends on where it is drawn."""

from __future__ import annotations

import io

import pytest

from langspan.cli.terminal import Style, style_of


class Stream(io.TextIOWrapper):
    def __init__(self, *, terminal=False, encoding="utf-8"):
        super().__init__(io.BytesIO(), encoding=encoding)
        self.terminal = terminal

    def isatty(self):
        return self.terminal


@pytest.mark.parametrize(
    ("terminal", "environ", "colour"),
    [
        pytest.param(True, {}, True, id="terminal"),
        pytest.param(False, {}, False, id="file or pipe"),
        pytest.param(True, {"NO_COLOR": "1"}, False, id="NO_COLOR"),
        pytest.param(True, {"NO_COLOR": ""}, True, id="NO_COLOR empty counts as absent"),
        pytest.param(True, {"TERM": "dumb"}, False, id="dumb terminal"),
    ],
)
def test_colour_needs_a_terminal_that_wants_it(terminal, environ, colour):
    assert colour is style_of(Stream(terminal=terminal), environ).colour


@pytest.mark.parametrize(
    ("environ", "colour"),
    [
        pytest.param({}, False, id="console that may be old"),
        pytest.param({"WT_SESSION": "1"}, True, id="Windows Terminal"),
        pytest.param({"TERM": "xterm"}, True, id="shell from Unix"),
    ],
)
def test_colour_on_windows_needs_a_terminal_that_announces_itself(monkeypatch, environ, colour):
    monkeypatch.setattr("langspan.cli.terminal._IS_WINDOWS", True)
    assert colour is style_of(Stream(terminal=True), environ).colour


@pytest.mark.parametrize(("encoding", "drawn"), [("utf-8", True), ("ascii", False), ("latin-1", False)])
def test_box_lines_need_an_encoding_that_has_them(encoding, drawn):
    assert drawn is style_of(Stream(encoding=encoding), {}).unicode


@pytest.mark.parametrize(
    ("environ", "width"),
    [
        ({}, 100),
        ({"COLUMNS": "80"}, 80),
        ({"COLUMNS": "wide"}, 100),
        ({"COLUMNS": "1"}, 50),
        ({"COLUMNS": "999"}, 140),
    ],
)
def test_the_width_of_a_pipe_is_100_columns_or_what_is_asked_for(environ, width):
    assert width == style_of(Stream(), environ).width


def test_a_terminal_tells_its_own_width(monkeypatch):
    monkeypatch.setenv("COLUMNS", "77")  # what the standard library asks first
    assert 77 == style_of(Stream(terminal=True), {}).width


@pytest.mark.parametrize(("colour", "text"), [(True, "\x1b[31mbad\x1b[0m"), (False, "bad")])
def test_paint_adds_colour_only_where_it_is_wanted(colour, text):
    assert text == Style(colour=colour).paint("bad", "31")
