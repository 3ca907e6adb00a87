"""The helm program, major 3 or 4, as an engine."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import msgspec

from acp_tui.clients.helm.complaints import error_of, explain, plain
from acp_tui.clients.helm.engine import (
    HISTORY_LIMIT,
    EngineRequest,
    EngineResult,
    OnOutput,
    Rendered,
    left_behind,
)
from acp_tui.clients.helm.environment import child_environment
from acp_tui.clients.helm.preparation import Prepared, prepare
from acp_tui.clients.helm.process import GRACE, Ended, Process
from acp_tui.model.errors import EngineError, RecordError
from acp_tui.model.plan import Verb
from acp_tui.wire.helm import body, encoded
from acp_tui.wire.text import one_line

_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)\S*")
_COMMAND = {Verb.DEPLOY: "install", Verb.UPGRADE: "upgrade", Verb.ROLLBACK: "rollback", Verb.UNINSTALL: "uninstall"}
_VERSION_TIMEOUT = 10.0


class BinaryEngine:
    """One helm program; `version` is (major, minor, patch)."""

    def __init__(
        self, program: Path, version: tuple[int, int, int], *, env: Mapping[str, str], grace: float = GRACE
    ) -> None:
        self.program = program
        self.version = version
        self._env = env
        self._grace = grace

    def __repr__(self) -> str:
        return f"BinaryEngine({self.name}, {self.program})"

    @property
    def name(self) -> str:
        return "helm " + ".".join(str(part) for part in self.version)

    @property
    def major(self) -> int:
        return self.version[0]

    @property
    def limits(self) -> tuple[str, ...]:
        told = []
        if self.version < (3, 13, 0):
            told.append("the plan is rendered without looking objects up in the cluster (helm before 3.13)")
        if self.version < (3, 14, 0):
            told.append("reused values keep the old chart's defaults (helm before 3.14)")
        return tuple(told)

    async def render(self, request: EngineRequest) -> Rendered:
        if request.verb not in (Verb.DEPLOY, Verb.UPGRADE):
            raise EngineError(f"A {request.verb.value} renders nothing: the stored manifest is what counts")
        prepared = await prepare(request, self._env)
        try:
            dry = "--dry-run" if self.version < (3, 13, 0) else "--dry-run=server"
            argv = [*self._argv(request, prepared), dry, "--output=json"]
            process = await self._start(argv, prepared, _ignore)
            try:
                ended = await process.ended(request.timeout + 30)
            except asyncio.CancelledError:
                await process.cancel()
                raise
        finally:
            prepared.close()
        chart = prepared.chart.name if prepared.chart else ""
        if ended.timed_out:
            raise EngineError(
                "Helm did not render the chart in time", tried=f"{request.timeout + 30} s", advice="try again"
            )
        if ended.exit_code != 0:
            raise explain(prepared.workspace.hide(error_of(list(ended.tail))), chart=chart)
        return await asyncio.to_thread(_rendered, ended, request)

    async def begin(self, request: EngineRequest, on_output: OnOutput) -> BinaryRun:
        prepared = await prepare(request, self._env)
        try:
            argv = [*self._argv(request, prepared), "--debug"]
            if request.verb in (Verb.DEPLOY, Verb.UPGRADE):
                argv.append("--output=json")
            process = await self._start(
                argv, prepared, lambda line: on_output(prepared.workspace.hide(line)), lock=request.lock
            )
        except BaseException:
            prepared.close()
            raise
        return BinaryRun(process, request, prepared, on_output)

    async def run(self, request: EngineRequest, on_output: OnOutput) -> EngineResult:
        run = await self.begin(request, on_output)
        try:
            return await run.result()
        except asyncio.CancelledError:
            await run.cancel()
            raise

    async def _start(self, argv: list[str], prepared: Prepared, on_output: OnOutput, *, lock: int = -1) -> Process:
        return await Process.start(
            argv,
            env=prepared.env,
            folder=prepared.workspace.folder,
            on_output=on_output,
            stdout_view=None if "--output=json" in argv else plain,
            grace=self._grace,
            inherits=lock,
            bound=lock >= 0,
        )

    def _argv(self, request: EngineRequest, prepared: Prepared) -> list[str]:
        argv = [str(self.program), _COMMAND[request.verb], request.release.name]
        if prepared.chart is not None:
            argv.append(prepared.chart.reference)
            if prepared.chart.remote and prepared.chart.version:
                argv.append(f"--version={prepared.chart.version}")
        elif request.verb is Verb.ROLLBACK:
            argv.append(str(request.revision))
        argv += [f"--namespace={request.release.namespace}", f"--kube-context={request.context.name}"]
        argv.append(f"--timeout={request.timeout}s")
        if prepared.values is not None:
            argv.append(f"--values={prepared.values}")
        if request.wait:
            argv.append("--wait=watcher" if self.major >= 4 else "--wait")
        if request.no_hooks:
            argv.append("--no-hooks")
        if request.take_over and self.major >= 4:
            argv.append("--force-conflicts")
        return [*argv, *self._own_flags(request)]

    def _own_flags(self, request: EngineRequest) -> list[str]:
        if request.verb is Verb.DEPLOY:
            own = ["--create-namespace"] if request.create_namespace else []
            return [*own, "--take-ownership", "--disable-openapi-validation"] if request.unchecked else own
        if request.verb is Verb.UNINSTALL:
            return ["--keep-history"] if request.keep_history else []
        history = f"--history-max={HISTORY_LIMIT}"
        if request.verb is Verb.ROLLBACK:
            return [history]
        if not request.reuse_values:
            return [history, "--reset-values"]
        return [history, "--reuse-values" if self.version < (3, 14, 0) else "--reset-then-reuse-values"]


class BinaryRun:
    """A helm command that runs; its private files are deleted when it is over."""

    def __init__(self, process: Process, request: EngineRequest, prepared: Prepared, on_output: OnOutput) -> None:
        self._process = process
        self._request = request
        self._prepared = prepared
        self._on_output = on_output

    async def result(self) -> EngineResult:
        """Returns for every end, also that by a signal; task cancellation leaves helm running (see `cancel`)."""
        ended = await self._process.ended(self._request.deadline)
        self._prepared.close()
        revision = self._read_stdout(ended)
        if ended.exit_code == 0:
            return EngineResult(ok=True, exit_code=0, revision=revision, cancelled=ended.cancelled)
        message = self._prepared.workspace.hide(error_of(list(ended.tail)))
        if ended.cancelled or ended.timed_out:
            message = _stopped(ended, self._request)
        elif ended.exit_code < 0:
            message = f"it was ended from outside by {signal.Signals(-ended.exit_code).name}"
        return EngineResult(ok=False, exit_code=ended.exit_code, message=message, cancelled=ended.cancelled)

    async def cancel(self) -> None:
        await self._process.cancel()
        self._prepared.close()

    def _read_stdout(self, ended: Ended) -> int | None:
        """The revision in the JSON; what stands in front of it (the word of a cancel) goes to the output."""
        if self._request.verb not in (Verb.DEPLOY, Verb.UPGRADE):
            return None
        told, brace, rest = ended.stdout.partition(b"{")
        for line in told.decode("utf-8", "replace").splitlines():
            if line.strip():
                self._on_output(plain(line))
        try:
            return msgspec.json.decode(brace + rest, type=_Told).version
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            return None


class _Told(msgspec.Struct, frozen=True):
    version: int | None = None


def _stopped(ended: Ended, request: EngineRequest) -> str:
    why = f"Helm did not end within {request.deadline:.0f} s" if ended.timed_out else "Cancelled"
    how = "it did not stop on SIGTERM and was killed" if ended.killed else "it stopped on SIGTERM"
    return f"{why}; {how}: {left_behind(request.verb, killed=ended.killed)}"


def _rendered(ended: Ended, request: EngineRequest) -> Rendered:
    if ended.overflow:
        raise EngineError("The rendered chart is larger than 64 MiB", advice="a release record takes 1 MiB at most")
    try:
        release = msgspec.json.decode(ended.stdout, type=dict)
        told = body(release, request.release)
    except (msgspec.DecodeError, RecursionError, UnicodeError, RecordError) as error:
        raise EngineError(
            "Helm's answer is not understood", tried=one_line(str(error), limit=300), advice="choose another engine"
        ) from error
    return Rendered(
        manifest=told.manifest,
        hooks=told.hooks,
        notes=told.notes,
        chart=told.chart,
        chart_version=told.chart_version,
        app_version=told.app_version,
        values=told.values,
        size=len(encoded(release, request.release.store)),
    )


def _ignore(_line: str) -> None:
    return


def ask_version(program: Path, env: Mapping[str, str]) -> tuple[int, int, int] | None:
    """The version a program says it is, None for one that is no helm 3 or 4. Blocks for up to 10 seconds."""
    try:
        done = subprocess.run(
            [str(program), "version", "--template", "{{.Version}}"],
            env=child_environment(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_VERSION_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.fullmatch(done.stdout.decode("ascii", "replace").strip())
    if match is None or int(match.group(1)) not in (3, 4):
        return None
    return int(match.group(1)), int(match.group(2)), int(match.group(3))
