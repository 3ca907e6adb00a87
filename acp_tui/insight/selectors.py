"""Whether labels match a selector."""

from __future__ import annotations

from collections.abc import Mapping

from acp_tui.model.objects import LabelRequirement, LabelSelector

Labels = Mapping[str, str | None]


def matches(selector: LabelSelector | None, labels: Labels | None) -> bool:
    """Kubernetes' rule, except that an empty selector selects nothing: an application of everything is none."""
    if selector is None or not (selector.match_labels or selector.match_expressions):
        return False
    own = labels or {}
    if any(own.get(key) != value for key, value in (selector.match_labels or {}).items()):
        return False
    return all(_holds(requirement, own) for requirement in selector.match_expressions or ())


def matches_map(wanted: Labels | None, labels: Labels | None) -> bool:
    """The plain map form that Services use; an empty map selects nothing."""
    own = labels or {}
    return bool(wanted) and all(own.get(key) == value for key, value in (wanted or {}).items())


def _holds(requirement: LabelRequirement, labels: Labels) -> bool:
    key, values = requirement.key or "", requirement.values or ()
    match requirement.operator:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False
