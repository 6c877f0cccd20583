"""Models, retrievers and embeddings that give, and tell about themselves, whatever they were made with."""

from __future__ import annotations

from typing import Any

from langchain_core.documents.compressor import BaseDocumentCompressor
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel, BaseLLM
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult, Generation, LLMResult
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import VectorStore


class Chat(BaseChatModel):
    """Answers with whatever it was made with, and tells whatever it was made with about itself."""

    result: Any = None
    chunks: Any = ()
    params: Any = None
    hints: Any = None

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @property
    def _identifying_params(self) -> Any:
        return self.params or {}

    def _get_ls_params(self, stop: Any = None, **kwargs: Any) -> Any:
        return self.hints or {"ls_provider": "openai", "ls_model_name": "m"}

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Any:
        return self.result or ChatResult(generations=[ChatGeneration(message=AIMessage("x"))])


class StreamingChat(Chat):
    """The same as a stream."""

    def _stream(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Any:
        for chunk in self.chunks:
            if run_manager:
                run_manager.on_llm_new_token(chunk.content, chunk=ChatGenerationChunk(message=chunk))
            yield ChatGenerationChunk(message=chunk)


class Completion(BaseLLM):
    """A completion model that answers with whatever it was made with."""

    info: Any = None
    output: Any = None

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(self, prompts: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Any:
        generation = Generation.model_construct(text="x", generation_info=self.info)
        return LLMResult.model_construct(generations=[[generation]] * len(prompts), llm_output=self.output)


class Retriever(BaseRetriever):
    """Finds whatever it was made with."""

    found: Any = ()
    search_kwargs: Any = None

    def _get_relevant_documents(self, query: Any, *, run_manager: Any, **kwargs: Any) -> Any:
        return self.found


class Vectors(Embeddings):
    """Gives whatever it was made with."""

    def __init__(self, vector: Any = (0.5,), **fields: Any) -> None:
        self.vector = vector
        vars(self).update(fields)

    def embed_documents(self, texts: Any) -> Any:
        return [self.vector for _ in texts]

    def embed_query(self, text: Any) -> Any:
        return self.vector


class Store(VectorStore):
    """A vector store that finds, and keeps, whatever it was made with."""

    def __init__(self, found: Any = (), **fields: Any) -> None:
        self.found = found
        vars(self).update(fields)

    @classmethod
    def from_texts(cls, texts: Any, embedding: Any, metadatas: Any = None, **kwargs: Any) -> Any:
        return cls()

    def similarity_search(self, query: Any, k: Any = 4, **kwargs: Any) -> Any:
        return self.found

    def add_documents(self, documents: Any, **kwargs: Any) -> Any:
        return self.found

    def delete(self, ids: Any = None, **kwargs: Any) -> Any:
        return self.found


class Compressor(BaseDocumentCompressor):
    """Returns whatever it was made with."""

    left: Any = ()
    model: Any = None
    top_n: Any = None

    def compress_documents(self, documents: Any, query: Any, callbacks: Any = None) -> Any:
        return self.left
