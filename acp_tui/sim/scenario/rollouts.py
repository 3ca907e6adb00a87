"""New revisions while one watches: a team upgrades, now and then it fails, and is rolled back."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from acp_tui.sim.scenario.history import Past, stored_of
from acp_tui.wire import helm

if TYPE_CHECKING:
    from acp_tui.sim.cluster import SimCluster
    from acp_tui.sim.kinds import Obj
    from acp_tui.sim.scenario.catalog import Deployed

SECRETS = ("", "secrets")
DEPLOYMENTS = ("apps", "deployments")


class Rollouts:
    """Acts on one release the way Helm does, record and objects alike; only Secret-backed Deployments."""

    def __init__(self, cluster: SimCluster, release: Deployed) -> None:
        self._cluster = cluster
        self._release = release

    def newest(self) -> tuple[Past, float] | None:
        """The newest revision and the first deployment, read from the store: users act there too."""
        found = [
            s
            for s in self._cluster.store.all(SECRETS, self._release.namespace)
            if s.labels.get("owner") == "helm" and s.labels.get("name") == self._release.name
        ]
        if not found:
            return None
        last = max(found, key=lambda s: int(s.labels["version"]))
        record = helm.decode_secret(last.obj()["data"]["release"])
        meta = record["chart"]["metadata"]
        image = self._image(record)
        if not image:
            return None
        past = Past(
            number=int(record["version"]),
            tag=image,
            version=meta["version"],
            user_values=record.get("config") or {},
            status=record["info"]["status"],
            deployed=_moment(record["info"]["last_deployed"]),
            changed=time.time(),
            description=record["info"].get("description", ""),
        )
        return past, _moment(record["info"]["first_deployed"])

    def _image(self, record: Obj) -> str:
        values = record["chart"].get("values") or {}
        own = (record.get("config") or {}).get("image") or {}
        return str(own.get("tag") or (values.get("image") or {}).get("tag") or "")

    def begin(self, tag: str, *, version: str, description: str) -> Past | None:
        """Store the next revision as pending and change the live objects; None where somebody else is at it."""
        return self._next(tag, version=version, description=description, after="deployed")

    def mend(self, tag: str) -> Past | None:
        """Begin a revision with an earlier image after a failed one."""
        present = self.newest()
        if present is None:
            return None
        return self._next(tag, version=present[0].version, description="Rolling back", after="failed")

    def _next(self, tag: str, *, version: str, description: str, after: str) -> Past | None:
        present = self.newest()
        if present is None or present[0].status != after:
            return None
        last, first = present
        now = time.time()
        revision = Past(
            number=last.number + 1,
            tag=tag,
            version=version,
            user_values=last.user_values,
            status="pending-upgrade",
            deployed=now,
            changed=now,
            description=description,
        )
        self._put(revision, first)
        self._apply(revision)
        return revision

    def end(self, revision: Past, *, status: str, description: str) -> None:
        """Settle a revision that was begun, and supersede the one before it if it went well."""
        present = self.newest()
        if present is None or present[0].number != revision.number or present[0].status != "pending-upgrade":
            return
        first = present[1]
        self._put(replace(revision, status=status, description=description, changed=time.time()), first)
        if status == "deployed":
            self._supersede(revision.number, first)

    def _supersede(self, below: int, first: float) -> None:
        for stored in self._cluster.store.all(SECRETS, self._release.namespace):
            labels = stored.labels
            if labels.get("name") != self._release.name or labels.get("status") not in ("deployed", "failed"):
                continue
            if int(labels.get("version", "0")) >= below or labels["status"] == "failed":
                continue
            obj = stored.obj()
            record = helm.decode_secret(obj["data"]["release"])
            record["info"]["status"] = "superseded"
            obj["data"]["release"] = helm.encode_secret(record)
            obj["metadata"]["labels"] |= {"status": "superseded", "modifiedAt": str(int(time.time()))}
            resource = self._cluster.kinds.find(*SECRETS)
            if resource is not None:
                self._cluster.writer.replace(resource, stored, obj)

    def _put(self, revision: Past, first: float) -> None:
        head, make = stored_of(self._release, revision, first)
        resource = self._cluster.kinds.find(*SECRETS)
        if resource is None:
            return
        obj = {**head, **make()}
        obj["metadata"] = head["metadata"]
        old = self._cluster.store.get(SECRETS, self._release.namespace, obj["metadata"]["name"])
        if old is None:
            self._cluster.writer.create(resource, obj, namespace=self._release.namespace)
        else:
            obj["metadata"].pop("creationTimestamp", None)
            self._cluster.writer.replace(resource, old, obj)

    def _apply(self, revision: Past) -> None:
        """Bring the live Deployment to the revision's pod template; the rest of the chart does not change."""
        wanted = next(o for _, o in revision.rendering(self._release).objects() if o["kind"] == "Deployment")
        resource = self._cluster.kinds.find(*DEPLOYMENTS)

        def put(live: Obj) -> None:
            live["spec"]["template"] = wanted["spec"]["template"]
            live["metadata"].setdefault("labels", {}).update(wanted["metadata"]["labels"])

        if resource is not None:
            self._cluster.writer.change(resource, self._release.namespace, self._release.name, put, manager="helm")


def _moment(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp() if text else 0.0
