"""One provider on loopback for the whole suite."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path

import certifi
import pytest
from packaging.version import Version

from support.providers.observe import Observatory
from support.providers.server import serve

_PINS = Path(__file__).parents[2] / "requirements" / "newest.txt"
# What a class says of an exchange changes with its package; the tables speak of the newest.
_VERSION_BOUND = frozenset(
    {
        "test_the_cell_is_what_the_exchanges_show",
        "test_a_scenario_loses_beside_a_plain_call_what_the_table_says",
        "test_what_is_called_lost_was_on_the_wire",
        "test_the_span_says_what_the_wire_said",
        "test_the_application_sees_the_sdks_own_errors",
    }
)
_END = "-----END CERTIFICATE-----\n"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and item.originalname in _VERSION_BOUND:
            package = item.callspec.params["client"].package
            if _is_old(package):
                item.add_marker(pytest.mark.skip(f"the tables speak of a newer {package}"))


@cache
def _is_old(package: str) -> bool:
    pins = dict(re.findall(r"^(\S+)==(\S+)", _PINS.read_text(), re.MULTILINE))
    try:
        return Version(metadata.version(package)) < Version(pins[package])
    except metadata.PackageNotFoundError:
        return False  # skipped for another reason


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
