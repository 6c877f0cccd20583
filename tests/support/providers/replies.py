"""What a model is made to say, before any API puts it into its own words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Ending = Literal["stop", "length", "tool", "filter", "refusal"]
KEY = "sk-not-a-real-key-5f2b9c"
"""The API key of every client here."""


@dataclass(frozen=True)
class Usage:
    """Token counts; `input` counts cached tokens too, `output` counts reasoning too. None is not sent.

    `early`: a stream tells what came in at its start only, as older versions of Anthropic's API do.
    """

    input: int = 25
    output: int = 12
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None
    early: bool = False


@dataclass(frozen=True)
class Call:
    """A tool call."""

    name: str
    arguments: dict[str, Any]
    id: str = "call_9a8b7c"


@dataclass(frozen=True)
class Reply:
    """A model's answer.

    Attributes:
        text: What it says, in chunks.
        calls: Tools it calls.
        reasoning: What it thinks aloud.
        ending: Why it stops.
        usage: What it counts; None for a server that counts nothing.
    """

    text: tuple[str, ...] = ("Hello", " there", ".")
    calls: tuple[Call, ...] = ()
    reasoning: str | None = None
    ending: Ending = "stop"
    usage: Usage | None = Usage()


@dataclass(frozen=True)
class Fault:
    """What goes wrong instead: an HTTP status, a connection cut, or no answer."""

    kind: Literal["status", "cut", "silence"]
    status: int = 200


UNAUTHORIZED = Fault("status", 401)
RATE_LIMITED = Fault("status", 429)
BROKEN_SERVER = Fault("status", 500)
CUT = Fault("cut")
SILENCE = Fault("silence")
FAULT_MESSAGE = f"Something is wrong with the request, the key {KEY} or the server."
