"""ResourceQuotas and LimitRanges of the tenants, sized by what runs there."""

from __future__ import annotations

import random
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from acp_tui.sim import quota
from acp_tui.sim.quantity import show
from acp_tui.sim.scenario.catalog import releases
from acp_tui.sim.scenario.history import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from acp_tui.sim.kinds import Obj
    from acp_tui.sim.scenario.catalog import Deployed
    from acp_tui.sim.scenario.plant import Planter

_KEYS = ("requests.cpu", "requests.memory", "limits.memory", "pods", "persistentvolumeclaims", "services")
_LEAST = {"persistentvolumeclaims": 20, "services": 40, "pods": 20}
_FULLEST = {"prod-east": 0.82, "prod-west": 0.74, "staging": 0.68}
_TIGHT = ("prod-east", "shop")
_SLACK = 1.25  # a project's cap over what its namespaces are promised


def fullness(cluster: str, *, seed: int) -> dict[str, float]:
    """How full (of cores) the quota of each tenant namespace of a cluster is."""
    rng = random.Random(f"{seed}/{cluster}/quotas")  # noqa: S311 -- scenery
    top = _FULLEST.get(cluster, 0.40)
    shares = {space: top * rng.uniform(0.5, 1.0) for space in sorted({d.namespace for d in releases(cluster)})}
    return {space: 0.91 if (cluster, space) == _TIGHT else share for space, share in shares.items()}


def project_cap(rows: Iterable[Deployed], *, fullness: float, scale: float) -> dict[str, str]:
    """What a project may promise its namespaces in one cluster, a little more than it does."""
    tenants = list(rows)
    cores = sum(d.replicas * d.cpu for d in tenants) * scale / 1000 / fullness
    memory = sum(d.replicas * d.memory for d in tenants) * scale / 1024 / fullness / 0.8
    pods = sum(d.replicas for d in tenants) * scale / fullness / 0.8
    return {
        "requests.cpu": str(ceil(cores * _SLACK) + 4),
        "requests.memory": f"{ceil(memory * _SLACK) + 4}Gi",
        "limits.memory": f"{ceil(memory * _SLACK) * 2 + 8}Gi",
        "pods": str(ceil(pods * _SLACK) + 20),
    }


def _round(value: Fraction, key: str) -> Fraction:
    """To a tenth of a core, half a GiB, or a whole number."""
    step = Fraction(1, 10) if "cpu" in key else Fraction(2**29) if "memory" in key else Fraction(1)
    return ceil(value / step) * step


def plant_quota(planter: Planter, namespace: str, *, fullness: float) -> None:
    """A quota `default` that is this full (of cores), and the LimitRange that goes with it."""
    store, kinds = planter.cluster.store, planter.cluster.kinds
    used = quota.in_use(store, namespace, _KEYS, kinds)
    hard = {}
    for key in _KEYS:
        share = Fraction(str(fullness if key == "requests.cpu" else fullness * 0.8))
        hard[key] = show(max(_round(used[key] / share, key), Fraction(_LEAST.get(key, 1))), key)
    body: Obj = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "default", "namespace": namespace},
        "spec": {"hard": hard},
        "status": {"hard": hard, "used": {key: show(used[key], key) for key in _KEYS}},
    }
    planter.put(body, born=planter.now - 200 * DAY)
    limit = {"type": "Container", "default": {"memory": "512Mi"}, "defaultRequest": {"cpu": "50m", "memory": "128Mi"}}
    ranges: Obj = {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": {"name": "default", "namespace": namespace},
        "spec": {"limits": [limit]},
    }
    planter.put(ranges, born=planter.now - 200 * DAY)
