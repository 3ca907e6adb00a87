"""What the controllers need of the fleet, of records and of engines: the seams that tests put fakes into."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from acp_tui.model.cluster import Role
from acp_tui.model.refs import Kind

if TYPE_CHECKING:
    from acp_tui.clients.helm.engine import HelmEngine
    from acp_tui.clients.helm.records import ReleaseStore
    from acp_tui.clients.kube.context import Context
    from acp_tui.clients.kube.transport import Transport


class KindTable(Protocol):
    """What an API server serves."""

    def by_gk(self, group: str, kind: str) -> Kind | None: ...

    def by_api_version(self, api_version: str, kind: str) -> Kind | None: ...


class Standing(Protocol):
    """What the fleet makes of a cluster; `names` are those that others call it by, the platform's first."""

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def role(self) -> Role: ...

    @property
    def production(self) -> bool: ...

    @property
    def last_known(self) -> float | None:
        """The moment that what is shown is from, where nothing newer was heard since the start; else None."""
        ...


class Cluster(Protocol):
    """One cluster of the fleet; `kinds` is None until discovery answered."""

    @property
    def context(self) -> Context: ...

    @property
    def transport(self) -> Transport: ...

    @property
    def kinds(self) -> KindTable | None: ...

    @property
    def store(self) -> Standing: ...


class Clusters(Protocol):
    """The fleet, as far as acts go."""

    @property
    def names(self) -> Sequence[str]: ...

    def session(self, name: str) -> Cluster: ...


FindEngines = Callable[[], "Sequence[HelmEngine]"]
"""May start processes that say their version, so it is called in a thread."""

OpenRecords = Callable[["Transport"], "ReleaseStore"]
"""The records of one cluster (clients.helm.records)."""
