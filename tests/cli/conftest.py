"""The command under test, as a fixture."""

from __future__ import annotations

import pytest

from langspan.cli import main


@pytest.fixture
def view(tmp_path, monkeypatch, capsys):
    """Write a file, view it, and return the exit code and what was printed."""
    monkeypatch.delenv("COLUMNS", raising=False)

    def run(content, *arguments):
        path = tmp_path / "spans.jsonl"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        code = main(["view", str(path), *arguments])
        return code, *capsys.readouterr()

    return run
