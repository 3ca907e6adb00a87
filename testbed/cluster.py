"""One cluster of the bed: its files, its five processes, and plain requests to its API server."""

from __future__ import annotations

import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import trustme
import yaml

from testbed.process import BedError, Process, free_port

HERE = Path(__file__).resolve().parent
ADMIN_TOKEN = "bed-admin"
RESTRICTED_TOKEN = "bed-restricted"
# No cloud, no pod network and no load balancers here; the node life-cycle controller must stay, because it is the
# one that takes the not-ready taint off new nodes.
CONTROLLERS = "*,-node-ipam-controller,-cloud-node-lifecycle-controller,-service-lb-controller,-node-route-controller"
NODE = {"cpu": "16", "memory": "64Gi", "pods": "250"}


@dataclass(frozen=True, slots=True)
class Ports:
    """Loopback ports of one cluster."""

    api: int
    controllers: int
    scheduler: int
    kubelet: int


class Cluster:
    """An API server with real controllers and a scheduler, on nodes whose kubelets are played by kwok.

    Pods behave as their label `bed.acp-tui/behaviour` says (see stages.yaml); without it they are ready at once.
    Every pod's log is the file `log`.
    """

    def __init__(self, name: str, *, folder: Path, binaries: Path, etcd: str, nodes: int, taken: set[int]) -> None:
        self.name = name
        self.folder = folder
        self.log = folder / "pod.log"
        self.ca = folder / "ca.crt"
        self.nodes = tuple(f"{name}-node-{number}" for number in range(1, nodes + 1))
        self._ports = Ports(*(free_port(taken) for _ in range(4)))
        self.server = f"https://127.0.0.1:{self._ports.api}"
        self._authority = trustme.CA()
        folder.mkdir(parents=True)
        self._write_files()
        trust = ssl.create_default_context(cafile=str(self.ca))
        # Loopback servers are reached directly, whatever proxy the environment names.
        self._http = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
        )
        self.api = self._process("kube-apiserver", binaries, self._api_flags(etcd))
        self._others = (
            self._process("kube-controller-manager", binaries, self._controller_flags()),
            self._process("kube-scheduler", binaries, self._scheduler_flags()),
            self._process("kwok", binaries, self._kwok_flags()),
        )

    @property
    def processes(self) -> tuple[Process, ...]:
        return (*reversed(self._others), self.api)

    def start_controllers(self) -> None:
        """Start everything beside the API server, and create the nodes; the API server must be ready."""
        for process in self._others:
            process.start()
        for node in self.nodes:
            self.request("POST", "/api/v1/nodes", _node(node))
        self.request("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", _RESTRICTED)

    def api_ready(self) -> bool:
        self.api.check()
        try:
            self.request("GET", "/readyz")
        except (BedError, OSError):
            return False
        return True

    def nodes_ready(self) -> bool:
        """Whether pods can be scheduled: every node is Ready and free of taints, and `default` exists."""
        for process in self._others:
            process.check()
        try:
            self.request("GET", "/api/v1/namespaces/default")
        except BedError:
            return False
        nodes = self.request("GET", "/api/v1/nodes")["items"]
        return all(not node["spec"].get("taints") and _is_ready(node) for node in nodes)

    def request(self, method: str, path: str, body: object = None, *, timeout: float = 10.0) -> Any:
        """The decoded answer of the API server to the administrator; BedError for an answer of 400 or more."""
        data = None if body is None else json.dumps(body).encode()
        headers = {
            "Authorization": f"Bearer {ADMIN_TOKEN}",
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        request = urllib.request.Request(self.server + path, data, headers, method=method)
        try:
            with self._http.open(request, timeout=timeout) as answer:
                payload = answer.read()
        except urllib.error.HTTPError as error:
            raise BedError(f"{method} {self.server}{path}: {error.code} {error.read().decode()[:500]}") from error
        return json.loads(payload) if payload[:1] in (b"{", b"[") else payload.decode()

    def wait(self, what: str, condition: Callable[[], bool], timeout: float = 60.0) -> None:
        """Poll `condition` until it holds; BedError names `what` after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                raise BedError(f"{self.name}: {what} did not happen within {timeout:.0f} s; logs are in {self.folder}")
            time.sleep(0.05)

    def restart_api(self) -> None:
        """Start the API server again after `api.kill()`, on the same port with the same data."""
        self.api.start()
        self.wait("the API server's return", self.api_ready)

    def write_log(self, text: str) -> None:
        """Append lines to the log that every pod of this cluster shows; those who follow it see them at once."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000000000Z", time.gmtime())
        with self.log.open("a") as out:
            out.writelines(f"{stamp} stdout F {line}\n" for line in text.splitlines())

    def client_certificate(self, user: str, group: str, *, not_after: datetime | None = None) -> tuple[bytes, bytes]:
        """PEM certificate and key that this cluster takes as `user` of `group`; already expired if you say so."""
        leaf = self._authority.issue_cert(user, common_name=user, organization_name=group, not_after=not_after)
        return b"".join(blob.bytes() for blob in leaf.cert_chain_pems), leaf.private_key_pem.bytes()

    def _process(self, program: str, binaries: Path, flags: tuple[str, ...]) -> Process:
        return Process(
            f"{program} of {self.name}", (str(binaries / program), *flags), log=self.folder / f"{program}.log"
        )

    def _write_files(self) -> None:
        self._authority.cert_pem.write_to_path(self.ca)
        server = self._authority.issue_cert("127.0.0.1", "localhost")
        server.private_key_pem.write_to_path(self.folder / "tls.key")
        for index, blob in enumerate(server.cert_chain_pems):
            blob.write_to_path(self.folder / "tls.crt", append=index > 0)
        # The key that signs service-account tokens; the server verifies with the same file.
        self._authority.issue_cert("service-accounts").private_key_pem.write_to_path(self.folder / "sa.key")
        (self.folder / "tokens.csv").write_text(
            f'{ADMIN_TOKEN},bed-admin,1,"system:masters"\n{RESTRICTED_TOKEN},bed-restricted,2,"bed-viewers"\n'
        )
        (self.folder / "kubeconfig").write_text(yaml.safe_dump(_own_kubeconfig(self)))
        self.write_log("\n".join(f"request {number} served in {number % 7 + 1} ms" for number in range(1, 21)))
        previous = self.folder / "pod-previous.log"
        previous.write_text("2026-01-01T00:00:00.000000000Z stderr F fatal: the database went away\n")
        config = (HERE / "stages.yaml").read_text() + "---\n" + yaml.safe_dump_all(_kubelet(self.log, previous))
        (self.folder / "kwok.yaml").write_text(config)

    def _api_flags(self, etcd: str) -> tuple[str, ...]:
        folder = self.folder
        return (
            f"--etcd-servers={etcd}",
            f"--etcd-prefix=/{self.name}",
            f"--secure-port={self._ports.api}",
            "--bind-address=127.0.0.1",
            f"--tls-cert-file={folder / 'tls.crt'}",
            f"--tls-private-key-file={folder / 'tls.key'}",
            f"--client-ca-file={self.ca}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={folder / 'sa.key'}",
            f"--service-account-signing-key-file={folder / 'sa.key'}",
            f"--token-auth-file={folder / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.0.0.0/16",
            "--allow-privileged=true",
            "--disable-admission-plugins=ServiceAccount",
            "--endpoint-reconciler-type=none",
        )

    def _controller_flags(self) -> tuple[str, ...]:
        return (
            f"--kubeconfig={self.folder / 'kubeconfig'}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self._ports.controllers}",
            f"--service-account-private-key-file={self.folder / 'sa.key'}",
            f"--root-ca-file={self.ca}",
            "--use-service-account-credentials=false",
            "--leader-elect=false",
            "--kube-api-qps=500",
            "--kube-api-burst=1000",
            f"--controllers={CONTROLLERS}",
        )

    def _scheduler_flags(self) -> tuple[str, ...]:
        return (
            f"--kubeconfig={self.folder / 'kubeconfig'}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self._ports.scheduler}",
            "--leader-elect=false",
        )

    def _kwok_flags(self) -> tuple[str, ...]:
        port = self._ports.kubelet
        return (
            f"--kubeconfig={self.folder / 'kubeconfig'}",
            f"--config={self.folder / 'kwok.yaml'}",
            "--manage-all-nodes=true",
            "--node-lease-duration-seconds=40",
            f"--server-address=127.0.0.1:{port}",
            "--node-ip=127.0.0.1",
            f"--node-port={port}",
            f"--tls-cert-file={self.folder / 'tls.crt'}",
            f"--tls-private-key-file={self.folder / 'tls.key'}",
        )


def _own_kubeconfig(cluster: Cluster) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "own", "cluster": {"server": cluster.server, "certificate-authority": str(cluster.ca)}}],
        "users": [{"name": "own", "user": {"token": ADMIN_TOKEN}}],
        "contexts": [{"name": "own", "context": {"cluster": "own", "user": "own"}}],
        "current-context": "own",
    }


def _kubelet(log: Path, previous: Path) -> tuple[dict[str, object], ...]:
    """What kwok answers for every pod's kubelet: logs from files, exec on this machine inside the cluster's folder."""

    def of(kind: str, spec: dict[str, object]) -> dict[str, object]:
        return {
            "apiVersion": "kwok.x-k8s.io/v1alpha1",
            "kind": kind,
            "metadata": {"name": "bed"},
            "spec": spec,
        }

    files: dict[str, object] = {"logsFile": str(log), "previousLogsFile": str(previous), "follow": True}
    return of("ClusterLogs", {"logs": [files]}), of("ClusterExec", {"execs": [{"local": {"workDir": str(log.parent)}}]})


def _node(name: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {"kwok.x-k8s.io/node": "fake"},
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
            },
        },
        "status": {"capacity": NODE, "allocatable": NODE, "nodeInfo": {"kubeletVersion": "v1.34.2"}},
    }


def _is_ready(node: dict[str, Any]) -> bool:
    conditions = node["status"].get("conditions", ())
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


# The built-in role `view` reads most things of a namespace in all namespaces, but no Secrets and no nodes.
_RESTRICTED = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "bed-viewers"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
    "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "bed-viewers"}],
}
