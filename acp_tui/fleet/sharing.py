"""Lets equal parts of many objects be one object in memory: pods of a workload differ in little."""

from __future__ import annotations

from typing import Any

from msgspec.structs import force_setattr

from acp_tui.model.objects import Pod

FORGET_AFTER = 50_000
"""Distinct parts kept; what comes and goes for days must not add up."""


class Sharing:
    """The first of each equal part; projections are frozen, so that nobody can tell the difference."""

    def __init__(self) -> None:
        self._known: dict[Any, Any] = {}

    def pod(self, pod: Pod) -> None:
        """Takes the pod's labels, annotations, owners, containers and words from those that are known."""
        if len(self._known) > FORGET_AFTER:
            self._known.clear()
        keep, meta = self._known.setdefault, pod.metadata
        for field, texts in (("labels", meta.labels), ("annotations", meta.annotations)):
            if texts:
                force_setattr(meta, field, keep(tuple(texts.items()), texts))
        force_setattr(meta, "namespace", keep(meta.namespace, meta.namespace))
        if meta.owner_references:
            force_setattr(meta, "owner_references", keep(meta.owner_references, meta.owner_references))
        if pod.spec is not None:
            force_setattr(pod, "spec", keep(pod.spec, pod.spec))
        if pod.status is not None and pod.status.conditions:
            conditions = tuple([keep(each, each) for each in pod.status.conditions])
            force_setattr(pod.status, "conditions", keep(conditions, conditions))
