"""One provider on loopback for the whole suite."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import certifi
import pytest

from support.providers.observe import Observatory
from support.providers.server import serve

_END = "-----END CERTIFICATE-----\n"


@pytest.fixture(scope="session")
def one_certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let SDKs trust one authority: loading all of them is most of what building a client costs."""
    path = tmp_path_factory.mktemp("trust") / "one.pem"
    path.write_text(Path(certifi.where()).read_text().partition(_END)[0] + _END)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(path))
        yield


@pytest.fixture(scope="session")
def one_loader() -> Iterator[None]:
    """Let all clients of AWS share what they know of its services: reading it takes a second each time."""
    with pytest.MonkeyPatch.context() as patch:
        if find_spec("botocore"):
            session, loaders = import_module("botocore.session"), import_module("botocore.loaders")
            patch.setattr(session, "create_loader", cache(loaders.create_loader))
        yield


@pytest.fixture(scope="session")
def observatory(one_certificate: None, one_loader: None) -> Iterator[Observatory]:
    """Plays scenarios with the real LangChain classes."""
    with serve() as provider:
        yield Observatory(provider)
