"""Secrets in the environment do not reach the terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langspan.cli.masking import masked, without_header_values


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        pytest.param("OTEL_SERVICE_NAME", "shop", "shop", id="plain"),
        pytest.param("OTEL_EXPORTER_OTLP_HEADERS", "a=1,b=2=3", "a=(hidden),b=(hidden)", id="headers"),
        pytest.param(
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS", "Bearer s3cret", "(hidden)", id="header without a name"
        ),
        pytest.param("OTEL_EXPORTER_OTLP_HEADERS", "", "", id="no headers"),
        pytest.param("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/etc/key.pem", "(hidden)", id="key"),
        pytest.param("OTEL_SOMETHING_TOKEN", "s3cret", "(hidden)", id="token"),
        pytest.param("OTEL_SOMETHING_PASSWORD", "", "", id="empty password"),
        pytest.param(
            "OTEL_EXPORTER_OTLP_ENDPOINT", "https://me:s3cret@host:1/x", "https://host:1/x", id="login"
        ),
        pytest.param("OTEL_EXPORTER_OTLP_ENDPOINT", "me:s3cret@host:1", "host:1", id="login without scheme"),
        pytest.param(
            "OTEL_EXPORTER_OTLP_ENDPOINT", "https://host/x?api_key=s3cret", "https://host/x", id="query"
        ),
        pytest.param("LANGSPAN_JAEGER_URL", "http://me:s3cret@host", "http://host", id="any address"),
        pytest.param("OTEL_EXPORTER_OTLP_ENDPOINT", "http://[s3cret", "(hidden)", id="not an address"),
        pytest.param(
            "OTEL_RESOURCE_ATTRIBUTES", "a=1,api.key=s3cret", "a=1,api.key=(hidden)", id="attribute"
        ),
    ],
)
def test_names_are_shown_and_secrets_are_not(name, value, shown):
    assert shown == masked(name, value)


@given(st.text())
def test_no_header_value_is_ever_shown(text):
    """Whatever is around it, as long as it does not itself pass for the next header's name."""
    assert "s3cret" not in masked("OTEL_EXPORTER_OTLP_HEADERS", f"{text}=s3cret")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("no header", "no header", id="nothing"),
        pytest.param("bad value 'Bearer%20s3cret'", "bad value '(hidden)'", id="as it is set"),
        pytest.param("bad value 'Bearer s3cret'", "bad value '(hidden)'", id="decoded"),
        pytest.param(r"bad value 'two\nlines'", "bad value '(hidden)'", id="escaped"),
        pytest.param("code 401", "code 401", id="a value too short to be a secret"),
    ],
)
def test_header_values_that_a_message_quotes_are_hidden(text, shown):
    environ = {
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20s3cret,x=1",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "y=two%0Alines",
        "OTEL_SERVICE_NAME": "=header",
    }
    assert shown == without_header_values(text, environ)
