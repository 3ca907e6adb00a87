"""The past of a release: what each revision was, when, and its record in the store Helm or Captain keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from acp_tui.sim.scenario.charts import Rendering, chart, overlay, to_yaml
from acp_tui.wire import helm

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from acp_tui.sim.kinds import Obj
    from acp_tui.sim.scenario.catalog import Deployed

HOUR = 3600.0
DAY = 24 * HOUR


def stamp(moment: float, *, precise: bool = False) -> str:
    text = datetime.fromtimestamp(moment, UTC)
    return text.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if precise else "%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Past:
    """One revision: times are epoch seconds, `changed` when its record was last written."""

    number: int
    tag: str
    version: str
    user_values: Obj
    status: str
    deployed: float
    changed: float
    description: str

    def rendering(self, release: Deployed) -> Rendering:
        values = overlay(chart(release.chart).values(release.image_name, self.tag), self.user_values)
        return Rendering(release.chart, self.version, release.name, release.namespace, values)


def _back(version: tuple[int, int, int], steps: int) -> str:
    """The version some patch releases earlier; below .0 it steps into the minor before."""
    major, minor, patch = version
    for _ in range(steps):
        if patch > 0:
            patch -= 1
        elif minor > 0:
            minor, patch = minor - 1, 4
        else:
            major, minor, patch = max(0, major - 1), 9, 4
    return f"{major}.{minor}.{patch}"


def base_values(release: Deployed, number: int, rng: random.Random) -> Obj:
    """What the team of this release sets; a few things differ from revision to revision."""
    values: Obj = {
        "replicas": release.replicas,
        "resources": {
            "requests": {"cpu": f"{release.cpu}m", "memory": f"{release.memory}Mi"},
            "limits": {"memory": f"{release.memory * 2}Mi"},
        },
        "env": {"LOG_FORMAT": "json", "REGION": release.namespace, "FLAGS_REVISION": str(number // 3)},
        "config": {
            "settings": {"log.level": "info" if number % 4 else "debug", "cache.ttl": f"{30 + number % 5 * 10}s"}
        },
    }
    if release.host:
        values["ingress"] = {"host": release.host}
    if release.chart in ("api", "search") and release.replicas >= 10:
        values["autoscaling"] = {"minReplicas": release.replicas, "maxReplicas": release.replicas * 2}
    if rng.random() < 0.2 and release.chart != "valkey" and release.store != "captain":
        values["strategy"] = {"maxUnavailable": "10%"}
    return values


def image_values(release: Deployed, tag: str) -> Obj:
    """Captain takes charts from a repository, where nothing is made for one release: its image is among its values."""
    return {"image": {"repository": release.image_name, "tag": tag}} if release.store == "captain" else {}


def kept_versions(release: Deployed) -> list[str]:
    """Chart versions of the revisions that are kept, newest first, some more than once."""
    slow = release.name != "payments-api"
    return [_back(release.version, (step + 1) // 2 if slow else step) for step in range(release.kept)]


def past_of(release: Deployed, *, now: float, rng: random.Random) -> list[Past]:
    """The kept revisions, newest first, the newest one deployed and well."""
    found: list[Past] = []
    moment = now - rng.uniform(0.4, 12) * DAY
    replaced = moment
    unset = rng.getstate()
    for step in range(release.kept):
        number = release.revision - step
        # Not every revision is a new image: some change values only.
        version = _back(release.version, (step + 1) // 2 if release.name != "payments-api" else step)
        tag = version if release.chart != "valkey" else _back((8, 1, 2), step // 3)
        rng.setstate(unset)
        found.append(
            Past(
                number=number,
                tag=tag,
                version=version,
                user_values=base_values(release, number, rng) | image_values(release, tag),
                status="deployed" if step == 0 else "superseded",
                deployed=moment,
                changed=moment + 4 if step == 0 else replaced,
                description="Install complete" if number == 1 else "Upgrade complete",
            )
        )
        replaced = moment
        moment -= (1 + (number * 13 % 17)) * DAY * 0.6
    return found


def record_of(release: Deployed, past: Past, first: float) -> Obj:
    """The release record of one revision: what Helm keeps, decoded."""
    drawn = past.rendering(release)
    hooks: list[Obj] = []
    job = drawn.hook()
    if job is not None:
        hooks.append(
            {
                "name": job["metadata"]["name"],
                "kind": "Job",
                "path": f"{release.chart}/templates/migrate.yaml",
                "manifest": to_yaml(job),
                "events": ["pre-upgrade", "pre-rollback"],
                "last_run": {
                    "started_at": stamp(past.deployed, precise=True),
                    "completed_at": stamp(past.deployed + 3, precise=True),
                    "phase": "Succeeded",
                },
                "delete_policies": ["before-hook-creation"],
            }
        )
    return {
        "name": release.name,
        "namespace": release.namespace,
        "version": past.number,
        "info": {
            "first_deployed": stamp(first, precise=True),
            "last_deployed": stamp(past.deployed, precise=True),
            "deleted": "",
            "description": past.description,
            "status": past.status,
            "notes": drawn.notes(),
        },
        "chart": chart(release.chart).record(
            version=past.version,
            app_version=past.tag,
            values=chart(release.chart).values(release.image_name, past.tag),
        ),
        "config": past.user_values,
        "manifest": drawn.manifest(),
        "hooks": hooks,
    }


def stored_of(release: Deployed, past: Past, first: float) -> tuple[Obj, Callable[[], Obj]]:
    """The stored object's head, and the function that makes its body when it is read."""
    labels = {
        "name": release.name,
        "owner": "helm",
        "status": past.status,
        "version": str(past.number),
        "modifiedAt": str(int(past.changed)),
    }
    name = f"sh.helm.release.v1.{release.name}.v{past.number}"
    meta: Obj = {
        "name": name,
        "namespace": release.namespace,
        "labels": labels,
        "creationTimestamp": stamp(past.deployed),
    }

    def secret() -> Obj:
        payload = helm.encode_secret(record_of(release, past, first))
        return {"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1", "data": {"release": payload}}

    def config_map() -> Obj:
        payload = helm.encode_record(record_of(release, past, first))
        return {"apiVersion": "v1", "kind": "ConfigMap", "data": {"release": payload}}

    def captain() -> Obj:
        record = record_of(release, past, first)
        return {
            "apiVersion": "app.alauda.io/v1alpha1",
            "kind": "Release",
            "spec": helm.encode_captain(record),
            "status": helm.captain_status(record),
        }

    kinds = {
        "secret": ({"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1"}, secret),
        "configmap": ({"apiVersion": "v1", "kind": "ConfigMap"}, config_map),
        "captain": ({"apiVersion": "app.alauda.io/v1alpha1", "kind": "Release"}, captain),
    }
    head, make = kinds[release.store]
    return {**head, "metadata": meta}, make
