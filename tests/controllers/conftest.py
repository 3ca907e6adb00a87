"""A release `payments-api` in cluster prod-east, as an engineer on call meets it: 42 broke it, 41 was good."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acp_tui.clients.helm.records import Records
from acp_tui.controllers.controller import Controller
from acp_tui.controllers.journal import Journal
from acp_tui.controllers.verify import Verify
from acp_tui.model.plan import Check, Intent, Plan, Verb
from acp_tui.model.release import ReleaseRef
from acp_tui.wire.manifest import objects
from tests.fakes.cluster import FakeCluster, FakeEngine, FakeFleet

REF = ReleaseRef("prod-east", "shop", "payments-api")
SECRET_WORD = "hunter2-the-password"


def manifest(tag: str, *, replicas: int = 3, extra: str = "") -> str:
    return f"""---
apiVersion: v1
kind: Secret
metadata: {{name: payments-db}}
stringData: {{password: {SECRET_WORD}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: payments-api}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: payments}}}}
  template:
    metadata: {{labels: {{app: payments}}}}
    spec: {{containers: [{{name: web, image: "registry/pay:{tag}"}}]}}
{extra}"""


class Stopwatch:
    """A clock that moves only when somebody sleeps on it."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0
        self.naps = 0
        self.on_nap: Callable[[int], None] = lambda count: None

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.naps += 1
        self.on_nap(self.naps)


@pytest.fixture
def cluster() -> FakeCluster:
    made = FakeCluster()
    chart = {"metadata": {"name": "api", "version": "1.9.1"}}
    made.record("payments-api", 40, "superseded", manifest=manifest("1.9.0"), chart=chart)
    made.record("payments-api", 41, "deployed", manifest=manifest("1.9.1"), chart=chart)
    broken = {"metadata": {"name": "api", "version": "1.9.2"}}
    made.record("payments-api", 42, "failed", manifest=manifest("1.9.2"), chart=broken)
    secret, deployment = objects(manifest("1.9.2"), origin="42")
    made.put(secret)
    made.deploy(deployment, ready=1, waiting="ImagePullBackOff")
    return made


@pytest.fixture
def engine(cluster: FakeCluster) -> FakeEngine:
    return FakeEngine(cluster)


@pytest.fixture
def stopwatch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def journal(tmp_path: Path, stopwatch: Stopwatch) -> Journal:
    return Journal(tmp_path / "state" / "journal", clock=stopwatch)


@pytest.fixture
def make_controller(
    cluster: FakeCluster, engine: FakeEngine, journal: Journal, stopwatch: Stopwatch
) -> Callable[..., Controller]:
    def make(*others: FakeCluster, **options: Any) -> Controller:
        options.setdefault("engines", lambda: (engine,))
        return Controller(
            FakeFleet(cluster, *others),
            journal=journal,
            clock=stopwatch,
            sleep=stopwatch.sleep,
            records=Records,
            verify=Verify(deadline_seconds=60),
            **options,
        )

    return make


@pytest.fixture
def controller(make_controller: Callable[..., Controller]) -> Controller:
    return make_controller()


def check(plan: Plan, id: str) -> Check:
    return next(found for found in plan.checks if found.id == id)


def intent(verb: Verb, **more: Any) -> Intent:
    return Intent(verb=verb, release=REF, **more)
