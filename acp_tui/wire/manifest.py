"""Manifest text to objects and back: YAML as Helm reads and writes it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from acp_tui.model.errors import ChartError, UsageError

MAX_NODES = 500_000
"""More values than this, aliases written out, is not a manifest but an attack on whoever walks it."""

_TIMESTAMP = "tag:yaml.org,2002:timestamp"


def objects(text: str, *, origin: str) -> tuple[dict[str, Any], ...]:
    """The objects of a multi-document manifest, `kind: List` flattened as Helm's resource builder does.

    `origin` names the manifest in errors. Empty documents are skipped; anything else that is no object with
    `apiVersion`, `kind` and `metadata.name` (or `generateName`) raises ChartError.
    """
    found: list[dict[str, Any]] = []
    for document in _documents(text, origin):
        _collect(document, found, origin)
    return tuple(found)


def values(text: str, *, origin: str) -> dict[str, Any]:
    """Helm values: one YAML mapping, or nothing at all; ChartError for everything else."""
    documents = [document for document in _documents(text, origin) if document is not None]
    if not documents:
        return {}
    if len(documents) > 1 or not isinstance(documents[0], dict):
        raise ChartError(f"{origin} is not one YAML mapping", advice="Values are written as key: value lines.")
    return documents[0]


def merge_values_texts(texts: Sequence[tuple[str, str]]) -> str:
    """Values files merged as Helm merges several -f, later ones winning, as one YAML text; (name, text) each.

    A null is kept, because Helm takes it as the wish to drop a default of the chart. UsageError names file and line.
    """
    merged: dict[str, Any] = {}
    for name, text in texts:
        try:
            merged = _overlaid(merged, values(text, origin=name))
        except ChartError as error:
            raise UsageError(error.title, tried=error.tried, advice=error.advice) from error
    return dump(merged) if merged else ""


def merge_values(defaults: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """What templates see: the chart's defaults with the user's values over them; a null removes a default.

    Source: CoalesceValues in helm pkg/chartutil. Neither argument is changed.
    """
    return _without_nulls(_overlaid(defaults, given))


def dump(value: object) -> str:
    """Block-style YAML, keys in the order of metadata people expect (apiVersion, kind, metadata, then the alphabet)."""
    import yaml

    return str(
        yaml.dump(_ordered(value), Dumper=_dumper(), sort_keys=False, default_flow_style=False, allow_unicode=True)
    )


def _overlaid(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = _overlaid(under, value) if isinstance(value, dict) and isinstance(under, dict) else value
    return merged


def _without_nulls(value: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _without_nulls(item) if isinstance(item, dict) else item for key, item in value.items() if item is not None
    }


def _documents(text: str, origin: str) -> list[Any]:
    import yaml

    try:
        documents = list(yaml.load_all(text, Loader=_loader()))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ChartError(
            f"{origin} is not YAML: {error.problem or error.context or 'it cannot be read'}{where}",
            advice="Correct the line, or the template that writes it.",
        ) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ChartError(f"{origin} is not YAML: it cannot be read", tried=type(error).__name__) from error
    if sum(_weight(document, origin) for document in documents) > MAX_NODES:
        raise ChartError(f"{origin} holds more than {MAX_NODES} values once its aliases are written out")
    return documents


def _weight(document: Any, origin: str) -> int:
    """Number of values with every alias expanded, counted without expanding; a cycle is refused."""
    known: dict[int, int] = {}
    open_: set[int] = set()

    def weigh(value: Any) -> int:
        if not isinstance(value, dict | list):
            return 1
        mark = id(value)
        if mark in open_:
            raise ChartError(f"{origin} contains itself through an alias")
        if mark not in known:
            open_.add(mark)
            known[mark] = 1 + sum(map(weigh, value.values() if isinstance(value, dict) else value))
            open_.discard(mark)
        return known[mark]

    try:
        return weigh(document)
    except RecursionError as error:
        raise ChartError(f"{origin} is nested too deeply") from error


def _collect(document: Any, found: list[dict[str, Any]], origin: str) -> None:
    if document is None:
        return
    if not isinstance(document, dict):
        raise ChartError(f"{origin} holds a document that is no Kubernetes object ({type(document).__name__})")
    kind = document.get("kind")
    if isinstance(kind, str) and kind.endswith("List") and isinstance(document.get("items"), list):
        for item in document["items"]:
            _collect(item, found, origin)
        return
    metadata = document.get("metadata")
    named = isinstance(metadata, dict) and (metadata.get("name") or metadata.get("generateName"))
    if not (isinstance(kind, str) and kind and isinstance(document.get("apiVersion"), str) and named):
        shown = kind if isinstance(kind, str) else "document"
        raise ChartError(f"{origin} holds a {shown} without apiVersion, kind or metadata.name")
    found.append(document)


def _ordered(value: object) -> object:
    if isinstance(value, dict):
        first = [key for key in ("apiVersion", "kind", "metadata") if key in value]
        rest = sorted((key for key in value if key not in first), key=str)
        return {key: _ordered(value[key]) for key in (*first, *rest)}
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    return value


@cache
def _loader() -> Any:
    """The safe loader as Kubernetes reads YAML: what looks like a date stays a string, every key becomes one."""
    import yaml

    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    def mapping(loader: Any, node: Any, deep: bool = False) -> dict[str, Any]:
        made: dict[Any, Any] = base.construct_mapping(loader, node, deep=deep)
        if all(isinstance(key, str) for key in made):
            return made
        return {key if isinstance(key, str) else json.dumps(key, default=str): value for key, value in made.items()}

    resolvers = {
        first: [(tag, pattern) for tag, pattern in pairs if tag != _TIMESTAMP]
        for first, pairs in base.yaml_implicit_resolvers.items()
    }
    return type("ManifestLoader", (base,), {"yaml_implicit_resolvers": resolvers, "construct_mapping": mapping})


@cache
def _dumper() -> Any:
    """The safe dumper with multi-line strings as blocks and without anchors, because both are read by people."""
    import yaml

    base = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

    def text(dumper: Any, value: str) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    dumper = type("ManifestDumper", (base,), {"ignore_aliases": lambda _self, _data: True})
    dumper.add_representer(str, text)  # type: ignore[attr-defined]
    return dumper
