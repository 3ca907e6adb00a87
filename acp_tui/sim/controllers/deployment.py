"""Deployment: rolls from one ReplicaSet to the next within maxSurge and maxUnavailable, and says how far."""

from __future__ import annotations

import json
import math
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from acp_tui.sim.controllers.context import DEPLOYMENTS, PODS, REPLICASETS, condition, owner_reference
from acp_tui.sim.store import now_text

if TYPE_CHECKING:
    from acp_tui.sim.controllers.context import Context
    from acp_tui.sim.kinds import Obj

REVISION = "deployment.kubernetes.io/revision"
_HASH = "pod-template-hash"
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_SOURCE = "deployment-controller"


def template_hash(template: Obj, salt: int = 0) -> str:
    """A short stable name for a pod template, in the alphabet of generated names."""
    number = zlib.crc32(json.dumps([template, salt], sort_keys=True).encode())
    text = ""
    for _ in range(9):
        number, digit = divmod(number * 31 + 7, len(_ALPHABET))
        text += _ALPHABET[digit]
        number &= 0xFFFFFFFF
    return text


def without_hash(template: Obj) -> Obj:
    meta = dict(template.get("metadata") or {})
    meta["labels"] = {k: v for k, v in (meta.get("labels") or {}).items() if k != _HASH}
    return {"metadata": {k: v for k, v in meta.items() if v}, "spec": template.get("spec")}


def share(value: Any, total: int, *, up: bool) -> int:
    """A count or a percentage of the replicas."""
    if isinstance(value, str) and value.endswith("%"):
        exact = int(value[:-1]) * total / 100
        return math.ceil(exact) if up else math.floor(exact)
    return int(value)


def _count(rs: Obj, key: str) -> int:
    return int((rs.get("status") or {}).get(key) or 0)


def _wanted(rs: Obj) -> int:
    return int(rs["spec"].get("replicas", 1))


class Deployments:
    def __init__(self, context: Context) -> None:
        self._context = context

    def reconcile(self, namespace: str, name: str) -> None:
        dep = self._context.get(DEPLOYMENTS, namespace, name)
        if dep is None or dep["metadata"].get("deletionTimestamp"):
            return
        sets = [s.obj() for s in self._context.owners.of(dep["metadata"]["uid"], REPLICASETS)]
        sets = [rs for rs in sets if not rs["metadata"].get("deletionTimestamp")]
        wanted = without_hash(dep["spec"]["template"])
        new = next((rs for rs in sets if without_hash(rs["spec"]["template"]) == wanted), None)
        old = [rs for rs in sets if new is None or rs["metadata"]["uid"] != new["metadata"]["uid"]]
        if not dep["spec"].get("paused"):
            new = self._adopt(dep, new, old)
            if (dep["spec"].get("strategy") or {}).get("type") == "Recreate":
                self._recreate(dep, new, old)
            else:
                self._roll(dep, new, old)
            self._forget(dep, old)
        elif new is not None:
            self._scale(dep, new, dep["spec"].get("replicas", 1))
        self._report(dep)

    # -- the new ReplicaSet ----------------------------------------------------------------------

    def _adopt(self, dep: Obj, new: Obj | None, old: list[Obj]) -> Obj:
        """Make the ReplicaSet of the present template, or bring an old one back, under the next revision."""
        revisions = [_revision(rs) for rs in old]
        revision = str(max(revisions, default=0) + 1)
        if new is None:
            new = self._make(dep, revision)
        elif _revision(new) <= max(revisions, default=0):
            self._annotate(REPLICASETS, new, revision)
            new = self._context.get(REPLICASETS, new["metadata"]["namespace"], new["metadata"]["name"]) or new
        current = (new["metadata"].get("annotations") or {}).get(REVISION, revision)
        if (dep["metadata"].get("annotations") or {}).get(REVISION) != current:
            self._annotate(DEPLOYMENTS, dep, current)
        return new

    def _make(self, dep: Obj, revision: str) -> Obj:
        template = dep["spec"]["template"]
        mark = template_hash(template)
        labels = {**((template.get("metadata") or {}).get("labels") or {}), _HASH: mark}
        meta = dep["metadata"]
        selector = dep["spec"]["selector"]
        notes = {k: v for k, v in (meta.get("annotations") or {}).items() if not k.startswith("kubectl.")}
        rs: Obj = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{meta['name']}-{mark}",
                "namespace": meta["namespace"],
                "labels": labels,
                "annotations": {**notes, REVISION: revision},
                "ownerReferences": [owner_reference(dep)],
            },
            "spec": {
                "replicas": 0,
                "selector": {**selector, "matchLabels": {**(selector.get("matchLabels") or {}), _HASH: mark}},
                "template": {**template, "metadata": {**(template.get("metadata") or {}), "labels": labels}},
            },
        }
        return self._context.create(REPLICASETS, rs, meta["namespace"])

    def _annotate(self, kind: tuple[str, str], obj: Obj, revision: str) -> None:
        def put(stored: Obj) -> None:
            stored["metadata"].setdefault("annotations", {})[REVISION] = revision

        self._context.edit(kind, obj, put)

    # -- rolling ---------------------------------------------------------------------------------

    def _scale(self, dep: Obj, rs: Obj, replicas: int) -> None:
        before = _wanted(rs)
        if before == replicas:
            return

        def put(stored: Obj) -> None:
            stored["spec"]["replicas"] = replicas

        self._context.edit(REPLICASETS, rs, put)
        rs["spec"]["replicas"] = replicas
        word = "up" if replicas > before else "down"
        message = f"Scaled {word} replica set {rs['metadata']['name']} from {before} to {replicas}"
        self._context.event(dep, "ScalingReplicaSet", message, source=_SOURCE)

    def _recreate(self, dep: Obj, new: Obj, old: list[Obj]) -> None:
        for rs in old:
            self._scale(dep, rs, 0)
        if all(not self._context.owners.of(rs["metadata"]["uid"], PODS) for rs in old):
            self._scale(dep, new, dep["spec"].get("replicas", 1))
        else:
            self._context.queue(DEPLOYMENTS, dep["metadata"]["namespace"], dep["metadata"]["name"], delay=0.3)

    def _roll(self, dep: Obj, new: Obj, old: list[Obj]) -> None:
        """One step of Kubernetes' own rolling arithmetic."""
        wanted = dep["spec"].get("replicas", 1)
        surge, unavailable = self._bounds(dep)
        total = _wanted(new) + sum(_wanted(rs) for rs in old)
        if _wanted(new) > wanted:
            self._scale(dep, new, wanted)
        elif _wanted(new) < wanted and total < wanted + surge:
            self._scale(dep, new, min(wanted, _wanted(new) + wanted + surge - total))
        total = _wanted(new) + sum(_wanted(rs) for rs in old)
        minimum = wanted - unavailable
        spare = total - minimum - (_wanted(new) - min(_wanted(new), _count(new, "availableReplicas")))
        if spare <= 0:
            return
        # First those of the old pods that serve nobody anyway, then as many as the minimum allows.
        for rs in old:
            idle = _wanted(rs) - _count(rs, "availableReplicas")
            step = min(spare, max(0, idle))
            if step:
                self._scale(dep, rs, _wanted(rs) - step)
                spare -= step
        available = sum(_count(rs, "availableReplicas") for rs in [new, *old])
        room = available - minimum
        for rs in old:
            step = min(room, _wanted(rs))
            if step > 0:
                self._scale(dep, rs, _wanted(rs) - step)
                room -= step

    @staticmethod
    def _bounds(dep: Obj) -> tuple[int, int]:
        wanted = dep["spec"].get("replicas", 1)
        rolling = (dep["spec"].get("strategy") or {}).get("rollingUpdate") or {}
        surge = share(rolling.get("maxSurge", "25%"), wanted, up=True)
        unavailable = share(rolling.get("maxUnavailable", "25%"), wanted, up=False)
        return surge, unavailable if surge or unavailable else 1

    def _forget(self, dep: Obj, old: list[Obj]) -> None:
        limit = dep["spec"].get("revisionHistoryLimit", 10)
        idle = sorted((rs for rs in old if _wanted(rs) == 0 and _count(rs, "replicas") == 0), key=_revision)
        for rs in idle[: max(0, len(idle) - limit)]:
            meta = rs["metadata"]
            stored = self._context.store.get(REPLICASETS, meta["namespace"], meta["name"])
            if stored is not None:
                self._context.delete(REPLICASETS, stored)

    # -- status ----------------------------------------------------------------------------------

    def _report(self, dep: Obj) -> None:
        meta = dep["metadata"]
        live = self._context.get(DEPLOYMENTS, meta["namespace"], meta["name"])
        if live is None:
            return
        sets = [s.obj() for s in self._context.owners.of(meta["uid"], REPLICASETS)]
        template = without_hash(live["spec"]["template"])
        new = next((rs for rs in sets if without_hash(rs["spec"]["template"]) == template), None)
        wanted = live["spec"].get("replicas", 1)
        total = sum(_count(rs, "replicas") for rs in sets)
        available = sum(_count(rs, "availableReplicas") for rs in sets)
        updated = _count(new, "replicas") if new else 0
        old = live.get("status") or {}
        status: Obj = {
            "observedGeneration": live["metadata"].get("generation", 1),
            "replicas": total,
            "updatedReplicas": updated,
            "readyReplicas": sum(_count(rs, "readyReplicas") for rs in sets),
            "availableReplicas": available,
            "unavailableReplicas": max(0, max(total, wanted) - available),
        }
        status = {k: v for k, v in status.items() if v or k == "observedGeneration"}
        complete = updated == wanted == total and available >= wanted
        status["conditions"] = self._conditions(live, sets, new, status, old, complete=complete)
        self._context.set_status(DEPLOYMENTS, live, status)

    def _conditions(
        self, dep: Obj, sets: list[Obj], new: Obj | None, status: Obj, old: Obj, *, complete: bool
    ) -> list[Obj]:
        before: list[Obj] = old.get("conditions") or []
        wanted = dep["spec"].get("replicas", 1)
        _, unavailable = self._bounds(dep)
        enough = status.get("availableReplicas", 0) >= wanted - unavailable
        word = "has" if enough else "does not have"
        reason = "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable"
        found = [
            _timed(
                condition(
                    "Available",
                    met=enough,
                    reason=reason,
                    message=f"Deployment {word} minimum availability.",
                    previous=before,
                ),
                before,
            )
        ]
        for rs in sets:
            for failed in (rs.get("status") or {}).get("conditions") or []:
                if failed["type"] == "ReplicaFailure":
                    found.append(_timed(dict(failed), before))
        if not dep["spec"].get("paused"):
            found.append(self._progress(dep, new, status, old, complete=complete))
        else:
            paused = condition(
                "Progressing", met=False, reason="DeploymentPaused", message="Deployment is paused", previous=before
            )
            paused["status"] = "Unknown"
            found.append(_timed(paused, before))
        return found

    def _progress(self, dep: Obj, new: Obj | None, status: Obj, old: Obj, *, complete: bool) -> Obj:
        """The Progressing condition; without progress for the deadline it turns False."""
        before: list[Obj] = old.get("conditions") or []
        last = next((c for c in before if c["type"] == "Progressing"), None)
        shown = new["metadata"]["name"] if new else dep["metadata"]["name"]
        if complete:
            message = f'ReplicaSet "{shown}" has successfully progressed.'
            done = condition("Progressing", met=True, reason="NewReplicaSetAvailable", message=message, previous=before)
            return _timed(done, before)
        moved = last is None or any(
            status.get(key, 0) > old.get(key, 0) for key in ("updatedReplicas", "readyReplicas", "availableReplicas")
        )
        moved = moved or status.get("replicas", 0) - status.get("updatedReplicas", 0) < old.get(
            "replicas", 0
        ) - old.get("updatedReplicas", 0)
        moved = moved or (
            last is not None
            and last["reason"] == "NewReplicaSetAvailable"
            and old.get("observedGeneration") != status["observedGeneration"]
        )
        if moved or (last is not None and old.get("observedGeneration") != status["observedGeneration"]):
            message = f'ReplicaSet "{shown}" is progressing.'
            found = condition("Progressing", met=True, reason="ReplicaSetUpdated", message=message, previous=before)
            found["lastUpdateTime"] = now_text()
            self._look_again(dep, dep["spec"].get("progressDeadlineSeconds", 600))
            return found
        assert last is not None  # noqa: S101 -- `moved` is true where there is none
        if last["reason"] in ("ProgressDeadlineExceeded", "NewReplicaSetAvailable"):
            return last
        deadline = dep["spec"].get("progressDeadlineSeconds", 600) * self._context.pace
        since = datetime.fromisoformat(last.get("lastUpdateTime") or now_text())
        waited = (datetime.now(UTC) - since).total_seconds()
        if waited < deadline:
            self._look_again(dep, (deadline - waited) / self._context.pace + 0.2)
            return last
        message = f'ReplicaSet "{shown}" has timed out progressing.'
        return _timed(
            condition("Progressing", met=False, reason="ProgressDeadlineExceeded", message=message, previous=before),
            before,
        )

    def _look_again(self, dep: Obj, delay: float) -> None:
        self._context.queue(DEPLOYMENTS, dep["metadata"]["namespace"], dep["metadata"]["name"], delay=delay)


def _revision(rs: Obj) -> int:
    return int((rs["metadata"].get("annotations") or {}).get(REVISION, 0))


def _timed(found: Obj, before: list[Obj]) -> Obj:
    """Keep lastUpdateTime as long as the condition says the same."""
    old = next((c for c in before if c["type"] == found["type"]), None)
    same = old is not None and (old["status"], old["reason"], old.get("message")) == (
        found["status"],
        found["reason"],
        found.get("message"),
    )
    found["lastUpdateTime"] = old.get("lastUpdateTime") if same and old else now_text()
    return found
