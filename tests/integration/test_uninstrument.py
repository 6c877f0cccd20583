"""After `uninstrument()` every attribute is the original again, and nothing is traced any more."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from typing import Any

import pytest
import wrapt
from langchain.agents import create_agent
from langchain_core.callbacks import AsyncCallbackManager, CallbackManager
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool

from support.interpreters import ask
from support.model_kinds import KINDS
from support.models import (
    ScriptedChat,
    ScriptedEmbeddings,
    ScriptedLLM,
    ScriptedRetriever,
    StreamingChat,
    tool_call,
)
from support.recording import Recording, instrumented

HOSTS = ("langchain_core", "langchain", "langgraph", "support")
Snapshot = dict[tuple[str, str], Any]


def _owners() -> Iterator[tuple[str, Any]]:
    """Every module of the libraries that we patch, and every class in them."""
    for name, module in [*sys.modules.items()]:
        if name.partition(".")[0] not in HOSTS or not isinstance(module, types.ModuleType):
            continue
        yield name, module
        for value in [*vars(module).values()]:
            if isinstance(value, type) and value.__module__ == name:
                yield f"{name}.{value.__qualname__}", value


def _snapshot() -> Snapshot:
    """Whatever can be called or has a say in attribute access; data changes on its own."""
    return {
        (owner, name): value
        for owner, each in _owners()
        for name, value in [*vars(each).items()]
        if (callable(value) or hasattr(value, "__get__")) and not name.startswith("__pydantic")
    }


def _changed(before: Snapshot, after: Snapshot) -> set[tuple[str, str]]:
    """Attributes that are another object now."""
    return {key for key in before.keys() | after.keys() if before.get(key) is not after.get(key)}


def _use_everything(tracer: Any = None) -> None:
    @tool
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    create_agent(ScriptedChat(answers=(tool_call("add", a=1, b=2), "three")), [add]).invoke(
        {"messages": [("user", "1 + 2?")]}
    )
    list(StreamingChat().stream("hi"))
    ScriptedLLM().invoke("hi")
    ScriptedRetriever().invoke("hi")
    ScriptedEmbeddings().embed_query("hi")


@pytest.fixture
def used() -> None:
    """What libraries cache on first use is cached already."""
    _use_everything()


def test_every_attribute_is_the_original_again(used: None, recording: Recording) -> None:
    before = _snapshot()
    with instrumented(recording):
        _use_everything()
        assert _changed(before, _snapshot())

    assert set() == _changed(before, _snapshot())


def test_the_ledger_knows_every_change(used: None, recording: Recording) -> None:
    before = _snapshot()
    with instrumented(recording) as handle:
        written = {
            (f"{owner.__module__}.{owner.__qualname__}" if isinstance(owner, type) else owner.__name__, name)
            for owner, name, _, _ in handle._ledger.written()
        }
        changed = _changed(before, _snapshot())

        assert set() == changed - written


def test_a_class_that_was_defined_meanwhile_has_its_own_methods_again(recording: Recording) -> None:
    with instrumented(recording):

        class Model(ScriptedChat):
            def generate(self, *args: Any, **kwargs: Any) -> Any:
                return super().generate(*args, **kwargs)

        assert isinstance(vars(Model)["generate"], wrapt.FunctionWrapper)

    assert isinstance(vars(Model)["generate"], types.FunctionType)


def test_a_class_that_is_defined_afterwards_is_left_alone(recording: Recording) -> None:
    with instrumented(recording):
        pass

    class Model(ScriptedChat):
        def generate(self, *args: Any, **kwargs: Any) -> Any:
            return super().generate(*args, **kwargs)

    assert isinstance(vars(Model)["generate"], types.FunctionType)


def test_a_subclass_hook_of_the_applications_own_still_gets_its_arguments(recording: Recording) -> None:
    class Base(ScriptedChat):
        @classmethod
        def __init_subclass__(cls, flavour: str = "", **kwargs: Any) -> None:
            super().__init_subclass__(**kwargs)
            cls.__doc__ = flavour

    with instrumented(recording):

        class Sweet(Base, flavour="sweet"):
            pass

    assert "sweet" == Sweet.__doc__


@pytest.mark.parametrize("moment", ["before", "meanwhile", "afterwards"])
def test_langgraph_is_as_before_whenever_it_is_imported(moment: str) -> None:
    assert {"traced": moment != "afterwards", "restored": True, "untraced": True} == ask(
        f"""
        import json
        import langspan
        from support.recording import Recording, instrumented

        def load():
            import langgraph.pregel.main as main, langgraph._internal._runnable as runnable
            from support.small_graph import graph
            return main, runnable, graph

        def originals():
            main, runnable, _ = load()
            return [runnable._set_config_context, main.Pregel._defaults, *(
                value for name, value in sorted(vars(main).items()) if name.endswith("manager_for_config")
            )]

        recording = Recording()
        moment = {moment!r}
        if moment == "before":
            load()
        with instrumented(recording):
            if moment != "afterwards":
                load()[2]().invoke({{"text": "hi"}})
        traced = ["invoke_workflow flow", "invoke_workflow flow/node answer"] == recording.paths()
        recording.clear()
        load()[2]().invoke({{"text": "hi"}})
        print(json.dumps({{
            "traced": traced,
            "restored": all(type(each).__module__ == "builtins" for each in originals()),
            "untraced": [] == recording.names(),
        }}))
        """
    )


def test_langgraph_is_traced_again_when_it_was_imported_between_cycles() -> None:
    assert ["invoke_workflow flow", "invoke_workflow flow/node answer"] == ask(
        """
        import json
        import langspan
        from support.recording import Recording, instrumented

        recording = Recording()
        with instrumented(recording):
            pass
        from support.small_graph import graph
        with instrumented(recording):
            graph().invoke({"text": "hi"})
        print(json.dumps(recording.paths()))
        """
    )


def test_no_span_is_made_afterwards(recording: Recording) -> None:
    with instrumented(recording):
        pass
    _use_everything()

    assert [] == recording.names()


def test_objects_that_were_made_meanwhile_make_no_span_afterwards(recording: Recording) -> None:
    with instrumented(recording):
        model, manager = ScriptedChat(), CallbackManager.configure()
        chain = RunnableLambda(str) | model
        bound = model.with_config(callbacks=manager)
    model.invoke("hi")
    chain.invoke("hi")
    bound.invoke("hi")

    assert [] == recording.names()


def test_a_run_manager_that_was_made_meanwhile_makes_no_span_afterwards(recording: Recording) -> None:
    with instrumented(recording):
        run = CallbackManager.configure().on_chain_start(None, {}, name="caller")
    recording.clear()
    ScriptedChat().invoke("hi", {"callbacks": run.get_child()})
    run.on_text("late")
    run.on_chain_end({})

    assert [] == recording.names()


async def test_an_asynchronous_run_manager_that_was_made_meanwhile_makes_no_span_afterwards(
    recording: Recording,
) -> None:
    with instrumented(recording):
        run = await AsyncCallbackManager.configure().on_chain_start(None, {}, name="caller")
    recording.clear()
    await ScriptedLLM().ainvoke("hi", {"callbacks": run.get_child()})
    await run.on_chain_end({})

    assert [] == recording.names()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_model_works_untraced_afterwards(recording: Recording, kind: str) -> None:
    cls = KINDS[kind]()
    with instrumented(recording):
        cls().invoke("hi")
    recording.clear()
    cls().invoke("hi")
    list(cls().stream("hi"))

    assert [] == recording.names()
