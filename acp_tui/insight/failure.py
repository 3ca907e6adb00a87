"""Why the API server refused an object of a revision that failed, read from what Helm wrote into its record."""

from __future__ import annotations

import re

from msgspec import Struct

from acp_tui.insight.answers import conflict_words, is_immutable
from acp_tui.insight.phrases import line
from acp_tui.model.refs import ObjectRef
from acp_tui.model.release import ReleaseRef

_CONFLICT = re.compile(r"object (?:([^/\s]+)/)?(\S+) (\S+), Kind=(\w+): Apply failed with \d+ conflicts?: ")
_INVALID = re.compile(r'\b([A-Z]\w*)(?:\.([a-z0-9.-]+))? "([^"]+)" is invalid: (.+)')
_FIELD = re.compile(r"\b(spec(?:\.\w+(?:\[[^]]*\])?)*)")


class Failure(Struct, frozen=True):
    """The object that stood in the way; `said` names fields and owners, or the field that cannot be changed."""

    object: ObjectRef
    said: str
    conflict: bool = False


def failure_of(description: str, ref: ReleaseRef) -> Failure | None:
    """None for any other failure; Helm 3 and 4 pass on the server's words, in frames of their own."""
    text = " ".join(description.split())
    if found := _CONFLICT.search(text):
        namespace, name, version, kind = found.groups()
        group = version.rpartition("/")[0]
        return Failure(ObjectRef(ref.cluster, group, kind, namespace or "", name), conflict_words(text), conflict=True)
    found = _INVALID.search(text)
    if found is None or not is_immutable(found[4]):
        return None
    kind, group, name, why = found.groups()
    fields = list(dict.fromkeys(_FIELD.findall(why)))
    said = ", ".join(fields[:3]) or line(why)
    return Failure(ObjectRef(ref.cluster, group or "", kind, ref.namespace, name), said)
