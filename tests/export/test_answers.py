from __future__ import annotations

import time
from email.utils import formatdate

import pytest
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

from langspan.export.answers import MAX_WORDS, Verdict, accepted, bounded, grpc_refusal, http_refusal
from langspan.export.ledger import Loss

RETRY = (Verdict.RETRY, Loss.UNAVAILABLE)
SPLIT = (Verdict.SPLIT, Loss.TOO_LARGE)
REFUSED = (Verdict.LOST, Loss.REFUSED)
REDIRECTED = (Verdict.LOST, Loss.REDIRECTED)


def retry_info(seconds: int, nanos: int = 0) -> bytes:
    info = error_details_pb2.RetryInfo()
    info.retry_delay.seconds, info.retry_delay.nanos = seconds, nanos
    return info.SerializeToString()


def status_details(seconds: int) -> bytes:
    packed = any_pb2.Any()
    packed.Pack(error_details_pb2.RetryInfo.FromString(retry_info(seconds)))
    return status_pb2.Status(code=8, details=[packed]).SerializeToString()


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *((status, RETRY) for status in (429, 502, 503, 504)),
        *((status, REFUSED) for status in (400, 401, 403, 404, 408, 500, 501, 505)),
        *((status, REDIRECTED) for status in (300, 301, 302, 303, 307, 308)),
        (413, SPLIT),
    ],
)
def test_an_http_status_means_what_the_specification_says(status, expected):
    answer = http_refusal(status, "", {}, "")
    assert expected == (answer.verdict, answer.reason)


def test_the_collector_says_with_400_that_a_request_is_too_large():
    assert Verdict.SPLIT is http_refusal(400, "Bad Request", {}, "http: request body too large").verdict


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        *(
            (code, RETRY)
            for code in (
                "CANCELLED",
                "DEADLINE_EXCEEDED",
                "ABORTED",
                "OUT_OF_RANGE",
                "UNAVAILABLE",
                "DATA_LOSS",
            )
        ),
        *(
            (code, REFUSED)
            for code in (
                *("UNKNOWN", "INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED"),
                *(
                    "UNAUTHENTICATED",
                    "FAILED_PRECONDITION",
                    "UNIMPLEMENTED",
                    "INTERNAL",
                    "RESOURCE_EXHAUSTED",
                ),
            )
        ),
    ],
)
def test_a_grpc_code_means_what_the_specification_says(code, expected):
    answer = grpc_refusal(code, "", {})
    assert expected == (answer.verdict, answer.reason)


@pytest.mark.parametrize(
    "details",
    [
        "Received message larger than max (5000112 vs. 4194304)",
        "grpc: received message larger than max (5000112 vs. 4194304)",
        "grpc: received message after decompression larger than max 4194304",
        "CLIENT: Sent message larger than max (5000112 vs. 4194304)",
    ],
)
@pytest.mark.parametrize("code", ["RESOURCE_EXHAUSTED", "OUT_OF_RANGE"])
def test_a_grpc_receiver_says_that_a_message_is_too_large(code, details):
    assert Verdict.SPLIT is grpc_refusal(code, details, {}).verdict


@pytest.mark.parametrize(
    ("trailers", "pause"),
    [
        pytest.param({"google.rpc.retryinfo-bin": retry_info(2, 500_000_000)}, 2.5, id="by itself"),
        pytest.param({"grpc-status-details-bin": status_details(7)}, 7, id="in the status"),
    ],
)
def test_an_exhausted_receiver_that_names_a_delay_is_tried_again_then(trailers, pause):
    answer = grpc_refusal("RESOURCE_EXHAUSTED", "quota", trailers)
    assert (Verdict.RETRY, pause) == (answer.verdict, answer.pause)


@pytest.mark.parametrize(
    "trailers", [{"google.rpc.retryinfo-bin": b"\xff"}, {"grpc-status-details-bin": b"\xff"}]
)
def test_a_delay_that_cannot_be_read_is_none(trailers):
    assert Verdict.LOST is grpc_refusal("RESOURCE_EXHAUSTED", "quota", trailers).verdict


@pytest.mark.parametrize(
    ("value", "pause"),
    [("3", 3), ("0", 0), ("-5", 0), ("1.5", 1.5), ("soon", None), ("", None), ("nan", None), ("inf", None)],
)
def test_retry_after_is_read(value, pause):
    assert pause == http_refusal(503, "", {"Retry-After": value}, "").pause


def test_retry_after_may_be_a_date():
    pause = http_refusal(503, "", {"Retry-After": formatdate(time.time() + 60, usegmt=True)}, "").pause
    assert 55 < pause <= 60


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://collector:4318/v1/traces?key=s3cret", "https://collector:4318"),
        ("https://me:s3cret@collector/s3cret", "https://collector"),
        ("//collector/s3cret", "collector"),
        ("/login?next=s3cret", "another path of the same host"),
        ("", "a place that it does not name"),
        ("https://[s3cret", "a place that it does not name"),
        ("https://host:s3cret/", "a place that it does not name"),
    ],
)
def test_of_a_redirect_only_the_host_is_told(location, shown):
    words = http_refusal(301, "Moved", {"Location": location}, "s3cret").words
    assert f"a redirect (301) to {shown}, which is not followed" in words
    assert "s3cret" not in words


@pytest.mark.parametrize(("scheme", "advised"), [("https", True), ("http", False)])
def test_a_redirect_to_https_says_what_to_do(scheme, advised):
    words = http_refusal(301, "Moved", {"Location": f"{scheme}://collector/v1/traces"}, "").words
    assert advised == words.endswith("; use https in the endpoint")


def test_what_somebody_else_says_is_told_within_bounds():
    words = http_refusal(400, "Bad Request", {}, "line\none\x1b[31m " + "x" * 10_000).words
    assert words.startswith("400 Bad Request: line one [31m x")
    assert MAX_WORDS == len(words)


def test_a_secret_that_is_cut_off_is_not_told_either():
    """The login ends behind the bound, so that it cannot be seen to be one."""
    assert "s3cret" not in bounded("https://me:" + "s3cret" * 200 + "@host")


def test_a_receiver_that_rejects_without_a_reason_is_quoted_so():
    assert "the receiver left them out and gave no reason" == accepted(3, "").words


def test_a_receiver_that_rejects_a_negative_number_rejects_nothing():
    assert 0 == accepted(-1, "").rejected
