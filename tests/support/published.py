"""The conventions as OpenTelemetry publishes them for Python, where the installed release has ours."""

from __future__ import annotations

import importlib
from types import ModuleType

import pytest


def incubating(part: str) -> ModuleType:
    """A module of published constants, like `attributes.gen_ai_attributes`; skips before v1.41."""
    schemas = pytest.importorskip("opentelemetry.semconv.schemas").Schemas
    if not hasattr(schemas, "V1_41_0"):
        pytest.skip(
            "needs an opentelemetry-semantic-conventions release with core v1.41: install a newer one"
        )
    return importlib.import_module(f"opentelemetry.semconv._incubating.{part}")
