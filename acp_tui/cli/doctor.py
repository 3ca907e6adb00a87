"""`acp-tui doctor`: what it can reach, with which rights, and what is missing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from acp_tui.cli.output import MACHINE, error_document, output_option, print_document, print_table
from acp_tui.cli.target import Target, open_fleet, target_options, unanswered
from acp_tui.model.errors import AcpTuiError, ClusterError

if TYPE_CHECKING:
    from acp_tui.clients.kube.discovery import Kinds
    from acp_tui.fleet.fleet import Fleet
    from acp_tui.fleet.session import Session

RIGHTS = (
    ("list", "", "nodes", "Fleet: nodes"),
    ("list", "", "pods", "Applications: pods"),
    ("list", "apps", "deployments", "Applications: workloads"),
    ("list", "", "secrets", "Releases kept in Secrets"),
    ("list", "", "resourcequotas", "Quotas"),
    ("create", "", "secrets", "deploy, upgrade, roll back"),
    ("delete", "", "secrets", "uninstall"),
    ("patch", "apps", "deployments", "upgrade, roll back"),
    ("get", "", "pods/log", "logs"),
)
"""What the views and verbs need, as verb, group, resource, purpose; asked for one namespace or for all."""

PARTS = (
    ("app.k8s.io", "Application", "applications of the platform"),
    ("app.alauda.io", "HelmRequest", "releases kept by Captain"),
    ("app.alauda.io", "Release", "Captain's release records"),
    ("operator.alauda.io", "AppRelease", "platform components"),
    ("auth.alauda.io", "Project", "projects and their quotas"),
    ("argoproj.io", "Application", "Argo CD"),
    ("metrics.k8s.io", "PodMetrics", "live CPU and memory"),
)
ALLOWED = {True: "yes", False: "NO", None: "?"}


@click.command()
@click.option("-n", "--namespace", default="", help="Ask for rights in this namespace instead of all.")
@output_option
@target_options
def doctor(namespace: str, output: str, target: Target) -> None:
    """Checks every cluster: reachable, version, who you are, rights, platform parts; and the Helm engines here."""
    asyncio.run(_doctor(namespace, output, target))


async def _doctor(namespace: str, output: str, target: Target) -> None:
    looking = asyncio.create_task(_engines())
    async with open_fleet(target, views=()) as fleet:
        silent = unanswered(fleet)
        reports = await asyncio.gather(*(_examine(fleet, name, namespace, silent.get(name)) for name in fleet.names))
    engines = await looking
    if output in MACHINE:
        print_document({"kind": "DoctorReport", "engines": engines, "items": reports}, output)
    else:
        _print(engines, reports)
    if len(silent) == len(reports):
        raise ClusterError("No cluster answered", advice="the reasons stand above; check VPN, proxy and credentials")


async def _engines() -> list[dict[str, Any]]:
    from acp_tui.clients.helm.engines import find_engines

    found = await asyncio.to_thread(find_engines)
    return [{"name": engine.name, "major": engine.major, "limits": list(engine.limits)} for engine in found]


async def _examine(fleet: Fleet, name: str, namespace: str, error: AcpTuiError | None) -> dict[str, Any]:
    """The report on one cluster; a cluster that does not answer is a report too."""
    summary = next(row for row in fleet.clusters() if row.name == name)
    session = fleet.session(name)
    kinds = session.kinds
    report: dict[str, Any] = {
        "cluster": name,
        "server": session.context.server,
        "signIn": session.context.auth.method,
        "reachable": kinds is not None,
        "error": error_document(error) if error else None,
        "version": summary.version,
        "latencyMs": round(summary.latency_ms) if summary.latency_ms is not None else None,
        "role": summary.role,
        "production": summary.production,
        "user": "",
        "warnings": list(session.context.warnings),
        "rights": [],
        "parts": [],
    }
    if kinds is None:
        return report
    user, *rights = await asyncio.gather(_who(session), *(_right(session, kinds, each, namespace) for each in RIGHTS))
    parts = [
        {"part": f"{kind}.{group}", "purpose": purpose, "served": kinds.has(group, kind)}
        for group, kind, purpose in PARTS
    ]
    silent_groups = [f"API group {problem}" for problem in kinds.problems]
    warnings = [*report["warnings"], *silent_groups]
    return report | {"user": user, "rights": rights, "parts": parts, "warnings": warnings}


async def _who(session: Session) -> str:
    """The user the server takes us for; empty where it will not say (SelfSubjectReview, Kubernetes 1.28 and later)."""
    from acp_tui.clients.kube.access import who_am_i

    try:
        return await who_am_i(session.transport)
    except AcpTuiError:
        return ""


async def _right(session: Session, kinds: Kinds, right: tuple[str, str, str, str], namespace: str) -> dict[str, Any]:
    from acp_tui.clients.kube.access import can

    verb, group, resource, purpose = right
    plural, _, subresource = resource.partition("/")
    answer = {"verb": verb, "resource": resource, "purpose": purpose, "allowed": None, "reason": "not served"}
    kind = kinds.by_resource(group, plural)
    if kind is None:
        return answer
    access = await can(session.transport, verb, kind, namespace, subresource=subresource)
    return answer | {"allowed": access.allowed, "reason": access.reason}


def _print(engines: list[dict[str, Any]], reports: list[dict[str, Any]]) -> None:
    click.echo(
        "Helm engines: " + (", ".join(engine["name"] for engine in engines) or "none: pip install 'acp-tui[helm]'")
    )
    for engine in engines:
        for limit in engine["limits"]:
            click.echo(f"  {engine['name']}: {limit}")
    for report in reports:
        click.echo()
        _print_cluster(report)


def _print_cluster(report: dict[str, Any]) -> None:
    click.echo(f"{report['cluster']}  {report['server']}")
    if not report["reachable"]:
        error = report["error"]
        click.echo(f"  NO ANSWER: {error['title']}")
        for word in ("tried", "advice"):
            if error[word]:
                click.echo(f"    {'next' if word == 'advice' else word}: {error[word]}")
        return
    latency = "?" if report["latencyMs"] is None else str(report["latencyMs"])
    click.echo(
        f"  {report['version']} · {latency} ms · role {report['role']} · user {report['user'] or '?'} "
        f"by {report['signIn']}" + (" · PROD" if report["production"] else "")
    )
    for warning in report["warnings"]:
        click.echo(f"  warning: {warning}")
    print_table(
        ("  RIGHT", "ALLOWED", "FOR"),
        (
            (f"  {right['verb']} {right['resource']}", ALLOWED[right["allowed"]], right["purpose"])
            for right in report["rights"]
        ),
    )
    served = [part["part"] for part in report["parts"] if part["served"]]
    click.echo(f"  platform: {', '.join(served) or 'plain Kubernetes'}")
