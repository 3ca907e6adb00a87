"""Who runs what: the releases of the fleet, by cluster."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Store = Literal["secret", "configmap", "captain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """One release as the catalog lists it; sizes are requests of one pod (cores/1000, MiB)."""

    name: str
    namespace: str
    chart: str
    version: tuple[int, int, int]
    revision: int
    replicas: int
    cpu: int
    memory: int
    kept: int = 6  # revisions still in the store
    host: str = ""
    app: bool = True  # has an Application object
    store: Store = "secret"
    project: str = "shop"
    image: str = ""

    @property
    def image_name(self) -> str:
        return f"registry/{self.image or self.name}"


def _row(line: str, project: str, namespace: str) -> Deployed:
    name, chart, version, revision, replicas, cpu, memory, *rest = line.split()
    major, minor, patch = (int(part) for part in version.split("."))
    number = int(revision)
    return Deployed(
        name=name,
        namespace=namespace,
        project=project,
        chart=chart,
        version=(major, minor, patch),
        revision=number,
        replicas=int(replicas),
        cpu=int(cpu),
        memory=int(memory),
        kept=min(number, 2 + (number * 7 + len(name)) % 9),
        app="-" not in rest,
        host=f"{name}.example.org" if chart in ("web", "gateway") or "host" in rest else "",
    )


# name chart version revision replicas cpu memory flags; "-" = no Application object
_PROD = """
shop/shop
payments-api api 1.9.2 42 3 1000 1024
cart-api api 2.4.0 31 36 50 128
orders-api api 3.3.1 27 24 50 192
orders-worker worker 2.0.4 19 16 50 128 -
orders-cache valkey 2.4.1 9 3 100 512
catalog-api api 1.12.0 22 48 100 256
search search 4.0.1 17 24 100 384
storefront web 3.1.0 58 60 50 96
checkout-web web 2.7.3 44 8 50 96
billing/billing
invoice-worker worker 3.2.0 14 12 100 192
ledger-api api 5.1.0 23 16 200 512
ledger-cache valkey 2.4.1 6 3 100 512 -
tax-api api 1.4.2 11 14 50 128
logistics/logistics
shipping-api api 2.2.5 18 22 100 256
tracking-web web 1.8.0 26 18 50 96
routing-worker worker 1.5.1 12 20 250 512
carrier-gateway gateway 1.3.0 8 6 100 128 -
identity/identity
accounts-api api 4.6.0 35 26 100 256
login-web web 2.2.1 21 14 50 96
session-cache valkey 2.4.1 5 5 200 1024
analytics/analytics
events-collector worker 2.9.0 29 48 150 384
reports-worker worker 1.7.2 13 18 250 1024 -
dashboards web 1.2.4 10 6 50 128
media/media
thumbnails-worker worker 1.1.8 9 24 200 512
assets-web web 2.0.2 15 20 50 96 -
messaging/messaging
mailer-worker worker 1.6.0 16 10 50 96
push-gateway gateway 1.3.0 7 12 100 128 -
insights/insights
insights-api api 1.0.3 4 4 100 256 -
"""
_STAGING = """
shop/shop
payments-api api 1.9.3 61 2 250 512
cart-api api 2.5.0 48 3 50 128
orders-api api 3.4.0 40 4 50 192
orders-worker worker 2.1.0 24 3 50 128
orders-cache valkey 2.4.1 9 3 100 512
catalog-api api 1.13.0 33 4 100 256
search search 4.1.0 25 3 100 384
storefront web 3.2.0 77 6 50 96
billing/billing
invoice-worker worker 3.3.0 20 3 100 192
ledger-api api 5.2.0 30 4 200 512
tax-api api 1.5.0 16 2 50 128 -
identity/identity
accounts-api api 4.7.0 44 4 100 256
login-web web 2.3.0 29 3 50 96 -
session-cache valkey 2.4.1 5 3 200 1024 -
analytics/analytics
events-collector worker 3.0.0 36 4 150 384
"""
_EDGE = """
retail/retail
pos-api api 2.0.1 12 4 100 256
store-sync worker 1.4.0 9 3 50 128
price-cache valkey 2.4.1 4 3 100 256 -
edge-gateway gateway 1.3.0 6 3 100 128
telemetry-agent worker 1.0.9 15 3 50 96
"""
# Released through Captain in prod-west: a HelmRequest in global, Release objects in the cluster.
_CAPTAIN = frozenset(
    {"shipping-api", "tracking-web", "routing-worker", "carrier-gateway", "session-cache", "login-web"}
)
_IN_CONFIG_MAPS = frozenset({"tax-api", "login-web", "events-collector"})


def _read(text: str) -> list[Deployed]:
    found: list[Deployed] = []
    project = namespace = ""
    for line in text.split("\n"):
        if "/" in line:
            project, namespace = line.split("/")
        elif line.strip():
            found.append(_row(line, project, namespace))
    return found


def _western(release: Deployed) -> Deployed:
    """What prod-west has otherwise than prod-east: one version not yet, one already, and other values of a third."""
    match release.name:
        case "payments-api":
            return replace(release, image="pay", version=(1, 9, 1), revision=41)
        case "search":
            return replace(release, version=(4, 1, 0), revision=19)
        case "cart-api":
            return replace(release, memory=192)
    return release


def releases(cluster: str) -> list[Deployed]:
    """What the cluster runs; the first listed is seeded first."""
    match cluster:
        case "prod-east":
            return [replace(d, image="pay", kept=10) if d.name == "payments-api" else d for d in _read(_PROD)]
        case "prod-west":
            west = [_western(d) for d in _read(_PROD)]
            return [
                replace(d, store="captain", kept=min(d.kept, 4)) if d.name in _CAPTAIN else d
                for d in west
                if d.name != "insights-api"
            ]
        case "staging":
            rows = [replace(d, image="pay") if d.name == "payments-api" else d for d in _read(_STAGING)]
            return [replace(d, store="configmap") if d.name in _IN_CONFIG_MAPS else d for d in rows]
        case "edge-7" | "edge-9":
            return _read(_EDGE)
        case _:
            return []


PROJECTS: dict[str, str] = {
    "shop": "Shop",
    "billing": "Billing",
    "logistics": "Logistics",
    "identity": "Identity",
    "analytics": "Analytics",
    "media": "Media",
    "messaging": "Messaging",
    "insights": "Insights",
    "retail": "Retail",
}
