"""Chat models: the call's span is current in the provider's code, however the model is called."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import SimpleChatModel
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableLambda
from pydantic import BaseModel

from support.cases import Case, Cases, check
from support.models import ScriptedChat, StreamingChat, tool_call, work
from support.probe import Probe
from support.recording import Recording

cases = Cases()


class Answer(BaseModel):
    """What the model is asked to fill in."""

    text: str


ONE, TWO = [HumanMessage("1")], [HumanMessage("2")]


class SyncChat(SimpleChatModel):
    """A model that has nothing but a synchronous call."""

    body: Any = None

    @property
    def _llm_type(self) -> str:
        return "sync"

    def _get_ls_params(self, stop: Any = None, **kwargs: Any) -> Any:
        return {"ls_model_name": "sync-1"}

    def _call(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> str:
        with work(self.body):
            return "hello"


class FailsOnce(ScriptedChat):
    """A model that fails for one message."""

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Any:
        if messages == TWO:
            with work(self.body):
                raise ValueError("no")
        return super()._generate(messages)

    async def _agenerate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kw: Any) -> Any:
        return self._generate(messages)


@cases("""
    chat scripted-1
      http
""")
def invoke(probe: Probe) -> None:
    ScriptedChat(body=probe).invoke("hi")


@cases()
async def ainvoke(probe: Probe) -> None:
    await ScriptedChat(body=probe).ainvoke("hi")


@cases("""
    chat sync-1
      http
""")
async def ainvoke_of_a_sync_model(probe: Probe) -> None:
    await SyncChat(body=probe).ainvoke("hi")


@cases("""
    chat scripted-1
      http
    chat scripted-1
      http
""")
def batch(probe: Probe) -> None:
    ScriptedChat(body=probe).batch(["1", "2"])


@cases()
async def abatch(probe: Probe) -> None:
    await ScriptedChat(body=probe).abatch(["1", "2"])


@cases()
def batch_as_completed(probe: Probe) -> None:
    probe.consume(ScriptedChat(body=probe).batch_as_completed(["1", "2"]))


@cases()
async def abatch_as_completed(probe: Probe) -> None:
    await probe.aconsume(ScriptedChat(body=probe).abatch_as_completed(["1", "2"]))


@cases()
def generate_two(probe: Probe) -> None:
    ScriptedChat(body=probe).generate([ONE, TWO])


@cases()
async def agenerate_two(probe: Probe) -> None:
    await ScriptedChat(body=probe).agenerate([ONE, TWO])


@cases("""
    chat scripted-1 (error ValueError)
      http
""")
def a_failing_call(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        ScriptedChat(body=probe, fails_with=ValueError("no")).invoke("hi")


@cases()
async def a_failing_call_async(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        await ScriptedChat(body=probe, fails_with=ValueError("no")).ainvoke("hi")


@cases("""
    chat scripted-1 (error ValueError)
      http
    chat scripted-1 (incomplete)
    chat scripted-1 (incomplete)
      http
""")
def generate_three_of_which_one_fails(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        FailsOnce(body=probe).generate([ONE, TWO, ONE])


@cases("""
    chat scripted-1
      http
    chat scripted-1
      http
    chat scripted-1 (error ValueError)
      http
""")
async def agenerate_three_of_which_one_fails(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        await FailsOnce(body=probe).agenerate([ONE, TWO, ONE])


@cases("""
    chat scripted-1
    chat scripted-1
      http
""")
def cache_hit(probe: Probe) -> None:
    model = ScriptedChat(body=probe, cache=InMemoryCache())
    model.invoke("hi")
    model.invoke("hi")


@cases()
async def cache_hit_async(probe: Probe) -> None:
    model = ScriptedChat(body=probe, cache=InMemoryCache())
    await model.ainvoke("hi")
    await model.ainvoke("hi")


@cases("""
    ScriptedChat (error ValueError)
      chat scripted-1 (error ValueError)
        http
      chat scripted-1 (error ValueError)
        http
""")
def retries(probe: Probe) -> None:
    model = ScriptedChat(body=probe, fails_with=ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        model.with_retry(stop_after_attempt=2, wait_exponential_jitter=False).invoke("hi")


@cases("""
    RunnableWithFallbacks
      chat broken (error ValueError)
        http
      chat scripted-1
        http
""")
def fallbacks(probe: Probe) -> None:
    broken = ScriptedChat(body=probe, fails_with=ValueError("no"), model_name="broken")
    broken.with_fallbacks([ScriptedChat(body=probe)]).invoke("hi")


@cases()
async def fallbacks_async(probe: Probe) -> None:
    broken = ScriptedChat(body=probe, fails_with=ValueError("no"), model_name="broken")
    await broken.with_fallbacks([ScriptedChat(body=probe)]).ainvoke("hi")


@cases("""
    chat scripted-1
      http
""")
def callbacks_of_the_model_itself(probe: Probe) -> None:
    ScriptedChat(body=probe, callbacks=[BaseCallbackHandler()]).invoke("hi")


@cases()
def a_bound_model(probe: Probe) -> None:
    ScriptedChat(body=probe).bind(stop=["."]).with_config(tags=["x"]).invoke("hi")


@cases("""
    RunnableSequence
      PydanticToolsParser
      chat scripted-1
        http
""")
def structured_output(probe: Probe) -> None:
    answer = tool_call("Answer", text="yes")
    ScriptedChat(body=probe, answers=(answer,)).with_structured_output(Answer).invoke("hi")


@cases("""
    ask
      chat scripted-1
        http
        http
        http
""")
async def a_call_that_streams_because_somebody_listens(probe: Probe) -> None:
    async def ask(question: str) -> Any:
        return await StreamingChat(body=probe, answers=("a b",)).ainvoke(question)

    await probe.aconsume(RunnableLambda(ask).astream_events("hi", version="v2"))


@cases("""
    step
      http
        chat scripted-1
          http
""")
def a_model_inside_a_span_of_a_step(probe: Probe) -> None:
    RunnableLambda(probe.step("step", ScriptedChat(body=probe).invoke)).invoke("hi")


@cases("""
    chat scripted-1
      chat routed
        http
      http
""")
async def a_model_on_another_model(probe: Probe) -> None:
    class Router(ScriptedChat):
        async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
            await ScriptedChat(body=probe, model_name="routed").ainvoke("hi")
            return await super()._agenerate(*args, **kwargs)

    await Router(body=probe).ainvoke("hi")


@cases("""
    chat scripted-1
      http
""")
def a_model_class_that_overrides_generate(probe: Probe) -> None:
    class Counting(ScriptedChat):
        def generate(self, *args: Any, **kwargs: Any) -> Any:
            return super().generate(*args, **kwargs)

    Counting(body=probe).invoke("hi")


@cases.each
def test_a_model_call_is_current_in_its_body_only(case: Case, recording: Recording, outer: bool) -> None:
    check(case, recording, outer=outer)
