"""HelmRequests on the bed: kept in west, which plays the global cluster, for releases in east."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from testbed import scenery
from testbed.bed import Bed
from testbed.process import BedError

SYSTEM = "cpaas-system"
GROUP = "app.alauda.io"


def _definition(kind: str, plural: str) -> dict[str, Any]:
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()},
            "versions": [{"name": "v1beta1", "served": True, "storage": True, "schema": schema}],
        },
    }


@pytest.fixture(scope="session")
def catalog(bed: Bed, chart_repository: str) -> str:
    """ChartRepo `demo` and Chart `web.demo` in the cluster west, which plays the global one."""
    scenery.apply(bed, "west", [_definition("ChartRepo", "chartrepos"), _definition("Chart", "charts")])
    wait = ("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
    scenery.run(bed, "kubectl", "--context=bed-west", *wait)
    versions = [{"name": "web", "version": each} for each in ("1.0.0", "1.1.0", "1.2.0")]
    head = {"apiVersion": f"{GROUP}/v1beta1"}
    scenery.apply(
        bed,
        "west",
        [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM}},
            {**head, "kind": "ChartRepo", "metadata": {"name": "demo", "namespace": SYSTEM},
             "spec": {"url": chart_repository}},
            {**head, "kind": "Chart", "metadata": {"name": "web.demo", "namespace": SYSTEM},
             "spec": {"versions": versions}},
        ],
    )  # fmt: skip
    return chart_repository


class Request:
    """One HelmRequest in west for a release in a namespace of east."""

    def __init__(self, bed: Bed, namespace: str) -> None:
        self.bed = bed
        self.namespace = namespace
        self.name = f"{namespace}-web"
        self.path = f"/apis/{GROUP}/v1/namespaces/{SYSTEM}/helmrequests"

    def create(self, **values: object) -> None:
        spec = {
            "chart": "demo/web", "version": "1.0.0", "clusterName": "bed-east", "namespace": self.namespace,
            "releaseName": "web", "values": {"replicas": 2, **values},
        }  # fmt: skip
        body = {"apiVersion": f"{GROUP}/v1", "kind": "HelmRequest", "metadata": {"name": self.name}, "spec": spec}
        self.bed["west"].request("POST", self.path, body)

    def change(self, **spec: object) -> None:
        patch = json.dumps({"spec": spec})
        self.kubectl("patch", "helmrequest", self.name, "-n", SYSTEM, "--type=merge", "-p", patch)

    def delete(self) -> None:
        self.kubectl("delete", "helmrequest", self.name, "-n", SYSTEM, "--wait=false")

    def cleared(self) -> None:
        """Gone at once, whether a Captain is on duty or not."""
        if self.there:
            free = '{"metadata":{"finalizers":null}}'
            self.kubectl("patch", "helmrequest", self.name, "-n", SYSTEM, "--type=merge", "-p", free)
        if self.there:
            self.delete()

    def kubectl(self, *words: str) -> None:
        scenery.run(self.bed, "kubectl", "--context=bed-west", *words)

    @property
    def now(self) -> Any:
        return self.bed["west"].request("GET", f"{self.path}/{self.name}")

    @property
    def there(self) -> bool:
        listed = self.bed["west"].request("GET", self.path)["items"]
        return self.name in {each["metadata"]["name"] for each in listed}

    @property
    def records(self) -> list[Any]:
        path = f"/apis/{GROUP}/v1alpha1/namespaces/{self.namespace}/releases"
        return sorted(self.bed["east"].request("GET", path)["items"], key=lambda each: each["spec"]["version"])

    @property
    def history(self) -> list[tuple[int, str]]:
        return [(each["spec"]["version"], each["status"]["status"]) for each in self.records]

    def events(self, reason: str) -> list[Any]:
        listed = self.bed["west"].request("GET", f"/api/v1/namespaces/{SYSTEM}/events")["items"]
        return [each for each in listed if each["involvedObject"]["name"] == self.name and each["reason"] == reason]

    def synced(self, version: str) -> None:
        self._wait(f"{version} synced", lambda status: (status.get("phase"), status.get("version"),
                                                        status.get("reason")) == ("Synced", version, None))  # fmt: skip

    def failed(self) -> None:
        self._wait("a failure", lambda status: status.get("phase") == "Failed")

    def _wait(self, what: str, good: Callable[[Any], bool]) -> None:
        try:
            self.bed["west"].wait(what, lambda: good(self.now.get("status") or {}), timeout=60)
        except BedError as error:
            raise AssertionError(f"{what}: {self.now.get('status')}") from error
