"""Which clusters a command aims at: kubeconfig, contexts, or the simulated fleet."""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from acp_tui.model.errors import KubeconfigError, UsageError

if TYPE_CHECKING:
    from acp_tui.clients.kube.kubeconfig import Context
    from acp_tui.fleet.fleet import Fleet

DIALLED_AT_START = 12
"""Up to this many contexts are dialled at once; of more, only the current one and those chosen before."""


class Target(Struct, frozen=True):
    """What the options say; `contexts` empty means all that the kubeconfig holds."""

    kubeconfig: str = ""
    contexts: tuple[str, ...] = ()
    demo: bool = False
    still: bool = False
    timeout: float = 15.0


def target_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --kubeconfig, --context, --demo and --timeout to a command and hands them over as one `target`."""

    @click.option("--kubeconfig", default="", help="Kubeconfig file; else $KUBECONFIG (merged), else ~/.kube/config.")
    @click.option("--context", "contexts", multiple=True, help="Context to aim at; may be given several times.")
    @click.option("--demo", is_flag=True, help="Aim at the simulated fleet.")
    @click.option("--timeout", default=15.0, show_default=True, help="Seconds to wait for clusters to answer.")
    @functools.wraps(command)
    def wrapped(*args: Any, kubeconfig: str, contexts: tuple[str, ...], demo: bool, timeout: float, **rest: Any) -> Any:
        parent = click.get_current_context().find_object(Target)
        target = Target(
            kubeconfig=kubeconfig or (parent.kubeconfig if parent else ""),
            contexts=contexts or (parent.contexts if parent else ()),
            demo=demo or (parent.demo if parent else False),
            still=parent.still if parent else False,
            timeout=timeout,
        )
        return command(*args, target=target, **rest)

    return wrapped


def demo_folder() -> Path:
    """Where a served simulated fleet leaves its kubeconfig and process id."""
    from acp_tui.config.paths import runtime_dir

    return runtime_dir() / "demo"


async def contexts_of(target: Target, stack: AsyncExitStack) -> tuple[tuple[Context, ...], frozenset[str]]:
    """The contexts to show and, of these, the names to list without dialling them.

    Starts the simulated fleet where `--demo` asks for it and none is served. Raises KubeconfigError, UsageError.
    """
    from acp_tui.clients.kube.kubeconfig import load

    path = await _demo_kubeconfig(target, stack) if target.demo else target.kubeconfig
    config = await asyncio.to_thread(load, [Path(os.path.expanduser(path))] if path else None)  # noqa: ASYNC240
    if target.contexts:
        known = {context.name: context for context in config.contexts}
        missing = [name for name in target.contexts if name not in known]
        if missing:
            raise KubeconfigError(
                f"No context named {missing[0]!r}",
                tried=f"the kubeconfig has: {', '.join(known) or '(none)'}",
                advice="check --context and --kubeconfig",
            )
        return tuple(known[name] for name in dict.fromkeys(target.contexts)), frozenset()
    contexts = _once_a_cluster(config.contexts, config.current)
    if not contexts:
        raise KubeconfigError(
            "The kubeconfig has no contexts",
            tried=path or os.environ.get("KUBECONFIG", "~/.kube/config"),
            advice="name one with --kubeconfig, or try `acp-tui demo`",
        )
    if len(contexts) <= DIALLED_AT_START:
        return contexts, frozenset()
    return contexts, frozenset(context.name for context in contexts if context.name != config.current)


def _once_a_cluster(contexts: tuple[Context, ...], current: str) -> tuple[Context, ...]:
    """Two contexts of one cluster count once; the current one wins, else the first."""
    chosen: dict[str, Context] = {}
    for context in contexts:
        if context.identity not in chosen or context.name == current:
            chosen[context.identity] = context
    return tuple(context for context in contexts if chosen[context.identity] is context)


async def _demo_kubeconfig(target: Target, stack: AsyncExitStack) -> str:
    from acp_tui.clients.box import served_box, start_box

    served = served_box(demo_folder())
    if served and not target.still:
        return str(served)
    import tempfile

    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="acp-tui-demo-")))
    box = await asyncio.to_thread(start_box, folder, still=target.still)
    stack.callback(box.close)
    return str(box.kubeconfig)


@asynccontextmanager
async def open_fleet(target: Target) -> AsyncIterator[Fleet]:
    """A fleet that has answered, or failed to, within the target's time-out; closed on leaving."""
    from acp_tui.fleet.fleet import Fleet

    if target.timeout <= 0:
        raise UsageError("--timeout must be more than zero")
    async with AsyncExitStack() as stack:
        contexts, lazy = await contexts_of(target, stack)
        fleet = Fleet(contexts, lazy=lazy)
        fleet.start()
        stack.push_async_callback(fleet.close)
        await fleet.settled(target.timeout)
        yield fleet
