"""Keeps secrets out of what an engine says before it reaches a screen or the journal."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from acp_tui.insight.mask import MASK, looks_secret

Redactor = Callable[[str], str]
SHORTEST = 4
"""Shorter texts are left alone: hiding every `on` or `80` would hide the message and protect nothing."""

_NAMED = re.compile(
    r"""(?ix) \b ([\w.-]* (?: passw(?:or)?d | passphrase | secret | token | credential s? | api[-_]?key | access[-_]?key
    | private[-_]?key | cookie | dsn ) [\w.-]* ["']? \s* [=:] \s* ) (?: (["']) .*? \2 | [^\s,;"'&}]+ )"""
)
_BEARER = re.compile(r"(?i)\b((?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}")
_USER_INFO = re.compile(r"(?<=://)[^/\s@]+@")


def redactor(secrets: Iterable[str]) -> Redactor:
    """A function that replaces each of these texts, and the user part of every URL, by the mask; longest first."""
    known = sorted({secret for secret in secrets if len(secret) >= SHORTEST}, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, known))) if known else None

    def redact(text: str) -> str:
        plain = pattern.sub(MASK, text) if pattern else text
        return without_login(plain)

    return redact


def without_login(text: str) -> str:
    """`https://user:word@host/…` without `user:word@`."""
    return _USER_INFO.sub("", text)


def hush(line: str) -> str:
    """A line of a log without what its own words call a secret: `password=…`, `token: …`, `Bearer …`.

    What a program prints may hold secrets of which no release knows; this finds those that are called so.
    """
    return _BEARER.sub(rf"\1{MASK}", _NAMED.sub(rf"\1{MASK}", line))


def secrets_in_values(values: Any) -> Iterable[str]:
    """Every text under a key of Helm values that says it is secret."""
    if isinstance(values, Mapping):
        for key, item in values.items():
            yield from _texts(item) if looks_secret(str(key)) else secrets_in_values(item)
    elif isinstance(values, list | tuple):
        for item in values:
            named = isinstance(item, Mapping) and looks_secret(str(item.get("name", "")))
            yield from _texts(item.get("value")) if named else secrets_in_values(item)


def secrets_in_objects(objects: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """The values of every Secret, as they stand and as they are read after base64."""
    for body in objects:
        if body.get("kind") != "Secret":
            continue
        yield from _texts(body.get("stringData"))
        for text in _texts(body.get("data")):
            yield text
            try:
                yield base64.b64decode(text, validate=True).decode("utf-8")
            except (binascii.Error, ValueError):
                continue


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
        if "\n" in value.strip():
            yield from value.splitlines()
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
