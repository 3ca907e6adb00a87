"""One engineer at one release of the bed, every request of whom can be held: what the tests of survival work with."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from msgspec import structs

from acp_tui.clients.helm.engine import HelmEngine
from acp_tui.clients.kube.kubeconfig import load
from acp_tui.controllers.attached import Detached
from acp_tui.controllers.controller import Controller
from acp_tui.controllers.detached import Outposts
from acp_tui.controllers.errand import Post
from acp_tui.controllers.journal import Journal
from acp_tui.controllers.verify import Verify
from acp_tui.model.cluster import Role
from acp_tui.model.operation import Operation, OperationState, Outcome, StepState
from acp_tui.model.plan import Intent, Plan, Verb
from acp_tui.model.recovery import Diagnosis
from acp_tui.model.release import ReleaseRef
from testbed import scenery
from testbed.bed import Bed
from tests.system.survival.turnstile import Turnstile, kubeconfig, turnstile

PATIENCE = 120.0
"""Seconds; a group of cells shares the processors with whatever else the machine does."""

T = TypeVar("T")


async def within(patience: float, work: Awaitable[T], what: str) -> T:
    """AssertionError names what did not come."""
    try:
        return await asyncio.wait_for(work, patience)
    except TimeoutError:
        raise AssertionError(f"not within {patience:.0f} s: {what}") from None


class Desk:
    """One engineer at one release of the bed, whose requests pass the turnstile."""

    def __init__(self, gate: Turnstile, bed: Bed, namespace: str, engines: Sequence[HelmEngine], folder: Path) -> None:
        self.gate = gate
        self.bed = bed
        self.namespace = namespace
        self.folder = folder
        self.kubeconfig = self._kubeconfig(folder / "kubeconfig")
        self.journal = Journal(folder / "state" / "acp-tui" / "journal")
        self.ref = self._ref()
        self._engines = engines
        self.posts: list[Outposts] = []
        self.consoles: list[Controller] = []
        self.controller = self.console()

    def console(self, *, steady: float = 0.3, state: str = "state") -> Controller:
        """A console that knows nothing but the kubeconfig and the folder `state`."""
        posts = Outposts(self._posts())
        self.posts.append(posts)
        made = Controller(
            posts,
            engines=lambda: self._engines,
            journal=Journal(self.folder / state / "acp-tui" / "journal"),
            verify=Verify(deadline_seconds=60, steady_seconds=steady, poll_seconds=0.2),
            launch=Detached(env=self.bed.env()),
        )
        self.consoles.append(made)
        return made

    def _ref(self) -> ReleaseRef:
        return ReleaseRef("bed-east", self.namespace, "shop")

    def _kubeconfig(self, path: Path) -> Path:
        return kubeconfig(path, {"bed-east": self.gate})

    def _posts(self) -> tuple[Post, ...]:
        context = load([self.kubeconfig]).context("bed-east")
        return (Post("bed-east", context, ("bed-east",), Role.PLAIN, production=False),)

    def released(self, version: str = "1.0.0", *, helm: str = "helm4", **values: object) -> None:
        scenery.release(self.bed, "east", "shop", namespace=self.namespace, version=version, helm=helm, **values)  # type: ignore[arg-type]

    def intent(self, verb: Verb, engine: str, **more: Any) -> Intent:
        return Intent(verb, self.ref, engine=engine, timeout_seconds=60, **more)

    async def plan(self, verb: Verb, engine: str, **more: Any) -> Plan:
        plan = await self.controller.plan(self.intent(verb, engine, **more))
        assert plan.allowed, plan.refusals
        return plan

    async def act(self, verb: Verb, engine: str, **more: Any) -> Operation:
        return await self.controller.wait(self.controller.start(await self.plan(verb, engine, **more)).id)

    def doing(self) -> str:
        """The step that the journal says the act is at, empty while there is none."""
        for operation in self.journal.past():
            if not operation.state.over and operation.release == self.ref:
                return next((step.id for step in operation.steps if step.state is StepState.RUNNING), "")
        return ""

    def chart(self, version: str) -> str:
        return str(scenery.package(self.bed, version))

    def records(self) -> dict[str, str]:
        """Status of each stored revision by its uid."""
        path = f"/api/v1/namespaces/{self.namespace}/secrets?labelSelector=owner%3Dhelm%2Cname%3Dshop"
        items = self.bed["east"].request("GET", path)["items"]
        return {item["metadata"]["uid"]: item["metadata"]["labels"]["status"] for item in items}

    async def newest(self) -> tuple[int, str]:
        """Number and status of the newest revision; (0, "") where there is none."""
        path = f"/api/v1/namespaces/{self.namespace}/secrets?labelSelector=owner%3Dhelm%2Cname%3Dshop"
        items = (await asyncio.to_thread(self.bed["east"].request, "GET", path))["items"]
        labels = [item["metadata"]["labels"] for item in items]
        return max(((int(each["version"]), str(each["status"])) for each in labels), default=(0, ""))

    def runner(self, id: str) -> int:
        """The process that the journal says does it."""
        record = self.journal.beside(id, "jsonl")
        return int(json.loads(record.read_bytes().splitlines()[0])["pid"])

    async def is_gone(self, id: str) -> None:
        """Returns when its runner is, after which the kernel has told Helm."""
        with contextlib.suppress(ProcessLookupError):
            end = os.pidfd_open(self.runner(id))
            await asyncio.to_thread(select.select, [end], [], [])
            os.close(end)

    def helm(self, id: str) -> int:
        """The one child of the runner."""
        pid = self.runner(id)
        (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(child)

    async def left(self) -> None:
        for console in self.consoles:
            await console.close()
        for posts in self.posts:
            await posts.close()

    async def led_out(self, engine: str) -> list[Diagnosis]:
        """Takes the least act that the doctor offers until it offers none; returns what it said on the way."""
        said: list[Diagnosis] = []
        for _ in range(3):
            found = await self.controller.doctor.examine(self.ref)
            if not found:
                break
            diagnosis = found[0]
            said.append(diagnosis)
            assert diagnosis.least is not None
            intent = self.controller.doctor.intent(diagnosis, diagnosis.least)
            if intent is None:
                plan = await self.controller.doctor.plan(diagnosis, diagnosis.least)
                done = await self.controller.doctor.recover(plan, diagnosis.least)
            else:
                plan = await self.controller.plan(structs.replace(intent, engine=engine))
                assert plan.allowed, plan.refusals
                done = await self.controller.wait(self.controller.start(plan).id)
            assert done.state is OperationState.SUCCEEDED, done.outcome
        return said


@asynccontextmanager
async def sitting(
    bed: Bed, namespace: str, engines: Sequence[HelmEngine], folder: Path, gate: Turnstile | None = None
) -> AsyncIterator[Desk]:
    """Several desks may have one gate and one folder: then they are one engineer's."""
    async with contextlib.AsyncExitStack() as stack:
        if gate is None:
            gate = await stack.enter_async_context(turnstile(bed["east"]))
        desk = Desk(gate, bed, namespace, engines, folder)
        try:
            yield desk
        finally:
            await desk.left()


def outcome_of(operation: Operation) -> Outcome:
    assert operation.outcome is not None
    return operation.outcome
