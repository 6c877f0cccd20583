"""Collections of metrics by their data points: how many there are, and some of them as a collection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain, repeat
from typing import Any


def count_points(data: Any) -> int:
    """Return the number of data points in the SDK's `MetricsData`."""
    return sum(
        len(metric.data.data_points)
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    )


def halves(data: Any) -> tuple[Any, Any]:
    """Return a collection of two or more data points as two, each with its resources, scopes and metrics."""
    middle = count_points(data) // 2
    first = _Cut(chain(repeat(True, middle), repeat(False)))
    second = _Cut(chain(repeat(False, middle), repeat(True)))
    return first.data(data), second.data(data)


class _Cut:
    """Takes those data points for which the next word is true."""

    def __init__(self, words: Iterator[bool]) -> None:
        self._words = words

    def data(self, data: Any) -> Any:
        return replace(data, resource_metrics=_cut(data.resource_metrics, self._resource))

    def _resource(self, resource: Any) -> Any:
        scopes = _cut(resource.scope_metrics, self._scope)
        return replace(resource, scope_metrics=scopes) if scopes else None

    def _scope(self, scope: Any) -> Any:
        metrics = _cut(scope.metrics, self._metric)
        return replace(scope, metrics=metrics) if metrics else None

    def _metric(self, metric: Any) -> Any:
        points = [point for point in metric.data.data_points if next(self._words)]
        return replace(metric, data=replace(metric.data, data_points=points)) if points else None


def _cut(parts: Iterable[Any], cut: Callable[[Any], Any]) -> list[Any]:
    return [part for part in map(cut, parts) if part is not None]
