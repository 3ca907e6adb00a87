"""Makes pods small: what pods of one owner have alike is one object in memory."""

from __future__ import annotations

from msgspec.structs import force_setattr

from acp_tui.model.objects import Pod

FORGET_AFTER = 20_000
"""Owners kept in mind; what comes and goes for days must not add up."""


class Sharing:
    """Projections are frozen, so that nobody can tell whether two pods hold the same part or equal ones."""

    def __init__(self) -> None:
        self._first: dict[str, Pod] = {}

    def pod(self, pod: Pod) -> None:
        """Takes the large parts from the first pod of the same owner where they are equal.

        Fifty thousand come at once, so that small parts, which save less than looking for them takes, stay its own.
        """
        meta, spec = pod.metadata, pod.spec
        owners = meta.owner_references
        owner = owners[0].uid if owners else None
        if not owner:
            return
        first = self._first.get(owner)
        if first is None:
            self._remember(owner, pod)
            return
        known = first.metadata
        if owners == known.owner_references:
            force_setattr(meta, "owner_references", known.owner_references)
        if meta.labels == known.labels:
            force_setattr(meta, "labels", known.labels)
        if meta.annotations == known.annotations:
            force_setattr(meta, "annotations", known.annotations)
        if spec is not None and first.spec is not None and spec.containers == first.spec.containers:
            force_setattr(spec, "containers", first.spec.containers)

    def _remember(self, owner: str, pod: Pod) -> None:
        if len(self._first) > FORGET_AFTER:
            self._first.clear()
        self._first[owner] = pod
