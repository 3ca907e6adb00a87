"""One release of one namespace on the bed, those who look after it, and ways to hurt it."""

from __future__ import annotations

import base64
import gzip
import json
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from acp_tui.clients.helm.engine import HelmEngine
from acp_tui.clients.helm.engines import find_engines
from acp_tui.clients.kube.kubeconfig import load
from acp_tui.controllers.controller import Controller
from acp_tui.controllers.journal import Journal
from acp_tui.controllers.verify import Verify
from acp_tui.fleet.fleet import Fleet
from acp_tui.model.operation import Operation, OperationState, Outcome
from acp_tui.model.plan import Intent, ValuesMode, Verb
from acp_tui.model.recovery import Act, Diagnosis
from acp_tui.model.release import ReleaseRef
from testbed import scenery
from testbed.bed import Bed


class Ward:
    """One release of one namespace and those who look after it; `later` moves the doctor's clock."""

    def __init__(self, bed: Bed, fleet: Fleet, engines: Sequence[HelmEngine], namespace: str, state: Path) -> None:
        self.bed = bed
        self.fleet = fleet
        self.namespace = namespace
        self.ref = ReleaseRef("bed-east", namespace, "shop")
        self.state = state
        self.later = 0.0
        self.controller = Controller(
            fleet,
            engines=lambda: engines,
            journal=Journal(state / "journal"),
            clock=lambda: time.time() + self.later,
            verify=Verify(deadline_seconds=60, steady_seconds=0.5),
        )

    def release(self, helm: str, version: str, **values: str) -> None:
        scenery.release(self.bed, "east", "shop", namespace=self.namespace, helm=helm, version=version, **values)  # type: ignore[arg-type]

    def killed(self, helm: str, verb: str, *more: str, until: Callable[[], bool]) -> None:
        """Helm, killed with SIGKILL as soon as the cluster shows that it has come so far."""
        argv = [helm, "--kube-context=bed-east", "-n", self.namespace, verb, "shop", *more]
        running = subprocess.Popen(
            argv, env=self.bed.env(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            self.bed["east"].wait("the point to kill helm at", until, timeout=60)
        finally:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()

    def chart(self, version: str) -> str:
        return str(scenery.package(self.bed, version))

    def records(self) -> dict[int, dict[str, Any]]:
        path = f"/api/v1/namespaces/{self.namespace}/secrets?labelSelector=owner%3Dhelm%2Cname%3Dshop"
        items = self.bed["east"].request("GET", path)["items"]
        return {int(item["metadata"]["labels"]["version"]): item for item in items}

    def status(self, number: int) -> str:
        """What label and payload say, which must be one."""
        record = self.records()[number]
        label, payload = record["metadata"]["labels"]["status"], payload_of(record)["info"]["status"]
        assert label == payload
        return str(label)

    def hook_runs(self) -> bool:
        path = f"/apis/batch/v1/namespaces/{self.namespace}/jobs"
        items: list[dict[str, Any]] = self.bed["east"].request("GET", path)["items"]
        return any((item.get("status") or {}).get("active") for item in items)

    async def diagnosis(self) -> Diagnosis:
        found = await self.controller.doctor.examine(self.ref)
        assert found
        return found[0]

    async def recover(self, act: Act, engine: str = "") -> Outcome:
        found = await self.diagnosis()
        remedy = next(each for each in found.remedies if each.act is act)
        intent = self.controller.doctor.intent(found, remedy)
        if intent is None:
            done = await self.controller.doctor.recover(await self.controller.doctor.plan(found, remedy), remedy)
        else:
            done = await self.act(intent, engine)
        assert done.outcome is not None
        assert done.state is OperationState.SUCCEEDED, done.outcome
        return done.outcome

    async def act(self, intent: Intent, engine: str) -> Operation:
        plan = await self.controller.plan(structs.replace(intent, engine=engine, timeout_seconds=30))
        assert plan.allowed, plan.refusals
        return await self.controller.wait(self.controller.start(plan).id)

    async def upgraded(self, engine: str, version: str = "1.2.0") -> Outcome:
        self.later = 0.0
        intent = Intent(Verb.UPGRADE, self.ref, chart=self.chart(version), values_mode=ValuesMode.RESET)
        done = await self.act(intent, engine)
        assert done.outcome is not None
        return done.outcome


def payload_of(record: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(record["data"]["release"]))))
    return found


@pytest.fixture(scope="session")
def engines(bed_env: dict[str, str]) -> Sequence[HelmEngine]:
    return find_engines({**os.environ, **bed_env})


@pytest.fixture
async def ward(
    kubeconfig: Path, bed: Bed, namespace: str, engines: Sequence[HelmEngine], tmp_path: Path
) -> AsyncIterator[Ward]:
    fleet = Fleet([each for each in load([kubeconfig]).contexts if each.name == "bed-east"])
    fleet.start()
    await fleet.settled(20)
    yield Ward(bed, fleet, engines, namespace, tmp_path)
    await fleet.close()


def hanging(*events: str) -> tuple[str, ...]:
    words = "\\,".join(events)
    return ("--set=hook.enabled=true", "--set=hook.behaviour=never-ready", f"--set=hook.events={words}")


def end_hook(ward: Ward) -> None:
    """The hook's Job goes, as it does when somebody cleans up after a Helm that died."""
    place = f"/apis/batch/v1/namespaces/{ward.namespace}/jobs"
    for job in ward.bed["east"].request("GET", place)["items"]:
        ward.bed["east"].request("DELETE", f"{place}/{job['metadata']['name']}?propagationPolicy=Background")
    ward.bed["east"].wait("the hook's end", lambda: not ward.bed["east"].request("GET", place)["items"])


def rewrite(ward: Ward, number: int, *, label: str, payload: str = "", drop: str = "") -> None:
    """Writes another state into a record; `drop` takes that part of its chart away."""
    record = ward.records()[number]
    record["metadata"]["labels"] |= {"status": label, "touched": str(time.time_ns())}
    if payload:
        release = payload_of(record)
        release["info"]["status"] = payload
        release["chart"].pop(drop, None)
        packed = base64.b64encode(gzip.compress(json.dumps(release).encode()))
        record["data"]["release"] = base64.b64encode(packed).decode()
    put(ward, record)


def put(ward: Ward, record: dict[str, Any]) -> None:
    ward.bed["east"].request("PUT", f"/api/v1/namespaces/{ward.namespace}/secrets/{record['metadata']['name']}", record)
