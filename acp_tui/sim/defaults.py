"""The fields an API server fills in by itself before it stores a built-in object."""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from acp_tui.sim.kinds import Obj


def fill(obj: Obj, *, group: str, plural: str) -> None:
    """Complete a built-in object in place, as the defaulting functions of its API group do."""
    match (group, plural):
        case ("", "pods"):
            pod_spec(obj.setdefault("spec", {}))
        case ("", "services"):
            _service(obj)
        case ("", "secrets"):
            _secret(obj)
        case ("", "namespaces"):
            obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = obj["metadata"]["name"]
            obj.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
        case ("", "persistentvolumeclaims"):
            obj.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
            obj["spec"].setdefault("storageClassName", "standard")
        case ("apps", "deployments" | "replicasets" | "statefulsets" | "daemonsets"):
            _workload(obj["spec"], plural)
        case ("batch", "jobs"):
            _job(obj["spec"])
            _job_identity(obj)
        case ("batch", "cronjobs"):
            _cron_job(obj["spec"])
        case ("autoscaling", "horizontalpodautoscalers"):
            obj["spec"].setdefault("minReplicas", 1)
        case ("networking.k8s.io", "ingresses"):
            _ingress(obj["spec"])
        case _:
            return


def _secret(obj: Obj) -> None:
    obj.setdefault("type", "Opaque")
    for key, text in (obj.pop("stringData", None) or {}).items():
        obj.setdefault("data", {})[key] = base64.b64encode(text.encode()).decode()


def _ingress(spec: Obj) -> None:
    for rule in spec.get("rules") or []:
        for path in (rule.get("http") or {}).get("paths") or []:
            path.setdefault("pathType", "ImplementationSpecific")


def _defaults(target: Obj, **values: Any) -> None:
    for key, value in values.items():
        target.setdefault(key, value)


def pod_spec(spec: Obj) -> None:
    """Complete a pod's or a template's spec."""
    _defaults(
        spec,
        restartPolicy="Always",
        dnsPolicy="ClusterFirst",
        schedulerName="default-scheduler",
        securityContext={},
        terminationGracePeriodSeconds=30,
    )
    if "serviceAccountName" in spec:
        spec.setdefault("serviceAccount", spec["serviceAccountName"])
    for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
        image = container.get("image", "")
        latest = image.endswith(":latest") or ":" not in image.rpartition("/")[2]
        _defaults(
            container,
            imagePullPolicy="Always" if latest else "IfNotPresent",
            resources={},
            terminationMessagePath="/dev/termination-log",
            terminationMessagePolicy="File",
        )
        resources = container["resources"] or {}
        for name, amount in (resources.get("limits") or {}).items():
            resources.setdefault("requests", {}).setdefault(name, amount)
        for port in container.get("ports") or []:
            port.setdefault("protocol", "TCP")
        for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
            if container.get(probe):
                _defaults(container[probe], timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
                if "httpGet" in container[probe]:
                    container[probe]["httpGet"].setdefault("scheme", "HTTP")
    for volume in spec.get("volumes") or []:
        for source in ("configMap", "secret"):
            if source in volume:
                volume[source].setdefault("defaultMode", 420)


def _workload(spec: Obj, plural: str) -> None:
    pod_spec(spec.setdefault("template", {}).setdefault("spec", {}))
    if plural != "daemonsets":
        spec.setdefault("replicas", 1)
    if plural == "deployments":
        _defaults(spec, revisionHistoryLimit=10, progressDeadlineSeconds=600, strategy={"type": "RollingUpdate"})
        spec["strategy"].setdefault("type", "RollingUpdate")
        if spec["strategy"]["type"] == "RollingUpdate":
            spec["strategy"].setdefault("rollingUpdate", {})
            _defaults(spec["strategy"]["rollingUpdate"], maxSurge="25%", maxUnavailable="25%")
    elif plural == "statefulsets":
        _defaults(
            spec,
            podManagementPolicy="OrderedReady",
            revisionHistoryLimit=10,
            updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
        )
    elif plural == "daemonsets":
        _defaults(
            spec,
            revisionHistoryLimit=10,
            updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
        )


def _job(spec: Obj) -> None:
    _defaults(
        spec,
        backoffLimit=6,
        completions=1,
        parallelism=1,
        completionMode="NonIndexed",
        suspend=False,
        manualSelector=False,
        podReplacementPolicy="TerminatingOrFailed",
    )
    pod_spec(spec.setdefault("template", {}).setdefault("spec", {}))


def _job_identity(obj: Obj) -> None:
    """A Job finds its pods by its own uid."""
    meta, spec = obj["metadata"], obj["spec"]
    if "selector" in spec or "uid" not in meta:
        return
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": meta["uid"]}}
    labels = spec["template"].setdefault("metadata", {}).setdefault("labels", {})
    for prefix in ("", "batch.kubernetes.io/"):
        labels[f"{prefix}controller-uid"] = meta["uid"]
        labels[f"{prefix}job-name"] = meta["name"]


def _cron_job(spec: Obj) -> None:
    _defaults(spec, concurrencyPolicy="Allow", suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1)
    _job(spec.setdefault("jobTemplate", {}).setdefault("spec", {}))


def _service(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    _defaults(
        spec,
        type="ClusterIP",
        sessionAffinity="None",
        internalTrafficPolicy="Cluster",
        ipFamilies=["IPv4"],
        ipFamilyPolicy="SingleStack",
    )
    if spec["type"] != "ExternalName" and "clusterIP" not in spec:
        spec["clusterIP"] = _address("10.96", obj)
    if "clusterIP" in spec:
        spec.setdefault("clusterIPs", [spec["clusterIP"]])
    for port in spec.get("ports") or []:
        port.setdefault("protocol", "TCP")
        port.setdefault("targetPort", port.get("port"))
        if spec["type"] in ("NodePort", "LoadBalancer"):
            port.setdefault("nodePort", 30000 + zlib.crc32(obj["metadata"]["name"].encode()) % 2768)


def _address(prefix: str, obj: Obj) -> str:
    meta = obj["metadata"]
    number = zlib.crc32(f"{meta.get('namespace')}/{meta['name']}".encode())
    return f"{prefix}.{number >> 8 & 255}.{(number & 255) or 1}"
