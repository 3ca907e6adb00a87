"""Label and field selectors, parsed from their query form and from objects."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from acp_tui.sim.answers import bad_request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acp_tui.sim.kinds import Obj
    from acp_tui.sim.store import Stored

_SET = re.compile(r"^\s*(\S+)\s+(in|notin)\s*\(([^)]*)\)\s*$")
_NAME = re.compile(r"^[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?$")


@dataclass(frozen=True, slots=True)
class Requirement:
    key: str
    operator: str  # in, notin, exists, absent, gt, lt
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        if self.operator == "in":
            return value is not None and value in self.values
        if self.operator == "notin":
            return value is None or value not in self.values
        if self.operator == "exists":
            return value is not None
        if self.operator == "absent":
            return value is None
        bound = next(iter(self.values))
        if value is None or not value.lstrip("-").isdigit():
            return False
        return int(value) > int(bound) if self.operator == "gt" else int(value) < int(bound)


@dataclass(frozen=True, slots=True)
class Selector:
    """A conjunction over labels and one over indexed fields; the empty one takes everything."""

    labels: tuple[Requirement, ...] = ()
    fields: tuple[Requirement, ...] = ()

    def matches(self, stored: Stored) -> bool:
        if self.labels and not all(r.matches(stored.labels) for r in self.labels):
            return False
        if not self.fields:
            return True
        known = {**stored.fields, "metadata.name": stored.name, "metadata.namespace": stored.namespace}
        return all(r.matches(known) for r in self.fields)


def parse(label_selector: str, field_selector: str) -> Selector:
    """Read the two query parameters; a malformed one is a 400 as the server words it."""
    return Selector(labels=_labels(label_selector), fields=_fields(field_selector))


def of_object(selector: Obj | None) -> tuple[Requirement, ...] | None:
    """Read a LabelSelector object; None (selects nothing) where there is none."""
    if selector is None:
        return None
    wanted = [Requirement(k, "in", frozenset({v})) for k, v in (selector.get("matchLabels") or {}).items()]
    words = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "absent"}
    for expression in selector.get("matchExpressions") or []:
        values = frozenset(expression.get("values") or [])
        wanted.append(Requirement(expression["key"], words[expression["operator"]], values))
    return tuple(wanted)


def matches_labels(wanted: tuple[Requirement, ...], labels: Mapping[str, str]) -> bool:
    return all(r.matches(labels) for r in wanted)


def _split(text: str) -> list[str]:
    """Split on commas that are not inside a value set."""
    parts: list[str] = []
    depth, start = 0, 0
    for i, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    parts.append(text[start:])
    return [part for part in parts if part.strip()]


def _labels(text: str) -> tuple[Requirement, ...]:
    return tuple(_label(part) for part in _split(text))


def _label(part: str) -> Requirement:
    found = _SET.match(part)
    if found:
        values = frozenset(v.strip() for v in found[3].split(","))
        return Requirement(_named(found[1], part), found[2], values)
    for sign, operator in (("!=", "notin"), ("==", "in"), ("=", "in"), (">", "gt"), ("<", "lt")):
        if sign in part:
            key, _, value = part.partition(sign)
            return Requirement(_named(key.strip(), part), operator, frozenset({value.strip()}))
    bare = part.strip()
    if bare.startswith("!"):
        return Requirement(_named(bare[1:].strip(), part), "absent")
    return Requirement(_named(bare, part), "exists")


def _named(key: str, part: str) -> str:
    if not _NAME.match(key):
        raise bad_request(f"unable to parse requirement: found '{part}', expected: a label key")
    return key


def _fields(text: str) -> tuple[Requirement, ...]:
    found: list[Requirement] = []
    for part in _split(text):
        for sign, operator in (("!=", "notin"), ("==", "in"), ("=", "in")):
            if sign in part:
                key, _, value = part.partition(sign)
                found.append(Requirement(key.strip(), operator, frozenset({value.strip()})))
                break
        else:
            raise bad_request(f"invalid field selector: {part!r}")
    return tuple(found)
