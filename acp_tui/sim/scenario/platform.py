"""What every cluster of the fleet has besides its applications: nodes, system pods, definitions, tenants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acp_tui.sim.bootstrap import namespace
from acp_tui.sim.scenario.catalog import PROJECTS, releases
from acp_tui.sim.scenario.history import DAY, HOUR, stamp
from acp_tui.sim.scenario.quotas import fullness, project_cap

if TYPE_CHECKING:
    from collections.abc import Iterable

    from acp_tui.sim.kinds import Obj
    from acp_tui.sim.scenario.plant import Planter

SYSTEM = "cpaas-system"
_PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure")
# group, versions (storage first), kind, plural, scope, short names, columns
_DEFINITIONS: tuple[tuple[str, str, str, str, str, str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "app.k8s.io",
        "v1beta1",
        "Application",
        "applications",
        "Namespaced",
        "app",
        (("State", "string", ".status.state"), ("Ready", "string", ".status.componentsReady")),
    ),
    (
        "app.k8s.io",
        "v1beta1",
        "ApplicationHistory",
        "applicationhistories",
        "Namespaced",
        "",
        (
            ("Revision", "integer", ".spec.revision"),
            ("User", "string", ".spec.user"),
            ("Cause", "string", ".spec.changeCause"),
        ),
    ),
    (
        "app.alauda.io",
        "v1alpha1",
        "Release",
        "releases",
        "Namespaced",
        "rel",
        (("Status", "string", ".status.status"),),
    ),
    (
        "app.alauda.io",
        "v1 v1alpha1",
        "HelmRequest",
        "helmrequests",
        "Namespaced",
        "hr hrs",
        (
            ("Chart", "string", ".spec.chart"),
            ("Version", "string", ".spec.version"),
            ("Namespace", "string", ".spec.namespace"),
            ("AllCluster", "boolean", ".spec.installToAllClusters"),
            ("Phase", "string", ".status.phase"),
        ),
    ),
)
_GLOBAL_DEFINITIONS: tuple[tuple[str, str, str, str, str, str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "app.alauda.io",
        "v1beta1 v1alpha1",
        "ChartRepo",
        "chartrepos",
        "Namespaced",
        "ctr",
        (("URL", "string", ".spec.url"), ("Phase", "string", ".status.phase")),
    ),
    ("app.alauda.io", "v1beta1 v1alpha1", "Chart", "charts", "Namespaced", "", ()),
    ("auth.alauda.io", "v1", "Project", "projects", "Cluster", "", (("Status", "string", ".status.phase"),)),
    (
        "operator.alauda.io",
        "v1alpha1",
        "AppRelease",
        "appreleases",
        "Namespaced",
        "ar ars",
        (
            ("Sync", "string", '.status.conditions[?(@.type=="Sync")].reason'),
            ("Health", "string", '.status.conditions[?(@.type=="Health")].reason'),
        ),
    ),
    ("clusterregistry.k8s.io", "v1alpha1", "Cluster", "clusters", "Namespaced", "", ()),
    (
        "platform.tkestack.io",
        "v1",
        "Cluster",
        "clusters",
        "Cluster",
        "",
        (
            ("Type", "string", ".spec.type"),
            ("Version", "string", ".status.version"),
            ("Status", "string", ".status.phase"),
        ),
    ),
)


def plant_definitions(planter: Planter, *, is_global: bool) -> None:
    """The custom kinds of the platform, served from the first request on."""
    for group, versions, kind, plural, scope, short, columns in (
        *_DEFINITIONS,
        *(_GLOBAL_DEFINITIONS if is_global else ()),
    ):
        names: Obj = {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"}
        if short:
            names["shortNames"] = short.split()
        listed = [
            {
                "name": version,
                "served": True,
                "storage": i == 0,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                "subresources": {"status": {}}
                if kind in ("Application", "HelmRequest", "AppRelease", "Project")
                else {},
                "additionalPrinterColumns": [{"name": n, "type": t, "jsonPath": p} for n, t, p in columns],
            }
            for i, version in enumerate(versions.split())
        ]
        crd: Obj = {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{group}"},
            "spec": {"group": group, "names": names, "scope": scope, "versions": listed},
            "status": {
                "acceptedNames": names,
                "storedVersions": [listed[0]["name"]],
                "conditions": [
                    {
                        "type": "NamesAccepted",
                        "status": "True",
                        "reason": "NoConflicts",
                        "lastTransitionTime": stamp(planter.now - 300 * DAY),
                    },
                    {
                        "type": "Established",
                        "status": "True",
                        "reason": "InitialNamesAccepted",
                        "lastTransitionTime": stamp(planter.now - 300 * DAY),
                    },
                ],
            },
        }
        planter.put(crd, born=planter.now - 300 * DAY)


def plant_nodes(planter: Planter, *, workers: int, cores: int = 32, gib: int = 128) -> list[str]:
    """Three control-plane nodes and the workers; returns the workers' names."""
    name = planter.cluster.name
    names = [f"{name}-cp-{i}" for i in range(1, 4)] + [f"{name}-w-{i:02}" for i in range(1, workers + 1)]
    for i, node in enumerate(names):
        is_control = "-cp-" in node
        labels = {"kubernetes.io/hostname": node, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
        if is_control:
            labels["node-role.kubernetes.io/control-plane"] = ""
        pressed = name == "prod-east" and node.endswith("w-17")
        planter.put(
            _node(planter, node, i, labels, cores=cores, gib=gib, pressed=pressed), born=planter.now - 280 * DAY
        )
    workers_only = [n for n in names if "-cp-" not in n] or names
    planter.use_nodes(workers_only)
    return names


def _node(
    planter: Planter, name: str, number: int, labels: dict[str, str], *, cores: int, gib: int, pressed: bool
) -> Obj:
    beat, since = stamp(planter.now - 20), stamp(planter.now - 40 * DAY)
    conditions = [
        {
            "type": kind,
            "status": "True" if pressed and kind == "MemoryPressure" else "False",
            "reason": "KubeletHasInsufficientMemory" if pressed and kind == "MemoryPressure" else f"KubeletHasNo{kind}",
            "message": f"kubelet reports {kind}" if pressed and kind == "MemoryPressure" else "",
            "lastHeartbeatTime": beat,
            "lastTransitionTime": stamp(planter.now - 2 * HOUR) if pressed else since,
        }
        for kind in _PRESSURES
    ]
    conditions.append(
        {
            "type": "Ready",
            "status": "True",
            "reason": "KubeletReady",
            "message": "kubelet is posting ready status",
            "lastHeartbeatTime": beat,
            "lastTransitionTime": since,
        }
    )
    room = {"cpu": str(cores), "memory": f"{gib}Gi", "pods": "110", "ephemeral-storage": "200Gi"}
    node: Obj = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {"podCIDR": f"10.{128 + number // 256}.{number % 256}.0/24"},
        "status": {
            "capacity": room,
            "allocatable": {**room, "cpu": f"{cores * 1000 - 500}m", "memory": f"{gib - 2}Gi"},
            "conditions": conditions,
            "addresses": [
                {"type": "InternalIP", "address": f"10.0.{number // 250}.{number % 250 + 10}"},
                {"type": "Hostname", "address": name},
            ],
            "nodeInfo": {
                "kubeletVersion": planter.cluster.version,
                "kubeProxyVersion": planter.cluster.version,
                "osImage": "Alauda OS 4.2",
                "kernelVersion": "5.14.0-503.el9.x86_64",
                "containerRuntimeVersion": "containerd://2.0.5",
                "operatingSystem": "linux",
                "architecture": "amd64",
                "machineID": f"{number:032x}",
                "systemUUID": f"{number:032x}",
                "bootID": f"{number:032x}",
            },
        },
    }
    if pressed:
        node["spec"]["taints"] = [{"key": "node.kubernetes.io/memory-pressure", "effect": "NoSchedule"}]
    return node


def _workload(kind: str, name: str, where: str, image: str, *, replicas: int = 1) -> Obj:
    requests = {"cpu": "50m", "memory": "64Mi"}
    container = {"name": name, "image": f"registry/{image}", "env": [], "resources": {"requests": requests}}
    labels = {"app": name}
    spec: Obj = {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    }
    if kind == "Deployment":
        spec["replicas"] = replicas
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": where, "labels": labels},
        "spec": spec,
    }


def plant_system(planter: Planter, nodes: list[str], *, is_global: bool) -> None:
    """kube-system and cpaas-system."""
    old = planter.now - 120 * DAY
    planter.put(namespace(SYSTEM), born=planter.now - 300 * DAY)
    for name, image in (
        ("kube-proxy", "kube-proxy:v1.33.7"),
        ("kube-ovn-cni", "kube-ovn:1.14.5"),
        ("nevermore", "nevermore:4.2.0"),
    ):
        planter.daemonset(_workload("DaemonSet", name, "kube-system", image), nodes, born=old)
    parts = [
        ("coredns", "kube-system", "coredns:1.12.1", 2),
        ("metis", SYSTEM, "metis:4.2.0", 2),
        ("warlock", SYSTEM, "warlock:4.2.0", 1),
    ]
    parts += [
        ("alb-controller", SYSTEM, "alb2:4.2.0", 2),
        ("prometheus", SYSTEM, "prometheus:3.5.0", 1),
        ("sentry", SYSTEM, "sentry:4.2.0", 1),
    ]
    if is_global:
        parts += [(n, SYSTEM, f"{n}:4.2.0", 2) for n in ("archon", "captain", "courier", "erebus", "icarus", "dex")]
    for name, where, image, replicas in parts:
        planter.deployment(
            _workload("Deployment", name, where, image, replicas=replicas),
            born=old,
            rolled=old,
            revision=1,
            manager="platform",
        )
    info = {
        "clusterName": planter.cluster.name,
        "platformURL": planter.cluster.spec.platform,
        "systemNamespace": SYSTEM,
    }
    planter.put(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "global-info", "namespace": "kube-public"},
            "data": info,
        },
        born=old,
    )


def plant_tenants(planter: Planter, rows: Iterable[tuple[str, str]]) -> None:
    """The namespaces of the projects: pairs of namespace and project."""
    for name, project in dict(rows).items():
        space = namespace(name)
        space["metadata"]["labels"] |= {"cpaas.io/project": project, "cpaas.io/cluster": planter.cluster.name}
        space["metadata"]["annotations"] = {"cpaas.io/display-name": PROJECTS.get(project, project)}
        planter.put(space, born=planter.now - 250 * DAY)
        for account in ("default", "builder"):
            planter.put(
                {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account, "namespace": name}},
                born=planter.now - 250 * DAY,
            )


def plant_viewer(planter: Planter, namespaces: Iterable[str]) -> None:
    """Rights of the restricted user: nodes and namespaces everywhere, the rest in these namespaces only."""
    subject = [{"kind": "User", "name": "viewer", "apiGroup": "rbac.authorization.k8s.io"}]

    def binding(kind: str, role: str, **meta: str) -> Obj:
        ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
        head = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": kind,
            "metadata": {"name": f"viewer-{role}", **meta},
        }
        return {**head, "roleRef": ref, "subjects": subject}

    planter.put(binding("ClusterRoleBinding", "fleet-reader"), born=planter.now - 100 * DAY)
    for name in namespaces:
        planter.put(binding("RoleBinding", "view", namespace=name), born=planter.now - 100 * DAY)


def plant_projects(planter: Planter, clusters: list[str], *, seed: int, scale: float) -> None:
    """Projects with a cap a cluster, as the global cluster keeps them; no namespace is promised more than that."""
    for project, title in PROJECTS.items():
        listed = []
        for cluster in clusters:
            rows = [d for d in releases(cluster) if d.project == project]
            if rows:
                spaces = {d.namespace for d in rows}
                share = min(full for space, full in fullness(cluster, seed=seed).items() if space in spaces)
                listed.append({"name": cluster, "type": "", "quota": project_cap(rows, fullness=share, scale=scale)})
        body: Obj = {
            "apiVersion": "auth.alauda.io/v1",
            "kind": "Project",
            "metadata": {
                "name": project,
                "labels": {"cpaas.io/project.level": "1", "cpaas.io/project-name": project},
                "annotations": {"cpaas.io/display-name": title},
            },
            "spec": {"clusterDeletePolicy": "Retain", "clusters": listed},
            "status": {"phase": "Active"},
        }
        planter.put(body, born=planter.now - 260 * DAY)
