"""Which certificates count, over real encrypted connections."""

from __future__ import annotations

import pytest

from support.otlp import receive

pytest.importorskip("cryptography", reason="certificates are made with it: pip install cryptography")

from support.certificates import Authority, Tls

BASE = "OTEL_EXPORTER_OTLP"
TRACES = f"{BASE}_TRACES"
PROTOCOLS = ["http/protobuf", "grpc"]
BUNDLES = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"]


@pytest.fixture
def ours(tmp_path):
    return Authority(tmp_path, "ours")


@pytest.fixture
def other(tmp_path):
    return Authority(tmp_path, "other")


@pytest.fixture(autouse=True)
def no_bundles(monkeypatch):
    for name in (*BUNDLES, "SSL_CERT_FILE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def delivers(exports):
    """Send a span with these variables, and tell whether it arrived."""

    def send(server, protocol, environ):
        settings = {f"{BASE}_ENDPOINT": server.endpoint, f"{BASE}_PROTOCOL": protocol, f"{BASE}_TIMEOUT": "2"}
        telemetry = exports({**settings, **{name: str(value) for name, value in environ.items()}})
        telemetry.tracer_provider.get_tracer("t").start_span("s").end()
        sent = telemetry.flush(20)
        assert sent is bool(server.received.spans)
        return sent

    return send


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("prefix", [BASE, TRACES])
def test_an_authority_that_is_named_is_trusted(delivers, ours, protocol, prefix):
    with receive(protocol, tls=Tls(ours.sign("server"))) as server:
        assert delivers(server, protocol, {f"{prefix}_CERTIFICATE": ours.path})


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_receiver_of_another_authority_is_not_trusted(delivers, ours, other, protocol):
    with receive(protocol, tls=Tls(other.sign("server"))) as server:
        assert not delivers(server, protocol, {f"{BASE}_CERTIFICATE": ours.path})


@pytest.mark.parametrize("bundle", BUNDLES)
def test_the_authority_of_the_exporter_wins_over_that_of_all_requests(delivers, ours, other, bundle):
    """The user names the first for langspan, the second for everything."""
    with receive(tls=Tls(ours.sign("server"))) as server:
        assert delivers(server, "http/protobuf", {f"{BASE}_CERTIFICATE": ours.path, bundle: other.path})


@pytest.mark.parametrize("bundle", BUNDLES)
def test_the_authority_of_all_requests_does_not_help_where_another_is_named(delivers, ours, other, bundle):
    with receive(tls=Tls(other.sign("server"))) as server:
        assert not delivers(server, "http/protobuf", {f"{BASE}_CERTIFICATE": ours.path, bundle: other.path})


@pytest.mark.parametrize("bundle", BUNDLES)
def test_the_authority_of_all_requests_counts_where_none_is_named(delivers, ours, bundle):
    with receive(tls=Tls(ours.sign("server"))) as server:
        assert delivers(server, "http/protobuf", {bundle: ours.path})


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("prefix", [BASE, TRACES])
def test_an_empty_variable_does_not_turn_the_check_off(delivers, ours, protocol, prefix):
    with receive(protocol, tls=Tls(ours.sign("server"))) as server:
        assert not delivers(server, protocol, {f"{prefix}_CERTIFICATE": ""})


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("prefix", [BASE, TRACES])
def test_a_client_shows_its_certificate(delivers, ours, protocol, prefix):
    """Also where the authority is named for all signals, and the client's certificate for traces only."""
    client = ours.sign("client")
    shown = {f"{prefix}_CLIENT_CERTIFICATE": client.certificate, f"{prefix}_CLIENT_KEY": client.key}
    with receive(protocol, tls=Tls(ours.sign("server"), clients=ours.path)) as server:
        assert delivers(server, protocol, {f"{BASE}_CERTIFICATE": ours.path, **shown})


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_key_may_be_in_the_file_of_its_certificate(delivers, ours, tmp_path, protocol):
    client = ours.sign("client")
    both = tmp_path / "both.pem"
    both.write_bytes(client.key.read_bytes() + client.certificate.read_bytes())
    environ = {f"{BASE}_CERTIFICATE": ours.path, f"{BASE}_CLIENT_CERTIFICATE": both}
    with receive(protocol, tls=Tls(ours.sign("server"), clients=ours.path)) as server:
        assert delivers(server, protocol, environ)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_files_that_do_not_hold_what_they_are_named_for_are_refused(exports, ours, tmp_path, protocol):
    """The message says which variable, and nothing of what is in the file; nobody is asked for a password."""
    text = tmp_path / "text.pem"
    text.write_text("s3cret\n")
    client, locked = ours.sign("client"), ours.sign("locked", password="word")
    stranger = ours.sign("stranger")
    cases = {
        "_CERTIFICATE='.*text.pem' has no certificate in PEM format": {"CERTIFICATE": text},
        "_CERTIFICATE='.*key' has no certificate in PEM format": {"CERTIFICATE": client.key},
        "_CLIENT_CERTIFICATE='.*text.pem' has no certificate": {"CLIENT_CERTIFICATE": text},
        "_CLIENT_CERTIFICATE='.*crt' has no certificate with its key.*; set .*_CLIENT_KEY": {
            "CLIENT_CERTIFICATE": client.certificate
        },
        "_CLIENT_CERTIFICATE='.*crt' has no certificate .* that belongs to .*_CLIENT_KEY='.*stranger.key'": {
            "CLIENT_CERTIFICATE": client.certificate,
            "CLIENT_KEY": stranger.key,
        },
        "_CLIENT_CERTIFICATE='.*crt' has a key with a password": {
            "CLIENT_CERTIFICATE": locked.certificate,
            "CLIENT_KEY": locked.key,
        },
        "_CLIENT_KEY='.*gone' cannot be read": {
            "CLIENT_CERTIFICATE": client.certificate,
            "CLIENT_KEY": tmp_path / "gone",
        },
    }
    for message, files in cases.items():
        with exports.monkeypatch.context() as patch:
            patch.setenv(f"{BASE}_PROTOCOL", protocol)
            for name, path in files.items():
                patch.setenv(f"{BASE}_{name}", str(path))
            with pytest.raises(ValueError, match=message) as caught:
                exports()
        assert "s3cret" not in str(caught.value)


def test_a_folder_of_authorities_is_for_http(exports, tmp_path):
    assert exports({f"{BASE}_CERTIFICATE": str(tmp_path)}).owned


def test_a_folder_of_authorities_is_not_for_grpc(exports, tmp_path):
    with pytest.raises(ValueError, match=f"{BASE}_CERTIFICATE=.* cannot be read"):
        exports({f"{BASE}_CERTIFICATE": str(tmp_path), f"{BASE}_PROTOCOL": "grpc"})
