"""Every kind of model class that a user may write, made anew on request: before or after `instrument()`."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

from langchain_core.callbacks import AsyncCallbackManager, CallbackManager
from langchain_core.language_models import LLM, BaseChatModel, SimpleChatModel
from langchain_core.outputs import ChatGeneration, ChatResult, GenerationChunk, LLMResult

from support.models import ScriptedChat, ScriptedLLM, StreamingChat, StreamingLLM, work


def calling_super(base: type, *names: str) -> type:
    """A subclass that overrides methods in the same shape as they have, and hands on to `super()`."""
    overrides = {name: _handing_on(name, getattr(base, name)) for name in names}
    cls = type(f"Custom{base.__name__}", (base,), {"__module__": __name__, **overrides})
    for override in overrides.values():
        override.__kwdefaults__ = {"_cls": cls}
    return cls


def _handing_on(name: str, method: Any) -> Any:
    def call(self: Any, *args: Any, _cls: Any = None, **kwargs: Any) -> Any:
        return getattr(super(_cls, self), name)(*args, **kwargs)

    async def acall(self: Any, *args: Any, _cls: Any = None, **kwargs: Any) -> Any:
        return await getattr(super(_cls, self), name)(*args, **kwargs)

    def generate(self: Any, *args: Any, _cls: Any = None, **kwargs: Any) -> Iterator[Any]:
        yield from getattr(super(_cls, self), name)(*args, **kwargs)

    async def agenerate(self: Any, *args: Any, _cls: Any = None, **kwargs: Any) -> AsyncIterator[Any]:
        async for item in getattr(super(_cls, self), name)(*args, **kwargs):
            yield item

    if inspect.isasyncgenfunction(method):
        return agenerate
    if inspect.isgeneratorfunction(method):
        return generate
    return acall if inspect.iscoroutinefunction(method) else call


def own_generate() -> type:
    class OwnGenerate(StreamingChat):
        """Runs its own manager, and asks the provider by itself."""

        def generate(
            self, messages: Any, stop: Any = None, callbacks: Any = None, **kwargs: Any
        ) -> LLMResult:
            manager = CallbackManager.configure(callbacks, self.callbacks)
            (run,) = manager.on_chat_model_start(
                self._serialized, messages, invocation_params={}, run_id=kwargs.get("run_id")
            )
            result = LLMResult(generations=[[*self._generate(messages[0]).generations]])
            run.on_llm_end(result)
            return result

    return OwnGenerate


def own_agenerate() -> type:
    class OwnAgenerate(StreamingChat):
        """Runs its own manager, and asks the provider by itself."""

        async def agenerate(
            self, messages: Any, stop: Any = None, callbacks: Any = None, **kwargs: Any
        ) -> LLMResult:
            manager = AsyncCallbackManager.configure(callbacks, self.callbacks)
            (run,) = await manager.on_chat_model_start(
                self._serialized, messages, invocation_params={}, run_id=kwargs.get("run_id")
            )
            result = LLMResult(generations=[[*(await self._agenerate(messages[0])).generations]])
            await run.on_llm_end(result)
            return result

    return OwnAgenerate


def own_stream() -> type:
    class OwnStream(StreamingChat):
        """Streams with its own manager, past LangChain's template."""

        # Named as a user may name it.
        def stream(  # type: ignore[override]
            self, prompt: Any, config: Any = None, **kwargs: Any
        ) -> Iterator[Any]:
            manager = CallbackManager.configure((config or {}).get("callbacks"), self.callbacks)
            messages = self._convert_input(prompt).to_messages()
            (run,) = manager.on_chat_model_start(self._serialized, [messages], invocation_params={})
            last: list[Any] = []
            for chunk in self._chunks():
                last = [chunk]
                run.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk.message
            run.on_llm_end(LLMResult(generations=[last]))

    return OwnStream


def own_astream() -> type:
    class OwnAstream(StreamingChat):
        """Streams with its own manager, past LangChain's template."""

        # Named as a user may name it.
        async def astream(  # type: ignore[override]
            self, prompt: Any, config: Any = None, **kwargs: Any
        ) -> AsyncIterator[Any]:
            manager = AsyncCallbackManager.configure((config or {}).get("callbacks"), self.callbacks)
            messages = self._convert_input(prompt).to_messages()
            (run,) = await manager.on_chat_model_start(self._serialized, [messages], invocation_params={})
            last: list[Any] = []
            for chunk in self._chunks():
                last = [chunk]
                await run.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk.message
            await run.on_llm_end(LLMResult(generations=[last]))

    return OwnAstream


def own_generate_with_cache() -> type:
    class OwnGenerateWithCache(ScriptedChat):
        """Has no use for LangChain's cache."""

        def _generate_with_cache(
            self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
        ) -> ChatResult:
            return self._generate(messages, stop, run_manager)

    return OwnGenerateWithCache


def own_agenerate_with_cache() -> type:
    class OwnAgenerateWithCache(ScriptedChat):
        """Has no use for LangChain's cache."""

        async def _agenerate_with_cache(
            self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
        ) -> ChatResult:
            return await self._agenerate(messages, stop, run_manager)

    return OwnAgenerateWithCache


def returning_stream() -> type:
    class ReturningStream(StreamingChat):
        """Its `stream` is no generator function, but returns a generator."""

        def stream(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
            return super().stream(*args, **kwargs)

        def astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            return super().astream(*args, **kwargs)

    return ReturningStream


def mixed_in() -> type:
    class Logging:
        """No model class itself."""

        def generate(self, *args: Any, **kwargs: Any) -> Any:
            return super().generate(*args, **kwargs)  # type: ignore[misc]

        def stream(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
            yield from super().stream(*args, **kwargs)  # type: ignore[misc]

    return type("MixedIn", (Logging, StreamingChat), {"__module__": __name__})


def simple_chat() -> type:
    class Simple(SimpleChatModel):
        body: Any = None

        @property
        def _llm_type(self) -> str:
            return "simple"

        def _get_ls_params(self, stop: Any = None, **kwargs: Any) -> Any:
            return {"ls_model_name": "scripted-1", "ls_provider": "scripted"}

        def _call(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> str:
            with work(self.body):
                return "hello"

    return Simple


def token_telling() -> type:
    class TokenTelling(ScriptedChat):
        """Tells tokens by itself, with the run manager that its body is given."""

        def _generate(
            self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
        ) -> ChatResult:
            message = self._answer()
            run_manager.on_llm_new_token("hel")
            run_manager.on_llm_new_token("lo")
            return ChatResult(generations=[ChatGeneration(message=message)])

        async def _agenerate(
            self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
        ) -> ChatResult:
            message = self._answer()
            await run_manager.on_llm_new_token("hel")
            await run_manager.on_llm_new_token("lo")
            return ChatResult(generations=[ChatGeneration(message=message)])

    return TokenTelling


def simple_llm() -> type:
    class Simple(LLM):
        body: Any = None

        @property
        def _llm_type(self) -> str:
            return "simple"

        def _get_ls_params(self, stop: Any = None, **kwargs: Any) -> Any:
            return {"ls_model_name": "scripted-llm", "ls_provider": "scripted"}

        def _call(self, prompt: str, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> str:
            with work(self.body):
                return "done"

    return Simple


def own_llm_stream() -> type:
    class OwnStream(StreamingLLM):
        """Streams with its own manager, past LangChain's template."""

        # Named as a user may name it.
        def stream(  # type: ignore[override]
            self, prompt: Any, config: Any = None, **kwargs: Any
        ) -> Iterator[str]:
            manager = CallbackManager.configure((config or {}).get("callbacks"), self.callbacks)
            text = self._convert_input(prompt).to_string()
            (run,) = manager.on_llm_start(self._serialized, [text], invocation_params={})
            with work(self.body):
                run.on_llm_new_token(self.answer)
            yield self.answer
            run.on_llm_end(LLMResult(generations=[[GenerationChunk(text=self.answer)]]))

    return OwnStream


TEMPLATES = ("generate", "agenerate", "stream", "astream")
CHAT_TEMPLATES = (*TEMPLATES, "_generate_with_cache", "_agenerate_with_cache")
LLM_TEMPLATES = (*TEMPLATES, "_generate_helper", "_agenerate_helper")

Kind = Callable[[], type]
KINDS: dict[str, Kind] = {
    "chat": lambda: ScriptedChat,
    "streaming chat": lambda: StreamingChat,
    "subclass of a chat subclass": lambda: calling_super(calling_super(StreamingChat)),
    **{f"chat with {name}": partial(calling_super, StreamingChat, name) for name in CHAT_TEMPLATES},
    "chat with every template": lambda: calling_super(
        calling_super(StreamingChat, *CHAT_TEMPLATES), *CHAT_TEMPLATES
    ),
    "chat with its own generate": own_generate,
    "chat with its own agenerate": own_agenerate,
    "chat with its own stream": own_stream,
    "chat with its own astream": own_astream,
    "chat with its own _generate_with_cache": own_generate_with_cache,
    "chat with its own _agenerate_with_cache": own_agenerate_with_cache,
    "chat that returns streams": returning_stream,
    "chat with a mixin": mixed_in,
    "simple chat": simple_chat,
    "chat that tells tokens": token_telling,
    "llm": lambda: ScriptedLLM,
    "streaming llm": lambda: StreamingLLM,
    "subclass of an llm subclass": lambda: calling_super(calling_super(StreamingLLM)),
    **{f"llm with {name}": partial(calling_super, StreamingLLM, name) for name in LLM_TEMPLATES},
    "llm with its own stream": own_llm_stream,
    "simple llm": simple_llm,
}


def is_chat(cls: type) -> bool:
    return issubclass(cls, BaseChatModel)
