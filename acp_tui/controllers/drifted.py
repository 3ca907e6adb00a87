"""Whether the live objects of a release are as its newest record has them; asked for when somebody wants to know."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from acp_tui.controllers.effects import release_parts
from acp_tui.controllers.gate import GatedClusters
from acp_tui.controllers.observe import ObjectState, observe
from acp_tui.insight.diff import drift
from acp_tui.model.errors import RecordError
from acp_tui.model.refs import Clock
from acp_tui.model.release import ReleaseRef
from acp_tui.model.rollout import Drifted, ObjectDrift

if TYPE_CHECKING:
    from acp_tui.controllers.seams import Clusters
    from acp_tui.insight.manifest import Part

MOST_FIELDS = 20
"""Fields told of one object."""


async def find_drift(clusters: Clusters, ref: ReleaseRef, *, clock: Clock = time.time) -> Drifted:
    """One request an object, or one a kind where there are many, never more than eight at once.

    Raises ClusterError where the cluster or the record cannot be read, RecordError where it does not decode.
    """
    from acp_tui.clients.helm.records import Records
    from acp_tui.clients.kube.discovery import discover

    cluster = GatedClusters(clusters).session(ref.cluster)
    kinds = cluster.kinds or await discover(cluster.transport)
    records = Records(cluster.transport)
    history = await records.history(ref)
    if not history:
        raise RecordError(f"{ref.name} has no record in {ref.cluster}", advice="it was uninstalled meanwhile")
    newest = history[0]
    body = await records.body(ref, newest.revision)
    parts = release_parts(body.manifest, ref, origin=f"the stored manifest of revision {newest.revision}", kinds=kinds)
    live = await observe(cluster, [part.ref for part in parts], kinds=kinds, now=clock())
    found = [_compared(part, live[part.ref.key]) for part in parts]
    return Drifted(
        release=ref,
        revision=newest.revision,
        at=clock(),
        objects=len(parts),
        drifted=tuple(each for each in found if isinstance(each, ObjectDrift)),
        unread=tuple(each for each in found if isinstance(each, str)),
    )


def _compared(part: Part, state: ObjectState) -> ObjectDrift | str | None:
    """What differs, why it could not be read, or nothing."""
    if state.problem:
        return f"{part.ref.kind} {part.ref.name}: {state.problem}"
    body: dict[str, Any] | None = state.body
    if body is None:
        return ObjectDrift(part.ref.kind, part.ref.name, missing=True)
    fields = tuple(change.where for change in drift(part.body, body)[:MOST_FIELDS])
    return ObjectDrift(part.ref.kind, part.ref.name, fields) if fields else None
