"""Helm releases and their revisions, wherever the record of them is kept."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct

from acp_tui.model.freshness import NEVER, Freshness
from acp_tui.model.health import Tone

STATUS_TONE = {
    "deployed": Tone.OK,
    "superseded": Tone.DIM,
    "uninstalled": Tone.DIM,
    "failed": Tone.FAIL,
    "pending-install": Tone.WARN,
    "pending-upgrade": Tone.WARN,
    "pending-rollback": Tone.WARN,
    "uninstalling": Tone.WARN,
    "unknown": Tone.UNKNOWN,
}
PENDING = frozenset({"pending-install", "pending-upgrade", "pending-rollback", "uninstalling"})


class Store(StrEnum):
    """Where the record of a release is kept."""

    SECRET = "Secret"  # noqa: S105
    CONFIGMAP = "ConfigMap"
    CAPTAIN = "Release"


class OwnerKind(StrEnum):
    """Who would undo a plain helm command; HELM means nobody else."""

    HELM = "Helm"
    HELMREQUEST = "HelmRequest"
    APPRELEASE = "AppRelease"
    ARGOCD = "Argo CD"


class Owner(Struct, frozen=True):
    """The controller above a release; name, namespace and cluster are empty for plain Helm."""

    kind: OwnerKind = OwnerKind.HELM
    name: str = ""
    namespace: str = ""
    cluster: str = ""

    def __str__(self) -> str:
        if self.kind is OwnerKind.HELM:
            return "Helm"
        place = f" ({self.cluster})" if self.cluster else ""
        return f"{self.kind} {self.name}{place}".strip()


class ReleaseRef(Struct, frozen=True, order=True):
    """A release of one cluster; the same name may exist in two stores at once."""

    cluster: str
    namespace: str
    name: str
    store: Store = Store.SECRET

    @property
    def key(self) -> str:
        return f"{self.cluster}/{self.namespace}/{self.name}/{self.store}"


class ReleaseSummary(Struct, frozen=True):
    """A row of the Releases view, made from record metadata alone; chart fields are empty until something names them.

    `updated_at` is when the newest revision was written (epoch seconds); `stuck` means pending for longer than
    any hook could take. `values_hash` tells equal values from others, and is empty until the record was read.
    """

    ref: ReleaseRef
    revision: int
    status: str
    stuck: bool = False
    chart: str = ""
    chart_version: str = ""
    app_version: str = ""
    owner: Owner = Owner()
    updated_at: float | None = None
    reason: str = ""
    project: str = ""
    production: bool = False
    freshness: Freshness = NEVER
    values_hash: str = ""

    @property
    def key(self) -> str:
        return self.ref.key


class Revision(Struct, frozen=True):
    """One line of a history; chart, description and size come from the payload and are empty until it was read.

    `size` is what the API server counts of the payload, in bytes, 0 where nobody read it. `leaves`: the next act
    removes this record. `kept_at` is when acp-tui copied a record that the cluster no longer has.
    """

    ref: ReleaseRef
    revision: int
    status: str
    object_name: str
    uid: str = ""
    resource_version: str = ""
    updated_at: float | None = None
    chart: str = ""
    chart_version: str = ""
    app_version: str = ""
    description: str = ""
    unreadable: str = ""
    size: int = 0
    leaves: bool = False
    kept_at: float | None = None

    @property
    def key(self) -> str:
        """Numbers come again after an uninstall, and Captain gives that of a failed one to the next."""
        return f"{self.ref.key}/{self.revision}" + (f"/{self.uid}" if self.kept_at is not None else "")


class Hook(Struct, frozen=True):
    """A hook of a revision, with what it did last time."""

    name: str
    kind: str
    events: tuple[str, ...] = ()
    weight: int = 0
    delete_policies: tuple[str, ...] = ()
    last_phase: str = ""
    last_started_at: float | None = None
    last_completed_at: float | None = None
    manifest: str = ""


class ReleaseBody(Struct, frozen=True):
    """The payload of one revision, decoded. `values` are the user's (config), `chart_values` the chart's defaults.

    Values can hold secrets: nothing but the views of values may print them.
    """

    ref: ReleaseRef
    revision: int
    status: str
    chart: str
    chart_version: str
    app_version: str
    manifest: str
    values: dict[str, Any]
    chart_values: dict[str, Any]
    notes: str
    hooks: tuple[Hook, ...] = ()
    description: str = ""
    first_deployed_at: float | None = None
    last_deployed_at: float | None = None
    apply_method: str = ""
    size: int = 0
