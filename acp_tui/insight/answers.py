"""An API server's no to one object, as the class of trouble it is and one line that names what to look at."""

from __future__ import annotations

import re

from acp_tui.insight.phrases import line
from acp_tui.insight.refusals import refusal
from acp_tui.model.plan import Answer, ServerSays

_CONFLICT_ONE = re.compile(r'conflict with "([^"]+)"(?: with subresource "[^"]+")? using [^:]+: (\.\S+)')
_CONFLICT_MANY = re.compile(r'conflicts with "([^"]+)"(?: with subresource "[^"]+")? using [^:]+:((?:\s*- \.\S+)+)')
_IMMUTABLE = re.compile(
    r"immutable|may not change|fields other than|cannot be changed|can not be changed|may not be changed|"
    r"is not allowed to be (?:changed|modified)|can't be (?:changed|updated)",
    re.IGNORECASE,
)
_DRY_RUN = re.compile(r'admission webhook "([^"]+)" does not support dry run', re.IGNORECASE)
_NO_RIGHT = re.compile(r'User "[^"]*" cannot \w+')
_VALUE = re.compile(r"(?:Invalid|Unsupported|Duplicate) value: .*: ")
"""The value that was refused goes out: it is long, and it can be a secret."""
_LEAD = re.compile(r'^[\w.]+ "[^"]*" is (?:invalid|forbidden): ')


def server_says(status: int | None, message: str, causes: tuple[str, ...] = ()) -> ServerSays:
    """`status` is None where no answer came, and `message` then says why."""
    text = " ".join(message.split())
    if found := _DRY_RUN.search(text):
        return ServerSays(Answer.NOT_ASKED, line(f"webhook {found[1]} allows no dry run"))
    if "ValidatingAdmissionPolicy" in text or "admission webhook" in text or "failed calling webhook" in text:
        return ServerSays(Answer.WEBHOOK, refusal(text))
    if "exceeded quota" in text or "failed quota" in text:
        return ServerSays(Answer.QUOTA, refusal(text))
    if "violates PodSecurity" in text:
        return ServerSays(Answer.POD_SECURITY, refusal(text))
    match status:
        case 403:
            kind = Answer.FORBIDDEN if _NO_RIGHT.search(text) else Answer.INVALID
            return ServerSays(kind, line(_LEAD.sub("", text)))
        case 404:
            return ServerSays(Answer.NOT_ASKED, line(text))
        case 409:
            return ServerSays(Answer.CONFLICT, conflict_words(text))
        case 400 | 422:
            return _invalid(text, causes)
    return ServerSays(Answer.NOT_ASKED, line(text))


def conflict_words(text: str) -> str:
    """`.spec.replicas belongs to kubectl`; every field and owner once."""
    pairs = [(owner, field) for owner, field in _CONFLICT_ONE.findall(text)]
    for owner, fields in _CONFLICT_MANY.findall(text):
        pairs += [(owner, field) for field in re.findall(r"\.\S+", fields)]
    if not pairs:
        return line(text)
    by_owner: dict[str, list[str]] = {}
    for owner, field in dict.fromkeys(pairs):
        by_owner.setdefault(owner, []).append(field.lstrip("."))
    return line("; ".join(f"{', '.join(fields)} set by {owner}" for owner, fields in by_owner.items()))


def is_immutable(text: str) -> bool:
    """Whether the server refused to change a field that cannot be changed."""
    return bool(_IMMUTABLE.search(text))


def _invalid(text: str, causes: tuple[str, ...]) -> ServerSays:
    told = [_VALUE.sub("", " ".join(cause.split())) for cause in causes] or [_VALUE.sub("", _LEAD.sub("", text))]
    said = line("; ".join(told))
    return ServerSays(Answer.IMMUTABLE if is_immutable(f"{text} {said}") else Answer.INVALID, said)
