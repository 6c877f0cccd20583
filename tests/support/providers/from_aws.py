"""langchain-aws."""

from __future__ import annotations

from typing import Any

from support.providers import bedrock
from support.providers.client import Client
from support.providers.replies import KEY

_THINKING = {"thinking": {"type": "enabled", "budget_tokens": 1_024}}


def _arguments(url: str, timeout: float) -> dict[str, Any]:
    from botocore.config import Config

    return {
        "model": "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "endpoint_url": url,
        "region_name": "us-east-1",
        "aws_access_key_id": "AKIANOTAREALKEY",
        "aws_secret_access_key": KEY,
        "config": Config(read_timeout=timeout, retries={"total_max_attempts": 1}),
    }


CLIENTS = (
    Client(
        name="ChatBedrockConverse",
        package="langchain-aws",
        path=("langchain_aws", "ChatBedrockConverse"),
        provider="aws.bedrock",
        api=bedrock,
        arguments=_arguments,
        errors={
            "unauthorized": "botocore.exceptions.ClientError",
            "rate limited": "botocore.exceptions.ClientError",
            "server error": "botocore.exceptions.ClientError",
            "timeout": "botocore.exceptions.ReadTimeoutError",
            "cut": "botocore.exceptions.ConnectionClosedError",
            "cut, streamed": "urllib3.exceptions.ProtocolError",
        },
        options={
            "parameters": {
                "temperature": 0.3,
                "top_p": 0.9,
                "max_tokens": 77,
                "stop_sequences": ["END", "STOP"],
                "additional_model_request_fields": {"top_k": 40},
            },
            "refusal": {},
            "tool call": {},
            "structured by tool": {},
            "structured by schema": {},
            "reasoning": {"max_tokens": 2_000, "additional_model_request_fields": _THINKING},
            "cache read": {},
            "cache write": {},
        },
        call_options={
            "parameters of the call": {"temperature": 0.1, "max_tokens": 9, "stop": ["X"]},
            "another model": {"model_id": "us.anthropic.claude-haiku-4-5-20251001-v1:0"},
        },
    ),
)
