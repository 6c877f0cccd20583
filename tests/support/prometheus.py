"""The real Prometheus with the shipped configuration, looking at collectors of a test.

It looks every second, and an alert need not last: how long one waits is nothing to be tested here.
"""

from __future__ import annotations

import json
import re
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from support.backends import REPOSITORY, Collector, Service, binary, get, running

CONFIG = REPOSITORY / "collector-config" / "prometheus.yml"
RULES = REPOSITORY / "collector-config" / "rules.yml"
COMPOSE = REPOSITORY / "docker-compose.yml"
APPLICATIONS, OWN = "otel-collector:8889", "otel-collector:18888"
"""Where docker-compose.yml has what the collector shows of applications, and of itself."""


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus: `url` of its API."""

    url: str

    def query(self, expression: str) -> list[dict[str, str]]:
        """Return the labels of each series that an expression has a value of now, with it as `value`.

        Raises:
            AssertionError: It is no expression.
        """
        found = self.ask("query", query=expression)["result"]
        return [{**one["metric"], "value": one["value"][1]} for one in found]

    def exemplars(self, series: str) -> list[dict[str, str]]:
        """Return the labels of the exemplars of a series in the last ten minutes."""
        now = time.time()
        found = self.ask("query_exemplars", query=series, start=str(now - 600), end=str(now))
        return [exemplar["labels"] for one in found for exemplar in one["exemplars"]]

    def firing(self) -> dict[str, dict[str, Any]]:
        """Return the alerts that fire, by name: one each."""
        alerts = self.ask("alerts")["alerts"]
        return {one["labels"]["alertname"]: one for one in alerts if one["state"] == "firing"}

    def words(self) -> set[str]:
        """Return the names of all series and labels that it has ever seen."""
        return {*self.ask("label/__name__/values"), *self.ask("labels")}

    def ask(self, path: str, **parameters: str) -> Any:
        """Return what one of its addresses answers with these parameters."""
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        body = get(url)
        assert body is not None, f"{url} is refused"
        return json.loads(body)["data"]


@contextmanager
def running_prometheus(folder: Path, port: int, collectors: Sequence[Collector]) -> Iterator[Prometheus]:
    """Run it on `port` with the flags that docker-compose.yml has, looking at these collectors."""
    config = CONFIG.read_text("utf-8").replace("_interval: 15s", "_interval: 1s")
    for target, pages in (
        (APPLICATIONS, [one.metrics for one in collectors]),
        (OWN, [one.own for one in collectors]),
    ):
        hosts = [page.removeprefix("http://").removesuffix("/metrics") for page in pages]
        assert target in config
        config = config.replace(f'["{target}"]', json.dumps(hosts))
    path = folder / "prometheus.yml"
    path.write_text(config, "utf-8")
    (folder / "rules.yml").write_text(hasty(RULES.read_text("utf-8")), "utf-8")
    url = f"http://127.0.0.1:{port}"
    command: list[Path | str] = [
        binary("prometheus"),
        f"--config.file={path}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
        *features(),
    ]
    with running(Service(command, {}, f"{url}/-/ready", folder / "prometheus.log")):
        yield Prometheus(url)


def hasty(rules: str) -> str:
    """Return the rules with alerts that fire at once, and are looked at every second."""
    return re.sub(r"\bfor: \w+", "for: 0s", re.sub(r"\binterval: \w+", "interval: 1s", rules))


def features() -> list[str]:
    """Return the flags of docker-compose.yml that switch something on."""
    command = yaml.safe_load(COMPOSE.read_text("utf-8"))["services"]["prometheus"]["command"]
    return [flag for flag in command if flag.startswith("--enable-feature=")]
