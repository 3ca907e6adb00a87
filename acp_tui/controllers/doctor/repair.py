"""Writes release records: label and payload together, only over what was read, never without a copy."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from acp_tui.controllers.doctor.backup import Backup, Backups, Saved, fingerprint
from acp_tui.model.errors import RecordError, Refused, UsageError
from acp_tui.model.recovery import Act
from acp_tui.model.refs import Clock, ObjectRef
from acp_tui.model.release import ReleaseRef, Revision, Store
from acp_tui.wire.helm import decode_record, decode_secret, encode_record, encode_secret

if TYPE_CHECKING:
    from acp_tui.clients.kube.transport import Transport
    from acp_tui.controllers.seams import KindTable

_SERVERS = frozenset(
    ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "deletionTimestamp",
     "deletionGracePeriodSeconds")
)  # fmt: skip
_LOOKS = 60
_PAUSE = 0.25
"""Seconds between looks at an object that is being deleted."""
_STATUS = {Act.MARK_FAILED: "failed", Act.MARK_SUPERSEDED: "superseded"}


class Written(Struct, frozen=True):
    """What was written, in words, and where the copy lies."""

    words: str
    copy: str


class Repair:
    """One act on the records of one release.

    Every write carries uid and resourceVersion of what was read for the diagnosis: the server refuses it when anybody
    wrote meanwhile. `copy` is saved before the first write.
    """

    def __init__(self, transport: Transport, ref: ReleaseRef, backups: Backups, *, clock: Clock) -> None:
        self._transport = transport
        self._ref = ref
        self._backups = backups
        self._clock = clock

    async def run(self, id: str, act: Act, revisions: Sequence[Revision]) -> Written:
        """Raises Refused where a record moved since, RecordError for a payload nobody can read, ClusterError."""
        if self._ref.store is Store.CAPTAIN:
            raise Refused(
                "Captain's records are Captain's", tried=self._ref.name, advice="Act through its HelmRequest."
            )
        read = [(each, await self._read(each)) for each in revisions]
        new = [None if act in (Act.SET_ASIDE, Act.LET_GO) else self._changed(body, act, each) for each, body in read]
        saved = tuple(
            Saved(self._path(each), body, fingerprint(after) if after is not None else "")
            for (each, body), after in zip(read, new, strict=True)
        )
        path = await asyncio.to_thread(self._backups.write, Backup(id, self._ref, act.value, self._clock(), saved))
        for (revision, body), after in zip(read, new, strict=True):
            await self._write(revision, body, after)
        words = ", ".join(f"record {each.revision}" for each in revisions)
        return Written(f"{words} {_done(act)}", str(path))

    async def free(self, id: str, path: str, place: str) -> Written:
        """Takes Captain's finalizers off a HelmRequest that is being deleted; raises Refused for any other."""
        from acp_tui.clients.acp.helmrequests import FINALIZERS
        from acp_tui.clients.kube.apply import replace

        body: dict[str, Any] = msgspec.json.decode((await self._transport.get(path, raw=True)).body)
        metadata = body["metadata"]
        if not metadata.get("deletionTimestamp"):
            raise Refused(f"HelmRequest {metadata['name']} is not being deleted", advice="Examine it again.")
        backup = Backup(id, self._ref, Act.FREE_REQUEST.value, self._clock(), (Saved(path, body),), place)
        copy = await asyncio.to_thread(self._backups.write, backup)
        kept = [each for each in metadata.get("finalizers") or () if each not in FINALIZERS]
        freed = {**body, "metadata": {**metadata, "finalizers": kept}}
        await replace(self._transport, path, msgspec.json.encode(freed))
        return Written(f"HelmRequest {metadata['name']} let go", str(copy))

    async def orphan(self, id: str, path: str) -> Written:
        """Deletes this very object and leaves its pods; put back, it takes them as its own again."""
        from acp_tui.clients.kube.apply import Propagation, delete

        body: dict[str, Any] = msgspec.json.decode((await self._transport.get(path, raw=True)).body)
        metadata = body["metadata"]
        backup = Backup(id, self._ref, Act.DELETE_ORPHAN.value, self._clock(), (Saved(path, body),))
        copy = await asyncio.to_thread(self._backups.write, backup)
        await delete(
            self._transport, path, uid=metadata["uid"], resource_version=metadata["resourceVersion"],
            propagation=Propagation.ORPHAN,
        )  # fmt: skip
        gone = await self._gone(path, metadata["uid"])
        said = "deleted, its pods stay" if gone else "is being deleted: the server still lets go of what it owns"
        return Written(f"{body['kind']} {metadata['name']} {said}", str(copy))

    async def _gone(self, path: str, uid: str) -> bool:
        """Whether the object went; a garbage collector has to let its children go first."""
        from acp_tui.clients.errors import NotFound

        for _ in range(_LOOKS):
            try:
                live = msgspec.json.decode((await self._transport.get(path, raw=True)).body)
            except NotFound:
                return True
            if live["metadata"].get("uid") != uid:
                return True
            await asyncio.sleep(_PAUSE)
        return False

    async def put_back(self, backup: Backup) -> Written:
        """The records as they were; raises Refused where one was written since our act, or our act wrote none."""
        from acp_tui.clients.errors import NotFound
        from acp_tui.clients.kube.apply import create, replace

        bodies: list[tuple[Saved, dict[str, Any] | None]] = []
        for saved in backup.objects:
            try:
                answer = await self._transport.get(saved.path, raw=True)
            except NotFound:
                bodies.append((saved, None))
                continue
            live = msgspec.json.decode(answer.body)
            if live["metadata"].get("resourceVersion") == saved.body["metadata"].get("resourceVersion"):
                continue
            if not saved.left or fingerprint(live) != saved.left:
                raise Refused(
                    f"{saved.path.rsplit('/', 1)[-1]} was written since",
                    tried="compared its labels and payload with those our act left",
                    advice="Look at the history first: putting the old record back would undo that.",
                )
            bodies.append((saved, live))
        if not bodies:
            raise Refused(
                "There is nothing to put back",
                tried=f"act {backup.id} ended before it wrote: all is as it was saved",
                advice="Examine the release again.",
            )
        for saved, live in bodies:
            if live is None:
                collection = saved.path.rsplit("/", 1)[0]
                await create(self._transport, collection, msgspec.json.encode(_bare(saved.body)))
            else:
                body = _bare(saved.body)
                body["metadata"] |= {key: live["metadata"][key] for key in ("uid", "resourceVersion")}
                await replace(self._transport, saved.path, msgspec.json.encode(body))
        return Written(f"{len(bodies)} record{'' if len(bodies) == 1 else 's'} put back", "")

    async def _read(self, revision: Revision) -> dict[str, Any]:
        answer = await self._transport.get(self._path(revision), raw=True)
        body: dict[str, Any] = msgspec.json.decode(answer.body)
        metadata = body["metadata"]
        if (metadata.get("uid"), metadata.get("resourceVersion")) != (revision.uid, revision.resource_version):
            raise Refused(
                f"Record {revision.revision} of {self._ref.name} was written meanwhile",
                tried="compared uid and resourceVersion with what was read",
                advice="Somebody works on it: examine it again.",
            )
        return body

    def _changed(self, body: dict[str, Any], act: Act, revision: Revision) -> dict[str, Any]:
        secret = self._ref.store is Store.SECRET
        payload = str((body.get("data") or {}).get("release") or "")
        release = decode_secret(payload) if secret else decode_record(payload)
        info = {**(release.get("info") or {})}
        if act is Act.REPAIR_LABEL:
            status = str(info.get("status") or "")
        else:
            status = _STATUS[act]
            info |= {"status": status, "description": f"Marked {status} by hand, was {info.get('status')}"}
        if not status:
            raise RecordError(f"The payload of record {revision.revision} has no status")
        metadata = body["metadata"]
        labels = {**(metadata.get("labels") or {}), "status": status, "modifiedAt": str(int(self._clock()))}
        data = dict(body.get("data") or {})
        if act is not Act.REPAIR_LABEL:
            changed = {**release, "info": info}
            data["release"] = encode_secret(changed) if secret else encode_record(changed)
        return {**body, "metadata": {**metadata, "labels": labels}, "data": data}

    async def _write(self, revision: Revision, old: dict[str, Any], new: dict[str, Any] | None) -> None:
        from acp_tui.clients.kube.apply import delete, replace

        path = self._path(revision)
        if new is not None:
            await replace(self._transport, path, msgspec.json.encode(new))
            return
        metadata = old["metadata"]
        await delete(self._transport, path, uid=metadata["uid"], resource_version=metadata["resourceVersion"])

    def _path(self, revision: Revision) -> str:
        from acp_tui.clients.helm.records import PLACES

        return PLACES[self._ref.store].path(self._ref.namespace, revision.object_name)


def object_path(kinds: KindTable, ref: ObjectRef) -> str:
    """Raises UsageError where the cluster does not serve the kind."""
    kind = kinds.by_gk(ref.group, ref.kind)
    if kind is None:
        raise UsageError(f"{ref.cluster} serves no {ref.kind}")
    return kind.path(ref.namespace, ref.name)


def _done(act: Act) -> str:
    match act:
        case Act.REPAIR_LABEL:
            return "has the label its payload says"
        case Act.SET_ASIDE:
            return "set aside"
        case Act.LET_GO:
            return "let go: its objects belong to nobody"
    return f"marked {_STATUS[act]}"


def _bare(body: dict[str, Any]) -> dict[str, Any]:
    """As it can be written again: without what the server gave this very copy."""
    kept = {key: value for key, value in body["metadata"].items() if key not in _SERVERS}
    return {**body, "metadata": kept}
