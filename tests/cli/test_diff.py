"""`langspan diff`: what is printed, as text, JSON and HTML, and the exit code."""

from __future__ import annotations

import json
import re

import pytest

from langspan.cli import main
from support.page_spans import chat, line, messages, span

ROOT = span("1", name="agent", takes=2)


def asked(order, **more):
    attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.call.arguments": json.dumps({"order": order}),
    }
    return span("3", "1", "execute_tool find", attributes=attributes, **more)


def answered(text, tokens=(10, 2)):
    return chat("2", "1", tokens=tokens, attributes={"gen_ai.output.messages": messages(("assistant", text))})


def hostile(text):
    return span(name=text, error=text, attributes={"gen_ai.tool.call.result": text})


@pytest.fixture
def diff(tmp_path, capsys, monkeypatch):
    """Write two files, compare them, and return the exit code and what was printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def run(left, right, *arguments):
        (tmp_path / "a.jsonl").write_text(line(*left))
        (tmp_path / "b.jsonl").write_text(line(*right))
        code = main(["diff", "a.jsonl", "b.jsonl", *arguments])
        return code, *capsys.readouterr()

    return run


def test_equal_runs_are_told_in_few_lines(diff):
    code, out, err = diff([ROOT, answered("x")], [ROOT, answered("x")])
    assert (0, "") == (code, err)
    assert "Both runs have the same shape, and say the same." in out
    assert [] == [each for each in out.splitlines() if each.startswith(("-", "+", "~"))]


def test_what_changed_is_marked_and_told(diff):
    code, out, _ = diff([ROOT, answered("Oslo."), asked(1)], [ROOT, answered("Bergen.", (12, 2)), asked(1)])
    assert 0 == code
    assert "They part at agent > chat m: answer" in out
    assert "~   chat m" in out
    assert "tokens in 10 → 12" in out
    assert re.search(r"- assistant: Oslo\.\n +\+ assistant: Bergen\.", out)


def test_a_span_that_only_one_has_makes_them_different(diff):
    code, out, _ = diff([ROOT, asked(1)], [ROOT])
    assert (1, True) == (code, "-   execute_tool find" in out)
    code, out, _ = diff([ROOT], [ROOT, asked(1)])
    assert (1, True) == (code, "+   execute_tool find" in out)


def test_the_sums_stand_side_by_side(diff):
    _, out, _ = diff([ROOT, answered("x", (10, 2))], [ROOT, asked(1, error="no")])
    table = [each.split() for each in out.partition("\n\n")[0].splitlines()]
    assert [["spans", "2", "2"], ["errors", "0", "1"], ["tokens", "in", "10", "-"]] == table[1:4]


def test_what_is_the_same_is_left_out_unless_asked_for(diff):
    same = [span(str(n), "5", "step") for n in range(6, 10)]
    run = [ROOT, span("5", "1", "node"), *same]
    _, short, _ = diff(run, run)
    assert (1, 0) == (short.count("and 5 below, the same"), short.count("step"))
    _, whole, _ = diff(run, run, "--full")
    assert (0, 4) == (whole.count("below, the same"), whole.count("step"))


def test_json_says_all_of_it(diff):
    code, out, _ = diff([ROOT, asked(1)], [ROOT, asked(2)], "--json")
    said = json.loads(out)
    assert (0, True, {"path": ["agent", "execute_tool find"], "what": "arguments"}) == (
        code,
        said["same_shape"],
        said["parting"],
    )
    _, row = said["rows"]
    assert ("changed", [{"what": "arguments", "left": {"order": 1}, "right": {"order": 2}}]) == (
        row["kind"],
        row["changes"],
    )
    assert ("a.jsonl", 2) == (said["left"]["name"], said["left"]["spans"])


def test_a_page_is_written_instead(diff, tmp_path):
    code, out, _ = diff([ROOT, asked(1)], [ROOT], "--html", "out.html")
    assert (1, f"{tmp_path / 'out.html'}\n") == (code, out)
    written = (tmp_path / "out.html").read_text("utf-8")
    assert 'class="row removed"' in written
    assert "execute_tool find" in written


def test_hostile_text_is_text_on_the_page(diff):
    text = "</pre><script>alert(1)</script><img src=x onerror=alert(1)>"
    left, right = (
        [span(name=f"{n}{text}", error=text, attributes={"gen_ai.tool.call.result": f"{n}{text}"})]
        for n in "ab"
    )
    _, out, _ = diff(left, right, "--html", "-")
    assert [] == re.findall("<script|<img", out)
    assert "script-src 'none'" in out


def test_hostile_text_does_not_reach_the_terminal(diff):
    text = "a\x1b[31mb\r\n\x07"
    left, right = (
        [span(name=f"{n}{text}", attributes={"gen_ai.tool.call.result": f"{n}{text}"})] for n in "ab"
    )
    _, out, _ = diff(left, right)
    assert [] == re.findall(r"[\x00-\x09\x0b-\x1f\x7f]", out)


def test_two_traces_of_one_file_are_compared(diff, tmp_path, capsys):
    (tmp_path / "both.jsonl").write_text(
        line({**ROOT, "traceId": "aa11"}, {**ROOT, "traceId": "bb22", "name": "other"})
    )
    for arguments in (["both.jsonl#aa", "both.jsonl#bb"], ["--file", "both.jsonl", "AA11", "bb"]):
        assert 1 == main(["diff", *arguments])
        assert "They part at other: name" in capsys.readouterr().out


def test_a_file_may_have_the_sign_in_its_name(diff, tmp_path):
    (tmp_path / "run#1.jsonl").write_text(line(ROOT))
    assert 0 == main(["diff", "run#1.jsonl", "run#1.jsonl"])


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["a.jsonl", "missing.jsonl"], "missing.jsonl: No such file or directory"),
        (["a.jsonl#99", "b.jsonl"], "a.jsonl: no trace 99; it holds"),
        (["a.jsonl", "b.jsonl", "--html", "missing/out.html"], "missing/out.html: No such file or directory"),
    ],
)
def test_what_cannot_be_compared_is_trouble(diff, capsys, arguments, problem):
    diff([ROOT], [ROOT])
    assert 2 == main(["diff", *arguments])
    assert problem in capsys.readouterr().err
