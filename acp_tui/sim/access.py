"""Who may do what: bearer tokens to users, and RBAC rules from the cluster's own role objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from acp_tui.sim.answers import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from acp_tui.sim.kinds import Obj
    from acp_tui.sim.store import Store

_RBAC = "rbac.authorization.k8s.io"
_ALWAYS_READABLE = ("/version", "/healthz", "/livez", "/readyz", "/api", "/apis", "/openapi")


@dataclass(frozen=True, slots=True)
class User:
    name: str
    groups: tuple[str, ...] = ("system:authenticated",)

    @property
    def is_admin(self) -> bool:
        return "system:masters" in self.groups


@dataclass(frozen=True, slots=True)
class Attributes:
    """One question: may this verb be done on this resource (or, with `path`, on this URL)."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


@dataclass(slots=True)
class Authorizer:
    """Tokens and rules of one cluster; `tokens` maps a bearer token to its user."""

    store: Store
    tokens: Mapping[str, User] = field(repr=False)
    open_as: str = ""  # who a request without credentials is; empty refuses it

    def user_of(
        self, authorization: str | None, impersonate: str | None, groups: list[str], *, assumed: str = ""
    ) -> User:
        """The user behind a request's headers, or 401; an administrator may act as somebody else."""
        user = self._identified(authorization, assumed)
        if user is None:
            raise ApiError(401, "Unauthorized", "Unauthorized")
        if impersonate is None:
            return user
        if not user.is_admin:
            raise ApiError(
                403,
                "Forbidden",
                f'users "{impersonate}" is forbidden: User "{user.name}" cannot impersonate resource "users" '
                'in API group "" at the cluster scope',
            )
        return User(impersonate, (*groups, "system:authenticated"))

    def _identified(self, authorization: str | None, assumed: str) -> User | None:
        if authorization is not None:
            return self.tokens.get(authorization.removeprefix("Bearer ").strip())
        wanted = assumed or self.open_as
        if not self.open_as:
            return None
        return next((user for user in self.tokens.values() if user.name == wanted), None)

    def allows(self, user: User, asked: Attributes) -> bool:
        if user.is_admin:
            return True
        if asked.path:
            return asked.verb == "get" and asked.path.startswith(_ALWAYS_READABLE)
        return any(_rule_allows(rule, asked) for rule in self.rules(user, asked.namespace))

    def require(self, user: User, asked: Attributes) -> None:
        """403 in the API server's words where the rules say no."""
        if self.allows(user, asked):
            return
        if asked.path:
            raise ApiError(403, "Forbidden", f'forbidden: User "{user.name}" cannot {asked.verb} path "{asked.path}"')
        plural = f"{asked.resource}/{asked.subresource}" if asked.subresource else asked.resource
        qualified = f"{asked.resource}.{asked.group}" if asked.group else asked.resource
        named = f' "{asked.name}"' if asked.name else ""
        where = f'in the namespace "{asked.namespace}"' if asked.namespace else "at the cluster scope"
        details: Obj = {"kind": asked.resource}
        if asked.group:
            details["group"] = asked.group
        if asked.name:
            details["name"] = asked.name
        raise ApiError(
            403,
            "Forbidden",
            f'{qualified}{named} is forbidden: User "{user.name}" cannot {asked.verb} resource "{plural}" '
            f'in API group "{asked.group}" {where}',
            details=details,
        )

    def rules(self, user: User, namespace: str) -> Iterator[Obj]:
        """Every rule that holds for the user cluster-wide, and (where given) in the namespace."""
        for stored in self.store.all((_RBAC, "clusterrolebindings")):
            yield from self._bound(stored.obj(), user, "")
        if namespace:
            for stored in self.store.all((_RBAC, "rolebindings"), namespace):
                yield from self._bound(stored.obj(), user, namespace)

    def _bound(self, binding: Obj, user: User, namespace: str) -> Iterator[Obj]:
        if not any(_is_subject(subject, user) for subject in binding.get("subjects") or []):
            return
        ref = binding["roleRef"]
        if ref["kind"] == "ClusterRole":
            role = self.store.get((_RBAC, "clusterroles"), "", ref["name"])
        else:
            role = self.store.get((_RBAC, "roles"), namespace, ref["name"])
        if role is not None:
            yield from role.obj().get("rules") or []


def _is_subject(subject: Obj, user: User) -> bool:
    if subject.get("kind") == "User":
        return subject.get("name") == user.name
    if subject.get("kind") == "Group":
        return subject.get("name") in user.groups
    account = f"system:serviceaccount:{subject.get('namespace')}:{subject.get('name')}"
    return subject.get("kind") == "ServiceAccount" and account == user.name


def _rule_allows(rule: Obj, asked: Attributes) -> bool:
    plural = f"{asked.resource}/{asked.subresource}" if asked.subresource else asked.resource
    return (
        _has(rule, "verbs", asked.verb)
        and _has(rule, "apiGroups", asked.group)
        and (_has(rule, "resources", plural) or f"*/{asked.subresource}" in (rule.get("resources") or []))
        and (not rule.get("resourceNames") or asked.name in rule["resourceNames"])
    )


def _has(rule: Obj, part: str, value: str) -> bool:
    stated = rule.get(part) or []
    return value in stated or "*" in stated
