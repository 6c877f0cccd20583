"""The file of the file exporter: what it is not led into, and that its lines stay whole."""

from __future__ import annotations

import errno
import json
import logging
import multiprocessing
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult

from langspan.export import safe_file
from langspan.export.file import OtlpJsonFileExporter
from langspan.export.line_file import LineFile

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such links, permissions and locks")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "spans.jsonl"


@pytest.fixture
def opened(path):
    """Open the file, and close it after the test."""
    files = []

    def open_file(*limits):
        files.append(LineFile(path, *limits))
        return files[-1]

    yield open_file
    for file in files:
        file.close()


def a_link(path):
    path.symlink_to(path.parent / "target")
    (path.parent / "target").touch()


def a_link_to_nothing(path):
    path.symlink_to(path.parent / "target")


def a_pipe(path):
    os.mkfifo(path)


def a_folder(path):
    path.mkdir()


def a_hard_link(path):
    (path.parent / "target").touch()
    path.hardlink_to(path.parent / "target")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (a_link, "it is a link, which is not followed"),
        (a_link_to_nothing, "it is a link, which is not followed"),
        (a_pipe, "it is no regular file"),
        (a_folder, "it is no regular file"),
        (a_hard_link, "it has another name, a hard link, so another file may be meant"),
    ],
)
def test_only_a_regular_file_is_opened(make, why, path):
    make(path)
    with pytest.raises(OSError, match=why):
        LineFile(path)
    target = path.parent / "target"
    assert b"" == (target.read_bytes() if target.exists() else b"")


def test_a_pipe_that_somebody_reads_is_not_written(path):
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(OSError, match="it is no regular file"):
        LineFile(path)
    assert b"" == os.read(reader, 1)
    os.close(reader)


def test_a_device_is_not_written():
    with pytest.raises(OSError, match="it is no regular file"):
        LineFile(Path("/dev/null"))


def test_a_link_that_appears_while_it_is_opened_is_not_followed(path, monkeypatch):
    """The first look sees no file; the system's own refusal counts."""
    a_link(path)
    monkeypatch.setattr(safe_file, "problem_of", lambda status: None)
    with pytest.raises(OSError) as caught:
        LineFile(path)
    assert errno.ELOOP == caught.value.errno


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(path):
    path.touch()
    os.chown(path, 12345, 12345)
    with pytest.raises(OSError, match="it belongs to another user, 12345, who can read it"):
        LineFile(path)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        pytest.param(0o644, 0o600, True, id="all can read it"),
        pytest.param(0o666, 0o600, True, id="all can write it"),
        pytest.param(0o602, 0o600, True, id="others can write it"),
        pytest.param(0o640, 0o640, False, id="a group that was let in"),
        pytest.param(0o600, 0o600, False, id="private"),
    ],
)
def test_a_file_that_all_can_read_is_closed_to_them(opened, path, caplog, before, after, told):
    path.touch()
    path.chmod(before)
    opened()
    assert after == stat.S_IMODE(path.stat().st_mode)
    assert told == (f"{path} was open to other users; now only its owner can read it" in caplog.text)


def test_a_file_that_cannot_be_closed_to_others_is_refused(path, monkeypatch):
    """As on file systems that have no permissions, where changing them does nothing."""
    path.touch()
    path.chmod(0o644)
    monkeypatch.setattr(os, "fchmod", lambda descriptor, mode: None)
    with pytest.raises(OSError, match="other users can read it, and that cannot be changed"):
        LineFile(path)


def test_instrument_names_the_setting_and_the_reason(exports, path):
    a_link(path)
    with pytest.raises(ValueError, match=r"LANGSPAN_FILE='.*spans\.jsonl' cannot be written \(it is a link"):
        exports({"OTEL_TRACES_EXPORTER": "langspan_file", "LANGSPAN_FILE": str(path)})


@pytest.mark.parametrize("make", [a_link_to_nothing, a_pipe, a_folder, a_hard_link])
def test_doctor_names_the_reason_too(make, path):
    from langspan.cli import settings_check

    make(path)
    environ = {"OTEL_TRACES_EXPORTER": "langspan_file", "LANGSPAN_FILE": str(path)}
    [text] = [text for name, text in settings_check.rejected(environ) if name == "LANGSPAN_FILE"]
    assert "cannot be written (it " in text


def test_a_full_file_is_renamed_and_begun_again(opened, path):
    file = opened(8, 2)
    for line in (b"one\n", b"two\n", b"three\n", b"four\n", b"five\n", b"six\n"):
        file.append(line)
    contents = {name.name: name.read_bytes() for name in path.parent.iterdir()}
    assert {
        "spans.jsonl": b"six\n",
        "spans.jsonl.1": b"five\n",
        "spans.jsonl.2": b"four\n",
    } == contents


def test_nothing_is_kept_if_nothing_is_to_be_kept(opened, path):
    file = opened(4, 0)
    file.append(b"one\n")
    file.append(b"two\n")
    assert [path] == list(path.parent.iterdir())
    assert b"two\n" == path.read_bytes()


def test_a_line_longer_than_the_limit_is_written_whole(opened, path):
    file = opened(4, 1)
    file.append(b"longer\n")
    file.append(b"x\n")
    assert (b"longer\n", b"x\n") == (Path(f"{path}.1").read_bytes(), path.read_bytes())


def test_a_file_begun_again_is_private_too(opened, path):
    file = opened(4, 1)
    file.append(b"one\n")
    file.append(b"two\n")
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)


def test_a_rotation_by_another_process_is_noticed(opened, path):
    first, second = opened(4, 1), opened(4, 1)
    first.append(b"one\n")
    second.append(b"two\n")
    first.append(b"six\n")
    assert (b"two\n", b"six\n") == (Path(f"{path}.1").read_bytes(), path.read_bytes())


@pytest.mark.parametrize("take_away", [lambda path: path.unlink(), lambda path: path.rename(f"{path}.old")])
def test_a_file_that_is_taken_away_is_made_anew(opened, path, take_away):
    file = opened()
    file.append(b"old\n")
    take_away(path)
    file.append(b"new\n")
    assert b"new\n" == path.read_bytes()


def test_a_link_put_in_the_place_of_the_file_is_not_followed(opened, path):
    file = opened()
    path.unlink()
    a_link(path)
    with pytest.raises(OSError, match="it is a link"):
        file.append(b"line\n")
    assert b"" == (path.parent / "target").read_bytes()


def test_a_file_that_cannot_be_renamed_goes_on_and_that_is_told_once(opened, path, caplog):
    (path.parent / "spans.jsonl.1").mkdir()
    file = opened(4, 1)
    for line in (b"one\n", b"two\n", b"six\n"):
        file.append(line)
    assert b"one\ntwo\nsix\n" == path.read_bytes()
    assert 1 == caplog.text.count("cannot be rotated and goes on growing")


def test_the_settings_say_when_it_is_begun_again(path, monkeypatch):
    monkeypatch.setenv("LANGSPAN_FILE_MAX_BYTES", "1")
    monkeypatch.setenv("LANGSPAN_FILE_KEEP", "1")
    exporter = OtlpJsonFileExporter(path)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for name in ("first", "second"):
        provider.get_tracer("t").start_span(name).end()
    provider.shutdown()
    assert '"first"' in Path(f"{path}.1").read_text()
    assert '"second"' in path.read_text()


@pytest.mark.parametrize("setting", ["LANGSPAN_FILE_MAX_BYTES", "LANGSPAN_FILE_KEEP"])
def test_a_limit_that_is_no_number_is_refused(exports, setting, path):
    with pytest.raises(ValueError, match=f"{setting}='many' is invalid"):
        exports({"OTEL_TRACES_EXPORTER": "langspan_file", "LANGSPAN_FILE": str(path), setting: "many"})


def test_half_a_line_of_a_killed_process_is_ended_first(opened, path):
    path.write_bytes(b'{"resourceSpans": [')
    path.chmod(0o600)
    opened().append(b"whole\n")
    assert b'{"resourceSpans": [\nwhole\n' == path.read_bytes()


def write_lines(path, letter, count, size, max_bytes):
    file = LineFile(path, max_bytes, 1000)
    for number in range(count):
        file.append(json.dumps([letter, number, letter * size]).encode() + b"\n")
    file.close()


@pytest.mark.parametrize("max_bytes", [0, 500_000], ids=["one file", "rotated"])
def test_lines_of_several_processes_stay_whole(path, max_bytes):
    """Each longer than a pipe's or a page's size, from processes that start afresh."""
    context = multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=write_lines, args=(path, letter, 30, 100_000, max_bytes)) for letter in "abc"
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    read = [json.loads(line) for name in path.parent.iterdir() for line in name.read_text().splitlines()]
    assert sorted([letter, number, letter * 100_000] for letter in "abc" for number in range(30)) == sorted(
        read
    )
    if max_bytes:
        assert max_bytes >= max(name.stat().st_size for name in path.parent.iterdir())


def test_a_forked_child_has_a_lock_of_its_own(opened, path):
    """A lock that it shared with its parent would not keep the two apart."""
    file = opened()
    script = f"""if True:
    import fcntl, os, sys
    from pathlib import Path
    from langspan.export.line_file import LineFile
    file = LineFile(Path({str(path)!r}))
    before = file._descriptor
    fcntl.flock(before, fcntl.LOCK_EX)
    held, told = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        try:
            fcntl.flock(file._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os._exit(0)
        os._exit(1)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True, timeout=60)
    file.append(b"after\n")
    assert b"after\n" == path.read_bytes()


def test_a_lock_that_is_never_given_back_costs_one_batch_and_no_more(path, monkeypatch, caplog):
    """A process that was stopped in the middle of its write must not stop all others."""
    import fcntl

    monkeypatch.setattr(safe_file, "LOCK_SECONDS", 0.02)
    exporter = OtlpJsonFileExporter(path)
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert SpanExportResult.FAILURE == exporter.export([])
        fcntl.flock(other, fcntl.LOCK_UN)
    assert SpanExportResult.SUCCESS == exporter.export([])
    exporter.shutdown()
    assert "spans.jsonl cannot be written: another process holds its lock" in caplog.text


def test_threads_of_one_process_take_turns(opened, path):
    file = opened()
    line = b"x" * 10_000 + b"\n"
    threads = [threading.Thread(target=lambda: [file.append(line) for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert line * 80 == path.read_bytes()


FULL = """if True:
    import json, logging, resource, signal, sys
    import langspan.export.settings
    from langspan.export import resolve
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    environ = {{"OTEL_TRACES_EXPORTER": "langspan_file"}}
    telemetry = resolve(environ=environ)
    tracer = telemetry.tracer_provider.get_tracer("t")
    flushed = []
    for number in range({count}):
        if number == {full_from}:
            # The disk is full from here on, in the middle of a line.
            room = os.path.getsize({path!r}) + 100
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
        if number == {free_from}:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        tracer.start_span(f"span {{number}}").end()
        flushed.append(telemetry.flush(10))
    telemetry.shutdown(10)
    print(json.dumps(flushed))
"""


def test_a_full_disk_is_told_once_and_counted_and_leaves_no_half_line(path):
    """The limit of the process stands for the disk: what fits is written, the rest refused."""
    script = "import os\n" + FULL.format(path=str(path), count=6, full_from=2, free_from=5)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**environ, "LANGSPAN_FILE": str(path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    names = [
        json.loads(line)["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["name"]
        for line in path.read_text().splitlines()
    ]
    assert ["span 0", "span 1", "span 5"] == names
    assert [True, True, False, False, False, True] == json.loads(done.stdout)
    # One line at the first loss, one at the end with the sum.
    told = [line for line in done.stderr.splitlines() if "File too large" in line]
    assert len(told) == 2
    assert "1 spans could not be exported" in told[0]
    assert "3 of 6 spans are lost" in told[1]


def test_without_the_guard_a_full_disk_is_logged_once_too(path, monkeypatch, caplog):
    """The exporter can be used with a provider of one's own."""
    exporter = OtlpJsonFileExporter(path)
    with caplog.at_level(logging.WARNING), monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda descriptor, data: full())
        results = [exporter.export([]) for _ in range(3)]
    exporter.shutdown()
    assert [SpanExportResult.FAILURE] * 3 == results
    assert 1 == caplog.text.count("spans.jsonl cannot be written: No space left on device")


def full():
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
