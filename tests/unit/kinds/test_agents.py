"""The attributes that an agent's span gets from its model calls at its end."""

from __future__ import annotations

import pytest

from langspan.kinds.agents import agent_end
from langspan.kinds.base import ModelCall
from langspan.kinds.sums import model_call

MODEL = "gen_ai.request.model"
IN = "gen_ai.usage.input_tokens"
OUT = "gen_ai.usage.output_tokens"
REASONS = "gen_ai.response.finish_reasons"

FAILED = ModelCall("m", None, None, None)


def answered(model="m", tokens_in=3, tokens_out=5, reasons=("stop",)):
    return ModelCall(model, tokens_in, tokens_out, reasons)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        pytest.param({}, ModelCall("m", None, None, None), id="no attributes"),
        pytest.param({IN: 3, OUT: 5, REASONS: ["stop"]}, ModelCall("m", 3, 5, ["stop"]), id="all attributes"),
        pytest.param({IN: 0}, ModelCall("m", 0, None, None), id="a reported zero is kept"),
        pytest.param({MODEL: "other", "x": 1}, ModelCall("m", None, None, None), id="nothing else is read"),
    ],
)
def test_the_recorded_data_of_a_call(attributes, expected):
    assert expected == model_call("m", attributes)


def test_a_call_may_have_no_model():
    assert model_call(None, {}).model is None


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param([], {}, id="no answers"),
        pytest.param([answered()], {MODEL: "m", IN: 3, OUT: 5, REASONS: ["stop"]}, id="one"),
        pytest.param(
            [answered(reasons=("tool_calls",)), answered(tokens_in=30, tokens_out=50)],
            {MODEL: "m", IN: 33, OUT: 55, REASONS: ["stop"]},
            id="several are added up, and the last one has the finish reason",
        ),
        pytest.param(
            [answered(reasons=("stop", "length"))],
            {MODEL: "m", IN: 3, OUT: 5, REASONS: ["stop", "length"]},
            id="several choices",
        ),
        pytest.param([FAILED], {MODEL: "m"}, id="a failed one has a model only"),
        pytest.param([FAILED, FAILED], {MODEL: "m"}, id="several failed ones too"),
        pytest.param(
            [FAILED, answered()], {MODEL: "m", IN: 3, OUT: 5, REASONS: ["stop"]}, id="failed, then answered"
        ),
        pytest.param([answered(), FAILED], {MODEL: "m", IN: 3, OUT: 5}, id="a last one that failed"),
        pytest.param([answered(reasons=())], {MODEL: "m", IN: 3, OUT: 5}, id="no reasons are left out"),
    ],
)
def test_the_end_of_an_agent(answers, expected):
    assert expected == agent_end(answers)


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        pytest.param(["m"], "m", id="one call"),
        pytest.param(["m", "m", "m"], "m", id="the same each time"),
        pytest.param(["m", "n"], None, id="two models"),
        pytest.param(["m", "n", "m"], None, id="two models in turn"),
        pytest.param([None], None, id="unknown"),
        pytest.param(["m", None], None, id="one of them unknown"),
    ],
)
def test_the_model_is_recorded_if_only_one_was_used(models, expected):
    assert expected == agent_end([answered(model) for model in models]).get(MODEL)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        pytest.param([(3, 5), (None, None)], {IN: 3, OUT: 5}, id="one call without counts"),
        pytest.param([(None, None)] * 2, {}, id="no counts"),
        pytest.param([(3, None), (None, 5)], {IN: 3, OUT: 5}, id="each has one of the two"),
        pytest.param([(3, None)], {IN: 3}, id="input only"),
        pytest.param([(None, 5)], {OUT: 5}, id="output only"),
        pytest.param([(0, 0)], {IN: 0, OUT: 0}, id="a reported zero is kept"),
    ],
)
def test_missing_token_counts_are_left_out_of_the_totals(counts, expected):
    end = agent_end([answered(None, *pair, ()) for pair in counts])
    assert expected == end


def test_a_failed_call_by_another_model_counts_as_a_model():
    """A fallback: the agent called two models."""
    assert MODEL not in agent_end([FAILED, answered("n")])


def test_the_calls_are_not_changed():
    """The span gets a copy of the finish reasons."""
    reasons = ["stop"]
    assert reasons is not agent_end([answered(reasons=reasons)])[REASONS]


TEMPERATURE, SEED = "gen_ai.request.temperature", "gen_ai.request.seed"


def requested(**request):
    return model_call("m", {}, {f"gen_ai.request.{name}": value for name, value in request.items()})


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        pytest.param([requested(seed=7)], {SEED: 7}, id="one call"),
        pytest.param([requested(seed=7)] * 2, {SEED: 7}, id="the same each time"),
        pytest.param([requested(seed=7), requested(seed=8)], {}, id="it changes"),
        pytest.param([requested(seed=7), requested()], {}, id="the second has none"),
        pytest.param([requested(), requested(seed=7)], {}, id="the first has none"),
        pytest.param(
            [requested(seed=7, temperature=0.5), requested(seed=8, temperature=0.5)],
            {TEMPERATURE: 0.5},
            id="one of two changes",
        ),
        pytest.param([requested(top_k=4)], {}, id="no agent has a top k"),
    ],
)
def test_an_agent_has_the_request_parameters_that_all_its_calls_have(calls, expected):
    assert {MODEL: "m", **expected} == agent_end(calls)
