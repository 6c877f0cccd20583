"""Embeddings: `embeddings`. LangChain has no callbacks for them, so the calls themselves are recorded.

Source: OpenTelemetry GenAI conventions (embeddings span); the well-known fields of an embeddings object. Only
stored values are read: a property is code of the object's class, and is not run.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.trace import SpanKind

from langspan._events import Call, Graph, Started
from langspan._reading import (
    as_list,
    bases,
    class_attribute,
    class_module,
    class_name,
    fields_of,
    is_base,
    numpy_class,
    own_attributes,
)
from langspan._values import Attributes, as_mapping, as_model, as_number, as_str, as_strings
from langspan.conventions import metrics, names
from langspan.conventions.measurements import Measurement, measured
from langspan.kinds.base import RunKind, RunView, no_content
from langspan.providers.names import class_provider, package_provider
from langspan.providers.request import server
from langspan.providers.request_rules import URLS

_MODELS: Final = ("model", "model_name", "model_id", "repo_id", "deployment")
# On Azure the deployment is what is requested; the model's name is often just the default.
_AZURE_MODELS: Final = ("deployment", *_MODELS)
_AZURE: Final = "azure.ai.openai"
_GEMINI: Final = "gcp.gemini"
_VERTEX: Final = "gcp.vertex_ai"
_FORMATS: Final = ("encoding_format", "embedding_types")
_ARGUMENTS: Final = "model_kwargs"
_VERTEX_FLAG: Final = "vertexai"
_COUNTED: Final[tuple[Any, ...]] = (
    list,
    tuple,
    dict,
    set,
    frozenset,
    deque,
    type({}.keys()),
    type({}.values()),
)
_NAMES: Final = frozenset({*_MODELS, *URLS, *_FORMATS, _ARGUMENTS, _VERTEX_FLAG})


def embeddings_model(embeddings: object) -> str | None:
    """Return the model that an embeddings object requests, as the provider spells it; None if unknown.

    Args:
        embeddings: Any object with embedding methods.
    """
    stored = _stored(embeddings)
    return _model(stored, _provider(embeddings, stored))


def embeddings_provider(embeddings: object) -> str | None:
    """Return `gen_ai.provider.name`, found by the object's class, its base classes, and their packages.

    Args:
        embeddings: Any object with embedding methods.
    """
    return _provider(embeddings, _stored(embeddings))


def embeddings_start(embeddings: object, texts: object) -> Attributes:
    """Return the attributes known before a call is made. No content.

    Args:
        embeddings: Any object with embedding methods.
        texts: The texts to embed. They are only counted, and only in a built-in container.
    """
    stored = _stored(embeddings)
    attributes: Attributes = {
        names.LANGCHAIN_EMBEDDINGS_NAME: class_name(type(embeddings)).rpartition(".")[2]
    }
    provider = _provider(embeddings, stored)
    if provider is not None:
        attributes[names.GEN_AI_PROVIDER_NAME] = provider
    model = _model(stored, provider)
    if model is not None:
        attributes[names.GEN_AI_REQUEST_MODEL] = model
    formats = _encoding_formats(stored)
    if formats is not None:
        attributes[names.GEN_AI_REQUEST_ENCODING_FORMATS] = formats
    url = next((url for name in URLS if (url := as_str(stored.get(name))) is not None), None)
    if url is not None:
        attributes.update(server(url))
    count = _count(texts)
    if count is not None:
        attributes[names.LANGSPAN_EMBEDDINGS_INPUT_COUNT] = count
    return attributes


def embeddings_end(vectors: object) -> Attributes:
    """Return the number of dimensions of the vectors. Their values are not recorded.

    Args:
        vectors: One vector for each text, as lists or arrays of any kind.
    """
    count = _dimensions(vectors)
    return {} if count is None else {names.GEN_AI_EMBEDDINGS_DIMENSION_COUNT: count}


def _dimensions(vectors: object) -> int | None:
    shape = _shape(vectors)
    if shape is not None:
        return (shape[1] or None) if len(shape) == 2 else None  # noqa: PLR2004 - texts and dimensions
    found = as_list(vectors)
    if not found:
        return None
    shape = _shape(found[0])
    if shape is not None:
        return (shape[0] or None) if len(shape) == 1 else None
    if issubclass(type(found[0]), array):
        return array.__len__(found[0]) or None
    first = as_list(found[0])
    return len(first) if first and _is_number(first[0]) else None


def _shape(value: Any) -> tuple[int, ...] | None:
    """Return the shape of a NumPy array or a memory view; arrays of other packages may be elsewhere."""
    if type(value) is memoryview:
        try:
            return value.shape
        except ValueError:  # it was released
            return None
    base = numpy_class("ndarray")
    if base is None or not is_base(base, type(value)):
        return None
    shape: tuple[int, ...] = class_attribute(base, "shape").__get__(value)
    return shape


def _is_number(value: object) -> bool:
    return type(value) is bool or as_number(value) is not None


def _count(texts: Any) -> int | None:
    for base in _COUNTED:
        if issubclass(type(texts), base):
            count: int = base.__len__(texts)
            return count
    shape = None if type(texts) is memoryview else _shape(texts)
    return shape[0] if shape else None


def _stored(embeddings: object) -> Mapping[str, Any]:
    """Return the values that the object and its classes store under known names."""
    found: dict[str, Any] = {}
    for cls in reversed(bases(type(embeddings))):
        own = own_attributes(cls)
        found.update({name: own[name] for name in _NAMES & own.keys()})
    own = fields_of(embeddings)
    found.update({name: own[name] for name in _NAMES & own.keys()})
    return found


def _model(stored: Mapping[str, Any], provider: str | None) -> str | None:
    order = _AZURE_MODELS if provider == _AZURE else _MODELS
    return next((model for name in order if (model := as_model(stored.get(name))) is not None), None)


def _provider(embeddings: object, stored: Mapping[str, Any]) -> str | None:
    for cls in bases(type(embeddings)):
        name, package = class_name(cls).rpartition(".")[2], class_module(cls).partition(".")[0]
        found = class_provider(name) or package_provider(package)
        if found is not None:
            # One class serves both of Google's APIs; a flag selects Vertex AI.
            return _VERTEX if found == _GEMINI and stored.get(_VERTEX_FLAG) is True else found
    return None


def _encoding_formats(stored: Mapping[str, Any]) -> list[str] | None:
    for source in (stored, as_mapping(stored.get(_ARGUMENTS))):
        for name in _FORMATS:
            formats = as_strings(source.get(name))
            if formats is not None:
                return formats
    return None


def _target(event: Started, _call: Call | None, _graph: Graph | None) -> str | None:
    return embeddings_model(event.extra.get("embeddings"))


def _event_provider(event: Started) -> str | None:
    return embeddings_provider(event.extra.get("embeddings"))


def _at_start(_run: RunView, event: Started) -> Attributes:
    return embeddings_start(event.extra.get("embeddings"), event.payload)


def _at_end(_run: RunView, vectors: Any) -> Attributes:
    return embeddings_end(vectors)


def _measure(_run: RunView, attributes: Attributes, seconds: float, _latest: bool) -> list[Measurement]:
    return [measured(metrics.OPERATION_DURATION, seconds, attributes)]


EMBEDDINGS: Final = RunKind(
    name="embeddings",
    operation=names.OperationName.EMBEDDINGS,
    prefix=names.OperationName.EMBEDDINGS,
    span_kind=SpanKind.CLIENT,
    target_attribute=names.GEN_AI_REQUEST_MODEL,
    callback=None,
    target=_target,
    provider=_event_provider,
    at_start=_at_start,
    at_end=_at_end,
    at_failure=None,
    reported_error=None,
    # The conventions define no attribute for embedded texts or vectors.
    content_at_start=no_content,
    content_at_end=no_content,
    content_at_failure=no_content,
    metrics=(metrics.OPERATION_DURATION,),
    measure=_measure,
    counts_as=None,
    is_agent=False,
    is_graph=False,
    sums_at_root=False,
    delegates=True,
    skipped_calls=None,
    has_log_events=False,
)
