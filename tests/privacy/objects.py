"""Real models, tools and retrievers with a canary in every field that a user or a provider can fill."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel, BaseLLM
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.outputs import (
    ChatGeneration,
    ChatGenerationChunk,
    ChatResult,
    Generation,
    GenerationChunk,
    LLMResult,
)
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import InjectedToolArg, ToolException, tool
from pydantic import SecretStr

from support.canary import NUMBER, canary
from support.stores import ScriptedCompressor, ScriptedStore

NOWHERE = (
    f"https://user:{canary('url_password')}@models.test:8443/{canary('url_path')}?key={canary('url_query')}"
)


def leaky_error() -> Exception:
    """An exception that tells something everywhere an exception can."""
    error = ValueError(canary("error"), {"detail": canary("error_detail")})
    error.__cause__ = KeyError(canary("error_cause"))
    error.__context__ = ExceptionGroup(canary("error_group"), [OSError(canary("error_member"))])
    error.add_note(canary("error_note"))
    error.body = {"message": canary("error_body")}  # type: ignore[attr-defined] # as providers' SDKs do
    return error


def encoded(text: str) -> str:
    """Binary data as providers take it, long enough to be told from text."""
    return base64.b64encode(text.encode() * 40).decode()


def conversation() -> list[BaseMessage]:
    """One message of each kind, with content of each kind."""
    return [
        SystemMessage(canary("system")),
        HumanMessage(
            [
                {"type": "text", "text": canary("human")},
                {"type": "image_url", "image_url": {"url": f"https://pictures.test/{canary('image_url')}"}},
                {"type": "image", "base64": encoded(canary("image_data")), "mime_type": "image/png"},
                {"type": "unheard_of", "payload": {"deep": [canary("strange_block"), NUMBER]}},
            ],
            name=canary("human_name"),
            additional_kwargs={"extra": canary("message_kwargs")},
            response_metadata={"extra": canary("message_metadata")},
        ),
        AIMessage(
            [{"type": "reasoning", "reasoning": canary("past_reasoning")}],
            tool_calls=[{"name": "search", "args": {"q": canary("past_call")}, "id": "c1"}],
            invalid_tool_calls=[
                {"name": "search", "args": canary("bad_call"), "id": "c2", "error": canary("bad_call_error")}
            ],
        ),
        ToolMessage(canary("tool_message"), tool_call_id="c1", artifact={"raw": canary("artifact")}),
        ToolMessage(canary("tool_failure"), tool_call_id="c2", status="error"),
        ChatMessage(canary("chat_message"), role="critic"),
        FunctionMessage(canary("function_message"), name="search"),
    ]


OFFERED = {
    "type": "function",
    "function": {
        "name": "search",
        "description": canary("offered_description"),
        "parameters": {"type": "object", "properties": {"q": {"description": canary("offered_schema")}}},
    },
}
SCHEMA = {
    "title": "Answer",
    "description": canary("answer_schema"),
    "type": "object",
    "properties": {"x": {"type": "string", "description": canary("answer_field")}},
}
CALL_ARGUMENTS = {
    "tools": [OFFERED],
    "response_format": {"type": "json_schema", "json_schema": {"name": "Answer", "schema": SCHEMA}},
    "extra_headers": {"authorization": canary("call_header")},
    "user": canary("end_user"),
    "ls_structured_output_format": {"kwargs": {"method": "json_schema"}, "schema": SCHEMA},
}
MODEL_FIELDS: dict[str, Any] = {
    "base_url": NOWHERE,
    "default_headers": {"authorization": canary("header")},
    "api_key": SecretStr(canary("api_key")),
    "model_kwargs": {"metadata": {"note": canary("model_kwargs")}},
}


def _identity(model: Any) -> dict[str, Any]:
    """All its fields, secrets too: the worst that a class of a user's own may do."""
    fields = {name: getattr(model, name) for name in MODEL_FIELDS}
    return {"model": model.model, **fields, "api_key": model.api_key.get_secret_value()}


class LeakyChat(BaseChatModel):
    """A chat model that shows everything it is made of."""

    model: str = "leaky-1"
    base_url: str = ""
    default_headers: dict[str, str] = {}
    api_key: SecretStr = SecretStr("")
    model_kwargs: dict[str, Any] = {}
    fails: bool = False

    @property
    def _llm_type(self) -> str:
        return "leaky"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return _identity(self)

    @classmethod
    def is_lc_serializable(cls) -> bool:
        return True

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.bind(tools=[OFFERED])

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        if self.fails:
            raise leaky_error()
        return ChatResult(
            generations=[ChatGeneration(message=answer(), generation_info=_secondary())],
            llm_output={"model_name": "leaky-1", "headers": {"x-trace": canary("llm_output")}},
        )


def _secondary() -> dict[str, Any]:
    return {"finish_reason": "stop", "logprobs": {"content": [{"token": canary("logprobs")}]}}


def answer() -> AIMessage:
    return AIMessage(
        canary("answer"),
        additional_kwargs={
            "reasoning_content": canary("answer_reasoning"),
            "refusal": canary("answer_kwargs"),
        },
        response_metadata={"model_name": "leaky-1", "headers": {"x-trace": canary("response_header")}},
        tool_calls=[{"name": "search", "args": {"q": canary("answer_call")}, "id": "c3"}],
        usage_metadata={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3},
    )


class LeakyStream(LeakyChat):
    """The same as a stream; when it fails, it has already said a part."""

    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        if self.fails:
            yield ChatGenerationChunk(message=AIMessageChunk(canary("partial")))
            raise leaky_error()
        whole = answer()
        chunk = AIMessageChunk(
            whole.content,
            additional_kwargs=whole.additional_kwargs,
            response_metadata=whole.response_metadata,
            usage_metadata=whole.usage_metadata,
            tool_call_chunks=[
                {"name": "search", "args": json.dumps({"q": canary("answer_call")}), "id": "c3", "index": 0}
            ],
        )
        yield ChatGenerationChunk(message=chunk, generation_info=_secondary())


class LeakyLLM(BaseLLM):
    """A completion model that shows everything it is made of, and tries twice before it answers."""

    model: str = "leaky-llm"
    base_url: str = ""
    default_headers: dict[str, str] = {}
    api_key: SecretStr = SecretStr("")
    model_kwargs: dict[str, Any] = {}
    fails: bool = False

    @property
    def _llm_type(self) -> str:
        return "leaky"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return _identity(self)

    def _generate(
        self, prompts: list[str], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> LLMResult:
        if self.fails:
            raise leaky_error()
        generation = Generation(text=canary("answer"), generation_info=_secondary())
        return LLMResult(
            generations=[[generation] for _ in prompts],
            llm_output={"model_name": "leaky-llm", "headers": {"x-trace": canary("llm_output")}},
        )


class LeakyLLMStream(LeakyLLM):
    """The same as a stream."""

    def _stream(
        self, prompt: str, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Iterator[GenerationChunk]:
        if self.fails:
            yield GenerationChunk(text=canary("partial"))
            raise leaky_error()
        yield GenerationChunk(text=canary("answer"), generation_info=_secondary())


def documents() -> list[Document]:
    metadata = {"source": canary("document_metadata"), "score": 0.5}
    return [Document(canary("document"), id="d1", metadata=metadata)]


class LeakyRetriever(BaseRetriever):
    """A retriever that finds one document, or fails."""

    api_key: str = canary("retriever_key")
    fails: bool = False

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        if self.fails:
            raise leaky_error()
        return documents()


class LeakyEmbeddings(Embeddings):
    """Embeddings that keep a key beside their model's name."""

    def __init__(self, *, fails: bool = False) -> None:
        self.model = "leaky-embeddings"
        self.api_key = canary("embeddings_key")
        self.base_url = NOWHERE
        self.fails = fails

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        if self.fails:
            raise leaky_error()
        return [[0.0, 1.0] for _ in texts]

    def embed_query(self, text: str) -> Sequence[float]:  # type: ignore[override]
        return self.embed_documents([text])[0]


class LeakyStore(ScriptedStore):
    """A vector store that keeps an address, a key and a collection, and finds one document."""

    def __init__(self, *, fails: bool = False) -> None:
        super().__init__(
            found=[(documents()[0], 0.5)],
            namespace=canary("index_namespace"),
            collection_name=canary("collection"),
            api_key=canary("store_key"),
            url=f"https://{canary('store_user')}:{canary('store_password')}@store.test/",
            embedding=LeakyEmbeddings(),
            fails_with=leaky_error() if fails else None,
        )


class LeakyCompressor(ScriptedCompressor):
    """A reranker that keeps a key beside its model's name."""

    api_key: str = canary("compressor_key")
    base_url: str = NOWHERE
    instructions: str = canary("compressor_instructions")


def leaky_compressor(*, fails: bool = False) -> LeakyCompressor:
    return LeakyCompressor(fails_with=leaky_error() if fails else None)


@tool
def leaky_tool(q: str, state: Annotated[dict[str, Any], InjectedToolArg] | None = None) -> str:
    """Search."""
    return canary("tool_result")


@tool(response_format="content_and_artifact")
def artful_tool(q: str) -> tuple[str, Any]:
    """Search."""
    return canary("tool_result"), {"raw": canary("artifact")}


@tool
def failing_tool(q: str) -> str:
    """Fail."""
    raise leaky_error()


@tool
def refusing_tool(q: str) -> str:
    """Fail in a way that is told to the model."""
    raise ToolException(canary("tool_refusal"))


refusing_tool.handle_tool_error = True
