"""Many API servers in one child process that answer from memory, so that a client is measured and not a server."""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import ssl
import subprocess
import sys
from http.client import HTTPConnection
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bench.churn import Churn
from bench.pod import COLUMNS, SPACES, cells, pod

_EMPTY: dict[str, Any] = {"kind": "List", "metadata": {"resourceVersion": "1"}, "items": []}
_CORE = ("nodes:Node", "namespaces:Namespace", "pods:Pod", "secrets:Secret", "configmaps:ConfigMap",
         "resourcequotas:ResourceQuota")  # fmt: skip
_APPS = ("deployments:Deployment", "statefulsets:StatefulSet", "daemonsets:DaemonSet", "replicasets:ReplicaSet")
_BATCH = ("jobs:Job", "cronjobs:CronJob")
_WATCH = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


class CannedServers:
    """`ports` of so many clusters of so many pods, with `events` a second on each watch of pods, while it is open.

    With `tls` they speak https, and `authority` is the file of whom to trust; else it is empty.
    """

    def __init__(self, *, clusters: int, pods: int, events: int = 0, tls: bool = False) -> None:
        self._folder = TemporaryDirectory(prefix="canned-")
        self.authority = f"{self._folder.name}/ca.pem" if tls else ""
        what = (f"--clusters={clusters}", f"--pods={pods}", f"--events={events}", f"--authority={self.authority}")
        command = [sys.executable, "-m", "bench.canned", *what]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE)
        self.ports: list[int] = []

    def __enter__(self) -> CannedServers:
        assert self._process.stdout is not None
        self.ports = json.loads(self._process.stdout.readline())
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._process.terminate()
        self._process.communicate()
        self._folder.cleanup()

    def connections(self) -> list[int]:
        """How many connections each server has accepted so far, without the one that asks; not with `tls`."""
        return [_connections(port) for port in self.ports]


def _connections(port: int) -> int:
    asking = HTTPConnection("127.0.0.1", port)
    asking.request("GET", "/connections")
    counted = int(gzip.decompress(asking.getresponse().read()))
    asking.close()
    return counted - 1


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
        columns = [{"name": name, "type": "string", "priority": int(at > 4)} for at, name in enumerate(COLUMNS)]
        rows = []
        for number in range(space, self._pods, SPACES):
            each = pod(number)
            rows.append({"cells": cells(each)})
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
    def __init__(self, answers: _Answers, churn: Churn) -> None:
        self._answers = answers
        self._churn = churn
        self._accepted = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._accepted += 1
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                url = urlsplit(head.split(" ", 2)[1])
                query = parse_qs(url.query)
                accept = next((line for line in head.splitlines() if line.lower().startswith("accept:")), "")
                if "watch" in query:
                    writer.write(_WATCH)
                    if url.path == "/api/v1/pods":
                        await self._churn.stream(writer, printed="as=Table" in accept)
                    await reader.read(1)
                    break
                if url.path == "/connections":
                    body: bytes | None = gzip.compress(str(self._accepted).encode())
                else:
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


def _certified(authority: str) -> ssl.SSLContext:
    """A certificate for this machine by an authority whose own goes into that file."""
    import trustme

    issuer, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer.issue_cert("127.0.0.1").configure_cert(context)
    issuer.cert_pem.write_to_path(authority)
    return context


async def _serve(clusters: int, pods: int, events: int, authority: str) -> None:
    answers, churn = _Answers(pods), Churn(pods, events)
    tls = _certified(authority) if authority else None
    servers = [
        await asyncio.start_server(_Server(answers, churn).serve, "127.0.0.1", 0, backlog=200, ssl=tls)
        for _ in range(clusters)
    ]
    print(json.dumps([each.sockets[0].getsockname()[1] for each in servers]), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clusters", type=int, default=1)
    parser.add_argument("--pods", type=int, default=500)
    parser.add_argument("--events", type=int, default=0)
    parser.add_argument("--authority", default="")
    given = parser.parse_args()
    asyncio.run(_serve(given.clusters, given.pods, given.events, given.authority))


if __name__ == "__main__":
    main()
