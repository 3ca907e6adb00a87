"""Helm 4 inside Python (helm-python-sdk) as an engine, always in a process of its own.

The library is native code with a Go runtime: what it does to signals, threads and memory stays in a child that can
be killed.
"""

from __future__ import annotations

import asyncio
import importlib.util
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

import acp_tui
from acp_tui.clients.helm.complaints import explain, plain, tidy
from acp_tui.clients.helm.engine import (
    HISTORY_LIMIT,
    EngineRequest,
    EngineResult,
    OnOutput,
    Rendered,
    left_behind,
)
from acp_tui.clients.helm.environment import child_environment, driver
from acp_tui.clients.helm.preparation import Prepared, prepare
from acp_tui.clients.helm.process import GRACE, Ended, Process
from acp_tui.model.errors import EngineError
from acp_tui.model.plan import Verb
from acp_tui.model.release import Hook
from acp_tui.wire.text import clean, one_line

_MODULE = "acp_tui.clients.helm.embedded_worker"
_VERSION_TIMEOUT = 20.0


class _Error(msgspec.Struct, frozen=True):
    kind: str = ""
    message: str = ""


class _Event(msgspec.Struct, frozen=True):
    line: str | None = None
    done: dict[str, Any] | None = None
    error: _Error | None = None


class EmbeddedEngine:
    """The Python package; `sdk` is its version and `helm` that of the Helm inside it."""

    def __init__(self, sdk: str, helm: str, *, env: Mapping[str, str], grace: float = GRACE) -> None:
        self.sdk = sdk
        self.helm = helm.removeprefix("v")
        self._env = env
        self._grace = grace

    def __repr__(self) -> str:
        return f"EmbeddedEngine({self.name})"

    @property
    def name(self) -> str:
        return f"helm-python-sdk {self.sdk} (Helm {self.helm})"

    @property
    def major(self) -> int:
        return int(self.helm.partition(".")[0])

    @property
    def limits(self) -> tuple[str, ...]:
        return ("a running rollback or uninstall cannot be asked to stop, only killed",)

    async def render(self, request: EngineRequest) -> Rendered:
        if request.verb not in (Verb.DEPLOY, Verb.UPGRADE):
            raise EngineError(f"A {request.verb.value} renders nothing: the stored manifest is what counts")
        prepared = await prepare(request, self._env)
        try:
            process = await self._start(request, prepared, _ignore, dry_run=True)
            try:
                ended = await process.ended(request.timeout + 30)
            except asyncio.CancelledError:
                await process.cancel()
                raise
        finally:
            prepared.close()
        last = _last_event(ended)
        if last.error is not None:
            chart = prepared.chart.name if prepared.chart else ""
            raise explain(prepared.workspace.hide(last.error.message), chart=chart)
        if last.done is None:
            raise _no_answer(ended)
        return _rendered(last.done)

    async def begin(self, request: EngineRequest, on_output: OnOutput) -> EmbeddedRun:
        prepared = await prepare(request, self._env)
        try:
            process = await self._start(
                request, prepared, lambda line: on_output(prepared.workspace.hide(line)), dry_run=False
            )
        except BaseException:
            prepared.close()
            raise
        return EmbeddedRun(process, request, prepared)

    async def run(self, request: EngineRequest, on_output: OnOutput) -> EngineResult:
        run = await self.begin(request, on_output)
        try:
            return await run.result()
        except asyncio.CancelledError:
            await run.cancel()
            raise

    async def _start(
        self, request: EngineRequest, prepared: Prepared, on_output: OnOutput, *, dry_run: bool
    ) -> Process:
        process = await Process.start(
            _argv(),
            env=_environment(prepared.env),
            folder=prepared.workspace.folder,
            on_output=on_output,
            stdout_view=_progress,
            stdin=True,
            grace=self._grace,
            inherits=-1 if dry_run else request.lock,
        )
        if request.verb in (Verb.DEPLOY, Verb.UPGRADE):
            process.stop = lambda: process.send(b'{"cancel": true}\n')
        else:
            process.stop = lambda: False
        process.send(_request(request, prepared, dry_run=dry_run))
        return process


class EmbeddedRun:
    """A request the child works on."""

    def __init__(self, process: Process, request: EngineRequest, prepared: Prepared) -> None:
        self._process = process
        self._request = request
        self._prepared = prepared

    async def result(self) -> EngineResult:
        ended = await self._process.ended(self._request.deadline)
        self._prepared.close()
        last = _last_event(ended)
        if last.done is not None:
            told = last.done.get("release") or {}
            revision = told.get("revision")
            return EngineResult(
                ok=True,
                revision=revision if isinstance(revision, int) else None,
                cancelled=ended.cancelled,
            )
        if ended.cancelled or ended.timed_out:
            message = _stopped(ended, self._request)
        elif last.error is not None:
            return EngineResult(ok=False, message=tidy(self._prepared.workspace.hide(last.error.message)))
        else:
            message = _no_answer(ended).tried
        return EngineResult(ok=False, exit_code=ended.exit_code, message=message, cancelled=ended.cancelled)

    async def cancel(self) -> None:
        await self._process.cancel()
        self._prepared.close()


def find_embedded(env: Mapping[str, str]) -> EmbeddedEngine | None:
    """The engine if the package is installed and its library loads here, asked in a child; blocks for a moment."""
    if importlib.util.find_spec("helm_python") is None:
        return None
    try:
        done = subprocess.run(
            [*_argv(), "--version"],
            env=_environment(child_environment(env)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_VERSION_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    event = _event(done.stdout.decode("utf-8", "replace").strip())
    if event is None or event.done is None:
        return None
    helm = str(event.done.get("helm", ""))
    if not re.fullmatch(r"v?\d+\.\d+\.\d+\S*", helm):
        return None
    return EmbeddedEngine(one_line(str(event.done.get("sdk", "")), limit=40), one_line(helm, limit=40), env=env)


def _argv() -> list[str]:
    return [sys.executable, "-m", _MODULE]


def _environment(env: Mapping[str, str]) -> dict[str, str]:
    """The child must find this very package, installed or not."""
    return {**env, "PYTHONPATH": str(Path(acp_tui.__file__).resolve().parent.parent), "PYTHONSAFEPATH": "1"}


def _request(request: EngineRequest, prepared: Prepared, *, dry_run: bool) -> bytes:
    chart = prepared.chart
    return (
        msgspec.json.encode(
            {
                "verb": request.verb.value,
                "release": request.release.name,
                "namespace": request.release.namespace,
                "context": request.context.name,
                "kubeconfig": str(prepared.kubeconfig),
                "driver": driver(request.release.store),
                "folder": str(prepared.workspace.folder),
                "chart": chart.reference if chart else "",
                "version": chart.version if chart else "",
                "values": request.values,
                "reuse_values": request.reuse_values,
                "revision": request.revision,
                "timeout": request.timeout,
                "history": HISTORY_LIMIT,
                "wait": request.wait,
                "no_hooks": request.no_hooks,
                "take_over": request.take_over,
                "create_namespace": request.create_namespace,
                "unchecked": request.unchecked,
                "keep_history": request.keep_history,
                "dry_run": dry_run,
            }
        )
        + b"\n"
    )


def _event(line: str) -> _Event | None:
    if not line.startswith("{"):
        return None
    try:
        return msgspec.json.decode(line, type=_Event)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None


def _progress(line: str) -> str:
    event = _event(line)
    return plain(event.line) if event is not None and event.line else ""


def _last_event(ended: Ended) -> _Event:
    for line in reversed(ended.stdout.splitlines()):
        event = _event(line.decode("utf-8", "replace"))
        if event is not None and (event.done is not None or event.error is not None):
            return event
    return _Event()


def _no_answer(ended: Ended) -> EngineError:
    last = one_line(" ".join(ended.tail[-3:]), limit=300)
    how = "ran into its deadline" if ended.timed_out else f"ended with {ended.exit_code}"
    return EngineError(
        "helm-python-sdk gave no answer",
        tried=f"its process {how}{': ' if last else ''}{last}",
        advice="choose a helm program as engine; the records show what was done",
    )


def _stopped(ended: Ended, request: EngineRequest) -> str:
    why = f"Helm did not end within {request.deadline:.0f} s" if ended.timed_out else "Cancelled"
    how = "its process was killed" if ended.killed else "it stopped when asked"
    return f"{why}; {how}: {left_behind(request.verb, killed=ended.killed)}"


def _rendered(done: Mapping[str, Any]) -> Rendered:
    release = done.get("release") or {}
    return Rendered(
        manifest=str(release.get("manifest") or ""),
        hooks=_hooks(done.get("templates") or {}),
        notes=clean(str(release.get("notes") or ""), multiline=True),
        chart=clean(str(release.get("chart_name") or "")),
        chart_version=clean(str(release.get("chart_version") or "")),
        app_version=clean(str(release.get("app_version") or "")),
        values=done.get("values") or {},
    )


def _hooks(templates: Mapping[str, str]) -> tuple[Hook, ...]:
    """The hooks among rendered files, in Helm's order: weight, then name."""
    import yaml

    found = []
    for path, text in templates.items():
        if "helm.sh/hook" not in text or path.endswith("NOTES.txt"):
            continue
        for part in re.split(r"(?m)^---\s*$", text):
            document = yaml.load(part, Loader=yaml.BaseLoader) if "helm.sh/hook" in part else None  # noqa: S506
            if isinstance(document, dict) and (hook := _hook(document, part)) is not None:
                found.append(hook)
    return tuple(sorted(found, key=lambda hook: (hook.weight, hook.name)))


def _hook(document: Mapping[str, Any], text: str) -> Hook | None:
    metadata = document.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if not isinstance(metadata, dict) or not isinstance(annotations, dict) or "helm.sh/hook" not in annotations:
        return None
    weight = str(annotations.get("helm.sh/hook-weight", "0"))
    return Hook(
        name=clean(str(metadata.get("name", ""))),
        kind=clean(str(document.get("kind", ""))),
        events=_words(annotations["helm.sh/hook"]),
        weight=int(weight) if re.fullmatch(r"-?\d{1,9}", weight) else 0,
        delete_policies=_words(annotations.get("helm.sh/hook-delete-policy", "")),
        manifest=text.strip("\n"),
    )


def _words(text: object) -> tuple[str, ...]:
    return tuple(clean(word.strip()) for word in str(text).split(",") if word.strip())


def _ignore(_line: str) -> None:
    return
