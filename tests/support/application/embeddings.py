"""Embeddings of an application, in every way they are called."""

from __future__ import annotations

import uuid
from typing import Any

from langchain_core.embeddings import Embeddings

from support.application.waiting import cancelled, wait_for_ever


class Known(Embeddings):
    """Tells all that embeddings can tell of themselves."""

    def __init__(self, error: Exception | None = None) -> None:
        self.model = "text-embedding-3-small"
        # Another one each time: what is found out about an address is kept.
        self.base_url = f"http://models.test:8080/{uuid.uuid4()}"
        self.model_kwargs = {"encoding_format": "float"}
        self.error = error

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        if self.error is not None:
            raise self.error
        return [[0.5, 0.5] for _ in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


class Hanging(Known):
    async def aembed_query(self, text: str) -> list[float]:
        await wait_for_ever()
        return []


class Cached(Embeddings):
    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return Known().embed_documents(texts)

    def embed_query(self, text: str) -> list[float]:
        return Known().embed_query(text)


def embed_documents(_config: Any) -> Any:
    return Known().embed_documents(["a", "b"])


def embed_query(_config: Any) -> Any:
    return Known().embed_query("a")


async def aembed_documents(_config: Any) -> Any:
    return await Known().aembed_documents(["a", "b"])


async def aembed_query(_config: Any) -> Any:
    return await Known().aembed_query("a")


def embed_in_others(_config: Any) -> Any:
    return Cached().embed_query("a")


def embed_fails(_config: Any) -> Any:
    return Known(ValueError("no")).embed_query("a")


async def aembed_fails(_config: Any) -> Any:
    return await Known(ValueError("no")).aembed_query("a")


async def embed_cancelled(_config: Any) -> Any:
    return await cancelled(Hanging().aembed_query("a"))


def embeddings_defined_late(_config: Any) -> Any:
    """A class that did not exist when instrumentation began, and one that it inherits from besides."""

    class Elsewhere:
        def embed_documents(self, texts: list[str]) -> Any:
            return [[0.5] for _ in texts]

    class Late(Elsewhere, Embeddings):
        def embed_query(self, text: str) -> Any:
            return [0.5]

    return Late().embed_query("a"), Late().embed_documents(["a"])


SCENARIOS = (
    embed_documents,
    embed_query,
    aembed_documents,
    aembed_query,
    embed_in_others,
    embed_fails,
    aembed_fails,
    embed_cancelled,
    embeddings_defined_late,
)
