"""The command line itself: help, usage, pipes."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from importlib.metadata import version

import pytest
from opentelemetry.sdk.trace import TracerProvider

from langspan.cli import main
from langspan.export.file import to_json_line


@pytest.fixture
def many_spans(tmp_path):
    """A file whose tree is far larger than the buffer of a pipe."""
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("test")
    spans = [tracer.start_span(f"step {number}") for number in range(5000)]
    for span in spans:
        span.end()
    path = tmp_path / "many.jsonl"
    path.write_bytes(to_json_line(spans))
    return path


def test_the_version_is_the_package_version(capsys):
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["--version"])
    assert f"langspan {version('langspan')}\n" == capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["demo"], ["view"], ["doctor"]], ids=str)
def test_help_fits_the_terminal(arguments, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit, match=r"^0$"):
        main([*arguments, "--help"])
    assert 100 >= max(map(len, capsys.readouterr().out.splitlines()))


@pytest.mark.parametrize("arguments", [[], ["dance"], ["view"], ["view", "a", "b"], ["demo", "--loud"]])
def test_wrong_usage_is_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit, match=r"^2$"):
        main(arguments)
    assert capsys.readouterr().err.startswith("usage: langspan")


def test_a_reader_that_leaves_early_is_no_error(many_spans):
    """As in `langspan view FILE | head -1`."""
    command = [sys.executable, "-m", "langspan.cli", "view", str(many_spans)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        assert (b"", 0) == (process.stderr.read(), process.wait(60))


def test_an_interrupt_is_exit_code_130_without_a_traceback(monkeypatch, capsys):
    class Impatient(io.BytesIO):
        def read(self, *_):
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Impatient()))
    assert (130, ("", "")) == (main(["view", "-"]), capsys.readouterr())


def test_names_that_the_terminal_cannot_show_are_replaced(tmp_path):
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("test")
    span = tracer.start_span("søk")
    span.end()
    path = tmp_path / "spans.jsonl"
    path.write_bytes(to_json_line([span]))
    command = [sys.executable, "-m", "langspan.cli", "view", str(path)]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, timeout=60, check=True
    )
    assert b"s?k " == done.stdout.splitlines()[-1][:4]
