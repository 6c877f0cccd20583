"""The provider of a model class, with class paths and types as in today's partner packages."""

from __future__ import annotations

import pytest

from langspan.providers.names import class_provider, provider_name


def serialized(*path, **kwargs):
    return {"lc": 1, "type": "constructor", "id": list(path), "name": path[-1], "kwargs": kwargs}


# class path, ls_provider, _type -> provider; taken from constructed models of each package.
REAL = [
    (("langchain", "chat_models", "openai", "ChatOpenAI"), "openai", "openai-chat", "openai"),
    (("langchain", "llms", "openai", "OpenAI"), "openai", "openai", "openai"),
    (
        ("langchain", "chat_models", "azure_openai", "AzureChatOpenAI"),
        "azure",
        "azure-openai-chat",
        "azure.ai.openai",
    ),
    (("langchain", "llms", "openai", "AzureOpenAI"), "azure", "azure", "azure.ai.openai"),
    (
        ("langchain", "chat_models", "openai", "AzureAIOpenAIApiChatModel"),
        "openai",
        "openai-chat",
        "azure.ai.inference",
    ),
    (("langchain", "chat_models", "anthropic", "ChatAnthropic"), "anthropic", "anthropic-chat", "anthropic"),
    (
        ("langchain_google_genai", "chat_models", "ChatGoogleGenerativeAI"),
        "google_genai",
        "chat-google-generative-ai",
        "gcp.gemini",
    ),
    (("langchain_google_genai", "llms", "GoogleGenerativeAI"), "google_genai", "google_gemini", "gcp.gemini"),
    (
        ("langchain", "chat_models", "vertexai", "ChatVertexAI"),
        "google_vertexai",
        "vertexai",
        "gcp.vertex_ai",
    ),
    (("langchain", "chat_models", "mistralai", "ChatMistralAI"), "mistral", "mistralai-chat", "mistral_ai"),
    (("langchain_groq", "chat_models", "ChatGroq"), "groq", "groq-chat", "groq"),
    (("langchain_ollama", "chat_models", "ChatOllama"), "ollama", "chat-ollama", "ollama"),
    (("langchain_ollama", "llms", "OllamaLLM"), "ollama", "ollama-llm", "ollama"),
    (
        ("langchain", "chat_models", "bedrock", "ChatBedrock"),
        "amazon_bedrock",
        "amazon_bedrock_chat",
        "aws.bedrock",
    ),
    (
        ("langchain_aws", "chat_models", "ChatBedrockConverse"),
        "amazon_bedrock",
        "amazon_bedrock_converse_chat",
        "aws.bedrock",
    ),
    (
        ("langchain", "chat_models", "anthropic_bedrock", "ChatAnthropicBedrock"),
        "anthropic-bedrock",
        "anthropic-bedrock-chat",
        "aws.bedrock",
    ),
    (("langchain", "llms", "bedrock", "BedrockLLM"), "amazon_bedrock", "amazon_bedrock", "aws.bedrock"),
    (("langchain_cohere", "chat_models", "ChatCohere"), "cohere", "cohere-chat", "cohere"),
    (("langchain_deepseek", "chat_models", "ChatDeepSeek"), "deepseek", "chat-deepseek", "deepseek"),
    (("langchain_xai", "chat_models", "ChatXAI"), "xai", "xai-chat", "x_ai"),
    (
        ("langchain_openrouter", "chat_models", "ChatOpenRouter"),
        "openrouter",
        "openrouter-chat",
        "openrouter",
    ),
    (("langchain", "chat_models", "fireworks", "ChatFireworks"), "fireworks", "fireworks-chat", "fireworks"),
    (("langchain_together", "chat_models", "ChatTogether"), "together", "together-chat", "together"),
    (("langchain_perplexity", "chat_models", "ChatPerplexity"), "perplexity", "perplexitychat", "perplexity"),
    (
        ("langchain_nvidia_ai_endpoints", "chat_models", "ChatNVIDIA"),
        "NVIDIA",
        "chat-nvidia-ai-playground",
        "nvidia",
    ),
    (
        ("langchain_huggingface", "llms", "huggingface_endpoint", "HuggingFaceEndpoint"),
        "huggingfaceendpoint",
        "huggingface_endpoint",
        "huggingface",
    ),
    (("langchain_ibm", "chat_models", "ChatWatsonx"), "ibm", "watsonx-chat", "ibm.watsonx.ai"),
]


@pytest.mark.parametrize(
    ("path", "ls_provider", "kind", "expected"), REAL, ids=[case[0][-1] for case in REAL]
)
def test_a_partner_packages_class(path, ls_provider, kind, expected):
    assert expected == provider_name({"ls_provider": ls_provider}, {"_type": kind}, serialized(*path))


@pytest.mark.parametrize(
    ("path", "ls_provider", "kind", "expected"), REAL, ids=[case[0][-1] for case in REAL]
)
def test_the_class_is_right_even_when_it_reports_openai(path, ls_provider, kind, expected):
    """A subclass of BaseChatOpenAI that overrides nothing reports its parent's provider and type."""
    assert expected == provider_name({"ls_provider": "openai"}, {"_type": "openai-chat"}, serialized(*path))


@pytest.mark.parametrize(
    ("metadata", "params", "model", "expected"),
    [
        pytest.param(
            {"ls_provider": "openai"},
            {"_type": "xai-chat"},
            serialized("app", "MyGrok"),
            "x_ai",
            id="a user's subclass, parents type",
        ),
        pytest.param(
            {"ls_provider": "my-gateway"},
            {"_type": "openai-chat"},
            serialized("app", "GatewayChat"),
            "my-gateway",
            id="a user's subclass, own provider",
        ),
        pytest.param({"ls_provider": "OpenAI"}, {}, None, "openai", id="ls_provider in any case"),
        pytest.param(
            {"ls_provider": "fake\ud800"}, {}, None, "fake\ufffd", id="ls_provider is made valid UTF-8"
        ),
        pytest.param(
            {}, {}, serialized("langchain_groq", "chat_models", "MyGroqThing"), "groq", id="package"
        ),
        pytest.param(None, None, serialized("langchain_mine", "Thing"), None, id="unknown package"),
        pytest.param(None, None, None, None, id="nothing known"),
        pytest.param({"ls_provider": 3}, {"_type": []}, {"id": []}, None, id="malformed"),
        pytest.param(None, None, {"id": [None, 4]}, None, id="malformed path"),
        pytest.param(
            {"ls_provider": "google_genai"},
            {},
            serialized("langchain_google_genai", "chat_models", "ChatGoogleGenerativeAI", vertexai=True),
            "gcp.vertex_ai",
            id="Gemini on Vertex",
        ),
    ],
)
def test_the_order_of_the_sources(metadata, params, model, expected):
    assert expected == provider_name(metadata, params, model)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("OpenAIEmbeddings", "openai"),
        ("AzureOpenAIEmbeddings", "azure.ai.openai"),
        ("MistralAIEmbeddings", "mistral_ai"),
        ("BedrockEmbeddings", "aws.bedrock"),
        ("GoogleGenerativeAIEmbeddings", "gcp.gemini"),
        ("VertexAIEmbeddings", "gcp.vertex_ai"),
        ("HuggingFaceEmbeddings", "huggingface"),
        ("OllamaEmbeddings", "ollama"),
        ("CohereEmbeddings", "cohere"),
        ("DeterministicFakeEmbedding", None),
        (None, None),
    ],
)
def test_class_provider_knows_embeddings(name, expected):
    assert expected == class_provider(name)
