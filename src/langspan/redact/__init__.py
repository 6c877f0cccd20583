"""Functions for the setting `redact`: each writes the name of one sort of private text in its place.

They have the setting's form, `(value, where)`, and are combined with `all_of`. Each looks at one text at a
time, in time that grows with its length only, whatever stands in it.
"""

from __future__ import annotations

from langspan.redact._addresses import emails, ips
from langspan.redact._combined import all_of
from langspan.redact._numbers import cards, phones
from langspan.redact._presidio import presidio
from langspan.redact._secrets import secrets

__all__ = ["all_of", "cards", "emails", "ips", "phones", "presidio", "secrets"]
