"""ResourceQuota and LimitRange: what a namespace may still take, and the admission that refuses the rest."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from acp_tui.sim import quantity
from acp_tui.sim.answers import forbidden

if TYPE_CHECKING:
    from collections.abc import Iterable

    from acp_tui.sim.kinds import Obj, ResourceType
    from acp_tui.sim.store import Store, Stored

Usage = dict[str, Fraction]
PODS = ("", "pods")
QUOTAS = ("", "resourcequotas")
_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_PLAIN = frozenset({"services", "secrets", "configmaps", "persistentvolumeclaims", "replicationcontrollers", "pods"})


def usage_of(obj: Obj, resource: ResourceType) -> Usage:
    """What one object takes out of a quota, by quota key."""
    used: Usage = {f"count/{resource.qualified}": Fraction(1)}
    if resource.group == "" and resource.plural in _PLAIN:
        used[resource.plural] = Fraction(1)
    spec = obj.get("spec") or {}
    if resource.key == PODS:
        if (obj.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            return {f"count/{resource.qualified}": Fraction(1)}
        used |= _pod_usage(spec)
    elif resource.plural == "persistentvolumeclaims":
        storage = quantity.parse(((spec.get("resources") or {}).get("requests") or {}).get("storage"))
        used["requests.storage"] = storage
        if spec.get("storageClassName"):
            used[f"{spec['storageClassName']}.storageclass.storage.k8s.io/requests.storage"] = storage
    elif resource.plural == "services":
        kind = spec.get("type")
        if kind == "LoadBalancer":
            used["services.loadbalancers"] = Fraction(1)
        if kind in ("LoadBalancer", "NodePort"):
            used["services.nodeports"] = Fraction(len(spec.get("ports") or []))
    return used


def _pod_usage(spec: Obj) -> Usage:
    """Sum of the containers, or the largest ordinary init container where that is more."""
    used: Usage = {}
    for side in ("requests", "limits"):
        total: Usage = {}
        for container in spec.get("containers") or []:
            for name, amount in ((container.get("resources") or {}).get(side) or {}).items():
                total[name] = total.get(name, Fraction(0)) + quantity.parse(amount)
        for container in spec.get("initContainers") or []:
            for name, amount in ((container.get("resources") or {}).get(side) or {}).items():
                total[name] = max(total.get(name, Fraction(0)), quantity.parse(amount))
        for name, value in total.items():
            used[f"{side}.{name}"] = value
            if side == "requests" and name in _COMPUTE:
                used[name] = value
    return used


def _memo_usage(stored: Stored, resource: ResourceType) -> Usage:
    if stored.memo is None:
        stored.memo = usage_of(stored.obj(), resource)
    assert isinstance(stored.memo, dict)  # noqa: S101 -- only this function fills the memo of counted kinds
    return stored.memo


def in_use(store: Store, namespace: str, hard: Iterable[str], kinds: Iterable[ResourceType]) -> Usage:
    """What the namespace takes at this moment of each quota key in `hard`."""
    wanted = {key: Fraction(0) for key in hard}
    for resource in kinds:
        if not resource.namespaced or not _counted(resource, wanted):
            continue
        for stored in store.all(resource.key, namespace):
            for key, value in _memo_usage(stored, resource).items():
                if key in wanted:
                    wanted[key] += value
    return wanted


def _counted(resource: ResourceType, wanted: Usage) -> bool:
    if f"count/{resource.qualified}" in wanted or (resource.group == "" and resource.plural in wanted):
        return True
    if resource.key == PODS:
        return any(key.startswith(("requests.", "limits.")) or key in _COMPUTE for key in wanted)
    if resource.key == ("", "persistentvolumeclaims"):
        return any("storage" in key for key in wanted)
    return resource.key == ("", "services") and any(key.startswith("services.") for key in wanted)


def admit(store: Store, obj: Obj, resource: ResourceType, kinds: Iterable[ResourceType]) -> None:
    """Refuse an object that does not fit every quota of its namespace, in Kubernetes' words."""
    namespace = obj["metadata"].get("namespace", "")
    quotas = list(store.all(QUOTAS, namespace)) if namespace else []
    if not quotas:
        return
    asked = usage_of(obj, resource)
    shown_name = obj["metadata"].get("name") or obj["metadata"].get("generateName", "")
    for stored in quotas:
        quota = stored.obj()
        hard = (quota.get("spec") or {}).get("hard") or {}
        if resource.key == PODS and (missing := _unstated(obj, hard)):
            raise forbidden(resource, shown_name, f"failed quota: {stored.name}: must specify {missing}")
        relevant = sorted(key for key in hard if asked.get(key))
        if not relevant:
            continue
        used = in_use(store, namespace, relevant, kinds)
        over = [key for key in relevant if used[key] + asked[key] > quantity.parse(hard[key])]
        if over:

            def listed(values: dict[str, str], keys: list[str] = over) -> str:
                return ",".join(f"{key}={values[key]}" for key in keys)

            wanted = listed({key: quantity.show(asked[key], key) for key in over})
            now = listed({key: quantity.show(used[key], key) for key in over})
            limit = listed({key: str(hard[key]) for key in over})
            raise forbidden(
                resource,
                shown_name,
                f"exceeded quota: {stored.name}, requested: {wanted}, used: {now}, limited: {limit}",
            )


def _unstated(pod: Obj, hard: Obj) -> str:
    """Compute keys a quota counts and some container says nothing about."""
    missing: list[str] = []
    for key in sorted(hard):
        side, _, name = key.rpartition(".")
        side = side or "requests"
        if name not in _COMPUTE or side not in ("requests", "limits"):
            continue
        silent = [
            container["name"]
            for container in pod["spec"].get("containers") or []
            if name not in ((container.get("resources") or {}).get(side) or {})
        ]
        if silent:
            missing.append(f"{key} for: {','.join(silent)}")
    return "; ".join(missing)


def fill_from_limit_ranges(store: Store, pod: Obj) -> None:
    """Give containers the defaults of the namespace's LimitRanges, before any quota counts them."""
    for stored in store.all(("", "limitranges"), pod["metadata"].get("namespace", "")):
        for limit in stored.obj().get("spec", {}).get("limits") or []:
            if limit.get("type") != "Container":
                continue
            for container in pod["spec"].get("containers") or []:
                resources = container.setdefault("resources", {})
                for side, source in (("limits", "default"), ("requests", "defaultRequest")):
                    for name, amount in (limit.get(source) or {}).items():
                        resources.setdefault(side, {}).setdefault(name, amount)
