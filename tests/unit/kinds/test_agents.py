"""What an agent's span says of its model calls once the agent is done."""

from __future__ import annotations

import pytest

from langspan.kinds.agents import agent_end
from langspan.kinds.any_run import model_call
from langspan.kinds.base import ModelCall

MODEL = "gen_ai.request.model"
IN = "gen_ai.usage.input_tokens"
OUT = "gen_ai.usage.output_tokens"
REASONS = "gen_ai.response.finish_reasons"

FAILED = ModelCall("m", None, None, None)


def said(model="m", tokens_in=3, tokens_out=5, reasons=("stop",)):
    return ModelCall(model, tokens_in, tokens_out, reasons)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        pytest.param({}, ModelCall("m", None, None, None), id="nothing told"),
        pytest.param({IN: 3, OUT: 5, REASONS: ["stop"]}, ModelCall("m", 3, 5, ["stop"]), id="all told"),
        pytest.param({IN: 0}, ModelCall("m", 0, None, None), id="a reported zero is a fact"),
        pytest.param({MODEL: "other", "x": 1}, ModelCall("m", None, None, None), id="nothing else is taken"),
    ],
)
def test_what_is_kept_of_a_call(attributes, expected):
    assert expected == model_call("m", attributes)


def test_a_call_may_have_no_model():
    assert model_call(None, {}).model is None


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param([], {}, id="no answers"),
        pytest.param([said()], {MODEL: "m", IN: 3, OUT: 5, REASONS: ["stop"]}, id="one"),
        pytest.param(
            [said(reasons=("tool_calls",)), said(tokens_in=30, tokens_out=50)],
            {MODEL: "m", IN: 33, OUT: 55, REASONS: ["stop"]},
            id="several are summed up, and the last one tells why it ended",
        ),
        pytest.param(
            [said(reasons=("stop", "length"))],
            {MODEL: "m", IN: 3, OUT: 5, REASONS: ["stop", "length"]},
            id="several choices",
        ),
        pytest.param([FAILED], {MODEL: "m"}, id="a failed one has a model only"),
        pytest.param([FAILED, FAILED], {MODEL: "m"}, id="several failed ones too"),
        pytest.param(
            [FAILED, said()], {MODEL: "m", IN: 3, OUT: 5, REASONS: ["stop"]}, id="failed, then answered"
        ),
        pytest.param([said(), FAILED], {MODEL: "m", IN: 3, OUT: 5}, id="a last one that failed"),
        pytest.param([said(reasons=())], {MODEL: "m", IN: 3, OUT: 5}, id="no reasons are left out"),
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
def test_the_model_is_named_if_there_was_but_one(models, expected):
    assert expected == agent_end([said(model) for model in models]).get(MODEL)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        pytest.param([(3, 5), (None, None)], {IN: 3, OUT: 5}, id="one call without counts"),
        pytest.param([(None, None)] * 2, {}, id="no counts at all"),
        pytest.param([(3, None), (None, 5)], {IN: 3, OUT: 5}, id="each tells one of the two"),
        pytest.param([(3, None)], {IN: 3}, id="input only"),
        pytest.param([(None, 5)], {OUT: 5}, id="output only"),
        pytest.param([(0, 0)], {IN: 0, OUT: 0}, id="a reported zero is a fact"),
    ],
)
def test_missing_tokens_are_left_out_of_the_sums(counts, expected):
    end = agent_end([said(None, *pair, ()) for pair in counts])
    assert expected == end


def test_a_failed_call_by_another_model_counts_as_a_model():
    """A fallback: the agent asked two."""
    assert MODEL not in agent_end([FAILED, said("n")])


def test_the_answers_stay_as_they_are():
    """The reasons on the span are a list of its own."""
    reasons = ["stop"]
    assert reasons is not agent_end([said(reasons=reasons)])[REASONS]
