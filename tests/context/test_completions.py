"""Completion models: one call may serve several prompts, so the first prompt's span stands for all."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.language_models import LLM
from langchain_core.runnables import RunnableLambda

from support.capabilities import OLD_STREAMS
from support.cases import Case, Cases, check
from support.models import ScriptedLLM, StreamingLLM, work
from support.probe import Probe
from support.recording import Recording

cases = Cases()


class SyncLLM(LLM):
    """A model that has nothing but a synchronous call for one prompt."""

    body: Any = None

    @property
    def _llm_type(self) -> str:
        return "sync"

    def _get_ls_params(self, stop: Any = None, **kwargs: Any) -> Any:
        return {"ls_model_name": "sync-1"}

    def _call(self, prompt: str, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> str:
        with work(self.body):
            return "hello"


def streaming(probe: Probe) -> StreamingLLM:
    return StreamingLLM(body=probe, answer="a b")


@cases("""
    text_completion scripted-llm
      http
""")
def invoke(probe: Probe) -> None:
    ScriptedLLM(body=probe).invoke("hi")


@cases()
async def ainvoke(probe: Probe) -> None:
    await ScriptedLLM(body=probe).ainvoke("hi")


@cases("""
    text_completion sync-1
      http
""")
async def ainvoke_of_a_sync_model(probe: Probe) -> None:
    await SyncLLM(body=probe).ainvoke("hi")


@cases("""
    text_completion
    text_completion
      http
""")
def generate_two(probe: Probe) -> None:
    ScriptedLLM(body=probe).generate(["1", "2"])


@cases()
async def agenerate_two(probe: Probe) -> None:
    await ScriptedLLM(body=probe).agenerate(["1", "2"])


@cases("""
    text_completion scripted-llm
    text_completion scripted-llm
      http
""")
def batch(probe: Probe) -> None:
    ScriptedLLM(body=probe).batch(["1", "2"])


@cases()
async def abatch(probe: Probe) -> None:
    await ScriptedLLM(body=probe).abatch(["1", "2"])


@cases("""
    text_completion scripted-llm
      http
    text_completion scripted-llm
      http
""")
def batch_one_at_a_time(probe: Probe) -> None:
    ScriptedLLM(body=probe).batch(["1", "2"], config={"max_concurrency": 1})


@cases("""
    text_completion scripted-llm
      http
      http
""")
def stream(probe: Probe) -> None:
    probe.consume(streaming(probe).stream("hi"))


@cases()
async def astream(probe: Probe) -> None:
    await probe.aconsume(streaming(probe).astream("hi"))


@cases("""
    text_completion scripted-llm
      http
""")
def stream_of_a_model_that_cannot(probe: Probe) -> None:
    probe.consume(ScriptedLLM(body=probe).stream("hi"))


@cases()
async def astream_of_a_model_that_cannot(probe: Probe) -> None:
    await probe.aconsume(ScriptedLLM(body=probe).astream("hi"))


@cases("""
    text_completion scripted-llm
      http
      http
""")
async def astream_events_v2(probe: Probe) -> None:
    await probe.aconsume(streaming(probe).astream_events("hi", version="v2"))


@cases(marks=(OLD_STREAMS,))
async def astream_log(probe: Probe) -> None:
    await probe.aconsume(streaming(probe).astream_log("hi"))


@cases("""
    text_completion scripted-llm (error ValueError)
      http
""")
def a_failing_call(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        ScriptedLLM(body=probe, fails_with=ValueError("no")).invoke("hi")


@cases()
async def a_failing_call_async(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        await ScriptedLLM(body=probe, fails_with=ValueError("no")).ainvoke("hi")


@cases("""
    text_completion (error ValueError)
    text_completion (error ValueError)
      http
""")
def two_failing_prompts(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        ScriptedLLM(body=probe, fails_with=ValueError("no")).generate(["1", "2"])


@cases()
async def two_failing_prompts_async(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        await ScriptedLLM(body=probe, fails_with=ValueError("no")).agenerate(["1", "2"])


@cases("""
    text_completion scripted-llm
      http
""")
def a_cache_hit_is_no_run(probe: Probe) -> None:
    model = ScriptedLLM(body=probe, cache=InMemoryCache())
    model.invoke("hi")
    model.invoke("hi")


@cases()
async def a_cache_hit_is_no_run_async(probe: Probe) -> None:
    model = ScriptedLLM(body=probe, cache=InMemoryCache())
    await model.ainvoke("hi")
    await model.ainvoke("hi")


@cases("""
    text_completion
      http
    text_completion
      http
""")
def a_partial_cache_hit(probe: Probe) -> None:
    model = ScriptedLLM(body=probe, cache=InMemoryCache())
    model.generate(["1"])
    model.generate(["1", "2"])


@cases()
async def a_partial_cache_hit_async(probe: Probe) -> None:
    model = ScriptedLLM(body=probe, cache=InMemoryCache())
    await model.agenerate(["1"])
    await model.agenerate(["1", "2"])


@cases("""
    step
      http
        text_completion scripted-llm
          http
""")
def inside_a_span_of_a_step(probe: Probe) -> None:
    RunnableLambda(probe.step("step", ScriptedLLM(body=probe).invoke)).invoke("hi")


@cases.each
def test_a_completion_is_current_in_its_body_only(case: Case, recording: Recording, outer: bool) -> None:
    check(case, recording, outer=outer)
