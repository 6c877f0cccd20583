"""Numbers that belong to somebody: payment cards and telephones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias

_CARD: Final = "[card]"
_PHONE: Final = "[phone]"

_Groups: TypeAlias = Sequence[tuple[int, int]]

# Groups of three digits and more, as they are printed: 4-4-4-4, 4-6-5, or all at once.
_RUN: Final = re.compile(r"(?<![0-9])[0-9]{3,}+(?:[ .\u00a0-][0-9]{3,}+)*+")
_GROUP: Final = re.compile("[0-9]+")
_LENGTHS: Final = range(13, 20)
_MAX_DIGITS: Final = max(_LENGTHS)
# Where a card's number begins, of the networks in use; Luhn's checksum alone fits every tenth number.
_ISSUERS: Final = re.compile(r"4|5[0-8]|2(?:2[2-9]|[3-6]|7[01]|720)|3[0-9]|6(?:011|[0-9])|62|9792|8[168]")
_DOUBLED: Final = str.maketrans("0123456789", "0246813579")
_ZERO: Final = ord("0")

_INTERNATIONAL: Final = re.compile(
    r"(?<![\w+])(?:\+|00(?=[1-9]))[1-9][0-9]{0,2}(?: ?\([0-9]{1,5}\))?"
    r"(?:[ ./\u00a0-]{0,2}[0-9]){5,14}(?![0-9])"
)
_NORTH_AMERICAN: Final = re.compile(
    r"(?<![\w.+-])(?:1[ .-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-])[0-9]{3}[ .-][0-9]{4}(?![\w-]|\.[0-9])"
)
# The prefix 0 of long distance, as in most of Europe.
_NATIONAL: Final = re.compile(
    r"(?<![\w.,:+/-])\(?0[1-9][0-9]{0,4}\)?(?:[ /\u00a0-]{1,3}[0-9]{2,9}){1,6}(?![\w:]|[.,-][0-9])"
)
_LABELLED: Final = re.compile(
    r"((?<![a-z])(?:tele)?(?:phone|tel|fon|mobile|cell|whatsapp|fax)(?:[_ -]?(?:number|no|nr))?"
    r"[\"'\\]{0,3}[ .]?[:=][ \"'\\]{0,4})([0-9][0-9 ()./-]{5,18}[0-9])(?![0-9])",
    re.IGNORECASE,
)
_DATE: Final = re.compile(r"[0-9]{1,2}([-/])[0-9]{1,2}\1[0-9]{2,4}")
_FEWEST_DIGITS: Final = 7


def cards(value: Any, _where: str = "") -> Any:
    """Write `[card]` for every number of a payment card: one whose length, issuer and checksum are right.

    Args:
        value: A captured value: a text, or a whole number; anything else is returned unchanged.
        where: What it is part of; makes no difference.
    """
    if isinstance(value, str):
        return _RUN.sub(_without_cards, value)
    if type(value) is int and 0 < value < 10**_MAX_DIGITS and _is_card(str(value)):
        return _CARD
    return value


def _without_cards(run: re.Match[str]) -> str:
    text = run[0]
    groups = [group.span() for group in _GROUP.finditer(text)]
    kept, done = [], 0
    for start, end in _cards_in(text, groups):
        kept += [text[done:start], _CARD]
        done = end
    return "".join([*kept, text[done:]])


def _cards_in(text: str, groups: _Groups) -> Iterator[tuple[int, int]]:
    """Yield where cards are; each begins and ends with a group, and shares none with another."""
    first = 0
    while first < len(groups):
        last = _last_group(text, groups, first)
        if last is None:
            first += 1
        else:
            yield groups[first][0], groups[last][1]
            first = last + 1


def _last_group(text: str, groups: _Groups, first: int) -> int | None:
    """Return the group with which a card ends that begins with another; None if there is no such card."""
    digits, found = "", None
    for number in range(first, len(groups)):
        start, end = groups[number]
        if len(digits) + end - start > _MAX_DIGITS:
            break
        digits += text[start:end]
        if _is_card(digits):
            found = number
    return found


def _is_card(digits: str) -> bool:
    return len(digits) in _LENGTHS and _ISSUERS.match(digits) is not None and _checksum(digits) % 10 == 0


def _checksum(digits: str) -> int:
    """Return Luhn's checksum: every second digit from the end counts double, its own digits added up."""
    doubled = digits[-2::-2].translate(_DOUBLED)
    return sum(digits[-1::-2].encode()) + sum(doubled.encode()) - _ZERO * len(digits)


def phones(value: Any, _where: str = "") -> Any:
    """Write `[phone]` for what looks like a telephone number.

    Found are numbers with `+` or `00` and a country, numbers as in North America, numbers of several groups
    that begin with 0, and those that are called a telephone number. Digits alone could be anything.

    Args:
        value: A captured value; anything but a text is returned unchanged.
        where: What it is part of; makes no difference.
    """
    if not isinstance(value, str):
        return value
    value = _INTERNATIONAL.sub(_PHONE, value)
    value = _LABELLED.sub(rf"\1{_PHONE}", value)
    value = _NORTH_AMERICAN.sub(_PHONE, value)
    return _NATIONAL.sub(_national, value)


def _national(found: re.Match[str]) -> str:
    text = found[0]
    digits = sum(map(str.isdigit, text))
    return text if digits < _FEWEST_DIGITS or _DATE.match(text) else _PHONE
