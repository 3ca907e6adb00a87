"""The cells of each built-in kind's printed row, as the printers of Kubernetes fill them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from acp_tui.sim.kinds import Obj

Row = list[Any]
NONE = "<none>"


def age(stamp: str | None, now: datetime) -> str:
    """A duration as kubectl shortens it: `12s`, `5m3s`, `3h`, `2d4h`, `40d`."""
    if not stamp:
        return "<unknown>"
    then = datetime.fromisoformat(stamp).astimezone(UTC)
    return human(int((now - then).total_seconds()))


def human(seconds: int) -> str:
    if seconds < 0:
        return "<invalid>" if seconds < -1 else "0s"
    if seconds < 120:
        return f"{seconds}s"
    minutes = seconds // 60
    if minutes < 10:
        rest = seconds % 60
        return f"{minutes}m{rest}s" if rest else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    hours = seconds // 3600
    if hours < 8:
        rest = minutes % 60
        return f"{hours}h{rest}m" if rest else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    days = hours // 24
    if hours < 192:
        rest = hours % 24
        return f"{days}d{rest}h" if rest else f"{days}d"
    if days < 730:
        return f"{days}d"
    return f"{days // 365}y{days % 365}d"


def _meta(obj: Obj, now: datetime) -> tuple[str, str]:
    return obj["metadata"]["name"], age(obj["metadata"].get("creationTimestamp"), now)


def _part(obj: Obj, key: str) -> Obj:
    found: Obj = obj.get(key) or {}
    return found


def _selector(labels: Obj | None) -> str:
    return ",".join(f"{k}={v}" for k, v in sorted((labels or {}).items())) or NONE


def _template(obj: Obj) -> tuple[str, str]:
    containers = ((_part(obj, "spec").get("template") or {}).get("spec") or {}).get("containers") or []
    return ",".join(c["name"] for c in containers), ",".join(c.get("image", "") for c in containers)


def pod_reason(obj: Obj) -> tuple[str, int, int, int]:
    """Status word, ready containers, containers, restarts: the printer's reading of a pod."""
    spec, status = _part(obj, "spec"), _part(obj, "status")
    reason = status.get("reason") or status.get("phase") or "Unknown"
    total = len(spec.get("containers") or [])
    restarts = ready = 0
    for entry in status.get("containerStatuses") or []:
        restarts += entry.get("restartCount", 0)
        state = entry.get("state") or {}
        waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
        if waiting.get("reason"):
            reason = waiting["reason"]
        elif ended.get("reason"):
            reason = ended["reason"]
        elif entry.get("ready") and state.get("running") is not None:
            ready += 1
    if obj["metadata"].get("deletionTimestamp"):
        reason = "Terminating"
    return reason, ready, total, restarts


def _pod(obj: Obj, now: datetime) -> Row:
    name, born = _meta(obj, now)
    reason, ready, total, restarts = pod_reason(obj)
    status = _part(obj, "status")
    ends = [
        ended["finishedAt"]
        for entry in status.get("containerStatuses") or []
        if (ended := (entry.get("lastState") or {}).get("terminated"))
    ]
    shown: Any = f"{restarts} ({age(max(ends), now)} ago)" if restarts and ends else str(restarts)
    node = _part(obj, "spec").get("nodeName") or NONE
    return [name, f"{ready}/{total}", reason, shown, born, status.get("podIP") or NONE, node, NONE, NONE]


def _deployment(obj: Obj, now: datetime) -> Row:
    name, born = _meta(obj, now)
    spec, status = _part(obj, "spec"), _part(obj, "status")
    return [
        name,
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 1)}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        born,
        *_template(obj),
        _selector((spec.get("selector") or {}).get("matchLabels")),
    ]


def _replicaset(obj: Obj, now: datetime) -> Row:
    name, born = _meta(obj, now)
    spec, status = _part(obj, "spec"), _part(obj, "status")
    selector = _selector((spec.get("selector") or {}).get("matchLabels"))
    counts = [spec.get("replicas", 1), status.get("replicas", 0), status.get("readyReplicas", 0)]
    return [name, *counts, born, *_template(obj), selector]


def _statefulset(obj: Obj, now: datetime) -> Row:
    name, born = _meta(obj, now)
    status, spec = _part(obj, "status"), _part(obj, "spec")
    return [name, f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 1)}", born, *_template(obj)]


def _daemonset(obj: Obj, now: datetime) -> Row:
    name, born = _meta(obj, now)
    status = _part(obj, "status")
    names = (
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    )
    nodes = _selector(((_part(obj, "spec").get("template") or {}).get("spec") or {}).get("nodeSelector"))
    return [name, *[status.get(n, 0) for n in names], nodes, born, *_template(obj), ""]


def _job(obj: Obj, now: datetime) -> Row:
    name, born = _meta(obj, now)
    spec, status = _part(obj, "spec"), _part(obj, "status")
    met = [c["type"] for c in status.get("conditions") or [] if c.get("status") == "True"]
    word = next((w for w in ("Complete", "Failed", "Suspended") if w in met), "Running")
    took = ""
    if status.get("startTime"):
        end = status.get("completionTime")
        took = age(status["startTime"], datetime.fromisoformat(end) if end else now)
    done = f"{status.get('succeeded', 0)}/{spec.get('completions', 1)}"
    return [name, word, done, took, born, *_template(obj), ""]


def _cron_job(obj: Obj, now: datetime) -> Row:
    name, born = _meta(obj, now)
    spec, status = _part(obj, "spec"), _part(obj, "status")
    last = age(status["lastScheduleTime"], now) if status.get("lastScheduleTime") else NONE
    row = [name, spec.get("schedule"), spec.get("timeZone") or NONE, str(bool(spec.get("suspend")))]
    return [*row, len(status.get("active") or []), last, born]


def _service(obj: Obj, now: datetime) -> Row:
    name, born = _meta(obj, now)
    spec = _part(obj, "spec")
    ports = [
        f"{p['port']}:{p['nodePort']}/{p.get('protocol', 'TCP')}"
        if p.get("nodePort")
        else f"{p['port']}/{p.get('protocol', 'TCP')}"
        for p in spec.get("ports") or []
    ]
    entry = ((_part(obj, "status").get("loadBalancer") or {}).get("ingress") or [{}])[0]
    external = entry.get("ip") or entry.get("hostname") or ("<pending>" if spec.get("type") == "LoadBalancer" else NONE)
    return [
        name,
        spec.get("type"),
        spec.get("clusterIP", NONE),
        external,
        ",".join(ports) or NONE,
        born,
        _selector(spec.get("selector")),
    ]


def _ingress(obj: Obj, now: datetime) -> Row:
    name, born = _meta(obj, now)
    spec = _part(obj, "spec")
    hosts = ",".join(r.get("host") or "*" for r in spec.get("rules") or []) or "*"
    entries = (_part(obj, "status").get("loadBalancer") or {}).get("ingress") or []
    addresses = ",".join(e.get("ip") or e.get("hostname") or "" for e in entries)
    return [name, spec.get("ingressClassName") or NONE, hosts, addresses, "80, 443" if spec.get("tls") else "80", born]


def _node(obj: Obj, now: datetime) -> Row:
    name, born = _meta(obj, now)
    status = _part(obj, "status")
    ready: Obj = next((c for c in status.get("conditions") or [] if c["type"] == "Ready"), {})
    word = "Ready" if ready.get("status") == "True" else "NotReady"
    if _part(obj, "spec").get("unschedulable"):
        word += ",SchedulingDisabled"
    prefix = "node-role.kubernetes.io/"
    roles = sorted(k[len(prefix) :] for k in obj["metadata"].get("labels") or {} if k.startswith(prefix))
    info = status.get("nodeInfo") or {}
    address = next((a["address"] for a in status.get("addresses") or [] if a["type"] == "InternalIP"), NONE)
    row = [name, word, ",".join(roles) or NONE, born, info.get("kubeletVersion")]
    return [*row, address, NONE, info.get("osImage"), info.get("kernelVersion"), info.get("containerRuntimeVersion")]


def _namespace(obj: Obj, now: datetime) -> Row:
    name, born = _meta(obj, now)
    return [name, _part(obj, "status").get("phase", "Active"), born]


def _config_map(obj: Obj, now: datetime) -> Row:
    name, born = _meta(obj, now)
    return [name, len(obj.get("data") or {}) + len(obj.get("binaryData") or {}), born]


def _secret(obj: Obj, now: datetime) -> Row:
    name, born = _meta(obj, now)
    return [name, obj.get("type", "Opaque"), len(obj.get("data") or {}), born]


def _event(obj: Obj, now: datetime) -> Row:
    involved = obj.get("involvedObject") or {}
    last = obj.get("lastTimestamp") or obj.get("eventTime") or obj["metadata"].get("creationTimestamp")
    about = f"{str(involved.get('kind')).lower()}/{involved.get('name')}"
    source = (obj.get("source") or {}).get("component") or obj.get("reportingComponent") or ""
    first = age(obj.get("firstTimestamp") or last, now)
    message = (obj.get("message") or "").strip()
    row = [age(last, now), obj.get("type"), obj.get("reason"), about, involved.get("fieldPath") or "", source]
    return [*row, message, first, obj.get("count", 1), obj["metadata"]["name"]]


def _claim(obj: Obj, now: datetime) -> Row:
    name, born = _meta(obj, now)
    spec, status = _part(obj, "spec"), _part(obj, "status")
    modes = ",".join(
        {"ReadWriteOnce": "RWO", "ReadWriteMany": "RWX", "ReadOnlyMany": "ROX"}.get(m, m)
        for m in spec.get("accessModes") or []
    )
    size = (status.get("capacity") or {}).get("storage", "")
    row = [name, status.get("phase", "Pending"), spec.get("volumeName", ""), size, modes]
    return [*row, spec.get("storageClassName", ""), NONE, born, spec.get("volumeMode", "Filesystem")]


def _quota(obj: Obj, now: datetime) -> Row:
    name, born = _meta(obj, now)
    status = _part(obj, "status")
    hard, used = status.get("hard") or {}, status.get("used") or {}
    request = ", ".join(f"{k}: {used.get(k, 0)}/{v}" for k, v in sorted(hard.items()) if not k.startswith("limits."))
    limit = ", ".join(f"{k}: {used.get(k, 0)}/{v}" for k, v in sorted(hard.items()) if k.startswith("limits."))
    return [name, request, limit, born]


def _autoscaler(obj: Obj, now: datetime) -> Row:
    name, born = _meta(obj, now)
    spec, status = _part(obj, "spec"), _part(obj, "status")
    ref = spec.get("scaleTargetRef") or {}
    targets = []
    current = {m.get("resource", {}).get("name"): m for m in status.get("currentMetrics") or []}
    for metric in spec.get("metrics") or []:
        resource = metric.get("resource") or {}
        goal = (resource.get("target") or {}).get("averageUtilization")
        now_at = ((current.get(resource.get("name")) or {}).get("resource") or {}).get("current") or {}
        targets.append(f"{resource.get('name')}: {now_at.get('averageUtilization', '<unknown>')}%/{goal}%")
    row = [name, f"{ref.get('kind')}/{ref.get('name')}", ", ".join(targets) or "<none>"]
    return [*row, spec.get("minReplicas", NONE), spec.get("maxReplicas"), status.get("currentReplicas", 0), born]


def _budget(obj: Obj, now: datetime) -> Row:
    name, born = _meta(obj, now)
    spec = _part(obj, "spec")
    allowed = _part(obj, "status").get("disruptionsAllowed", 0)
    return [name, str(spec.get("minAvailable", "N/A")), str(spec.get("maxUnavailable", "N/A")), allowed, born]


def _slice(obj: Obj, now: datetime) -> Row:
    name, born = _meta(obj, now)
    ports = ",".join(str(p.get("port")) for p in obj.get("ports") or []) or "<unset>"
    found = [a for e in obj.get("endpoints") or [] for a in e.get("addresses") or []]
    shown = ",".join(found[:3]) + (f" + {len(found) - 3} more..." if len(found) > 3 else "")
    return [name, obj.get("addressType"), ports, shown or "<unset>", born]


def _definition(obj: Obj, now: datetime) -> Row:
    return [obj["metadata"]["name"], obj["metadata"].get("creationTimestamp")]


def _account(obj: Obj, now: datetime) -> Row:
    name, born = _meta(obj, now)
    return [name, len(obj.get("secrets") or []), born]


ROWS: dict[str, tuple[str, Callable[[Obj, datetime], Row]]] = {
    "pods": ("Name|Ready|Status|Restarts|Age|IP/1|Node/1|Nominated Node/1|Readiness Gates/1", _pod),
    "deployments": ("Name|Ready|Up-to-date|Available|Age|Containers/1|Images/1|Selector/1", _deployment),
    "replicasets": ("Name|Desired|Current|Ready|Age|Containers/1|Images/1|Selector/1", _replicaset),
    "statefulsets": ("Name|Ready|Age|Containers/1|Images/1", _statefulset),
    "daemonsets": (
        "Name|Desired|Current|Ready|Up-to-date|Available|Node Selector|Age|Containers/1|Images/1|Selector/1",
        _daemonset,
    ),
    "jobs": ("Name|Status|Completions|Duration|Age|Containers/1|Images/1|Selector/1", _job),
    "cronjobs": ("Name|Schedule|Timezone|Suspend|Active|Last Schedule|Age", _cron_job),
    "services": ("Name|Type|Cluster-IP|External-IP|Port(s)|Age|Selector/1", _service),
    "ingresses": ("Name|Class|Hosts|Address|Ports|Age", _ingress),
    "nodes": (
        "Name|Status|Roles|Age|Version|Internal-IP/1|External-IP/1|OS-Image/1|Kernel-Version/1|Container-Runtime/1",
        _node,
    ),
    "namespaces": ("Name|Status|Age", _namespace),
    "configmaps": ("Name|Data|Age", _config_map),
    "secrets": ("Name|Type|Data|Age", _secret),
    "events": (
        "Last Seen|Type|Reason|Object|Subobject/1|Source/1|Message|First Seen/1|Count/1|Name/1",
        _event,
    ),
    "persistentvolumeclaims": (
        "Name|Status|Volume|Capacity|Access Modes|StorageClass|VolumeAttributesClass|Age|VolumeMode/1",
        _claim,
    ),
    "resourcequotas": ("Name|Request|Limit|Age", _quota),
    "horizontalpodautoscalers": ("Name|Reference|Targets|MinPods|MaxPods|Replicas|Age", _autoscaler),
    "poddisruptionbudgets": ("Name|Min Available|Max Unavailable|Allowed Disruptions|Age", _budget),
    "endpointslices": ("Name|AddressType|Ports|Endpoints|Age", _slice),
    "customresourcedefinitions": ("Name|Created At", _definition),
    "serviceaccounts": ("Name|Secrets|Age", _account),
}
