"""Endpoints of services, addresses of load balancers and ingresses, and the binding of claims."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from acp_tui.sim.controllers.context import PODS, SERVICES, is_active, is_ready, owner_reference

if TYPE_CHECKING:
    from acp_tui.sim.controllers.context import Context
    from acp_tui.sim.kinds import Obj
    from acp_tui.sim.store import StoreEvent

_SLICES = ("discovery.k8s.io", "endpointslices")
_INGRESSES = ("networking.k8s.io", "ingresses")
_CLAIMS = ("", "persistentvolumeclaims")


class Network:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._selectors: dict[str, dict[str, dict[str, str]]] = {}  # namespace -> service -> selector

    def scan(self) -> None:
        """Learn the selectors of the services that are there already."""
        for stored in self._context.store.all(SERVICES):
            self._learn(stored.namespace, stored.name, stored.obj())

    def _learn(self, namespace: str, name: str, service: Obj | None) -> None:
        selector = ((service or {}).get("spec") or {}).get("selector")
        space = self._selectors.setdefault(namespace, {})
        if selector:
            space[name] = selector
        else:
            space.pop(name, None)

    def note(self, event: StoreEvent) -> None:
        """Queue the services a pod belongs to."""
        new = event.new
        if event.resource.key == SERVICES:
            self._learn(new.namespace, new.name, new.obj() if event.type != "DELETED" else None)
        elif event.resource.key == PODS:
            for name, selector in self._selectors.get(new.namespace, {}).items():
                if all(new.labels.get(k) == v for k, v in selector.items()):
                    self._context.queue(SERVICES, new.namespace, name, delay=0.1)

    def service(self, namespace: str, name: str) -> None:
        service = self._context.get(SERVICES, namespace, name)
        if service is None or service["metadata"].get("deletionTimestamp"):
            return
        if service["spec"].get("type") == "LoadBalancer":
            address = f"203.0.113.{zlib.crc32(name.encode()) % 250 + 2}"
            self._context.set_status(
                SERVICES, service, {"loadBalancer": {"ingress": [{"ip": address, "ipMode": "VIP"}]}}
            )
        selector = service["spec"].get("selector")
        if not selector:
            return
        endpoints = []
        for stored in self._context.store.all(PODS, namespace):
            if not all(stored.labels.get(k) == v for k, v in selector.items()):
                continue
            pod = stored.obj()
            if is_active(pod) and pod["status"].get("podIP"):
                endpoints.append(_endpoint(pod))
        self._put(service, endpoints)

    def _put(self, service: Obj, endpoints: list[Obj]) -> None:
        meta = service["metadata"]
        ports = [
            {
                "name": port.get("name", ""),
                "port": port["targetPort"] if isinstance(port.get("targetPort"), int) else port["port"],
                "protocol": port.get("protocol", "TCP"),
            }
            for port in service["spec"].get("ports") or []
        ]
        name = f"{meta['name']}-{zlib.crc32(meta['uid'].encode()) & 0xFFFFF:05x}"
        old = self._context.store.get(_SLICES, meta["namespace"], name)
        if old is None:
            self._context.create(_SLICES, slice_of(service, name, ports, endpoints), meta["namespace"])
            return
        obj = old.obj()
        if obj.get("endpoints") != endpoints or obj.get("ports") != ports:
            obj["endpoints"], obj["ports"] = endpoints, ports
            self._context.writer.replace(self._context.resource(_SLICES), old, obj)

    def ingress(self, namespace: str, name: str) -> None:
        ingress = self._context.get(_INGRESSES, namespace, name)
        if ingress is not None and not ((ingress.get("status") or {}).get("loadBalancer") or {}).get("ingress"):
            self._context.set_status(_INGRESSES, ingress, {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}})

    def claim(self, namespace: str, name: str) -> None:
        claim = self._context.get(_CLAIMS, namespace, name)
        if claim is None or (claim.get("status") or {}).get("phase") != "Pending":
            return
        volume = f"pvc-{claim['metadata']['uid']}"

        def bind(stored: Obj) -> None:
            stored["spec"]["volumeName"] = volume

        self._context.edit(_CLAIMS, claim, bind)
        requests = (claim["spec"].get("resources") or {}).get("requests") or {}
        status = {"phase": "Bound", "accessModes": claim["spec"].get("accessModes"), "capacity": requests}
        self._context.set_status(_CLAIMS, claim, status)


def _endpoint(pod: Obj) -> Obj:
    ready = is_ready(pod)
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready, "serving": ready, "terminating": False},
        "nodeName": pod["spec"].get("nodeName"),
        "targetRef": {
            "kind": "Pod",
            "name": pod["metadata"]["name"],
            "namespace": pod["metadata"]["namespace"],
            "uid": pod["metadata"]["uid"],
        },
    }


def slice_of(service: Obj, name: str, ports: list[Obj], endpoints: list[Obj]) -> Obj:
    """The EndpointSlice of a service."""
    meta = service["metadata"]
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": name,
            "namespace": meta["namespace"],
            "labels": {
                "kubernetes.io/service-name": meta["name"],
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            },
            "ownerReferences": [owner_reference(service)],
        },
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": ports,
    }
