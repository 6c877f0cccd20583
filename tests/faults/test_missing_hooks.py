"""LangChain may drop or rename what we patch: each loss costs one feature and one warning, never the tree."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import langgraph.store.base.batch
import langgraph.store.memory
import pytest
from langchain_core.documents.compressor import BaseDocumentCompressor
from langchain_core.embeddings import Embeddings
from langchain_core.indexing import api
from langchain_core.language_models import BaseChatModel, BaseLLM
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import BaseTool
from langchain_core.vectorstores import VectorStore
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.store.base import BaseStore
from opentelemetry import trace

from langspan.context.private_names import SPAN_KEY, suppression_keys
from langspan.langchain.patches import hooks, langgraph, ledger, lookup, runnables, subclasses
from langspan.langchain.patches.hooks import PATCHED, YOUNG, full_name
from support.application import agents, chains, embeddings, remote_graphs, vector_stores
from support.application import models as model_calls
from support.application.observe import Scenario, observe
from support.expectations import Span, order
from support.forests import exported
from support.production import Harness
from support.recording import Recording, instrumented

SCENARIOS: tuple[Scenario, ...] = (
    agents.agent_ainvoke,
    agents.agent_stream,
    agents.graph_in_a_graph,
    agents.graph_interrupted_and_resumed,
    chains.chain_astream,
    chains.chain_batch,
    chains.fallbacks_stream,
    chains.tool_ainvoke,
    chains.retriever_invoke,
    model_calls.chat_stream,
    model_calls.llm_abatch,
    embeddings.embed_in_others,
    vector_stores.store_asearch,
    vector_stores.acompress,
    remote_graphs.remote_invoke,
    remote_graphs.remote_astream,
    remote_graphs.sdk_request_in_a_run,
)
GRAPHS = PATCHED["Pregel._defaults"]
REMOTE = PATCHED["RemoteGraph.stream"]
OLD = {
    # Of every runnable, so never missing; patched only where an old LangGraph announces its graphs late.
    "Pregel.get_name",
}


HOOKS = {hook: lost for hook, lost in PATCHED.items() if hook not in YOUNG | OLD}


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make the patches blind to one attribute. LangChain itself could not run without it."""

    def hide(hook: str) -> None:
        def visible(owner: Any) -> dict[str, Any]:
            return {name: value for name, value in vars(owner).items() if full_name(owner, name) != hook}

        for module in (ledger, runnables, subclasses):
            monkeypatch.setattr(module, "vars", visible, raising=False)
        monkeypatch.setattr(
            langgraph,
            "hasattr",
            lambda owner, name: full_name(owner, name) != hook and hasattr(owner, name),
            raising=False,
        )

    return hide


def tree() -> tuple[Span, ...]:
    """What the scenarios are recorded as, without the kinds of graphs: those may not be told apart."""
    recording = Recording()

    async def main() -> None:
        for scenario in SCENARIOS:
            await observe(scenario)

    with instrumented(recording, link_across_processes=True, checkpoints=True):
        asyncio.run(main())
    # Without some hooks, checkpoints do not lie under their graphs, or are not seen.
    spans = [span for span in recording.spans if not span.name.startswith("checkpoint ")]
    return _changed(exported(spans), _without_kinds_of_graphs)


def _changed(spans: Iterable[Span], change: Callable[[Span], Span]) -> tuple[Span, ...]:
    """The same trees, with every span changed."""
    changed = [change(span)._replace(children=_changed(span.children, change)) for span in spans]
    return tuple(sorted(changed, key=order))


def _without_kinds_of_graphs(span: Span) -> Span:
    name = span.name.split()[-1]
    return span._replace(name="graph" if name in ("math", "invoke_workflow", "LangGraph") else name)


def _without_interrupts_of_graphs(span: Span) -> Span:
    return span._replace(status="ok") if (span.name, span.status) == ("graph", "interrupted") else span


@pytest.fixture(scope="module")
def whole_tree() -> tuple[Span, ...]:
    return tree()


@pytest.mark.parametrize(("hook", "lost"), HOOKS.items(), ids=HOOKS)
def test_a_missing_hook_costs_one_warning_and_not_the_tree(
    hook: str,
    lost: str,
    whole_tree: tuple[Span, ...],
    hidden: Callable[[str], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    hidden(hook)
    with caplog.at_level(logging.WARNING, "langspan"):
        expected, found = whole_tree, tree()
    if lost is GRAPHS:  # a graph that old versions do not announce is a chain, and chains are not interrupted
        expected, found = (_changed(each, _without_interrupts_of_graphs) for each in (expected, found))
    if lost is REMOTE:  # nothing else tells of these calls
        expected, found = (tuple(span for span in each if span.name != "echo") for each in (expected, found))
    assert expected == found
    (warning,) = [record.getMessage() for record in caplog.records if record.name == "langspan"]
    assert f"{hook} is not there" in warning
    assert lost in warning


@pytest.mark.parametrize("hook", sorted(YOUNG))
def test_a_hook_that_old_versions_lack_is_missed_in_silence(
    hook: str, whole_tree: tuple[Span, ...], hidden: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    hidden(hook)
    with caplog.at_level(logging.WARNING, "langspan"):
        assert whole_tree == tree()
    assert [] == [record for record in caplog.records if record.name == "langspan"]


@pytest.fixture
def patched() -> Iterator[set[str]]:
    harness = Harness(observed=False)
    with harness.cleaned_up():
        harness.instrument()
        yield {
            full_name(owner, name)
            for owner, name, _ in harness.patches
            if name != "__init_subclass__" and not is_override(owner, name) and not is_import(owner, name)
        }


def is_override(owner: Any, name: str) -> bool:
    """Whether a method was patched because a class overrides that of LangChain's own."""
    bases = (
        *(BaseChatModel, BaseLLM, BaseTool, BaseRetriever, Embeddings, BaseStore),
        *(VectorStore, BaseDocumentCompressor, BaseCheckpointSaver),
    )
    if not isinstance(owner, type) or owner in bases:
        return False
    # Vector stores may have searches that the base class lacks.
    return any(issubclass(owner, base) and (hasattr(base, name) or base is VectorStore) for base in bases)


def is_import(owner: Any, name: str) -> bool:
    """Whether a function was patched because a module has imported it."""
    return name in ("index", "aindex") and owner is not api


def test_every_hook_is_listed_here(patched: set[str]) -> None:
    assert HOOKS.keys() | {*YOUNG, *OLD} >= patched >= HOOKS.keys()


def test_without_langchains_own_ids_runs_get_random_ones() -> None:
    factory = hooks.run_id_factory(SimpleNamespace())

    assert 4 == factory().version


@pytest.mark.parametrize(
    "graph",
    [
        SimpleNamespace(),
        SimpleNamespace(nodes=None),
        SimpleNamespace(nodes={"model": SimpleNamespace()}),
        SimpleNamespace(nodes={"model": SimpleNamespace(bound=SimpleNamespace())}),
    ],
    ids=["no nodes", "nodes are None", "no bound", "no func"],
)
def test_a_graph_that_does_not_show_its_nodes_is_no_agent(graph: Any) -> None:
    assert not lookup.is_made_by(graph, {"model": "langchain.agents.factory"})


def test_without_a_suppression_key_the_older_one_is_heeded() -> None:
    assert ("suppress_instrumentation",) == suppression_keys(SimpleNamespace())


def test_the_key_of_the_current_span_is_found_by_what_opentelemetry_does() -> None:
    assert SPAN_KEY in trace.set_span_in_context(trace.INVALID_SPAN)
