"""The life of a pod: scheduled, pulled, started, ready; or stuck at the image, or dying again and again."""

from __future__ import annotations

import asyncio
import zlib
from fractions import Fraction
from typing import TYPE_CHECKING

from acp_tui.sim import quantity
from acp_tui.sim.controllers.context import NODES, PODS, condition
from acp_tui.sim.images import pull_error
from acp_tui.sim.store import now_text

if TYPE_CHECKING:
    from acp_tui.sim.controllers.context import Context
    from acp_tui.sim.kinds import Obj

VIRTUAL_NODE = "sim-node"  # where pods land in a cluster without Node objects
_PULL = 0.4  # seconds from scheduled to started
_READY = 0.8  # from started to ready
_STOP = 0.5  # from deleted to gone
_PULL_RETRY = 12.0
_BACKOFF_MAX = 80.0
_KUBELET = "kubelet"


class Pods:
    """Scheduler and kubelet in one: moves a pod one step and asks for the next look."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stopping: set[str] = set()
        self._not_before: dict[str, float] = {}  # uid -> loop time of the next step

    def reconcile(self, namespace: str, name: str) -> None:
        pod = self._context.get(PODS, namespace, name)
        if pod is None:
            return
        # A pod's own status change calls here at once; its next step has its own time.
        now = asyncio.get_running_loop().time()
        wait = self._not_before.pop(pod["metadata"]["uid"], 0.0) - now
        if wait > 0 and not self._is_newly_deleted(pod):
            self._again(pod, wait / self._context.pace)
            return
        if pod["metadata"].get("deletionTimestamp"):
            self._stop(pod)
        elif not pod["spec"].get("nodeName"):
            self._schedule(pod)
        elif pod["status"].get("phase") in ("Pending", "Running"):
            self._advance(pod)

    def _is_newly_deleted(self, pod: Obj) -> bool:
        meta = pod["metadata"]
        return bool(meta.get("deletionTimestamp")) and meta["uid"] not in self._stopping

    def _again(self, pod: Obj, delay: float) -> None:
        meta = pod["metadata"]
        self._not_before[meta["uid"]] = asyncio.get_running_loop().time() + delay * self._context.pace
        self._context.queue(PODS, meta["namespace"], meta["name"], delay=delay)

    def _stop(self, pod: Obj) -> None:
        meta = pod["metadata"]
        if meta["uid"] not in self._stopping and meta.get("deletionGracePeriodSeconds", 0) > 0:
            self._stopping.add(meta["uid"])
            for container in pod["spec"]["containers"]:
                self._context.event(pod, "Killing", f"Stopping container {container['name']}", source=_KUBELET)
            self._again(pod, min(_STOP, meta["deletionGracePeriodSeconds"]))
            return
        self._stopping.discard(meta["uid"])
        resource = self._context.resource(PODS)
        self._context.writer.purge(resource, meta["namespace"], meta["name"])

    # -- scheduling ------------------------------------------------------------------------------

    def _schedule(self, pod: Obj) -> None:
        node, why_not = self._choose(pod)
        if not node:
            if not any(c.get("message") == why_not for c in pod["status"].get("conditions") or []):
                pod["status"]["conditions"] = [
                    condition("PodScheduled", met=False, reason="Unschedulable", message=why_not)
                ]
                self._context.set_status(PODS, pod, pod["status"])
            self._context.event(pod, "FailedScheduling", why_not, source="default-scheduler", warning=True)
            self._again(pod, 5.0)
            return

        def bind(obj: Obj) -> None:
            obj["spec"]["nodeName"] = node
            obj["status"] = _status(
                obj, "Pending", [_waiting(c, "ContainerCreating") for c in obj["spec"]["containers"]]
            )

        meta = pod["metadata"]
        old = self._context.store.get(PODS, meta["namespace"], meta["name"])
        if old is not None:
            obj = old.obj()
            bind(obj)
            self._context.store.put(self._context.resource(PODS), obj)
        message = f"Successfully assigned {meta['namespace']}/{meta['name']} to {node}"
        self._context.event(pod, "Scheduled", message, source="default-scheduler")
        self._again(pod, _PULL)

    def _choose(self, pod: Obj) -> tuple[str, str]:
        """A node for the pod, or why there is none; only whole-node fit is looked at."""
        nodes = [stored.obj() for stored in self._context.store.all(NODES)]
        if not nodes:
            return VIRTUAL_NODE, ""
        wanted = pod["spec"].get("nodeSelector") or {}
        asked = _requests(pod)
        fits: list[str] = []
        cordoned = mismatched = unready = 0
        short: dict[str, int] = {}
        for node in nodes:
            labels = node["metadata"].get("labels") or {}
            room = node["status"].get("allocatable") or {}
            lacking = [k for k, v in asked.items() if k in room and v > quantity.parse(room[k])]
            if node["spec"].get("unschedulable"):
                cordoned += 1
            elif not _node_ready(node):
                unready += 1
            elif any(labels.get(k) != v for k, v in wanted.items()) or (
                "node-role.kubernetes.io/control-plane" in labels and len(nodes) > 3
            ):
                mismatched += 1
            elif lacking:
                for key in lacking:
                    short[key] = short.get(key, 0) + 1
            else:
                fits.append(node["metadata"]["name"])
        if fits:
            return self._context.rng.choice(fits), ""
        parts = [f"{n} Insufficient {k}" for k, n in sorted(short.items())]
        parts += [f"{cordoned} node(s) were unschedulable"] if cordoned else []
        parts += [f"{mismatched} node(s) didn't match Pod's node affinity/selector"] if mismatched else []
        parts += [f"{unready} node(s) had untolerated taint {{node.kubernetes.io/not-ready: }}"] if unready else []
        return "", f"0/{len(nodes)} nodes are available: {', '.join(parts)}."

    # -- running ---------------------------------------------------------------------------------

    def _advance(self, pod: Obj) -> None:
        """One step of every container, then the pod's phase and the time of the next step."""
        status = pod["status"]
        statuses = {s["name"]: s for s in status.get("containerStatuses") or []}
        if not statuses:  # bound by its owner (a DaemonSet's pod): the kubelet sees it for the first time
            waiting = [_waiting(c, "ContainerCreating") for c in pod["spec"]["containers"]]
            self._context.set_status(PODS, pod, _status(pod, "Pending", waiting))
            self._again(pod, _PULL)
            return
        delays: list[float] = []
        stepped: list[Obj] = []
        for container in pod["spec"]["containers"]:
            entry, delay = self._container(
                pod, container, statuses.get(container["name"]) or _waiting(container, "ContainerCreating")
            )
            stepped.append(entry)
            if delay:
                delays.append(delay)
        phase = _phase(pod, stepped)
        self._context.set_status(PODS, pod, _status(pod, phase, stepped))
        if delays:
            self._again(pod, min(delays))

    def _container(self, pod: Obj, container: Obj, entry: Obj) -> tuple[Obj, float]:
        """The container's next state and the seconds until it should be looked at again (0: never)."""
        state = entry.get("state") or {}
        image = container["image"]
        if "running" in state:
            return self._running(pod, container, entry)
        if "terminated" in state:
            return self._ended(pod, entry)
        reason = (state.get("waiting") or {}).get("reason")
        if self._context.images.is_missing(image):
            return self._pull_fails(pod, container, entry, reason)
        if reason == "CrashLoopBackOff":
            since = _moment((entry.get("lastState") or {}).get("terminated", {}).get("finishedAt"))
            left = _backoff(entry["restartCount"]) * self._context.pace - (_moment(now_text()) - since)
            if left > 0:
                return entry, left / self._context.pace
            entry = {**entry, "restartCount": entry["restartCount"] + 1}
        self._context.event(pod, "Pulled", f'Container image "{image}" already present on machine', source=_KUBELET)
        self._context.event(pod, "Started", f"Started container {container['name']}", source=_KUBELET)
        started = {
            **entry,
            "state": {"running": {"startedAt": now_text()}},
            "ready": False,
            "started": True,
            "imageID": f"{image.rpartition(':')[0]}@sha256:{zlib.crc32(image.encode()):064x}",
            "containerID": f"containerd://{zlib.crc32((pod['metadata']['uid'] + container['name']).encode()):064x}",
        }
        return started, _READY

    def _running(self, pod: Obj, container: Obj, entry: Obj) -> tuple[Obj, float]:
        if self._context.images.is_crashing(container["image"]):
            return self._dies(pod, container, entry), _backoff(entry["restartCount"])
        if pod["spec"].get("restartPolicy", "Always") != "Always":
            done = {"exitCode": 0, "reason": "Completed", **_times(entry)}
            return {**entry, "state": {"terminated": done}, "ready": False, "started": False}, 0
        if entry.get("ready") or self._context.images.is_unready(container["image"]):
            if not entry.get("ready"):
                message = "Readiness probe failed: HTTP probe failed with statuscode: 503"
                self._context.event(pod, "Unhealthy", message, source=_KUBELET, warning=True)
                return entry, 10.0
            return entry, 0
        return {**entry, "ready": True}, 0

    def _dies(self, pod: Obj, container: Obj, entry: Obj) -> Obj:
        ended = {"exitCode": 1, "reason": "Error", **_times(entry)}
        if pod["spec"].get("restartPolicy") == "Never":
            return {**entry, "state": {"terminated": ended}, "ready": False, "started": False}
        wait = int(_backoff(entry["restartCount"]))
        name, meta = container["name"], pod["metadata"]
        text = (
            f"back-off {wait}s restarting failed container={name} pod={meta['name']}_{meta['namespace']}({meta['uid']})"
        )
        message = (
            f"Back-off restarting failed container {name} in pod {meta['name']}_{meta['namespace']}({meta['uid']})"
        )
        self._context.event(pod, "BackOff", message, source=_KUBELET, warning=True)
        return {
            **entry,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": text}},
            "lastState": {"terminated": ended},
            "ready": False,
            "started": False,
        }

    def _ended(self, pod: Obj, entry: Obj) -> tuple[Obj, float]:
        code = entry["state"]["terminated"].get("exitCode", 0)
        policy = pod["spec"].get("restartPolicy", "Always")
        if policy == "Never" or (policy == "OnFailure" and code == 0):
            return entry, 0
        waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}}
        return {**entry, "state": waiting, "lastState": entry["state"], "ready": False}, 1.0

    def _pull_fails(self, pod: Obj, container: Obj, entry: Obj, reason: str | None) -> tuple[Obj, float]:
        image = container["image"]
        if reason == "ErrImagePull":
            text = f'Back-off pulling image "{image}": ErrImagePull: {pull_error(image)}'
            self._context.event(pod, "BackOff", f'Back-off pulling image "{image}"', source=_KUBELET)
            self._context.event(pod, "Failed", "Error: ImagePullBackOff", source=_KUBELET, warning=True)
            waiting = {"reason": "ImagePullBackOff", "message": text}
            return {**entry, "state": {"waiting": waiting}}, _PULL_RETRY
        self._context.event(pod, "Pulling", f'Pulling image "{image}"', source=_KUBELET)
        self._context.event(
            pod, "Failed", f'Failed to pull image "{image}": {pull_error(image)}', source=_KUBELET, warning=True
        )
        waiting = {"reason": "ErrImagePull", "message": pull_error(image)}
        return {**entry, "state": {"waiting": waiting}}, 1.5


def _moment(stamp: str | None) -> float:
    from datetime import datetime

    return datetime.fromisoformat(stamp).timestamp() if stamp else 0.0


def _backoff(restarts: int) -> float:
    return min(_BACKOFF_MAX, 5.0 * float(2 ** min(restarts, 6)))


def _times(entry: Obj) -> Obj:
    return {
        "startedAt": ((entry.get("state") or {}).get("running") or {}).get("startedAt") or now_text(),
        "finishedAt": now_text(),
        "containerID": entry.get("containerID", ""),
    }


def _waiting(container: Obj, reason: str) -> Obj:
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "ready": False,
        "started": False,
        "restartCount": 0,
        "state": {"waiting": {"reason": reason}},
        "lastState": {},
    }


def _phase(pod: Obj, entries: list[Obj]) -> str:
    ended = [(e.get("state") or {}).get("terminated") for e in entries]
    if pod["spec"].get("restartPolicy") != "Always" and all(ended):
        return "Failed" if any(e and e.get("exitCode") for e in ended) else "Succeeded"
    started = any("running" in (e.get("state") or {}) or e.get("restartCount") or e.get("lastState") for e in entries)
    return "Running" if started or any(ended) else "Pending"


def _status(pod: Obj, phase: str, entries: list[Obj]) -> Obj:
    """A whole pod status around its container statuses."""
    old = pod.get("status") or {}
    before = old.get("conditions") or []
    ready = phase == "Running" and all(e.get("ready") for e in entries)
    lacking = [e["name"] for e in entries if not e.get("ready")]
    why = "" if ready else f"containers with unready status: [{' '.join(lacking)}]"
    reason = "PodCompleted" if phase == "Succeeded" else "" if ready else "ContainersNotReady"
    checks = [("PodReadyToStartContainers", True, "", ""), ("Initialized", True, "", "")]
    checks += [("Ready", ready, reason, why), ("ContainersReady", ready, reason, why), ("PodScheduled", True, "", "")]
    conditions = []
    for kind, met, because, message in checks:
        full = condition(kind, met=met, reason=because, message=message, previous=before)
        conditions.append({k: v for k, v in full.items() if v or k == "status"})
    status: Obj = {
        **old,
        "phase": phase,
        "conditions": conditions,
        "containerStatuses": entries,
        "startTime": old.get("startTime") or now_text(),
    }
    if pod["spec"].get("initContainers"):
        done = {
            "terminated": {
                "exitCode": 0,
                "reason": "Completed",
                "startedAt": status["startTime"],
                "finishedAt": status["startTime"],
            }
        }
        status["initContainerStatuses"] = [
            {**_waiting(c, ""), "ready": True, "state": done} for c in pod["spec"]["initContainers"]
        ]
    if phase == "Running" and "podIP" not in status:
        number = zlib.crc32(pod["metadata"]["uid"].encode())
        status["podIP"] = f"10.{128 + (number >> 16 & 63)}.{number >> 8 & 255}.{(number & 255) or 1}"
        status["podIPs"] = [{"ip": status["podIP"]}]
        status["hostIP"] = "10.0.0.1"
    return status


def _requests(pod: Obj) -> dict[str, Fraction]:
    total: dict[str, Fraction] = {}
    for container in pod["spec"].get("containers") or []:
        for name, amount in ((container.get("resources") or {}).get("requests") or {}).items():
            total[name] = total.get(name, Fraction(0)) + quantity.parse(amount)
    return total


def _node_ready(node: Obj) -> bool:
    conditions = (node.get("status") or {}).get("conditions") or []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
