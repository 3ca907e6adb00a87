"""Puts the objects of a release into a cluster and takes them out again, as their manifest says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from acp_tui.clients.errors import NotFound
from acp_tui.clients.kube.apply import Patch, Propagation, delete, patch
from acp_tui.controlplane.report import MANAGER
from acp_tui.controlplane.trouble import CaptainError, words
from acp_tui.insight.manifest import Part, parts
from acp_tui.model.errors import ClusterError
from acp_tui.wire.manifest import objects

if TYPE_CHECKING:
    from acp_tui.clients.kube.discovery import Kinds
    from acp_tui.controlplane.member import Member
    from acp_tui.model.refs import Kind
    from acp_tui.model.release import ReleaseRef

_NAME, _NAMESPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"
_MANAGED = "app.kubernetes.io/managed-by"


class Objects:
    """The objects of one release in its target cluster."""

    def __init__(self, member: Member, ref: ReleaseRef) -> None:
        self._member = member
        self._ref = ref

    async def parts(self, manifest: str) -> tuple[Part, ...]:
        """The manifest's objects in its order. Raises CaptainError for a kind that is not served."""
        bodies = objects(manifest, origin=f"the manifest of {self._ref.name}")
        kinds = await self._member.kinds()
        if any(kinds.by_api_version(str(body["apiVersion"]), str(body["kind"])) is None for body in bodies):
            kinds = await self._member.kinds(again=True)

        def scope(group: str, kind: str) -> bool | None:
            found = kinds.by_gk(group, kind)
            return found.namespaced if found else None

        return parts(bodies, cluster=self._ref.cluster, namespace=self._ref.namespace, scope=scope)

    async def check_owners(self, made: Iterable[Part], known: Sequence[Part]) -> None:
        """Raises CaptainError, in Helm's words, where an object to be made belongs to somebody else already."""
        ours = {part.ref.key for part in known}
        for part in made:
            if part.ref.key in ours:
                continue
            try:
                live = await self.read(part)
            except NotFound:
                continue
            metadata = live.get("metadata") or {}
            notes, labels = metadata.get("annotations") or {}, metadata.get("labels") or {}
            told = (notes.get(_NAME), notes.get(_NAMESPACE), labels.get(_MANAGED))
            if told != (self._ref.name, self._ref.namespace, "Helm"):
                raise CaptainError(
                    "rendered manifests contain a resource that already exists. Unable to continue with install: "
                    f'{part.ref.kind} "{part.ref.name}" in namespace "{part.ref.namespace}" exists and cannot be '
                    "imported into the current release: invalid ownership metadata"
                )

    async def apply(self, part: Part, *, mine: bool = True) -> None:
        """Takes every field of the manifest over, server-side. Raises CaptainError with the server's words."""
        body = self._marked(part) if mine else part.body
        path = await self._path(part)
        try:
            await patch(
                self._member.transport, path, msgspec.json.encode(body), kind=Patch.APPLY, field_manager=MANAGER,
                force=True,
            )  # fmt: skip
        except ClusterError as error:
            raise CaptainError(f'cannot patch "{part.ref.name}" with kind {part.ref.kind}: {words(error)}') from error

    async def delete(self, part: Part, *, timeout: float, poll: float) -> None:
        """Deletes and waits until it is gone, as far as the timeout lets it; what is gone already is well."""
        kinds = await self._member.kinds()
        if _kind_of(kinds, part) is None:
            return
        path = await self._path(part)
        try:
            await delete(self._member.transport, path, propagation=Propagation.BACKGROUND)
            ends = time.monotonic() + timeout
            while time.monotonic() < ends:
                await self._member.transport.get(path)
                await asyncio.sleep(poll)
        except NotFound:
            return

    async def read(self, part: Part) -> dict[str, Any]:
        """The live object. Raises NotFound and other clients.errors."""
        answer = await self._member.transport.get(await self._path(part))
        return msgspec.json.decode(answer.body, type=dict[str, Any])

    def _marked(self, part: Part) -> dict[str, Any]:
        metadata = dict(part.body.get("metadata") or {})
        if part.ref.namespace:
            metadata["namespace"] = part.ref.namespace
        marks = {_NAME: self._ref.name, _NAMESPACE: self._ref.namespace}
        metadata["annotations"] = {**(metadata.get("annotations") or {}), **marks}
        metadata["labels"] = {**(metadata.get("labels") or {}), _MANAGED: "Helm"}
        return {**part.body, "metadata": metadata}

    async def _path(self, part: Part) -> str:
        kinds = await self._member.kinds()
        kind = _kind_of(kinds, part)
        if kind is None:
            raise CaptainError(
                f'unable to recognize "{part.ref.name}": no matches for kind "{part.ref.kind}" in version '
                f'"{part.body["apiVersion"]}"'
            )
        return kind.path(part.ref.namespace, part.ref.name)


def _kind_of(kinds: Kinds, part: Part) -> Kind | None:
    return kinds.by_api_version(str(part.body["apiVersion"]), part.ref.kind)
