"""What a plan stands on: the cluster, the records of the release, the engine, and what was read of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from acp_tui.controllers.effects import release_parts
from acp_tui.insight.lastgood import Proofs
from acp_tui.insight.manifest import Part
from acp_tui.model.errors import EngineError
from acp_tui.model.plan import Check, CheckResult, Intent
from acp_tui.model.release import Hook, ReleaseBody, Revision
from acp_tui.wire.helm import body as shown_body

if TYPE_CHECKING:
    from acp_tui.clients.helm.engine import HelmEngine
    from acp_tui.clients.helm.records import ReleaseStore, StoredRecord
    from acp_tui.controllers.seams import Cluster, KindTable

Told = Callable[[str], None]
"""Hears in a few words what is being done, some of them a hundred times: whoever shows them does so when it likes."""


def silent(words: str) -> None:
    """For plans that nobody waits for."""


class Ground:
    """One release of one cluster, as read for one plan; `history` is newest first."""

    def __init__(
        self,
        intent: Intent,
        *,
        cluster: Cluster,
        kinds: KindTable,
        records: ReleaseStore,
        engine: HelmEngine | None,
        no_engine: EngineError | None,
        history: Sequence[Revision],
        now: float,
        proofs: Proofs | None = None,
        told: Told = silent,
    ) -> None:
        self.intent = intent
        self.ref = intent.release
        self.cluster = cluster
        self.kinds = kinds
        self.records = records
        self.engine = engine
        self.no_engine = no_engine
        self.history = history
        self.now = now
        self.proofs: Proofs = proofs or {}
        self.told = told

    @property
    def newest(self) -> Revision | None:
        return self.history[0] if self.history else None

    def revision(self, number: int) -> Revision | None:
        return next((each for each in self.history if each.revision == number), None)

    async def record(self, number: int) -> tuple[StoredRecord, ReleaseBody]:
        """A stored revision, whole and as shown; raises RecordError."""
        self.told(f"reading record {number}")
        stored = await self.records.record(self.ref, number)
        return stored, shown_body(stored.release, self.ref, size=stored.size)

    def parts(self, manifest: str, *, origin: str) -> tuple[Part, ...]:
        return release_parts(manifest, self.ref, origin=origin, kinds=self.kinds)

    def parts_of(self, body: ReleaseBody) -> tuple[Part, ...]:
        return self.parts(body.manifest, origin=f"the stored manifest of {self.ref.name} revision {body.revision}")

    def require_engine(self) -> HelmEngine:
        """The engine, for plans that need it to render; raises EngineError where there is none."""
        if self.engine is None:
            raise self.no_engine or EngineError("No Helm engine is found")
        return self.engine


class Draft(Struct, frozen=True):
    """What a verb makes of an intent, before the checks that all verbs share.

    `original` is what Helm compares with where that is not `before`: the deployed revision below a failed one.
    `apply_method` is how the release was applied (`ssa`, else from the client's side), `size` the length of the record
    to be stored, 0 where nobody knows.
    """

    intent: Intent
    headline: str
    before: tuple[Part, ...] = ()
    after: tuple[Part, ...] = ()
    hooks: tuple[Hook, ...] = ()
    checks: tuple[Check, ...] = ()
    not_undone: tuple[str, ...] = ()
    undo: str = ""
    target_chart: str = ""
    manifest: str = ""
    original: tuple[Part, ...] | None = None
    apply_method: str = ""
    size: int = 0

    @property
    def refused(self) -> bool:
        return any(check.result is CheckResult.REFUSE for check in self.checks)
