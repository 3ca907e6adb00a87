"""A Captain for the clusters of a kubeconfig."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from acp_tui.clients.kube.http import Dialer
from acp_tui.clients.kube.kubeconfig import load
from acp_tui.controlplane.captain import Captain
from acp_tui.controlplane.engine import HelmOfThisMachine
from acp_tui.controlplane.member import Member
from acp_tui.controlplane.settings import Settings, Style


def captain_of(
    kubeconfig: Path | None, *, main: str, called: Mapping[str, str], engine: str, settings: Settings
) -> Captain:
    """Works on every usable context, `main` being that of the global cluster. Raises KubeconfigError.

    `called` are names by context that HelmRequests use and the kubeconfig does not tell.
    """
    contexts = load([kubeconfig] if kubeconfig else None)
    contexts.context(main)
    dial = Dialer()
    members = [
        Member(context, transport=dial(context), also=(called[context.name],) if context.name in called else ())
        for context in contexts.contexts
        if not context.problem
    ]
    chosen = next(member for member in members if member.context.name == main)
    return Captain(members, main=chosen, engine=HelmOfThisMachine(engine), settings=settings)


def documented(kubeconfig: Path, *, main: str) -> Captain:
    """As the product's manual describes it, for people who look at it."""
    return captain_of(kubeconfig, main=main, called={}, engine="", settings=Settings(style=Style.DOCUMENTED, poll=0.3))
