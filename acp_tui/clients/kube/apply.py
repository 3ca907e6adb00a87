"""Changes objects: create, replace, patch, server-side apply, delete; each can be a dry run."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from acp_tui.clients.kube.transport import JSON, Response, Transport

FIELD_MANAGER = "acp-tui"


class Patch(StrEnum):
    """How a patch body is read; the value is its content type."""

    MERGE = "application/merge-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"
    JSON = "application/json-patch+json"
    APPLY = "application/apply-patch+yaml"


class Propagation(StrEnum):
    """What becomes of the objects a deleted one owns."""

    BACKGROUND = "Background"
    FOREGROUND = "Foreground"
    ORPHAN = "Orphan"


async def dry_run(
    transport: Transport,
    path: str,
    body: bytes,
    *,
    method: str = "POST",
    content_type: str = JSON,
    field_manager: str = FIELD_MANAGER,
    force: bool = False,
    validation: str = "Warn",
    timeout: float = 30.0,
) -> Response:
    """What the server would answer, through admission and defaulting, with nothing stored.

    Raises what the real request would: Rejected for an immutable field or a webhook's no, Forbidden for quota and
    rights, Conflict for fields owned by others.
    """
    params: dict[str, str | bool] = {"dryRun": "All"}
    if method != "DELETE":
        params["fieldManager"] = field_manager
        params["fieldValidation"] = validation
    if content_type == Patch.APPLY:
        params["force"] = force
    return await transport.send(method, path, body=body, content_type=content_type, params=params, timeout=timeout)


async def create(transport: Transport, collection: str, body: bytes, *, field_manager: str = FIELD_MANAGER) -> Response:
    return await transport.send("POST", collection, body=body, params={"fieldManager": field_manager})


async def replace(transport: Transport, path: str, body: bytes, *, field_manager: str = FIELD_MANAGER) -> Response:
    """The whole object; its metadata.resourceVersion makes the server refuse (Conflict) when it changed meanwhile."""
    return await transport.send("PUT", path, body=body, params={"fieldManager": field_manager})


async def patch(
    transport: Transport,
    path: str,
    body: bytes,
    *,
    kind: Patch = Patch.MERGE,
    field_manager: str = FIELD_MANAGER,
    force: bool = False,
) -> Response:
    """`force` takes fields over from other managers and means something for Patch.APPLY alone."""
    params: dict[str, str | bool] = {"fieldManager": field_manager}
    if kind is Patch.APPLY:
        params["force"] = force
    return await transport.send("PATCH", path, body=body, content_type=kind, params=params)


async def delete(
    transport: Transport,
    path: str,
    *,
    uid: str = "",
    resource_version: str = "",
    propagation: Propagation = Propagation.BACKGROUND,
) -> Response:
    """Deletes this very object: with a uid another one of the same name is spared, with a version a changed one too.

    Raises Conflict where the preconditions do not hold, NotFound where it is gone already.
    """
    preconditions = {"uid": uid, "resourceVersion": resource_version}
    options: dict[str, object] = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
    if uid or resource_version:
        options["preconditions"] = {key: value for key, value in preconditions.items() if value}
    return await transport.send("DELETE", path, body=msgspec.json.encode(options))
