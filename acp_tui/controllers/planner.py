"""From an intent to a plan: everything that can be known before the keypress."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import structs

from acp_tui.controllers import checks
from acp_tui.controllers.captain.plan import plan_through_request
from acp_tui.controllers.cockpit import look_ahead
from acp_tui.controllers.effects import effects_between, hook_effects, masked
from acp_tui.controllers.gate import GatedClusters
from acp_tui.controllers.ground import Draft, Ground, Told, silent
from acp_tui.controllers.observe import Snapshot, observe
from acp_tui.controllers.recordroom import record_checks
from acp_tui.controllers.rehearse import Method, method_of
from acp_tui.controllers.releases import deploy, rollback, uninstall, upgrade
from acp_tui.controllers.route import Answer, ask_claims, owner_of
from acp_tui.insight.lastgood import Proofs
from acp_tui.model.errors import EngineError, UsageError
from acp_tui.model.plan import Check, Effect, Intent, Plan, Step, Verb
from acp_tui.model.refs import Clock
from acp_tui.model.release import ReleaseRef, Store

if TYPE_CHECKING:
    from acp_tui.clients.helm.engine import HelmEngine
    from acp_tui.controllers.seams import Cluster, Clusters, FindEngines, KindTable, OpenRecords

STEP_TITLES = {
    "journal": "Write the journal",
    "prepare": "Look again before acting",
    "act": "Run Helm",
    "record": "Read the record again",
    "verify": "Follow the workloads",
}
_DRAFT: dict[Verb, Callable[[Ground], Awaitable[Draft]]] = {
    Verb.DEPLOY: deploy.draft,
    Verb.UPGRADE: upgrade.draft,
    Verb.ROLLBACK: rollback.draft,
    Verb.UNINSTALL: uninstall.draft,
}


class Planner:
    """Reads the release, asks the checks and puts the answer together; it changes nothing anywhere."""

    def __init__(
        self,
        clusters: Clusters,
        *,
        engines: FindEngines,
        records: OpenRecords,
        engine: str,
        read_only: bool,
        clock: Clock,
        proofs: Callable[[ReleaseRef], Proofs] = lambda ref: {},
    ) -> None:
        self._clusters = GatedClusters(clusters)
        self._proofs = proofs
        self._engines = engines
        self._records = records
        self._engine = engine
        self._read_only = read_only
        self._clock = clock
        self._found: tuple[HelmEngine, ...] = ()

    def cluster(self, name: str) -> Cluster:
        """The session of a cluster; raises UsageError for a name the fleet does not have."""
        if name not in self._clusters.names:
            raise UsageError(f"No cluster {name!r}", tried=", ".join(self._clusters.names))
        return self._clusters.session(name)

    async def engine(self, wanted: str) -> HelmEngine:
        """The engine to take; raises EngineError where there is none."""
        from acp_tui.clients.helm.engines import choose

        if not self._found:
            self._found = tuple(await asyncio.to_thread(self._engines))
        return choose(self._found, wanted or self._engine)

    async def kinds(self, cluster: Cluster) -> KindTable:
        """What the cluster serves; asked now where the fleet does not know yet."""
        from acp_tui.clients.kube.discovery import discover

        return cluster.kinds or await discover(cluster.transport)

    async def plan(self, intent: Intent, *, told: Told = silent) -> Plan:
        """Raises ClusterError where the release cannot be read, ChartError and EngineError where nothing renders."""
        cluster = self.cluster(intent.release.cluster)
        told(f"asking {intent.release.cluster} for its kinds and the release's records")
        kinds = await self.kinds(cluster)
        records = self._records(cluster.transport)
        engine, no_engine = None, None
        try:
            engine = await self.engine(intent.engine)
        except EngineError as error:
            no_engine = error
        ground = Ground(
            intent,
            cluster=cluster,
            kinds=kinds,
            records=records,
            engine=engine,
            no_engine=no_engine,
            history=await records.history(intent.release),
            now=self._clock(),
            proofs=self._proofs(intent.release),
            told=told,
        )
        if intent.release.store is Store.CAPTAIN:
            return await plan_through_request(ground, self._clusters, kinds=self.kinds, read_only=self._read_only)
        if intent.verb not in _DRAFT:
            raise UsageError(f"Only Captain knows {intent.verb.value}", tried=f"{intent.release.name} is Helm's own")
        draft = _forcing_what_can_be_forced(ground, await _DRAFT[intent.verb](ground))
        refs = list(dict.fromkeys(part.ref for part in (*draft.before, *draft.after)))
        told(f"reading {len(refs)} live objects")
        # Who owns it is asked before the dry runs, behind which the answer would be late and taken for none.
        live, asked = await asyncio.gather(
            observe(cluster, refs, now=ground.now, kinds=kinds, planning=True),
            ask_claims(self._clusters, intent.release),
        )
        return await self._assemble(ground, draft, live, owner_of(self._clusters, intent.release, asked, live))

    async def _assemble(self, ground: Ground, draft: Draft, live: Snapshot, answer: Answer) -> Plan:
        intent, production = draft.intent, ground.cluster.store.production
        effects = (
            *effects_between(draft.before, draft.after, live),
            *hook_effects(draft.hooks, intent.release, now=ground.now),
        )
        found, seen = await asyncio.gather(
            self._checks(ground, draft, effects, live, answer),
            look_ahead(ground, draft, effects, live, transport=ground.cluster.transport),
        )
        newest = ground.newest
        return Plan(
            id=f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(ground.now))}-{secrets.token_hex(3)}",
            intent=intent,
            made_at=ground.now,
            production=production,
            engine=ground.engine.name if ground.engine else "",
            owner=answer.owner,
            headline=draft.headline,
            effects=seen.effects,
            checks=(*found, *seen.checks, *record_checks(ground, draft)),
            steps=_steps(intent, draft),
            not_undone=draft.not_undone,
            undo=draft.undo,
            confirm=intent.release.name if production or intent.verb is Verb.UNINSTALL else "",
            base_revision=newest.revision if newest else 0,
            base_resource_version=newest.resource_version if newest else "",
            target_chart=draft.target_chart,
            manifest=masked(part.body for part in draft.after) if draft.manifest else "",
        )

    async def _checks(
        self, ground: Ground, draft: Draft, effects: Sequence[Effect], live: Snapshot, answer: Answer
    ) -> tuple[Check, ...]:
        """Checks of the verb first, then those all verbs share; what was not asked is not in the list."""
        intent, ref, kinds = ground.intent, ground.ref, ground.kinds
        cluster, newest = ground.cluster, ground.newest
        create = intent.create_namespace and intent.verb is Verb.DEPLOY
        rights, namespace = await asyncio.gather(
            checks.check_rights(cluster, kinds, ref, effects, create_namespace=create),
            checks.check_namespace(cluster, kinds, ref, create=create),
        )
        lock = (
            checks.check_lock(newest, intent.verb, now=ground.now)
            if newest and intent.verb is not Verb.DEPLOY
            else None
        )
        asked = (
            checks.check_read_only(ref.cluster, read_only=self._read_only),
            checks.check_freshness(cluster, now=ground.now),
            checks.check_owner(answer.owner, intent.verb, ref, doubt=answer.doubt),
            checks.check_engine(ground),
            lock,
            *draft.checks,
            namespace,
            checks.check_kinds(kinds, (*draft.before, *draft.after), intent.verb),
            checks.check_adoption(effects, live, ref),
            rights,
        )
        return tuple(check for check in asked if check is not None)


def _forcing_what_can_be_forced(ground: Ground, draft: Draft) -> Draft:
    """Helm refuses to force conflicts where it patches from its own side: no field has an owner there."""
    new = draft.intent.verb is Verb.DEPLOY
    if not draft.intent.take_over or method_of(ground.engine, draft.apply_method, new=new) is Method.SERVER:
        return draft
    return structs.replace(draft, intent=structs.replace(draft.intent, take_over=False))


def _steps(intent: Intent, draft: Draft) -> tuple[Step, ...]:
    words = f"helm {'install' if intent.verb is Verb.DEPLOY else intent.verb.value} {intent.release.name}"
    if intent.verb is Verb.ROLLBACK:
        words += f" {intent.revision or ''}".rstrip()
    if draft.target_chart and intent.verb in (Verb.DEPLOY, Verb.UPGRADE):
        words += f" ({draft.target_chart})"
    return tuple(Step(id, words if id == "act" else title) for id, title in STEP_TITLES.items())
