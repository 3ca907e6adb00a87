"""Asks the API server what it would say to every object of an act, in the way Helm will send it; nothing is written."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from acp_tui.controllers.observe import ObjectState, Snapshot
from acp_tui.insight.answers import server_says
from acp_tui.insight.manifest import Part, pod_template
from acp_tui.insight.merge import merge_patch, three_way
from acp_tui.model.errors import AcpTuiError
from acp_tui.model.plan import Answer, ServerSays
from acp_tui.model.refs import Kind

if TYPE_CHECKING:
    from acp_tui.clients.helm.engine import HelmEngine
    from acp_tui.clients.kube.transport import Transport
    from acp_tui.controllers.seams import KindTable

_SECONDS = 10.0
_BUILT_IN = frozenset(
    (
        "", "apps", "autoscaling", "batch", "extensions", "policy",
        *(f"{group}.k8s.io" for group in (
            "admissionregistration", "apiregistration", "authentication", "authorization", "certificates",
            "coordination", "discovery", "events", "flowcontrol.apiserver", "networking", "node",
            "rbac.authorization", "resource", "scheduling", "storage",
        )),
    )
)  # fmt: skip
"""Groups whose Go types are compiled into Helm (client-go's scheme)."""
_APPLY = "application/apply-patch+yaml"
TAKES = "takes over "
"""How the answer of an object begins whose fields are taken from another manager."""
_FINE = ServerSays(Answer.OK)
_SAME = ServerSays(Answer.OK, "nothing to send")


class Method(StrEnum):
    """How Helm sends objects: a patch made on this side, or server-side apply. The words are Helm's own."""

    CLIENT = "csa"
    SERVER = "ssa"


class Heard(Struct, frozen=True):
    """The server's answer, and the object as it would be afterwards; None for a deletion or a no."""

    says: ServerSays
    result: dict[str, Any] | None = None


class Act(Struct, frozen=True):
    """What Helm will send: `original` is what it compares with, `target` what it sends, `gone` what it deletes.

    `pods` are objects of which one pod each is tried too, because quota and PodSecurity bite on pods alone. A `first`
    installation may bring definitions in the chart's crds/ folder, which no manifest names. `take_over`: fields of
    other managers are taken where the server applies.
    """

    original: tuple[Part, ...]
    target: tuple[Part, ...]
    gone: tuple[Part, ...] = ()
    hooks: tuple[Part, ...] = ()
    pods: tuple[Part, ...] = ()
    namespace_missing: bool = False
    first: bool = False
    take_over: bool = False


class Rehearsal(Struct, frozen=True):
    """Answers by the key of the object: to the object itself, and to one pod of its template."""

    objects: dict[str, Heard] = {}
    pods: dict[str, Heard] = {}


def method_of(engine: HelmEngine | None, apply_method: str, *, new: bool) -> Method:
    """Helm 4 applies on the server what is new or was made so; everything else is patched from this side."""
    if engine is None or engine.major < 4:
        return Method.CLIENT
    return Method.SERVER if new or apply_method == Method.SERVER else Method.CLIENT


def field_manager(engine: HelmEngine | None) -> str:
    """What Helm signs with: the program calls itself `helm`, the library takes the name of the process it runs in."""
    if engine is not None and engine.name.startswith("helm-python-sdk"):
        return Path(sys.executable).name
    return "helm"


async def rehearse(
    transport: Transport,
    kinds: KindTable,
    act: Act,
    live: Snapshot,
    *,
    method: Method,
    manager: str,
    told: Callable[[str], None] = lambda words: None,
) -> Rehearsal:
    """One dry run for each object that Helm would send; the transport bounds how many at a time."""
    asker = _Asker(transport, kinds, act, live, method=method, manager=manager)
    old = {part.ref.key: part for part in act.original}
    keys = [part.ref.key for part in (*act.target, *act.gone, *act.hooks)]
    pods = [part for part in act.pods if pod_template(part.body) is not None]
    done = 0

    async def counted(asked: Awaitable[Heard]) -> Heard:
        nonlocal done
        heard = await asked
        done += 1
        told(f"dry run {done} of {len(keys) + len(pods)}")
        return heard

    answers, tried = await asyncio.gather(
        asyncio.gather(
            *(counted(asker.sent(part, old.get(part.ref.key))) for part in act.target),
            *(counted(asker.deleted(part)) for part in act.gone),
            *(counted(asker.hook(part)) for part in act.hooks),
        ),
        asyncio.gather(*(counted(asker.pod(part)) for part in pods)),
    )
    return Rehearsal(
        objects=dict(zip(keys, answers, strict=True)),
        pods=dict(zip((part.ref.key for part in pods), tried, strict=True)),
    )


class _Asker:
    """One rehearsal."""

    def __init__(
        self, transport: Transport, kinds: KindTable, act: Act, live: Snapshot, *, method: Method, manager: str
    ) -> None:
        self._transport = transport
        self._kinds = kinds
        self._live = live
        self._method = method
        self._manager = manager
        self._namespace_missing = act.namespace_missing
        self._first = act.first
        self._take_over = act.take_over
        self._made = frozenset((part.ref.kind, part.ref.namespace, part.ref.name) for part in act.target)
        self._defined = frozenset(_defines(act.target))

    async def sent(self, part: Part, old: Part | None) -> Heard:
        kind = self._kinds.by_api_version(str(part.body["apiVersion"]), part.ref.kind)
        if kind is None:
            return Heard(self._unserved(part))
        if blocked := self._blocked(part, kind):
            return Heard(blocked)
        state = self._live.get(part.ref.key, ObjectState(part.ref))
        if state.problem:
            return Heard(ServerSays(Answer.NOT_ASKED, state.problem))
        if self._method is Method.SERVER:
            return await self._applied(kind, part)
        if state.body is None:
            return await self._ask("POST", kind, part, _placed(part))
        patch = self._patch(part, old, state.body)
        if not patch:
            return Heard(_SAME, state.body)
        return await self._ask("PATCH", kind, part, patch, content_type="application/merge-patch+json")

    async def _applied(self, kind: Kind, part: Part) -> Heard:
        """Without force first, because the answer names the fields that force would take over, and from whom."""
        heard = await self._ask("PATCH", kind, part, _placed(part), content_type=_APPLY)
        if heard.says.answer is not Answer.CONFLICT or not self._take_over:
            return heard
        forced = await self._ask("PATCH", kind, part, _placed(part), content_type=_APPLY, force=True)
        if forced.says.answer is not Answer.OK:
            return forced
        return Heard(ServerSays(Answer.OK, f"{TAKES}{heard.says.text}"), forced.result)

    async def deleted(self, part: Part) -> Heard:
        kind = self._kinds.by_gk(part.ref.group, part.ref.kind)
        state = self._live.get(part.ref.key)
        if kind is None or state is None or not state.there:
            return Heard(ServerSays(Answer.OK, "gone already"))
        return await self._ask("DELETE", kind, part, None)

    async def hook(self, part: Part) -> Heard:
        """Whether the server would take a hook; one that is still there is deleted first, or stands in the way."""
        kind = self._kinds.by_api_version(str(part.body["apiVersion"]), part.ref.kind)
        if kind is None:
            return Heard(self._unserved(part))
        if blocked := self._blocked(part, kind):
            return Heard(blocked)
        heard = await self._ask("POST", kind, part, _placed(part))
        if heard.says.answer is Answer.CONFLICT and "already exists" in heard.says.text:
            annotations = part.body["metadata"].get("annotations") or {}
            policy = str(annotations.get("helm.sh/hook-delete-policy") or "before-hook-creation")
            if "before-hook-creation" in policy:
                return Heard(_FINE)
        return heard

    async def pod(self, part: Part) -> Heard:
        kind, template = self._kinds.by_gk("", "Pod"), pod_template(part.body) or {}
        if kind is None or self._namespace_missing:
            return Heard(ServerSays(Answer.NOT_ASKED, "its namespace is made first"))
        account = str((template.get("spec") or {}).get("serviceAccountName") or "default")
        if ("ServiceAccount", part.ref.namespace, account) in self._made and not self._there(part, account):
            return Heard(ServerSays(Answer.NOT_ASKED, f"ServiceAccount {account} is made first"))
        heard = await self._send("POST", kind.path(part.ref.namespace), _pod(part, template))
        return Heard(msgspec.structs.replace(heard.says, pods=True), heard.result)

    def _there(self, part: Part, account: str) -> bool:
        key = msgspec.structs.replace(part.ref, group="", kind="ServiceAccount", name=account).key
        state = self._live.get(key)
        return state is not None and state.there

    def _patch(self, part: Part, old: Part | None, live: Mapping[str, Any]) -> dict[str, Any]:
        """What Helm patches with: three ways for kinds it knows, last stored to new for all others."""
        original = old.body if old is not None else {}
        if _known_to_helm(part):
            return merge_patch(live, three_way(original, _placed(part), live))
        return merge_patch(original, part.body)

    def _unserved(self, part: Part) -> ServerSays:
        if (part.ref.group, part.ref.kind) in self._defined:
            return ServerSays(Answer.NOT_ASKED, "its definition comes with this act")
        if self._first:
            return ServerSays(Answer.NOT_ASKED, "its definition may come with the chart")
        return ServerSays(Answer.NOT_SERVED, f"{part.body['apiVersion']} is not served")

    def _blocked(self, part: Part, kind: Kind) -> ServerSays | None:
        if not part.body["metadata"].get("name"):
            return ServerSays(Answer.NOT_ASKED, "the server makes up its name")
        made = ("Namespace", "", part.ref.namespace) in self._made and self._namespace_missing
        if kind.namespaced and (self._namespace_missing or made):
            return ServerSays(Answer.NOT_ASKED, "its namespace is made first")
        return None

    async def _ask(
        self,
        method: str,
        kind: Kind,
        part: Part,
        body: Mapping[str, Any] | None,
        *,
        content_type: str = "application/json",
        force: bool = False,
    ) -> Heard:
        name = "" if method == "POST" else part.ref.name
        path = kind.path(part.ref.namespace, name)
        return await self._send(method, path, body, content_type=content_type, force=force)

    async def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        *,
        content_type: str = "application/json",
        force: bool = False,
    ) -> Heard:
        from acp_tui.clients.errors import ApiError
        from acp_tui.clients.kube.apply import dry_run

        data = msgspec.json.encode(body) if body is not None else b""
        try:
            # The seconds are the server's own: waiting for one of the few places at it does not count.
            answer = await dry_run(
                self._transport, path, data, method=method, content_type=content_type, field_manager=self._manager,
                validation="Strict" if self._method is Method.SERVER else "Warn", force=force, timeout=_SECONDS,
            )  # fmt: skip
        except ApiError as error:
            return Heard(server_says(error.status, error.answer.message or error.title, error.answer.causes))
        except AcpTuiError as error:
            return Heard(ServerSays(Answer.NOT_ASKED, error.title))
        return Heard(_FINE, _object(answer.body))


def _object(data: bytes) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError):
        return None
    return found if isinstance(found, dict) else None


def _placed(part: Part) -> dict[str, Any]:
    metadata = part.body["metadata"]
    place = {"namespace": part.ref.namespace} if part.ref.namespace else {}
    return {**part.body, "metadata": {**metadata, **place}}


def _known_to_helm(part: Part) -> bool:
    """Kinds compiled into Helm; definitions of kinds (apiextensions) are patched like custom objects."""
    return part.ref.group in _BUILT_IN


def _pod(part: Part, template: Mapping[str, Any]) -> dict[str, Any]:
    metadata = template.get("metadata") or {}
    kept = {key: metadata[key] for key in ("labels", "annotations") if metadata.get(key)}
    named = {**kept, "generateName": f"{part.ref.name[:50]}-", "namespace": part.ref.namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": named, "spec": template.get("spec") or {}}


def _defines(parts: Sequence[Part]) -> Iterable[tuple[str, str]]:
    for part in parts:
        spec = part.body.get("spec")
        if part.ref.kind == "CustomResourceDefinition" and isinstance(spec, Mapping):
            yield str(spec.get("group") or ""), str((spec.get("names") or {}).get("kind") or "")
