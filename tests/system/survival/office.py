"""One engineer at a release that Captain keeps: its HelmRequest in west, which plays the global cluster."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path

from acp_tui.clients.helm.engine import HelmEngine
from acp_tui.clients.kube.kubeconfig import load
from acp_tui.controllers.errand import Post
from acp_tui.model.cluster import Role
from acp_tui.model.plan import Intent, ValuesMode, Verb
from acp_tui.model.release import ReleaseRef, Store
from testbed.bed import Bed
from tests.system.helmrequests import Request
from tests.system.survival.desk import Desk
from tests.system.survival.turnstile import Hold, Turnstile, Wish, kubeconfig

VERBS = (Verb.UPGRADE, Verb.ROLLBACK, Verb.UNINSTALL)
"""What is done to a release that has a HelmRequest; nobody offers to write a new one."""


class Stand(StrEnum):
    """The steps of an act of ours on a HelmRequest, in their order."""

    LOOK = "before the look"
    WRITE = "before the write"
    WRITTEN = "while Captain works"
    WAIT = "at the wait"


class Office(Desk):
    """A desk with a second turnstile, `main`, before the cluster that keeps the HelmRequests."""

    def __init__(
        self,
        gate: Turnstile,
        main: Turnstile,
        bed: Bed,
        namespace: str,
        engines: Sequence[HelmEngine],
        folder: Path,
    ) -> None:
        self.main = main
        super().__init__(gate, bed, namespace, engines, folder)
        self.request = Request(bed, namespace)

    def _ref(self) -> ReleaseRef:
        return ReleaseRef("bed-east", self.namespace, "web", Store.CAPTAIN)

    def _kubeconfig(self, path: Path) -> Path:
        return kubeconfig(path, {"bed-east": self.gate, "bed-west": self.main}, main="bed-west")

    def _posts(self) -> tuple[Post, ...]:
        contexts = load([self.kubeconfig])
        roles = {"bed-east": Role.WORKLOAD, "bed-west": Role.GLOBAL}
        return tuple(
            Post(name, contexts.context(name), (name,), role, production=False) for name, role in roles.items()
        )

    def records(self) -> dict[str, str]:
        return {each["metadata"]["uid"]: each["status"]["status"] for each in self.request.records}

    async def to_do(self, verb: Verb) -> Intent:
        """A release that Captain synced, on which there is something to do."""
        await asyncio.to_thread(self.request.create)
        await asyncio.to_thread(self.request.synced, "1.0.0")
        intent = self.intent(verb, "helm3")
        if verb is Verb.ROLLBACK:
            await asyncio.to_thread(self.request.change, version="1.1.0")
            await asyncio.to_thread(self.request.synced, "1.1.0")
            return Intent(verb, self.ref, engine="helm3", timeout_seconds=120, revision=1)
        if verb is Verb.UPGRADE:
            return Intent(
                verb, self.ref, engine="helm3", timeout_seconds=120, version="1.1.0", values="replicas: 3",
                values_mode=ValuesMode.REUSE,
            )  # fmt: skip
        return intent

    def hold(self, stand: Stand) -> Hold:
        """The request at which the act of this office stands at the step."""
        written = False

        def own(wish: Wish) -> bool:
            return wish.path.endswith(f"/helmrequests/{self.request.name}")

        def after_the_write(wish: Wish) -> bool:
            nonlocal written
            written |= own(wish) and wish.writes
            return written and own(wish) and wish.method == "GET"

        match stand:
            case Stand.LOOK:
                return self.main.hold(lambda wish: own(wish) and self.doing() == "prepare")
            case Stand.WRITE:
                return self.main.hold(lambda wish: own(wish) and wish.writes)
            case Stand.WRITTEN:
                return self.main.hold(after_the_write)
            case Stand.WAIT:
                return self.gate.hold(lambda wish: wish.namespace == self.namespace and self.doing() == "verify")

    def done_by_captain(self, verb: Verb) -> None:
        """Returns when Captain has made what a written HelmRequest asks for."""
        if verb is Verb.UNINSTALL:
            self.bed["west"].wait("the deletion", lambda: not self.request.there)
        else:
            self.request.synced("1.1.0" if verb is Verb.UPGRADE else "1.0.0")


class Captain:
    """Captain as a process, which may be killed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def killed(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()


@asynccontextmanager
async def captain(bed: Bed, kubeconfig: Path, log: Path) -> AsyncIterator[Captain]:
    """On duty for the clusters of the kubeconfig, for several HelmRequests at once."""
    argv = [sys.executable, "-m", "acp_tui.controlplane", "--kubeconfig", str(kubeconfig), "--global", "bed-west"]
    argv += ["--engine", "helm3", "--first-retry", "0.3", "--removal-timeout", "5", "--workers", "8"]
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(*argv, env={**os.environ, **bed.env()}, stderr=errors)
    try:
        yield Captain(process)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
