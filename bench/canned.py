"""Many API servers in one child process that answer from memory, so that a client is measured and not a server."""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import subprocess
import sys
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

SPACES = 20
_EMPTY: dict[str, Any] = {"kind": "List", "metadata": {"resourceVersion": "1"}, "items": []}
_CORE = ("nodes:Node", "namespaces:Namespace", "pods:Pod", "secrets:Secret", "configmaps:ConfigMap",
         "resourcequotas:ResourceQuota")  # fmt: skip
_APPS = ("deployments:Deployment", "statefulsets:StatefulSet", "daemonsets:DaemonSet", "replicasets:ReplicaSet")
_BATCH = ("jobs:Job", "cronjobs:CronJob")
_WATCH = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
_COLUMNS = ("Name", "Ready", "Status", "Restarts", "Age", "IP", "Node", "Nominated Node", "Readiness Gates")


class CannedServers:
    """`ports` of so many clusters of so many pods, while the context is open."""

    def __init__(self, *, clusters: int, pods: int) -> None:
        command = [sys.executable, "-m", "bench.canned", f"--clusters={clusters}", f"--pods={pods}"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE)
        self.ports: list[int] = []

    def __enter__(self) -> CannedServers:
        assert self._process.stdout is not None
        self.ports = json.loads(self._process.stdout.readline())
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._process.terminate()
        self._process.communicate()


def pod(number: int) -> dict[str, Any]:
    """A pod of 8 KB of JSON, a third of it managed fields, as a real one has; every tenth has a sidecar."""
    team, revision = number % 50, f"7d9f8c{number % 50:04d}"
    name, space = f"payments-{team}-{revision}-{number:05d}", f"team-{number % SPACES:02d}"
    labels = {
        "app": f"payments-{team}",
        "app.kubernetes.io/instance": f"payments-{team}",
        "pod-template-hash": revision,
    }
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"payments-{team}-{revision}",
             "uid": f"00000000-0000-4000-8000-{team:012d}", "controller": True}  # fmt: skip
    at = f"2026-11-20T{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z"  # no two pods alike
    env = [{"name": f"SETTING_{n}", "value": f"value of setting {n} of payments-{team}"} for n in range(15)]
    names = ["api", "proxy"] if number % 10 == 0 else ["api"]
    resources = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "500m", "memory": "256Mi"}}
    containers = [
        {"name": each, "image": f"registry.example.org/payments/{each}:1.{team}.0", "env": env, "resources": resources}
        for each in names
    ]
    statuses = [
        {"name": each, "image": f"registry.example.org/payments/{each}:1.{team}.0", "ready": True, "started": True,
         "restartCount": 0, "state": {"running": {"startedAt": at}}, "imageID": f"sha256:{number:064d}",
         "containerID": f"containerd://{number:064d}"}
        for each in names
    ]  # fmt: skip
    types = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    conditions = [{"type": each, "status": "True", "lastTransitionTime": at, "lastProbeTime": None} for each in types]
    entry: dict[str, Any] = {"f:name": {}, "f:value": {}, "f:valueFrom": {".": {}}}
    fields: dict[str, Any] = {f"f:field-{n}": entry for n in range(45)}
    return {
        "metadata": {
            "name": name, "namespace": space, "uid": f"00000000-0000-4000-9000-{number:012d}",
            "resourceVersion": str(1000 + number), "creationTimestamp": at,
            "generateName": f"payments-{team}-{revision}-",
            "labels": labels, "annotations": {"checksum/config": f"{team:064d}"}, "ownerReferences": [owner],
            "managedFields": [{"manager": "kubelet", "operation": "Update", "time": at, "fieldsV1": fields}],
        },
        "spec": {"nodeName": f"node-{number % 40}", "restartPolicy": "Always", "containers": containers},
        "status": {"phase": "Running", "podIP": f"10.{number % 40}.{number // 250}.{number % 250}", "startTime": at,
                   "conditions": conditions, "containerStatuses": statuses},
    }  # fmt: skip


def pod_list(first: int, last: int, *, more: bool) -> bytes:
    token = {"continue": str(last)} if more else {}
    meta = {"resourceVersion": "1", **token}
    return _json({"kind": "PodList", "metadata": meta, "items": [pod(number) for number in range(first, last)]})


def _json(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


class _Answers:
    """Compressed bodies by path and page, made when they are first asked for."""

    def __init__(self, pods: int) -> None:
        self._pods = pods
        self._kept: dict[tuple[str, str], bytes] = {}
        self._tables = {space: self._table(space) for space in range(SPACES)}
        for start in range(0, pods, 500):
            self.body("/api/v1/pods", {"limit": ["500"], "continue": [str(start)] if start else []})

    def body(self, path: str, query: dict[str, list[str]], accept: str = "") -> bytes | None:
        if "as=Table" in accept:
            return self._tables.get(int(path.split("/")[4][5:]) if "/namespaces/team-" in path else -1)
        page = (query.get("continue") or [""])[0] if path == "/api/v1/pods" else ""
        if (path, page) not in self._kept:
            made = self._make(path, int(page or 0))
            if made is None:
                return None
            self._kept[path, page] = gzip.compress(made, 1)
        return self._kept[path, page]

    def _make(self, path: str, start: int) -> bytes | None:
        match path:
            case "/readyz":
                return b'"ok"'
            case "/version":
                return _json({"gitVersion": "v1.34.2", "major": "1", "minor": "34"})
            case "/api" | "/apis":
                groups = {"": _CORE} if path == "/api" else {"apps": _APPS, "batch": _BATCH}
                return _json({"kind": "APIGroupDiscoveryList", "items": [_group(*each) for each in groups.items()]})
            case "/api/v1/pods":
                last = min(start + 500, self._pods)
                return pod_list(start, last, more=last < self._pods)
            case "/api/v1/namespaces":
                items = [{"metadata": {"name": f"team-{n:02d}", "resourceVersion": "1"}} for n in range(SPACES)]
                return _json({**_EMPTY, "items": items})
            case "/api/v1/nodes":
                return _json({**_EMPTY, "items": [_node(number) for number in range(40)]})
        return None if "global-info" in path else _json(_EMPTY)

    def _table(self, space: int) -> bytes:
        columns = [{"name": name, "type": "string", "priority": int(at > 4)} for at, name in enumerate(_COLUMNS)]
        rows = []
        for number in range(space, self._pods, SPACES):
            each = pod(number)
            where = (each["status"]["podIP"], each["spec"]["nodeName"])
            rows.append({"cells": [each["metadata"]["name"], "1/1", "Running", 0, "29h", *where, "<none>", "<none>"]})
        meta = {"resourceVersion": "1"}
        return gzip.compress(_json({"kind": "Table", "metadata": meta, "columnDefinitions": columns, "rows": rows}), 1)


def _node(number: int) -> dict[str, Any]:
    status = {"conditions": [{"type": "Ready", "status": "True"}]}
    return {"metadata": {"name": f"node-{number}", "resourceVersion": "1"}, "status": status}


def _group(name: str, kinds: tuple[str, ...]) -> dict[str, Any]:
    resources = [
        {"resource": plural, "scope": "Cluster" if kind in ("Node", "Namespace") else "Namespaced",
         "responseKind": {"group": name, "version": "v1", "kind": kind}, "verbs": ["get", "list", "watch"]}
        for plural, _, kind in (each.partition(":") for each in kinds)
    ]  # fmt: skip
    return {"metadata": {"name": name}, "versions": [{"version": "v1", "resources": resources}]}


class _Server:
    def __init__(self, answers: _Answers) -> None:
        self._answers = answers

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                url = urlsplit(head.split(" ", 2)[1])
                query = parse_qs(url.query)
                if "watch" in query:
                    writer.write(
                        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                    )
                    await reader.read(1)
                    break
                accept = next((line for line in head.splitlines() if line.lower().startswith("accept:")), "")
                body = self._answers.body(url.path, query, accept)
                status = "200 OK" if body is not None else "404 Not Found"
                body = body if body is not None else gzip.compress(_json({"kind": "Status", "reason": "NotFound"}))
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def _serve(clusters: int, pods: int) -> None:
    answers = _Answers(pods)
    server = _Server(answers)
    servers = [await asyncio.start_server(server.serve, "127.0.0.1", 0, backlog=200) for _ in range(clusters)]
    print(json.dumps([each.sockets[0].getsockname()[1] for each in servers]), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clusters", type=int, default=1)
    parser.add_argument("--pods", type=int, default=500)
    given = parser.parse_args()
    asyncio.run(_serve(given.clusters, given.pods))


if __name__ == "__main__":
    main()
