"""Refusals as an API server words them: one exception that carries a Status object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from acp_tui.sim.kinds import Obj, ResourceType


class ApiError(Exception):
    """A request that ends in a Status object; `code` is the HTTP status."""

    def __init__(
        self, code: int, reason: str, message: str, *, details: Obj | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.retry_after = retry_after

    def status(self) -> Obj:
        body: Obj = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        }
        details = dict(self.details or {})
        if self.retry_after is not None:
            details["retryAfterSeconds"] = self.retry_after
        if details:
            body["details"] = details
        return body


def _details(resource: ResourceType, name: str, **more: Any) -> Obj:
    details: Obj = {"name": name, "kind": resource.plural}
    if resource.group:
        details["group"] = resource.group
    return {**details, **more}


def not_found(resource: ResourceType, name: str) -> ApiError:
    return ApiError(404, "NotFound", f'{resource.qualified} "{name}" not found', details=_details(resource, name))


def path_not_found() -> ApiError:
    return ApiError(404, "NotFound", "the server could not find the requested resource")


def already_exists(resource: ResourceType, name: str) -> ApiError:
    return ApiError(
        409, "AlreadyExists", f'{resource.qualified} "{name}" already exists', details=_details(resource, name)
    )


def conflict(resource: ResourceType, name: str, why: str) -> ApiError:
    return ApiError(
        409,
        "Conflict",
        f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}',
        details=_details(resource, name),
    )


STALE = "the object has been modified; please apply your changes to the latest version and try again"


def forbidden(resource: ResourceType, name: str, why: str) -> ApiError:
    shown = f' "{name}"' if name else ""
    return ApiError(
        403, "Forbidden", f"{resource.qualified}{shown} is forbidden: {why}", details=_details(resource, name)
    )


def invalid(resource: ResourceType, name: str, causes: list[tuple[str, str]]) -> ApiError:
    """422 with one cause a field, worded as apimachinery joins them."""
    listed = [f"{path}: {text}" for path, text in causes]
    joined = listed[0] if len(listed) == 1 else "[" + ", ".join(listed) + "]"
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    details = _details(
        resource,
        name,
        kind=resource.kind,
        causes=[{"reason": "FieldValueInvalid", "message": text, "field": path} for path, text in causes],
    )
    return ApiError(422, "Invalid", f'{kind} "{name}" is invalid: {joined}', details=details)


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def expired(message: str) -> ApiError:
    return ApiError(410, "Expired", message)


def gone(asked: int, current: int) -> ApiError:
    return ApiError(410, "Expired", f"too old resource version: {asked} ({current})")
