"""Processes that end, and processes that multiply: what is sent, and that they end as if untraced."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from docs.pages import page
from processes.ends import ENDINGS, command_of, finish, run, signal_when_ready, start
from support.otlp import black_hole, receive

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and os.fork")
SIGTERM = next(ending for ending in ENDINGS if ending.command == "waits_in_a_run")
FIRST = ("script, first process of a container", "`docker stop`")
NAMESPACE = ["unshare", "--fork", "--pid", "--kill-child"]


def needs(ending):
    for module in ending.needs:
        pytest.importorskip(module, reason=f"the row needs it: pip install {module.replace('_', '-')}")


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.name)
def test_what_the_table_promises_is_sent_and_the_exit_status_stays(ending, tmp_path):
    needs(ending)
    traced = run(ending, tmp_path)
    assert sorted(ending.sent) == traced.sent, traced.output
    untraced = run(ending, tmp_path, traced=False)
    assert untraced.code == traced.code, traced.output


def test_the_page_has_each_row_and_no_other():
    rows = page("docs/processes.md").table("Process", "Ends by", "Sent", "Can be lost")
    tested = {FIRST, *((ending.process, ending.end) for ending in ENDINGS)}
    assert sorted(tested) == sorted((row["Process"], row["Ends by"]) for row in rows)


def test_a_collector_that_never_answers_holds_up_sigterm_for_two_seconds(tmp_path):
    with black_hole() as endpoint:
        process = start(command_of(SIGTERM), tmp_path, TRACED="yes", OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
        ended = finish(process, lambda *told: signal_when_ready(SIGTERM, *told))
    assert -signal.SIGTERM == ended.code
    assert ended.seconds < 5
    assert "langspan: SIGTERM ends the process: 2 of 2 spans are lost" in ended.output


def way(command, **changes):
    """A way to end that is no row of the table."""
    return type(SIGTERM)("script", "SIGTERM", command, **{"sent": (), "signal": signal.SIGTERM, **changes})


def test_interrupted_code_that_holds_a_lock_is_no_deadlock(tmp_path):
    """What needs no lock is sent: the run that ended. To end the open one takes the lock."""
    ended = run(way("waits_with_a_lock"), tmp_path)
    assert (["main"], -signal.SIGTERM) == (ended.sent, ended.code), ended.output
    assert ended.seconds < 5


def test_a_handler_that_replaced_ours_and_calls_it_goes_on(tmp_path):
    ended = run(way("hands_sigterm_on"), tmp_path)
    assert (["main"], 5) == (ended.sent, ended.code), ended.output


def test_switched_off_sigterm_loses_what_is_queued(tmp_path):
    ended = run(way("waits"), tmp_path, LANGSPAN_FLUSH_ON_SIGTERM="false")
    assert ([], -signal.SIGTERM) == (ended.sent, ended.code), ended.output


def stop_as_docker_does(when_killed):
    """What is done with the first process of a PID namespace when it is ready."""

    def stop(process, line):
        if line.strip() != "ready":
            return False
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("utf-8").split()
        (first,) = map(int, children)
        os.kill(first, signal.SIGTERM)
        when_killed()
        os.kill(first, signal.SIGKILL)
        return True

    return stop


def test_the_first_process_of_a_container_sends_at_sigterm_and_goes_on(tmp_path):
    """The kernel spares it, with or without tracing, until it is killed."""
    try:
        subprocess.run([*NAMESPACE, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"needs unshare, and the right to make a PID namespace: {error}")
    command = [*NAMESPACE, *command_of(way("waits_in_a_run"))]
    with receive() as server:
        process = start(command, tmp_path, TRACED="yes", OTEL_EXPORTER_OTLP_ENDPOINT=server.endpoint)
        ended = finish(process, stop_as_docker_does(lambda: server.wait_for(lambda got: got.spans)))
        assert ["main"] == [span.name for span in server.received.spans]
    untraced = finish(start(command, tmp_path), stop_as_docker_does(lambda: None))
    assert untraced.code == ended.code
