"""Runs a subject and says which canary was seen where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from langspan.conventions.names import EventName
from privacy.subjects import CONFIG, METADATA, PERHAPS, Fields, Subject
from support import ways
from support.canary import sighted
from support.otlp_data import Span
from support.telemetry import Telemetry

Sightings = dict[str, set[str]]


def observe(subject: Subject, way: str, **settings: Any) -> Telemetry:
    """Run a subject with its telemetry recorded."""
    telemetry = Telemetry()
    with telemetry.instrumented(**settings):
        try:
            ways.run(way, subject.ways[way], subject.build(), subject.value, CONFIG)
        except Exception:
            if not subject.error:
                raise
    return telemetry


def sightings(telemetry: Telemetry) -> Sightings:
    """Every field that was seen, by the place where it was: a signal's attribute, status, name."""
    found: Sightings = defaultdict(set)
    for place, value in _places(telemetry):
        found[place] |= sighted(repr(value).encode())
    found = {place: fields for place, fields in found.items() if fields}
    # What no receiver reads may still be in the bytes: exemplars, scopes, resources.
    hidden = set().union(*(sighted(request.SerializeToString()) for request in telemetry.requests()))
    hidden -= set().union(*found.values(), set())
    if hidden:
        found["elsewhere in the bytes"] = hidden
    return found


def expected(subject: Subject, *, span: bool, event: bool) -> Sightings:
    """Where a subject's canaries must be seen when content is recorded."""
    found: Sightings = defaultdict(set)
    if span:
        for fields in (subject.model, subject.rest, _metadata(subject)):
            for attribute, names in fields.items():
                found[f"span: {attribute}"] |= names
        for note, names in subject.notes.items():
            found[f"span event {note}"] |= names
        if subject.error:
            found["span status"] = found["span event exception: exception.message"] = set(subject.error)
    if event:
        for fields in (subject.model, _metadata(subject) if subject.model else {}):
            for attribute, names in fields.items():
                found[f"log {EventName.OPERATION_DETAILS}: {attribute}"] |= names
        if subject.model_fails:
            found[f"log {EventName.EXCEPTION}: exception.message"] = set(subject.error)
    return dict(found)


def allowed(subject: Subject, *, span: bool, event: bool) -> set[tuple[str, str]]:
    """What may be seen besides, as place and field."""
    owners = [*["span"] * span, *[f"log {EventName.OPERATION_DETAILS}"] * event]
    return {
        (f"{owner}: {attribute}", name)
        for fields in (subject.perhaps, PERHAPS)
        for attribute, names in fields.items()
        for name in names
        for owner in owners
    }


def _metadata(subject: Subject) -> Fields:
    return METADATA if subject.takes_config and (subject.model or subject.rest) else {}


def pairs(found: Sightings) -> set[tuple[str, str]]:
    return {(place, name) for place, names in found.items() for name in names}


def _places(telemetry: Telemetry) -> Iterator[tuple[str, Any]]:
    for item in telemetry.items():
        if isinstance(item, Span):
            yield "span name", item.name
            yield "span status", item.status_message
            yield from _attributes("span", item.attributes)
            for event in item.events:
                yield "span event name", event.name
                yield from _attributes(f"span event {event.name}", event.attributes)
            for link in item.links:
                yield from _attributes("link", link.attributes)
        elif hasattr(item, "points"):
            for point in item.points:
                yield from _attributes(f"metric {item.name}", point.attributes)
        else:
            yield "log body", item.body
            yield from _attributes(f"log {item.event_name}", item.attributes)
        yield "resource", item.resource


def _attributes(owner: str, attributes: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in attributes.items():
        yield f"{owner} key", key
        yield f"{owner}: {key}", value
