"""Makes pods small: what pods of one owner have alike is one object in memory."""

from __future__ import annotations

from msgspec.structs import force_setattr

from acp_tui.model.objects import Meta, Pod

FORGET_AFTER = 20_000
"""Owners and nodes kept in mind; what comes and goes for days must not add up."""


class Sharing:
    """Projections are frozen, so that nobody can tell whether two pods hold the same part or equal ones."""

    def __init__(self) -> None:
        self._first: dict[str, Pod] = {}
        self._words: dict[str, str] = {}

    def pod(self, pod: Pod) -> None:
        """Takes from the first pod of the same owner what equals it.

        Its status is its own: to look for what goes without saying in it takes as long as all the rest.
        """
        meta, spec = pod.metadata, pod.spec
        if spec is not None and spec.node_name:
            force_setattr(spec, "node_name", self._words.setdefault(spec.node_name, spec.node_name))
        owner = meta.owner_references[0].uid if meta.owner_references else None
        if not owner:
            return
        first = self._first.get(owner)
        if first is None:
            self._remember(owner, pod)
            return
        _share(meta, first.metadata)
        if spec is not None and first.spec is not None:
            if spec.containers == first.spec.containers:
                force_setattr(spec, "containers", first.spec.containers)
            if spec.init_containers == first.spec.init_containers:
                force_setattr(spec, "init_containers", first.spec.init_containers)

    def _remember(self, owner: str, pod: Pod) -> None:
        if len(self._first) + len(self._words) > FORGET_AFTER:
            self._first.clear()
            self._words.clear()
        self._first[owner] = pod


def _share(meta: Meta, first: Meta) -> None:
    if meta.namespace == first.namespace:
        force_setattr(meta, "namespace", first.namespace)
    if meta.labels == first.labels:
        force_setattr(meta, "labels", first.labels)
    if meta.annotations == first.annotations:
        force_setattr(meta, "annotations", first.annotations)
    if meta.owner_references == first.owner_references:
        force_setattr(meta, "owner_references", first.owner_references)
