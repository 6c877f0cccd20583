"""What a receiver's answer means, by the OTLP specification: pure functions of statuses and messages."""

from __future__ import annotations

import enum
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from importlib import import_module
from typing import Any, Final
from urllib.parse import urlsplit

from langspan.export.ledger import Loss
from langspan.export.settings import without_secrets

MAX_WORDS: Final = 300
"""The longest text of a receiver or an exporter that is logged, in characters."""

# More than is shown, so that a login is seen as one although its end is not shown.
_MAX_READ: Final = 2000
_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e\xa0-\U0010ffff]+")
_WEB_PAGE: Final = re.compile(rb"\s*<(!doctype\s+html|html)\b", re.IGNORECASE)
_TOO_LARGE: Final = re.compile(
    r"larger than max|too large|(message|request|body)( size)? exceeds", re.IGNORECASE
)
_SUCCESS, _REDIRECT = 2, 3
_RETRYABLE_STATUSES: Final = frozenset({429, 502, 503, 504})
_RETRYABLE_CODES: Final = frozenset(
    {"CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"}
)


class Verdict(enum.Enum):
    """What to do next."""

    ACCEPTED = "accepted"
    RETRY = "retry"
    SPLIT = "split"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one request.

    Attributes:
        verdict: What to do next.
        reason: Why the items are lost, if they are, or if there is no next attempt.
        words: What to tell the user, bounded, without secrets.
        rejected: How many items an accepting receiver left out.
        pause: How long the receiver asks to wait before the next attempt, in seconds.
    """

    verdict: Verdict
    reason: Loss = Loss.REFUSED
    words: str = ""
    rejected: int = 0
    pause: float | None = None


def bounded(text: object) -> str:
    """Return a text of somebody else's as it may be logged: short, on one line, without secrets."""
    shown = _UNPRINTABLE.sub(" ", str(text)[:_MAX_READ])
    return without_secrets(shown)[:MAX_WORDS]


def accepted(rejected: int, message: str) -> Answer:
    """Return the answer of a receiver that accepted a request, maybe in part.

    Args:
        rejected: How many items it left out.
        message: Why, or a warning if it left out none.
    """
    words = f"the receiver says: {bounded(message)}" if message else ""
    if rejected and not words:
        words = "the receiver left them out and gave no reason"
    return Answer(Verdict.ACCEPTED, Loss.REJECTED, words, max(rejected, 0))


def is_http_success(status: int) -> bool:
    """Return whether an HTTP status is one of success."""
    return status // 100 == _SUCCESS


def is_web_page(body: bytes) -> bool:
    """Return whether the body of an answer is a page for a browser: a login, or a user interface.

    Args:
        body: The body, as far as it was read.
    """
    return _WEB_PAGE.match(body) is not None


def web_page() -> Answer:
    """Return what a page means where a receiver should have answered: nobody took the request."""
    return Answer(
        Verdict.LOST,
        Loss.REFUSED,
        "a web page answers: this is not the address of a collector; by default one has port 4318",
    )


def http_refusal(status: int, reason: str, headers: Mapping[str, str], body: str) -> Answer:
    """Return what an HTTP answer that is not 2xx means.

    Args:
        status: The status code.
        reason: The reason phrase.
        headers: The headers, by any case.
        body: What the body says.
    """
    words = bounded(": ".join(filter(None, (f"{status} {reason}".strip(), body))))
    if status // 100 == _REDIRECT:
        target = _target(headers.get("Location", ""))
        return Answer(
            Verdict.LOST,
            Loss.REDIRECTED,
            f"the receiver answers with a redirect ({status}) to {target}, which is not followed"
            + ("; use https in the endpoint" if target.startswith("https:") else ""),
        )
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or (
        # As the collector says it.
        status == HTTPStatus.BAD_REQUEST and _TOO_LARGE.search(body)
    ):
        return Answer(Verdict.SPLIT, Loss.TOO_LARGE, words)
    if status in _RETRYABLE_STATUSES:
        return Answer(
            Verdict.RETRY, Loss.UNAVAILABLE, words, pause=retry_after(headers.get("Retry-After", ""))
        )
    return Answer(Verdict.LOST, Loss.REFUSED, words)


def grpc_refusal(code: str, details: str, trailers: Mapping[str, Any]) -> Answer:
    """Return what a gRPC status other than OK means.

    Args:
        code: The name of the status code, such as "UNAVAILABLE".
        details: Its message.
        trailers: The trailing metadata.
    """
    words = bounded(f"{code}: {details}" if details else code)
    if code in ("RESOURCE_EXHAUSTED", "OUT_OF_RANGE") and _TOO_LARGE.search(details):
        return Answer(Verdict.SPLIT, Loss.TOO_LARGE, words)
    pause = _retry_delay(trailers)
    if code in _RETRYABLE_CODES or (code == "RESOURCE_EXHAUSTED" and pause is not None):
        return Answer(Verdict.RETRY, Loss.UNAVAILABLE, words, pause=pause)
    return Answer(Verdict.LOST, Loss.REFUSED, words)


def unreachable(error: BaseException) -> Answer:
    """Return the answer in place of a receiver with which no connection came about."""
    return Answer(Verdict.RETRY, Loss.UNAVAILABLE, bounded(f"{type(error).__name__}: {error}"))


def broken(error: BaseException) -> Answer:
    """Return the answer in place of one that could not be asked for: the exporter itself fails."""
    return Answer(Verdict.LOST, Loss.FAILED, bounded(f"{type(error).__name__}: {error}"))


def retry_after(value: str) -> float | None:
    """Read a `Retry-After` header: seconds, or a date.

    Returns:
        Seconds from now, at least 0, or None if the header says nothing that is understood.
    """
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (TypeError, ValueError, OverflowError):
            return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _retry_delay(trailers: Mapping[str, Any]) -> float | None:
    """Read google.rpc.RetryInfo, sent by itself or within the details of a google.rpc.Status."""
    # Not at the top: slow, and rarely needed.
    info: Any = import_module("google.rpc.error_details_pb2").RetryInfo()
    try:
        if (alone := trailers.get("google.rpc.retryinfo-bin")) is not None:
            info.ParseFromString(alone)
        elif (packed := trailers.get("grpc-status-details-bin")) is not None:
            details = import_module("google.rpc.status_pb2").Status.FromString(packed).details
            if not any(detail.Unpack(info) for detail in details):
                return None
        else:
            return None
    except Exception:  # noqa: BLE001 - bytes of somebody else's; protobuf's errors differ between versions
        return None
    return max(float(info.retry_delay.seconds + info.retry_delay.nanos / 1e9), 0.0)


def _target(location: str) -> str:
    """Return scheme, host and port of a redirect's target; the rest of it may hold secrets."""
    try:
        url = urlsplit(location)
        host, port = url.hostname, url.port
    except ValueError:
        host = port = None
    if not host:
        return (
            "another path of the same host" if location.startswith("/") else "a place that it does not name"
        )
    scheme = f"{url.scheme}://" if url.scheme else ""
    return bounded(f"{scheme}{host}{f':{port}' if port else ''}")
