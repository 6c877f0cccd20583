"""The ready-made functions find what they are for, leave the rest alone, and take their time from nobody."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langspan import redact

KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIE+/=\n-----END RSA PRIVATE KEY-----"
FOUND: list[tuple[Callable[[Any, str], Any], str, str]] = [
    (redact.emails, "write to jörg.m+x@müller.example.de.", "write to [email]."),
    (redact.emails, '{"to": "a@b.co", "cc": ["<x@y.org>"]}', '{"to": "[email]", "cc": ["<[email]>"]}'),
    (redact.emails, "?user=ann%40example.com&x=1", "?user=[email]&x=1"),
    (redact.emails, "ann\\u0040example.com", "[email]"),
    (redact.emails, "x" * 200 + "@example.com", "x" * 136 + "[email]"),
    (redact.emails, "a@b.co,c@d.com.au", "[email],[email]"),
    (redact.ips, "10.0.0.1:80, 192.168.1.254.", "[ip]:80, [ip]."),
    (redact.ips, "http://[2001:db8::ff00:42:8329]:80/", "http://[[ip]]:80/"),
    (redact.ips, "fe80::1%eth0 ::ffff:10.1.2.3 dead:beef::cafe", "[ip]%eth0 [ip] [ip]"),
    (redact.ips, "1:2:3:4:5:6:7:8", "[ip]"),
    (redact.cards, "4111111111111111", "[card]"),
    (redact.cards, "card 4111 1111 1111 1111, or 5500-0055-5555-5559.", "card [card], or [card]."),
    (redact.cards, "amex 3782 822463 10005", "amex [card]"),
    (redact.cards, "order 1234 4111 1111 1111 1111 done", "order 1234 [card] done"),
    (redact.cards, "4111 1111 1111 1111 5500 0055 5555 5559", "[card] [card]"),
    (redact.phones, "+49 30 1234567 or +1 (555) 123-4567", "[phone] or [phone]"),
    (redact.phones, "+44 (0)20 7946 0958, 0044 20 7946 0958", "[phone], [phone]"),
    (redact.phones, "(555) 123-4567; 555-123-4567; 1-800-555-1234", "[phone]; [phone]; [phone]"),
    (redact.phones, "030 1234567, 0171/1234567, 06 12 34 56 78", "[phone], [phone], [phone]"),
    (redact.phones, '{"phone_number": "5551234567"}', '{"phone_number": "[phone]"}'),
    (redact.secrets, f"use {KEY}, please", "use [secret], please"),
    (redact.secrets, f"first line\\n{KEY}", "first line\\n[secret]"),
    (redact.secrets, "AKIAIOSFODNN7EXAMPLE ghp_" + "a1" * 18, "[secret] [secret]"),
    (redact.secrets, "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "[secret]"),
    (redact.secrets, f"a {PEM} b", "a [secret] b"),
    (redact.secrets, PEM[:60], "[secret]"),
    (redact.secrets, "password=hunter22&next=1", "password=[secret]&next=1"),
    (redact.secrets, '{"api_key": "abc xyz", "n": 1}', '{"api_key": "[secret]", "n": 1}'),
    (redact.secrets, '{\\"client_secret\\": \\"abc123\\"}', '{\\"client_secret\\": \\"[secret]\\"}'),
    (redact.secrets, "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7", "AWS_SECRET_ACCESS_KEY=[secret]"),
    (redact.secrets, "Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic [secret]"),
    (redact.secrets, "a bearer abcdefghijk123456", "a bearer [secret]"),
    (redact.secrets, "postgres://ann:pa55@db/x", "postgres://ann:[secret]@db/x"),
    (redact.secrets, "access_token=abcdefghijklmnop1234", "access_token=[secret]"),
    (
        redact.secrets,
        "hooks: https://hooks.slack.com/services/T0/B0/XXXXX",
        "hooks: https://hooks.slack.com/services/[secret]",
    ),
]
LEFT: list[tuple[Callable[[Any, str], Any], str]] = [
    (redact.emails, "git@host no@tld. a@1.2 @name 100% @ home"),
    (redact.ips, "std::vector a::b 12:34:56 999.1.1.1 1.2.3 add::dead 1.2.3.4.5"),
    (redact.cards, "4111111111111112 1234567890123 12 34 0000000000000000"),
    (redact.cards, "41111111111111111111111 id=1732780800000"),
    (redact.phones, "2024-01-15 01-02-2024 01/02/2024 12:30 1234567890 10.0.0.1 3.14159265"),
    (redact.secrets, "max_tokens: 1000000, the secret of life; pass the word; a bearer of news"),
    (redact.secrets, "sk-short task-force-of-a-hundred-people AKIA"),
]
PRESETS = (redact.secrets, redact.emails, redact.cards, redact.phones, redact.ips)
ALL = redact.all_of(*PRESETS)
# What a pattern that tries again and again would take quadratic time for.
HOSTILE = (
    *(
        "a",
        "a@",
        "a.",
        "@a.",
        "a.a@",
        "%40",
        "1",
        "1 ",
        "4111 ",
        "444 4444 ",
        "+1",
        "+1(0) ",
        "(",
        "0 ",
        "01 ",
    ),
    *("::", "1:", "1.", "1::", "eyJ", "eyJaaaaaaaaa.", "sk-", "ghp_", "-----BEGIN PRIVATE KEY-----", "-----"),
    *(
        "password",
        "password=",
        'secret":',
        "://",
        "://a:",
        "\\",
        '"',
        "token=",
        "bearer ",
        "tel:",
        " ",
        "é",
        "\n",
    ),
)


@pytest.mark.parametrize(("function", "text", "expected"), FOUND)
def test_it_is_found(function: Callable[[Any, str], Any], text: str, expected: str) -> None:
    assert expected == function(text, "input")


@pytest.mark.parametrize(("function", "text"), LEFT)
def test_what_only_looks_like_it_is_left_alone(function: Callable[[Any, str], Any], text: str) -> None:
    assert text == function(text, "input")


def test_a_card_may_be_a_number() -> None:
    assert ["[card]", 4111111111111112, True] == [
        redact.cards(value, "input") for value in (4111111111111111, 4111111111111112, True)
    ]


@pytest.mark.parametrize("function", PRESETS)
@given(value=st.one_of(st.none(), st.booleans(), st.floats(), st.integers(max_value=0), st.binary()))
def test_what_is_no_text_is_returned_as_it_is(function: Callable[[Any, str], Any], value: Any) -> None:
    assert function(value, "input") is value


@given(text=st.lists(st.one_of(st.text(max_size=5), st.sampled_from(HOSTILE)), max_size=40).map("".join))
def test_no_text_makes_one_fail(text: str) -> None:
    assert isinstance(ALL(text, "input"), str)


@given(st.integers(0, 10**11 - 1), st.sampled_from(["", " ", "-", "."]))
def test_every_card_with_a_right_checksum_is_found_and_none_with_a_wrong_one(
    number: int, between: str
) -> None:
    body = f"4{number:011}000"
    right = next(digit for digit in range(10) if _luhn(f"{body}{digit}"))
    for digit in range(10):
        digits = f"{body}{digit}"
        shown = between.join(digits[start : start + 4] for start in range(0, 16, 4))
        assert ("[card]" if digit == right else shown) == redact.cards(shown, "input")


def _luhn(digits: str) -> bool:
    """The checksum as its inventor describes it."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


@given(
    before=st.text(st.characters(exclude_characters="\\", codec="utf-8"), max_size=30),
    secret=st.sampled_from([KEY, "ann@example.com", "4111111111111111", "+49 30 1234567", "10.20.30.40"]),
)
def test_whatever_stands_before_it_a_private_text_is_found(before: str, secret: str) -> None:
    assert secret not in ALL(f"{before} | {secret} |", "input")


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.parametrize("function", PRESETS)
def test_the_time_grows_with_the_length_only(function: Callable[[Any, str], Any], piece: str) -> None:
    """Eight times the text takes some eight times as long; a quadratic pattern takes sixty-four."""
    short = _seconds(function, piece * (4_000 // len(piece)))
    assert _seconds(function, piece * (32_000 // len(piece))) < 0.002 + 24 * short


def _seconds(function: Callable[[Any, str], Any], text: str) -> float:
    taken = []
    for _ in range(3):
        start = time.thread_time()
        function(text, "input")
        taken.append(time.thread_time() - start)
    return min(taken)


def test_a_text_inside_of_a_text_is_found_too() -> None:
    inner = json.dumps({"api_key": "abcdef", "mail": ["ann@example.com"], "card": "4111 1111 1111 1111"})
    told = ALL(json.dumps({"body": inner}), "tool_arguments")
    assert {"api_key": "[secret]", "mail": ["[email]"], "card": "[card]"} == json.loads(
        json.loads(told)["body"]
    )


def test_one_function_after_the_other_is_applied() -> None:
    both = redact.all_of(redact.emails, lambda value, where: f"{where}: {value}")
    assert "input: [email]" == both("a@b.co", "input")


def test_the_same_functions_together_are_the_same() -> None:
    assert redact.all_of(*PRESETS) == ALL
    assert redact.all_of(redact.emails) != ALL
    assert hash(redact.all_of(*PRESETS)) == hash(ALL)


@pytest.mark.parametrize(("functions", "error"), [((), ValueError), (("emails",), TypeError)])
def test_nothing_and_what_is_no_function_is_refused(functions: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"all_of\(\)"):
        redact.all_of(*functions)
