"""The GenAI provider of a LangChain model class: `gen_ai.provider.name`.

There are four sources, in order: the class name, the `_type` of a class that overrides it, `ls_provider`, and
the package of the class. The most specific comes first because a subclass often reports its parent's
`ls_provider` (an `AzureChatOpenAI` is a `BaseChatOpenAI`); the others cover user-defined subclasses.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from langspan._reading import as_list, as_text
from langspan._values import as_mapping, valid_utf8

_OPENAI: Final = "openai"
_AZURE_OPENAI: Final = "azure.ai.openai"
_AZURE_INFERENCE: Final = "azure.ai.inference"
_BEDROCK: Final = "aws.bedrock"
_GEMINI: Final = "gcp.gemini"
_VERTEX: Final = "gcp.vertex_ai"

# A provider's name in lower case, as used in `ls_provider` and in class names.
_NAMES: Final[Mapping[str, str]] = {
    "openai": _OPENAI,
    "openai-codex": _OPENAI,
    "azure": _AZURE_OPENAI,
    "azure_openai": _AZURE_OPENAI,
    "azureopenai": _AZURE_OPENAI,
    "azure_ai": _AZURE_INFERENCE,
    "azureai": _AZURE_INFERENCE,
    "azure_inference": _AZURE_INFERENCE,
    "anthropic": "anthropic",
    "amazon_bedrock": _BEDROCK,
    "anthropic-bedrock": _BEDROCK,
    "anthropic_bedrock": _BEDROCK,
    "anthropicbedrock": _BEDROCK,
    "aws": _BEDROCK,
    "bedrock": _BEDROCK,
    "bedrock_converse": _BEDROCK,
    "bedrockconverse": _BEDROCK,
    "cohere": "cohere",
    "databricks": "databricks",
    "deepseek": "deepseek",
    "fireworks": "fireworks",
    "gemini": _GEMINI,
    "google_genai": _GEMINI,
    "googlegenerativeai": _GEMINI,
    "googlegenai": _GEMINI,
    "google_vertexai": _VERTEX,
    "googlevertexai": _VERTEX,
    "vertexai": _VERTEX,
    "anthropicvertex": _VERTEX,
    "groq": "groq",
    "huggingface": "huggingface",
    "huggingfaceendpoint": "huggingface",
    "huggingfacepipeline": "huggingface",
    "ibm": "ibm.watsonx.ai",
    "watsonx": "ibm.watsonx.ai",
    "watsonxai": "ibm.watsonx.ai",
    "mistral": "mistral_ai",
    "mistralai": "mistral_ai",
    "mistral_ai": "mistral_ai",
    "moonshot": "moonshot_ai",
    "moonshotai": "moonshot_ai",
    "nvidia": "nvidia",
    "ollama": "ollama",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "together": "together",
    "xai": "x_ai",
}

# Classes not named "Chat{Name}", "{Name}LLM", "{Name}Embeddings" or "{Name}".
_IRREGULAR_CLASSES: Final = {
    "azurechatopenai": _AZURE_OPENAI,
    "azureaichatcompletionsmodel": _AZURE_INFERENCE,
    "azureaiopenaiapichatmodel": _AZURE_INFERENCE,
    "azureaiembeddingsmodel": _AZURE_INFERENCE,
    "azureaiopenaiapiembeddingsmodel": _AZURE_INFERENCE,
    "chatanthropicmantle": _BEDROCK,
    "bedrockbase": _BEDROCK,
    "basechatopenai": _OPENAI,
    "vertexaimodelgarden": _VERTEX,
    "chatanthropicmessages": "anthropic",
}

_CLASSES: Final[Mapping[str, str]] = {
    pattern.format(name): provider
    for name, provider in _NAMES.items()
    for pattern in ("chat{}", "{}", "{}llm", "{}embeddings")
} | _IRREGULAR_CLASSES

# Only types that a class overrides on purpose. "openai-chat" is missing because every OpenAI-compatible
# subclass that does not override `_llm_type` has it.
_TYPES: Final[Mapping[str, str]] = {
    "azure": _AZURE_OPENAI,
    "azure-openai-chat": _AZURE_OPENAI,
    "amazon_bedrock": _BEDROCK,
    "amazon_bedrock_chat": _BEDROCK,
    "amazon_bedrock_converse_chat": _BEDROCK,
    "anthropic-bedrock-chat": _BEDROCK,
    "chat-deepseek": "deepseek",
    "chat-google-generative-ai": _GEMINI,
    "google_gemini": _GEMINI,
    "chat-nvidia-ai-playground": "nvidia",
    "chat-ollama": "ollama",
    "ollama-llm": "ollama",
    "cohere-chat": "cohere",
    "fireworks-chat": "fireworks",
    "groq-chat": "groq",
    "huggingface_endpoint": "huggingface",
    "mistralai-chat": "mistral_ai",
    "openrouter-chat": "openrouter",
    "perplexitychat": "perplexity",
    "together-chat": "together",
    "vertexai": _VERTEX,
    "xai-chat": "x_ai",
}


def provider_name(
    metadata: Mapping[str, Any] | None,
    invocation_params: Mapping[str, Any] | None,
    serialized: Mapping[str, Any] | None,
) -> str | None:
    """Return `gen_ai.provider.name`, or None if the provider is unknown.

    The result is a well-known value of the conventions if one fits, otherwise `ls_provider` in lower case.

    Args:
        metadata: Metadata of the start event; its `ls_provider` is read.
        invocation_params: The `invocation_params` of the start event; its `_type` is read.
        serialized: The model's `serialized`; its `id`, the class path, is read.
    """
    described = serialized if type(serialized) is dict else as_mapping(serialized)
    params = invocation_params if type(invocation_params) is dict else as_mapping(invocation_params)
    reported = (metadata if type(metadata) is dict else as_mapping(metadata)).get("ls_provider")
    path, kind = as_list(described.get("id")) or (None,), params.get("_type")
    facts = [each if type(each) is str else as_text(each) for each in (path[-1], kind, reported, path[0])]
    found = _provider_of(*facts)
    return _vertex(serialized) if found == _GEMINI else found


@lru_cache(maxsize=256)  # a process calls few models, each many times
def _provider_of(name: str | None, kind: str | None, reported: str | None, package: str | None) -> str | None:
    found = class_provider(name)
    if found is None and kind is not None:
        found = _TYPES.get(kind)
    if found is None and reported:
        reported = reported.lower()
        found = _NAMES.get(reported) or valid_utf8(reported)
    return package_provider(package) if found is None else found


def class_provider(name: object) -> str | None:
    """Return the provider of a known model or embeddings class, by the class name, else None."""
    text = name if type(name) is str else as_text(name)
    return None if text is None else _CLASSES.get(text.lower())


def package_provider(package: object) -> str | None:
    """Return the provider of a LangChain partner package, else None: `langchain_groq` -> `groq`."""
    text = as_text(package)
    if text is None or not text.startswith("langchain_"):
        return None
    return _NAMES.get(text.removeprefix("langchain_"))


def _vertex(serialized: Mapping[str, Any] | None) -> str:
    """Return which Google API is used: `langchain-google-genai` has one class for both, with a flag."""
    kwargs = as_mapping(as_mapping(serialized).get("kwargs"))
    return _VERTEX if kwargs.get("vertexai") is True else _GEMINI
