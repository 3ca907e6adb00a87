"""What `make bed` puts on its clusters: charts, releases in every state, applications, quotas, Captain's records."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from testbed.process import BedError

if TYPE_CHECKING:
    from testbed.bed import Bed
    from testbed.cluster import Cluster

HERE = Path(__file__).resolve().parent
CHART = HERE / "charts" / "web"
CAPTAIN = HERE.parent / "tests" / "fixtures" / "captain"


def run(bed: Bed, *argv: str, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run one of the bed's programs against it; BedError with both outputs if it fails and should not."""
    done = subprocess.run(argv, input=stdin, env=bed.env(), capture_output=True, text=True, timeout=180, check=False)
    if check and done.returncode != 0:
        raise BedError(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


def package(bed: Bed, version: str) -> Path:
    """The archive of chart `web` with this version and appVersion, made once."""
    charts = bed.folder / "charts"
    archive = charts / f"web-{version}.tgz"
    if not archive.exists():
        run(
            bed,
            *("helm4", "package", str(CHART), "--destination", str(charts)),
            *("--version", version, "--app-version", version),
        )
    return archive


def apply(bed: Bed, cluster: str, documents: Sequence[Mapping[str, Any]]) -> None:
    text = yaml.safe_dump_all(documents)
    run(bed, "kubectl", f"--context=bed-{cluster}", "apply", "--server-side", "-f", "-", stdin=text)


def install_platform(bed: Bed, cluster: str) -> None:
    """Serve the platform's custom resources: Application, ApplicationHistory, HelmRequest, Release, Project."""
    apply(bed, cluster, _documents(HERE / "objects" / "crds.yaml"))
    run(
        bed,
        *(
            "kubectl",
            f"--context=bed-{cluster}",
            "wait",
            "--for=condition=Established",
            "--timeout=30s",
            "crd",
            "--all",
        ),
    )


def release(
    bed: Bed,
    cluster: str,
    name: str,
    *,
    namespace: str,
    version: str = "1.0.0",
    helm: str = "helm4",
    fails: bool = False,
    **values: object,
) -> None:
    """Install or upgrade release `name` of chart `web`, not waiting for its pods; `a__b=1` is the value a.b."""
    settings = [flag for key, value in values.items() for flag in ("--set", f"{key.replace('__', '.')}={value}")]
    done = run(
        bed,
        *(helm, f"--kube-context=bed-{cluster}", "upgrade", "--install", name, str(package(bed, version))),
        *("--namespace", namespace, "--create-namespace", "--timeout=60s", *settings),
        check=not fails,
    )
    if fails and done.returncode == 0:
        raise BedError(f"release {name} should have failed")


def leave_pending(cluster: Cluster, name: str, *, namespace: str, minutes: int = 90) -> None:
    """Leave release `name` as a `helm upgrade` killed `minutes` ago does: its newest revision is pending-upgrade."""
    secrets = f"/api/v1/namespaces/{namespace}/secrets"
    records = cluster.request("GET", f"{secrets}?labelSelector=owner%3Dhelm%2Cname%3D{name}")["items"]
    newest = max(records, key=lambda record: int(record["metadata"]["labels"]["version"]))
    body = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(newest["data"]["release"]))))
    began = datetime.now(UTC) - timedelta(minutes=minutes)
    body["version"] += 1
    body["info"] |= {
        "status": "pending-upgrade",
        "description": "Preparing upgrade",
        "last_deployed": began.isoformat(),
    }
    payload = base64.b64encode(gzip.compress(json.dumps(body).encode()))
    labels = {
        "owner": "helm",
        "name": name,
        "status": "pending-upgrade",
        "version": str(body["version"]),
        "createdAt": str(int(began.timestamp())),
    }
    record = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": newest["type"],
        "metadata": {"name": f"sh.helm.release.v1.{name}.v{body['version']}", "labels": labels},
        "data": {"release": base64.b64encode(payload).decode()},
    }
    cluster.request("POST", secrets, record)


def captain_records(bed: Bed, cluster: str, step: str = "2-upgraded") -> None:
    """Recorded Captain objects of one step: the HelmRequest, its Releases, and what their newest manifest makes."""
    releases = list(_items(CAPTAIN / f"{step}-workload-releases.yaml"))
    requests = list(_items(CAPTAIN / f"{step}-global-helmrequests.yaml"))
    newest = max(releases, key=lambda item: int(item["spec"]["version"]))
    manifest = gzip.decompress(base64.b64decode(newest["spec"]["manifestData"])).decode()
    # The payload is a JSON string that holds the YAML.
    made = [
        document | {"metadata": document["metadata"] | {"namespace": "default"}}
        for document in yaml.safe_load_all(json.loads(manifest))
        if document
    ]
    namespaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "cpaas-system"}}]
    apply(bed, cluster, [*namespaces, *requests, *releases, *made])


def furnish(bed: Bed) -> None:
    """The scene of `make bed`: on the first cluster trouble of each sort, on the others a healthy copy."""
    first, *others = bed.clusters
    for cluster in bed.clusters:
        install_platform(bed, cluster)
        apply(bed, cluster, _documents(HERE / "objects" / "shop.yaml"))
    for cluster in others:
        release(bed, cluster, "front", namespace="shop-prod", version="1.1.0", helm="helm3", partOf="storefront")
    _trouble(bed, first)
    captain_records(bed, first)


def _trouble(bed: Bed, cluster: str) -> None:
    prod, staging = "shop-prod", "shop-staging"
    for version, replicas in (("1.0.0", 1), ("1.1.0", 2), ("1.1.0", 3), ("1.2.0", 3)):
        release(bed, cluster, "front", namespace=prod, version=version, replicas=replicas, partOf="storefront")
    release(bed, cluster, "api", namespace=prod, helm="helm3", partOf="storefront")
    release(bed, cluster, "api", namespace=prod, helm="helm3", version="1.1.0", partOf="storefront")
    release(bed, cluster, "api", namespace=prod, helm="helm3", version="1.2.0", partOf="storefront", broken="true")
    release(bed, cluster, "orders", namespace=prod, helm="helm3")
    hook = {"hook__enabled": "true", "hook__behaviour": "fail"}
    release(bed, cluster, "orders", namespace=prod, helm="helm3", version="1.1.0", fails=True, **hook)
    release(bed, cluster, "ledger", namespace=staging)
    release(bed, cluster, "ledger", namespace=staging, version="1.1.0")
    leave_pending(bed[cluster], "ledger", namespace=staging)


def _documents(path: Path) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def _items(path: Path) -> Iterator[dict[str, Any]]:
    """Recorded objects as they can be created again: without the server's own fields, and without the finalizers
    that only Captain would take off."""
    for item in yaml.safe_load(path.read_text())["items"]:
        for field in (
            "uid",
            "resourceVersion",
            "generation",
            "creationTimestamp",
            "finalizers",
            "managedFields",
        ):
            item["metadata"].pop(field, None)
        yield item
