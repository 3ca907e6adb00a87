"""Projections of objects that hand out addresses."""

from __future__ import annotations

from acp_tui.model.objects import Meta, Projection


class Address(Projection, frozen=True):
    ip: str | None = None
    hostname: str | None = None


class LoadBalancer(Projection, frozen=True):
    ingress: tuple[Address, ...] | None = None


class IngressStatus(Projection, frozen=True):
    load_balancer: LoadBalancer | None = None


class Ingress(Projection, frozen=True):
    """ingresses.networking.k8s.io, as far as its addresses."""

    metadata: Meta = Meta()
    status: IngressStatus | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        balancer = self.status.load_balancer if self.status else None
        found = (each.ip or each.hostname for each in (balancer.ingress if balancer else None) or ())
        return tuple(filter(None, found))
