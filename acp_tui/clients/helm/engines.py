"""Which Helm engines this machine has, and which one to take."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from acp_tui.clients.helm.binary import BinaryEngine, ask_version
from acp_tui.clients.helm.embedded import EmbeddedEngine, find_embedded
from acp_tui.clients.helm.engine import HelmEngine
from acp_tui.model.errors import EngineError

VARIABLE = "ACP_TUI_HELM"
_PROGRAMS = ("helm", "helm3", "helm4")
_ADVICE = f"install helm 3 or 4, set {VARIABLE} to its path, or install acp-tui[helm] for Helm inside Python"


def find_engines(env: Mapping[str, str] = os.environ) -> tuple[HelmEngine, ...]:
    """All engines, the preferred first: $ACP_TUI_HELM, then helm, helm3, helm4 on PATH, then helm-python-sdk.

    Each candidate is run once to say its version, so this blocks: call it in a thread. What is no helm 3 or 4 is
    left out, and a program reachable under two names counts once.
    """
    named = env.get(VARIABLE, "")
    candidates = [shutil.which(name, path=env.get("PATH", "")) for name in _PROGRAMS]
    found: list[HelmEngine] = []
    seen: set[Path] = set()
    for candidate in (named, *candidates):
        path = Path(candidate).expanduser().resolve() if candidate else None
        if path is None or path in seen:
            continue
        seen.add(path)
        if (version := ask_version(path, env)) is not None:
            found.append(BinaryEngine(path, version, env=env))
    if (embedded := find_embedded(env)) is not None:
        found.append(embedded)
    return tuple(found)


def choose(engines: Sequence[HelmEngine], wanted: str = "") -> HelmEngine:
    """The engine that is wanted: empty for the preferred one, `helm3`, `helm4`, `embedded`, a name or a path.

    Raises EngineError naming what there is.
    """
    if not engines:
        raise EngineError(
            "No Helm engine is found", tried=f"${VARIABLE}, {', '.join(_PROGRAMS)} on PATH, helm_python", advice=_ADVICE
        )
    if not wanted:
        return engines[0]
    for engine in engines:
        if _answers_to(engine, wanted):
            return engine
    raise EngineError(
        f"No Helm engine {wanted!r}",
        tried=f"found {', '.join(engine.name for engine in engines)}",
        advice="choose one of these, or `helm3`, `helm4`, `embedded`",
    )


def _answers_to(engine: HelmEngine, wanted: str) -> bool:
    if wanted == engine.name:
        return True
    if isinstance(engine, EmbeddedEngine):
        return wanted in ("embedded", "helm-python-sdk", "python")
    if isinstance(engine, BinaryEngine):
        return wanted in (f"helm{engine.major}", "helm", str(engine.program))
    return False
