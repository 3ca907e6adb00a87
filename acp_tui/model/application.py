"""An application, its row, and its status tree."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from acp_tui.model.freshness import NEVER, Freshness
from acp_tui.model.health import Health, Verdict
from acp_tui.model.refs import ObjectRef


class ApplicationSource(StrEnum):
    """What made us call a group of objects an application, strongest first."""

    APPLICATION = "Application"
    HELM = "Helm release"
    INSTANCE = "instance label"
    OWNER = "owner"


class ApplicationSummary(Struct, frozen=True):
    """A row of the Applications view; `platform_state` is the platform's word, `health` is our own verdict.

    `ready` of `components` are well; `pods_ready` of `pods` run for its workloads, None where it keeps none running.
    """

    ref: ObjectRef
    source: ApplicationSource
    health: Health = Health.UNKNOWN
    reason: str = ""
    platform_state: str = ""
    ready: int | None = None
    components: int | None = None
    pods_ready: int | None = None
    pods: int | None = None
    owner: str = ""
    project: str = ""
    version: str = ""
    revision: int | None = None
    created_at: float | None = None
    production: bool = False
    freshness: Freshness = NEVER

    @property
    def key(self) -> str:
        return self.ref.key


class TreeNode(Struct, frozen=True):
    """A branch of a status tree: the object, what is true of it, and what hangs below it.

    `verdict` is rolled up: it is the worst of the node's own state and its children, except where a workload's
    own status outranks a single pod (a rollout with old pods still serving).
    """

    ref: ObjectRef
    title: str
    verdict: Verdict
    note: str = ""
    children: tuple[TreeNode, ...] = ()

    @property
    def key(self) -> str:
        return self.ref.key
