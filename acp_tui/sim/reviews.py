"""The review kinds: questions about rights that are answered at once and never stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acp_tui.sim.access import Attributes, User

if TYPE_CHECKING:
    from acp_tui.sim.access import Authorizer
    from acp_tui.sim.kinds import Obj, ResourceType


def answer(body: Obj, resource: ResourceType, *, user: User, authorizer: Authorizer, namespace: str) -> Obj:
    """The review object with its status filled in."""
    spec = body.get("spec") or {}
    reviewed = {**body, "apiVersion": resource.api_version(), "kind": resource.kind}
    reviewed.setdefault("metadata", {})
    if resource.kind == "SelfSubjectReview":
        reviewed["status"] = {"userInfo": {"username": user.name, "groups": list(user.groups)}}
    elif resource.kind == "SelfSubjectRulesReview":
        reviewed["status"] = _rules(user, authorizer, spec.get("namespace") or "default")
    else:
        who = user
        if not resource.kind.startswith("Self"):
            who = User(spec.get("user") or "", tuple(spec.get("groups") or ()))
        allowed = authorizer.allows(who, _asked(spec, namespace))
        reviewed["status"] = {"allowed": allowed}
        if not allowed:
            reviewed["status"]["reason"] = ""
    return reviewed


def _asked(spec: Obj, namespace: str) -> Attributes:
    url = spec.get("nonResourceAttributes")
    if url:
        return Attributes(verb=url.get("verb") or "", path=url.get("path") or "/")
    wanted = spec.get("resourceAttributes") or {}
    return Attributes(
        verb=wanted.get("verb") or "",
        group=wanted.get("group") or "",
        resource=wanted.get("resource") or "",
        subresource=wanted.get("subresource") or "",
        namespace=wanted.get("namespace") or namespace,
        name=wanted.get("name") or "",
    )


def _rules(user: User, authorizer: Authorizer, namespace: str) -> Obj:
    if user.is_admin:
        rules = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
        urls = [{"verbs": ["*"], "nonResourceURLs": ["*"]}]
    else:
        rules = list(authorizer.rules(user, namespace))
        urls = [{"verbs": ["get"], "nonResourceURLs": ["/api", "/apis", "/healthz", "/livez", "/readyz", "/version"]}]
    return {"resourceRules": rules, "nonResourceRules": urls, "incomplete": False}
