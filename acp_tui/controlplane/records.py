"""The release records Captain keeps in a target cluster: written before the act, settled after it, pruned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from acp_tui.clients.errors import NotFound
from acp_tui.clients.helm.records import PLACES, Records
from acp_tui.clients.kube.apply import Patch, create, delete, patch
from acp_tui.controlplane.report import MANAGER, stamp
from acp_tui.model.release import ReleaseRef, Revision, Store
from acp_tui.wire.helm import NAME_PREFIX, captain_status, encode_captain

if TYPE_CHECKING:
    from acp_tui.clients.kube.transport import Transport
    from acp_tui.model.refs import Clock

KEPT = frozenset({"deployed", "superseded"})


class Past(Struct, frozen=True):
    """What a release looked like before an act: revisions newest first, and the record of the deployed one."""

    revisions: tuple[Revision, ...]
    deployed: dict[str, Any] | None

    def __repr__(self) -> str:
        return f"Past({len(self.revisions)} revisions)"

    @property
    def next(self) -> int:
        return self.revisions[0].revision + 1 if self.revisions else 1

    @property
    def manifest(self) -> str:
        return str(self.deployed.get("manifest") or "") if self.deployed else ""


class ReleaseRecords:
    """The `releases.app.alauda.io` of one release. Raises clients.errors."""

    def __init__(self, transport: Transport, ref: ReleaseRef, *, clock: Clock) -> None:
        self._transport = transport
        self._ref = ref
        self._clock = clock
        self._reader = Records(transport)

    async def past(self) -> Past:
        """Deletes what is neither deployed nor superseded, so that its number is free again, and reads the rest."""
        kept = []
        for revision in await self._reader.history(self._ref):
            if revision.status in KEPT:
                kept.append(revision)
            else:
                await self._delete(revision)
        return Past(tuple(kept), await self._deployed(kept))

    async def all(self) -> Past:
        revisions = await self._reader.history(self._ref)
        return Past(revisions, await self._deployed(list(revisions)))

    async def begin(self, release: dict[str, Any]) -> None:
        """Creates the record of a revision that is being made."""
        number, status = release["version"], release["info"]["status"]
        record = {
            "apiVersion": "app.alauda.io/v1alpha1",
            "kind": "Release",
            "metadata": {
                "name": f"{NAME_PREFIX}{self._ref.name}.v{number}",
                "namespace": self._ref.namespace,
                "labels": {
                    "name": self._ref.name,
                    "owner": "helm",
                    "status": status,
                    "version": str(number),
                    "modifiedAt": str(int(self._clock())),
                },
            },
            "spec": encode_captain(release),
            "status": captain_status(release),
        }
        place = PLACES[Store.CAPTAIN].path(self._ref.namespace)
        await create(self._transport, place, msgspec.json.encode(record), field_manager=MANAGER)

    async def settle(self, release: dict[str, Any]) -> None:
        """Writes how a revision that was begun ended, with what its hooks did."""
        hooks = encode_captain(release)["hooksData"]
        await self._mark(
            f"{NAME_PREFIX}{self._ref.name}.v{release['version']}",
            release["info"]["status"],
            {"spec": {"hooksData": hooks}, "status": captain_status(release)},
        )

    async def mark(self, revision: Revision, status: str) -> None:
        await self._mark(revision.object_name, status, {"status": {"status": status}})

    async def prune(self, limit: int) -> None:
        """Deletes the oldest revisions beyond the limit; the deployed one is never among them."""
        revisions = await self._reader.history(self._ref)
        for revision in revisions[limit:]:
            if revision.status != "deployed":
                await self._delete(revision)

    async def remove(self) -> None:
        for revision in await self._reader.history(self._ref):
            await self._delete(revision)

    async def _deployed(self, revisions: list[Revision]) -> dict[str, Any] | None:
        newest = next((each for each in revisions if each.status == "deployed"), None)
        newest = newest or (revisions[0] if revisions else None)
        return (await self._reader.record(self._ref, newest)).release if newest else None

    async def _mark(self, name: str, status: str, fields: dict[str, Any]) -> None:
        labels = {"status": status, "modifiedAt": str(int(self._clock()))}
        body = msgspec.json.encode({"metadata": {"labels": labels}, **fields})
        path = PLACES[Store.CAPTAIN].path(self._ref.namespace, name)
        await patch(self._transport, path, body, kind=Patch.MERGE, field_manager=MANAGER)

    async def _delete(self, revision: Revision) -> None:
        try:
            await delete(self._transport, PLACES[Store.CAPTAIN].path(self._ref.namespace, revision.object_name))
        except NotFound:
            return


def release_info(status: str, description: str, *, now: float, first: str = "", notes: str = "") -> dict[str, Any]:
    """The `info` of a release that is made at this moment."""
    moment = stamp(now, precise=True)
    return {
        "first_deployed": first or moment,
        "last_deployed": moment,
        "deleted": "",
        "description": description,
        "status": status,
        "notes": notes,
    }
