"""What a Helm engine is asked and what it answers: the seam between controllers and any kind of Helm."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from msgspec import Struct

from acp_tui.model.errors import EngineError
from acp_tui.model.plan import Verb
from acp_tui.model.release import Hook, ReleaseRef, Store

OnOutput = Callable[[str], None]
"""Called on the event loop with one cleaned line at a time."""

HISTORY_LIMIT = 10
MAX_NAME = 53
UNKNOWN_HOOKS = 10
"""Assumed for the deadline where nobody counted the hooks: better late than a rollback killed in its hook."""

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


class Access(Protocol):
    """How a cluster is reached: the part of a kubeconfig context that an engine needs."""

    @property
    def name(self) -> str: ...

    def one_file(self) -> str:
        """YAML of a kubeconfig with this context alone, as the current one."""
        ...


class EngineRequest(Struct, frozen=True):
    """One Helm operation.

    `chart` is what a person named (charts.resolve); empty on an upgrade takes the chart inside `stored`, a decoded
    record. `values` is YAML text. `timeout` (seconds) bounds each wait of Helm, of which every hook has its own;
    `hooks` is how many there are, None where nobody counted. `wait` lets Helm wait for the workloads too: hooks are
    always awaited. `take_over` forces a server-side apply (Helm 4) over fields of other managers. `unchecked` leaves
    it to whoever applies what an install renders to ask whose the objects are and what the server says to them (helm
    3.17 and later). `lock` is an open file that Helm holds until its end; with one, Helm is asked to stop when the
    process that started it is killed, as by a cancel.
    """

    verb: Verb
    release: ReleaseRef
    context: Access
    chart: str = ""
    version: str = ""
    repository: str = ""
    stored: Mapping[str, Any] | None = None
    values: str = ""
    reuse_values: bool = False
    revision: int | None = None
    timeout: int = 300
    hooks: int | None = None
    wait: bool = False
    no_hooks: bool = False
    take_over: bool = False
    create_namespace: bool = False
    keep_history: bool = False
    unchecked: bool = False
    lock: int = -1

    def __repr__(self) -> str:
        return f"EngineRequest({self.verb.value} {self.release.key})"

    @property
    def deadline(self) -> float:
        """Seconds after which an engine that still runs is cancelled: (2 x hooks + 2) x timeout + 30."""
        hooks = 0 if self.no_hooks else UNKNOWN_HOOKS if self.hooks is None else self.hooks
        return (2.0 * hooks + 2) * self.timeout + 30


class Rendered(Struct, frozen=True):
    """What an install or upgrade would store; `values` are the user's. Manifest and values are as Helm made them.

    `size` is the length of its record as the store holds it, chart and all; 0 where the engine does not tell.
    """

    manifest: str
    hooks: tuple[Hook, ...]
    notes: str
    chart: str
    chart_version: str
    app_version: str
    values: dict[str, Any]
    size: int = 0

    def __repr__(self) -> str:
        return f"Rendered({self.chart} {self.chart_version})"


class EngineResult(Struct, frozen=True):
    """How an operation ended; `message` is Helm's error, or what a cancel or the deadline leaves behind.

    `cancelled` with `ok`: Helm was done before the cancel reached it.

    `exit_code` is negative for a signal and None where no process tells one; `revision` is None where Helm does not
    say it (rollback, uninstall): the records do.
    """

    ok: bool
    exit_code: int | None = None
    revision: int | None = None
    message: str = ""
    cancelled: bool = False


class HelmRun(Protocol):
    """An operation that runs."""

    async def result(self) -> EngineResult: ...

    async def cancel(self) -> None:
        """Ask Helm to stop, after a grace period kill it; returns when it is over."""
        ...


class HelmEngine(Protocol):
    """One Helm; `limits` says in words what it cannot do, so that it is said before acting."""

    @property
    def name(self) -> str:
        """For people, with the version: `helm 3.19.2`."""
        ...

    @property
    def major(self) -> int: ...

    @property
    def limits(self) -> tuple[str, ...]: ...

    async def render(self, request: EngineRequest) -> Rendered:
        """Dry run of an install or upgrade against the cluster; changes nothing. Raises ChartError, EngineError."""
        ...

    async def begin(self, request: EngineRequest, on_output: OnOutput) -> HelmRun:
        """Start an operation. Raises ChartError and EngineError for what is wrong before Helm runs."""
        ...

    async def run(self, request: EngineRequest, on_output: OnOutput) -> EngineResult:
        """`begin` and wait; cancelling the task cancels Helm and waits for its end."""
        ...


def check_request(request: EngineRequest) -> None:
    """Raise EngineError for what no Helm should be asked, above all names that a command line would take for flags."""
    release = request.release
    check_release_name(release.name)
    if not _NAMESPACE.fullmatch(release.namespace):
        raise EngineError(
            f"{release.namespace!r} is no namespace name", advice="lower case letters, digits and '-', at most 63"
        )
    if release.store is Store.CAPTAIN and not request.unchecked:
        raise EngineError(
            f"{release.name} is kept by Captain", advice="change its HelmRequest: Helm does not see Captain's records"
        )
    for what, text in (("chart", request.chart), ("version", request.version), ("repository", request.repository)):
        if text.startswith("-"):
            raise EngineError(f"The {what} must not start with '-': {text[:40]!r}")
    if request.verb is Verb.ROLLBACK and (request.revision is None or request.revision < 1):
        raise EngineError(
            f"No revision to roll {release.name} back to", advice="name one; Helm's own default may be a failed one"
        )


def check_release_name(name: str) -> None:
    """Raise EngineError unless Helm accepts this release name (at most 53 characters, DNS-1123)."""
    if name and len(name) <= MAX_NAME and _NAME.fullmatch(name):
        return
    raise EngineError(
        f"{name[:60]!r} is no release name",
        advice=f"at most {MAX_NAME} lower case letters, digits, '-' and '.', a letter or digit at both ends",
    )


def left_behind(verb: Verb, *, killed: bool) -> str:
    """What a cancelled operation leaves in the cluster, after SIGTERM or (`killed`) SIGKILL."""
    if verb is Verb.ROLLBACK:
        return "the new revision stays pending-rollback and objects may be partly changed; roll back again to leave it"
    if verb is Verb.UNINSTALL:
        return "the release stays uninstalling and objects may be partly deleted; uninstall again to finish"
    if not killed:
        return "a new revision may be marked failed, and objects may be partly changed"
    if verb is Verb.DEPLOY:
        return "the first revision may stay pending-install; uninstall it to start again"
    return "a new revision may stay pending-upgrade, which blocks upgrades; roll back to the deployed one to leave it"
