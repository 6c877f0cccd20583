"""The shipped configuration files: accepted by the real binaries, and in agreement with each other."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from langspan.catalogue.telemetry import ATTRIBUTES, METRICS
from support.backends import COLLECTOR_CONFIG, JAEGER_CONFIG, JAEGER_UI_CONFIG, Backends, Jaeger, binary, get
from support.catalogued import content_names

FOLDER = COLLECTOR_CONFIG.parent
COLLECTOR_CONFIGS = sorted(FOLDER.glob("collector*.yaml"))
OVERLAYS = [FOLDER / "sampling.yaml"]
"""Each goes on top of collector.yaml."""
VARIABLE = re.compile(r"\$\{env:(\w+):-([^}]*)\}")


def load(path: Path) -> Any:
    """Read a configuration as it is when no variable is set."""
    return yaml.safe_load(VARIABLE.sub(lambda found: found[2], path.read_text()))


def validate(name: str, *configs: Path) -> subprocess.CompletedProcess[str]:
    named = [part for config in configs for part in ("--config", config)]
    command = [binary(name), "validate", *named]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def endpoints(node: Any) -> list[str]:
    """Return every `endpoint` in a configuration."""
    if not isinstance(node, dict):
        return []
    own = [value for key, value in node.items() if key == "endpoint"]
    return own + [found for value in node.values() for found in endpoints(value)]


def listening(path: Path) -> list[str]:
    """Return every address on which a configuration answers, its own numbers included."""
    config = load(path)
    metrics = config["service"]["telemetry"]["metrics"]
    own = [reader["pull"]["exporter"]["prometheus"] for reader in metrics.get("readers", [])]
    asked = {"otlp_grpc/jaeger", "metric_backends"}  # what it sends to or asks, elsewhere
    return endpoints(without(config, asked)) + [f"{one['host']}:{one['port']}" for one in own]


def without(node: Any, keys: set[str]) -> Any:
    if not isinstance(node, dict):
        return node
    return {key: without(value, keys) for key, value in node.items() if key not in keys}


@pytest.mark.parametrize("config", COLLECTOR_CONFIGS, ids=lambda path: path.name)
def test_the_collector_accepts_its_configuration(config: Path) -> None:
    result = validate("otelcol", config)
    assert (0, "") == (result.returncode, result.stderr)


@pytest.mark.parametrize("config", COLLECTOR_CONFIGS, ids=lambda path: path.name)
def test_the_collector_accepts_its_configuration_with_every_block_switched_on(
    config: Path, tmp_path: Path
) -> None:
    everything = tmp_path / "everything.yaml"
    everything.write_text(config.read_text().replace("#: ", ""))

    result = validate("otelcol", everything)

    assert (0, "") == (result.returncode, result.stderr)
    assert load(everything) != load(config)


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: path.name)
def test_the_collector_accepts_what_goes_on_top(overlay: Path) -> None:
    result = validate("otelcol", COLLECTOR_CONFIG, overlay)
    assert (0, "") == (result.returncode, result.stderr)


def test_what_samples_leaves_the_way_to_the_decision_as_it_is() -> None:
    """Above all the block that strips content, if it is on: a list that is named again would be replaced."""
    pipelines = load(FOLDER / "sampling.yaml")["service"]["pipelines"]
    assert {"exporters": ["span_metrics", "forward/complete"]} == pipelines["traces"]
    assert {"forward/complete"} == {*pipelines["traces/complete"]["receivers"]}


@pytest.mark.parametrize("part", ["span", "spanevent", "log"])
def test_the_block_that_strips_content_takes_out_all_of_ours(part: str) -> None:
    """Patterns of the collector are Go's; these are Python's too, but for the end of the text."""
    found = re.findall(rf'delete_matching_keys\({part}\.attributes, "(.+)"\)', COLLECTOR_CONFIG.read_text())
    patterns = [pattern.replace(r"\\", "\\").replace(r"\z", r"\Z") for pattern in found]

    assert [] == [name for name in content_names() if not any(re.search(p, name) for p in patterns)]


def test_jaeger_accepts_its_configuration() -> None:
    assert 0 == validate("jaeger", JAEGER_CONFIG).returncode


def test_both_start_without_a_warning(backends: Backends) -> None:
    """Except that this Jaeger is built without its web pages. Deprecated names would be warned about here."""
    logs = backends.collector.log.read_text() + backends.jaeger.log.read_text()
    started = [line for line in logs.splitlines() if re.search(r"\t(warn|error)\t", line)]
    assert [] == [line for line in started if "ui assets not embedded" not in line]


@pytest.mark.parametrize("config", [COLLECTOR_CONFIG, JAEGER_CONFIG], ids=lambda path: path.name)
def test_without_variables_everything_listens_on_loopback_only(config: Path) -> None:
    assert {"127.0.0.1"} == {address.rpartition(":")[0] for address in listening(config)}


def test_without_variables_the_two_fit_together_on_one_machine() -> None:
    addresses = listening(COLLECTOR_CONFIG) + listening(JAEGER_CONFIG)
    to_jaeger = load(COLLECTOR_CONFIG)["exporters"]["otlp_grpc/jaeger"]["endpoint"]
    assert load(JAEGER_CONFIG)["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"] == to_jaeger
    assert len(addresses) == len({*addresses})


def test_each_hop_accepts_what_the_hop_before_may_send() -> None:
    """A batch may reach `min_size` and then grow by one largest request."""
    collector, jaeger = load(COLLECTOR_CONFIG), load(JAEGER_CONFIG)
    protocols = collector["receivers"]["otlp"]["protocols"]
    accepted = protocols["grpc"]["max_recv_msg_size_mib"] * 2**20
    queue = collector["exporters"]["otlp_grpc/jaeger"]["sending_queue"]
    accepted_by_jaeger = jaeger["receivers"]["otlp"]["protocols"]["grpc"]["max_recv_msg_size_mib"] * 2**20
    assert accepted == protocols["http"]["max_request_body_size"]
    assert accepted <= queue["queue_size"]
    assert 0 == queue["batch"]["max_size"]
    assert accepted + queue["batch"]["min_size"] < accepted_by_jaeger


def test_every_pipeline_from_outside_starts_with_the_memory_limiter() -> None:
    pipelines = load(COLLECTOR_CONFIG)["service"]["pipelines"]
    firsts = {
        name: pipe["processors"][0] for name, pipe in pipelines.items() if pipe["receivers"] == ["otlp"]
    }
    assert dict.fromkeys(["traces", "metrics", "logs"], "memory_limiter") == firsts
    assert ["metrics/numbers"] == [name for name in pipelines if name not in firsts]


def test_numbers_of_spans_are_counted_apart_by_few_attributes_and_up_to_a_bound() -> None:
    """None of them an id, or anything else that grows with use."""
    numbers = load(COLLECTOR_CONFIG)["connectors"]["span_metrics"]
    names = {dimension["name"] for dimension in numbers["dimensions"]}
    of_metrics = {name for group in METRICS.values() for metric in group for name in metric.attributes}
    assert names <= of_metrics
    assert 0 < numbers["aggregation_cardinality_limit"] <= 2000


def test_jaeger_asks_for_the_names_that_the_collector_counts_under() -> None:
    jaeger = load(JAEGER_CONFIG)["extensions"]
    asked = jaeger["jaeger_storage"]["metric_backends"][jaeger["jaeger_query"]["storage"]["metrics"]][
        "prometheus"
    ]
    numbers = load(COLLECTOR_CONFIG)["connectors"]["span_metrics"]
    name, unit = numbers.get("namespace", "traces.span.metrics"), numbers["histogram"]["unit"]
    assert (name.replace(".", "_"), unit) == (asked["metric_namespace"], asked["latency_unit"])


def test_jaeger_keeps_a_few_thousand_traces() -> None:
    backends = load(JAEGER_CONFIG)["extensions"]["jaeger_storage"]["backends"]
    assert 1000 <= backends["memory"]["memory"]["max_traces"] <= 10_000


def test_the_queue_is_bounded_on_disk_and_outlasts_a_weekend() -> None:
    collector = load(COLLECTOR_CONFIG)
    exporter = collector["exporters"]["otlp_grpc/jaeger"]
    queue = exporter["sending_queue"]
    assert queue["storage"] in collector["extensions"]
    assert queue["storage"] in collector["service"]["extensions"]
    assert ("bytes", 2**29) == (queue["sizer"], queue["queue_size"])
    assert "72h" == exporter["retry_on_failure"]["max_elapsed_time"]


def test_jaeger_keeps_traces_on_disk_for_a_time_that_one_can_set() -> None:
    jaeger = load(JAEGER_CONFIG)
    backends = jaeger["extensions"]["jaeger_storage"]["backends"]
    used = {
        jaeger["extensions"]["jaeger_query"]["storage"]["traces"],
        jaeger["exporters"]["jaeger_storage_exporter"]["trace_storage"],
    }
    assert {"badger"} == used
    assert (False, "72h") == (
        backends["badger"]["badger"]["ephemeral"],
        backends["badger"]["badger"]["ttl"]["spans"],
    )
    assert "${env:JAEGER_TTL:-72h}" in JAEGER_CONFIG.read_text()


def served_ui_config(jaeger: Jaeger) -> Any:
    """Return what the page of the running Jaeger tells its scripts; this one's page is the template alone."""
    page = (get(f"{jaeger.url}/") or b"").decode()
    (found,) = re.findall(r"JAEGER_CONFIG = (\{.*?\});", page, re.DOTALL)
    return json.loads(found)


def test_jaeger_gives_its_pages_the_shipped_configuration(backends: Backends) -> None:
    assert json.loads(JAEGER_UI_CONFIG.read_text()) == served_ui_config(backends.jaeger)


def test_a_trace_opens_with_tree_and_conversation_side_by_side(backends: Backends) -> None:
    """A block that lacks one of the keys replaces the UI's own as a whole."""
    timeline = served_ui_config(backends.jaeger)["traceTimeline"]
    assert {
        "enableSidePanel": True,
        "defaultDetailPanelMode": "sidepanel",
        "spanPillsEnabled": True,
    } == timeline


def order_of(names: set[str]) -> list[str]:
    """Sort attributes as the UI does: by the first prefix that one of two has and the other lacks."""
    prefixes = json.loads(JAEGER_UI_CONFIG.read_text())["topTagPrefixes"]
    return sorted(names, key=lambda name: ([not name.startswith(prefix) for prefix in prefixes], name))


def test_attributes_are_shown_in_the_order_in_which_a_person_looks() -> None:
    expected = [
        "error",
        "error.type",
        "otel.status_description",
        "langspan.outcome",
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "langspan.usage.cost",
        "gen_ai.request.model",
        "gen_ai.response.model",
        "gen_ai.response.finish_reasons",
        "gen_ai.tool.name",
        "gen_ai.operation.name",
        "langspan.retry.attempt",
        "langgraph.step",
        "langchain.run.id",
        "app.tenant",
    ]
    assert expected == order_of({*expected})


def test_every_prefix_is_of_something_that_is_exported() -> None:
    """What the UI itself adds stands for an error, and `http.` for spans of others."""
    prefixes = json.loads(JAEGER_UI_CONFIG.read_text())["topTagPrefixes"]
    names = {row.name for rows in ATTRIBUTES.values() for row in rows}
    unused = {prefix for prefix in prefixes if not any(name.startswith(prefix) for name in names)}
    assert {"otel.status_description", "http."} == unused


def test_the_search_looks_two_days_back_and_asks_for_no_more_than_jaeger_has_room_for() -> None:
    search = json.loads(JAEGER_UI_CONFIG.read_text())["search"]
    assert ("2d", "2d", 200) == (
        search["defaultLookback"],
        search["maxLookback"]["value"],
        search["maxLimit"],
    )


def test_jaeger_offers_nothing_that_it_cannot_do_here() -> None:
    """No archive storage, and the page of numbers is empty without Prometheus: who has it opens /monitor."""
    ui = json.loads(JAEGER_UI_CONFIG.read_text())
    assert (False, False, False) == (
        ui["archiveEnabled"],
        ui["monitor"]["menuEnabled"],
        ui["dependencies"]["menuEnabled"],
    )


def test_the_collector_is_built_from_modules_of_one_version() -> None:
    manifest = yaml.safe_load((FOLDER / "backends" / "otelcol.yaml").read_text())
    kinds = ("receivers", "processors", "exporters", "connectors", "extensions")
    versions = {module["gomod"].rpartition(" v")[2] for kind in kinds for module in manifest[kind]}
    build = (FOLDER / "backends" / "build.sh").read_text()
    assert (
        {manifest["dist"]["version"]}
        == versions
        == {*re.findall(r"^OTELCOL_VERSION=(\S+)", build, re.MULTILINE)}
    )
