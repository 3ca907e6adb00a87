"""What a runner process is told on its standard input: the plan, the clusters, the engine; never a file, never argv."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from acp_tui.clients.helm.binary import BinaryEngine
from acp_tui.clients.helm.embedded import EmbeddedEngine
from acp_tui.clients.kube.context import Context, Secret
from acp_tui.controllers.verify import Verify
from acp_tui.model.cluster import Role
from acp_tui.model.errors import EngineError
from acp_tui.model.operation import Operation
from acp_tui.model.plan import Plan

if TYPE_CHECKING:
    from acp_tui.clients.helm.engine import HelmEngine
    from acp_tui.controllers.seams import Clusters

CANCEL = b"cancel\n"
"""The one word a runner listens for while it works."""


class Post(Struct, frozen=True):
    """One cluster as the fleet knew it; the context holds credentials."""

    name: str
    context: Context
    names: tuple[str, ...]
    role: Role
    production: bool


class Engine(Struct, frozen=True):
    """A Helm that was found already: the program and its version, or the two versions of the Python package."""

    program: str = ""
    version: tuple[int, int, int] = (0, 0, 0)
    sdk: str = ""
    helm: str = ""

    @classmethod
    def of(cls, engine: HelmEngine) -> Engine:
        if isinstance(engine, BinaryEngine):
            return cls(program=str(engine.program), version=engine.version)
        if isinstance(engine, EmbeddedEngine):
            return cls(sdk=engine.sdk, helm=engine.helm)
        raise EngineError(f"{engine.name} cannot be used by a runner process")

    def open(self, env: Mapping[str, str]) -> HelmEngine:
        if self.program:
            return BinaryEngine(Path(self.program), self.version, env=env)
        return EmbeddedEngine(self.sdk, self.helm, env=env)


class Errand(Struct, frozen=True):
    """`journal` is a folder, `policies` are files besides the user's own, `lock` an open file that is inherited.

    `engine` is None where Captain acts.
    """

    plan: Plan
    operation: Operation
    posts: tuple[Post, ...]
    engine: Engine | None
    journal: str
    verify: Verify
    policies: tuple[str, ...]
    lock: int

    def __repr__(self) -> str:
        return f"Errand({self.operation.id})"


def encode(errand: Errand) -> bytes:
    return msgspec.json.encode(errand, enc_hook=_hide)


def decode(data: bytes) -> Errand:
    """Raises msgspec.DecodeError for a text that was not written to its end."""
    return msgspec.json.decode(data, type=Errand, dec_hook=_unhide)


def posts_of(clusters: Clusters, plan: Plan) -> Iterable[Post]:
    """The release's own cluster, and where a HelmRequest may be kept, the global ones."""
    own = plan.intent.release.cluster
    for name in clusters.names:
        session = clusters.session(name)
        store = session.store
        if name == own or store.role is Role.GLOBAL:
            yield Post(name, session.context, tuple(store.names), store.role, store.production)


def _hide(value: Any) -> str:
    if isinstance(value, Secret):
        return base64.b64encode(value.reveal()).decode()
    raise NotImplementedError(type(value).__name__)


def _unhide(type_: type, value: Any) -> Any:
    if type_ is Secret:
        return Secret(base64.b64decode(value))
    raise NotImplementedError(type_.__name__)
