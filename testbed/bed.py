"""Starts and stops a bed of clusters, writes its kubeconfigs, and is the command behind `make bed`."""

from __future__ import annotations

import argparse
import base64
import os
import shutil
import signal
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import yaml

from testbed.cluster import ADMIN_TOKEN, RESTRICTED_TOKEN, Cluster
from testbed.process import BedError, Process, free_port

BINARIES = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kwok",
    "kubectl",
    "helm3",
    "helm4",
)


def binaries_folder() -> Path:
    """Where build.sh puts the programs: $KUBEBUILDER_ASSETS, else bin of $ACP_TUI_BED or the XDG cache."""
    if assets := os.environ.get("KUBEBUILDER_ASSETS"):
        return Path(assets)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("ACP_TUI_BED") or cache / "acp-tui" / "bed") / "bin"


def missing_binaries(folder: Path) -> tuple[str, ...]:
    return tuple(name for name in BINARIES if not os.access(folder / name, os.X_OK))


class Bed:
    """Clusters over one etcd: `with Bed(("east", "west")) as bed: bed.kubeconfig ...`.

    Context `bed-NAME` of `kubeconfig` is cluster NAME as administrator; in `restricted_kubeconfig` the same
    contexts are a user who may read what the built-in role `view` reads: no Secrets, no nodes, no writes.
    Start it from a thread that lives as long as the bed (see Process). BedError if anything does not come up.
    """

    def __init__(self, names: Sequence[str] = ("east", "west"), *, nodes: int = 3, folder: Path | None = None) -> None:
        self.binaries = binaries_folder()
        if missing := missing_binaries(self.binaries):
            raise BedError(f"{', '.join(missing)} not in {self.binaries}; testbed/build.sh builds them")
        self._own_folder = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="acp-tui-bed-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        taken: set[int] = set()
        self._etcd_url = f"http://127.0.0.1:{free_port(taken)}"
        self._etcd = Process("etcd", self._etcd_argv(free_port(taken)), log=self.folder / "etcd.log")
        self.clusters = {
            name: Cluster(
                name,
                folder=self.folder / name,
                binaries=self.binaries,
                etcd=self._etcd_url,
                nodes=nodes,
                taken=taken,
            )
            for name in names
        }
        self.kubeconfig = self._write_kubeconfig("kubeconfig", ADMIN_TOKEN)
        self.restricted_kubeconfig = self._write_kubeconfig("restricted.kubeconfig", RESTRICTED_TOKEN)

    def __enter__(self) -> Bed:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __getitem__(self, name: str) -> Cluster:
        return self.clusters[name]

    def start(self) -> None:
        """Return when pods can be scheduled on every cluster."""
        try:
            self._start()
        except BaseException:
            self.stop(keep=True)
            raise

    def stop(self, *, keep: bool = False) -> None:
        """End every process; delete the folder with data and logs unless it is kept or the caller's own."""
        processes = [process for cluster in self.clusters.values() for process in cluster.processes]
        for process in processes:
            process.terminate()
        for process in (*processes, self._etcd):
            process.stop()
        if self._own_folder and not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def env(self, kubeconfig: Path | None = None) -> dict[str, str]:
        """Environment for programs run against the bed: its binaries first, nothing of the user's own Helm."""
        home = self.folder / "helm"
        return {
            **os.environ,
            "PATH": f"{self.binaries}{os.pathsep}{os.environ.get('PATH', '')}",
            "KUBECONFIG": str(kubeconfig or self.kubeconfig),
            "KUBECACHEDIR": str(self.folder / "kube-cache"),
            "HELM_CACHE_HOME": str(home / "cache"),
            "HELM_CONFIG_HOME": str(home / "config"),
            "HELM_DATA_HOME": str(home / "data"),
        }

    def _start(self) -> None:
        self._etcd.start()
        clusters = tuple(self.clusters.values())
        _wait_for_etcd(self._etcd, self._etcd_url)
        for cluster in clusters:
            cluster.api.start()
        for cluster in clusters:
            cluster.wait("an API server that is ready", cluster.api_ready)
        for cluster in clusters:
            cluster.start_controllers()
        for cluster in clusters:
            cluster.wait("nodes that are ready", cluster.nodes_ready)

    def _etcd_argv(self, peer: int) -> tuple[str, ...]:
        return (
            str(self.binaries / "etcd"),
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={self._etcd_url}",
            f"--advertise-client-urls={self._etcd_url}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}",
            "--unsafe-no-fsync",
            "--log-level=error",
        )

    def _write_kubeconfig(self, name: str, token: str) -> Path:
        clusters = self.clusters.values()
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": f"bed-{cluster.name}",
                    "cluster": {
                        "server": cluster.server,
                        "certificate-authority-data": base64.b64encode(cluster.ca.read_bytes()).decode(),
                    },
                }
                for cluster in clusters
            ],
            "users": [{"name": "bed", "user": {"token": token}}],
            "contexts": [
                {"name": f"bed-{cluster.name}", "context": {"cluster": f"bed-{cluster.name}", "user": "bed"}}
                for cluster in clusters
            ],
            "current-context": f"bed-{next(iter(self.clusters))}",
        }
        path = self.folder / name
        path.write_text(yaml.safe_dump(config))
        path.chmod(0o600)
        return path


def _wait_for_etcd(etcd: Process, url: str, timeout: float = 30.0) -> None:
    deadline = time.monotonic() + timeout
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        etcd.check()
        try:
            with direct.open(f"{url}/health", timeout=2):
                return
        except OSError as error:
            if time.monotonic() > deadline:
                raise BedError(f"etcd does not answer at {url}; its log is {etcd.log}") from error
            time.sleep(0.02)


def _up(names: Sequence[str], *, nodes: int, keep: bool, bare: bool) -> None:
    from testbed.scenery import furnish

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    began = time.monotonic()
    bed = Bed(names, nodes=nodes)
    try:
        bed.start()
        print(
            f"{len(names)} clusters after {time.monotonic() - began:.1f} s; logs and data in {bed.folder}",
            flush=True,
        )
        if not bare:
            furnish(bed)
            print(f"furnished after {time.monotonic() - began:.1f} s", flush=True)
        print(f"export KUBECONFIG={bed.kubeconfig}")
        print(f"# a user with few rights: {bed.restricted_kubeconfig}")
        print("Ctrl+C stops the bed.", flush=True)
        signal.pause()
    except KeyboardInterrupt:
        print("stopping", flush=True)
    finally:
        bed.stop(keep=keep)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m testbed.bed", description=__doc__)
    up = parser.add_subparsers(dest="command", required=True).add_parser("up", help="start clusters until Ctrl+C")
    up.add_argument("names", nargs="*", default=["east", "west"], help="cluster names (default: east west)")
    up.add_argument("--nodes", type=int, default=3, help="nodes in each cluster")
    up.add_argument("--bare", action="store_true", help="no charts, releases and objects")
    up.add_argument("--keep", action="store_true", help="keep logs and data afterwards")
    asked = parser.parse_args(argv)
    try:
        _up(asked.names, nodes=asked.nodes, keep=asked.keep, bare=asked.bare)
    except BedError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
