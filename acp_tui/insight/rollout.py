"""How a workload exchanges its pods, and what that takes of a quota at its peak and in the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from msgspec import Struct

from acp_tui.model.quantity import parse

Usage = dict[str, Fraction]
"""Quantities by the name a quota has for them; `pods` is 1 for one pod."""

_COMPUTE = ("cpu", "memory", "ephemeral-storage")


class Pace(Struct, frozen=True):
    """Pods above (`surge`) and below (`unavailable`) the wanted number while a workload rolls; `words` for people."""

    surge: int = 0
    unavailable: int = 1
    words: str = ""


class Rollout(Struct, frozen=True):
    """One workload before and after: how many pods of which use, and how it goes from one to the other."""

    old_pods: int
    old: Usage
    new_pods: int
    new: Usage
    pace: Pace = Pace()


class Need(Struct, frozen=True):
    """What is needed on top of what is used now, by resource: `end` for good, `peak` at most on the way."""

    end: Usage
    peak: Usage


def pace_of(body: Mapping[str, Any], pods: int) -> Pace:
    """How many pods are exchanged at a time; percentages round as the controllers do (surge up, unavailable down).

    Source: k8s.io/kubernetes pkg/controller/deployment/util ResolveFenceposts, defaults of apps/v1.
    """
    spec = _mapping(body.get("spec"))
    kind = body.get("kind")
    if kind == "Deployment":
        return _deployment(_mapping(spec.get("strategy")), pods)
    strategy = _mapping(spec.get("updateStrategy"))
    if strategy.get("type") == "OnDelete":
        return Pace(0, 0, "not by themselves: when somebody deletes them")
    rolling = _mapping(strategy.get("rollingUpdate"))
    if kind == "StatefulSet":
        at_once = max(1, _share(rolling.get("maxUnavailable", 1), pods, up=True))
        return Pace(0, at_once, _at_a_time(at_once, pods))
    if kind == "DaemonSet":
        surge = _share(rolling.get("maxSurge", 0), pods, up=True)
        gone = _share(rolling.get("maxUnavailable", 0 if surge else 1), pods, up=True)
        return Pace(surge, gone, _at_a_time(max(1, gone + surge), pods))
    return Pace()


def pod_use(spec: Mapping[str, Any]) -> Usage:
    """What one pod counts for: its largest phase (all containers, or one init container beside the sidecars so far)."""
    use: Usage = {"pods": Fraction(1)}
    for part in ("requests", "limits"):
        for resource in _COMPUTE:
            total = _phase(spec, part, resource)
            if total is not None:
                use[f"{part}.{resource}"] = total
    return use


def need_of(rollouts: Iterable[Rollout]) -> Need:
    """The sum over workloads that roll at the same time."""
    end: Usage = {}
    peak: Usage = {}
    for rollout in rollouts:
        for resource in {*rollout.old, *rollout.new}:
            old, new = rollout.old.get(resource, Fraction(0)), rollout.new.get(resource, Fraction(0))
            lasting = rollout.new_pods * new - rollout.old_pods * old
            first = rollout.pace.surge * new
            end[resource] = end.get(resource, Fraction(0)) + lasting
            peak[resource] = peak.get(resource, Fraction(0)) + max(lasting, first)
    return Need(end=end, peak=peak)


def _deployment(strategy: Mapping[str, Any], pods: int) -> Pace:
    if strategy.get("type") == "Recreate":
        return Pace(0, pods, "all at once, the old ones first")
    rolling = _mapping(strategy.get("rollingUpdate"))
    surge = _share(rolling.get("maxSurge", "25%"), pods, up=True)
    gone = _share(rolling.get("maxUnavailable", "25%"), pods, up=False)
    if not surge and not gone:
        gone = 1
    return Pace(surge, gone, _at_a_time(surge + gone, pods))


def _at_a_time(number: int, pods: int) -> str:
    return "all at once" if number >= pods > 1 else f"{number} at a time"


def _share(value: Any, pods: int, *, up: bool) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = str(value)
    if not text.endswith("%") or not text[:-1].isdecimal():
        return int(text) if text.isdecimal() else 0
    exact = Fraction(int(text[:-1]) * pods, 100)
    return -int(-exact // 1) if up else int(exact // 1)


def _phase(spec: Mapping[str, Any], part: str, resource: str) -> Fraction | None:
    """The effective amount of one resource; None where no container names it."""
    running = _amounts(spec.get("containers"), part, resource)
    sidecars: list[Fraction] = []
    largest: list[Fraction] = []
    for container in _list(spec.get("initContainers")):
        found = _amount(container, part, resource)
        if found is None:
            continue
        if container.get("restartPolicy") == "Always":
            sidecars.append(found)
        else:
            largest.append(found + sum(sidecars, Fraction(0)))
    if not running and not sidecars and not largest:
        return None
    overhead = parse(_mapping(spec.get("overhead")).get(resource)) or Fraction(0)
    return max(sum((*running, *sidecars), Fraction(0)), *largest, Fraction(0)) + overhead


def _amounts(containers: Any, part: str, resource: str) -> list[Fraction]:
    found = (_amount(container, part, resource) for container in _list(containers))
    return [amount for amount in found if amount is not None]


def _amount(container: Mapping[str, Any], part: str, resource: str) -> Fraction | None:
    resources = _mapping(container.get("resources"))
    amount = parse(_mapping(resources.get(part)).get(resource))
    if amount is None and part == "requests":
        # A limit alone is a request of the same size.
        amount = parse(_mapping(resources.get("limits")).get(resource))
    return amount


def _list(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
