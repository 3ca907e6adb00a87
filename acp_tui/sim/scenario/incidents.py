"""What is wrong in the fleet when one arrives: a failed release, a crash loop, a release nobody finished."""

from __future__ import annotations

import copy
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

from acp_tui.sim import apply, defaults
from acp_tui.sim.controllers.context import DEPLOYMENTS, PODS, condition
from acp_tui.sim.controllers.deployment import REVISION
from acp_tui.sim.images import pull_error
from acp_tui.sim.scenario.history import DAY, past_of, stamp
from acp_tui.sim.scenario.releases import (
    autoscaled,
    live,
    plant_application,
    plant_history,
    plant_objects,
    plant_records,
)

if TYPE_CHECKING:
    from acp_tui.sim.kinds import Obj
    from acp_tui.sim.scenario.catalog import Deployed
    from acp_tui.sim.scenario.history import Past
    from acp_tui.sim.scenario.plant import Planter

MISSING_IMAGE = "registry/pay:1.9.2"
CRASHING_IMAGE = "registry/invoice-worker:3.2.0"
_MINUTE = 60.0
_NEW, _OLD = "7c9d8b6f5", "5f66c7d49"


def _payments_values(base: Obj, *, pool: int, least: int, timeout: str) -> Obj:
    return {
        **base,
        "env": {"LOG_FORMAT": "json", "POOL": str(pool), "REGION": "east"},
        "config": {
            "settings": {"log.level": "info", "pool.size": str(pool), "pool.timeout": timeout},
            "routes": {"callback": "/v1/callback", "health": "/healthz"},
            "flags": {"instant-refunds": "on", "new-ledger": "off"},
        },
        "secrets": {"db": {"dsn": "postgres://payments@db.internal/payments"}, "signing": {"key": "c2ltdWxhdGVk"}},
        "strategy": {"maxSurge": 2, "maxUnavailable": 0},
        "autoscaling": {"minReplicas": least, "maxReplicas": 8},
        "ingress": {"host": "payments.example.org"},
        "migrate": {"name": "payments-migrate", "image": "registry/pay-migrate:1.9"},
    }


def plant_failed(planter: Planter, release: Deployed) -> None:
    """payments-api: revision 42 failed three minutes ago, its image is not there; 41 still serves."""
    now = planter.now
    past = past_of(release, now=now, rng=planter.cluster.rng)
    moments = [now - 5 * _MINUTE, now - 2 * DAY, now - 9 * DAY]
    moments += [now - (9 + 7 * i) * DAY for i in range(1, len(past) - 2)]
    causes = [
        "raise pool size",
        "release 2026.47",
        "release 2026.46",
        "release 2026.45",
        "release 2026.44",
        "release 2026.43",
    ]
    settled: list[Past] = []
    for i, revision in enumerate(past):
        values = _payments_values(
            revision.user_values, pool=40 if i == 0 else 20, least=3 if i == 0 else 2, timeout="9s" if i == 0 else "5s"
        )
        status = {0: "failed", 1: "deployed"}.get(i, "superseded")
        description = causes[i] if 0 < i < len(causes) else "Upgrade complete"
        if i == 0:
            description = 'Upgrade "payments-api" failed: context deadline exceeded'
        changed = now - 3 * _MINUTE if i == 0 else moments[i] + 6 if i == 1 else moments[i - 1]
        settled.append(
            replace(
                revision,
                user_values=values,
                status=status,
                deployed=moments[i],
                changed=changed,
                description=description,
            )
        )
    plant_records(planter, release, settled)
    _plant_stuck_rollout(planter, release, settled[0], settled[1])
    _plant_payments_application(planter, release, settled, causes)


def _plant_payments_application(planter: Planter, release: Deployed, past: list[Past], causes: list[str]) -> None:
    plant_application(planter, release, past, with_history=False)
    for i, revision in enumerate(past[:6]):
        plant_history(planter, release, revision, user="ci" if i else "anna@example.org", cause=causes[i])


def _plant_stuck_rollout(planter: Planter, release: Deployed, new: Past, old: Past) -> None:
    """Live objects as the failed upgrade left them: new configuration, old pods serving, new ones waiting."""
    born = planter.now - 200 * DAY
    services: list[Obj] = []
    for _, rendered in new.rendering(release).objects():
        obj = live(release, rendered)
        if obj["kind"] == "Deployment":
            _plant_half_rolled(planter, release, obj, old, new)
        elif obj["kind"] == "Service":
            services.append(obj)
        elif obj["kind"] == "HorizontalPodAutoscaler":
            _plant_edited_autoscaler(planter, autoscaled(obj, release.replicas), born)
        else:
            if obj["kind"] == "Ingress":
                obj["status"] = {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}
            planter.put(obj, born=born, manager="helm")
    for service in services:
        planter.service(service, born=born)


def _plant_edited_autoscaler(planter: Planter, obj: Obj, born: float) -> None:
    """Somebody set minReplicas by hand since."""
    resource = planter.cluster.kinds.of_kind(obj["apiVersion"], obj["kind"])
    if resource is None:
        return
    before = copy.deepcopy(obj)
    apply.track(None, before, resource=resource, manager="helm")
    obj["spec"]["minReplicas"] = 5
    apply.track(before, obj, resource=resource, manager="anna@example.org")
    for entry in obj["metadata"]["managedFields"]:
        entry["time"] = stamp(planter.now - 47 * _MINUTE if entry["manager"] != "helm" else born)
    planter.put(obj, born=born)


def _plant_half_rolled(planter: Planter, release: Deployed, obj: Obj, old: Past, new: Past) -> None:
    now, started = planter.now, new.deployed
    former = next(o for _, o in old.rendering(release).objects() if o["kind"] == "Deployment")
    defaults.fill(former, group="apps", plural="deployments")
    wanted = release.replicas
    obj["metadata"].setdefault("annotations", {})[REVISION] = str(new.number)
    obj["metadata"]["generation"] = new.number
    name = obj["metadata"]["name"]
    progress = condition(
        "Progressing", met=True, reason="ReplicaSetUpdated", message=f'ReplicaSet "{name}-{_NEW}" is progressing.'
    )
    progress |= {"lastTransitionTime": stamp(now - 200 * DAY), "lastUpdateTime": stamp(started + 30)}
    available = condition(
        "Available", met=True, reason="MinimumReplicasAvailable", message="Deployment has minimum availability."
    )
    available |= {"lastTransitionTime": stamp(now - 200 * DAY), "lastUpdateTime": stamp(now - 200 * DAY)}
    obj["status"] = {
        "observedGeneration": new.number,
        "replicas": wanted + 2,
        "updatedReplicas": 2,
        "readyReplicas": wanted,
        "availableReplicas": wanted,
        "unavailableReplicas": 2,
        "conditions": [available, progress],
    }
    dep = planter.put(obj, born=now - 200 * DAY, manager="helm")
    serving = planter.replicaset(
        dep, former["spec"]["template"], replicas=wanted, revision=old.number, born=old.deployed, mark=_OLD
    )
    for _ in range(wanted):
        planter.pod(serving, serving["spec"]["template"], born=old.deployed, prefix=serving["metadata"]["name"])
    waiting = planter.replicaset(
        dep, dep["spec"]["template"], replicas=2, ready=0, revision=new.number, born=started, mark=_NEW
    )
    for tail in ("x2k9p", "m4qtz"):
        pod = planter.bare_pod(waiting, waiting["spec"]["template"], name=f"{waiting['metadata']['name']}-{tail}")
        pod["status"] = _waiting_status(pod, born=started)
        _events_of_missing_image(planter, planter.put(pod, born=started), started)
        planter.cluster.wake(PODS, release.namespace, pod["metadata"]["name"])
    planter.cluster.wake(DEPLOYMENTS, release.namespace, name)


def _waiting_status(pod: Obj, *, born: float) -> Obj:
    container = pod["spec"]["containers"][0]
    image = container["image"]
    message = f'Back-off pulling image "{image}": ErrImagePull: {pull_error(image)}'
    lacking = f"containers with unready status: [{container['name']}]"
    unready = {"status": "False", "reason": "ContainersNotReady", "message": lacking, "lastTransitionTime": stamp(born)}
    fine = {"status": "True", "lastTransitionTime": stamp(born)}
    return {
        "phase": "Pending",
        "qosClass": "Burstable",
        "startTime": stamp(born),
        "hostIP": "10.0.0.1",
        "conditions": [
            {"type": "PodReadyToStartContainers", **fine},
            {"type": "Initialized", **fine},
            {"type": "Ready", **unready},
            {"type": "ContainersReady", **unready},
            {"type": "PodScheduled", **fine},
        ],
        "containerStatuses": [
            {
                "name": container["name"],
                "image": image,
                "imageID": "",
                "ready": False,
                "started": False,
                "restartCount": 0,
                "state": {"waiting": {"reason": "ImagePullBackOff", "message": message}},
                "lastState": {},
            }
        ],
    }


def _event(planter: Planter, about: Obj, reason: str, message: str, *, at: float, count: int, source: str) -> None:
    meta = about["metadata"]
    first = stamp(max(at - 240, 0))
    body: Obj = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{meta['name']}.{zlib.crc32((reason + message).encode()):08x}",
            "namespace": meta["namespace"],
        },
        "involvedObject": {
            "kind": about["kind"],
            "apiVersion": about["apiVersion"],
            "namespace": meta["namespace"],
            "name": meta["name"],
            "uid": meta["uid"],
        },
        "reason": reason,
        "message": message,
        "type": "Warning" if reason in ("Failed", "BackOff", "FailedCreate") else "Normal",
        "source": {"component": source},
        "reportingComponent": source,
        "firstTimestamp": first,
        "lastTimestamp": stamp(at),
        "count": count,
    }
    planter.put(body, born=max(at - 240, 0))


def _events_of_missing_image(planter: Planter, pod: Obj, started: float) -> None:
    image = pod["spec"]["containers"][0]["image"]
    now = planter.now
    _event(
        planter,
        pod,
        "Scheduled",
        f"Successfully assigned {pod['metadata']['namespace']}/{pod['metadata']['name']} to {pod['spec']['nodeName']}",
        at=started,
        count=1,
        source="default-scheduler",
    )
    _event(planter, pod, "Pulling", f'Pulling image "{image}"', at=now - 80, count=5, source="kubelet")
    _event(
        planter,
        pod,
        "Failed",
        f'Failed to pull image "{image}": {pull_error(image)}',
        at=now - 80,
        count=5,
        source="kubelet",
    )
    _event(planter, pod, "BackOff", f'Back-off pulling image "{image}"', at=now - 25, count=12, source="kubelet")


def plant_crash_loop(planter: Planter, release: Deployed) -> None:
    """A release that is deployed and whose newest pods die a moment after they start."""
    past = past_of(release, now=planter.now, rng=planter.cluster.rng)
    past[0] = replace(past[0], deployed=planter.now - 26 * _MINUTE, changed=planter.now - 26 * _MINUTE)
    plant_records(planter, release, past)
    plant_objects(planter, release, past[0])
    _break_pods(planter, release, share=3)
    if release.app:
        plant_application(planter, release, past)


def _break_pods(planter: Planter, release: Deployed, *, share: int) -> None:
    """Turn every `share`-th pod of the release into one that has crashed again and again."""
    store = planter.cluster.store
    resource = planter.cluster.kinds.find(*PODS)
    if resource is None:
        return
    mine = [s for s in store.all(PODS, release.namespace) if s.labels.get("app.kubernetes.io/instance") == release.name]
    for i, stored in enumerate(mine):
        if i % share:
            continue
        pod = stored.obj()
        entry = pod["status"]["containerStatuses"][0]
        ended = {
            "exitCode": 1,
            "reason": "Error",
            "startedAt": stamp(planter.now - 22),
            "finishedAt": stamp(planter.now - 20),
            "containerID": entry["containerID"],
        }
        meta = pod["metadata"]
        who = f"{meta['name']}_{meta['namespace']}({meta['uid']})"
        text = f"back-off 1m20s restarting failed container={entry['name']} pod={who}"
        entry |= {
            "ready": False,
            "started": False,
            "restartCount": 7 + i % 4,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": text}},
            "lastState": {"terminated": ended},
        }
        for check in pod["status"]["conditions"]:
            if check["type"] in ("Ready", "ContainersReady"):
                check |= {
                    "status": "False",
                    "reason": "ContainersNotReady",
                    "lastTransitionTime": stamp(planter.now - 20),
                }
                check["message"] = f"containers with unready status: [{entry['name']}]"
        store.put(resource, pod, quiet=True)
        _event(
            planter,
            pod,
            "BackOff",
            f"Back-off restarting failed container {entry['name']} in pod {who}",
            at=planter.now - 15,
            count=31,
            source="kubelet",
        )
        planter.cluster.wake(PODS, meta["namespace"], meta["name"])
        for reference in meta["ownerReferences"]:
            planter.cluster.wake(("apps", "replicasets"), meta["namespace"], reference["name"])


def plant_stuck(planter: Planter, release: Deployed) -> None:
    """A release whose upgrade began 41 minutes ago and never ended: the process that ran it is gone."""
    past = past_of(release, now=planter.now, rng=planter.cluster.rng)
    begun = planter.now - 41 * _MINUTE
    past[0] = replace(past[0], status="pending-upgrade", deployed=begun, changed=begun, description="Preparing upgrade")
    past[1] = replace(past[1], status="deployed", changed=past[1].deployed + 5)
    plant_records(planter, release, past)
    plant_objects(planter, release, past[1])
    if release.app:
        plant_application(planter, release, past[1:])
