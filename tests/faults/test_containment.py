"""Whatever of langspan fails: the application does not notice, and every span ends.

Each function of the engine is made to raise, at once and after its work, while an application runs.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import logging
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import pytest

import langspan
from langspan.langchain.patches.ledger import _MISSING
from langspan.recording.log_events import is_supported
from support.application import (
    agents,
    chains,
    classic,
    embeddings,
    models,
    remote_graphs,
    stores,
    vector_stores,
)
from support.application.observe import Scenario, Seen, observe
from support.capabilities import GRAPH_CALLBACKS, MCP, MODEL_EVENTS, NODE_TIMEOUTS
from support.faults import InjectedError, Target, fault, targets, watched
from support.production import Harness

pytestmark = pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")

SCENARIOS: dict[str, Scenario] = {
    scenario.__name__: scenario
    for scenario in (
        *chains.SCENARIOS,
        *models.SCENARIOS,
        *models.EVENT_STREAMS,
        *models.OF_PACKAGES,
        *agents.SCENARIOS,
        *embeddings.SCENARIOS,
        *stores.SCENARIOS,
        *classic.SCENARIOS,
        *vector_stores.SCENARIOS,
        *remote_graphs.SCENARIOS,
    )
}
SET_UP, TAKE_DOWN = "instrument", "uninstrument"
FEW = 5
"""So many scenarios per fault; all of them if the variable is set."""
ALL_SCENARIOS = "LANGSPAN_FAULTS_IN_ALL_SCENARIOS" in os.environ

TARGETS = targets()

CARRIER = (
    "runs the application's own code, and contains nothing of ours that can fail: all it calls is tested"
)
TRIVIAL = "returns an attribute, or itself"
AT_IMPORT = "is called when langspan is imported"
BOUNDARY = "is the error boundary"
RESCUE = "is called only where something else has failed, and is tested there"
FORK = "is called in forked processes only: see tests/threads"
PUBLIC = "is called by the user, who is told what fails"
COLLECTOR = "is called by the garbage collector, and contains nothing that can fail"
LIMITS = "is called only where the SDK has limits, and is tested there: see tests/integration"
ROUTED = "is called only where a tracer wants to know of runs: see tests/integration/test_tenants.py"
FIELDS = "is called only where some fields of content are recorded: see tests/privacy"
LISTS = "lists what is to be undone, also for this test; if it fails, so does `Ledger.undo`, which is tested"
EXEMPT = {
    "langchain.patches.by_identity.ByIdentity.pairs": LISTS,
    "langchain.patches.ledger.Ledger.written": LISTS,
    "_guard.Guard.call": BOUNDARY,
    "_guard.Guard.failed": BOUNDARY,
    "_guard.Guard.report": BOUNDARY,
    "_guard.contained": BOUNDARY,
    "_guard.contained.call": BOUNDARY,
    "context.collection.Collection.__init__": AT_IMPORT,
    "context.collection.Collection.told": COLLECTOR,
    "context.scope.swap": CARRIER,
    "langchain.configure_hook.ConfigureHook.__init__": AT_IMPORT,
    "langchain.configure_hook.ConfigureHook.get": CARRIER,
    "langchain.patches.cached_nodes._amatching.record": CARRIER,
    "langchain.patches.store_threads._CarryingExecutor.submit": CARRIER,
    "langchain.patches.store_threads.HandedOver.carrying.carried": CARRIER,
    "langchain.patches.store_batches.Asked.linking.linked": CARRIER,
    "langchain.patches.stores._Batches.batch": CARRIER,
    "langchain.patches.stores._Batches.abatch": CARRIER,
    "langchain.patches.stores._Batches._batch": CARRIER,
    "langchain.patches.stores._Batches._abatch": CARRIER,
    "langchain.patches.stores._until_done": CARRIER,
    "langchain.patches.calls.CallRecorder.awaiting.recorded": CARRIER,
    "langchain.patches.method_wrappers._Copied.__copy__": TRIVIAL,
    "langchain.patches.method_wrappers._Copied.__deepcopy__": CARRIER,
    "langchain.patches.method_wrappers._Copied.__reduce__": CARRIER,
    "langchain.patches.method_wrappers._Copied.__reduce_ex__": CARRIER,
    "langchain.patches.method_wrappers._named": CARRIER,
    "langchain.patches.by_identity.ByIdentity._forget": COLLECTOR,
    "langchain.patches.heard.Heard.__iter__": TRIVIAL,
    "langchain.patches.heard.Heard.__next__": CARRIER,
    "langchain.patches.heard.AsyncHeard.__aiter__": TRIVIAL,
    "langchain.patches.heard.AsyncHeard.__anext__": CARRIER,
    "langchain.patches.check_recorded": AT_IMPORT,
    "langchain.patches.method_wrappers.ComparableWrapper.__call__": CARRIER,
    "langchain.patches.method_wrappers.ComparableWrapper.__get__": CARRIER,
    "langchain.patches.hooks.run_id_factory": AT_IMPORT,
    "kinds.registry.by_callback": AT_IMPORT,
    "kinds.registry.check_metrics": AT_IMPORT,
    "context.private_names.suppression_keys": AT_IMPORT,
    "recording.limits._from_environment": LIMITS,
    "recording.limits._rank": LIMITS,
    "recording.span_start.SpanStarter._fitting": LIMITS,
    "recording.limits.Limits.fit_start": LIMITS,
    "recording.limits._shortened": LIMITS,
    "_instrumentor._start_unlocked": FORK,
    "langchain.configure_hook._IsActive.__call__": RESCUE,
    "langchain.configure_hook._IsActive.__instancecheck__": TRIVIAL,
    "langchain.handler.RecordingHandler.__copy__": TRIVIAL,
    "langchain.handler.RecordingHandler.__deepcopy__": TRIVIAL,
    "content.fields.shown_of_call": FIELDS,
    "content.fields.shown_of_message": FIELDS,
    "content.fields.shown_of_object": FIELDS,
    "content.fields._without": FIELDS,
    "recording.tracers.announce_run": ROUTED,
    "recording.recorder.Recorder._give_up": RESCUE,
    "recording.run_table._forget_all": FORK,
    "recording.recorder.Recorder.__len__": PUBLIC,
    "recording.run_table.RunTable.__len__": PUBLIC,
    "context.scope.swap_back": CARRIER,
    "langchain.patches.subclasses.wrap_tree.init_subclass": CARRIER,
    "langchain.patches.subclasses._init_subclass_of.inherited": CARRIER,
    "_callback_handler.CallbackHandler.__init__": PUBLIC,
    "_instrumentation.Instrumentation.aflush": PUBLIC,
    "_instrumentation.Instrumentation.flush": PUBLIC,
    "_instrumentation.Instrumentation.open_runs": PUBLIC,
    "_instrumentation.Instrumentation.shutdown": PUBLIC,
    "_instrumentation.Instrumentation.stats": PUBLIC,
    "_stats.SignalStats.__add__": PUBLIC,
    "_stats.SignalStats.lost_total": PUBLIC,
    "_stats.Tally.add": BOUNDARY,
    "_stats.Tally.total": PUBLIC,
    "_instrumentation.Instrumentation.uninstrument": PUBLIC,
    "_instrumentation.Instrumentation._stop": PUBLIC,
    "_instrumentation.Instrumentation.__init__": PUBLIC,
    "_instrumentor.LangSpanInstrumentor._undo": PUBLIC,
    "_instrumentor.LangSpanInstrumentor.ensure": PUBLIC,
    "_instrumentor.LangSpanInstrumentor.uninstrument": PUBLIC,
    "_instrumentor.LangSpanInstrumentor._warn_of_others": PUBLIC,
    "_instrumentor.LangSpanInstrumentor._instrument": PUBLIC,
    "_instrumentor.LangSpanInstrumentor._uninstrument": PUBLIC,
    "_instrumentor.LangSpanInstrumentor.instrumentation": PUBLIC,
    "_instrumentor.instrument": PUBLIC,
    "_instrumentor.running_recorder": PUBLIC,
    "_instrumentation.Instrumentation.find": PUBLIC,
    "_callback_handler.CallbackHandler.find": PUBLIC,
    "context.baggage.entries": PUBLIC,
    "context.block.context.__init__": PUBLIC,
    "context.block._id": PUBLIC,
    "context.block._tags": PUBLIC,
    "context.block._metadata": PUBLIC,
    "context.block.context.__enter__": CARRIER,
    "context.block.context.__exit__": CARRIER,
    "context.block.context.__call__": CARRIER,
    "context.block.context._steps": CARRIER,
    "context.block._Steps.__init__": CARRIER,
    "context.block._Steps.resume": CARRIER,
    "context.block._Steps.suspend": CARRIER,
    "context.block._decorated": CARRIER,
    "context.block._decorated.call": CARRIER,
    "context.block._decorated.coroutine": CARRIER,
    "context.block._decorated.generator": CARRIER,
    "langchain.at_hand.run_of_config": PUBLIC,
    "recording.whereabouts.as_run_id": PUBLIC,
    "recording.whereabouts.innermost_open": PUBLIC,
    "recording.whereabouts.note": PUBLIC,
    "recording.whereabouts.recorder_of": PUBLIC,
    "recording.whereabouts.span_context_of": PUBLIC,
    "_instrumentor.running_last_traces": PUBLIC,
    "_instrumentor.uninstrument": PUBLIC,
}
# Nothing of the engine calls what is in there.
OF_USERS = {
    "langspan._at_hand",
    "langspan._budgets",
    "langspan._capture",
    "langspan._evaluation",
    "langspan._export_settings",
    "langspan._keep",
    "langspan._propagation",
    "langspan._prices",
    "langspan._last_trace",
    "langspan._setting_parsers",
    "langspan._spending_settings",
    # These fail like any function that users write for `redact`.
    *(
        f"langspan.redact{name}"
        for name in ("._addresses", "._combined", "._numbers", "._presidio", "._secrets")
    ),
}
# Without them no span is found, or ended. Before their own "finally" there is nothing in them that can fail.
LAST = {
    "recording.span_end.SpanFinisher.end_ok",
    "recording.span_end.SpanFinisher.end_error",
    "recording.span_end.SpanFinisher.end_incomplete",
    "recording.span_end.SpanFinisher._end",
    "context.collection.apart",
    "recording.run_table.RunTable.take",
    "recording.run.Run.span_context",
}


# What serves only some versions of others: whether those are installed.
LIFECYCLE, EVENT_STREAMS = GRAPH_CALLBACKS.there, MODEL_EVENTS.there
TIMEOUTS = NODE_TIMEOUTS.there
MCP_CLIENT = MCP.there
INSTALLED = {
    "langchain.patches.agent_executors": bool(classic.SCENARIOS),
    "langchain.patches.optional._agent_executors": bool(classic.SCENARIOS),
    "recording.log_events.LogEvents": is_supported(),
    "recording.log_events._keyed": is_supported(),
    "langchain.patches.langgraph._lifecycle_class": LIFECYCLE,
    "langchain.patches.langgraph._listening": LIFECYCLE,
    "langchain.patches.langgraph._specify": not LIFECYCLE,
    "langchain.graph_announcements.specify": not LIFECYCLE,
    "langchain.handler.RecordingHandler.on_interrupt": LIFECYCLE,
    "langchain.handler.RecordingHandler.on_resume": LIFECYCLE,
    "recording.recorder.Recorder.interrupted": LIFECYCLE,
    "recording.recorder.Recorder.resumed": LIFECYCLE,
    "recording.interrupts.Interrupts.stopped_at": LIFECYCLE,
    "recording.interrupts.Interrupts.replayed": LIFECYCLE,
    "recording.span_events.interrupt": LIFECYCLE,
    "recording.span_events.resume": LIFECYCLE,
    "recording.span_events.replay": LIFECYCLE,
    "langchain.patches.langgraph._timing_out": TIMEOUTS,
    "recording.recorder.Recorder.timed_out": TIMEOUTS,
    "recording.run_table.RunTable.open": TIMEOUTS,
    "langchain.handler.RecordingHandler.on_stream_event": EVENT_STREAMS,
    "context.scope.Scope._dropped": EVENT_STREAMS,
    "context.scope.Scope.around_stream": EVENT_STREAMS,
    "langchain.patches.wrappers.stream_scope": EVENT_STREAMS,
    "kinds.remote_events": remote_graphs.HAS_EVENT_STREAMS,
    "langchain.patches.heard": remote_graphs.HAS_EVENT_STREAMS,
    "langchain.patches.remote_events": remote_graphs.HAS_EVENT_STREAMS,
    "langchain.patches.by_identity": remote_graphs.HAS_EVENT_STREAMS,
    # Made to fail in a lane of their own: see tests/ecosystem.
    "langchain.patches.mcp": MCP_CLIENT,
    "langchain.patches.mcp_connections": MCP_CLIENT,
    "langchain.patches.optional._mcp": MCP_CLIENT,
    "recording.run.Run.learn": MCP_CLIENT,
    "recording.run._with": MCP_CLIENT,
}


# What a function of the user's own gets to as well, and then tells its fault: in these scenarios.
TOLD_TO_USERS = {"langchain.patches.lookup.run_of": "chain_that_is_judged"}
# Without it a fault of LangChain's shows: an inline handler keeps others from being told of some starts.
UNTOLD = {"langchain.patches.runnables._notify_non_inline.plan"}
# Without them a patch stays where it is, and does nothing from then on.
UNDOES = {
    "langchain.patches.ledger.Ledger.undo",
    "langchain.patches.ledger._put_back",
}


# Functions of plain data, of which some serve rare shapes only.
PURE = tuple(f"langspan.{name}." for name in ("content", "conventions", "kinds", "providers"))
PURE += ("langspan._values", "langspan._reading")


def hands_on(target: Target) -> bool:
    """Whether it is a callback. Those hand on what they get; LangChain itself contains and logs the rest."""
    return target.path[-1].startswith("on_") and target.path[-2] in ("RecordingHandler", "LifecycleHandler")


def is_served(target: Target) -> bool:
    """Whether the installed versions have what the function is for."""
    name = str(target)
    return all(installed for prefix, installed in INSTALLED.items() if f"{name}.".startswith(f"{prefix}."))


def exemption(target: Target) -> str | None:
    """Why a function may fail, or is not tested here."""
    if target.module == "langspan.context.drivers" or target.path[-1] == "wrapper":
        return CARRIER
    return PUBLIC if target.module in OF_USERS else EXEMPT.get(str(target))


TESTED = [target for target in TARGETS if exemption(target) is None]


def carry_out(names: Iterable[str], before_each: Callable[[str], Any] = lambda _: None) -> dict[str, Seen]:
    async def main() -> dict[str, Seen]:
        seen = {}
        for name in names:
            before_each(name)
            seen[name] = await observe(SCENARIOS[name])
        return seen

    return asyncio.run(main())


@pytest.fixture(scope="module")
def untraced() -> dict[str, Seen]:
    """What the application sees without langspan."""
    return carry_out(SCENARIOS)


class Calls(NamedTuple):
    """Where langspan's functions are called.

    Attributes:
        scenarios: In which scenarios, by function, and whether those are observed.
        patches: What is patched.
    """

    scenarios: dict[tuple[Target, bool], list[str]]
    patches: list[tuple[Any, str, Any]]


@pytest.fixture(scope="module")
def calls() -> Calls:
    found: dict[tuple[Target, bool], dict[str, None]] = defaultdict(dict)
    for observed in (True, False):
        harness, stage = Harness(observed=observed), [SET_UP]
        record = functools.partial(_record, found, stage, observed)
        with watched(TARGETS, record):
            harness.instrument()
            carry_out(SCENARIOS, functools.partial(stage.__setitem__, 0))
            stage[0] = TAKE_DOWN
            langspan.uninstrument()
    return Calls({key: list(names) for key, names in found.items()}, harness.patches)


def _record(
    found: dict[tuple[Target, bool], dict[str, None]], stage: list[str], observed: bool, target: Target
) -> None:
    found[target, observed][stage[0]] = None


def chosen(names: list[str]) -> list[str]:
    """Some of the scenarios in which a function is called, spread evenly; others if there are none."""
    names = [name for name in names if name in SCENARIOS] or ["agent_ainvoke", "chat_stream"]
    return names if ALL_SCENARIOS else names[:: -(-len(names) // FEW)]


@pytest.mark.parametrize("late", [False, True], ids=["at once", "in the end"])
@pytest.mark.parametrize("target", TESTED, ids=str)
def test_the_application_does_not_notice(
    target: Target, late: bool, untraced: dict[str, Seen], calls: Calls, caplog: pytest.LogCaptureFixture
) -> None:
    observed = (target, True) in calls.scenarios
    names = calls.scenarios.get((target, observed))
    if names is None and target.module.startswith(PURE):
        pytest.skip("no scenario has data of this shape; where it is called from is tested")
    if names is None and not is_served(target):
        pytest.skip("serves other versions of LangChain, LangGraph or OpenTelemetry, in another lane")
    assert names is not None, "no scenario calls it: add one to tests/support/application"
    gc.collect()  # streams that an earlier test has let go must not end in this fault, and log it once more
    harness = Harness(observed=observed)
    with harness.cleaned_up(), caplog.at_level(logging.WARNING), fault(target, late=late) as hits:
        try:
            harness.instrument()
        except InjectedError:
            assert SET_UP in names
        told = TOLD_TO_USERS.get(str(target))
        seen = carry_out(chosen([name for name in names if name != told]))
        if not hits:
            seen |= carry_out(SCENARIOS)
        langspan.uninstrument()
        left = [
            name for owner, name, original in calls.patches if vars(owner).get(name, _MISSING) is not original
        ]
    assert hits
    assert {} == differing(untraced, seen, told=str(target) not in UNTOLD)
    assert {} == harness.open.names or str(target) in LAST
    assert [] == left or str(target) in UNDOES
    assert [] == unexpected(caplog.records) or hands_on(target)


def differing(
    untraced: dict[str, Seen], seen: dict[str, Seen], *, told: bool
) -> dict[str, tuple[Seen, Seen]]:
    """What was seen where it is not the same, with and without langspan."""
    return {
        name: (untraced[name], saw)
        for name, saw in seen.items()
        if untraced[name] != (saw if told else saw._replace(told=untraced[name].told))
    }


def unexpected(records: list[logging.LogRecord]) -> list[str]:
    """Log lines of others about us, and lines of ours that come twice."""
    lines = Counter((record.name, record.getMessage()) for record in records)
    return [
        line
        for (logger, line), count in lines.items()
        if (logger != "langspan" or count > 1) and "FailingListener" not in line
    ]
