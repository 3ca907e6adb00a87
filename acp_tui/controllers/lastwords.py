"""Reads what the pods behind a verdict said last, so that it names the line and not only the pod."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from acp_tui.controllers.listen import LINES, bounded
from acp_tui.controllers.redact import Redactor, hush
from acp_tui.model.errors import AcpTuiError
from acp_tui.model.finding import Finding
from acp_tui.model.kept import Words
from acp_tui.wire.text import one_line

if TYPE_CHECKING:
    from acp_tui.clients.kube.transport import Transport
    from acp_tui.controllers.observe import PodState

MOST = 3
"""Pods that are asked; the first ones of a verdict are the ones it is about."""
SHOWN = 200

_SECONDS = 3.0


async def last_words(
    transport: Transport, suspects: Sequence[tuple[str, PodState]], *, redact: Redactor, now: float
) -> tuple[Words, ...]:
    """Of pods by namespace; of a container that crashed, the run that crashed. Nothing for one that never ran."""
    ran = [(namespace, pod) for namespace, pod in suspects if pod.container][:MOST]
    return tuple(await asyncio.gather(*(_words(transport, *each, redact=redact, now=now) for each in ran)))


def quoted(words: Words) -> str:
    """The last line that says something, short enough for a verdict; empty where there is none."""
    line = next((text for text in reversed(words.lines) if text.strip()), "")
    return f"last line: {one_line(line.strip(), limit=SHOWN)}" if line else ""


def hook_findings(heard: Iterable[Words]) -> tuple[Finding, ...]:
    """Hooks that ended badly, each with its last line; the last pod of a hook that was tried again."""
    failed = {words.why: words for words in heard if words.state and not words.state.startswith("exit 0")}
    return tuple(
        Finding(f"{words.why}: {one_line(words.state, limit=SHOWN)}", evidence=_of_pod(words))
        for words in failed.values()
    )


def _of_pod(words: Words) -> str:
    line = quoted(words)
    return f"pod {words.pod} · {line}" if line else f"pod {words.pod}"


async def _words(transport: Transport, namespace: str, pod: PodState, *, redact: Redactor, now: float) -> Words:
    lines = await _lines(transport, namespace, pod, previous=pod.crashed)
    if not lines and pod.crashed:
        lines = await _lines(transport, namespace, pod, previous=False)
    return Words(
        pod.name,
        pod.container,
        redact(pod.verdict.reason),
        now,
        redact(pod.ended),
        bounded(hush(redact(line)) for line in lines),
    )


async def _lines(transport: Transport, namespace: str, pod: PodState, *, previous: bool) -> list[str]:
    """Empty where the server, or the kubelet behind it, does not say."""
    from acp_tui.clients.kube.streams import logs

    found = []
    try:
        async with asyncio.timeout(_SECONDS):
            async for line in logs(
                transport, namespace, pod.name, container=pod.container, previous=previous, tail_lines=LINES
            ):
                found.append(line)
    except (AcpTuiError, TimeoutError):
        return found
    return found
