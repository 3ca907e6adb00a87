"""Hooks that are over: what a failed one left behind says nothing of the revision that runs now."""

from __future__ import annotations

from acp_tui.insight.times import epoch
from acp_tui.model.health import Health, Verdict
from acp_tui.model.objects import Meta

HOOK = "helm.sh/hook"
SPENT = Verdict(Health.SUSPENDED, "left by a hook of an earlier revision, which failed")
"""Stands for the Job's or Pod's own verdict, and counts for nothing above it."""


def is_spent(meta: Meta, *, status: str, written_at: float | None) -> bool:
    """Whether a hook's Job or Pod is from before the newest revision, which is `deployed` since `written_at`.

    Helm says deployed only after the hooks of that very revision went well, and keeps a failed hook's Job for whoever
    wants to read its log. Tests are hooks too, but run after that moment: they are left to speak.
    """
    words = {word.strip() for word in ((meta.annotations or {}).get(HOOK) or "").split(",")}
    made = epoch(meta.creation_timestamp)
    if words <= {"", "test", "test-success"} or status != "deployed" or made is None or written_at is None:
        return False
    return made <= written_at
