"""Brings one release of one cluster to what its HelmRequest asks for: record, hooks, objects, record again."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from acp_tui.clients.helm.engine import EngineRequest, Rendered
from acp_tui.clients.helm.packed import Packed, packed_chart
from acp_tui.clients.helm.workspace import Workspace
from acp_tui.controlplane.hooks import Hooks, stored_hooks
from acp_tui.controlplane.objects import Objects
from acp_tui.controlplane.records import Past, ReleaseRecords, release_info
from acp_tui.controlplane.trouble import CaptainError, words
from acp_tui.model.errors import AcpTuiError
from acp_tui.model.plan import Verb
from acp_tui.model.release import ReleaseRef, Store

if TYPE_CHECKING:
    from acp_tui.clients.acp.charts import ChartPlace
    from acp_tui.clients.acp.helmrequests import HelmRequest
    from acp_tui.clients.helm.engine import HelmEngine
    from acp_tui.controlplane.member import Member
    from acp_tui.controlplane.settings import Settings
    from acp_tui.insight.manifest import Part
    from acp_tui.model.refs import Clock

FindEngine = Callable[[], Awaitable["HelmEngine"]]


class Wanted(Struct, frozen=True):
    """What a HelmRequest comes down to: one chart and the values it is rendered with."""

    request: HelmRequest
    place: ChartPlace
    values: dict[str, Any]

    def __repr__(self) -> str:
        return f"Wanted({self.request!r})"


class Synced(Struct, frozen=True):
    """What stands in the status afterwards."""

    version: str
    notes: str


class Sync:
    """One pass over one target; `first` tells the words of an install from those of an upgrade."""

    def __init__(self, member: Member, wanted: Wanted, *, engine: FindEngine, settings: Settings, clock: Clock) -> None:
        request = wanted.request
        self._member = member
        self._wanted = wanted
        self._engine = engine
        self._settings = settings
        self._clock = clock
        self._ref = ReleaseRef(member.context.name, request.release_namespace, request.release_name, Store.CAPTAIN)
        self._records = ReleaseRecords(member.transport, self._ref, clock=clock)
        self._objects = Objects(member, self._ref)
        self._hooks = Hooks(member, self._objects, timeout=settings.sync_timeout, poll=settings.poll, clock=clock)

    async def run(self) -> Synced:
        """Applied is all that Synced means: nobody waits for the workloads. Raises AcpTuiError."""
        past = await self._records.past()
        first = past.deployed is None
        rendered, packed = await self._render()
        known = await self._objects.parts(past.manifest)
        made = await self._objects.parts(rendered.manifest)
        failed = "INSTALLATION FAILED" if first else "UPGRADE FAILED"
        if not self._wanted.request.adopts:
            await self._objects.check_owners(made, known)
        release = self._release(past, rendered, packed, first=first)
        await self._records.begin(release)
        try:
            await self._act(release, packed, known, made, first=first)
        except AcpTuiError as error:
            said = words(error)
            told = "Release" if first else "Upgrade"
            release["info"] |= {"status": "failed", "description": f'{told} "{self._ref.name}" failed: {said}'}
            await self._records.settle(release)
            raise CaptainError(f"{failed}: {said}") from error
        release["info"] |= {"status": "deployed", "description": f"{'Install' if first else 'Upgrade'} complete"}
        await self._records.settle(release)
        for revision in past.revisions:
            if revision.status == "deployed":
                await self._records.mark(revision, "superseded")
        await self._records.prune(self._settings.history_limit)
        return Synced(version=rendered.chart_version, notes=rendered.notes)

    async def _act(
        self, release: dict[str, Any], packed: Packed, known: Sequence[Part], made: Sequence[Part], *, first: bool
    ) -> None:
        moment = "install" if first else "upgrade"
        if first:
            for text in packed.definitions:
                for part in await self._objects.parts(text):
                    await self._objects.apply(part, mine=False)
        hooks = release["hooks"] or ()
        await self._hooks.run(f"pre-{moment}", hooks)
        for part in made:
            await self._objects.apply(part)
        wanted = {part.ref.key for part in made}
        for part in reversed(known):
            if part.ref.key not in wanted and not part.kept:
                await self._objects.delete(part, timeout=0, poll=self._settings.poll)
        await self._hooks.run(f"post-{moment}", hooks)

    async def _render(self) -> tuple[Rendered, Packed]:
        """Real Helm renders against the target cluster; the archive is what goes into the record."""
        engine = await self._engine()
        with Workspace(os.environ) as workspace:
            chart = await self._wanted.place.bring(workspace.folder)
            request = EngineRequest(
                verb=Verb.DEPLOY,
                release=self._ref,
                context=self._member.context,
                chart=chart,
                version=self._wanted.place.version,
                values=msgspec.json.encode(self._wanted.values).decode(),
                unchecked=True,
            )
            rendered = await engine.render(request)
            if self._wanted.place.remote:
                return rendered, Packed(_told(rendered))
            return rendered, packed_chart(Path(chart))

    def _release(self, past: Past, rendered: Rendered, packed: Packed, *, first: bool) -> dict[str, Any]:
        info = release_info(
            "pending-install" if first else "pending-upgrade",
            "Initial install underway" if first else "Preparing upgrade",
            now=self._clock(),
            first=_first_deployed(past),
            notes=rendered.notes,
        )
        return {
            "name": self._ref.name,
            "namespace": self._ref.namespace,
            "version": past.next,
            "chart": packed.record,
            "config": self._wanted.values,
            "manifest": rendered.manifest,
            "hooks": stored_hooks(rendered.hooks),
            "info": info,
        }


def _first_deployed(past: Past) -> str:
    info = (past.deployed or {}).get("info") or {}
    return str(info.get("first_deployed") or "")


def _told(rendered: Rendered) -> dict[str, Any]:
    """What is known of a chart that the engine pulled itself."""
    metadata = {
        "name": rendered.chart,
        "version": rendered.chart_version,
        "apiVersion": "v2",
        "appVersion": rendered.app_version,
    }
    return {"metadata": metadata, "lock": None, "templates": None, "values": None, "schema": None, "files": None}
