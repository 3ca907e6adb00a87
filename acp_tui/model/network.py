"""Projections of objects that traffic comes in by, as far as health and trees need them."""

from __future__ import annotations

from acp_tui.model.objects import Meta, Projection


class Address(Projection, frozen=True):
    ip: str | None = None
    hostname: str | None = None


class LoadBalancer(Projection, frozen=True):
    ingress: tuple[Address, ...] | None = None


class BalancedStatus(Projection, frozen=True):
    """Status of an Ingress and of a Service of type LoadBalancer: where traffic comes in."""

    load_balancer: LoadBalancer | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        found = (each.ip or each.hostname for each in (self.load_balancer and self.load_balancer.ingress) or ())
        return tuple(filter(None, found))


class Ingress(Projection, frozen=True):
    """ingresses.networking.k8s.io, as far as its addresses."""

    metadata: Meta = Meta()
    status: BalancedStatus | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        return self.status.addresses if self.status else ()


class ServicePort(Projection, frozen=True):
    name: str | None = None
    port: int | None = None
    protocol: str | None = None


class ServiceSpec(Projection, frozen=True):
    type: str | None = None
    selector: dict[str, str | None] | None = None
    ports: tuple[ServicePort, ...] | None = None


class Service(Projection, frozen=True):
    metadata: Meta = Meta()
    spec: ServiceSpec | None = None
    status: BalancedStatus | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        return self.status.addresses if self.status else ()
