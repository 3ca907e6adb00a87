"""One simulated cluster: its objects, its controllers, its misbehaviour, and the port it answers on."""

from __future__ import annotations

import asyncio
import gc
import random
import ssl
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from acp_tui.sim.access import Authorizer, User
from acp_tui.sim.apiserver import ApiServer
from acp_tui.sim.bootstrap import bootstrap
from acp_tui.sim.controllers.loop import Controllers
from acp_tui.sim.faults import Faults
from acp_tui.sim.images import ImageRules
from acp_tui.sim.kinds import KindTable
from acp_tui.sim.store import Store, now_text
from acp_tui.sim.write import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from acp_tui.sim.kinds import Obj
    from acp_tui.sim.store import KindKey, Stored

ADMIN = User("admin", ("system:masters", "system:authenticated"))
WATCH_LIST_FROM = 34  # the minor version from which streaming lists are on


class Stats(msgspec.Struct):
    """What a cluster was asked for since it started; bytes are bodies as sent, after compression."""

    requests: int = 0
    bytes_sent: int = 0
    watches: int = 0
    open_watches: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSpec:
    """How one cluster is to be.

    `populate` seeds its objects when the first request arrives or earlier; `pace` scales every time its
    controllers take (0.1 is ten times faster).
    """

    name: str
    version: str = "v1.34.2"
    is_global: bool = False
    platform: str = ""  # the platform's address, for kubeconfig extensions; empty where there is none
    tokens: Mapping[str, User] = field(default_factory=lambda: {"admin": ADMIN}, repr=False)
    # kubectl and helm send no credentials over plain HTTP. Named here, a user of `tokens` stands behind
    # requests that carry none; `/as/<user>` in front of a path then chooses another.
    open_as: str = ""
    faults: Faults = field(default_factory=Faults)
    images: ImageRules = field(default_factory=ImageRules)
    populate: Callable[[SimCluster], None] | None = None
    seed: int = 0
    pace: float = 1.0
    ring: int = 4096


class SimCluster:
    """A simulated API server with its controllers; `start` binds a loopback port."""

    def __init__(self, spec: ClusterSpec) -> None:
        self.spec = spec
        self.name = spec.name
        self.version = spec.version
        self.rng = random.Random(f"{spec.seed}/{spec.name}")  # noqa: S311 -- scenery, not secrets
        self.fault_rng = random.Random(f"{spec.seed}/{spec.name}/faults")  # noqa: S311 -- as above
        self.faults = spec.faults
        self.stats = Stats()
        self.store = Store(ring=spec.ring)
        self.kinds = KindTable()
        self.writer = Writer(self.store, self.kinds, rng=self.rng)
        self.authorizer = Authorizer(self.store, spec.tokens, spec.open_as)
        self.controllers = Controllers(
            store=self.store, kinds=self.kinds, writer=self.writer, rng=self.rng, images=spec.images, pace=spec.pace
        )
        self.streaming_lists = int(spec.version.lstrip("v").split(".")[1]) >= WATCH_LIST_FROM
        self._is_populated = False
        self._awake: list[tuple[KindKey, str, str]] = []
        self._lifted = asyncio.Event()
        self._runner: web.ServerRunner | None = None
        self._port = 0
        self._tls = False

    # -- objects ---------------------------------------------------------------------------------

    async def populated(self) -> None:
        """Make sure the objects are there; the first caller pays for it."""
        if not self._is_populated:
            self.populate()

    def populate(self) -> None:
        """Seed the objects and start the controllers, once."""
        if self._is_populated:
            return
        self._is_populated = True
        # Seeding makes many small trees that all live for a moment only: collecting in between is waste.
        gc.disable()
        try:
            bootstrap(self)
            if self.spec.populate is not None:
                self.spec.populate(self)
        finally:
            gc.enable()
        self.controllers.start()
        for key in self._awake:
            self.controllers.queue(*key)

    def wake(self, kind: KindKey, namespace: str, name: str) -> None:
        """Have a seeded object looked at by its controller as soon as there is one: it is not at rest."""
        self._awake.append((kind, namespace, name))

    def seed(self, obj: Obj, *, born: str | None = None, make: Callable[[], Obj] | None = None) -> Stored:
        """Put an object as if it had been there for long; `born` is its creation time.

        With `make` only the metadata is given now, and the rest is made when somebody reads it.
        """
        resource = self.kinds.of_kind(obj["apiVersion"], obj["kind"])
        if resource is None:
            raise LookupError(f"{self.name} does not serve {obj['apiVersion']} {obj['kind']}")
        meta = obj["metadata"]
        meta.setdefault("uid", self.new_uid())
        meta.setdefault("creationTimestamp", born or now_text())
        if resource.plural == "customresourcedefinitions":
            self.kinds.define(obj)
        return self.store.put(resource, obj, make=make, quiet=True)

    def new_uid(self) -> str:
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    # -- faults ----------------------------------------------------------------------------------

    def set_faults(self, faults: Faults) -> None:
        """Misbehave like this from now on."""
        self.faults = faults
        if faults.down != "hang":
            self._lifted.set()
            self._lifted = asyncio.Event()

    async def fault_lifted(self) -> None:
        """Wait until the cluster no longer hangs."""
        while self.faults.down == "hang":
            await self._lifted.wait()

    # -- serving ---------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    async def start(self, *, tls: ssl.SSLContext | None = None) -> None:
        """Listen on a free loopback port."""
        server = web.Server(ApiServer(self).handle, access_log=None)
        self._runner = web.ServerRunner(server, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=tls, backlog=512)
        await site.start()
        self._tls = tls is not None
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        self.controllers.stop()
        self.set_faults(Faults())
        if self._runner is not None:
            await self._runner.cleanup()
