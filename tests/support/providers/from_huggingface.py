"""langchain-huggingface, with an endpoint of one's own."""

from __future__ import annotations

import importlib
from math import ceil
from typing import Any

from support.providers.client import Client
from support.providers.openai_like import TGI
from support.providers.replies import KEY


def _arguments(url: str, timeout: float) -> dict[str, Any]:
    endpoint = importlib.import_module("langchain_huggingface").HuggingFaceEndpoint
    return {
        "llm": endpoint(
            endpoint_url=url,
            huggingfacehub_api_token=KEY,
            timeout=ceil(timeout),
            task="text-generation",
        ),
        "model_id": "meta-llama/Llama-3.2-3B-Instruct",
    }


CLIENTS = (
    Client(
        name="ChatHuggingFace",
        package="langchain-huggingface",
        path=("langchain_huggingface", "ChatHuggingFace"),
        provider="huggingface",
        api=TGI,
        arguments=_arguments,
        errors={
            "unauthorized": "huggingface_hub.errors.HfHubHTTPError",
            "rate limited": "huggingface_hub.errors.HfHubHTTPError",
            "server error": "huggingface_hub.errors.HfHubHTTPError",
            "timeout": "huggingface_hub.errors.InferenceTimeoutError|httpx.ReadTimeout",
            "cut": "httpx.RemoteProtocolError",
        },
        always={"stream_usage": True},
        close=lambda model: model.llm.async_client.close(),
        options={
            "parameters": {
                "temperature": 0.3,
                "max_tokens": 77,
                "stop": ["END", "STOP"],
                "model_kwargs": {
                    "top_p": 0.9,
                    "seed": 42,
                    "frequency_penalty": 0.25,
                    "presence_penalty": -0.5,
                },
            },
            "tool call": {},
            "structured by tool": {},
            "structured by schema": {},
            "JSON mode": {},
        },
        call_options={
            "parameters of the call": {"temperature": 0.1, "max_tokens": 9, "stop": ["X"]},
            "another model": {"model": "Qwen/Qwen3-8B"},
        },
    ),
)
