"""What Captain does with one HelmRequest: leave it, sync it, or let it go; and what it tells of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from acp_tui.clients.acp.charts import Catalog
from acp_tui.clients.acp.helmrequests import FINALIZER, FINALIZERS, GROUP, KIND, HelmRequest, read_request, values_of
from acp_tui.clients.errors import NotFound
from acp_tui.clients.kube.apply import patch
from acp_tui.controlplane.removal import remove
from acp_tui.controlplane.report import MANAGER, Reporter
from acp_tui.controlplane.settings import Settings, Style
from acp_tui.controlplane.spechash import spec_hash
from acp_tui.controlplane.sync import FindEngine, Sync, Synced, Wanted
from acp_tui.controlplane.trouble import CaptainError, NotYet, words
from acp_tui.insight.selectors import matches_map
from acp_tui.model.errors import AcpTuiError
from acp_tui.model.objects import Object

if TYPE_CHECKING:
    from acp_tui.controlplane.member import Member
    from acp_tui.model.refs import Clock


class Key(Struct, frozen=True):
    """One HelmRequest: the cluster that keeps it, its namespace and its name."""

    cluster: str
    namespace: str
    name: str


class Duty:
    """The work on single HelmRequests; which one and when is the loop's."""

    def __init__(
        self, members: Mapping[str, Member], *, main: Member, engine: FindEngine, settings: Settings, clock: Clock
    ) -> None:
        self._members = members
        self._main = main
        self._engine = engine
        self._settings = settings
        self._clock = clock
        self._report = Reporter(clock)
        self._refused: dict[Key, int] = {}

    async def path(self, key: Key) -> str:
        kinds = await self._members[key.cluster].kinds()
        kind = kinds.by_gk(GROUP, KIND)
        if kind is None:
            raise CaptainError(f"{key.cluster} does not serve {KIND}")
        return kind.path(key.namespace, key.name)

    async def look(self, key: Key) -> bool:
        """Whether to look again later; raises ClusterError where the request cannot be read or told of."""
        member, path = self._members[key.cluster], await self.path(key)
        try:
            request = await read_request(member.transport, path)
        except NotFound:
            return False
        if request.deleting:
            return await self._let_go(key, member, path, request) if request.held else False
        hash = spec_hash(request.body)
        if request.paused or (request.last_spec_hash == hash and request.phase == "Synced"):
            return False
        if not request.held:
            held = [*(request.metadata.get("finalizers") or ()), FINALIZER]
            await self._finalizers(member, path, request, held)
        return await self._sync(member, path, request, hash)

    async def _sync(self, member: Member, path: str, request: HelmRequest, hash: str) -> bool:
        told: list[tuple[str, bool, str, str]] = []
        try:
            await self._check_dependencies(member, request)
            wanted = await self._wanted(request)
            chart = f"{wanted.place.name}:{wanted.place.version}"
            told.append(("Initialized", True, "ChartLoaded", f"chart {chart} loaded"))
            chosen = f"Choose chart version: {wanted.place.name} {wanted.place.version}"
            await self._report.event(member, request, "Synced", chosen)
            synced, problems = await self._targets(member, request, wanted)
        except AcpTuiError as error:
            await self._failed(member, path, request, error, told)
            return True
        if self._settings.style is Style.DOCUMENTED:
            told += [("Validated", True, "Validated", ""), ("Synced", not problems, "ChartSynced", "")]
        fields: dict[str, Any] = {
            "phase": "PartialSynced" if problems else "Synced",
            "reason": "; ".join(problems) or None,
            "lastSpecHash": hash,
            "version": next((each.version for each in synced.values()), wanted.place.version),
            "notes": next((each.notes for each in synced.values()), "") or None,
            "conditions": self._report.conditions(request, told),
        }
        if _many(request):
            fields["syncedClusters"] = sorted(synced)
        await self._report.status(member, path, fields)
        await self._report.event(member, request, "Synced", "HelmRequest synced successfully")
        return bool(problems)

    async def _wanted(self, request: HelmRequest) -> Wanted:
        catalog = Catalog(self._main.transport, await self._main.kinds())
        return Wanted(
            request=request,
            place=await catalog.find(request),
            values=await values_of(self._main.transport, request),
        )

    async def _targets(
        self, member: Member, request: HelmRequest, wanted: Wanted
    ) -> tuple[dict[str, Synced], list[str]]:
        """What was synced by cluster; with several targets one that fails is told and the others go on."""
        synced, problems = {}, []
        targets = await self._named(member, request)
        if not targets:
            raise NotYet("no cluster has the labels that targetClusters asks for")
        for target in targets:
            sync = Sync(target, wanted, engine=self._engine, settings=self._settings, clock=self._clock)
            try:
                synced[target.names[0]] = await sync.run()
            except AcpTuiError as error:
                if len(targets) == 1:
                    raise
                problems.append(f"{target.names[0]}: {words(error)}")
        if not synced:
            raise CaptainError("; ".join(problems))
        return synced, problems

    async def _named(self, member: Member, request: HelmRequest) -> Sequence[Member]:
        """The clusters a request is for. Raises CaptainError for one that is not known."""
        if request.spec.get("installToAllClusters"):
            return tuple(self._members.values())
        targets = request.spec.get("targetClusters") or {}
        listed = (targets.get("clusterNames") or {}).get("names") or ()
        wanted = (targets.get("clusterLabels") or {}).get("labelSelector")
        if wanted and not listed:
            return await self._labelled(wanted)
        names = [str(name) for name in listed] or ([request.cluster] if request.cluster else [])
        return tuple(self._called(name) for name in names) or (member,)

    async def _labelled(self, wanted: Mapping[str, str]) -> Sequence[Member]:
        """Those whose Cluster object in global has all these labels; one that is not reached from here is left out."""
        from acp_tui.clients.kube.lister import list_all

        kind = (await self._main.kinds()).by_gk("clusterregistry.k8s.io", "Cluster")
        if kind is None:
            return ()
        listed = await list_all(self._main.transport, kind.path(), Object, metadata_only=True)
        names = {each.metadata.name for each in listed.items if matches_map(wanted, each.metadata.labels)}
        return tuple(member for member in self._members.values() if names.intersection(member.names))

    def _called(self, name: str) -> Member:
        for member in self._members.values():
            if name in member.names:
                return member
        raise UnknownCluster(f'clusters.clusterregistry.k8s.io "{name}" not found')

    async def _check_dependencies(self, member: Member, request: HelmRequest) -> None:
        for name in request.dependencies:
            path = await self.path(Key(self._name_of(member), request.namespace, name))
            try:
                other = await read_request(member.transport, path)
            except NotFound as error:
                raise NotYet(f"dependency {name} not found") from error
            if other.phase != "Synced":
                raise NotYet(f"dependency {name} is not synced, its phase is {other.phase or 'empty'}")

    def _name_of(self, member: Member) -> str:
        return next(name for name, each in self._members.items() if each is member)

    async def _failed(
        self,
        member: Member,
        path: str,
        request: HelmRequest,
        error: AcpTuiError,
        told: list[tuple[str, bool, str, str]],
    ) -> None:
        reason = words(error)
        if isinstance(error, NotYet):
            told.append(("Validated", False, "DependenciesCheckFailed", reason))
        elif self._settings.style is Style.DOCUMENTED:
            chart_loaded = any(type == "Initialized" for type, *_ in told)
            told.append(
                ("Synced", False, "ChartSyncFailed", reason)
                if chart_loaded
                else ("Initialized", False, "ChartLoadFailed", reason)
            )
        phase = "Pending" if isinstance(error, NotYet) else "Failed"
        fields = {"phase": phase, "reason": reason, "conditions": self._report.conditions(request, told)}
        await self._report.status(member, path, fields)
        await self._report.event(member, request, "FailedSync", reason)

    async def _let_go(self, key: Key, member: Member, path: str, request: HelmRequest) -> bool:
        try:
            for target in await self._named(member, request):
                await remove(target, request, settings=self._settings, clock=self._clock)
        except UnknownCluster:
            pass
        except AcpTuiError as error:
            failures = self._refused[key] = self._refused.get(key, 0) + 1
            said = f"Delete HelmRequest {request.name} error : {words(error)}"
            await self._report.event(member, request, "FailedDelete", said, component=self._main.names[0])
            if not 0 < self._settings.give_up_deletion <= failures:
                return True
        else:
            said = f"Delete HelmRequest {request.name} successfully"
            await self._report.event(member, request, "SuccessfulDelete", said)
        self._refused.pop(key, None)
        rest = [each for each in request.metadata.get("finalizers") or () if each not in FINALIZERS]
        await self._finalizers(member, path, request, rest)
        return False

    async def _finalizers(self, member: Member, path: str, request: HelmRequest, wanted: Sequence[str]) -> None:
        body = {"metadata": {"finalizers": list(wanted), "uid": request.uid}}
        try:
            await patch(member.transport, path, msgspec.json.encode(body), field_manager=MANAGER)
        except NotFound:
            return


class UnknownCluster(CaptainError):
    """The cluster a request names is not among Captain's."""


def _many(request: HelmRequest) -> bool:
    return bool(request.spec.get("installToAllClusters") or request.spec.get("targetClusters"))
