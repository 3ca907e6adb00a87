"""Which clusters a command aims at: kubeconfig, contexts, or the simulated fleet."""

from __future__ import annotations

import asyncio
import functools
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec
from msgspec import Struct

from acp_tui.model.errors import AcpTuiError, ClusterError, KubeconfigError, UsageError

if TYPE_CHECKING:
    from acp_tui.clients.kube.context import Context
    from acp_tui.clients.kube.kubeconfig import Kubeconfig
    from acp_tui.config.policy import Production
    from acp_tui.fleet.fleet import Fleet
    from acp_tui.fleet.session import Session

TIMEOUT = 15.0
SILENT_SECONDS = 4.0
"""Once the others are read, a cluster that has said nothing at all is waited for so much longer, and then reported."""


class Target(Struct, frozen=True):
    """What the options say; `contexts` empty means all that the kubeconfig holds, `timeout` 0 the default patience."""

    kubeconfig: str = ""
    contexts: tuple[str, ...] = ()
    demo: bool = False
    still: bool = False
    read_only: bool = False
    policies: tuple[str, ...] = ()
    timeout: float = 0.0

    def under(self, policies: tuple[str, ...]) -> Target:
        """With these policy files as well: one that is named before the command is not lifted after it."""
        return msgspec.structs.replace(self, policies=(*self.policies, *policies))


class Look(Struct, frozen=True):
    """What the command line says of the console over the settings file; empty means what the file says.

    `view` is what to begin with, in the words that are typed after `:`.
    """

    view: str = ""
    theme: str = ""
    keymap: str = ""
    trace: str = ""


class Program(Struct, frozen=True):
    """What the command line is given from above: the console belongs to a room that this one may not know.

    `leave` takes away what stands on the terminal already, before anything is printed.
    """

    open_console: Callable[[Target, Look], None]
    leave: Callable[[], None] = lambda: None


class Aimed(Struct, frozen=True):
    """The contexts to show, the current one, and what of the kubeconfig could not be read."""

    contexts: tuple[Context, ...]
    current: str
    problems: tuple[KubeconfigError, ...] = ()


policy_option = click.option(
    "--policy",
    "policies",
    multiple=True,
    type=click.Path(resolve_path=True),
    help="Policy file besides yours and those of the settings; the strictest counts. May be given several times.",
)


def target_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --kubeconfig, --context, --demo and --timeout to a command and hands them over as one `target`."""

    @click.option("--kubeconfig", default="", help="Kubeconfig file; else $KUBECONFIG (merged), else ~/.kube/config.")
    @click.option("--context", "contexts", multiple=True, help="Context to aim at; may be given several times.")
    @click.option("--demo", is_flag=True, help="Aim at the simulated fleet: the one `acp-tui demo --serve` keeps, "
                  "else a fresh one that ends with the command.")  # fmt: skip
    @click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=None,
        help=f"Seconds to wait for clusters to answer; without it {TIMEOUT:.0f}, and {SILENT_SECONDS:.0f} for a silent "
        "one once the others are there.",
    )
    @functools.wraps(command)
    def wrapped(
        *args: Any, kubeconfig: str, contexts: tuple[str, ...], demo: bool, timeout: float | None, **rest: Any
    ) -> Any:
        parent = click.get_current_context().find_object(Target) or Target()
        target = msgspec.structs.replace(
            parent,
            kubeconfig=kubeconfig or parent.kubeconfig,
            contexts=contexts or parent.contexts,
            demo=demo or parent.demo,
            timeout=timeout or 0.0,
        )
        return command(*args, target=target, **rest)

    return wrapped


def demo_folder() -> Path:
    """Where a served simulated fleet leaves its kubeconfig, and a file that it holds."""
    from acp_tui.config.paths import runtime_dir

    return runtime_dir() / "demo"


async def aim(
    target: Target, stack: AsyncExitStack, *, production: Iterable[str], demo: StartingDemo | None = None
) -> Aimed:
    """The contexts that the options name, else every cluster of the kubeconfig once.

    `production` are the patterns of the settings; rules of the policy mark clusters as well. `demo` is a simulated
    fleet on its way up; without it one is started where `--demo` asks for it and none is served. Raises
    KubeconfigError and UsageError.
    """
    from acp_tui.clients.kube.kubeconfig import load

    if target.demo and target.kubeconfig:
        raise UsageError("--demo and --kubeconfig exclude each other", advice="give one of them")
    path = await _demo_kubeconfig(target, stack, demo) if target.demo else target.kubeconfig
    config = await asyncio.to_thread(load, [Path(path).expanduser()] if path else None)  # noqa: ASYNC240
    patterns = [re.compile(pattern) for pattern in production]
    rules = await asyncio.to_thread(_production_rules, target.policies)
    return Aimed(
        contexts=tuple(_marked(context, patterns, rules) for context in _wanted(config, target.contexts)),
        current=config.current,
        problems=config.problems,
    )


def _wanted(config: Kubeconfig, names: Sequence[str]) -> tuple[Context, ...]:
    if names:
        return tuple(config.context(name) for name in dict.fromkeys(names))
    return config.distinct()


def _production_rules(policies: Sequence[str]) -> tuple[Production, ...]:
    """Those of the policy; one that cannot be read marks nothing here, and refuses every act elsewhere."""
    from acp_tui.config.policyfiles import policy_files

    paths, _ = policy_files(policies)
    if not paths:
        return ()
    from acp_tui.config.policy import Production, load_policies

    return tuple(each.rule for each in load_policies(policies).rules if isinstance(each.rule, Production))


def _marked(context: Context, patterns: Iterable[re.Pattern[str]], rules: Iterable[Production]) -> Context:
    """The context as production where a pattern of the settings, or a rule of the policy, finds its name."""
    names = (context.name, context.cluster_name)
    found = any(pattern.search(name) for pattern in patterns for name in names) or any(
        rule.marks(names) for rule in rules
    )
    return context if context.production == found else msgspec.structs.replace(context, production=found)


class StartingDemo:
    """A simulated fleet on its way up, in a folder of its own; whoever begins one waits for it or abandons it."""

    def __init__(self, target: Target) -> None:
        from tempfile import TemporaryDirectory

        from acp_tui.clients.box import begin_box

        self._folder = TemporaryDirectory(prefix="acp-tui-demo-")
        self._starting = begin_box(Path(self._folder.name), still=target.still)

    async def ready(self, stack: AsyncExitStack) -> str:
        """Its kubeconfig, once it listens; closed with the stack."""
        stack.callback(self._folder.cleanup)
        box = await asyncio.to_thread(self._starting.wait)
        stack.callback(box.close)
        return str(box.kubeconfig)

    def abandon(self) -> None:
        self._starting.abandon()
        self._folder.cleanup()


def begin_demo(target: Target) -> StartingDemo | None:
    """Begins to start a simulated fleet, where one is asked for and none is served; returns at once."""
    if not target.demo or target.kubeconfig or (_served_demo() and not target.still):
        return None
    return StartingDemo(target)


def _served_demo() -> Path | None:
    from acp_tui.clients.box import served_box

    return served_box(demo_folder())


async def _demo_kubeconfig(target: Target, stack: AsyncExitStack, demo: StartingDemo | None) -> str:
    demo = demo or begin_demo(target)
    return str(_served_demo()) if demo is None else await demo.ready(stack)


@asynccontextmanager
async def open_fleet(target: Target, *, views: Iterable[str]) -> AsyncIterator[Fleet]:
    """A fleet that has answered, or failed to, within the target's time-out; closed on leaving.

    Only what these views show is read.
    """
    from acp_tui.cli.output import warn
    from acp_tui.config.settings import load_settings
    from acp_tui.fleet.fleet import Fleet

    settings, problems = load_settings()
    for problem in problems:
        warn(problem)
    async with AsyncExitStack() as stack:
        aimed = await aim(target, stack, production=settings.production)
        for error in aimed.problems:
            warn(str(error))
        fleet = Fleet(aimed.contexts, views=frozenset(views))
        fleet.start()
        stack.push_async_callback(fleet.close)
        await settle(fleet, target.timeout)
        yield fleet


async def settle(fleet: Fleet, timeout: float) -> None:
    """Waits until each cluster is read or has failed; without a time-out of one's own silence is not waited out."""
    patience = timeout or TIMEOUT
    waiting = {asyncio.ensure_future(fleet.session(name).settled.wait()): fleet.session(name) for name in fleet.names}
    until = time.monotonic() + patience
    try:
        while waiting and (left := until - time.monotonic()) > 0:
            done, _ = await asyncio.wait(waiting, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                del waiting[each]
            if done and not timeout and all(_silent(session) for session in waiting.values()):
                until = min(until, time.monotonic() + SILENT_SECONDS)
    finally:
        for each in waiting:
            each.cancel()


def _silent(session: Session) -> bool:
    return session.kinds is None and session.error is None


def unanswered(fleet: Fleet) -> dict[str, AcpTuiError]:
    """By cluster: why it could not be read, or not in time."""
    found: dict[str, AcpTuiError] = {}
    for name in fleet.names:
        session = fleet.session(name)
        if session.context.problem:
            found[name] = KubeconfigError(
                f"{name}: {session.context.problem}",
                tried=f"context {name}" + (f" of {session.context.source}" if session.context.source else ""),
                advice="correct the entry in the kubeconfig",
            )
        elif session.error is not None:
            found[name] = session.error
        elif not session.settled.is_set():
            words = "has not answered" if _silent(session) else "was not read to the end"
            found[name] = ClusterError(
                f"{name} {words} in time",
                tried=session.context.server,
                advice="check VPN and proxy, or give it longer with --timeout",
            )
    return found


def unseen(fleet: Fleet) -> dict[str, tuple[str, ...]]:
    """By cluster: what of it could not be read although it answers, most often for want of a right."""
    return {cluster.name: cluster.warnings for cluster in fleet.clusters() if cluster.warnings}
