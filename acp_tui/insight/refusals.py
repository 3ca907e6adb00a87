"""What an API server said no to when a controller wanted to create pods."""

from __future__ import annotations

import re

from acp_tui.insight.phrases import cause, line

_QUOTA = re.compile(r"exceeded quota: ([^,]+), requested: (.+), used: (.+), limited: (.+)")
_MUST = re.compile(r"failed quota: ([^:]+): must specify (.+)")
_PSA = re.compile(r'violates PodSecurity "([^":]+)[^"]*": (.+)')
_WEBHOOK = re.compile(
    r'failed calling webhook "([^"]+)": (?:failed to call webhook: )?(?:Post "https?://([^/"]+)[^"]*": )?(.+)'
)
_POLICY = re.compile(r"ValidatingAdmissionPolicy '([^']+)' with binding '[^']+' denied request: (.+)")
_DENIED = re.compile(r'admission webhook "([^"]+)" denied the request: (.+)')


def refusal(message: str | None) -> str:
    """One line naming who refused: quota, PodSecurity, a policy, a webhook that is down or one that denied."""
    text = " ".join((message or "").split())
    if found := _QUOTA.search(text):
        name, requested, used, limited = found.groups()
        return line(f"quota {name} exceeded: requested {requested}; used {used} of {limited}")
    if found := _MUST.search(text):
        return line(f"quota {found[1]} needs {found[2].split(' for:')[0]} on each container")
    if found := _PSA.search(text):
        return line(f"PodSecurity {found[1]} violated: {found[2]}")
    if found := _WEBHOOK.search(text):
        host = f" ({found[2]})" if found[2] else ""
        return line(f"webhook {found[1]}{host} does not answer: {found[3]}")
    if found := _POLICY.search(text):
        return line(f"policy {found[1]} denied it: {found[2]}")
    if found := _DENIED.search(text):
        return line(f"webhook {found[1]} denied it: {found[2]}")
    return cause("FailedCreate", text)
