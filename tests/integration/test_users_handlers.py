"""Handlers of the application's own: tracing adds one beside them, and changes nothing for them."""

from __future__ import annotations

import asyncio
import copy
import pickle
from typing import Any

import pytest
from langchain_core.callbacks import (
    AsyncCallbackManager,
    CallbackManager,
    get_usage_metadata_callback,
)
from langchain_core.globals import set_debug
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatResult

from langspan.langchain.handler import RecordingHandler
from support.listeners import SORTS, Listener
from support.model_kinds import KINDS, is_chat
from support.models import ScriptedChat, ScriptedLLM, StreamingChat, StreamingLLM, usage
from support.recording import Recording, instrumented

MODELS = ("chat", "streaming chat", "chat that tells tokens", "llm", "streaming llm")


def _two_prompts(cls: type) -> list[Any]:
    return [[HumanMessage("one")], [HumanMessage("two")]] if is_chat(cls) else ["one", "two"]


async def _run(model: Any, mode: str, config: Any = None) -> None:
    """Call a model once, whatever shape the call has."""
    result = getattr(model, mode)(["hi"] if "batch" in mode else "hi", config)
    if asyncio.iscoroutine(result):
        await result


def _call_all(cls: type, handlers: list[Any]) -> None:
    """Every way to call a model that waits for it."""
    model = cls()
    config = {"callbacks": handlers, "tags": ["user"]}
    model.invoke("hi", config)
    list(model.stream("hi", config))
    model.batch(["one", "two"], config)
    model.generate(_two_prompts(cls), callbacks=handlers)
    for name in ("invoke", "batch"):
        failing = cls(fails_with=ValueError("no"))
        with pytest.raises(ValueError, match="no"):
            getattr(failing, name)("hi" if name == "invoke" else ["one"], config)


async def _acall_all(cls: type, handlers: list[Any]) -> None:
    """Every way to call a model that awaits it."""
    model = cls()
    config = {"callbacks": handlers, "tags": ["user"]}
    await model.ainvoke("hi", config)
    async for _ in model.astream("hi", config):
        pass
    await model.abatch(["one", "two"], config)
    await model.agenerate(_two_prompts(cls), callbacks=handlers)
    with pytest.raises(ValueError, match="no"):
        await cls(fails_with=ValueError("no")).ainvoke("hi", config)


@pytest.mark.parametrize("kind", MODELS)
def test_handlers_of_every_sort_hear_the_same_as_untraced(recording: Recording, kind: str) -> None:
    cls = KINDS[kind]()
    untraced, traced = ({sort: make() for sort, make in SORTS.items()} for _ in range(2))
    _call_all(cls, list(untraced.values()))
    with instrumented(recording):
        _call_all(cls, list(traced.values()))

    assert {sort: each.stories for sort, each in untraced.items()} == {
        sort: each.stories for sort, each in traced.items()
    }


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("kind", MODELS)
async def test_a_handler_of_any_sort_hears_the_same_of_asynchronous_calls(
    recording: Recording, kind: str, sort: str
) -> None:
    """One by one: what LangChain tells a handler depends on the sorts of the others."""
    cls = KINDS[kind]()
    untraced, traced = SORTS[sort](), SORTS[sort]()
    await _acall_all(cls, [untraced])
    with instrumented(recording):
        await _acall_all(cls, [traced])

    assert untraced.stories == traced.stories


async def test_handlers_that_langchain_passes_over_are_told_of_a_completion_model(traced: Recording) -> None:
    """LangChain tells an asynchronous completion's start only to inline handlers, if there are any."""
    handlers = {sort: make() for sort, make in SORTS.items()}
    await ScriptedLLM().ainvoke("hi", {"callbacks": list(handlers.values())})

    assert {"on_llm_start on_llm_end"} == {" ".join(each.events) for each in handlers.values()}


async def test_a_start_event_may_be_told_with_keywords(traced: Recording) -> None:
    user = Listener()
    manager = AsyncCallbackManager.configure([user])
    (run,) = await manager.on_llm_start(serialized={}, prompts=["hi"])
    await run.on_llm_end(ScriptedLLM().generate(["hi"]))

    assert ["on_llm_start", "on_llm_end"] == user.events


class _Keeping(ScriptedChat):
    """Keeps the run manager that its body is given."""

    def _generate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        self.__dict__["given"] = run_manager
        return super()._generate(messages)

    async def _agenerate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        self.__dict__["given"] = run_manager
        return await super()._agenerate(messages)


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
async def test_the_run_manager_of_a_model_carries_the_one_handler(recording: Recording, mode: str) -> None:
    with instrumented(recording) as handle:
        model = _Keeping()
        await _run(model, mode, {"callbacks": [Listener()]})
        ours = [each for each in model.__dict__["given"].handlers if isinstance(each, RecordingHandler)]

        assert [handle._handler] == ours


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
async def test_tokens_that_a_run_manager_tells_reach_the_span(traced: Recording, mode: str) -> None:
    await _run(KINDS["chat that tells tokens"]()(), mode)

    assert "gen_ai.response.time_to_first_chunk" in (traced.named("chat scripted-1").attributes or {})


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
async def test_the_end_that_a_run_manager_tells_reaches_the_span(traced: Recording, mode: str) -> None:
    await _run(ScriptedChat(answers=(AIMessage("hi", usage_metadata=usage(3, 4)),)), mode)

    assert 4 == (traced.named("chat scripted-1").attributes or {})["gen_ai.usage.output_tokens"]


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
async def test_the_error_that_a_run_manager_tells_reaches_the_span(traced: Recording, mode: str) -> None:
    with pytest.raises(KeyError):
        await _run(ScriptedChat(fails_with=KeyError("no")), mode)

    assert "KeyError" == (traced.named("chat scripted-1").attributes or {})["error.type"]


@pytest.mark.parametrize("manager", [CallbackManager, AsyncCallbackManager])
@pytest.mark.parametrize("mode", ["invoke", "ainvoke", "batch"])
async def test_a_users_manager_is_left_as_it_was(traced: Recording, manager: Any, mode: str) -> None:
    given = manager([Listener()], [Listener()], tags=["user"], metadata={"user": 1})
    before = copy.deepcopy({key: value for key, value in vars(given).items() if "handlers" not in key})
    handlers, inheritable = [*given.handlers], [*given.inheritable_handlers]
    await _run(ScriptedChat(callbacks=given), mode, {"callbacks": given})

    assert (handlers, inheritable, before) == (
        given.handlers,
        given.inheritable_handlers,
        {key: vars(given)[key] for key in before},
    )


@pytest.mark.parametrize("mode", ["generate", "agenerate"])
async def test_callbacks_for_each_prompt_of_a_completion_model(traced: Recording, mode: str) -> None:
    """The oldest way there is: one list of callbacks per prompt."""
    first, second = Listener(), Listener()
    answer = getattr(ScriptedLLM(), mode)(["one", "two"], callbacks=[[first], CallbackManager([second])])
    await answer if mode == "agenerate" else None

    assert (["on_llm_start", "on_llm_end"], first.events, 2) == (
        first.events,
        second.events,
        len(traced.spans),
    )


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
async def test_a_handler_that_langchain_itself_injects_counts_the_same(traced: Recording, mode: str) -> None:
    model = ScriptedChat(
        answers=(AIMessage("hi", usage_metadata=usage(3, 4), response_metadata={"model_name": "m"}),)
    )
    with get_usage_metadata_callback() as counted:
        await _run(model, mode)

    assert (4, 1) == (counted.usage_metadata["m"]["output_tokens"], len(traced.spans))


def test_a_verbose_model_is_one_span(traced: Recording, capsys: pytest.CaptureFixture[str]) -> None:
    ScriptedChat(verbose=True).invoke("hi")

    assert ["chat scripted-1"] == traced.names()


def test_a_model_in_debug_mode_is_one_span(traced: Recording, capsys: pytest.CaptureFixture[str]) -> None:
    set_debug(True)
    try:
        ScriptedChat().invoke("hi")
    finally:
        set_debug(False)

    assert ["chat scripted-1"] == traced.names()


@pytest.mark.parametrize("cls", [ScriptedChat, StreamingChat, ScriptedLLM, StreamingLLM])
@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))]
)
def test_a_copied_model_is_traced_like_its_original(traced: Recording, cls: type, copied: Any) -> None:
    model = cls()
    model.invoke("hi")
    copied(model).invoke("hi")

    assert 2 == len(traced.spans)
