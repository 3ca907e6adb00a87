"""Why an image could not be pulled, from what the container runtime wrote."""

from __future__ import annotations

import re

WAITING = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
    }
)
_BACK_OFF = re.compile(r'Back-off pulling image "[^"]*"(?:: )?')
_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("cannot be pulled: rate limited by its registry", ("toomanyrequests", "too many requests", "rate limit")),
    (
        "cannot be pulled: not authorized",
        ("unauthorized", "authorization failed", "authentication required", "access denied", "403 forbidden", "401"),
    ),
    ("cannot be pulled: certificate of the registry not trusted", ("x509", "certificate")),
    ("cannot be pulled: registry name not known", ("no such host",)),
    (
        "cannot be pulled: registry did not answer",
        ("timeout", "timed out", "deadline exceeded", "connection refused", "i/o timeout", "no route to host"),
    ),
    ("has no build for this platform", ("no match for platform", "no matching manifest")),
    ("not found", ("not found", "notfound", "manifest unknown", "name unknown", "does not exist")),
)


def image_problem(reason: str, message: str | None, image: str | None) -> str:
    """`registry/pay:1.9.2 not found`; where the runtime did not say why, that it cannot be pulled.

    "pull access denied, repository does not exist or may require authorization" counts as not authorized,
    since registries hide the difference.
    """
    name = image or "image"
    if reason == "InvalidImageName":
        return f"{name} is not a valid image name"
    if reason == "ErrImageNeverPull":
        return f"{name} is not on the node and the pull policy is Never"
    text = _BACK_OFF.sub("", message or "").lower()
    for words, signs in _WORDS:
        if any(sign in text for sign in signs):
            return f"{name} {words}"
    return f"{name} cannot be pulled"
